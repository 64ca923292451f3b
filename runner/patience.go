package runner

import (
	"context"
	"sync"
	"time"
)

// patience ends calls that take too long. A context with a timeout for each call
// was a third of what a call cost beside net/http, though hardly any call ends by
// it: what kept the time of one that did not is used again for the next.
type patience struct {
	limit time.Duration
	idle  sync.Pool
}

// A watch is done when the time of a call is over.
type watch struct {
	context.Context
	timer *time.Timer
}

func newWatch(limit time.Duration) *watch {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &watch{ctx, time.AfterFunc(limit, func() { cancel(context.DeadlineExceeded) })}
}

// begin gives the context of a call: it ends with the time of the call, and has
// the values of ctx, but not its end. end is for when the call is over, but the
// context goes on until the next call is: this is for a transport that does not
// wait for the end of a context to clear up behind a call.
func (p *patience) begin(ctx context.Context) (timed context.Context, end func()) {
	w, there := p.idle.Get().(*watch)
	if there {
		w.timer.Reset(p.limit)
	} else {
		w = newWatch(p.limit)
	}
	return valued{w.Context, ctx}, func() {
		if w.timer.Stop() { // or else it is done, or about to be
			p.idle.Put(w)
		}
	}
}

// valued is a context with the values of another.
type valued struct {
	context.Context
	values context.Context
}

// Value implements [context.Context].
func (v valued) Value(key any) any {
	if own := v.Context.Value(key); own != nil {
		return own
	}
	return v.values.Value(key)
}
