package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// runOptions are the flags of run.
type runOptions struct {
	sources
	faultFlags
	simulate       simMode
	account        string
	replies        string
	baseURL        string
	report         string
	deadLetter     string
	journal        string
	concurrency    int
	unlimited      bool
	retryUncertain bool
	eventBytes     int
	output         string
}

func newRun(sh shell) *cobra.Command {
	var o runOptions
	verb := &cobra.Command{
		Use:   "run EVENTS...",
		Short: "Deliver events from files",
		Long: `Deliver the events of files: one JSON event a line, a JSON array of events, or a
single event as it was pasted. "-" reads standard input. Events of one user stay
in their order; an event that cannot be delivered does not hold up the others.

--simulate delivers to a simulator inside the command: no account, no network,
no config. At the end it says what a real account needs: a deskrules.yaml with
the destination and its settings, where ${NAME} takes a secret from the
environment.

Keep what could not be delivered with --dead-letter, put right what was wrong,
and run the dead letters as events.

With --journal a run may be killed at any moment, and the same command goes on
where it stopped: what was done is not done again. Report and dead letters are
written as if it had been one run.

Exit status:
  0  every event was delivered or ignored
  1  some were not
  2  rules, config or arguments are wrong, the destination refused the
     credentials, or results or summary could not be written
  3  interrupted: what was in flight is finished, what was read is unfinished,
     and the last line says what was not read`,
		Example: `  deskrules run --simulate examples/events.ndjson
  deskrules run --simulate --config examples/deskrules.yaml \
    --account examples/account.json examples/events.ndjson
  deskrules run --simulate --output json examples/events.ndjson
  deskrules run --simulate --report - examples/events.ndjson`,
		Args: needArgs("the events: name a file, or - for standard input"),
		RunE: func(verb *cobra.Command, args []string) error {
			return o.run(verb.Context(), sh, args)
		},
	}
	o.sources.declare(verb)
	flags := verb.Flags()
	simulateFlag(verb, &o.simulate)
	o.faultFlags.declare(flags)
	flags.StringVar(&o.account, "account", "", "start the simulator with what `FILE` (JSON) holds")
	flags.StringVar(&o.replies, "replies", "", "answer with the replies of `FILE` where one fits, before the simulator")
	flags.StringVar(&o.baseURL, "base-url", "", "call `URL` in place of the destination's own")
	flags.StringVar(&o.report, "report", "", "write a JSON line for each event to `FILE`; - is stdout")
	flags.StringVar(&o.deadLetter, "dead-letter", "", "keep in `FILE` what was not delivered, for another run")
	flags.StringVar(&o.journal, "journal", "", "note in `FILE` what was done, for the same command to go on")
	flags.IntVar(&o.concurrency, "concurrency", 8, "work on `N` events at once")
	flags.BoolVar(&o.unlimited, "unlimited", false, "take no account of the destination's rate limits")
	flags.BoolVar(&o.retryUncertain, "retry-uncertain", false,
		"send dead letters again that may have arrived already")
	eventBytesFlag(verb, &o.eventBytes)
	outputFlag(verb, &o.output)
	return verb
}

// needArgs refuses a command line without arguments and says what is missing.
func needArgs(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("missing %s", what)
		}
		return nil
	}
}

// check refuses flags that do not go together.
func (o *runOptions) check() error {
	switch {
	case o.simulate.isOn() && o.baseURL != "":
		return usagef("--simulate and --base-url are two different destinations")
	case o.account != "" && !o.simulate.isOn():
		return usagef("--account is for --simulate: a real account has its own users")
	case o.replies != "" && !o.simulate.isOn():
		return usagef("--replies is for --simulate: a real account answers itself")
	case o.faults.text != "" && !o.simulate.isOn():
		return usagef("--faults is for --simulate: a real account has its own")
	case o.simulate.isOn() && o.journal != "":
		return usagef("--journal is for a real account: that of --simulate ends with the command")
	case o.journal == "-":
		return usagef("--journal -: the next run has to read it, name a file")
	case o.concurrency < 1:
		return usagef("--concurrency %d: at least 1 event has to be worked on", o.concurrency)
	case o.concurrency > runner.MaxConcurrency:
		return usagef("--concurrency %d: at most %s events can be worked on at once", o.concurrency, thousands(runner.MaxConcurrency))
	case o.report == "-" && o.deadLetter == "-":
		return usagef("--report and --dead-letter cannot both go to standard output")
	}
	return nil
}

// nameStdout calls standard output by one name: /dev/stdout and the file that
// a shell directs it to would otherwise be opened a second time.
func (o *runOptions) nameStdout(stdout io.Writer) {
	own := infoOf(stdout)
	for _, name := range []*string{&o.report, &o.deadLetter} {
		info, err := os.Stat(*name)
		if err == nil && own != nil && os.SameFile(info, own) && *name != os.DevNull {
			*name = "-"
		}
	}
}

