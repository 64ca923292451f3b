package engine

import "sync"

// A CoveragePoint is one thing that an event can show of a line of the rules,
// such as that the line of user.email gives nothing.
type CoveragePoint struct {
	At Position `json:"at"`
	// Kind is value, rest, when, require, step, each, answer, arm, find, way or
	// confirm.
	Kind string `json:"kind"`
	// Name says what it is about: a target, a var, a step, or the text of a
	// condition.
	Name string `json:"name"`
	// Way is what can happen, such as absent.
	Way string `json:"way"`
}

// String says what can happen, as in value user.email: absent. The place is not
// part of it.
func (p CoveragePoint) String() string { return p.Kind + " " + p.Name + ": " + p.Way }

// A Coverage counts which points of the rules executions came to. Its zero
// value has seen nothing. It is safe for concurrent use, and serves programs
// that come from the same files. All methods that note something do nothing on
// nil, which is what an execution has that nobody watches.
type Coverage struct {
	mu   sync.Mutex
	seen map[covered]int
}

// A covered is a point without its name. Procedures that are compiled for
// several constants share their lines.
type covered struct {
	at        Position
	kind, way string
}

// Cover gives the same configuration for executions that note in a coverage
// what they come to, at the cost of some time; nil for none.
func (c *Config) Cover(in *Coverage) *Config {
	watched := *c
	watched.coverage = in
	return &watched
}

// Times tells how often executions came to a point.
func (c *Coverage) Times(p CoveragePoint) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[covered{p.At, p.Kind, p.Way}]
}

// Add counts everything that another coverage has seen.
func (c *Coverage) Add(other *Coverage) {
	other.mu.Lock()
	defer other.mu.Unlock()
	for point, times := range other.seen {
		c.count(point, times)
	}
}

func (c *Coverage) count(point covered, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[covered]int{}
	}
	c.seen[point] += times
}

func (c *Coverage) note(at Position, kind, way string) {
	if c != nil {
		c.count(covered{at, kind, way}, 1)
	}
}

// whether notes which of two ways a thing goes.
func (c *Coverage) whether(is bool, at Position, kind, yes, no string) {
	if c == nil {
		return
	}
	if !is {
		yes = no
	}
	c.note(at, kind, yes)
}

// value notes what a source came to.
func (c *Coverage) value(s *sourced, f *finding) {
	if c != nil {
		c.note(s.at, kindValue, s.way(f))
	}
}

// when notes whether a condition holds; nil is none.
func (c *Coverage) when(e *expression, applies bool) {
	if c != nil && e != nil {
		c.whether(applies, e.at, kindWhen, wayHolds, wayHoldsNot)
	}
}

// require notes whether a requirement is met that applies.
func (c *Coverage) require(q *requirement, applies, met bool) {
	c.when(q.when, applies)
	if applies {
		c.whether(met, q.at, kindRequire, "met", "not met")
	}
}

// rest notes whether a rest line found anything.
func (c *Coverage) rest(r *rest, some bool) { c.whether(some, r.at, kindRest, waySet, wayAbsent) }

// step notes whether a step ran.
func (c *Coverage) step(s *step, ran bool) { c.whether(ran, s.at, kindStep, "run", "passed over") }

// items notes how many elements a call is made for.
func (c *Coverage) items(r *callRun) {
	if c != nil {
		c.note(r.step.at, kindEach, []string{"none", "one", "several"}[min(len(r.items), 2)])
	}
}

// answer notes what the answer to a call was. Following pages, and the calls
// that confirm, are no answers of the step.
func (c *Coverage) answer(r *callRun, way string) {
	if c != nil && r.confirm == nil && r.count == 0 {
		c.note(r.step.at, kindAnswer, way)
	}
}

// arm notes whether the condition of an arm holds that has the status.
func (c *Coverage) arm(a *arm, applies bool) {
	c.whether(applies, a.at, kindArm, "taken", wayHoldsNot)
}

// confirm notes what looking said.
func (c *Coverage) confirm(of *confirm, there bool) {
	c.whether(there, of.at, kindConfirm, "there", "not there")
}

// found notes whether a lookup found somebody.
func (c *Coverage) found(s *step, somebody bool) {
	c.whether(somebody, s.at, kindFind, "somebody", "nobody")
}

// way notes how many records a way of a lookup found.
func (c *Coverage) way(w *way, records int) {
	if c != nil {
		c.note(w.at, kindWay, []string{"nobody", "found", "several"}[min(records, 2)])
	}
}

// The kinds of points.
const (
	kindValue   = "value"
	kindRest    = "rest"
	kindWhen    = "when"
	kindRequire = "require"
	kindStep    = "step"
	kindEach    = "each"
	kindAnswer  = "answer"
	kindArm     = "arm"
	kindFind    = "find"
	kindWay     = "way"
	kindConfirm = "confirm"
)

// The ways that several kinds have.
const (
	waySet      = "set"
	wayAbsent   = "absent"
	wayDefault  = "default"
	wayHolds    = "holds"
	wayHoldsNot = "does not hold"
)

// way words what a source came to.
func (s *sourced) way(f *finding) string {
	switch {
	case f.skipped:
		return wayHoldsNot
	case f.value.missing():
		return wayAbsent
	case f.index < 0:
		return wayDefault
	case len(s.reads) > 1:
		return "from " + s.labels[f.index]
	default:
		return waySet
	}
}
