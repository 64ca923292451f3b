package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// deliver collects the results of lines.
func deliver(ctx context.Context, r *runner.Runner, input io.Reader) ([]runner.Result, error) {
	var results []runner.Result
	err := r.Deliver(ctx, runner.ReadEvents(input, engine.Limits{}), func(got runner.Result) { results = append(results, got) })
	return results, err
}

// count counts results by outcome, and fails where a line has not exactly one.
func count(t *testing.T, results []runner.Result, lines int) map[engine.Status]int {
	t.Helper()
	outcomes, seen := map[engine.Status]int{}, map[int]int{}
	for _, r := range results {
		outcomes[r.Outcome.Status]++
		seen[r.Record.Line]++
	}
	for line := 1; line <= lines; line++ {
		if seen[line] != 1 {
			t.Errorf("line %d has %d results", line, seen[line])
		}
	}
	if len(results) != lines {
		t.Errorf("%d results for %d lines", len(results), lines)
	}
	return outcomes
}

func people(n int, id func(int) string) io.Reader {
	var lines strings.Builder
	for i := range n {
		lines.WriteString(person(id(i), i%10) + "\n")
	}
	return strings.NewReader(lines.String())
}

func TestDeliverGivesEveryRecordOneResult(t *testing.T) {
	r := newRunner(t, runner.Options{Transport: reply(200, `{}`)})
	input := identify + "\n" + track + "\n\n{\"type\":\n{\"type\":\"page\"}\n" + strings.Repeat("x", 600<<10) + "\n" +
		`{"deskrules_dead_letter":1,"outcome":"uncertain","event":` + track + `}`
	var report bytes.Buffer
	lines := runner.NewReport(&report)
	got := map[int]runner.Result{}
	err := r.Deliver(t.Context(), runner.ReadEvents(strings.NewReader(input), engine.Limits{}), func(result runner.Result) {
		got[result.Record.Line] = result
		if err := lines.Write(result); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]engine.Status{
		1: engine.Delivered, 2: engine.Delivered, 4: engine.Rejected, 5: engine.Ignored, 6: engine.Rejected, 7: engine.Uncertain,
	}
	for line, status := range want {
		if got[line].Outcome.Status != status {
			t.Errorf("line %d is %s (%s), want %s", line, got[line].Outcome.Status, got[line].Outcome.Reason, status)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d results, want %d", len(got), len(want))
	}
	if got[1].Type != "identify" || got[1].MessageID != "m1" {
		t.Errorf("line 1 is %+v", got[1])
	}
	const line1 = `{"line":1,"message_id":"m1","type":"identify","rules":["save"],"outcome":"delivered","error":"","warnings":[],"requests":[{"method":"POST","path":"people.json","status":200,"attempts":1}]}` + "\n"
	if !strings.Contains(report.String(), line1) {
		t.Errorf("the report has no %s:\n%s", line1, &report)
	}
}

func TestDeliverSendsUncertainEventsAgainOnRequestOnly(t *testing.T) {
	letter := `{"deskrules_dead_letter":1,"outcome":"uncertain","event":` + track + `}`
	for again, want := range map[bool]engine.Status{false: engine.Uncertain, true: engine.Delivered} {
		r := newRunner(t, runner.Options{Transport: reply(200, `{}`), RetryUncertain: again})
		results, err := deliver(t.Context(), r, strings.NewReader(letter))
		if err != nil || len(results) != 1 || results[0].Outcome.Status != want {
			t.Errorf("RetryUncertain %t: %+v, error %v", again, results, err)
		}
		if string(results[0].Record.Event) != track {
			t.Errorf("the event is %s", results[0].Record.Event)
		}
	}
}

func TestDeliverKeepsOrderAndConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := newTally()
		r := newRunner(t, runner.Options{Transport: calls, Concurrency: 3})
		// Thirty of one user come first; they must not keep the others waiting.
		input := io.MultiReader(people(30, func(int) string { return "a" }), people(15, func(i int) string { return fmt.Sprint("u", i) }))
		began, others := time.Now(), time.Duration(0)
		ended := map[engine.Status]int{}
		err := r.Deliver(t.Context(), runner.ReadEvents(input, engine.Limits{}), func(got runner.Result) {
			ended[got.Outcome.Status]++
			if !bytes.Contains(got.Record.Event, []byte(`"userId":"a"`)) {
				others = time.Since(began)
			}
		})
		if err != nil || ended[engine.Delivered] != 45 {
			t.Errorf("%v, error %v", ended, err)
		}
		if calls.seen["a"] != "012345678901234567890123456789" || calls.most["a"] != 1 || calls.most["all"] != 3 {
			t.Errorf("order %s, at most at once %d of a and %d of all", calls.seen["a"], calls.most["a"], calls.most["all"])
		}
		if others > 9*time.Second {
			t.Errorf("the others took %s", others)
		}
	})
}

func TestDeliverDoesNotReadTooFarAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(t, runner.Options{Transport: newTally(), Concurrency: 2})
		var read, ended atomic.Int64
		var records iter.Seq2[runner.Record, error] = func(yield func(runner.Record, error) bool) {
			for read.Load() < 5000 && yield(runner.Record{Event: []byte(person("a", 1))}, nil) {
				if ahead := read.Add(1) - ended.Load(); ahead > 2001 {
					t.Errorf("%d were read ahead", ahead)
				}
			}
		}
		if err := r.Deliver(t.Context(), records, func(runner.Result) { ended.Add(1) }); err != nil || ended.Load() != 5000 {
			t.Errorf("%d results, error %v", ended.Load(), err)
		}
	})
}

func TestDeliverReportsEverythingAfterAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		r := newRunner(t, runner.Options{Concurrency: 1, Transport: scripted(func(q *http.Request) (*http.Response, error) {
			if calls++; calls == 5 {
				return reply(401, "")(q)
			}
			return reply(200, "{}")(q)
		})})
		results, err := deliver(t.Context(), r, people(1000, func(i int) string { return fmt.Sprint(i % 7) }))
		if _, ok := errors.AsType[*runner.StopError](err); !ok || calls != 5 {
			t.Errorf("%d calls, error %v", calls, err)
		}
		outcomes := count(t, results, 1000)
		if outcomes[engine.Delivered] != 4 || outcomes[engine.Unfinished] != 996 {
			t.Errorf("outcomes %v", outcomes)
		}
		if last := results[999].Outcome; !strings.HasPrefix(last.Reason, "not tried: ") || len(last.Requests) > 0 {
			t.Errorf("the last is %+v", last)
		}
	})
}

func TestDeliverStopsReadingWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer cancel()
		calls := newTally()
		r := newRunner(t, runner.Options{Transport: calls, Concurrency: 2})
		began := time.Now()
		results, err := deliver(ctx, r, people(10_000, func(i int) string { return fmt.Sprint(i) }))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("took %s", took)
		}
		outcomes := count(t, results, len(results))
		if outcomes[engine.Delivered] != 10 || len(results) > 2100 || outcomes[engine.Unfinished] != len(results)-10 {
			t.Errorf("outcomes %v", outcomes)
		}
	})
}

// A reader that never returns must not hold a cancelled run.
func TestDeliverDoesNotWaitForABlockedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		defer writer.Close()
		ctx, cancel := context.WithCancel(t.Context())
		r := newRunner(t, runner.Options{Transport: reply(200, "{}")})
		go func() {
			_, _ = io.WriteString(writer, identify+"\n")
			synctest.Wait()
			cancel()
		}()
		results, err := deliver(ctx, r, reader)
		if !errors.Is(err, context.Canceled) || count(t, results, 1)[engine.Delivered] != 1 {
			t.Errorf("%+v, error %v", results, err)
		}
	})
}

// Whoever watches a live input is told at once that nothing is sent any more.
func TestStoppedTellsWithTheResult(t *testing.T) {
	r := newRunner(t, runner.Options{Transport: reply(401, "")})
	if stop := r.Stopped(); stop != nil {
		t.Errorf("stopped before it began: %v", stop)
	}
	var stops []*runner.StopError
	_ = r.Deliver(t.Context(), runner.ReadEvents(people(3, func(int) string { return "a" }), engine.Limits{}), func(runner.Result) {
		stops = append(stops, r.Stopped())
	})
	if len(stops) != 3 || stops[0] == nil || stops[0].Status != 401 {
		t.Errorf("stops %v", stops)
	}
}

// What the caller must put right is said even if the run is cancelled later.
func TestDeliverReturnsTheStopBeforeTheCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		defer writer.Close()
		ctx, cancel := context.WithCancel(t.Context())
		r := newRunner(t, runner.Options{Transport: reply(401, "")})
		go func() {
			_, _ = io.WriteString(writer, identify+"\n")
			synctest.Wait()
			cancel()
		}()
		results, err := deliver(ctx, r, reader)
		if _, ok := errors.AsType[*runner.StopError](err); !ok || count(t, results, 1)[engine.Unfinished] != 1 {
			t.Errorf("%+v, error %v", results, err)
		}
	})
}

func TestDeliverEndsWithAnUnreadableInput(t *testing.T) {
	onFire := errors.New("disk on fire")
	r := newRunner(t, runner.Options{Transport: reply(200, "{}")})
	results, err := deliver(t.Context(), r, io.MultiReader(strings.NewReader(identify+"\n"+track+"\n"), iotest.ErrReader(onFire)))
	if !errors.Is(err, onFire) || err.Error() != "reading events: line 3: disk on fire" {
		t.Errorf("error %v", err)
	}
	if count(t, results, 2)[engine.Delivered] != 2 {
		t.Errorf("results %+v", results)
	}
}
