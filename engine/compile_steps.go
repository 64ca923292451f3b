package engine

import (
	"fmt"
	"slices"
)

// A builder compiles the steps of one block.
type builder struct {
	*compiler
	scope     *scope
	block     *block
	rule      *rule // nil in lookups and procedures
	readOnly  bool  // in lookups
	wrote     bool  // something before the step at hand writes
	wroteHere bool
	writes    [][]int // slots that each step sets
	touches   []map[int]bool
	all       map[int]bool // slots that anything reads
	places    map[*arm]span
	expects   []func() // what to settle of answers once all their readers are known
}

// build compiles the steps. finish has to follow once everything that may read
// their results is compiled.
func (b *builder) build(nodes []stepNode) *block {
	b.all = map[int]bool{}
	b.places = map[*arm]span{}
	b.unreachable(nodes)
	for i := range nodes {
		n := &nodes[i]
		b.touched = map[int]bool{}
		b.writes = append(b.writes, nil)
		s := &step{index: i, at: n.at.position(), slot: -1, name: n.Name.value, kind: n.Kind.value}
		if s.name == "" {
			s.name = fmt.Sprintf("%s:%d", n.Kind.value, s.at.Line)
		}
		b.block.steps = append(b.block.steps, s)
		s.when = b.compileCondition(n.When, b.scope)
		b.step(s, n)
		b.touches = append(b.touches, b.touched)
		for slot := range b.touched {
			b.all[slot] = true
		}
	}
	b.touched = b.all
	return b.block
}

// unreachable warns of steps behind one that always ends the event.
func (b *builder) unreachable(nodes []stepNode) {
	for i, n := range nodes[:max(len(nodes)-1, 0)] {
		if (n.Kind.value == "fail" || n.Kind.value == "reject") && !n.When.given() {
			b.warnf(nodes[i+1].at, "Give the step before a when, or remove what follows.", "no event comes here: the %s at line %d has no condition", n.Kind.value, n.at.position().Line)
			return
		}
	}
}

// finish settles what depends on the whole block.
func (b *builder) finish() {
	b.block.slots, b.block.undone = *b.scope.slots, make([]bool, len(b.block.steps))
	for _, s := range b.block.steps {
		if c, isCall := s.op.(*call); isCall && s.slot >= 0 && b.all[s.slot] {
			c.reads = true
		}
		s.redo, s.sets = b.redo(s.index), b.writes[s.index]
	}
	for _, settle := range b.expects {
		settle()
	}
	b.repeats()
	b.touched = nil
}

// repeats refuses a relook that would do a call twice that may be done once, and
// one that would do the same again.
func (b *builder) repeats() {
	for _, s := range b.block.steps {
		c, isCall := s.op.(*call)
		if !isCall {
			continue
		}
		for _, a := range slices.Concat(c.arms, c.confirmArms()) {
			if a.target == nil {
				continue
			}
			if !a.target.redo[s.index] {
				b.errorf(b.places[a], "Name a step that this one reads, directly or through others.", "this step does not depend on %s, so that looking again changes nothing for it", a.target.name)
			}
			for _, again := range b.block.steps[:s.index+1] {
				if again.once() && c.repeats(again, a.target, s) {
					b.errorf(b.places[a], "Say idempotent: true there if that does no harm.", "relook would repeat the step %s, which is not idempotent", again.name)
				}
			}
		}
	}
}

// repeats reports whether a relook of target by the step s, of which this is the
// call, does what an earlier step or an earlier item has done.
func (c *call) repeats(again, target, s *step) bool {
	if again == s {
		return c.each != nil
	}
	return target.redo[again.index]
}

func (c *call) confirmArms() []*arm {
	if c.confirm == nil {
		return nil
	}
	return c.confirm.arms
}

// once reports whether a step holds a call that may not be repeated.
func (s *step) once() bool {
	switch op := s.op.(type) {
	case *call:
		return !op.idempotent
	case *use:
		return op.procedure != nil && slices.ContainsFunc(op.procedure.block.steps, (*step).once)
	default:
		return false
	}
}

// redo finds the later steps that read, directly or through others, what a
// step sets.
func (b *builder) redo(from int) []bool {
	again := make([]bool, len(b.block.steps))
	dirty := slices.Clone(b.writes[from])
	again[from] = true
	for i := from + 1; i < len(again); i++ {
		if slices.ContainsFunc(dirty, func(slot int) bool { return b.touches[i][slot] }) {
			again[i] = true
			dirty = append(dirty, b.writes[i]...)
		}
	}
	return again
}

// declare gives a step its name.
func (b *builder) declare(s *step, t text) *name {
	if !t.given() || b.taken(t, b.scope) {
		return nil
	}
	n := b.scope.declare(t.value, t.at)
	delete(b.scope.later, t.value)
	s.slot = n.slot
	n.step = s.op == nil || !isLet(s.op)
	b.writes[s.index] = append(b.writes[s.index], n.slot)
	return n
}

func isLet(op operation) bool {
	_, is := op.(*let)
	return is
}

func (b *builder) step(s *step, n *stepNode) {
	switch n.Kind.value {
	case "get", "post", "put", "patch", "delete":
		b.call(s, n)
	case "find":
		b.find(s, n)
	case "use":
		b.use(s, n)
	case "let":
		source := n.Source // without when, which is the step's own
		source.at = n.at
		compiled := b.source(source, b.scope)
		s.op = &let{n.Arg.value, compiled}
		if declared := b.declare(s, n.Arg); declared != nil {
			declared.shape = shapeOf(compiled)
		}
	case "reject", "fail", "warn":
		b.stop(s, n)
	default: // reported by the parser
		s.op = &stop{kind: "warn"}
		b.declare(s, n.Name)
	}
}

func (b *builder) stop(s *step, n *stepNode) {
	s.op = &stop{n.Kind.value, b.template(n.Arg, b.scope)}
	if n.Kind.value != "reject" {
		return
	}
	switch {
	case b.rule == nil:
		b.errorf(n.Kind.at, "Use fail, or reject in the rule before.", "only a rule can reject an event")
	case b.wrote:
		b.errorf(n.Kind.at, "Move it before everything that writes, or use fail.", "a reject after a write: a rejected event has changed nothing")
	}
}
