package runner

import (
	"context"
	"fmt"
	"iter"

	"github.com/deskrules/deskrules/engine"
)

// A Result is how one record ended.
type Result struct {
	Record Record
	// Type and MessageID are the event's own; empty if it has none.
	Type, MessageID string
	Outcome         engine.Outcome
	// Explanation is there where Options.Explain asks for it, and the event got
	// as far as the rules. A resumed result has none.
	Explanation *engine.Explanation
	// Resumed reports that the event ended in an earlier run of the journal, and
	// that nothing was sent for it now.
	Resumed bool
	// Open reports that a later run of the journal goes on with the event,
	// without doing anything twice: it ended unfinished, or uncertain only as
	// seen without the journal.
	Open bool

	told *transcript // for [Runner.Explain]; nil where there is none
}

// How many records may be read, and of how many bytes, before the results of
// earlier ones are there: enough that events which wait for their turn, or for
// a limit of their user, do not idle the rest, and a bound on memory.
const (
	lookAhead      = 2000
	lookAheadBytes = 16 << 20
)

// Deliver delivers a stream of records, Options.Concurrency at once, and gives
// each its result in the order in which they end. Events that share an
// ordering key go one after the other in the order of the records, and so do
// their results, whatever ends the run: dead letters that are written as the
// results come can be replayed. done is called by one goroutine, the caller's,
// and holds up the run while it works.
//
// Every record taken from records gets exactly one result, whatever happens:
//
//   - On a [*StopError] the rest is still read and reported, unfinished for an
//     event that was not tried. Deliver returns the StopError.
//   - When ctx is cancelled no more is read. Calls in flight are waited for,
//     and their events and those not tried end unfinished. Deliver returns
//     ctx.Err(). It does not wait for a read that is under way: a goroutine
//     stays behind until the read returns, and drops what it read.
//   - An error of records ends the reading. What was read before is delivered.
//     Deliver returns the error, wrapped. So does a record that is not the one
//     that Options.Journal has in its place, and gets no result.
//
// With a journal, the result of an event is on disk before done is called.
func (r *Runner) Deliver(ctx context.Context, records iter.Seq2[Record, error], done func(Result)) error {
	quit := make(chan struct{})
	defer close(quit)
	d := &delivery{
		runner: r, slots: newSlots(r.options.Concurrency), hands: newHands(r.options.Concurrency, quit),
		results: make(chan finished), quit: quit, told: newOrder(),
		journal: r.nextInput(),
	}
	return d.run(ctx, d.read(records), done)
}

type delivery struct {
	runner  *Runner
	slots   *slots
	hands   *hands
	results chan finished
	quit    chan struct{} // closed when nobody takes from read any more
	told    *order        // of the results, which a stop must not mix up
	journal *journalInput // nil for none
}

// A reading is one record, or the error that ends them.
type reading struct {
	record Record
	err    error
}

// finished is a result with the error that interrupted it, if one did.
type finished struct {
	Result
	ordinal int // of the record, from 0
	err     error
}

