package runner_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// inOrder fails where the results of a user are not in the order of the lines.
func inOrder(t *testing.T, results []runner.Result) {
	t.Helper()
	last := map[string]int{}
	for _, r := range results {
		_, user, _ := strings.Cut(string(r.Record.Event), `"userId":"`)
		user, _, _ = strings.Cut(user, `"`)
		if r.Record.Line < last[user] {
			t.Fatalf("line %d of user %s comes after line %d", r.Record.Line, user, last[user])
		}
		last[user] = r.Record.Line
	}
}

// Replaying dead letters that are out of order would write one user's events in
// the wrong order.
func TestResultsOfOneUserStayInOrder(t *testing.T) {
	refusedAt := func(n int) scripted {
		calls := 0
		return func(q *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			if calls++; calls == n {
				return reply(401, "")(q)
			}
			return reply(200, "{}")(q)
		}
	}
	for _, c := range []struct {
		name      string
		transport scripted
		until     time.Duration
	}{
		{"normal", refusedAt(0), time.Hour},
		{"refused", refusedAt(5), time.Hour},
		{"cancelled", refusedAt(0), 4500 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), c.until)
				defer cancel()
				r := newRunner(t, runner.Options{Transport: c.transport, Concurrency: 1})
				results, _ := deliver(ctx, r, people(300, func(i int) string { return fmt.Sprint(i % 3) }))
				count(t, results, len(results))
				inOrder(t, results)
			})
		})
	}
}

// A dead letter that is only reported again keeps its place, too.
func TestUncertainEventsStayInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines strings.Builder
		for i := range 50 {
			fmt.Fprintf(&lines, "%s\n{\"deskrules_dead_letter\":1,\"outcome\":\"uncertain\",\"event\":%s}\n", person("a", i%10), person("a", i%10))
		}
		r := newRunner(t, runner.Options{Transport: newTally()})
		results, err := deliver(t.Context(), r, strings.NewReader(lines.String()))
		if err != nil || count(t, results, 100)[engine.Uncertain] != 50 {
			t.Errorf("%d results, error %v", len(results), err)
		}
		inOrder(t, results)
	})
}

// A result is out before the next event of its user is begun: if the process
// dies in between, no later event was delivered in the place of a lost one.
func TestAResultIsOutBeforeTheNextEventBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Int64
		r := newRunner(t, runner.Options{Transport: scripted(func(q *http.Request) (*http.Response, error) {
			if begun.Add(1) == 1 {
				time.Sleep(time.Second) // until the others wait behind it
			}
			return reply(200, "{}")(q)
		})})
		ended := 0
		err := r.Deliver(t.Context(), runner.ReadEvents(people(20, func(int) string { return "a" }), engine.Limits{}), func(runner.Result) {
			ended++
			time.Sleep(time.Second)
			if n := begun.Load(); n > int64(ended)+1 {
				t.Errorf("%d have begun and %d have ended", n, ended)
			}
		})
		if err != nil || ended != 20 {
			t.Errorf("%d results, error %v", ended, err)
		}
	})
}
