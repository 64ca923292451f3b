package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
)

// defaultBatch is how many events of diff meet what earlier ones have written.
// Larger batches are nearer to a real run, and take more memory.
const defaultBatch = 2000

// diffOptions are the flags of diff.
type diffOptions struct {
	sources
	account    string
	replies    string
	output     string
	show       bool
	batch      int
	eventBytes int
}

func newDiff(sh shell) *cobra.Command {
	o := diffOptions{sources: sources{unset: omitUnset}}
	verb := &cobra.Command{
		Use:   "diff OLD NEW EVENTS...",
		Short: "Show what a change of rules changes",
		Long: `Run events through two versions of rules, and show what NEW would do otherwise
than OLD: requests and their fields that are added, gone or changed, with the
line of the rules behind each, events that end otherwise, and calls saved or
added. What no event shows is compared as it is written: where requests go, with
which credentials, how often, and the settings. Nothing leaves this machine.

OLD and NEW are folders that hold destination.yaml, or folders of a revision of
the git repository here, as git writes them: HEAD:rules, v1.2:path/to/rules.
They are read as they were committed, without filters and attributes. The name
of a destination whose rules are built in will do, too.

A simulator answers each version, and both begin with the same account: empty,
or what --account holds. Later events meet what earlier ones have written; after
--batch events both accounts begin anew. Ids that the accounts give out are no
difference. --replies answer in place of the simulator where one fits. Where
there is no simulator, all other answers are made up.

What comes from events is masked: an address is shown as a***@e***.com, and each
digit as 9. What stands in the rules is not. --show-values shows everything.

Exit status:
  0  nothing changes
  1  something changes
  2  rules, config or arguments are wrong
  3  interrupted`,
		Example: `  deskrules diff rules/zendesk rules/zendesk examples/events.ndjson
  deskrules diff zendesk rules/zendesk --account examples/account.json \
    examples/events.ndjson
  deskrules diff zendesk rules/zendesk --output markdown examples/events.ndjson`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 3 {
				return usagef("diff takes two folders or revisions of rules, and files of events (- for standard input)")
			}
			return nil
		},
		RunE: func(verb *cobra.Command, args []string) error { return o.run(verb.Context(), sh, args) },
	}
	o.declareFlags(verb)
	return verb
}

func (o *diffOptions) declareFlags(verb *cobra.Command) {
	flags := verb.Flags()
	flags.StringVar(&o.config, "config", "", "read the settings from `FILE` (default: deskrules.yaml, if there)")
	flags.StringVar(&o.account, "account", "", "start both simulators with what `FILE` (JSON) holds")
	flags.StringVar(&o.replies, "replies", "", "answer both with the replies of `FILE`, as in replies.http of a golden case")
	flags.BoolVar(&o.show, "show-values", false, "show values as they are, with personal data")
	flags.IntVar(&o.batch, "batch", defaultBatch, "begin with fresh accounts after `N` events: more take more memory")
	eventBytesFlag(verb, &o.eventBytes)
	outputFlag(verb, &o.output, "markdown")
}

// run compares, shows what differs, and ends with the status that says whether
// anything does.
func (o *diffOptions) run(ctx context.Context, sh shell, args []string) error {
	c, events, err := o.comparison(ctx, sh, args)
	if err != nil {
		return err
	}
	if c.answers.made && c.answers.replies == nil {
		complain(sh.err, fmt.Sprintf("there is no simulator for %q: answers are made up, as if nobody and nothing were there yet; --replies FILE gives others", c.new.program.Name()))
	}
	c.advance = newAdvance(sh, events)
	found, err := c.run(ctx, events.placed(ctx, c.limits))
	if err := c.advance.end(sh.err, err); err != nil {
		return err
	}
	if found.events == 0 {
		return fmt.Errorf("there is no event in %s", listed(events.names(), "and"))
	}
	if err := (diffReport{c, found}).write(sh, o.output); err != nil {
		return err
	}
	if !found.nothing() || len(c.declared) > 0 {
		return exitStatus(statusUndelivered)
	}
	return nil
}

// comparison gathers what is to be compared.
func (o *diffOptions) comparison(ctx context.Context, sh shell, args []string) (comparison, inputs, error) {
	c := comparison{limits: engine.Limits{EventBytes: o.eventBytes}, batch: o.batch, show: o.show}
	if err := o.check(); err != nil {
		return c, nil, err
	}
	config, err := o.loadConfig(sh)
	if err != nil {
		return c, nil, err
	}
	if c.old, err = loadVersion(ctx, args[0], config); err != nil {
		return c, nil, err
	}
	if c.new, err = loadVersion(ctx, args[1], config); err != nil {
		return c, nil, err
	}
	if c.old.program.Name() != c.new.program.Name() {
		return c, nil, fmt.Errorf("%s is for %q and %s for %q: only rules for the same destination can be compared",
			args[0], c.old.program.Name(), args[1], c.new.program.Name())
	}
	if err := checkKnown(config, c.old, c.new); err != nil {
		return c, nil, err
	}
	c.declared = declarations(c.old.texts, c.new.texts)
	if c.answers, err = readAnswers(c.new.program.Name(), o.account, o.replies, newHinter(sh.err)); err != nil {
		return c, nil, err
	}
	if c.answers.replies != nil {
		c.batch = math.MaxInt // each reply is given in the order of the events
	}
	events, err := findInputs(args[2:], sh.in)
	return c, events, err
}

func (o *diffOptions) check() error {
	switch {
	case !slices.Contains([]string{"text", "json", "markdown"}, o.output):
		return usagef("--output %s: the formats are text, json and markdown", o.output)
	case o.batch < 1:
		return usagef("--batch %d: a batch has one event at least", o.batch)
	}
	return nil
}
