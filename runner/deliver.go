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

	// readAhead is how many of these records may wait to be started.
	readAhead = 16
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
		runner: r, ctx: ctx, hands: newHands(r.options.Concurrency, quit), identifier: r.config.Identifier(),
		told: newOrder(), journal: r.nextInput(), enough: make(chan struct{}), results: make(chan *work, lookAhead),
	}
	d.slots = newSlots(r.options.Concurrency, d.begin)
	d.read(records, quit)
	return d.run(done)
}

type delivery struct {
	runner     *Runner
	ctx        context.Context // of the call of Deliver
	slots      *slots
	hands      *hands
	identifier *engine.Identifier
	told       *order        // of the results, which a stop must not mix up
	journal    *journalInput // nil for none

	readings <-chan reading // nil once nothing is read any more
	enough   chan struct{}  // closed when no more is to be read
	results  chan *work     // has room for all, so that nobody waits to hand one over

	pending, bytes          int   // of what is read and has no result yet
	interrupted, unreadable error // what the run ends with
}

// A reading is one record, or the error that ends them.
type reading struct {
	record Record
	err    error
}

// read takes the records in a goroutine of its own, since reading may block for
// longer than a cancelled run should last. A few may wait, so that the two
// goroutines need not take turns.
func (d *delivery) read(records iter.Seq2[Record, error], quit <-chan struct{}) {
	readings := make(chan reading, readAhead)
	d.readings = readings
	go func() {
		defer close(readings)
		for record, err := range records {
			select {
			case readings <- reading{record, err}:
			case <-quit:
				return
			}
			if err != nil || isClosed(d.enough) {
				return
			}
		}
	}()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// run is the heart: one goroutine that starts events in order, takes results
// as they come, and lets neither get too far ahead of the other.
func (d *delivery) run(done func(Result)) error {
	cancelled := d.ctx.Done()
	for d.readings != nil || d.pending > 0 {
		select {
		case got, more := <-d.next():
			d.take(got, more)
		case w := <-d.results:
			d.give(w, done)
		case <-cancelled:
			d.cancel()
			cancelled = nil
		}
	}
	if err := d.journal.note(); err != nil {
		d.runner.halt(unwritten(err))
	}
	return d.ending()
}

// next is where the next record comes from; nil while there are enough.
func (d *delivery) next() <-chan reading {
	if d.pending+readAhead >= lookAhead || d.bytes > lookAheadBytes {
		return nil
	}
	return d.readings
}

// take starts what was read.
func (d *delivery) take(got reading, more bool) {
	switch {
	case !more:
		d.readings, d.unreadable = nil, d.journal.missing()
	case got.err != nil:
		d.readings, d.unreadable = nil, fmt.Errorf("reading events: %w", got.err)
	default:
		w, err := d.work(got.record)
		if err != nil {
			d.readings, d.unreadable = nil, err
			return
		}
		d.pending++
		d.bytes += len(got.record.Event)
		d.start(w)
	}
}

// give gives a result to the host, and lets the next events of the same keys go
// before: neither their calls nor their results may overtake it.
func (d *delivery) give(w *work, done func(Result)) {
	w.place.leave()
	w.job.turn.leave()
	d.pending--
	d.bytes -= len(w.record.Event)
	if w.err != nil {
		d.interrupted = w.err
	}
	result := w.result()
	d.note(w, result)
	done(result)
}

// cancel ends the reading. What was read by then gets its results.
func (d *delivery) cancel() {
	if d.readings == nil {
		return
	}
	d.interrupted = d.ctx.Err()
	close(d.enough)
	for len(d.readings) > 0 {
		got, more := <-d.readings
		d.take(got, more)
	}
	d.readings = nil
}

// note has the journal know of a result before it is given. A run that stops
// gives many that are to be tried again, and tells of them all at its end.
func (d *delivery) note(w *work, result Result) {
	d.journal.given(w.ordinal, result.Open)
	if !result.Open || w.err != nil || d.runner.Stopped() != nil {
		return
	}
	if err := d.journal.noteUpTo(w.ordinal); err != nil {
		d.runner.halt(unwritten(err))
	}
}

// ending chooses what to return: what the caller must act on comes first.
func (d *delivery) ending() error {
	if stop := context.Cause(d.runner.halted); stop != nil {
		return stop
	}
	if d.interrupted != nil {
		return d.interrupted
	}
	return d.unreadable
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
		w.resume(recording, d)
	case record.TooLong:
		// What is there of it has no keys to be trusted.
		w.job = &job{turn: d.runner.order.join(nil)}
	default:
		w.job = d.runner.admit(record.Event, d.identifier)
		w.keys = w.job.turn.keys
	}
	if !recording.begun() {
		w.outcome, w.settled = d.runner.withoutTrying(record)
	}
	w.job.slot, w.job.recording = d.slots, recording
	w.place = d.told.join(w.keys)
	return w, nil
}

// start has a record delivered when it is its turn and there is a slot, in this
// order: what waits for its turn keeps no slot from others.
func (d *delivery) start(w *work) {
	if !w.settled && w.job.turn.due() {
		d.slots.enter(w)
		return
	}
	go func() {
		w.job.turn.wait(d.ctx, d.runner.halted)
		if w.settled {
			d.publish(w)
			return
		}
		d.slots.enter(w)
	}()
}

// begin has somebody deliver an event that has a slot.
func (d *delivery) begin(w *work) { d.hands.do(func() { d.deliver(w) }) }

// deliver brings events that have a slot to their ends: this one, and as long as
// nothing has to be waited for those that the slot goes to next.
func (d *delivery) deliver(w *work) {
	for w != nil {
		w.outcome, w.err = d.runner.execute(d.ctx, w.job)
		next := d.slots.pass()
		if next != nil && (d.journal != nil || !w.place.due()) {
			d.begin(next)
			next = nil
		}
		d.runner.record(w.job, w.outcome)
		d.runner.release(w.job)
		d.publish(w)
		w = next
	}
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
	err     error // that interrupted it, if one did
}

// publish hands over a result. It waits for the results before it even where a
// stop has released all turns at once.
func (d *delivery) publish(w *work) {
	w.place.await()
	d.results <- w
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
