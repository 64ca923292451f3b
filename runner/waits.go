package runner

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// A Wait is something that keeps events from going on.
type Wait struct {
	// For says what it is, in words that hold no event data.
	For string
	// Events is how many events wait for it, at least 1.
	Events int
	// Until is when the first of them goes on.
	Until time.Time
}

// Waits tells what events are waiting for at this moment, most of them first.
// Events that wait for an earlier one of the same ordering key are not counted.
func (r *Runner) Waits() []Wait { return r.waits.list() }

// waits counts who waits for what.
type waits struct {
	mu  sync.Mutex
	all map[string]map[*time.Time]bool // until when, by what for
}

func newWaits() *waits { return &waits{all: map[string]map[*time.Time]bool{}} }

// begin notes one that waits, until the function it returns is called.
func (w *waits) begin(what string, until time.Time) (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all[what] == nil {
		w.all[what] = map[*time.Time]bool{}
	}
	entry := &until
	w.all[what][entry] = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if delete(w.all[what], entry); len(w.all[what]) == 0 {
			delete(w.all, what)
		}
	}
}

func (w *waits) list() []Wait {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Wait
	for what, entries := range w.all {
		one := Wait{For: what, Events: len(entries)}
		for until := range entries {
			if one.Until.IsZero() || until.Before(one.Until) {
				one.Until = *until
			}
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Wait) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.For, b.For))
	})
	return list
}

// away gives a slot to others until the function it returns is called; nil is
// none to give.
func (r *Runner) away(s *slots) (back func()) {
	if s == nil {
		return func() {}
	}
	s.leave()
	return s.resume
}

// pause waits, and lets others have the slot of the event meanwhile, if it is
// given. Its error says that the wait was cut.
func (r *Runner) pause(ctx context.Context, away *slots, what string, d time.Duration) error {
	defer r.away(away)()
	defer r.waits.begin(what, r.clock.Now().Add(d))()
	ctx, cancel := r.untilHalted(ctx)
	defer cancel()
	return r.clock.Sleep(ctx, d)
}
