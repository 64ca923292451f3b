package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A RateLimit is how many calls the destination allows in a time. Who performs
// requests keeps below it by itself, and the destination never has to refuse.
type RateLimit struct {
	// Name is for people.
	Name string
	// Calls is how many calls may begin in any stretch of time as long as Per.
	Calls int
	Per   time.Duration
	// Each reports that the limit holds for each [Count.Key] by itself, and not
	// for all calls together.
	Each bool
	// Remaining names the header of an answer that tells how many calls are
	// left, and Reset the one that tells in how many seconds all are there
	// again. Both are empty where the destination does not say.
	Remaining, Reset string
}

// A Count says that a call counts against a rate limit.
type Count struct {
	// Limit is the place in [Config.RateLimits].
	Limit int
	// Key is whose calls are counted together; empty unless the limit is for
	// each key. It may hold personal data.
	Key string
}

// RateLimits gives the destination's limits, the widest first as its rules
// have them. Not to be modified.
func (c *Config) RateLimits() []RateLimit { return c.rateLimits }

// A rateLimit is the compiled form, whose number of calls may be a setting.
type rateLimit struct {
	RateLimit
	calls  *template
	of     []callPattern // none is every call
	except []callPattern
	each   []read
}

// A callPattern matches calls by method and path.
type callPattern struct {
	method   string // empty is any
	path     string // as the rules have it
	segments []segmentPattern
}

func (p callPattern) matches(method, path string) bool {
	if p.method != "" && p.method != method {
		return false
	}
	for i := range p.segments {
		segment, rest, more := strings.Cut(path, "/")
		if more != (i+1 < len(p.segments)) || !p.segments[i].matches(segment) {
			return false
		}
		path = rest
	}
	return true
}

// A segmentPattern matches one segment of a path: a text, or what begins and
// ends with texts and has something between.
type segmentPattern struct {
	before, after string
	open          bool
}

func (p segmentPattern) matches(segment string) bool {
	if !p.open {
		return segment == p.before
	}
	return len(segment) > len(p.before)+len(p.after) && strings.HasPrefix(segment, p.before) && strings.HasSuffix(segment, p.after)
}

func newCallPattern(method, path string) callPattern {
	p := callPattern{method: method, path: path}
	for segment := range strings.SplitSeq(path, "/") {
		before, after, open := strings.Cut(segment, "*")
		p.segments = append(p.segments, segmentPattern{before, after, open})
	}
	return p
}

// counts lists the limits that a call counts against. A call of an event that
// has none of the values of a key counts against no key.
func (x *Execution) counts(limits []int) []Count {
	w := x.work
	first := len(w.counts)
	slots := x.runs[0].slots // whose event all frames share
	for _, i := range limits {
		limit := x.config.program.rateLimits[i]
		key := ""
		if limit.Each {
			if key = firstOf(limit.each, slots); key == "" {
				continue
			}
		}
		w.counts = append(w.counts, Count{i, key})
	}
	return slices.Clip(w.counts[first:])
}

// countedBy lists the limits that a call counts against.
func (p *Program) countedBy(method, path string) (limits []int) {
	for i, l := range p.rateLimits {
		if l.takes(method, path) {
			limits = append(limits, i)
		}
	}
	return limits
}

func (l *rateLimit) takes(method, path string) bool {
	return (len(l.of) == 0 || anyMatches(l.of, method, path)) && !anyMatches(l.except, method, path)
}

func anyMatches(patterns []callPattern, method, path string) bool {
	for _, p := range patterns {
		if p.matches(method, path) {
			return true
		}
	}
	return false
}

// rateLimits compiles the limits. They are numbered as they stand in the file.
func (c *compiler) rateLimits(nodes []rateLimitNode) {
	for _, n := range nodes {
		l := &rateLimit{RateLimit: RateLimit{Name: n.Name.value, Remaining: n.Remaining.value, Reset: n.Reset.value, Each: len(n.Each) > 0}}
		l.calls = c.template(n.Calls, c.bareScope())
		if _, err := strconv.Atoi(n.Calls.value); err == nil {
			c.count(n.Calls, 1, mostCalls)
		}
		c.setDuration(&l.Per, n.Per)
		for _, t := range n.Of {
			l.of = append(l.of, c.callPattern(t))
		}
		for _, t := range n.Except {
			l.except = append(l.except, c.callPattern(t))
		}
		l.each = c.eventReads(n.Each)
		for _, t := range []text{n.Remaining, n.Reset} {
			if t.given() {
				c.headerName(t)
			}
		}
		if l.Each && l.Remaining != "" {
			c.errorf(n.Remaining.at, "Remove remaining and reset.", "headers do not tell whose calls they count")
		}
		c.program.rateLimits = append(c.program.rateLimits, l)
	}
}

// mostCalls bounds a limit, since each call within its time is remembered.
const mostCalls = 1_000_000

// eventReads compiles paths into the event.
func (c *compiler) eventReads(paths []text) (reads []read) {
	for _, t := range paths {
		if r, _ := c.readPart(t, 0, len(t.value), c.ruleScope()); r != nil {
			reads = append(reads, *r)
		}
	}
	return reads
}

func (c *compiler) callPattern(t text) callPattern {
	method, path, both := strings.Cut(t.value, " ")
	if !both {
		method, path = "", t.value
	}
	known := []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	switch {
	case both && !slices.Contains(known, method):
		c.errorf(t.at, "Write it as POST users/*, or users/* for any method.", "%q is none of %s", method, strings.Join(known, ", "))
	case path == "" || strings.HasPrefix(path, "/") || strings.ContainsAny(path, " ?{}"):
		c.errorf(t.at, "Write the path as in the steps, with * for what differs: users/*/events.", "this is no path of a call")
	}
	return newCallPattern(method, path)
}

// renderRateLimits puts the settings in.
func (p *Program) renderRateLimits(slots []value) ([]RateLimit, error) {
	limits := make([]RateLimit, 0, len(p.rateLimits))
	for _, l := range p.rateLimits {
		text, err := l.calls.render(slots, plainEscape)
		if err != nil {
			return nil, err
		}
		calls, err := strconv.Atoi(text)
		if err != nil || calls < 1 || calls > mostCalls {
			return nil, fmt.Errorf("the rate limit %s is %s calls: it has to be a whole number from 1 to %d", l.Name, text, mostCalls)
		}
		limit := l.RateLimit
		limit.Calls = calls
		limits = append(limits, limit)
	}
	return limits, nil
}
