package engine

import (
	"maps"
	"slices"
)

// A scope is what the parts of a rule may name at one point, while the rule is
// compiled. At run time only the slots are left: a slice of values.
type scope struct {
	names map[string]*name
	slots *int // shared by all scopes of one frame
	// later names what is declared further down, to tell a name used too early
	// from one that does not exist.
	later map[string]span
}

// A name is one declared name.
type name struct {
	slot  int
	at    span // zero for names that the language gives
	shape *shape
	// read is set once something reads the name; step marks the names of steps.
	read, step bool
	// boolean is set where the declaration says true or false, so that the
	// name is a condition by itself.
	boolean bool
	// origins are the places in the event that the value may come from.
	origins []origin
	// asked lists what is read of the value: the keys of each path.
	asked [][]string
	// constant is set for the inputs of a procedure that are known on loading.
	constant *literal
}

// A shape is what is known of the members of a value. A nil shape knows
// nothing, and everything may be asked of it.
type shape struct {
	members map[string]*shape
	open    bool // may have members beside the known ones
	kind    string
	boolean bool // declared so: never missing
}

// at gives the shape of a member, and false where there is no such member.
func (s *shape) at(key string) (*shape, bool) {
	if s == nil || s.members == nil {
		return nil, true
	}
	member, known := s.members[key]
	return member, known || s.open
}

func (s *shape) keys() []string {
	return slices.Sorted(maps.Keys(s.members))
}

func closedShape(keys ...string) *shape {
	s := &shape{members: map[string]*shape{}}
	for _, key := range keys {
		s.members[key] = nil
	}
	return s
}

// An origin is a place in the event: the keys that lead there.
type origin struct {
	keys []string
	// whole is set where the value was computed from the place, so that a
	// member of the value is no member of the place.
	whole bool
}

func newScope() *scope {
	return &scope{names: map[string]*name{}, slots: new(int), later: map[string]span{}}
}

// with gives a scope that knows more names, for a part of a rule only.
func (s *scope) with() *scope {
	return &scope{names: maps.Clone(s.names), slots: s.slots, later: s.later}
}

// declare adds a name and gives it a slot.
func (s *scope) declare(label string, at span) *name {
	n := &name{slot: *s.slots, at: at}
	*s.slots++
	s.names[label] = n
	return n
}

func (s *scope) labels() []string {
	return slices.Sorted(maps.Keys(s.names))
}

// A read is a prepared look at a slot: what every path of a rule becomes.
type read struct {
	slot int
	path path
	said *wording // nil for the reads of expressions, which have their text
}

// A wording is how a rule writes a read, and the places in the event that this
// means, for descriptions.
type wording struct {
	text    string
	origins []origin
}

func (r *read) from(slots []value) value { return slots[r.slot].get(&r.path) }

// booleanAt reports whether a path through the name ends at something that was
// declared to be true or false.
func (n *name) booleanAt(keys []string) bool {
	if len(keys) == 0 {
		return n.boolean
	}
	s := n.shape
	for _, key := range keys {
		if s == nil {
			return false
		}
		s = s.members[key]
	}
	return s != nil && s.boolean
}

// originsOf gives the places in the event that a path through a name reads.
func (n *name) originsOf(keys []string) []origin {
	var all []origin
	for _, o := range n.origins {
		if !o.whole {
			o = origin{keys: slices.Concat(o.keys, keys)}
		}
		all = append(all, o)
	}
	return all
}
