package engine

import (
	"slices"
	"strings"
)

// Where the members of an event went. The engine knows nothing of traits: it
// lists the members of the event, and those of each object within it of which
// the rule reads a member, be it by a path or by a line with rest.

// restNotes are what is known of a rest line that was filled.
type restNotes struct {
	run    *ruleRun
	rest   *rest
	places []origin
	lost   map[memberOfRest]string
}

// A reader is a part of a rule that names places of the event, whether or not
// it came to read them.
type reader struct {
	what    string
	at      Position
	line    bool // of a mapping or a body
	origins []origin
}

// A tracer follows the members of an event through one rule.
type tracer struct {
	*explainer
	program *Program
	rule    *rule
	fields  []FieldExplanation
	urls    []FieldExplanation // the URLs of calls, as if they were fields
	readers []reader
	all     []MemberExplanation
}

func (e *explainer) members(x *Execution, r *rule) []MemberExplanation {
	t := &tracer{explainer: e, program: x.config.program, rule: r, fields: e.rules[r].sent(), urls: e.rules[r].urls(), readers: r.readers()}
	t.object(nil, x.event)
	return t.all
}

// sent lists the fields of all bodies, and after them those of mappings that no
// body copies as they are.
func (noted *RuleExplanation) sent() []FieldExplanation {
	var all []FieldExplanation
	shown := map[Position]bool{}
	for _, s := range noted.Steps {
		for _, request := range s.Requests {
			for _, field := range request.Fields {
				shown[field.At] = true
				all = append(all, field)
			}
		}
	}
	for _, m := range noted.Mappings {
		for _, field := range m.Fields {
			if !shown[field.At] {
				field.To = joinDots(m.Name, field.To)
				all = append(all, field)
			}
		}
	}
	return all
}

// urls lists what the URLs of calls are made of.
func (noted *RuleExplanation) urls() []FieldExplanation {
	var all []FieldExplanation
	for _, s := range noted.Steps {
		for _, request := range s.Requests {
			to := "the URL of " + request.Method + " " + request.Path
			all = append(all, FieldExplanation{To: to, At: s.At, places: wholes(request.places)})
		}
	}
	return all
}

// object lists the members of an object, and goes into those of which the rule
// reads members.
func (t *tracer) object(at []string, v value) {
	v.members(func(key string, member value) {
		place := append(slices.Clip(at), key)
		if member.kind() == '{' && t.readsBelow(place) {
			t.object(place, member)
			return
		}
		t.all = append(t.all, t.member(place, member))
	})
}

func (t *tracer) readsBelow(place []string) bool {
	within := func(o origin) bool { return len(o.keys) > len(place) && isPrefix(place, o.keys) }
	takes := func(o origin) bool { return isPrefix(place, o.keys) }
	return slices.ContainsFunc(t.readers, func(r reader) bool { return slices.ContainsFunc(r.origins, within) }) ||
		slices.ContainsFunc(t.rests, func(n restNotes) bool { return n.run.rule == t.rule && slices.ContainsFunc(n.places, takes) })
}

func isPrefix(keys, of []string) bool {
	return len(keys) <= len(of) && slices.Equal(keys, of[:len(keys)])
}

func (t *tracer) member(place []string, v value) MemberExplanation {
	m := MemberExplanation{Path: eventPlaces([]origin{{keys: place}}, nil)[0]}
	for _, field := range slices.Concat(t.fields, t.urls) {
		if to, went := field.takes(place); went {
			m.went(to, field.At)
		}
	}
	if len(m.Went) == 0 {
		m.Why, m.At = t.whyNot(place, v)
	}
	return m
}

func (m *MemberExplanation) went(to string, at Position) {
	if len(m.Went) == 0 {
		m.At = at
	}
	if to == "" {
		to = wholeBody
	}
	if !slices.Contains(m.Went, to) {
		m.Went = append(m.Went, to)
	}
}

// takes reports whether a field is from a place, a part of it, or an object that
// it is in, and gives the target of the place.
func (f FieldExplanation) takes(place []string) (string, bool) {
	for _, o := range f.places {
		switch {
		case isPrefix(place, o.keys):
			return f.To, true
		case !isPrefix(o.keys, place):
		case o.whole:
			return f.To, true
		case !f.excepts(place[len(o.keys)]):
			return joinDots(f.To, strings.Join(place[len(o.keys):], ".")), true
		}
	}
	return "", false
}

// leavesOut reports whether the field is a copy of an object without a place.
func (f FieldExplanation) leavesOut(place []string) bool {
	return slices.ContainsFunc(f.places, func(o origin) bool {
		return len(o.keys) < len(place) && isPrefix(o.keys, place) && f.excepts(place[len(o.keys)])
	})
}

// whyNot says why a member went nowhere. A line with rest has the first word,
// unless it leaves the member to others.
func (t *tracer) whyNot(place []string, v value) (string, Position) {
	for _, n := range t.rests {
		under := func(o origin) bool { return len(o.keys) == len(place)-1 && isPrefix(o.keys, place) }
		if n.run.rule == t.rule && slices.ContainsFunc(n.places, under) {
			if why := n.whyNot(place[len(place)-1], v); why != "" {
				return why, n.rest.at
			}
		}
	}
	for _, r := range t.readers {
		names := func(o origin) bool { return isPrefix(o.keys, place) || isPrefix(place, o.keys) }
		if slices.ContainsFunc(r.origins, names) {
			return t.readBy(r, place), r.at
		}
	}
	return t.readByProgram(place), Position{}
}

