package engine

import (
	"cmp"
	"slices"
)

// CoveragePoints lists everything that events can show of the rules, in the
// order of the lines: which values are there and which are not, which
// conditions hold, which steps run, and what is answered to them. What cannot
// happen whatever the event says, such as the absence of a constant, is no
// point. It works anew each time.
func (p *Program) CoveragePoints() []CoveragePoint {
	l := &pointList{}
	l.value("errors.code", p.errorCode)
	l.value("errors.text", p.errorText)
	for _, one := range p.lookups {
		l.lookup(one)
	}
	for _, one := range p.procedures {
		l.block(one.block)
		l.value("result of "+one.name, one.result)
	}
	for _, r := range p.rules {
		l.known = certain(p, r)
		l.rule(r)
	}
	return l.sorted()
}

// A pointList collects points.
type pointList struct {
	points []CoveragePoint
	known  *certainties // of the rule at hand; nil outside rules
}

func (l *pointList) add(at Position, kind, name string, ways ...string) {
	for _, way := range ways {
		l.points = append(l.points, CoveragePoint{At: at, Kind: kind, Name: name, Way: way})
	}
}

// sorted gives each point once: a procedure is compiled for each set of
// constants.
func (l *pointList) sorted() []CoveragePoint {
	order := map[string]int{}
	for _, p := range l.points {
		if _, known := order[p.At.File]; !known {
			order[p.At.File] = len(order)
		}
	}
	slices.SortStableFunc(l.points, func(a, b CoveragePoint) int {
		return cmp.Or(order[a.At.File]-order[b.At.File], a.At.Line-b.At.Line, a.At.Column-b.At.Column)
	})
	seen := map[covered]bool{}
	return slices.DeleteFunc(l.points, func(p CoveragePoint) bool {
		key := covered{p.At, p.Kind, p.Way}
		again := seen[key]
		seen[key] = true
		return again
	})
}

func (l *pointList) rule(r *rule) {
	for _, v := range r.vars {
		l.value(v.name, v.source)
	}
	if r.when != nil {
		l.add(r.when.at, kindWhen, r.when.text, wayHolds, wayHoldsNot)
	}
	for _, q := range r.requires {
		l.require(q)
	}
	for _, m := range r.mappings {
		l.mapping(m.mapping)
	}
	l.block(r.block)
	for _, f := range r.result {
		l.value(f.name, f.source)
	}
}

func (l *pointList) require(q *requirement) {
	l.add(q.at, kindRequire, q.message.text, "met", "not met")
	if q.when != nil {
		l.add(q.when.at, kindWhen, q.when.text, wayHolds, wayHoldsNot)
	}
}

func (l *pointList) mapping(m *mapping) {
	m.root.walk(func(t *target) {
		for _, line := range t.lines {
			l.value(cmp.Or(t.label, wholeBody), line)
		}
		if t.rest != nil {
			l.add(t.rest.at, kindRest, cmp.Or(t.label, wholeBody), waySet, wayAbsent)
		}
		if t.rest != nil && t.rest.when != nil {
			l.add(t.rest.when.at, kindWhen, t.rest.when.text, wayHolds, wayHoldsNot)
		}
	})
}

// value adds what a source can come to; nil is none.
func (l *pointList) value(name string, s *sourced) {
	if s == nil {
		return
	}
	ways := s.ways()
	if l.known.gives(s) {
		ways = slices.DeleteFunc(ways, func(way string) bool { return way == wayAbsent })
	}
	l.add(s.at, kindValue, name, ways...)
}

// ways lists what a source can come to.
func (s *sourced) ways() []string {
	ways := []string{waySet}
	if len(s.reads) > 1 {
		ways = nil
		for _, label := range s.labels {
			ways = append(ways, "from "+label)
		}
	}
	switch {
	case s.fallback != "":
		ways = append(ways, wayDefault)
	case s.literal == "" && !s.always():
		ways = append(ways, wayAbsent)
	}
	if s.when != nil {
		ways = append(ways, wayHoldsNot)
	}
	return ways
}

// always reports whether an expression gives something whatever it reads.
func (s *sourced) always() bool {
	return s.expr != nil && s.as == nil && s.table == nil && slices.Contains([]string{"boolean", "integer", "number"}, s.expr.kind)
}

func (l *pointList) block(b *block) {
	for _, s := range b.steps {
		name := cmp.Or(s.given(), s.kind)
		l.add(s.at, kindStep, name, "run")
		if s.when != nil {
			l.add(s.at, kindStep, name, "passed over")
		}
		l.operation(name, s)
	}
}

func (l *pointList) operation(name string, s *step) {
	switch op := s.op.(type) {
	case *call:
		l.call(name, s, op)
	case *find:
		l.add(s.at, kindFind, name, "somebody", "nobody")
	case *let:
		l.value(op.name, op.source)
	case *use:
		for _, in := range op.inputs {
			l.value(in.name, in.source)
		}
	}
}

func (l *pointList) call(name string, s *step, c *call) {
	if c.each != nil {
		l.add(s.at, kindEach, name, "none", "one", "several")
	}
	if c.body != nil {
		l.mapping(c.body)
	}
	l.add(s.at, kindAnswer, name, "success", "refusal")
	if !c.idempotent {
		l.add(s.at, kindAnswer, name, "lost")
	}
	l.arms(c.arms)
	if c.confirm != nil {
		l.confirm(name, c.confirm)
	}
}

func (l *pointList) arms(arms []*arm) {
	for _, a := range arms {
		l.add(a.at, kindArm, a.then, "taken")
		if a.when != nil {
			l.add(a.at, kindArm, a.then, wayHoldsNot)
		}
	}
}

func (l *pointList) confirm(name string, c *confirm) {
	l.add(c.at, kindConfirm, name, "there", "not there")
	if c.when != nil {
		l.add(c.when.at, kindWhen, c.when.text, wayHolds, wayHoldsNot)
	}
	l.arms(c.arms)
}

func (l *pointList) lookup(one *lookup) {
	for _, w := range one.ways {
		l.add(w.at, kindWay, one.name+" by "+w.by, "found", "nobody", "several")
		if w.when != nil {
			l.add(w.when.at, kindWhen, w.when.text, wayHolds, wayHoldsNot)
		}
		l.block(w.block)
	}
}
