package runner

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
)

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		header string
		want   time.Duration
	}{
		{"", 0},
		{"0", 0},
		{"7", 7 * time.Second},
		{"-7", 0},
		{"+7", 0},
		{"7.5", 0},
		{"soon", 0},
		{"18446744073709551615", 0},
		{"9223372036854775807", 365 * 24 * time.Hour},
		{"Sat, 01 Aug 2026 12:01:30 GMT", 90 * time.Second},
		{"Saturday, 01-Aug-26 12:01:30 GMT", 90 * time.Second},
		{"Sat Aug  1 12:01:30 2026", 90 * time.Second},
		{"Sat, 01 Aug 2026 11:59:59 GMT", 0},
	} {
		if got := parseRetryAfter(c.header, now); got != c.want {
			t.Errorf("%q is %s, want %s", c.header, got, c.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	policy := engine.Retry{First: time.Second, Most: 10 * time.Second, Jitter: 0.5}
	for _, c := range []struct {
		attempts int
		chance   float64
		want     time.Duration
	}{
		{1, 0, time.Second},
		{2, 0, 2 * time.Second},
		{4, 0, 8 * time.Second},
		{5, 0, 10 * time.Second},
		{1_000_000, 0, 10 * time.Second},
		{4, 0.5, 6 * time.Second},
		{4, 1, 4 * time.Second},
	} {
		if got := backoff(policy, c.attempts, c.chance); got != c.want {
			t.Errorf("after %d calls and chance %g: %s, want %s", c.attempts, c.chance, got, c.want)
		}
	}
	if got := backoff(engine.Retry{}, 3, 1); got != 0 {
		t.Errorf("no policy waits %s", got)
	}
}

// An event that gives up its place must not let those behind it pass the one
// before it.
func TestOrderKeepsThePlaceOfOneThatGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrder()
		first, second, third := o.join([]string{"a"}), o.join([]string{"a", "b"}), o.join([]string{"b"})
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		second.wait(cancelled, t.Context())
		second.leave()

		passed := false
		go func() { third.wait(t.Context(), t.Context()); passed = true }()
		synctest.Wait()
		if passed {
			t.Fatal("the third did not wait for the first")
		}
		first.leave()
		synctest.Wait()
		if !passed {
			t.Fatal("the third still waits")
		}
		third.leave()
		if len(o.last) > 0 {
			t.Errorf("%d keys are kept for nobody", len(o.last))
		}
	})
}

func TestOrderDoesNotWaitForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrder()
		twice := o.join([]string{"a", "a"})
		twice.wait(t.Context(), t.Context())
		twice.leave()
	})
}