// readBy words what became of a line that names a member and did not send it.
func (t *tracer) readBy(r reader, place []string) string {
	if !r.line {
		return "read for " + r.what
	}
	for _, field := range t.fields {
		switch {
		case field.At != r.at:
		case field.Absent != "":
			return r.what + " is absent: " + field.Absent
		case field.leavesOut(place):
			return "the except of " + r.what + " names it"
		case len(field.places) > 0:
			return r.what + " is from " + strings.Join(eventPlaces(field.places, nil), ", ")
		case field.From != "":
			return r.what + " is from " + field.From
		}
	}
	return "read for " + r.what + ", in a step that did not run"
}

// readByProgram says what the destination itself reads an event for.
func (t *tracer) readByProgram(place []string) string {
	switch p := t.program; {
	case slices.Equal(p.by.keys(), place):
		return "says which rules take the event"
	case p.id != nil && slices.Equal(p.id.keys(), place):
		return "names the event in reports"
	default:
		return "no line of the rule reads it"
	}
}

// whyNot says why a rest line did not take a member; empty where another line
// was to.
func (n restNotes) whyNot(name string, v value) string {
	taken, isTaken := n.rest.taken[name]
	lost := n.lost[memberOfRest{n.rest.at, name}]
	switch {
	case isTaken && taken == "":
		return "except names it"
	case isTaken:
		return ""
	case lost != "":
		return lost
	case !v.scalar():
		return v.kindText() + ": rest takes single values only"
	default:
		return "empty"
	}
}

// readers lists everything of the rule that reads the event. What vars read is
// read by those who read the vars.
func (r *rule) readers() []reader {
	var all []reader
	for _, m := range r.mappings {
		all = append(all, m.mapping.readers(m.name)...)
	}
	for _, s := range r.block.steps {
		if c, isCall := s.op.(*call); isCall && c.body != nil {
			all = append(all, c.body.readers("")...)
		}
	}
	for _, s := range r.block.steps {
		if c, isCall := s.op.(*call); isCall {
			all = append(all, reader{what: "the URL of " + s.called(), at: s.at, origins: originsOfReads(c.urlReads())})
		}
		all = append(all, reader{what: s.called(), at: s.at, origins: s.origins()})
	}
	all = append(all, reader{what: "the condition of the rule", at: r.at, origins: r.when.origins()})
	for _, q := range r.requires {
		all = append(all, reader{what: "a requirement", at: q.at, origins: slices.Concat(originsOfReads(q.reads), q.when.origins(), q.message.origins())})
	}
	return all
}

// called names a step in a sentence.
func (s *step) called() string {
	op, isLet := s.op.(*let)
	switch {
	case isLet:
		return "the let of " + op.name
	case s.given() != "":
		return "the step " + s.name
	default:
		return "the " + s.kind
	}
}

// readers lists the lines of a mapping, with their targets in it.
func (m *mapping) readers(name string) []reader {
	var all []reader
	m.root.walk(func(t *target) {
		for _, line := range t.lines {
			all = append(all, reader{what: joinDots(name, t.label), at: line.at, line: true, origins: line.origins})
		}
		for _, line := range t.lines {
			all = append(all, reader{what: "the condition of " + joinDots(name, t.label), at: line.at, origins: line.when.origins()})
		}
	})
	return all
}

// origins lists the places in the event that a step reads, but for URL and body.
func (s *step) origins() []origin {
	all := s.when.origins()
	switch op := s.op.(type) {
	case *call:
		all = slices.Concat(all, op.each.origins(), op.pick.origins())
		for _, a := range op.arms {
			all = slices.Concat(all, a.when.origins(), a.message.origins())
		}
		if op.confirm != nil {
			all = slices.Concat(all, op.confirm.when.origins(), op.confirm.path.origins(), op.confirm.there.origins())
		}
	case *find:
		for _, reads := range op.inputs {
			all = append(all, originsOfReads(reads)...)
		}
	case *use:
		for _, in := range op.inputs {
			all = slices.Concat(all, in.source.origins)
		}
	case *let:
		all = append(all, op.source.origins...)
	case *stop:
		all = append(all, op.message.origins()...)
	}
	return all
}

// urlReads lists what path and query of a call are made of.
func (c *call) urlReads() []read {
	all := c.path.reads()
	for _, q := range c.query {
		all = append(all, q.value.reads()...)
	}
	return all
}

func originsOfReads(reads []read) []origin {
	var all []origin
	for _, r := range reads {
		all = append(all, r.said.origins...)
	}
	return all
}

func (e *expression) origins() []origin {
	if e == nil {
		return nil
	}
	var all []origin
	for _, r := range e.reads {
		all = append(all, r.name.originsOf(r.keys)...)
	}
	return all
}

func (t *template) origins() []origin { return originsOfReads(t.reads()) }

func (t *template) reads() []read {
	if t == nil {
		return nil
	}
	var all []read
	for _, part := range t.parts {
		if part.read != nil {
			all = append(all, *part.read)
		}
	}
	return all
}
