package runner

import (
	"context"
	"sync"
)

// order lets events that share a key pass one after the other, first come
// first served. All keys of an event are taken in one step, so every event
// waits only for events that came before it, and no two wait for each other.
type order struct {
	mu   sync.Mutex
	last map[string]*turn // the latest event of each key that is not over
}

// A turn is the place of one event in the order.
type turn struct {
	order *order
	keys  []string
	after []<-chan struct{} // closed when the events before are over
	over  chan struct{}     // nil while no event stands behind this one
}

func newOrder() *order { return &order{last: map[string]*turn{}} }

// join takes a place behind every earlier event that has one of the keys.
func (o *order) join(keys []string) *turn {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := &turn{order: o, keys: keys}
	for _, key := range keys {
		if before := o.last[key]; before != nil && before != t {
			t.after = append(t.after, before.ending())
		}
		o.last[key] = t
	}
	return t
}

// ending is closed when the event is over. The lock of the order is held.
func (t *turn) ending() <-chan struct{} {
	if t.over == nil {
		t.over = make(chan struct{})
	}
	return t.over
}

// due reports whether it is this event's turn.
func (t *turn) due() bool {
	for _, over := range t.after {
		select {
		case <-over:
		default:
			return false
		}
	}
	return true
}

// wait returns when it is this event's turn, or when ctx or halted is done.
func (t *turn) wait(ctx, halted context.Context) {
	for _, over := range t.after {
		select {
		case <-over:
		case <-ctx.Done():
			return
		case <-halted.Done():
			return
		}
	}
}

// await returns when it is this event's turn, however long that takes.
func (t *turn) await() {
	for _, over := range t.after {
		<-over
	}
}

// leave lets the next events go. An event that gave up before its turn came
// still stands between those before and those behind it: its place is kept
// until the ones before are over.
func (t *turn) leave() {
	if !t.due() {
		go t.leaveLater()
		return
	}
	t.end()
}

func (t *turn) leaveLater() {
	t.await()
	t.end()
}

func (t *turn) end() {
	t.order.mu.Lock()
	defer t.order.mu.Unlock()
	for _, key := range t.keys {
		if t.order.last[key] == t {
			delete(t.order.last, key)
		}
	}
	if t.over != nil {
		close(t.over)
	}
}
