package runner_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// crmWith is the made-up destination with more in its file.
func crmWith(more string) fstest.MapFS {
	files := crm()
	destination := files["crm/destination.yaml"]
	files["crm/destination.yaml"] = &fstest.MapFile{Data: append([]byte(string(destination.Data)), more...)}
	return files
}

func newRunnerOf(t *testing.T, more string, o runner.Options) *runner.Runner {
	t.Helper()
	program, err := engine.Load(crmWith(more), "crm")
	if err != nil {
		t.Fatal(err)
	}
	if o.Settings == nil {
		o.Settings = program.Examples()
	}
	r, err := runner.New(program, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A stopwatch notes when each path was called.
type stopwatch struct {
	began  time.Time
	answer scripted

	mu    sync.Mutex
	calls map[string][]time.Duration
}

func newStopwatch(answer scripted) *stopwatch {
	return &stopwatch{began: time.Now(), answer: answer, calls: map[string][]time.Duration{}}
}

func (s *stopwatch) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	path := strings.TrimPrefix(r.URL.Path, "/api/")
	s.calls[path] = append(s.calls[path], time.Since(s.began))
	s.mu.Unlock()
	return s.answer(r)
}

func (s *stopwatch) all() (all []time.Duration) {
	for _, times := range s.calls {
		all = append(all, times...)
	}
	return all
}

// most is the greatest number of calls in any stretch of time of that length.
func most(times []time.Duration, per time.Duration) int {
	found := 0
	for _, from := range times {
		n := 0
		for _, at := range times {
			if at >= from && at < from+per {
				n++
			}
		}
		found = max(found, n)
	}
	return found
}

// tracks are track events of one user.
func tracks(user string, n int) io.Reader {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, `{"type":"track","userId":%q,"event":"Paid"}`+"\n", user)
	}
	return strings.NewReader(b.String())
}

func TestCallsKeepBelowARateLimit(t *testing.T) {
	for _, c := range []struct {
		name, limits string
		path         string // whose calls are counted; empty is all
		calls        int
		per          time.Duration
		took         time.Duration // of 30 identify events and 30 track events, of 30 users
	}{
		{"of all calls", "rate_limits: {account: {calls: 10, per: 1m}}", "", 10, time.Minute, 5 * time.Minute},
		{"one a second", "rate_limits: {saves: {calls: 1, per: 1s, of: POST people.json}}", "people.json", 1, time.Second, 29 * time.Second},
		{"of one path", "rate_limits: {saves: {calls: 10, per: 1m, of: people.json}}", "people.json", 10, time.Minute, 2 * time.Minute},
		{"of another method", "rate_limits: {saves: {calls: 1, per: 1m, of: GET people.json}}", "", 60, time.Minute, 0},
		{"two at once", "rate_limits: {account: {calls: 30, per: 1m}, notes: {calls: 1, per: 1s, of: people/*/notes.json}}", "", 30, time.Minute, time.Minute},
		{"each user", "rate_limits: {one user: {calls: 1, per: 1m, each: event.userId}}", "", 60, time.Minute, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := newStopwatch(reply(200, "{}"))
				r := newRunnerOf(t, c.limits, runner.Options{Transport: calls})
				var notes []io.Reader
				for i := range 30 {
					notes = append(notes, tracks(fmt.Sprint("u", i), 1))
				}
				input := io.MultiReader(append([]io.Reader{people(30, func(i int) string { return fmt.Sprint("u", i) })}, notes...)...)
				results, err := deliver(t.Context(), r, input)
				if ended := count(t, results, 60); err != nil || ended[engine.Delivered] != 60 {
					t.Fatalf("outcomes %v, error %v", ended, err)
				}
				counted := calls.calls[c.path]
				if c.path == "" {
					counted = calls.all()
				}
				if got := most(counted, c.per); got > c.calls {
					t.Errorf("%d calls in %s", got, c.per)
				}
				if took := time.Since(calls.began); took < c.took || took > c.took*3/2+2*time.Second {
					t.Errorf("took %s, want %s", took, c.took)
				}
			})
		})
	}
}

// The events of a user who has used up a limit must not hold up those of others.
func TestALimitOfOneUserHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := newStopwatch(reply(200, "{}"))
		r := newRunnerOf(t, "rate_limits: {one user: {calls: 2, per: 1m, each: event.userId}}", runner.Options{Transport: calls, Concurrency: 2})
		var hot []io.Reader
		for i := range 5 {
			hot = append(hot, tracks(fmt.Sprint("hot", i), 10))
		}
		input := io.MultiReader(append(hot, people(100, func(i int) string { return fmt.Sprint("u", i) }))...)
		results, err := deliver(t.Context(), r, input)
		if ended := count(t, results, 150); err != nil || ended[engine.Delivered] != 150 {
			t.Fatalf("outcomes %v, error %v", ended, err)
		}
		others := calls.calls["people.json"]
		if last := others[len(others)-1]; last != 0 {
			t.Errorf("the last of the others was called after %s", last)
		}
		if took := time.Since(calls.began); took < 4*time.Minute || took > 4*time.Minute+time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestNoMoreEventsThanConcurrencyAreWorkedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := newTally()
		r := newRunnerOf(t, "rate_limits: {one user: {calls: 1, per: 1s, each: event.userId}}", runner.Options{Transport: calls, Concurrency: 3})
		results, err := deliver(t.Context(), r, people(60, func(i int) string { return fmt.Sprint("u", i%20) }))
		if ended := count(t, results, 60); err != nil || ended[engine.Delivered] != 60 || calls.most["all"] != 3 {
			t.Errorf("outcomes %v, at most %d at once, error %v", ended, calls.most["all"], err)
		}
	})
}

