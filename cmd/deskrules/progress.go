package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// redrawEvery keeps the line calm, and the terminal from being the bottleneck.
const redrawEvery = 100 * time.Millisecond

// A progress is the one line that shows how far a run has come. Where nobody
// watches it is silent. Everything else that goes to the same stream passes
// through [progress.Write], so that the line never ends up among it.
type progress struct {
	w     io.Writer
	live  bool
	style style
	begun time.Time

	mu    sync.Mutex // log lines come from other goroutines
	drawn time.Time
	shown bool
}

func newProgress(sh shell) *progress {
	return &progress{w: sh.err, live: isTerminal(sh.err), style: styleFor(sh.err, sh.env), begun: time.Now()}
}

// show brings the line up to date, if it is time.
func (p *progress) show(t *tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.live || now.Sub(p.drawn) < redrawEvery {
		return
	}
	p.erase()
	fmt.Fprint(p.w, shorten(progressLine(t, now.Sub(p.begun)), columns-1))
	p.drawn, p.shown = now, true
}

// end takes the line away: the summary says the same and more.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.live = false
}

// Write prints something else above the line.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.drawn = time.Time{}
	return p.w.Write(text)
}

func (p *progress) erase() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// progressLine is what the line says.
func progressLine(t *tally, since time.Duration) string {
	parts := []string{count(t.events, "event")}
	for _, status := range statuses() {
		if n := t.outcomes[status]; n > 0 {
			parts = append(parts, thousands(n)+" "+string(status))
		}
	}
	if seconds := since.Seconds(); seconds >= 1 {
		parts = append(parts, thousands(int(float64(t.events)/seconds+0.5))+"/s")
	}
	return strings.Join(parts, "  ")
}

// statuses lists how events end, the best end first.
func statuses() []engine.Status {
	return []engine.Status{
		engine.Delivered, engine.Ignored, engine.Rejected, engine.Failed, engine.Unfinished, engine.Uncertain,
	}
}
