package runner_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

const quickCircuit = "circuit: {after: 5, pause: {first: 10s, most: 30s}, stop: 10m}"

// A destination that is down for a while is called now and then, and no event
// is lost over it.
func TestTheRunPausesWhileTheDestinationIsDown(t *testing.T) {
	for name, down := range map[string]scripted{
		"answers": reply(500, "sorry"),
		"refuses": broken(errRefused()),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var mu sync.Mutex
				calls, late := 0, 0
				r := newRunnerOf(t, quickCircuit, runner.Options{Concurrency: 4, Transport: scripted(func(q *http.Request) (*http.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					calls++
					if since := time.Since(began); since < 5*time.Minute {
						if since > 8*time.Second {
							late++
						}
						return down(q)
					}
					return reply(200, "{}")(q)
				})})
				results, err := deliver(t.Context(), r, people(500, func(i int) string { return fmt.Sprint(i) }))
				if ended := count(t, results, 500); err != nil || ended[engine.Delivered] != 500 {
					t.Errorf("outcomes %v, error %v", ended, err)
				}
				// One call each 10 s, 20 s and then 30 s.
				if late < 9 || late > 12 || calls > 500+5+4+12 {
					t.Errorf("%d calls, %d of them while it was known to be down", calls, late)
				}
			})
		})
	}
}

func TestTheRunEndsWhenTheDestinationStaysDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := newRunnerOf(t, quickCircuit, runner.Options{Transport: reply(503, "down for maintenance")})
		results, err := deliver(t.Context(), r, people(100, func(i int) string { return fmt.Sprint(i) }))
		want := "Acme CRM has been out of order for 10m0s (the last call: status 503): run again when it is back; what was not tried is unfinished"
		if err == nil || err.Error() != want {
			t.Errorf("error %v", err)
		}
		if ended := count(t, results, 100); ended[engine.Unfinished] != 100 {
			t.Errorf("outcomes %v", ended)
		}
		if took := time.Since(began); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

// One event that always fails is no reason to pause, as long as others do not.
func TestOneBadEventDoesNotPauseTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := newRunnerOf(t, quickCircuit, runner.Options{Concurrency: 2, Transport: scripted(func(q *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			if strings.Contains(q.URL.Path, "notes") {
				return reply(500, "")(q)
			}
			return reply(200, "{}")(q)
		})})
		go func() { _, _ = deliver(t.Context(), r, tracks("hot", 1)) }()
		results, err := deliver(t.Context(), r, people(100, func(i int) string { return fmt.Sprint(i) }))
		if ended := count(t, results, 100); err != nil || ended[engine.Delivered] != 100 {
			t.Errorf("outcomes %v, error %v", ended, err)
		}
		if took := time.Since(began); took != 50*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// A transport that panics while it looks must not leave the others waiting.
func TestAPanicWhileLookingEndsTheLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		r := newRunnerOf(t, quickCircuit, runner.Options{Concurrency: 3, Transport: scripted(func(q *http.Request) (*http.Response, error) {
			switch n := calls.Add(1); {
			case n == 6:
				panic("a bug")
			case n < 8:
				return reply(500, "")(q)
			}
			return reply(200, "{}")(q)
		})})
		results, err := deliver(t.Context(), r, people(20, func(i int) string { return fmt.Sprint(i) }))
		if ended := count(t, results, 20); err != nil || ended[engine.Delivered] != 19 || ended[engine.Failed] != 1 {
			t.Errorf("outcomes %v, error %v", ended, err)
		}
	})
}

func TestAPauseEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunnerOf(t, quickCircuit, runner.Options{Transport: reply(500, "")})
		began := time.Now()
		ctx, cancel := contextWithTimeout(t, 15*time.Second)
		defer cancel()
		results, err := deliver(ctx, r, people(50, func(i int) string { return fmt.Sprint(i) }))
		if ended := count(t, results, 50); err == nil || ended[engine.Unfinished] != 50 {
			t.Errorf("outcomes %v, error %v", ended, err)
		}
		if took := time.Since(began); took != 15*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// The waits while a destination is down are no part of what the retry policy
