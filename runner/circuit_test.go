package runner_test

import (
	"fmt"
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
		if outcome := run(t, r, identify); outcome.Status != engine.Delivered {
			t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
		}
	})
}
