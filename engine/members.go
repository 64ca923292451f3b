package engine

import "slices"

// What follows works on the members of an object, and makes nothing of those
// that nobody looks at.

// A memberList is members, of which absent may have left some out: those are
// never made.
type memberList struct {
	of     node
	absent []*spellings
}

func (n *memberList) eval(m *machine) operand {
	var all []operand
	n.left(m, func(key string, member value) bool {
		all = m.add(all, memberOperand(key, member))
		return m.err == nil
	})
	return listOperand(all)
}

// count makes no member at all.
func (n *memberList) count(m *machine) (count int) {
	n.left(m, func(string, value) bool { count++; return true })
	return count
}

// some stops at the first member.
func (n *memberList) some(m *machine) (some bool) {
	n.left(m, func(string, value) bool { some = true; return false })
	return some
}

// left visits the members that are not left out, until one is enough.
func (n *memberList) left(m *machine, visit func(key string, member value) bool) {
	object := objectAt(n.of, m)
	if object.kind() != '{' {
		return
	}
	var known [4]*spelling
	lists := known[:0]
	for _, s := range n.absent {
		lists = append(lists, s.at(m))
	}
	object = object.indexed()
	places := object.doc.places[:object.doc.places[object.at].next]
	for i := int(object.at) + 1; i < len(places); i = int(places[i].next) {
		key := places[i].name(object.doc.text)
		if !haveKey(lists, key) && !visit(key, object.doc.value(int32(i))) {
			return
		}
	}
}

func haveKey(lists []*spelling, key string) bool {
	for _, list := range lists {
		if list.has(key) {
			return true
		}
	}
	return false
}

// A countable list knows how long it is, and whether there is anything in it,
// without being made.
type countable interface {
	node
	count(m *machine) int
	some(m *machine) bool
}

// newLength compiles len.
func newLength(arguments []node) node {
	if list, ok := arguments[0].(countable); ok {
		return &lengthOf{list}
	}
	return &call1{func(_ *machine, o operand) operand { return wholeOperand(int64(o.length())) }, arguments[0]}
}

type lengthOf struct{ list countable }

// A nonEmpty is the condition that a list has a length above 0.
type nonEmpty struct{ list countable }

func (n *nonEmpty) holds(m *machine) bool { return n.list.some(m) }

func (n *lengthOf) eval(m *machine) operand { return wholeOperand(int64(n.list.count(m))) }

// memberOperand gives a member as {key, name, value}.
func memberOperand(key string, member value) operand {
	name := textOperand(member.name(key))
	return objectOperand([]string{"key", "name", "value"}, []operand{textOperand(key), name, written(member)})
}

// objectAt gives the value that a path leads to, with what is known of it.
func objectAt(of node, m *machine) value {
	if path, ok := of.(*reading); ok {
		return path.from(m.slots)
	}
	if o := of.eval(m); o.kind == '{' {
		return o.value(m)
	}
	return value{}
}

// spellings is a list of keys. What is known of it on loading is prepared then.
type spellings struct {
	keys  node
	known *spelling // nil for a list that is computed
}

func newSpellings(keys node) *spellings {
	if known, ok := keys.(*constant); ok {
		return &spellings{keys, spellingOf(known.operand).complete()}
	}
	return &spellings{keys: keys}
}

func (s *spellings) at(m *machine) *spelling {
	if s.known != nil {
		return s.known
	}
	return spellingOf(s.keys.eval(m))
}

// An absence is absent of anything but members.
type absence struct {
	members node
	keys    *spellings
}

func newAbsence(arguments []node) node {
	keys := newSpellings(arguments[1])
	if list, ok := arguments[0].(*memberList); ok {
		return &memberList{list.of, append(slices.Clip(list.absent), keys)}
	}
	return &absence{arguments[0], keys}
}

func (n *absence) eval(m *machine) operand {
	list := n.members.eval(m)
	known := n.keys.at(m)
	var all []operand
	s := list.sequence()
	for element, more := s.next(); more && m.err == nil; element, more = s.next() {
		key, _ := element.member("key")
		text, _ := key.name()
		if !known.has(text) {
			all = m.add(all, element)
		}
	}
	return listOperand(all)
}

// A respelling is respell.
type respelling struct {
	of   node
	keys *spellings
}

func newRespelling(arguments []node) node {
	return &respelling{arguments[0], newSpellings(arguments[1])}
}

func (n *respelling) eval(m *machine) operand {
	object := objectAt(n.of, m)
	return n.keys.at(m).respell(m, object)
}

// respell writes an object with other keys. One whose keys stay as they are
// stays as it is.
func (s *spelling) respell(m *machine, object value) operand {
	var seen marks
	twice, changed := false, object.kind() != '{'
	m.names, m.buffer = m.names[:0], append(m.buffer[:0], '{')
	object.members(func(key string, member value) {
		if as, known := s.of(key); known && as != key {
			key, changed = as, true
		}
		mark := markOf(key)
		if twice = twice || len(m.names) > manyKeys || seen.has(mark) && slices.Contains(m.names, key); twice {
			return
		}
		seen.add(mark)
		m.names = append(m.names, key)
		if len(m.buffer) > 1 {
			m.buffer = append(m.buffer, ',')
		}
		m.buffer = append(append(appendQuoted(m.buffer, key), ':'), member.raw...)
	})
	switch {
	case !changed:
		return written(object)
	case twice:
		return s.respellOnce(m, object)
	}
	m.buffer = append(m.buffer, '}')
	return written(m.work.own(m.buffer))
}

// respellOnce is respell where there are many keys, or two may become one: then the exact key wins,
// else the first.
func (s *spelling) respellOnce(m *machine, object value) operand {
	var keys []string
	var members []operand
	at := map[string]int{}
	object.members(func(key string, member value) {
		as, known := s.of(key)
		if !known {
			as = key
		}
		if i, twice := at[as]; !twice {
			at[as] = len(keys)
			keys, members = append(keys, as), append(members, written(member))
		} else if key == as {
			members[i] = written(member)
		}
	})
	return objectOperand(keys, members)
}
