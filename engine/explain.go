package engine

import (
	"encoding/json"
	"slices"
	"strings"
)

// An Explanation says what each rule made of one event, and why: the line
// behind every field of every request, why a field is absent, why a step ran or
// did not, where the event ended, and where each member of the event went. It
// holds the event's data.
type Explanation struct {
	Rules []*RuleExplanation `json:"rules"`
}

// A RuleExplanation is the part of one rule that is for events of this kind.
type RuleExplanation struct {
	Rule string   `json:"rule"`
	At   Position `json:"at"`
	// Took reports whether the rule took the event. Rejected reports that it is
	// for the event and refuses it.
	Took     bool `json:"took"`
	Rejected bool `json:"rejected,omitempty"`
	// Why says why the rule did not take the event, or why the event ended here
	// where no step is to blame.
	Why string `json:"why,omitempty"`
	// Vars and Mappings are what was made before the first request.
	Vars     []FieldExplanation   `json:"vars,omitempty"`
	Mappings []MappingExplanation `json:"mappings,omitempty"`
	// Members says of each member of the event where it went: of the event
	// itself, and of each object of which the rule reads a member.
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
	// To is the target, such as user.email; the name of a var or let; empty for
	// the object itself.
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

	places []origin // where in the event the value is from
}

// A MemberExplanation says where a member of the event went.
type MemberExplanation struct {
	Path string `json:"path"` // such as event.traits.email
	// Went names the targets that got it: those of bodies, and of mappings,
	// with their names before them, what no body copies as it is. It is empty
	// where the member went nowhere; Why then says why.
	Went []string `json:"went,omitempty"`
	Why  string   `json:"why,omitempty"`
	// At is the line that read it or left it out, and has no File for none.
	At Position `json:"at,omitzero"`
}

// A StepExplanation is one step, in the order in which steps were done. Steps
// of procedures and lookups stand behind the step that uses them.
type StepExplanation struct {
	Name  string   `json:"name"`
	Kind  string   `json:"kind"`
	At    Position `json:"at"`
	Depth int      `json:"depth,omitempty"` // 0 for the rule's own steps
	Ran   bool     `json:"ran"`
	// NotReached reports that the event ended before the step.
	NotReached bool `json:"not_reached,omitempty"`
	// Why is the condition of a step that has one.
	Why string `json:"why,omitempty"`
	// Idle says why a step that ran did nothing.
	Idle string `json:"idle,omitempty"`
	// Let is what a let came to; without From and Absent where it did not run.
	Let      *FieldExplanation    `json:"let,omitempty"`
	Requests []RequestExplanation `json:"requests,omitempty"`
	// Ended says why the event ended with this step.
	Ended string `json:"ended,omitempty"`
}

// A RequestExplanation is one request of a step.
type RequestExplanation struct {
	Method string             `json:"method"`
	Path   string             `json:"path"`
	Query  string             `json:"query,omitempty"`
	Fields []FieldExplanation `json:"fields,omitempty"`

	places []origin // where in the event path and query are from
}

// Explain is [Config.Start] for an execution that also keeps an account of what
// it does, for [Execution.Explanation]. It costs more time and memory.
func (c *Config) Explain(event []byte) *Execution { return c.start(event, newExplainer()) }

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
	// sources holds the places in the event that the value of a slot is from,
	// by the slot: each frame has its own.
	sources map[*value][]origin
	rests   []restNotes
}

func newExplainer() *explainer {
	return &explainer{
		rules: map[*rule]*RuleExplanation{}, fields: map[*ruleRun]map[string][]FieldExplanation{}, sources: map[*value][]origin{},
	}
}

// rule notes that a rule is for events of this kind.
func (e *explainer) rule(r *rule) {
	if e == nil {
		return
	}
	e.rules[r] = &RuleExplanation{Rule: r.name, At: r.at}
	e.explanation.Rules = append(e.explanation.Rules, e.rules[r])
}

// passed notes that a rule did not take the event.
func (e *explainer) passed(r *rule, why string) {
	if e == nil {
		return
	}
	e.rules[r].Took, e.rules[r].Why = false, why
}

// unmet notes that the condition of a rule does not hold.
func (e *explainer) unmet(r *rule) {
	if e != nil {
		e.passed(r, "when: "+r.when.text+" does not hold")
	}
}

func (e *explainer) took(r *rule) {
	if e == nil {
		return
	}
	e.rules[r].Took = true
}

// rejected notes that a rule refuses the event.
func (e *explainer) rejected(r *rule, why string) {
	if e == nil {
		return
	}
	e.rules[r].Rejected, e.rules[r].Why = true, why
}

// unfinished notes that the event ended in a rule whose steps are done.
func (e *explainer) unfinished(r *rule, why string) {
	if e == nil {
		return
	}
	e.rules[r].Why = why
}

func (e *explainer) variable(run *ruleRun, b *binding, f finding) {
	e.filled(&run.slots[b.slot], b.source, run.slots, f)
	noted := e.rules[run.rule]
	noted.Vars = append(noted.Vars, b.source.explain(b.name, f, e.placesBehind(b.source, run.slots, f)))
}

