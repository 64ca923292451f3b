package runner

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// A trial is one request on its way to an answer that counts.
type trial struct {
	*job
	request engine.Request
	began   time.Time
	held    time.Duration // of the time since then, by limits and by the circuit
	used    int           // attempts that count: not those that were under way when the circuit opened
	failed  int           // attempts that found the destination out of order
	renewed bool          // the token was renewed for it
	last    answer
}

// perform makes a request until there is an answer that the policy does not
// retry, or until attempts or time are used up. The last response goes back to
// the engine in every case: it knows what the answer means for the event. It
// reports false where nothing was sent, since the wait before was cut.
func (r *Runner) perform(ctx context.Context, j *job, q engine.Request) (*answer, bool) {
	t := &trial{job: j, request: q, began: r.clock.Now()}
	for attempt := 1; ; attempt++ {
		pass, err := r.admitted(ctx, t)
		if err != nil {
			t.last.Attempts = attempt - 1
			r.observe(t)
			return &t.last, attempt > 1
		}
		t.last = r.attempt(ctx, t, pass)
		t.last.Attempts = attempt
		if !r.again(ctx, t) {
			r.observe(t)
			return &t.last, true
		}
	}
}

// admitted waits until limits and circuit let the next attempt out. That is
// nothing of what the policy allows the attempts to last.
func (r *Runner) admitted(ctx context.Context, t *trial) (ticket, error) {
	from := r.clock.Now()
	defer func() { t.held += r.clock.Now().Sub(from) }()
	if err := r.interrupted(ctx); err != nil {
		return ticket{}, err
	}
	var pass ticket
	for {
		places, err := r.wait(ctx, t.job, t.request.Counts)
		if err != nil {
			r.circuit.forget(t, pass)
			return pass, err
		}
		waited := false
		if !pass.looks {
			pass, waited, err = r.through(ctx, t)
		}
		if err != nil || !waited {
			r.limits.begin(places)
			return pass, err
		}
		// The limits' places are of before. All that waited must not go at once.
	}
}

// attempt makes one call and tells circuit and limits how it went.
func (r *Runner) attempt(ctx context.Context, t *trial, pass ticket) (a answer) {
	down := true // where the call panics
	defer func() { r.returned(t, pass, &a, down) }()
	a = r.call(ctx, t.job, t.request)
	a.verdict = r.program.Judge(a.Response)
	down = a.verdict.Down
	r.limits.learn(t.request.Counts, a.header)
	return a
}

// again decides whether the request is made once more, and waits as long as
// that takes of its own. What limits and the circuit take comes after.
func (r *Runner) again(ctx context.Context, t *trial) bool {
	a := &t.last
	if a.verdict.Stop && a.stop == nil {
		if r.renew(ctx, t) {
			return true
		}
		a.stop = r.refusedBy(a.Status)
	}
	if a.stop != nil {
		r.halt(a.stop)
		return false
	}
	// A refusal in full may mean something else to the rules than its status.
	repeat := (a.verdict.Retry || a.torn) && (t.request.Idempotent || a.verdict.NotTaken)
	return repeat && !a.final && r.waitForNext(ctx, t)
}

// renew fetches a new token where the one that was refused can be renewed, once
// for each request: a new one that is refused, too, is refused for good.
func (r *Runner) renew(ctx context.Context, t *trial) bool {
	if t.renewed || r.caller.tokens == nil {
		return false
	}
	t.renewed = true
	r.caller.tokens.drop(t.last.token)
	return true
}

// waitForNext waits until the request may be made again, and reports false
// where it may not: attempts or time are used up, or the wait was cut.
func (r *Runner) waitForNext(ctx context.Context, t *trial) bool {
	policy, a := r.program.Retry(), &t.last
	if t.used >= a.verdict.Attempts {
		return false
	}
	wait := pause(policy, a, t.used)
	// One that was refused for a limit waits with all others that would meet it.
	limited := a.verdict.Wait == engine.WaitRetryAfter && a.verdict.NotTaken && !r.options.Unlimited
	if most := r.program.Circuit().Stop; limited && wait > most {
		r.halt(r.sentAway(a, wait, most))
		return false
	}
	if !limited && r.clock.Now().Add(wait).Sub(t.began)-t.held > policy.Elapsed {
		return false
	}
	r.log.Warn("waiting to call again", "method", t.request.Method, "rule", t.request.Rule, "step", t.request.Step,
		"status", a.Status, "failure", string(a.Failure), "attempt", a.Attempts, "wait", wait)
	if limited {
		r.limits.hold(t.request.Counts, a.header, wait)
		return true
	}
	return r.pause(ctx, t.slot, "the next attempt of a call that failed", wait) == nil
}

// pause is how long to wait after an answer: as it asks, or longer each time.
func pause(policy engine.Retry, a *answer, used int) time.Duration {
	if a.verdict.Wait == engine.WaitRetryAfter && a.retryAfter > 0 {
		return a.retryAfter
	}
	return backoff(policy, max(1, used), rand.Float64())
}

// backoff is the wait after the given number of calls, of which chance, from 0
// to 1, takes off up to the policy's part, so that events which failed
// together do not come back together.
func backoff(policy engine.Retry, attempts int, chance float64) time.Duration {
	wait := policy.First
	for range attempts - 1 {
		if wait >= policy.Most {
			break
		}
		wait *= 2
	}
	wait = min(wait, policy.Most)
	return wait - time.Duration(float64(wait)*policy.Jitter*chance)
}

// mostSeconds keeps a Retry-After within what a Duration can hold.
const mostSeconds = 365 * 24 * 60 * 60

// parseRetryAfter reads the header of that name: whole seconds, or a date. It
// returns 0 for none, for what it cannot read and for what is over already.
func parseRetryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 63); err == nil {
		return time.Duration(min(seconds, mostSeconds)) * time.Second
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(0, date.Sub(now))
}
