package engine

import (
	"regexp"
	"slices"
)

// A node is a part of an expression that gives a value. Nodes never change once
// they are compiled; what an evaluation needs to remember is in its machine.
type node interface {
	eval(m *machine) operand
}

// A condition is a part of an expression that is true or false by itself.
type condition interface {
	holds(m *machine) bool
}

// A machine is what one evaluation works with. It can be used again for the next
// one, of any expression, but not for two at a time. After the first error
// nothing counts that is evaluated.
type machine struct {
	work    *workspace
	slots   []value
	locals  []operand // of let
	kept    []kept
	element operand // of the loop at hand
	index   int
	buffer  []byte
	names   []string // of keys
	err     error
}

// kept is what is the same for all elements of a loop, once it is known.
type kept struct {
	operand operand
	known   bool
}

func (m *machine) fail(err error) operand {
	if m.err == nil {
		m.err = err
	}
	return operand{}
}

// start makes room for what an expression remembers.
func (w *workspace) start(e *expression, slots []value) *machine {
	m := &w.machine
	m.work, m.slots, m.err = w, slots, nil
	m.locals = slices.Grow(m.locals[:0], e.locals)[:e.locals]
	m.kept = slices.Grow(m.kept[:0], e.kept)[:e.kept]
	return m
}

// A truth is a condition as a value.
type truth struct{ condition condition }

func (n *truth) eval(m *machine) operand { return boolean(n.condition.holds(m)) }

// A believed is a value as a condition, of which it is known that it is one.
type believed struct{ of node }

func (n *believed) holds(m *machine) bool { return n.of.eval(m).kind == 't' }

type constant struct{ operand operand }

func (n *constant) eval(*machine) operand { return n.operand }

// A reading is a path below a name.
type reading struct{ read }

func (n *reading) eval(m *machine) operand { return written(n.from(m.slots)) }

// A boolRead is a setting or an input declared to be true or false: one that is not
// given is false.
type boolRead struct{ read }

func (n *boolRead) holds(m *machine) bool { return n.from(m.slots).raw == "true" }

// A local is what a let names.
type local struct{ at int }

func (n *local) eval(m *machine) operand { return m.locals[n.at] }

type letting struct {
	at        int
	value, in node
}

func (n *letting) eval(m *machine) operand {
	m.locals[n.at] = n.value.eval(m).decoded()
	return n.in.eval(m)
}

// A once is the same for all elements of a loop, and is evaluated at the first
// that needs it.
type once struct {
	at      int
	of      node
	prepare func(operand) operand
}

func (n *once) eval(m *machine) operand {
	k := &m.kept[n.at]
	if !k.known {
		*k = kept{n.prepare(n.of.eval(m)), true}
	}
	return k.operand
}

// A member is a member of an object, or an element of a list, by a key that is
// computed.
type member struct{ of, key node }

func (n *member) eval(m *machine) operand {
	of := n.of.eval(m)
	return of.at(n.key.eval(m))
}

// A namedMember is a member by a key that is written out.
type namedMember struct {
	of  node
	key string
}

func (n *namedMember) eval(m *machine) operand {
	member, _ := n.of.eval(m).member(n.key)
	return member
}

type not struct{ of condition }

func (n *not) holds(m *machine) bool { return !n.of.holds(m) }

type and struct{ left, right condition }

func (n *and) holds(m *machine) bool { return n.left.holds(m) && n.right.holds(m) }

type or struct{ left, right condition }

func (n *or) holds(m *machine) bool { return n.left.holds(m) || n.right.holds(m) }

type equality struct{ left, right node }

func (n *equality) holds(m *machine) bool {
	left := n.left.eval(m)
	return equal(left, n.right.eval(m))
}

// An isNil is a comparison with nil, which most conditions are.
type isNil struct{ of node }

func (n *isNil) holds(m *machine) bool { return n.of.eval(m).kind == 0 }

// An ordering is a comparison by order; it says for each order whether it holds.
type ordering struct {
	left, right          node
	before, same, behind bool
}

func (n *ordering) holds(m *machine) bool {
	left := n.left.eval(m)
	order, comparable := compare(left, n.right.eval(m))
	return comparable && (order < 0 && n.before || order == 0 && n.same || order > 0 && n.behind)
}

type within struct{ left, right node }

func (n *within) holds(m *machine) bool {
	left := n.left.eval(m)
	return n.right.eval(m).has(left)
}

// A comparing is a comparison of two texts; what is no text does not compare.
type comparing struct {
	left, right node
	compare     func(a, b string) bool
}

func (n *comparing) holds(m *machine) bool {
	left := n.left.eval(m)
	right := n.right.eval(m)
	return left.kind == '"' && right.kind == '"' && n.compare(left.content(), right.content())
}

type matching struct {
	of      node
	pattern *regexp.Regexp
}

func (n *matching) holds(m *machine) bool {
	of := n.of.eval(m)
	return of.kind == '"' && n.pattern.MatchString(of.content())
}

type calculation struct {
	operator    byte
	left, right node
}

func (n *calculation) eval(m *machine) operand {
	left := n.left.eval(m)
	right := n.right.eval(m)
	switch {
	case n.operator == '+' && left.kind == '"' && right.kind == '"':
		return m.bounded(left.content() + right.content())
	case left.kind == 0 || right.kind == 0:
		return operand{}
	}
	result, err := calculate(n.operator, left, right)
	if err != nil {
		return m.fail(err)
	}
	return result
}

type negation struct{ of node }

func (n *negation) eval(m *machine) operand {
	of := n.of.eval(m)
	if of.kind == 0 {
		return of
	}
	result, err := calculate('-', wholeOperand(0), of)
	if err != nil {
		return m.fail(err)
	}
	return result
}

// A choice is one of two values.
type choice struct {
	condition       condition
	then, otherwise node
}

func (n *choice) eval(m *machine) operand {
	if n.condition.holds(m) {
		return n.then.eval(m)
	}
	return n.otherwise.eval(m)
}

// A fallback is the first of two values that is not nil.
type fallback struct{ first, second node }

func (n *fallback) eval(m *machine) operand {
	if first := n.first.eval(m); first.kind != 0 {
		return first
	}
	return n.second.eval(m)
}

type listing struct{ elements []node }

func (n *listing) eval(m *machine) operand {
	all := make([]operand, len(n.elements))
	for i, element := range n.elements {
		all[i] = element.eval(m)
	}
	return listOperand(all)
}

// An assembly makes an object. Its keys are sorted; its members stand as they
// are written, each with the place of its key.
type assembly struct {
	keys    []string
	members []assembled
}

type assembled struct {
	at    int
	twice bool // a key that was there before, which counts
	value node
}

func (n *assembly) eval(m *machine) operand {
	all := make([]operand, len(n.keys))
	for _, member := range n.members {
		if value := member.value.eval(m); !member.twice {
			all[member.at] = value
		}
	}
	return objectOperand(n.keys, all)
}
