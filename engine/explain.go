package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// An Explanation says what each rule made of one event, and why: the line
// behind every field of every request, why a field is absent, why a step ran or
// did not, and where each trait went. It holds the event's data.
type Explanation struct {
	Rules []*RuleExplanation `json:"rules"`
}

// A RuleExplanation is the part of one rule that is for events of this kind.
type RuleExplanation struct {
	Rule string   `json:"rule"`
	At   Position `json:"at"`
	// Took reports whether the rule took the event; if not, Why says why not.
	Took bool   `json:"took"`
	Why  string `json:"why,omitempty"`
	// Vars and Mappings are what was made before the first request.
	Vars     []FieldExplanation   `json:"vars,omitempty"`
	Mappings []MappingExplanation `json:"mappings,omitempty"`
	// Members says of each member of an object that a rest line reads where it
	// went.
	Members []MemberExplanation `json:"members,omitempty"`
	Steps   []StepExplanation   `json:"steps,omitempty"`
}

// A MappingExplanation is one mapping with a field for each of its lines.
type MappingExplanation struct {
	Name   string             `json:"name"`
	Fields []FieldExplanation `json:"fields"`
}

// A FieldExplanation is what one line of a rule came to.
type FieldExplanation struct {
	// To is the target, such as user.email; the name of a var or let.
	To string   `json:"to"`
	At Position `json:"at"`
	// From is the path that gave the value, or value, default, or the text of
	// an expression. Alternative counts from 1 where the line has Alternatives.
	From         string `json:"from,omitempty"`
	Alternative  int    `json:"alternative,omitempty"`
	Alternatives int    `json:"alternatives,omitempty"`
	// Done lists what was done to the value, such as as string.
	Done []string `json:"done,omitempty"`
	// Value is the field's value; nil where it is absent, and then Absent says
	// why.
	Value  json.RawMessage `json:"value,omitempty"`
	Absent string          `json:"absent,omitempty"`
	// Via is the line that copied the field as part of a larger object, and has
	// no File where the field has a line of its own.
	Via Position `json:"via,omitzero"`
}

// A MemberExplanation says where a member of a rest object went.
type MemberExplanation struct {
	Path string `json:"path"`
	// Went names the targets that got it, and is empty where it was left out;
	// Why then says why.
	Went []string `json:"went,omitempty"`
	Why  string   `json:"why,omitempty"`
	At   Position `json:"at,omitzero"`
}

// A StepExplanation is one step, in the order in which steps were done. Steps
// of procedures and lookups stand behind the step that uses them.
type StepExplanation struct {
	Name  string   `json:"name"`
	Kind  string   `json:"kind"`
	At    Position `json:"at"`
	Depth int      `json:"depth,omitempty"` // 0 for the rule's own steps
	Ran   bool     `json:"ran"`
	// Why is the condition of a step that has one.
	Why      string               `json:"why,omitempty"`
	Requests []RequestExplanation `json:"requests,omitempty"`
}

// A RequestExplanation is one request of a step.
type RequestExplanation struct {
	Method string             `json:"method"`
	Path   string             `json:"path"`
	Query  string             `json:"query,omitempty"`
	Fields []FieldExplanation `json:"fields,omitempty"`
}

// Explain is [Config.Start] for an execution that also keeps an account of what
// it does, for [Execution.Explanation]. It costs more time and memory.
func (c *Config) Explain(event []byte) *Execution {
	return c.start(event, &explainer{fields: map[*ruleRun]map[string][]FieldExplanation{}})
}

// Explanation gives the account of an execution that was begun by
// [Config.Explain], nil for any other. It is complete once Next has reported the
// end.
func (x *Execution) Explanation() *Explanation {
	if x.explainer == nil {
		return nil
	}
	return &x.explainer.explanation
}

// An explainer takes notes while an execution goes on. All methods do nothing
// on nil, which is what an execution that is not explained has.
type explainer struct {
	explanation Explanation
	rules       map[*rule]*RuleExplanation
	// fields holds what is known of each name of a rule, to look behind a line
	// that copies a mapping.
	fields map[*ruleRun]map[string][]FieldExplanation
}

// rule notes that a rule is for events of this kind.
func (e *explainer) rule(r *rule) {
	if e == nil {
		return
	}
	if e.rules == nil {
		e.rules = map[*rule]*RuleExplanation{}
	}
	e.rules[r] = &RuleExplanation{Rule: r.name, At: r.at}
	e.explanation.Rules = append(e.explanation.Rules, e.rules[r])
}

// took notes whether the rule took the event.
func (e *explainer) took(r *rule, took bool, why string) {
	if e == nil {
		return
	}
	e.rules[r].Took, e.rules[r].Why = took, why
}

func (e *explainer) variable(r *rule, b *binding, f finding) {
	if e == nil {
		return
	}
	e.rules[r].Vars = append(e.rules[r].Vars, b.source.explain(b.name, f))
}

// notes gives a list for what the lines of a mapping or a body come to.
func (e *explainer) notes() *[]FieldExplanation {
	if e == nil {
		return nil
	}
	return &[]FieldExplanation{}
}

func (e *explainer) mapping(run *ruleRun, name string, m *mapping, f *filling) {
	if e == nil {
		return
	}
	if e.fields[run] == nil {
		e.fields[run] = map[string][]FieldExplanation{}
	}
	e.fields[run][name] = *f.notes
	out := e.rules[run.rule]
	out.Mappings = append(out.Mappings, MappingExplanation{name, *f.notes})
	m.root.walk(func(t *target) {
		if t.rest != nil {
			out.Members = append(out.Members, t.rest.members(t, f)...)
		}
	})
}

