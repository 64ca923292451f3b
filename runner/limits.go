package runner

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// limits keeps calls below the destination's rate limits.
//
// Each limit is a sliding window: no stretch of its time holds more calls than
// it allows, wherever the destination's own windows begin. A token bucket that
// promises the same has to give up the burst or a part of the rate, and the
// usual limits ("five a minute for each user") have none to spare.
type limits struct {
	clock Clock
	rules []engine.RateLimit

	mu      sync.Mutex
	windows map[engine.Count]*window
	sweep   int // how many windows there may be until those are dropped that are over
}

// margin is what the windows are longer than the destination's: calls do not
// all travel equally fast, and of two that leave a second apart the second may
// arrive a little less than that behind the first.
const margin = 100 * time.Millisecond

// everything is what a refusal counts against where no limit is declared.
var everything = engine.Count{Limit: -1}

func newLimits(rules []engine.RateLimit, clock Clock) *limits {
	return &limits{clock: clock, rules: rules, windows: map[engine.Count]*window{}, sweep: 1024}
}

// A window is what is known of one limit, or of one key of it.
type window struct {
	begun []*time.Time // when the last calls begin, in a ring
	next  int          // the oldest of them, where the ring is full
	held  time.Time    // no call begins before
	left  int          // how many may begin before fresh, as the destination says
	fresh time.Time    // when that is over
}

// A pass is a place that a call has taken in a window.
type pass struct {
	count engine.Count
	at    *time.Time // when it may begin, and once it has, when it did
}

// reserve takes the next place in a window. Whoever holds it begins then.
func (l *limits) reserve(c engine.Count) pass {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.window(c)
	now := l.clock.Now()
	at := later(now, w.held)
	if now.Before(w.fresh) {
		if w.left > 0 {
			w.left--
		} else {
			at = later(at, w.fresh)
		}
	}
	if c == everything {
		return pass{c, &at}
	}
	return pass{c, w.take(at, l.rules[c.Limit])}
}

// take notes a call that begins at the time given, or as soon as the limit
// allows after it.
func (w *window) take(at time.Time, limit engine.RateLimit) *time.Time {
	if len(w.begun) < limit.Calls {
		w.begun = append(w.begun, &at)
		return &at
	}
	at = later(at, w.begun[w.next].Add(limit.Per+margin))
	w.begun[w.next] = &at
	w.next = (w.next + 1) % len(w.begun)
	return &at
}

