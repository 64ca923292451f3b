package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
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

	total int64                // bytes of the input; 0 where nobody knows
	waits func() []runner.Wait // what the run waits for; nil before it begins

	mu    sync.Mutex // log lines and the clock come from other goroutines
	now   progressed
	drawn time.Time
	shown int // columns of the line that is there
}

// progressed is how far a run has come.
type progressed struct {
	events int
	bytes  int64
	ends   []string // how many events ended how
}

func newProgress(sh shell) *progress {
	return &progress{w: sh.err, live: isTerminal(sh.err), style: styleFor(sh.err, sh.env), begun: time.Now()}
}

// tellWaitEvery is how often a run that nobody watches says what it waits for.
const tellWaitEvery = 30 * time.Second

// watch redraws the line while nothing ends, too, until ctx is done: a run that
// waits has to say what for. Where nobody watches it says so now and then.
func (p *progress) watch(ctx context.Context, waits func() []runner.Wait) {
	p.waits = waits
	every, tell := time.Second, p.draw
	if !p.live {
		every, tell = tellWaitEvery, p.tellWaits
	}
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				tell()
			case <-ctx.Done():
				return
			}
		}
	}()
}

func (p *progress) tellWaits() {
	waits := p.waits()
	if len(waits) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	fmt.Fprintln(p.w, wrap("deskrules: "+p.now.line(now, now.Sub(p.begun), p.total, waits), "  "))
}

// progressed is how far a run has come by its counts.
func (t *tally) progressed() progressed {
	now := progressed{events: t.events, bytes: t.bytes}
	for _, status := range statuses() {
		if n := t.outcomes[status]; n > 0 {
			now.ends = append(now.ends, thousands(n)+" "+string(status))
		}
	}
	return now
}

// show brings the line up to date, if it is time.
func (p *progress) show(now progressed) {
	p.mu.Lock()
	p.now = now
	p.mu.Unlock()
	if p.live {
		p.draw()
	}
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.live || now.Sub(p.drawn) < redrawEvery {
		return
	}
	p.erase()
	var waits []runner.Wait
	if p.waits != nil {
		waits = p.waits()
	}
	line := shorten(p.now.line(now, now.Sub(p.begun), p.total, waits), columns-1)
	fmt.Fprint(p.w, line)
	p.drawn, p.shown = now, utf8.RuneCountInString(line)
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

// erase writes spaces over the line: every terminal knows them, and a person who
// has asked for no colours gets no escape code at all.
func (p *progress) erase() {
	if p.shown > 0 {
		fmt.Fprint(p.w, "\r"+strings.Repeat(" ", p.shown)+"\r")
		p.shown = 0
	}
}

// line is what the line says, what matters most first: the end of a long line is
// cut off.
func (p progressed) line(now time.Time, since time.Duration, total int64, waits []runner.Wait) string {
	parts := []string{count(p.events, "event")}
	seconds := since.Seconds()
	if seconds >= 1 {
		parts = append(parts, rate(float64(p.events)/seconds))
	}
	// The first seconds tell little of the rest.
	if part := float64(p.bytes) / float64(max(total, 1)); total > 0 && seconds >= 5 && part > 0 && part < 1 {
		parts = append(parts, roughly(time.Duration(seconds*(1-part)/part*float64(time.Second)))+" left")
	}
	if len(waits) > 0 {
		parts = append(parts, "waiting"+remaining(waits[0].Until.Sub(now))+" for "+waits[0].For)
	}
	return strings.Join(append(parts, p.ends...), "  ")
}

// rate says how many events a second, or a minute where they are few.
func rate(perSecond float64) string {
	if perSecond >= 1 {
		return thousands(int(perSecond+0.5)) + "/s"
	}
	return thousands(int(perSecond*60+0.5)) + "/min"
}

// remaining says how long a wait takes, where that is worth saying.
func remaining(wait time.Duration) string {
	if wait < time.Second {
		return ""
	}
	return " " + roughly(wait)
}

// roughly says a time in its greatest unit, or the two greatest.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()+0.5))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24+0.5))
	}
}

// statuses lists how events end, the best end first.
func statuses() []engine.Status {
	return []engine.Status{
		engine.Delivered, engine.Ignored, engine.Rejected, engine.Failed, engine.Unfinished, engine.Uncertain,
	}
}
