package zendesksim

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A limiter counts the requests of an account against its limits. It is safe for concurrent use.
type limiter struct {
	now func() time.Time

	mu            sync.Mutex // guards the counters
	requests      counter
	events        counter
	eventsKept    counter
	searches      counter
	userWrites    counter
	user          counter // by key, see userKey
	organizations counter // by id
}

func newLimiter(limits Limits, now func() time.Time) *limiter {
	return &limiter{
		now:           now,
		requests:      counter{limit: limits.Requests},
		events:        counter{limit: limits.Events},
		eventsKept:    counter{limit: limits.EventsKept},
		searches:      counter{limit: limits.Searches},
		userWrites:    counter{limit: limits.UserWrites},
		user:          counter{limit: limits.WritesPerUser},
		organizations: counter{limit: limits.WritesPerOrganization},
	}
}

// A toll is what a request pays to pass one limit.
type toll struct {
	counter *counter
	key     string                           // which window of the counter it counts in
	show    func(http.Header, *counter, use) // nil: the answer tells nothing of the limit
	refusal error                            // the answer where the window is full
}

// A use is how far a window is used up.
type use struct {
	requests int
	resets   time.Duration // until the window ends
}

// pass lets a request through or refuses it. A request that one of the limits refuses counts in none of them.
func (l *limiter) pass(header http.Header, tolls ...toll) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, t := range tolls {
		if used := t.counter.use(t.key, now); t.counter.isFull(used) {
			t.tell(header, used)
			header.Set("Retry-After", strconv.Itoa(wholeSeconds(used.resets)))
			return t.refusal
		}
	}
	for _, t := range tolls {
		t.counter.add(t.key, now)
		t.tell(header, t.counter.use(t.key, now))
	}
	return nil
}

func (t toll) tell(header http.Header, used use) {
	if t.show != nil {
		t.show(header, t.counter, used)
	}
}

// wholeSeconds rounds up, so that whoever waits so long has waited long enough.
func wholeSeconds(d time.Duration) int {
	return max(1, int(math.Ceil(d.Seconds())))
}

// A counter counts requests in fixed windows, by a key of whoever the limit is for.
type counter struct {
	limit   Limit
	windows map[string]window
	sweepAt int // number of windows at which those that are over are given up
}

// A window is the time in which requests are counted together.
type window struct {
	ends     time.Time
	requests int
}

func (c *counter) isOff() bool {
	return c.limit.Requests <= 0
}

func (c *counter) isFull(used use) bool {
	return !c.isOff() && used.requests >= c.limit.Requests
}

func (c *counter) length() time.Duration {
	if c.limit.Window > 0 {
		return c.limit.Window
	}
	return time.Minute
}

// use returns how far the window of a key is used up. One that is over, or has not begun, is not used at all.
func (c *counter) use(key string, now time.Time) use {
	current := c.windows[key]
	if !now.Before(current.ends) {
		return use{resets: c.length()}
	}
	return use{requests: current.requests, resets: current.ends.Sub(now)}
}

// add counts one request.
func (c *counter) add(key string, now time.Time) {
	if c.isOff() {
		return
	}
	used := c.use(key, now)
	c.set(key, window{ends: now.Add(used.resets), requests: used.requests + 1}, now)
}

// set keeps a window. Now and then it gives up those that are over, or there would be one for every user in the end.
func (c *counter) set(key string, w window, now time.Time) {
	if len(c.windows) >= c.sweepAt {
		kept := map[string]window{}
		for key, w := range c.windows {
			if now.Before(w.ends) {
				kept[key] = w
			}
		}
		c.windows, c.sweepAt = kept, 2*len(kept)+1000
	}
	c.windows[key] = w
}

// move gives the window of one key to another, who was not known when it began.
func (l *limiter) move(c *counter, from, to string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, found := c.windows[from]; found {
		delete(c.windows, from)
		c.set(to, w, l.now())
	}
}