// allows one call to last.
func TestPausesUseUpNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := newRunnerOf(t, "circuit: {after: 2, pause: {first: 11m, most: 11m}, stop: 1h}", runner.Options{Transport: scripted(func(q *http.Request) (*http.Response, error) {
			if time.Since(began) < 30*time.Minute {
				return reply(500, "")(q)
			}
			return reply(200, "{}")(q)
		})})
		results, err := deliver(t.Context(), r, people(2, func(i int) string { return fmt.Sprint(i) }))
		if ended := count(t, results, 2); err != nil || ended[engine.Delivered] != 2 {
			t.Errorf("outcomes %v, error %v", ended, err)
		}
	})
}

// Events that always fail, before others in the input, must not keep those back.
func TestABadBatchKeepsNobodyBack(t *testing.T) {
	for _, c := range []struct {
		bad    int
		within time.Duration
	}{{8, time.Minute}, {20, 3 * time.Minute}, {100, 10 * time.Minute}} {
		t.Run(fmt.Sprint(c.bad), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				r := newRunnerOf(t, "", runner.Options{Transport: scripted(func(q *http.Request) (*http.Response, error) {
					body, err := io.ReadAll(q.Body)
					if err == nil && strings.Contains(string(body), `"bad`) {
						return reply(500, "")(q)
					}
					return reply(200, "{}")(q)
				})})
				good, last := 1000, time.Duration(0)
				input := io.MultiReader(people(c.bad, func(i int) string { return fmt.Sprint("bad", i) }), people(good, func(i int) string { return fmt.Sprint("u", i) }))
				ended := map[engine.Status]int{}
				err := r.Deliver(t.Context(), runner.ReadEvents(input, engine.Limits{}), func(got runner.Result) {
					if ended[got.Outcome.Status]++; got.Outcome.Status == engine.Delivered {
						last = time.Since(began)
					}
				})
				// When only bad ones are left they cannot be told from a destination
				// that is out of order.
				if _, stopped := errors.AsType[*runner.StopError](err); err != nil && !stopped || ended[engine.Delivered] != good || ended[engine.Unfinished] != c.bad {
					t.Errorf("outcomes %v, error %v", ended, err)
				}
				if last > c.within {
					t.Errorf("the last good one was delivered after %s", last)
				}
			})
		})
	}
}

// What waited for the destination to come back keeps the limits all the same.
func TestLimitsHoldWhenTheDestinationComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		calls := newStopwatch(func(q *http.Request) (*http.Response, error) {
			if time.Since(began) < 2*time.Minute {
				return reply(500, "")(q)
			}
			return reply(200, "{}")(q)
		})
		r := newRunnerOf(t, "rate_limits: {saves: {calls: 1, per: 1s, of: POST people.json}}", runner.Options{Transport: calls, Concurrency: 50})
		results, err := deliver(t.Context(), r, people(100, func(i int) string { return fmt.Sprint(i) }))
		if ended := count(t, results, 100); err != nil || ended[engine.Delivered] != 100 {
			t.Errorf("outcomes %v, error %v", ended, err)
		}
		if got := most(calls.all(), time.Second); got > 1 {
			t.Errorf("%d calls in a second", got)
		}
	})
}

// A pause is told as what it is, whatever else events waited for before.
func TestAPauseIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunnerOf(t, quickCircuit, runner.Options{Transport: reply(500, ""), Concurrency: 8})
		ctx, cancel := contextWithTimeout(t, time.Minute)
		defer cancel()
		go func() { _, _ = deliver(ctx, r, people(100, func(i int) string { return fmt.Sprint(i) })) }()
		time.Sleep(15 * time.Second)
		waits := r.Waits()
		if len(waits) == 0 || waits[0].For != "Acme CRM to recover" || time.Until(waits[0].Until) <= 0 {
			t.Errorf("waits %v", waits)
		}
		<-ctx.Done()
		synctest.Wait()
	})
}
