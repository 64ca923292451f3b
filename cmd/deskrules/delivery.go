package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// A delivery is a run in progress.
type delivery struct {
	runner   *runner.Runner
	inputs   inputs
	records  *records
	tally    *tally
	progress *progress

	at   place // the last event of the input at hand that has a result
	lost error // why a result could not be written down
}

// deliver takes the inputs one after the other. Once a file cannot be read on,
// those behind it are left alone, or events would overtake earlier ones of the
// same user.
func (d *delivery) deliver(ctx context.Context) error {
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	d.progress.show(d.tally)
	var stopped error
	for i, in := range d.inputs {
		d.at = place{input: i, file: in.name}
		err := d.runner.Deliver(ctx, runner.ReadEvents(in, engine.Limits{}), func(result runner.Result) {
			if !d.take(result) {
				abandon()
			}
		})
		var stop *runner.StopError
		switch {
		case d.lost != nil:
			return fmt.Errorf("the results could not be written: %w", pathError(d.lost))
		case errors.As(err, &stop):
			// What is left is read all the same, so that it is recorded.
			stopped = err
		case errors.Is(err, context.Canceled):
			return err
		case err != nil:
			return fmt.Errorf("%s: %w", in.name, err)
		}
	}
	return stopped
}

// take handles one result and reports whether it could be kept.
func (d *delivery) take(result runner.Result) bool {
	at := place{input: d.at.input, file: d.at.file, line: result.Record.Line}
	d.at.line = max(d.at.line, at.line)
	if len(d.inputs) > 1 {
		result.Record.File = at.file
	}
	d.tally.add(at, result.Outcome)
	d.progress.show(d.tally)
	if err := d.records.keep(result); err != nil && d.lost == nil {
		d.lost = err
	}
	return d.lost == nil
}

// ending tells a run that came to its end from one that was cut short.
func (d *delivery) ending(failed error) (stopped string, interrupted bool) {
	switch {
	case failed == nil:
		return "", false
	case errors.Is(failed, context.Canceled):
		return "", true
	default:
		return failed.Error(), false
	}
}

// verdict gives the exit status of a run whose summary has been printed.
func (d *delivery) verdict(sh shell, failed error) error {
	switch {
	case errors.Is(failed, context.Canceled):
		complain(sh.err, "interrupted: "+d.reached())
		return exitStatus(statusInterrupted)
	case failed != nil:
		return failed
	case !d.tally.done():
		return exitStatus(statusUndelivered)
	default:
		return nil
	}
}

// reached says how far an interrupted run came, for whoever goes on from there.
func (d *delivery) reached() string {
	if d.at.line == 0 {
		return fmt.Sprintf("nothing of %s was read", d.at.file)
	}
	return fmt.Sprintf("what comes after line %d of %s was not tried", d.at.line, d.at.file)
}