// step notes a step that is begun, with its condition.
func (e *explainer) step(x *Execution, f *frame, s *step, ran bool) {
	if e == nil {
		return
	}
	noted := StepExplanation{Name: s.name, Kind: s.kind, At: s.at, Depth: len(x.stack) - 1, Ran: ran}
	if s.when != nil {
		noted.Why = "when: " + s.when.text
	}
	out := e.rules[f.run.rule]
	out.Steps = append(out.Steps, noted)
}

// request notes a request with the lines behind the fields of its body.
func (e *explainer) request(r *callRun, request Request, f *filling) {
	if e == nil {
		return
	}
	noted := RequestExplanation{Method: request.Method, Path: request.Path, Query: request.Query}
	if f != nil {
		noted.Fields = e.behind(r.frame.run, *f.notes)
	}
	steps := e.rules[r.frame.run.rule].Steps
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].Name == r.step.name && steps[i].At == r.step.at {
			steps[i].Requests = append(steps[i].Requests, noted)
			return
		}
	}
}

// behind replaces each line that copies a mapping, or a part of one, by the
// lines that made it.
func (e *explainer) behind(run *ruleRun, notes []FieldExplanation) []FieldExplanation {
	var all []FieldExplanation
	for _, note := range notes {
		name, below, _ := strings.Cut(note.From, ".")
		inner, isMapping := e.fields[run][name]
		if note.Absent != "" || !isMapping || len(note.Value) == 0 || note.Value[0] != '{' {
			all = append(all, note)
			continue
		}
		for _, field := range inner {
			rest, within := targetBelow(field.To, below)
			if !within || note.excepts(rest) {
				continue
			}
			field.To, field.Via = joinDots(note.To, rest), note.At
			all = append(all, field)
		}
	}
	return all
}

// targetBelow gives the part of a target that lies below another.
func targetBelow(target, above string) (string, bool) {
	if above == "" {
		return target, true
	}
	if target == above {
		return "", true
	}
	return strings.CutPrefix(target, above+".")
}

func joinDots(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "." + b
}

// excepts reports whether the line left a member out.
func (f FieldExplanation) excepts(target string) bool {
	first, _, _ := strings.Cut(target, ".")
	return slices.Contains(f.Done, "except "+first)
}

// A finding is what a source came to, and how.
type finding struct {
	value   value
	index   int // of the path that gave it; -1 for the default
	warning string
	skipped string // the condition that did not hold
}

// explain words what a source came to.
func (s *sourced) explain(to string, f finding) FieldExplanation {
	e := FieldExplanation{To: to, At: s.at}
	switch {
	case f.skipped != "":
		e.Absent = "when: " + f.skipped + " does not hold"
	case f.value.missing():
		e.Absent = s.absent(f)
	case f.index < 0:
		e.From, e.Value = "default", json.RawMessage(f.value.raw)
	default:
		e.Value = json.RawMessage(f.value.raw)
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
	if f.notes != nil {
		*f.notes = append(*f.notes, s.explain(t.label, found))
	}
}

// passedOver notes the lines behind the one that gave the value.
func (f *filling) passedOver(t *target, behind []*sourced) {
	if f.notes == nil {
		return
	}
	for _, s := range behind {
		*f.notes = append(*f.notes, FieldExplanation{To: t.label, At: s.at, Absent: "a line before gives the value"})
	}
}

// took notes a member that a rest line takes.
func (f *filling) took(t *target, e entry) {
	if f.notes == nil {
		return
	}
	note := FieldExplanation{To: joinDots(t.label, e.key), At: t.rest.at, From: joinDots(t.rest.label, e.name), Value: json.RawMessage(e.raw)}
	if e.key != e.name {
		note.Done = []string{fmt.Sprintf("key %s", quote(e.key))}
	}
	*f.notes = append(*f.notes, note)
}

// members says where each member of a rest object went.
func (r *rest) members(t *target, f *filling) []MemberExplanation {
	var all []MemberExplanation
	r.from.from(f.slots).members(func(name string, v value) {
		path := joinDots(r.label, name)
		m := MemberExplanation{Path: path}
		for _, note := range *f.notes {
			if note.Absent == "" && (note.From == path || strings.HasPrefix(note.From, path+".")) {
				m.Went, m.At = append(m.Went, note.To), note.At
			}
		}
		if len(m.Went) == 0 {
			m.Went, m.At = computed(*f.notes, r.taken[name])
		}
		if len(m.Went) == 0 {
			m.Why, m.At = r.whyNot(name, v), r.at
		}
		all = append(all, m)
	})
	return all
}

// computed finds the line of a target whose expression read a member.
func computed(notes []FieldExplanation, target string) ([]string, Position) {
	for _, note := range notes {
		if target != "" && note.To == target && strings.HasPrefix(note.From, "expr: ") {
			return []string{target}, note.At
		}
	}
	return nil, Position{}
}

func (r *rest) whyNot(name string, v value) string {
	taken, isTaken := r.taken[name]
	switch {
	case isTaken && taken == "":
		return "except names it"
	case isTaken:
		return "read by the line of " + taken
	case !v.scalar():
		return v.kindText() + ": rest takes single values only"
	case !v.present(r.keep):
		return "empty"
	default:
		return "another key takes the place of " + quote(r.key(name)) + ", or the line's condition does not hold"
	}
}