// read takes the records in a goroutine of its own, since reading may block for
// longer than a cancelled run should last.
func (d *delivery) read(records iter.Seq2[Record, error]) <-chan reading {
	readings := make(chan reading)
	go func() {
		defer close(readings)
		for record, err := range records {
			select {
			case readings <- reading{record, err}:
			case <-d.quit:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return readings
}

// run is the heart: one goroutine that starts events in order, takes results
// as they come, and lets neither get too far ahead of the other.
func (d *delivery) run(ctx context.Context, readings <-chan reading, done func(Result)) error {
	var interrupted, unreadable error
	cancelled := ctx.Done()
	bytes := 0
	for pending := 0; readings != nil || pending > 0; {
		next := readings
		if pending == lookAhead || bytes > lookAheadBytes {
			next = nil
		}
		select {
		case got, more := <-next:
			switch {
			case !more:
				readings, unreadable = nil, d.journal.missing()
			case got.err != nil:
				unreadable, readings = fmt.Errorf("reading events: %w", got.err), nil
			default:
				w, err := d.work(got.record)
				if err != nil {
					unreadable, readings = err, nil
					break
				}
				pending++
				bytes += len(got.record.Event)
				d.start(ctx, w)
			}
		case end := <-d.results:
			pending--
			bytes -= len(end.Record.Event)
			if end.err != nil {
				interrupted = end.err
			}
			d.note(end)
			done(end.Result)
		case <-cancelled:
			if readings != nil {
				interrupted = ctx.Err()
			}
			readings, cancelled = nil, nil
		}
	}
	if err := d.journal.note(); err != nil {
		d.runner.halt(unwritten(err))
	}
	return d.ending(interrupted, unreadable)
}

// note has the journal know of a result before it is given. A run that stops
// gives many that are to be tried again, and tells of them all at its end.
func (d *delivery) note(end finished) {
	d.journal.given(end.ordinal, end.Open)
	if !end.Open || end.err != nil || d.runner.Stopped() != nil {
		return
	}
	if err := d.journal.noteUpTo(end.ordinal); err != nil {
		d.runner.halt(unwritten(err))
	}
}

// ending chooses what to return: what the caller must act on comes first.
func (d *delivery) ending(interrupted, unreadable error) error {
	if stop := context.Cause(d.runner.halted); stop != nil {
		return stop
	}
	if interrupted != nil {
		return interrupted
	}
	return unreadable
}

// work gives a record its place in the orders, which must happen in the order
// of the records.
func (d *delivery) work(record Record) (*work, error) {
	recording, err := d.journal.recording(record)
	if err != nil {
		return nil, err
	}
	w := &work{record: record, ordinal: d.journal.last()}
	switch {
	case recording.over():
		w.resume(recording, d.runner)
	case record.TooLong:
		// What is there of it has no keys to be trusted.
		w.job = &job{turn: d.runner.order.join(nil)}
	default:
		w.job = d.runner.admit(record.Event)
		w.keys = w.job.turn.keys
	}
	if !recording.begun() {
		w.outcome, w.settled = d.runner.withoutTrying(record)
	}
	w.job.slot, w.job.recording = d.slots, recording
	w.place = d.told.join(w.keys)
	return w, nil
}

// start leaves a record to a goroutine. It waits for the event's turn first and
// for a free slot then, so that what waits for its turn keeps no slot from
// others; then others go on with it.
func (d *delivery) start(ctx context.Context, w *work) {
	go func() {
		w.job.turn.wait(ctx, d.runner.halted)
		if w.settled {
			d.publish(w, nil)
			return
		}
		d.slots.enter()
		d.hands.do(func() { d.publish(w, d.finish(ctx, w)) })
	}()
}

// A work is one record on its way to its result.
type work struct {
	record  Record
	ordinal int // from 0
	job     *job
	keys    []string // by which its result has a place
	place   *turn    // among the results of this delivery
	settled bool     // outcome is there, without trying
	resumed bool     // from the journal
	outcome engine.Outcome
}

// publish hands over a result, and lets the next events of the same keys go
// only then: neither their calls nor their results may overtake it. It waits
// for the results before it even where a stop has released all turns at once.
func (d *delivery) publish(w *work, err error) {
	w.place.await()
	d.results <- finished{w.result(), w.ordinal, err}
	w.place.leave()
	w.job.turn.leave()
}

func (w *work) result() Result {
	r := Result{Record: w.record, Type: w.job.id.Type, MessageID: w.job.id.MessageID, Outcome: w.outcome, Resumed: w.resumed}
	r.Open = w.job.recording.goesOn(w.outcome)
	if !w.settled {
		r.Explanation = w.job.explanation()
	}
	return r
}

func (j *job) explanation() *engine.Explanation {
	if j.execution == nil {
		return nil
	}
	return j.execution.Explanation()
}

// finish brings a record that has a slot to its outcome.
func (d *delivery) finish(ctx context.Context, w *work) (err error) {
	w.outcome, err = d.execute(ctx, w.job)
	d.runner.record(w.job, w.outcome)
	return err
}

func (d *delivery) execute(ctx context.Context, j *job) (engine.Outcome, error) {
	defer d.slots.leave()
	return d.runner.execute(ctx, j)
}

// withoutTrying is the outcome of a record that is not to be sent.
func (r *Runner) withoutTrying(record Record) (engine.Outcome, bool) {
	switch {
	case record.TooLong:
		return engine.Outcome{
			Status: engine.Rejected,
			Reason: fmt.Sprintf("the event is longer than the limit and was cut after %d bytes: send less in one event, or raise the limit", len(record.Event)),
		}, true
	case record.Before == engine.Uncertain && !r.options.RetryUncertain:
		return engine.Outcome{
			Status: engine.Uncertain,
			Reason: "not sent again, since it may have been taken before: look at the destination, then replay uncertain events on request",
		}, true
	}
	return engine.Outcome{}, false
}
