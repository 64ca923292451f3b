package engine

// A loop goes through the elements of a list. What is no list has none.
type loop struct {
	list     node
	from, to int // what is kept for the elements of this loop
}

func (l *loop) begin(m *machine) sequence {
	list := l.list.eval(m)
	clear(m.kept[l.from:l.to])
	m.index = -1
	return list.sequence()
}

// next takes the next element.
func (m *machine) next(s *sequence) (more bool) {
	if m.err != nil {
		return false
	}
	m.element, more = s.next()
	m.index++
	return more
}

// An element is #, the one at hand.
type element struct{}

func (element) eval(m *machine) operand { return m.element }

// A position is #index, the number of the element at hand.
type position struct{}

func (position) eval(m *machine) operand { return wholeOperand(int64(m.index)) }

// A quantity is all, any, none or one: so many elements meet the condition, or
// do not meet it.
type quantity struct {
	loop
	meets  condition
	meet   bool // whether those that meet it are counted, or the others
	enough int  // where counting stops
	exact  int  // how many there have to be
}

func (n *quantity) count(m *machine) int {
	count := 0
	for s := n.begin(m); count < n.enough && m.next(&s); {
		if n.meets.holds(m) == n.meet {
			count++
		}
	}
	return count
}

func (n *quantity) holds(m *machine) bool { return n.count(m) == n.exact }

// A counting is count.
type counting struct{ quantity }

func (n *counting) eval(m *machine) operand { return wholeOperand(int64(n.count(m))) }

// A filtering is filter.
type filtering struct {
	loop
	meets condition
}

func (n *filtering) eval(m *machine) operand {
	var all []operand
	for s := n.begin(m); m.next(&s); {
		if n.meets.holds(m) {
			all = m.add(all, m.element)
		}
	}
	return listOperand(all)
}

// A finder is find.
type finder struct {
	loop
	meets condition
}

func (n *finder) eval(m *machine) operand {
	for s := n.begin(m); m.next(&s); {
		if n.meets.holds(m) {
			return m.element
		}
	}
	return operand{}
}

// A projection is map.
type projection struct {
	loop
	each node
}

func (n *projection) eval(m *machine) operand {
	var all []operand
	for s := n.begin(m); m.next(&s); {
		all = m.add(all, n.each.eval(m))
	}
	return listOperand(all)
}

// add appends to a list that the expression makes, which is bounded.
func (m *machine) add(all []operand, element operand) []operand {
	switch len(all) {
	case 0:
		all = make([]operand, 0, few)
	case maxElements:
		m.fail(errTooMany())
		return all
	}
	return append(all, element)
}
