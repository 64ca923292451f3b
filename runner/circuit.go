package runner

import (
	"context"
	"fmt"
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
	failed  int           // calls in a row
	since   time.Time     // when it opened; zero while it is closed
	pause   time.Duration // the last one
	until   time.Time     // when the next call goes out to look
	looking chan struct{} // closed when that call is back; nil for none
}

// A ticket lets one call through the circuit.
type ticket struct{ looks bool }

// enter says whether a call may go out. If it may not, it says how long to wait
// before asking again, or gives the channel that tells.
func (c *circuit) enter() (t ticket, wait time.Duration, looking <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return ticket{}, 0, nil
	}
	if d := c.until.Sub(c.clock.Now()); d > 0 {
		return ticket{}, d, nil
	}
	if c.looking != nil {
		return ticket{}, 0, c.looking
	}
	c.looking = make(chan struct{})
	return ticket{looks: true}, 0, nil
}

// A condition is what the end of a call shows of the circuit.
type condition struct {
	open    bool
	changed bool          // by this call
	lasted  time.Duration // that the destination has been, or was, out of order
}

// leave takes in how a call ended.
func (c *circuit) leave(t ticket, down bool) condition {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.looks {
		close(c.looking)
		c.looking = nil
	}
	was := c.since
	switch {
	case !down:
		c.failed, c.since, c.pause = 0, time.Time{}, 0
	case was.IsZero():
		if c.failed++; c.failed >= c.policy.After {
			c.since = c.clock.Now()
			c.wait(c.policy.First)
		}
	case t.looks:
		c.wait(min(2*c.pause, c.policy.Most))
	}
	now := condition{open: !c.since.IsZero(), changed: was.IsZero() != c.since.IsZero()}
	if !was.IsZero() {
		now.lasted = c.clock.Now().Sub(was)
	}
	return now
}

func (c *circuit) wait(pause time.Duration) {
	c.pause, c.until = pause, c.clock.Now().Add(pause)
}

// returned tells circuit and log how a call ended, and ends the run where the
// destination does not come back.
func (r *Runner) returned(t *trial, pass ticket, a *answer, down bool) {
	now := r.circuit.leave(pass, down)
	if !now.open {
		t.used++
	}
	switch {
	case now.changed && now.open:
		r.log.Warn("the destination is out of order, and the run pauses", "status", a.Status, "failure", string(a.Failure), "wait", r.program.Circuit().First)
	case now.changed:
		r.log.Warn("the destination answers again, and the run goes on", "after", now.lasted.Round(time.Second))
	case now.open && now.lasted >= r.program.Circuit().Stop && a.stop == nil:
		a.stop = r.giveUpOn(*a, now.lasted)
	}
}

// through waits until the circuit lets a call out.
func (r *Runner) through(ctx context.Context) (ticket, error) {
	for {
		t, d, looking := r.circuit.enter()
		var err error
		switch what := r.program.Title() + " to recover"; {
		case looking != nil:
			err = r.await(ctx, what, looking)
		case d > 0:
			err = r.pause(ctx, nil, what, d)
		default:
			return t, nil
		}
		if err != nil {
			return t, err
		}
	}
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
