package runner

import (
	"context"
	"time"
)

// A Clock tells the time and waits. It must be safe for concurrent use.
type Clock interface {
	// Now is read for the age of remembered values, for dates in Retry-After
	// and for how long a request has been tried.
	Now() time.Time
	// Sleep waits for d, or returns ctx.Err() as soon as ctx is done.
	Sleep(ctx context.Context, d time.Duration) error
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
