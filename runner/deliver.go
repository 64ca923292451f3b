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
	// as far as the rules.
	Explanation *engine.Explanation
}

// lookAhead is how many records, for each that is worked on, may be read
// before the results of earlier ones are there: enough that events waiting for
// their turn do not idle the rest, and a bound on memory.
const lookAhead = 16

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
//     Deliver returns the error, wrapped.
func (r *Runner) Deliver(ctx context.Context, records iter.Seq2[Record, error], done func(Result)) error {
	d := &delivery{
		runner: r, slots: make(chan struct{}, r.options.Concurrency),
		results: make(chan finished), quit: make(chan struct{}), told: newOrder(),
	}
	defer close(d.quit)
	return d.run(ctx, d.read(records), done)
}

type delivery struct {
	runner  *Runner
	slots   chan struct{} // one for each event that is worked on
	results chan finished
	quit    chan struct{} // closed when nobody takes from read any more
	told    *order        // of the results, which a stop must not mix up
}

// A reading is one record, or the error that ends them.
type reading struct {
	record Record
	err    error
}

// finished is a result with the error that interrupted it, if one did.
type finished struct {
	Result
	err error
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
	most := lookAhead * d.runner.options.Concurrency
	cancelled := ctx.Done()
	for pending := 0; readings != nil || pending > 0; {
		next := readings
		if pending == most {
			next = nil
		}
		select {
		case got, more := <-next:
			switch {
			case !more:
				readings = nil
			case got.err != nil:
				unreadable, readings = fmt.Errorf("reading events: %w", got.err), nil
			default:
				pending++
				d.start(ctx, got.record)
			}
		case end := <-d.results:
			pending--
			if end.err != nil {
				interrupted = end.err
			}
			done(end.Result)
		case <-cancelled:
			if readings != nil {
				interrupted = ctx.Err()
			}
			readings, cancelled = nil, nil
		}
	}
	return d.ending(interrupted, unreadable)
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

// start gives a record its place in the orders, which must happen in the order
// of the records, and leaves the rest to a goroutine.
func (d *delivery) start(ctx context.Context, record Record) {
	w := &work{record: record}
	w.outcome, w.settled = d.runner.withoutTrying(record)
	if record.TooLong {
		// What is there of it has no keys to be trusted.
		w.job = &job{turn: d.runner.order.join(nil)}
	} else {
		w.job = d.runner.admit(record.Event)
	}
	w.place = d.told.join(w.job.turn.keys)
	go func() { d.publish(w, d.finish(ctx, w)) }()
}

// A work is one record on its way to its result.
type work struct {
	record  Record
	job     *job
	place   *turn // among the results of this delivery
	settled bool  // outcome is there, without trying
	outcome engine.Outcome
}

// publish hands over a result, and lets the next events of the same keys go
// only then: neither their calls nor their results may overtake it. It waits
// for the results before it even where a stop has released all turns at once.
func (d *delivery) publish(w *work, err error) {
	w.place.await()
	d.results <- finished{w.result(), err}
	w.place.leave()
	w.job.turn.leave()
}

func (w *work) result() Result {
	r := Result{Record: w.record, Type: w.job.id.eventType, MessageID: w.job.id.messageID, Outcome: w.outcome}
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

// finish brings a record to its outcome. It waits for the event's turn first
// and for a free slot then, so that what waits for its turn keeps no slot from
// others.
func (d *delivery) finish(ctx context.Context, w *work) (err error) {
	w.job.turn.wait(ctx, d.runner.halted)
	if w.settled {
		return nil
	}
	d.slots <- struct{}{}
	defer func() { <-d.slots }()
	w.outcome, err = d.runner.execute(ctx, w.job)
	return err
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