// run is the verb: everything is opened and checked before the first event is
// sent.
func (o *runOptions) run(ctx context.Context, sh shell, names []string) error {
	// A reader that goes away must not end the run before what is in flight has
	// been recorded: the write fails instead.
	signal.Ignore(syscall.SIGPIPE)
	o.nameStdout(sh.out)
	asJSON, err := wantsJSON(o.output)
	if err != nil {
		return err
	}
	if err := errors.Join(o.check(), o.simulate.check(names)); err != nil {
		return err
	}
	goal, err := o.target(sh)
	if err != nil {
		return err
	}
	d, err := o.prepare(ctx, sh, goal, names)
	if err != nil {
		return errors.Join(err, d.closeJournal())
	}
	if warning := d.runner.Warning(); warning != "" && !o.simulate.isOn() {
		complain(sh.err, "warning: "+warning)
	}
	failed := d.deliver(ctx)
	if err := d.records.close(); err != nil {
		failed = errors.Join(failed, fmt.Errorf("the results could not be written: %w", pathError(err)))
	}
	if err := d.closeJournal(); err != nil {
		failed = errors.Join(failed, fmt.Errorf("the journal could not be closed: %w", pathError(err)))
	}
	err = o.conclude(sh, d, goal, failed, asJSON)
	if failed == nil {
		tellLeft(sh, goal.replies)
	}
	return err
}

// prepare opens what the run needs. The files that it writes come last, as they
// lose what they held.
func (o *runOptions) prepare(ctx context.Context, sh shell, goal target, names []string) (*delivery, error) {
	d := newDelivery(sh)
	d.limits = o.limits()
	var err error
	if d.inputs, err = findInputs(names, sh.in); err != nil {
		return d, err
	}
	taken := occupied{inputs: d.inputs, others: []recordFile{
		{flag: "--config", name: goal.config.name}, {flag: "--account", name: o.account}, {flag: "--replies", name: o.replies},
	}}
	if d.journal, err = o.openJournal(taken); err != nil {
		return d, err
	}
	if d.runner, err = goal.runner(o, d.journal, d.progress); err != nil {
		return d, err
	}
	if err := o.apart(d); err != nil {
		return d, err
	}
	taken.others = append(taken.others, recordFile{flag: "--journal", name: o.journal})
	d.records, err = o.openRecords(ctx, d.journal, taken, sh.out)
	return d, err
}

func (o *runOptions) limits() engine.Limits { return engine.Limits{EventBytes: o.eventBytes} }

// openJournal opens the journal, if one is asked for.
func (o *runOptions) openJournal(taken occupied) (*runner.Journal, error) {
	if o.journal == "" {
		return nil, nil
	}
	if info, err := os.Stat(o.journal); err == nil {
		if err := (recordFile{flag: "--journal", name: o.journal}).free(info, taken); err != nil {
			return nil, err
		}
	}
	return runner.OpenJournal(o.journal)
}

// conclude says how the run went and picks the exit status.
func (o *runOptions) conclude(sh shell, d *delivery, goal target, failed error, asJSON bool) error {
	d.progress.end()
	made := summary{tally: d.tally, rules: goal.origin(), report: o.report}
	made.stopped, made.interrupted = d.ending(failed)
	if failed != nil {
		made.unread = d.unread()
	}
	made.again = o.again(d.tally)
	if goal.simulator != nil {
		made.holdings = goal.simulator.holdings()
		made.advice = goal.advice(o.forReal().command(d.inputs.names()))
	}
	out := sh.out
	if o.report == "-" || o.deadLetter == "-" {
		out = sh.err
	}
	written := made.write(out, sh.env, asJSON)
	verdict := d.verdict(sh, failed)
	d.records.tellBeside(sh.err)
	if written != nil {
		complain(sh.err, fmt.Sprintf("the summary could not be written: %s", pathError(written)))
		return exitStatus(statusWrong)
	}
	return verdict
}

// command is how to run other events in the same way.
func (o *runOptions) command(names []string) string {
	words := []string{"deskrules run"}
	words = append(words, o.simulate.words()...)
	words = append(words, o.faultFlags.words()...)
	for _, flag := range []struct{ name, value string }{
		{"--rules", o.rules}, {"--config", o.config}, {"--account", o.account}, {"--replies", o.replies}, {"--base-url", o.baseURL},
	} {
		if flag.value != "" {
			words = append(words, flag.name+" "+shellWord(flag.value))
		}
	}
	if o.eventBytes != defaultEventBytes() {
		words = append(words, fmt.Sprintf("--max-event-bytes %d", o.eventBytes))
	}
	for _, name := range names {
		words = append(words, shellWord(name))
	}
	return strings.Join(words, " ")
}

// again says how to go on, how to run the dead letters, or that there could be
// some.
func (o *runOptions) again(t *tally) string {
	switch {
	case t.open > 0:
		return "Run the same command again: it goes on with what is left. Dead letters come" +
			"\nafter that, as they hold the same events."
	case o.deadLetter == "" && !o.simulate.isOn():
		return "Run it with --dead-letter FILE to keep what is not delivered for another run."
	case o.deadLetter == "" || o.deadLetter == "-":
		return ""
	default:
		return "What was not delivered is kept. Put right what was wrong, and run\n\n  " + o.command([]string{o.deadLetter})
	}
}

// forReal gives the options of the same run without the simulator.
func (o *runOptions) forReal() *runOptions {
	other := *o
	other.simulate, other.account, other.replies, other.faultFlags = "", "", "", faultFlags{}
	return &other
}
