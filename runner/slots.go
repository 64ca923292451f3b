package runner

import "sync"

// slots bounds how many events are worked on at once. An event that has to
// wait for something of its own gives its slot away meanwhile, and comes before
// new ones when it goes on: what has begun is to end.
type slots struct {
	begin func(*work) // an event that has a slot, without waiting for its end

	mu      sync.Mutex
	free    int
	resumed []chan struct{}
	fresh   []*work
}

func newSlots(n int, begin func(*work)) *slots { return &slots{free: n, begin: begin} }

// enter has an event begun as soon as there is a slot for it.
func (s *slots) enter(w *work) {
	if !s.take(func() { s.fresh = append(s.fresh, w) }) {
		return
	}
	s.begin(w)
}

// resume waits for a slot for an event that had one before.
func (s *slots) resume() {
	turn := make(chan struct{})
	if !s.take(func() { s.resumed = append(s.resumed, turn) }) {
		<-turn
	}
}

// take takes a slot, or has somebody stand in line where none is free.
func (s *slots) take(queue func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == 0 {
		queue()
		return false
	}
	s.free--
	return true
}

// leave gives the slot to whoever waits first.
func (s *slots) leave() {
	if w := s.pass(); w != nil {
		s.begin(w)
	}
}

// pass gives the slot to whoever waits first. Where that is an event that is to
// begin, the caller has to begin it.
func (s *slots) pass() *work {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.resumed) > 0:
		close(s.resumed[0])
		s.resumed = s.resumed[1:]
	case len(s.fresh) > 0:
		w := s.fresh[0]
		s.fresh[0] = nil // the queue is to keep nothing of it
		s.fresh = s.fresh[1:]
		return w
	default:
		s.free++
	}
	return nil
}