// Other programs use the same account: the destination tells what they left.
func TestTheDestinationTellsWhatIsLeft(t *testing.T) {
	const limit = "rate_limits: {account: {calls: 100, per: 1m, remaining: X-Left, reset: X-Reset}}"
	for _, c := range []struct {
		name, left, reset string
		took              time.Duration // of 10 events
	}{
		{"nothing", "0", "20", 9 * 20 * time.Second},
		{"enough", "50", "20", 0},
		{"no number", "many", "20", 0},
		{"no time", "0", "-1", 0},
		{"three", "3", "30", 2 * 30 * time.Second},
		{"a window longer than the limit", "0", "31000000", 9 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRunnerOf(t, limit, runner.Options{Transport: reply(200, "{}", "X-Left: "+c.left, "X-Reset: "+c.reset), Concurrency: 1})
				began := time.Now()
				if results, err := deliver(t.Context(), r, people(10, func(i int) string { return fmt.Sprint(i) })); err != nil || len(results) != 10 {
					t.Errorf("%d results, error %v", len(results), err)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("took %s, want %s", took, c.took)
				}
			})
		})
	}
}

// A refusal for a limit holds back whatever would meet it as well, and uses up
// no attempts of others.
func TestARefusalHoldsBackWhatItConcerns(t *testing.T) {
	const both = `rate_limits:
  account: {calls: 1000, per: 1m, remaining: X-Left, reset: X-Reset}
  one user: {calls: 1000, per: 1m, each: event.userId}`
	for _, c := range []struct {
		name, limits string
		refusal      scripted
		others       time.Duration // when the event of another user is sent
	}{
		{"no limit is declared", "", reply(429, "", "Retry-After: 60"), time.Minute},
		{"the headers blame the account", both, reply(429, "", "Retry-After: 60", "X-Left: 0", "X-Reset: 60"), time.Minute},
		{"the headers do not tell", both, reply(429, "", "Retry-After: 60"), time.Minute},
		{"the headers clear the account", both, reply(429, "", "Retry-After: 60", "X-Left: 7", "X-Reset: 60"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refused := false
				calls := newStopwatch(func(q *http.Request) (*http.Response, error) {
					if !refused {
						refused = true
						return c.refusal(q)
					}
					return reply(200, "{}")(q)
				})
				r := newRunnerOf(t, c.limits, runner.Options{Transport: calls})
				done := make(chan struct{})
				go func() {
					defer close(done)
					run(t, r, track)
				}()
				synctest.Wait()
				run(t, r, `{"type":"identify","userId":"bob"}`)
				<-done
				if again := calls.calls["people/ann/notes.json"]; len(again) != 2 || again[1] != time.Minute {
					t.Errorf("the refused one was called at %v", again)
				}
				if first := calls.calls["people.json"][0]; first != c.others {
					t.Errorf("the other went on after %s, want %s", first, c.others)
				}
			})
		})
	}
}

func TestALongRefusalStopsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunnerOf(t, "circuit: {stop: 1h}", runner.Options{Transport: reply(429, "", "Retry-After: 3601")})
		results, err := deliver(t.Context(), r, people(100, func(i int) string { return fmt.Sprint(i) }))
		want := "Acme CRM asks to wait for 1h0m1s (status 429), and a run waits for 1h0m0s at most: run again then; what was not tried is unfinished"
		if err == nil || err.Error() != want {
			t.Errorf("error %v", err)
		}
		if ended := count(t, results, 100); ended[engine.Unfinished] != 100 {
			t.Errorf("outcomes %v", ended)
		}
	})
}

func TestWaitsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunnerOf(t, "rate_limits: {account: {calls: 1, per: 1m}}", runner.Options{Transport: reply(200, "{}")})
		if waits := r.Waits(); len(waits) != 0 {
			t.Errorf("at first: %v", waits)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 3 {
				run(t, r, track)
			}
		}()
		time.Sleep(15 * time.Second)
		waits := r.Waits()
		if len(waits) != 1 || waits[0].For != "the rate limit account" || waits[0].Events != 1 || time.Until(waits[0].Until).Round(time.Second) != 45*time.Second {
			t.Errorf("meanwhile: %v", waits)
		}
		<-done
		if waits := r.Waits(); len(waits) != 0 {
			t.Errorf("at the end: %v", waits)
		}
	})
}

func TestUnlimitedKeepsNoLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunnerOf(t, "rate_limits: {account: {calls: 1, per: 1h}}", runner.Options{Transport: reply(200, "{}"), Unlimited: true})
		began := time.Now()
		for range 5 {
			run(t, r, track)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %s", took)
		}
	})
}
