package runner

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// However much there is to do at once, no more than n stay for what comes next,
// and none behind the end.
func TestHandsStayAndLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quit := make(chan struct{})
		h := newHands(2, quit)
		var done atomic.Int64
		for range 3 {
			var begun sync.WaitGroup
			release := make(chan struct{})
			for range 10 {
				begun.Add(1)
				h.do(func() { begun.Done(); <-release; done.Add(1) })
			}
			begun.Wait()
			close(release)
			synctest.Wait()
			if len(h.idle) != 2 {
				t.Errorf("%d stay", len(h.idle))
			}
		}
		if done.Load() != 30 {
			t.Errorf("%d of 30 were done", done.Load())
		}
		close(quit) // the bubble does not end while any of them is there
	})
}