// begin notes that a call begins now, which other limits may have put off.
func (l *limits) begin(passes []pass) {
	if len(passes) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	for _, p := range passes {
		*p.at = now
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// overtaken reports whether the window was held since the place was taken, so
// that the call needs a new one: those that wait must not begin all at once.
func (l *limits) overtaken(p pass) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return p.at.Before(l.window(p.count).held)
}

// window finds a window, and makes room now and then for those of other keys.
func (l *limits) window(c engine.Count) *window {
	if w := l.windows[c]; w != nil {
		return w
	}
	if len(l.windows) >= l.sweep {
		l.dropOver()
		l.sweep = max(1024, 2*len(l.windows))
	}
	w := &window{}
	c.Key = strings.Clone(c.Key) // that of the event does not last
	l.windows[c] = w
	return w
}

func (l *limits) dropOver() {
	now := l.clock.Now()
	for c, w := range l.windows {
		if c != everything && w.over(now, l.rules[c.Limit].Per) {
			delete(l.windows, c)
		}
	}
}

// over reports whether nothing in the window keeps a call back any more.
func (w *window) over(now time.Time, per time.Duration) bool {
	for _, at := range w.begun {
		if now.Before(at.Add(per)) {
			return false
		}
	}
	return !now.Before(w.held) && !now.Before(w.fresh)
}

// learn takes in what the header of an answer tells of the limits.
func (l *limits) learn(counts []engine.Count, header http.Header) {
	for _, c := range counts {
		rule := l.rules[c.Limit]
		left, reset, ok := remaining(rule, header)
		if !ok {
			continue
		}
		l.mu.Lock()
		l.window(c).learn(l.clock.Now().Add(reset), left, rule.Per)
		l.mu.Unlock()
	}
}

// learn believes the smallest number of what the answers of one of the
// destination's windows tell, since they come out of order.
func (w *window) learn(fresh time.Time, left int, per time.Duration) {
	sameWindow := fresh.Sub(w.fresh).Abs() <= min(2*time.Second, per/2)
	if sameWindow && left >= w.left {
		return
	}
	if !sameWindow && fresh.Before(w.fresh) {
		return
	}
	w.left, w.fresh = left, fresh
}

// remaining reads how many calls are left, and for how long that is so.
func remaining(rule engine.RateLimit, header http.Header) (left int, reset time.Duration, ok bool) {
	if rule.Remaining == "" {
		return 0, 0, false
	}
	told := header.Get(rule.Remaining)
	if told == "" {
		return 0, 0, false // which takes no error to find out
	}
	left, err := strconv.Atoi(strings.TrimSpace(told))
	seconds, errReset := strconv.ParseFloat(strings.TrimSpace(header.Get(rule.Reset)), 64)
	if err != nil || errReset != nil || left < 0 || !(seconds >= 0 && seconds <= mostSeconds) {
		return 0, 0, false
	}
	// A window is no longer than the limit's time, whatever a header says.
	return left, min(time.Duration(seconds*float64(time.Second)), rule.Per), true
}

// hold keeps calls back after one that was refused for a limit: those of the
// widest limit that the header of the refusal does not clear, since it speaks
// for the most calls, or else those of the narrowest. Where no limit is
// declared it is all calls.
func (l *limits) hold(counts []engine.Count, header http.Header, wait time.Duration) {
	blamed := everything
	for _, c := range counts {
		blamed = c
		if rule := l.rules[c.Limit]; rule.Remaining != "" {
			if left, _, told := remaining(rule, header); !told || left == 0 {
				break
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.window(blamed)
	w.held = later(w.held, l.clock.Now().Add(wait))
}

// name says what calls wait for.
func (l *limits) name(c engine.Count) string {
	if c == everything {
		return "the time that the destination asked for"
	}
	return "the rate limit " + l.rules[c.Limit].Name
}

// slotFor gives the slots that an event may give its own back to while it waits
// for a limit: where it waits for a limit of its own. One that all events meet
// would otherwise have hundreds of them begun, and none of them ended.
func (l *limits) slotFor(j *job, c engine.Count) *slots {
	if c == everything || !l.rules[c.Limit].Each {
		return nil
	}
	return j.slot
}

// wait returns when a call may begin by all its limits, with the places that it
// takes, or the error of ctx.
// The narrowest limit comes first: a place in a wide one that waits for a
// narrow one would be lost to others.
func (r *Runner) wait(ctx context.Context, j *job, counts []engine.Count) (passes []pass, err error) {
	if r.options.Unlimited {
		return nil, nil
	}
	for i := len(counts) - 1; i >= -1; i-- {
		c := everything
		if i >= 0 {
			c = counts[i]
		}
		p, err := r.waitFor(ctx, j, c)
		if err != nil {
			return nil, err
		}
		passes = append(passes, p)
	}
	return passes, nil
}

// waitFor takes a place in the window of one limit and waits until it is due.
func (r *Runner) waitFor(ctx context.Context, j *job, c engine.Count) (pass, error) {
	for {
		p := r.limits.reserve(c)
		d := p.at.Sub(r.clock.Now())
		if d <= 0 {
			return p, nil
		}
		if err := r.pause(ctx, r.limits.slotFor(j, c), r.limits.name(c), d); err != nil {
			return p, err
		}
		if !r.limits.overtaken(p) {
			return p, nil
		}
	}
}
