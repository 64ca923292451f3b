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
	if object.kind() != '{' {
		return listOperand(nil)
	}
	var all []operand
	for w := walkOf(object.raw); m.err == nil; {
		key, member, more := w.member()
		if !more {
			break
		}
		if !except.has(written(rawValue(key))) {
			all = m.add(all, memberOperand(object, key, member))
		}
	}
	return listOperand(all)
}

// memberOperand gives a member as {key, name, value}.
func memberOperand(object value, key, member string) operand {
	k := written(rawValue(key))
	name := k
	if object.names != nil {
		name = textOperand(object.original(k.content()))
	}
	return objectOperand([]string{"key", "name", "value"}, []operand{k, name, written(rawValue(member))})
}

// objectAt gives the value that a path leads to, with what is known of it.
func objectAt(of node, m *machine) value {
	if path, ok := of.(*reading); ok {
		return path.from(m.slots)
	}
	if o := of.eval(m); o.kind == '{' {
		return rawValue(o.json())
	}
	return value{}
}

// keySet is a list of keys, which may be known on loading.
type keySet struct {
	keys  node
	known *spelling // nil where an event decides
}

func newKeySet(keys node) keySet {
	if known, ok := keys.(*constant); ok {
		return keySet{keys, spellingOf(known.operand)}
	}
	return keySet{keys, nil}
}

// spelling gives the keys as they are now. It is good for as long as nothing
// else is evaluated.
func (s *keySet) spelling(m *machine) *spelling {
	if s.known != nil {
		return s.known
	}
	m.known.learn(s.keys.eval(m))
	return &m.known
}

// An absence is absent.
type absence struct {
	members node
	keys    keySet
}

func newAbsence(arguments []node) node { return &absence{arguments[0], newKeySet(arguments[1])} }

func (n *absence) eval(m *machine) operand {
	if list, ok := n.members.(*memberList); ok { // of which none is made that is known
		return m.members(objectAt(list.of, m), n.keys.spelling(m))
	}
	list := n.members.eval(m)
	known := n.keys.spelling(m)
	var all []operand
	s := list.sequence()
	for element, more := s.next(); more && m.err == nil; element, more = s.next() {
		if key, _ := element.member("key"); !known.has(key) {
			all = m.add(all, element)
		}
	}
	return listOperand(all)
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
	of   node
	keys keySet
}

func newRespelling(arguments []node) node {
	return &respelling{arguments[0], newKeySet(arguments[1])}
}

func (n *respelling) eval(m *machine) operand {
	object := objectAt(n.of, m)
	spelled := n.keys.spelling(m)
	if object.kind() == '{' && spelled.agrees(object) {
		return written(rawValue(object.raw))
	}
	return spelled.respell(object)
}

// agrees reports whether each key of an object stands as it does in the list.
func (s *spelling) agrees(object value) bool {
	w := walkOf(object.raw)
	for written, _, more := w.member(); more; written, _, more = w.member() {
		key := unquote(written)
		if as, known := s.of(key); known && as != key {
			return false
		}
	}
	return true
}

// respell writes an object with other keys. Of two that become one the exact key
// wins, else the first.
func (s *spelling) respell(object value) operand {
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
