package runner

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// A circuit pauses all calls while the destination is out of order, so that
// not every event uses up its attempts on finding that out.
type circuit struct {
	policy engine.Circuit
	clock  Clock

	mu      sync.Mutex
	failed  map[*job]bool  // events that failed since the last call that got through
	since   time.Time      // when it opened; zero while it is closed
	pause   time.Duration  // the last one
	until   time.Time      // when the next call goes out to look
	looking bool           // that call is under way
	waiting map[*trial]int // and how often each has failed
	changed chan struct{}  // closed when any of this is another
}

func newCircuit(policy engine.Circuit, clock Clock) *circuit {
	return &circuit{policy: policy, clock: clock, failed: map[*job]bool{}, waiting: map[*trial]int{}, changed: make(chan struct{})}
}

// A ticket lets one call through the circuit.
type ticket struct{ looks bool }

// A verge is where a call stands that asks to be let through.
type verge struct {
	ticket  ticket
	wait    time.Duration   // before it asks again; 0 for none
	changed <-chan struct{} // or when that is closed; nil for none
}

func (v verge) open() bool { return v.wait == 0 && v.changed == nil }

// enter says whether a call may go out. Of those that wait, the one looks that
// has failed least: it tells the most of the destination, and an event that
// always fails must not keep the others back.
func (c *circuit) enter(t *trial) verge {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		delete(c.waiting, t)
		return verge{}
	}
	c.waiting[t] = t.failed
	if d := c.until.Sub(c.clock.Now()); d > 0 {
		return verge{wait: d}
	}
	for _, failed := range c.waiting {
		if c.looking || failed < t.failed {
			return verge{changed: c.changed}
		}
	}
	c.looking = true
	delete(c.waiting, t)
	return verge{ticket: ticket{looks: true}}
}

// forget takes back the question of a call that is given up, and its ticket.
func (c *circuit) forget(t *trial, pass ticket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, t)
	if pass.looks {
		c.looking = false
	}
	c.change()
}

// change tells those that wait, if any do: it is called at the end of each call.
func (c *circuit) change() {
	if len(c.waiting) == 0 {
		return
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// A condition is what the end of a call shows of the circuit.
type condition struct {
	open    bool
	changed bool          // by this call
	lasted  time.Duration // that the destination has been, or was, out of order
}

// leave takes in how a call ended.
func (c *circuit) leave(t *trial, pass ticket, down bool) condition {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.since
	switch {
	case !down:
		c.since, c.pause = time.Time{}, 0
		clear(c.failed)
	case was.IsZero():
		if c.failed[t.job] = true; len(c.failed) >= c.policy.After {
			c.since = c.clock.Now()
			c.wait(c.policy.First)
		}
	case pass.looks:
		c.wait(min(2*c.pause, c.policy.Most))
	}
	if pass.looks {
		c.looking = false
	}
	c.change()
	now := condition{open: !c.since.IsZero(), changed: was.IsZero() != c.since.IsZero()}
	if !was.IsZero() {
		now.lasted = c.clock.Now().Sub(was)
	}
	return now
}

func (c *circuit) wait(pause time.Duration) {
	c.pause, c.until = pause, c.clock.Now().Add(pause)
}

// loud is the level of what has to be told, however much else is.
const loud = slog.LevelWarn + 2

// returned tells circuit and log how a call ended, and ends the run where the
// destination does not come back.
func (r *Runner) returned(t *trial, pass ticket, a *answer, down bool) {
	now := r.circuit.leave(t, pass, down)
	if down {
		t.failed++
	}
	if !now.open || pass.looks {
		t.used++
	}
	switch {
	case now.changed && now.open:
		r.log.Log(context.Background(), loud, "the destination is out of order, and the run pauses",
			"status", a.Status, "failure", string(a.Failure), "wait", r.program.Circuit().First)
	case now.changed:
		r.log.Log(context.Background(), loud, "the destination answers again, and the run goes on", "after", now.lasted.Round(time.Second))
	case now.open && now.lasted >= r.program.Circuit().Stop && a.stop == nil:
		a.stop = r.giveUpOn(*a, now.lasted)
	}
}

// through waits until the circuit lets a call out, and reports whether it had
// to. The slot of the event is free meanwhile, so that others, which have not
// failed, come to look.
func (r *Runner) through(ctx context.Context, t *trial) (pass ticket, waited bool, err error) {
	v := r.circuit.enter(t)
	if v.open() {
		return v.ticket, false, nil
	}
	defer r.away(t.slot)()
	for !v.open() {
		what := r.program.Title() + " to recover"
		if v.changed != nil {
			err = r.await(ctx, what, v.changed)
		} else {
			err = r.pause(ctx, nil, what, v.wait)
		}
		if err != nil {
			r.circuit.forget(t, ticket{})
			return ticket{}, true, err
		}
		v = r.circuit.enter(t)
	}
	return v.ticket, true, nil
}

// await waits for a channel to be closed.
func (r *Runner) await(ctx context.Context, what string, done <-chan struct{}) error {
	defer r.waits.begin(what, r.clock.Now())()
	ctx, cancel := r.untilHalted(ctx)
	defer cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sentAway is the StopError of a destination that asks to wait for longer than
// a run is to last without a call.
func (r *Runner) sentAway(a *answer, wait, most time.Duration) *StopError {
	return &StopError{
		Status:  a.Status,
		Problem: fmt.Sprintf("%s asks to wait for %s (status %d), and a run waits for %s at most", r.program.Title(), wait.Round(time.Second), a.Status, most),
		Advice:  "run again then; what was not tried is unfinished",
	}
}

// giveUpOn is the StopError of a destination that does not come back.
func (r *Runner) giveUpOn(a answer, lasted time.Duration) *StopError {
	last := a.Detail
	if a.Failure == engine.Answered {
		last = fmt.Sprintf("status %d", a.Status)
	}
	return &StopError{
		Status:  a.Status,
		Problem: fmt.Sprintf("%s has been out of order for %s (the last call: %s)", r.program.Title(), lasted.Round(time.Second), last),
		Advice:  "run again when it is back; what was not tried is unfinished",
	}
}
