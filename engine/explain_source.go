package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// What the lines of a mapping or a body come to, in words.

// notes are what a filling writes down for an explanation. Nil takes nothing
// down.
type notes struct {
	explainer *explainer
	fields    []FieldExplanation
	lost      map[memberOfRest]string // why a rest line left a member out
}

// A finding is what a source came to, and how.
type finding struct {
	value   value
	index   int // of the path that gave it; -1 for the default
	warning string
	skipped bool // the condition does not hold
}

// explain words what a source came to.
func (s *sourced) explain(to string, f finding, places []origin) FieldExplanation {
	e := FieldExplanation{To: to, At: s.at}
	switch {
	case f.skipped:
		e.Absent = "when: " + s.when.text + " does not hold"
	case f.value.missing():
		e.Absent = s.absent(f)
	case f.index < 0:
		e.From, e.Value = "default", json.RawMessage(f.value.raw)
	default:
		e.Value, e.places = json.RawMessage(f.value.raw), places
		e.From = s.origin(f.index)
		if len(s.reads) > 1 {
			e.Alternative, e.Alternatives = f.index+1, len(s.reads)
		}
		e.Done = s.done()
	}
	return e
}

// origin names what a value came from.
func (s *sourced) origin(index int) string {
	switch {
	case s.literal != "":
		return "value"
	case s.expr != nil:
		return "expr: " + s.expr.text
	default:
		return s.labels[index]
	}
}

func (s *sourced) done() []string {
	var done []string
	if s.as != nil {
		done = append(done, "as "+s.as.name)
	}
	if s.table != nil {
		done = append(done, "table "+s.table.name)
	}
	for _, key := range s.except {
		done = append(done, "except "+key)
	}
	return done
}

func (s *sourced) absent(f finding) string {
	switch {
	case f.warning != "":
		return f.warning
	case s.expr != nil:
		return "the expression " + s.expr.text + " gives nothing"
	case len(s.labels) == 1:
		return s.label + " is missing, null or empty"
	default:
		return "none of " + strings.Join(s.labels, ", ") + " is there"
	}
}

// tell notes what a line came to, where somebody wants to know.
func (f *filling) tell(t *target, s *sourced, found finding) {
	found.value = s.leaveOut(found.value)
	places := f.notes.explainer.placesBehind(s, f.slots, found)
	f.notes.fields = append(f.notes.fields, s.explain(t.label, found, places))
}

// passedOver notes the lines behind the one that gave the value.
func (f *filling) passedOver(t *target, behind []*sourced) {
	if f.notes == nil {
		return
	}
	for _, s := range behind {
		f.notes.fields = append(f.notes.fields, FieldExplanation{To: t.label, At: s.at, Absent: "a line before gives the value"})
	}
}

// took notes a member that a rest line takes.
func (f *filling) took(t *target, e *entry) {
	note := FieldExplanation{To: joinDots(t.label, e.key), At: t.rest.at, From: joinDots(t.rest.label, e.name), Value: json.RawMessage(e.raw)}
	if e.key != e.name {
		note.Done = []string{fmt.Sprintf("key %s", quote(e.key))}
	}
	for _, place := range f.notes.explainer.placesOf(t.rest.from, f.slots) {
		note.places = append(note.places, place.below(e.name))
	}
	f.notes.fields = append(f.notes.fields, note)
}

// A memberOfRest is a member of the object of which a rest line takes the rest.
type memberOfRest struct {
	at   Position // of the line
	name string
}

// lose notes why a rest line left a member out that it would have taken.
func (f *filling) lose(r *rest, name, why string) {
	if f.notes != nil {
		f.notes.lost[memberOfRest{r.at, name}] = why
	}
}

// loseToLine names the line that has the key of a member.
func (f *filling) loseToLine(t *target, e entry) {
	for _, child := range t.children {
		if t.rest.compared(child.name) == t.rest.compared(e.key) {
			f.lose(t.rest, e.name, "the line of "+child.label+" has the same key "+quote(shorten(child.name)))
		}
	}
}

// loseAll notes that a rest line took nothing.
func (f *filling) loseAll(r *rest) {
	if f.notes == nil {
		return
	}
	r.from.from(f.slots).members(func(name string, _ value) {
		f.lose(r, name, "when: "+r.when.text+" does not hold")
	})
}

// placesBehind gives the places in the event that a value came from.
func (e *explainer) placesBehind(s *sourced, slots []value, f finding) []origin {
	switch {
	case e == nil || f.value.missing() || f.index < 0:
		return nil
	case s.expr != nil:
		return e.placesOfExpression(s.expr, slots)
	case len(s.reads) > 0:
		return e.placesOf(s.reads[f.index], slots)
	default:
		return nil
	}
}

// placesOfExpression gives the places that a value was computed from.
func (e *explainer) placesOfExpression(expr *expression, slots []value) []origin {
	var all []origin
	for _, r := range expr.reads {
		all = append(all, wholes(e.placesOf(r.read, slots))...)
	}
	return all
}

// placesOf gives the places in the event that a path leads to, in a frame.
func (e *explainer) placesOf(r read, slots []value) []origin {
	if r.slot == slotEvent {
		return []origin{{keys: r.path.keys()}}
	}
	var all []origin
	for _, o := range e.sources[&slots[r.slot]] {
		all = append(all, o.below(r.path.keys()...))
	}
	return all
}

// filled notes what a slot was filled from.
func (e *explainer) filled(slot *value, s *sourced, slots []value, f finding) {
	if e != nil {
		e.sources[slot] = e.placesBehind(s, slots, f)
	}
}

// asked notes what a way of a lookup is given.
func (e *explainer) asked(r *findRun, w *way, v value, slot *value) {
	if e == nil {
		return
	}
	for _, rd := range r.find.inputs[w.by] {
		if given, fits := asString(&workspace{}, rd.from(r.frame.slots)); fits && given.raw == v.raw {
			e.sources[slot] = append(e.sources[slot], e.placesOf(rd, r.frame.slots)...)
		}
	}
}

// below gives a member of the place; what was computed from it has none.
func (o origin) below(keys ...string) origin {
	if o.whole {
		return o
	}
	return origin{keys: slices.Concat(o.keys, keys)}
}
