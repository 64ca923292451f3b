package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// evalOptions are the flags of eval.
type evalOptions struct {
	sources
	account    string
	live       bool
	replies    string
	output     string
	explain    bool
	watch      bool
	eventBytes int
}

func newEval(sh shell) *cobra.Command {
	o := evalOptions{sources: sources{unset: omitUnset}}
	verb := &cobra.Command{
		Use:   "eval EVENT",
		Short: "Show what an event would send",
		Long: `Show every request that an event makes, with its body and the answer's status,
and how the event ends. Nothing leaves this machine: a simulator answers. It is
empty at the start, or holds what --account says. --replies, in the form of the
section replies.http of a golden case, answer in its place where one fits. Where
a destination has no simulator, every other answer is made up, and shown as
such: lists are empty, as if nobody and nothing were there yet, and a write
gives back what it was given, with "made-up" for an id.

--live asks the account of the config what it holds: only GET requests go
there, and the one for an access token. What would write is made up.

EVENT is a file with one event as it was pasted, or with several as for run; "-"
reads standard input. Later events meet what earlier ones have written. A golden
case (*.txtar) brings its settings and answers along.

--explain tells the line of the rules behind every field of every request, the
path that its value came from and what was done to it; why a field is absent;
why a step ran or did not, and which one ended the event; and where each member
of the event went.

--watch shows everything again whenever the event, the rules or the config are
saved, until it is interrupted; its exit status is then 0.

Exit status:
  0  every event would be delivered or ignored
  1  some would not
  2  rules, config or arguments are wrong`,
		Example: `  head -n 1 examples/events.ndjson | deskrules eval -
  deskrules eval examples/events.ndjson --config examples/deskrules.yaml \
    --account examples/account.json
  head -n 1 examples/events.ndjson | deskrules eval --explain -
  deskrules eval --rules examples/klaviyo --explain \
    examples/klaviyo/cases/list.txtar
  deskrules eval examples/events.ndjson --output json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("eval takes one file, or - for standard input")
			}
			return nil
		},
		RunE: func(verb *cobra.Command, args []string) error {
			ctx, name := verb.Context(), args[0]
			if !o.watch {
				return o.run(ctx, sh, name)
			}
			if name == "-" {
				return usagef("--watch needs a file that can change, not standard input")
			}
			return watch(ctx, verb, sh, func() []string { return o.watched(sh, name) }, func(sh shell) error { return o.run(ctx, sh, name) })
		},
	}
	o.declare(verb)
	flags := verb.Flags()
	flags.BoolVar(&o.explain, "explain", false, "say which line is behind each field, why fields are absent and steps did not run, and where each member of the event went")
	flags.StringVar(&o.account, "account", "", "start the simulator with what `FILE` (JSON) holds")
	flags.BoolVar(&o.live, "live", false, "send GET requests to the account of the config, and make up what would write")
	flags.StringVar(&o.replies, "replies", "", "answer with the replies of `FILE`, as in replies.http of a golden case")
	flags.BoolVar(&o.watch, "watch", false, "evaluate again whenever the event, the rules or the config are saved")
	verb.MarkFlagsMutuallyExclusive("account", "live")
	eventBytesFlag(verb, &o.eventBytes)
	outputFlag(verb, &o.output)
	return verb
}

func (o evalOptions) run(ctx context.Context, sh shell, name string) error {
	asJSON, err := wantsJSON(o.output)
	if err != nil {
		return err
	}
	made, err := o.load(sh)
	if err != nil {
		return err
	}
	printWarnings(sh, made)
	s, err := o.scene(ctx, sh, made, name)
	if err != nil {
		return err
	}
	if s.simulator != nil {
		s.simulator = newHinter(sh.err).over(s.simulator)
	}
	heard, err := made.rehearse(s, o)
	if err != nil {
		return err
	}
	show := printer(sh.out, styleFor(sh.out, sh.env))
	if asJSON {
		show = jsonPrinter(sh.out)
	}
	return s.play(ctx, sh, heard, show)
}

// play evaluates the scene, and says what about its answers is not as somebody
// may think.
func (s scene) play(ctx context.Context, sh shell, heard rehearsal, show func(rehearsed) error) error {
	if s.madeUp() {
		complain(sh.err, fmt.Sprintf("there is no simulator for %q: answers are made up, "+
			"as if nobody and nothing were there yet; --replies FILE gives others", s.destination))
	}
	err := heard.all(ctx, s, show)
	if err == nil || isStatus(err) {
		tellLeft(sh, s.replies)
	}
	return err
}

// scene gathers the events, and what answers them.
func (o evalOptions) scene(ctx context.Context, sh shell, made setup, name string) (scene, error) {
	if strings.HasSuffix(name, ".txtar") {
		return o.caseScene(made, name)
	}
	in, err := findInput(name, sh.in)
	if err != nil {
		return scene{}, err
	}
	s := scene{name: in.name, destination: made.program.Name(), live: o.live}
	if s.settings, err = o.settings(made); err != nil {
		return s, err
	}
	if err := o.answers(&s, made.program.Name()); err != nil {
		return s, err
	}
	text, err := readPasted(ctx, in)
	if err != nil {
		return s, fmt.Errorf("events %s: %w", in.name, err)
	}
	s.records = runner.ReadEvents(text, o.limits())
	return s, nil
}

// settings gives those of the config, and for a stand-in examples where it has
// none.
func (o evalOptions) settings(made setup) (map[string]any, error) {
	if !o.live {
		return made.rehearsal()
	}
	return made.config.settings, made.placeSettings(made.problems(), "Write that file, or leave out --live: a simulator answers.")
}

// answers gives the scene what answers in the place of the destination: replies,
// over its simulator where there is one.
func (o evalOptions) answers(s *scene, destination string) (err error) {
	if s.replies, _, err = readReplies(o.replies); err != nil {
		return err
	}
	if o.live || destination != simulated && o.account == "" {
		return nil
	}
	simulator, err := newSimulator(destination, o.account)
	s.simulator = simulator
	return err
}

// caseScene takes everything from a golden case.
func (o evalOptions) caseScene(made setup, name string) (scene, error) {
	if o.replies != "" || o.account != "" || o.live {
		return scene{}, usagef("a golden case brings its answers along: leave out --replies, --account and --live")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return scene{}, fmt.Errorf("case %s: %w", name, pathError(err))
	}
	read, err := ruletest.ReadScene(text)
	if err != nil {
		return scene{}, fmt.Errorf("case %s: %w", name, err)
	}
	s := scene{name: name, destination: made.program.Name(), settings: read.Settings(made.program), records: eachOf(read.Records), replies: read.Replies}
	if s.replies == nil && made.program.Name() == simulated {
		s.simulator, err = caseSimulator(read.Account, ruletest.NewClock().Now)
	}
	return s, err
}

func (o evalOptions) limits() engine.Limits { return engine.Limits{EventBytes: o.eventBytes} }
