package engine

// What follows works on the members of an object, and makes nothing of those
// that nobody looks at.

// A memberList is members.
type memberList struct{ of node }

func (n *memberList) eval(m *machine) operand {
	object := objectAt(n.of, m)
	return m.members(object, &spelling{})
}

// members gives the members of an object whose keys are not in a list.
func (m *machine) members(object value, except *spelling) operand {
	var all []operand
	object.members(func(key string, member value) {
		if _, excepted := except.of(key); !excepted && m.err == nil {
			all = m.add(all, memberOperand(key, member))
		}
	})
	return listOperand(all)
}

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

// An absence is absent.
type absence struct {
	members, keys node
	known         *spelling // of keys that are known on loading; else nil
}

func newAbsence(arguments []node) node {
	return &absence{arguments[0], arguments[1], spellingOnLoading(arguments[1])}
}

func spellingOnLoading(keys node) *spelling {
	if known, ok := keys.(*constant); ok {
		return spellingOf(known.operand)
	}
	return nil
}

func (n *absence) eval(m *machine) operand {
	if list, ok := n.members.(*memberList); ok {
		return m.members(objectAt(list.of, m), n.spelling(m)) // makes none of those that are known
	}
	list := n.members.eval(m)
	known := n.spelling(m)
	var all []operand
	s := list.sequence()
	for element, more := s.next(); more && m.err == nil; element, more = s.next() {
		if key, _ := element.member("key"); !known.has(key) {
			all = m.add(all, element)
		}
	}
	return listOperand(all)
}

func (n *absence) spelling(m *machine) *spelling {
	if n.known != nil {
		return n.known
	}
	return spellingOf(n.keys.eval(m))
}

// has reports whether a key is in the list; what is no text counts as the empty
// key.
func (s *spelling) has(key operand) bool {
	text := ""
	if key.kind == '"' {
		text = key.content()
	}
	_, there := s.of(text)
	return there
}

// A respelling is respell.
type respelling struct {
	of, keys node
	known    *spelling // of keys that are known on loading; else nil
}

func newRespelling(arguments []node) node {
	return &respelling{arguments[0], arguments[1], spellingOnLoading(arguments[1])}
}

func (n *respelling) eval(m *machine) operand {
	object := objectAt(n.of, m)
	spelled := n.known
	if spelled == nil {
		spelled = spellingOf(n.keys.eval(m))
	}
	if object.kind() == '{' && spelled.agrees(object) {
		return written(object)
	}
	return spelled.respell(m, object)
}

// agrees reports whether each key of an object stands as it does in the list.
func (s *spelling) agrees(object value) bool {
	agrees := true
	object.members(func(key string, _ value) {
		as, known := s.of(key)
		agrees = agrees && (!known || as == key)
	})
	return agrees
}

// respell writes an object with other keys. Of two that become one the exact key
// wins, else the first.
func (s *spelling) respell(m *machine, object value) operand {
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
