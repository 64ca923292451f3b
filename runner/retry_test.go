package runner_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

func TestRetries(t *testing.T) {
	ok := reply(200, `{}`)
	reset := broken(io.ErrUnexpectedEOF)
	date := func(r *http.Request) (*http.Response, error) {
		return reply(429, "", "Retry-After: "+time.Now().Add(9*time.Second).UTC().Format(http.TimeFormat))(r)
	}
	const never = time.Duration(0)
	for _, c := range []struct {
		name        string
		event       string // identify is idempotent, track is not
		answers     []scripted
		outcome     engine.Status
		attempts    int
		least, most time.Duration
	}{
		{"at once", identify, []scripted{ok}, engine.Delivered, 1, never, never},
		{"as the answer says", identify, []scripted{reply(429, "slow", "Retry-After: 7"), ok}, engine.Delivered, 2, 7 * time.Second, 7 * time.Second},
		{"as the answer says, not idempotent", track, []scripted{reply(429, "", "Retry-After: 7"), ok}, engine.Delivered, 2, 7 * time.Second, 7 * time.Second},
		{"to a date", identify, []scripted{date, ok}, engine.Delivered, 2, 9 * time.Second, 9 * time.Second},
		{"429 without a header", identify, []scripted{reply(429, ""), ok}, engine.Delivered, 2, time.Second / 2, time.Second},
		{"Retry-After of no time", identify, []scripted{reply(429, "", "Retry-After: 0"), ok}, engine.Delivered, 2, time.Second / 2, time.Second},
		{"Retry-After where the policy backs off", identify, []scripted{reply(500, "", "Retry-After: 99"), ok}, engine.Delivered, 2, time.Second / 2, time.Second},
		{"longer each time", identify, []scripted{reply(500, ""), reset, reply(502, ""), ok}, engine.Delivered, 4, 7 * time.Second / 2, 7 * time.Second},
		{"attempts run out", identify, []scripted{reply(500, "")}, engine.Unfinished, 4, 7 * time.Second / 2, 7 * time.Second},
		{"time runs out", identify, []scripted{reply(503, "", "Retry-After: 400")}, engine.Unfinished, 2, 400 * time.Second, 400 * time.Second},
		{"too long to wait at all", identify, []scripted{reply(503, "", "Retry-After: 601")}, engine.Unfinished, 1, never, never},
		{"a limit is waited for", identify, []scripted{reply(429, "", "Retry-After: 1000"), ok}, engine.Delivered, 2, 1000 * time.Second, 1000 * time.Second},
		{"just not too long", identify, []scripted{reply(429, "", "Retry-After: 600"), ok}, engine.Delivered, 2, 600 * time.Second, 600 * time.Second},
		{"refused for good", identify, []scripted{reply(400, `{"message":"no"}`)}, engine.Failed, 1, never, never},
		{"lost, not idempotent", track, []scripted{reset, ok}, engine.Uncertain, 1, never, never},
		{"500, not idempotent", track, []scripted{reply(500, ""), ok}, engine.Uncertain, 1, never, never},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var call runner.Call
				r := newRunner(t, runner.Options{Transport: replies(c.answers...), Observe: func(c runner.Call) { call = c }})
				began := time.Now()
				outcome := run(t, r, c.event)
				if outcome.Status != c.outcome {
					t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
				}
				if took := time.Since(began); took < c.least || took > c.most || call.Took != took {
					t.Errorf("took %s, observed as %s, want %s to %s", took, call.Took, c.least, c.most)
				}
				if call.Attempts != c.attempts || outcome.Requests[0].Attempts != c.attempts {
					t.Errorf("%d attempts, in the outcome %d, want %d", call.Attempts, outcome.Requests[0].Attempts, c.attempts)
				}
			})
		})
	}
}

func TestAStopCutsTheWaitsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(t, runner.Options{Transport: scripted(func(q *http.Request) (*http.Response, error) {
			if q.URL.Path == "/api/people.json" {
				return reply(429, "", "Retry-After: 500")(q)
			}
			time.Sleep(time.Minute)
			return reply(401, "")(q)
		})})
		began := time.Now()
		stopped := make(chan error)
		go func() {
			time.Sleep(time.Second) // the other has to be on its way
			outcome, err := r.Run(t.Context(), []byte(identify))
			if outcome.Status != engine.Unfinished {
				t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
			}
			stopped <- err
		}()
		_, first := r.Run(t.Context(), []byte(`{"type":"track","userId":"bob","event":"x"}`))
		second := <-stopped
		if _, ok := errors.AsType[*runner.StopError](second); !ok || first != second {
			t.Errorf("errors %v and %v", first, second)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

func TestACallHasItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		r := newRunner(t, runner.Options{Transport: runner.InProcess(hang)})
		began := time.Now()
		outcome := run(t, r, track)
		if outcome.Status != engine.Uncertain || outcome.Requests[0].Failure != engine.Timeout {
			t.Errorf("outcome %+v", outcome)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// The rules may read why a call was refused: a refusal that breaks off is asked
// for again, which does no harm.
func TestARefusalThatBreaksOffIsAskedForAgain(t *testing.T) {
	torn := func(status int) scripted {
		return func(r *http.Request) (*http.Response, error) {
			a, err := reply(status, "")(r)
			a.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"message":"we`), iotest.ErrReader(io.ErrUnexpectedEOF)))
			return a, err
		}
	}
	for name, c := range map[string]struct {
		event  string
		status int
		reason string
	}{
		"idempotent":                {identify, 409, "409: Taken"},
		"not idempotent, not taken": {track, 422, "422: Taken"},
		"not idempotent":            {track, 409, "a replay"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRunner(t, runner.Options{Transport: replies(torn(c.status), reply(422, `{"message":"Taken"}`))})
				outcome := run(t, r, c.event)
				if c.reason == "a replay" {
					if outcome.Status != engine.Uncertain {
						t.Errorf("outcome %+v", outcome)
					}
					return
				}
				if outcome.Status != engine.Failed || !strings.Contains(outcome.Reason, "422: Taken") || outcome.Requests[0].Attempts != 2 {
					t.Errorf("outcome %+v", outcome)
				}
			})
		})
	}
}
