package runner

import "sync"

// slots bounds how many events are worked on at once. An event that has to
// wait for something of its own gives its slot away meanwhile, and comes before
// new ones when it goes on: what has begun is to end.
type slots struct {
	mu      sync.Mutex
	free    int
	resumed []chan struct{}
	fresh   []chan struct{}
}

func newSlots(n int) *slots { return &slots{free: n} }

// enter waits for a slot for an event that begins.
func (s *slots) enter() { s.wait(&s.fresh) }

// resume waits for a slot for an event that had one before.
func (s *slots) resume() { s.wait(&s.resumed) }

func (s *slots) wait(queue *[]chan struct{}) {
	s.mu.Lock()
	if s.free > 0 {
		s.free--
		s.mu.Unlock()
		return
	}
	turn := make(chan struct{})
	*queue = append(*queue, turn)
	s.mu.Unlock()
	<-turn
}

// leave gives the slot to whoever waits first.
func (s *slots) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, queue := range []*[]chan struct{}{&s.resumed, &s.fresh} {
		if len(*queue) > 0 {
			close((*queue)[0])
			*queue = (*queue)[1:]
			return
		}
	}
	s.free++
}
