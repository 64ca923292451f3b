package runner

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// perform makes a request until there is an answer that the policy does not
// retry, or until attempts or time are used up. The last response goes back to
// the engine in every case: it knows what the answer means for the event.
func (r *Runner) perform(ctx context.Context, q engine.Request) engine.Response {
	began := r.clock.Now()
	for attempt := 1; ; attempt++ {
		a := r.caller.do(ctx, q)
		a.Attempts = attempt
		verdict := r.program.Judge(a.Response)
		if a.stop == nil && verdict.Stop {
			a.stop = r.refusedBy(a.Status)
		}
		if a.stop != nil {
			r.halt(a.stop)
		}
		repeat := verdict.Retry && (q.Idempotent || verdict.NotTaken)
		if a.stop != nil || a.final || !repeat || !r.waitForNext(ctx, q, a, verdict.Wait, began) {
			r.observe(q, a.Response, r.clock.Now().Sub(began))
			return a.Response
		}
	}
}

// waitForNext waits until the request may be made again, and reports false
// where it may not: attempts or time are used up, or the wait was cut.
func (r *Runner) waitForNext(ctx context.Context, q engine.Request, a answer, kind engine.Wait, began time.Time) bool {
	policy := r.program.Retry()
	if a.Attempts >= policy.Attempts {
		return false
	}
	wait := pause(policy, a, kind)
	if r.clock.Now().Add(wait).Sub(began) > policy.Elapsed {
		return false
	}
	r.log.Warn("waiting to call again", "method", q.Method, "rule", q.Rule, "step", q.Step,
		"status", a.Status, "failure", string(a.Failure), "attempt", a.Attempts, "wait", wait)
	ctx, cancel := r.untilHalted(ctx)
	defer cancel()
	return r.clock.Sleep(ctx, wait) == nil
}

// pause is how long to wait after an answer: as it asks, or longer each time.
func pause(policy engine.Retry, a answer, kind engine.Wait) time.Duration {
	if kind == engine.WaitRetryAfter && a.retryAfter > 0 {
		return a.retryAfter
	}
	return backoff(policy, a.Attempts, rand.Float64())
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
