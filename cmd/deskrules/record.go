package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/internal/alias"
	"github.com/deskrules/deskrules/internal/wholefile"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// recordOptions are the flags of record.
type recordOptions struct {
	sources
	account string
	baseURL string
	live    bool
	title   string
	write   string
	masks   alias.Options
}

func newRecord(sh shell) *cobra.Command {
	var o recordOptions
	verb := &cobra.Command{
		Use:   "record EVENT",
		Short: "Write a golden case of what an event does",
		Long: `Deliver an event, and write the golden case of it: the event, what answered it,
and everything that came of it. A simulator answers, empty at the start or with
what --account holds; with --base-url it is a server, and with --live it is the
account of the config, which the event then changes.

Names, addresses, telephone numbers and tokens are masked, each by the same mask
wherever it stands. The case is played with the masks, and is not written where
it shows something else than the event does: where rules look at what is masked,
--keep leaves the values of a key as they are, and --keep-domain the domains of
addresses. What is masked is found by keys and by what values look like, and ids
and all else stay: read the case before you commit it.

Exit status:
  0  the case is written
  2  it is not: the message says why`,
		Example: `  head -n 1 examples/events.ndjson | deskrules record -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("record takes one file, or - for standard input")
			}
			return nil
		},
		RunE: func(verb *cobra.Command, args []string) error { return o.run(verb.Context(), sh, args[0]) },
	}
	o.declare(verb)
	flags := verb.Flags()
	flags.StringVar(&o.account, "account", "", "start the simulator with what `FILE` (JSON) holds")
	flags.StringVar(&o.baseURL, "base-url", "", "deliver to `URL`")
	flags.BoolVar(&o.live, "live", false, "deliver to the account of the config")
	flags.StringVar(&o.title, "title", "What a recorded event does.", "open the case with `SENTENCE`")
	flags.StringVarP(&o.write, "write", "w", "", "write the case to `FILE`, once all of it is known (default: stdout)")
	flags.StringArrayVar(&o.masks.Keep, "keep", nil, "leave the values of the key `NAME` as they are; may be given again")
	flags.BoolVar(&o.masks.KeepDomains, "keep-domain", false, "mask of addresses only what stands before the @")
	verb.MarkFlagsMutuallyExclusive("account", "base-url", "live")
	return verb
}

func (o recordOptions) run(ctx context.Context, sh shell, name string) error {
	if err := o.check(); err != nil {
		return err
	}
	r, err := o.prepare(ctx, sh, name)
	if err != nil {
		return err
	}
	real, err := r.deliver(ctx)
	if err != nil {
		return err
	}
	written, err := r.masked(ctx, real, o.masks)
	if err != nil {
		return err
	}
	if written.differs != "" {
		return errors.New(written.differs + "\n" + r.advice(ctx, real, o.masks))
	}
	filled, err := ruletest.Fill(ctx, r.program, []byte(written.text), caseOptions(r.program))
	if err != nil {
		return fmt.Errorf("the case does not pass with its masks: %w", err)
	}
	return o.put(sh, filled)
}

// check refuses what cannot end in a case, before anything is sent.
func (o recordOptions) check() error {
	title := strings.TrimSpace(o.title)
	if title == "" || strings.ContainsAny(title, "\r\n") || strings.HasPrefix(title, "-- ") {
		return usagef("--title %q: a case opens with a sentence in one line", o.title)
	}
	if o.write == "" {
		return nil
	}
	if _, err := os.Lstat(o.write); err == nil {
		return fmt.Errorf("--write %s: this file is there already, and would be overwritten", o.write)
	}
	folder, err := os.Stat(filepath.Dir(o.write))
	if err == nil && !folder.IsDir() {
		err = errors.New("its folder is none")
	}
	if err != nil {
		return fmt.Errorf("--write %s: %w", o.write, pathError(err))
	}
	return nil
}

// put writes the case to where it is wanted.
func (o recordOptions) put(sh shell, text []byte) error {
	if o.write == "" {
		_, err := sh.out.Write(text)
		return err
	}
	err := wholefile.Create(o.write, text)
	if errors.Is(err, fs.ErrExist) {
		err = errors.New("this file is there already, and would be overwritten")
	}
	if err != nil {
		return fmt.Errorf("--write %s: %w", o.write, pathError(err))
	}
	fmt.Fprintf(sh.err, "%s: read it before you commit it\n", printable(o.write))
	return nil
}

// prepare reads everything, and checks it before the first request: an account
// that has been changed for a case that cannot be written is changed in vain.
func (o recordOptions) prepare(ctx context.Context, sh shell, name string) (*recording, error) {
	events, err := readRecords(ctx, sh, name)
	if err != nil {
		return nil, err
	}
	r := &recording{title: strings.TrimSpace(o.title), events: events, baseURL: o.baseURL, hints: newHinter(sh.err)}
	if o.live || o.baseURL != "" {
		err = o.answered(sh, r)
	} else {
		err = o.simulated(sh, r)
	}
	if err != nil {
		return nil, err
	}
	return r, r.checkSettings()
}

// simulated has the simulator answer, each time that the case is played.
func (o recordOptions) simulated(sh shell, r *recording) (err error) {
	o.unset = omitUnset
	if r.setup, err = o.load(sh); err != nil {
		return err
	}
	printWarnings(sh, r.setup)
	if r.program.Name() != simulated {
		return fmt.Errorf("there is no simulator for %q: use --base-url or --live", r.program.Name())
	}
	r.account = []byte("{}")
	if o.account == "" {
		return nil
	}
	if r.account, err = os.ReadFile(o.account); err == nil {
		_, err = caseSimulator(r.account, ruletest.NewClock().Now)
	}
	if err != nil {
		return fmt.Errorf("account %s: %w", o.account, pathError(err))
	}
	return nil
}

// answered has the answers of a server in the case.
func (o recordOptions) answered(sh shell, r *recording) (err error) {
	if r.setup, err = o.load(sh); err != nil {
		return err
	}
	printWarnings(sh, r.setup)
	if !isLocal(o.baseURL) {
		r.settings = r.config.settings
		return r.placeSettings(r.problems(), "Write that file, or leave out --live and --base-url: a simulator answers.")
	}
	r.settings, err = r.rehearsal()
	target{setup: r.setup, settings: r.settings}.printPlaceholders(sh)
	return err
}

func readRecords(ctx context.Context, sh shell, name string) ([]runner.Record, error) {
	in, err := findInput(name, sh.in)
	if err != nil {
		return nil, err
	}
	text, err := readPasted(ctx, in)
	if err != nil {
		return nil, in.wrong(err)
	}
	var events []runner.Record
	for record, err := range runner.ReadEvents(text, evalOptions{}.limits()) {
		if err == nil {
			err = recordable(record)
		}
		if err != nil {
			return nil, in.wrong(err)
		}
		events = append(events, record)
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("events %s: there is no event in it", in.name)
	}
	return events, nil
}

// recordable refuses events in which nobody can tell what is to be masked, and
// those of which only a part was read.
func recordable(record runner.Record) error {
	switch {
	case record.TooLong:
		return fmt.Errorf("line %d: the event is longer than %s bytes, which no case can hold", record.Line, thousands(defaultEventBytes()))
	case !json.Valid(record.Event):
		return fmt.Errorf("line %d: the event is not JSON, and what has to be masked in it cannot be found; write a case of it by hand", record.Line)
	}
	return nil
}
