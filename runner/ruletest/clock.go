package ruletest

import (
	"context"
	"sync"
	"time"
)

// A Clock is the [runner.Clock] of a case: it stands still but for Sleep, which
// takes no real time. So every run of a case sees the same times, and waiting
// costs nothing.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that starts where all do: on 2026-01-02 at 03:04:05
// UTC.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// Now returns the time of the case.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep advances the time of the case by d, unless ctx is done.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(d, 0))
	return nil
}
