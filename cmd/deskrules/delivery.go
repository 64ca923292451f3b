package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// A delivery is a run in progress.
type delivery struct {
	runner   *runner.Runner
	journal  *runner.Journal // nil for none
	inputs   inputs
	limits   engine.Limits
	records  *records
	tally    *tally
	progress *progress

	begun   int   // how many inputs were opened
	at      place // how far the last of them was read: what is up to here has a result
	ended   bool  // and that it was read to its end
	stopped chan struct{}
	stop    *runner.StopError // told already, when stopped was closed

	lost       error   // why a result could not be written down
	kept       place   // the last event whose result was
	unrecorded []place // events that ended after that
}

func newDelivery(sh shell) *delivery {
	return &delivery{tally: newTally(), progress: newProgress(sh), stopped: make(chan struct{})}
}

// deliver takes the inputs one after the other. Once a file cannot be read on,
// those behind it are left alone, or events would overtake earlier ones of the
// same user.
func (d *delivery) deliver(ctx context.Context) error {
	ended := make(chan struct{})
	defer close(ended)
	defer context.AfterFunc(ctx, func() { d.tellPatience(ended) })()
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	d.progress.total = d.inputs.size()
	d.progress.watch(ctx, d.runner.Waits)
	d.progress.show(d.tally.progressed())
	var stopped error
	for i, in := range d.inputs {
		d.begun, d.at, d.ended = i+1, place{input: i, file: in.name}, false
		err := d.one(ctx, in, abandon)
		switch {
		case d.lost != nil:
			return d.notWritten()
		case err == nil:
		case d.ended && isStop(err):
			// What is left is read all the same, so that it is recorded.
			stopped = err
		case stopped != nil && !isStop(err):
			return errors.Join(stopped, err)
		default:
			return err
		}
	}
	return stopped
}

// answerAfter is how long after an interruption it is said that it was understood.
const answerAfter = 300 * time.Millisecond

// tellPatience says why an interrupted run does not end at once.
func (d *delivery) tellPatience(ended <-chan struct{}) {
	select {
	case <-ended:
	case <-time.After(answerAfter):
		complain(d.progress, "interrupted: the calls in flight are finished, which may take half a minute; interrupt again to end at once")
	}
}

func isStop(err error) bool {
	_, ok := errors.AsType[*runner.StopError](err)
	return ok
}

// one delivers the events of one input.
func (d *delivery) one(ctx context.Context, in input, abandon func()) error {
	opened, err := in.open(ctx, d.stopped)
	if err != nil {
		return in.wrong(err)
	}
	defer opened.close()
	err = d.runner.Deliver(ctx, runner.ReadEvents(opened, d.limits), func(result runner.Result) {
		if !d.take(result) {
			abandon()
		}
	})
	// A run that was cut short drops what it has read, perhaps up to the end.
	d.ended = opened.ended.Load() && ctx.Err() == nil
	return in.wrong(err)
}

// take handles one result and reports whether it could be kept. What could not
// is no part of the summary, which must not claim more than the records.
func (d *delivery) take(result runner.Result) bool {
	at := place{input: d.at.input, file: d.at.file, line: result.Record.Line, last: result.Record.LastLine, element: result.Record.Element}
	if at.compare(d.at) > 0 {
		d.at = at
	}
	if len(d.inputs) > 1 {
		result.Record.File = at.file
	}
	err := d.records.keep(result)
	if err != nil {
		d.lost = errors.Join(d.lost, err)
		d.unrecorded = append(d.unrecorded, at)
	} else {
		d.kept = at
		d.tally.add(at, result)
	}
	d.progress.show(d.tally.progressed())
	d.tellStop()
	return d.lost == nil
}

// tellStop says at once why nothing is sent any more: an input that is still
// being written may have no end.
func (d *delivery) tellStop() {
	if d.stop != nil {
		return
	}
	if d.stop = d.runner.Stopped(); d.stop != nil {
		close(d.stopped)
		complain(d.progress, d.stop.Error())
	}
}

// notWritten says why the run ended that could not write down its results, and
// of which events it is not known what became of them.
func (d *delivery) notWritten() error {
	last := "nothing was kept"
	if d.kept.file != "" {
		last = "the last one kept is that of " + d.kept.String()
	}
	return fmt.Errorf("the results could not be written: %w; %s\n  not recorded: %s", pathError(firstOf(d.lost)), last, d.missing())
}

// missing lists the events that are not recorded, all of them: there may be no
// other trace of what was not delivered. Those that follow each other are one
// word.
func (d *delivery) missing() string {
	slices.SortFunc(d.unrecorded, place.compare)
	var missing []string
	for from := 0; from < len(d.unrecorded); {
		to := from
		for to+1 < len(d.unrecorded) && d.unrecorded[to].precedes(d.unrecorded[to+1]) {
			to++
		}
		word := d.unrecorded[from].String()
		if to > from {
			word += " to " + d.unrecorded[to].String()
		}
		missing = append(missing, word)
		from = to + 1
	}
	return strings.Join(missing, ", ")
}

// precedes reports whether nothing can be between two places.
func (p place) precedes(next place) bool {
	if p.input != next.input {
		return false
	}
	if p.element > 0 {
		return next.element == p.element+1
	}
	return next.line == p.end()+1
}

// firstOf gives the first of joined errors: the others follow from it.
func firstOf(err error) error {
	for {
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok {
			return err
		}
		err = joined.Unwrap()[0]
	}
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

// verdict gives the exit status of a run whose summary has been printed, and
// says where to go on.
func (d *delivery) verdict(sh shell, failed error) error {
	rest := d.unread().String()
	switch {
	case failed == nil && d.tally.done():
		return nil
	case failed == nil:
		return exitStatus(statusUndelivered)
	case errors.Is(failed, context.Canceled):
		complain(sh.err, "interrupted: "+d.goingOn(rest))
		return exitStatus(statusInterrupted)
	}
	if d.stop == nil || failed != error(d.stop) { // else it has been told
		complain(sh.err, failed.Error())
	}
	if rest != "" {
		complain(sh.err, rest)
	}
	return exitStatus(statusWrong)
}

// goingOn adds to what is left how to get it done.
func (d *delivery) goingOn(rest string) string {
	switch {
	case d.journal == nil:
		return rest
	case rest == "":
		return "the same command goes on"
	default:
		return rest + ". The same command goes on there"
	}
}

// closeJournal lets another run have the journal.
func (d *delivery) closeJournal() error {
	if d.journal == nil {
		return nil
	}
	return d.journal.Close()
}

// An unread is what a run that was cut short did not get to.
type unread struct {
	after    place // what comes after it; no file where all was read
	notBegun []string
}

// unread says how far the run came, for whoever goes on from there.
func (d *delivery) unread() unread {
	left := unread{notBegun: d.inputs[d.begun:].names()}
	if !d.ended {
		left.after = d.at
	}
	return left
}

func (u unread) String() string {
	var parts []string
	if u.after.file != "" {
		parts = append(parts, u.rest())
	}
	if len(u.notBegun) > 0 {
		parts = append(parts, "not begun: "+strings.Join(u.notBegun, ", "))
	}
	return strings.Join(parts, "; ")
}

// rest is what there is of the input that was not read to its end.
func (u unread) rest() string {
	at := fmt.Sprintf("line %d", u.after.end())
	switch {
	case u.after.line == 0:
		return fmt.Sprintf("nothing of %s was read", u.after.file)
	case u.after.element > 0:
		at = fmt.Sprintf("element %d (line %d)", u.after.element, u.after.line)
	}
	return fmt.Sprintf("what comes after %s of %s was not tried", at, u.after.file)
}
