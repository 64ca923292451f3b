package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// An advance is how far a comparison has come, whichever of its batches are under
// way.
type advance struct {
	progress *progress

	mu      sync.Mutex
	now     progressed
	changed int
}

func newAdvance(sh shell, events inputs) *advance {
	a := &advance{progress: newProgress(sh)}
	a.progress.total = events.size()
	a.progress.show(a.now)
	return a
}

// add counts an event that was compared.
func (a *advance) add(event placedRecord, changes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now.events++
	a.now.bytes += int64(len(event.Event)) + 1 // the end of the line
	if changes {
		a.changed++
		a.now.ends = []string{thousands(a.changed) + " changed"}
	}
	a.progress.show(a.now)
}

// end takes the line away. It says of a comparison that was interrupted how far
// it came: what a part of the events tells is no report.
func (a *advance) end(w io.Writer, failed error) error {
	a.progress.end()
	if !errors.Is(failed, context.Canceled) {
		return failed
	}
	complain(w, fmt.Sprintf("interrupted after comparing %s: there is no report of a part", count(a.now.events, "event")))
	return exitStatus(statusInterrupted)
}
