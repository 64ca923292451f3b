package runner

// hands are goroutines that work for one event after the other. A goroutine of
// its own for each event would have to grow its stack each time, which takes
// longer than everything else that the runner does for an event.
type hands struct {
	work chan func()
	idle chan struct{} // holds a value for each that has nothing to do
	quit <-chan struct{}
}

// newHands keeps as many as n of them while they have nothing to do, until quit
// is closed.
func newHands(n int, quit <-chan struct{}) *hands {
	return &hands{work: make(chan func()), idle: make(chan struct{}, n), quit: quit}
}

// do has something done and does not wait for it.
func (h *hands) do(f func()) {
	select {
	case h.work <- f:
	default:
		go h.serve(f)
	}
}

func (h *hands) serve(f func()) {
	for {
		f()
		select {
		case h.idle <- struct{}{}:
		default:
			return
		}
		select {
		case f = <-h.work:
			<-h.idle
		case <-h.quit:
			return
		}
	}
}