// notes gives what takes down the lines of a mapping or a body.
func (e *explainer) notes() *notes {
	if e == nil {
		return nil
	}
	return &notes{explainer: e, fields: []FieldExplanation{}, lost: map[memberOfRest]string{}}
}

func (e *explainer) mapping(run *ruleRun, name string, m *mapping, f *filling) {
	if e == nil {
		return
	}
	if e.fields[run] == nil {
		e.fields[run] = map[string][]FieldExplanation{}
	}
	e.fields[run][name] = f.notes.fields
	noted := e.rules[run.rule]
	noted.Mappings = append(noted.Mappings, MappingExplanation{name, f.notes.fields})
	m.root.walk(func(t *target) {
		if t.rest != nil {
			e.rests = append(e.rests, restNotes{run, t.rest, e.placesOf(t.rest.from, run.slots), f.notes.lost})
		}
	})
}

// step notes a step that is begun, with its condition.
func (e *explainer) step(x *Execution, f *frame, s *step, ran bool) {
	if e == nil {
		return
	}
	noted := s.explain(len(x.stack) - 1)
	noted.Ran = ran
	out := e.rules[f.run.rule]
	out.Steps = append(out.Steps, noted)
}

func (s *step) explain(depth int) StepExplanation {
	noted := StepExplanation{Name: s.name, Kind: s.kind, At: s.at, Depth: depth}
	if op, isLet := s.op.(*let); isLet {
		noted.Let = &FieldExplanation{To: op.name, At: s.at}
	}
	if s.when != nil {
		noted.Why = "when: " + s.when.text
	}
	return noted
}

// stepOf gives the notes of a step that is at work.
func (e *explainer) stepOf(r *rule, s *step) *StepExplanation {
	steps := e.rules[r].Steps
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].Name == s.name && steps[i].At == s.at {
			return &steps[i]
		}
	}
	return &StepExplanation{} // its condition could not be evaluated
}

// let notes what a let came to.
func (e *explainer) let(f *frame, s *step, l *let, found finding) {
	if e == nil {
		return
	}
	noted := l.source.explain(l.name, found, e.placesBehind(l.source, f.slots, found))
	e.stepOf(f.run.rule, s).Let = &noted
	if s.slot >= 0 {
		e.filled(&f.slots[s.slot], l.source, f.slots, found)
	}
}

// items notes what a step is done for each element of.
func (e *explainer) items(r *callRun) {
	switch {
	case e == nil:
	case len(r.items) == 0:
		e.idle(r.frame, r.step, "its list is empty")
	case r.call.itemSlot >= 0:
		e.sources[&r.frame.slots[r.call.itemSlot]] = e.placesOfExpression(r.call.each, r.frame.slots)
	}
}

// idle notes that a step had nothing to do.
func (e *explainer) idle(f *frame, s *step, why string) {
	if e == nil {
		return
	}
	e.stepOf(f.run.rule, s).Idle = why
}

// ended notes that the event ended with a step.
func (e *explainer) ended(x *Execution, f *frame, s *step, why string) {
	if e == nil {
		return
	}
	noted := e.stepOf(f.run.rule, s)
	if noted.Name == "" {
		e.step(x, f, s, false)
		noted = e.stepOf(f.run.rule, s)
	}
	noted.Ended = why
}

// close notes what the end of the event came before, and where its members went.
func (e *explainer) close(x *Execution) {
	if e == nil {
		return
	}
	for depth, f := range slices.Backward(x.stack) {
		e.unreached(f.run, f.block.steps[min(f.at+1, len(f.block.steps)):], depth)
	}
	for _, run := range x.runs[x.current:] {
		e.unreached(run, run.rule.block.steps, 0)
	}
	for r, noted := range e.rules {
		if noted.Took || noted.Mappings != nil {
			noted.Members = e.members(x, r)
		}
	}
}

func (e *explainer) unreached(run *ruleRun, steps []*step, depth int) {
	out := e.rules[run.rule]
	for _, s := range steps {
		noted := s.explain(depth)
		noted.NotReached = true
		out.Steps = append(out.Steps, noted)
	}
}

// request notes a request with the lines behind the fields of its body.
func (e *explainer) request(r *callRun, request *Request, f *filling) {
	if e == nil {
		return
	}
	noted := RequestExplanation{Method: request.Method, Path: request.Path, Query: request.Query}
	for _, rd := range r.call.urlReads() {
		noted.places = append(noted.places, e.placesOf(rd, r.frame.slots)...)
	}
	if f != nil {
		noted.Fields = f.notes.fields
		if r.frame.block == r.frame.run.rule.block { // elsewhere the names of the mappings are not known
			noted.Fields = e.behind(r.frame.run, noted.Fields)
		}
	}
	of := e.stepOf(r.frame.run.rule, r.step)
	of.Requests = append(of.Requests, noted)
}

// behind replaces each line that copies a mapping, or a part of one, by the
// lines that made it.
func (e *explainer) behind(run *ruleRun, lines []FieldExplanation) []FieldExplanation {
	var all []FieldExplanation
	for _, note := range lines {
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
