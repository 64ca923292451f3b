package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// An Execution is the delivery of one event, without I/O: [Execution.Next]
// gives a request, whoever performs it calls [Execution.Respond], and so on
// until Next reports the end and [Execution.Outcome] tells it. It is not safe
// for concurrent use, and holds nothing but memory: one that is given up needs
// no closing.
type Execution struct {
	config    *Config
	work      *workspace
	event     value
	mended    bool // and no rule has warned of it yet
	runs      []*ruleRun
	current   int
	stack     []*frame
	results   []value         // of rules, by their number
	pending   *pendingRequest // nil for none
	asked     pendingRequest  // where pending points to
	reply     value           // to the request before, where it is JSON that is read
	facts     []Fact
	written   bool   // a request that can change something was answered or lost
	once      string // the last call that may not be repeated and was taken
	ended     bool
	outcome   Outcome
	explainer *explainer // nil for none
	coverage  *Coverage  // nil for none
}

// A ruleRun is one rule that takes the event, mapped and checked.
type ruleRun struct {
	rule  *rule
	slots []value
}

// A pendingRequest is what Next shows until it is answered.
type pendingRequest struct {
	request *Request
	path    string // for reports, which a link has none of
	frame   *frame
}

// A frame is a block that is being run.
type frame struct {
	run     *ruleRun
	block   *block
	slots   []value
	at      int    // the step at hand
	done    []bool // steps whose values stand, when others are done again
	redone  map[relooked]bool
	call    *callRun // nil for none
	calling callRun  // where call points to
	find    *findRun // nil for none
	finding findRun  // where find points to
	fresh   *step    // of which the answer is not to be recalled
	anew    bool     // nor that of any step: the block is part of such a step
	recall  string   // the key under which a lookup's way may be known
	// outer is the frame of the step that this block is for; nil for the block of
	// a rule.
	outer *frame
}

// freshly reports whether a step has to ask, whatever a memory knows.
func (f *frame) freshly(s *step) bool { return f.anew || f.fresh == s }

// Start begins the delivery of an event. The event is checked, and every rule
// that takes it is mapped and checked, before the first request: an event that
// ends rejected here has caused none. Start does not keep a reference to the
// bytes.
func (c *Config) Start(event []byte) *Execution { return c.start(event, nil) }

func (c *Config) start(event []byte, e *explainer) *Execution {
	x := &Execution{config: c, work: &workspace{}}
	x.open(event, e)
	return x
}

// Restart begins the delivery of another event in the memory of this one, which
// costs less than [Config.Start]. What the execution gave before belongs to it,
// texts included: requests, outcome and explanation are not to be used any more.
// Facts are whoever took them's. A transport that may still read the body of a
// request needs a copy.
func (x *Execution) Restart(event []byte) {
	x.work.reset()
	*x = Execution{
		config: x.config, work: x.work, runs: x.runs[:0], stack: x.stack[:0], results: x.results,
		outcome: Outcome{Rules: x.outcome.Rules[:0], Warnings: x.outcome.Warnings[:0], Requests: x.outcome.Requests[:0]},
	}
	x.open(event, nil)
}

func (x *Execution) open(event []byte, e *explainer) {
	c := x.config
	x.explainer, x.coverage = e, c.coverage
	if x.results == nil {
		x.results, x.outcome.Rules = make([]value, len(c.program.rules)), []string{}
	}
	if len(event) > c.limits.EventBytes {
		x.finish(Rejected, fmt.Sprintf("the event has %d bytes, and %d are allowed", len(event), c.limits.EventBytes))
		return
	}
	var reason string
	if x.event, x.mended, reason = c.read(&x.work.scanner, &x.work.event, x.work.texts.keep(event)); reason != "" {
		x.finish(Rejected, reason)
		return
	}
	x.match()
}

// mendedText is the warning about an event that [mendSurrogates] has changed.
const mendedText = `a text of the event holds half a character (such as \ud83d without its other half): U+FFFD took its place`

// read makes a text the event, or says why it is none that a rule may see.
func (c *Config) read(s *scanner, into *document, text string) (event value, mended bool, reason string) {
	err := s.scan(into, text, c.limits.Depth, c.limits.Keys)
	if s.surrogates { // also where two keys seemed to be one
		if whole := mendSurrogates(text); whole != text {
			mended = true
			err = s.scan(into, whole, c.limits.Depth, c.limits.Keys)
		}
	}
	if err != nil {
		return value{}, false, fmt.Sprintf("the event is not usable JSON: %v", err)
	}
	if event = into.value(0); event.kind() != '{' {
		return value{}, false, "the event is " + event.kindText() + ", not an object"
	}
	return event, mended, ""
}

// match finds the rules for the event and maps them all.
func (x *Execution) match() {
	p := x.config.program
	kind := x.event.get(&p.by)
	if kind.kind() != '"' || kind.raw == `""` {
		x.finish(Rejected, fmt.Sprintf("the event's %s is %s: it has to name one of %s", p.by.gjson, emptyText(kind), strings.Join(p.kinds, ", ")))
		return
	}
	matched, asked := false, false
	name := kind.text()
	for _, r := range p.rules {
		if !r.takes(name, p.fold) {
			continue
		}
		matched = true
		x.explainer.rule(r)
		if !x.follows(r) {
			x.explainer.passed(r, "the rule that it follows did not take the event")
			continue
		}
		asked = true
		if !x.prepare(r) {
			return
		}
	}
	switch {
	case !matched:
		x.finish(Ignored, fmt.Sprintf("no rule takes %s events, only %s", shorten(quote(name)), strings.Join(p.kinds, ", ")))
	case !asked:
		x.finish(Ignored, "the rules for such events follow others, which did not take it")
	case len(x.runs) == 0:
		x.finish(Ignored, fmt.Sprintf("no rule for %s events has its condition met", shorten(quote(name))))
	}
}

// follows reports whether every rule that this one follows takes the event.
// Where one does not, this one has nothing to say of the event either.
func (x *Execution) follows(r *rule) bool {
	for _, b := range r.after {
		if !slices.ContainsFunc(x.runs, func(earlier *ruleRun) bool { return earlier.rule == b.rule }) {
			return false
		}
	}
	return true
}

func (r *rule) takes(kind string, folding bool) bool {
	for _, e := range r.events {
		if e == kind || folding && sameFold(e, kind) {
			return true
		}
	}
	return false
}

// prepare evaluates everything of a rule that needs no reply. It reports false
// where the event ended.
func (x *Execution) prepare(r *rule) bool {
	run := x.work.runs.take()
	run.rule, run.slots = r, x.newSlots(r.block)
	run.slots[slotEvent] = x.event
	var warnings []note
	for _, v := range r.vars {
		found, err := v.source.value(x.work, run.slots)
		if err != nil {
			return x.reject(r, v.source.at, err.Error())
		}
		if x.explainer != nil {
			x.explainer.variable(run, v, found)
		}
		if x.coverage != nil {
			x.coverage.value(v.source, &found)
		}
		if found.warning != "" {
			warnings = append(warnings, note{found.warning, v.source.at})
		}
		run.slots[v.slot] = found.value
	}
	applies, err := r.when.holds(x.work, run.slots)
	if err != nil {
		return x.reject(r, r.at, err.Error())
	}
	x.coverage.when(r.when, applies)
	if !applies {
		x.explainer.unmet(r)
		return true
	}
	if x.mended {
		x.warn(r, mendedText, r.at)
		x.mended = false // said
	}
	x.warnAll(r, warnings)
	return x.require(run) && x.mapAll(run)
}

func (x *Execution) newSlots(b *block) []value {
	slots := x.work.slots(max(b.slots, firstFreeSlot))
	slots[slotConfig] = x.config.values
	for _, c := range b.constants {
		slots[c.slot] = c.value
	}
	return slots
}

// require reports every requirement that is not met, not only the first.
func (x *Execution) require(run *ruleRun) bool {
	var missing []string
	var at Position
	for _, q := range run.rule.requires {
		applies, err := q.when.holds(x.work, run.slots)
		if err != nil {
			return x.reject(run.rule, q.at, err.Error())
		}
		met := q.met(run.slots)
		x.coverage.require(q, applies, met)
		if !applies || met {
			continue
		}
		if len(missing) == 0 {
			at = q.at
		}
		missing = append(missing, q.message.message(run.slots))
	}
	if len(missing) > 0 {
		return x.reject(run.rule, at, strings.Join(missing, "; "))
	}
	return true
}

func (q *requirement) met(slots []value) bool {
	for _, r := range q.reads {
		if r.from(slots).present(keep{}) {
			return true
		}
	}
	return false
}

func (x *Execution) mapAll(run *ruleRun) bool {
	var missing []string
	var at Position
	for _, m := range run.rule.mappings {
		filled, f := x.fill(m.mapping, run.slots)
		if f.err != nil {
			return x.reject(run.rule, run.rule.at, f.err.Error())
		}
		x.explainer.mapping(run, m.name, m.mapping, f)
		x.warnAll(run.rule, f.warnings)
		for _, line := range f.missing {
			if len(missing) == 0 {
				at = line.at
			}
			missing = append(missing, fmt.Sprintf("%s needs %s", run.rule.name, line.label))
		}
		run.slots[m.slot] = filled
	}
	if len(missing) > 0 {
		return x.reject(run.rule, at, strings.Join(missing, "; "))
	}
	x.explainer.took(run.rule)
	x.runs = append(x.runs, run)
	x.outcome.Rules = append(x.outcome.Rules, run.rule.name)
	return true
}

func (x *Execution) reject(r *rule, at Position, reason string) bool {
	x.explainer.rejected(r, reason)
	x.outcome.Rule, x.outcome.At = r.name, at
	x.finish(Rejected, reason)
	return false
}

func (x *Execution) warn(r *rule, text string, at Position) {
	if text == "" {
		return
	}
	w := Warning{Rule: r.name, Text: text, At: at}
	for _, said := range x.outcome.Warnings {
		if said.Rule == w.Rule && said.Text == w.Text {
			return
		}
	}
	x.outcome.Warnings = append(x.outcome.Warnings, w)
}

func (x *Execution) warnAll(r *rule, notes []note) {
	for _, n := range notes {
		x.warn(r, n.text, n.at)
	}
}

func (x *Execution) finish(s Status, reason string) {
	if x.ended {
		return
	}
	reason = cut(reason, 8*maxText)
	if (s == Unfinished || s == Failed) && x.once != "" {
		s, reason = Uncertain, reason+"; a replay would do "+x.once+" again, which was done"
	}
	x.ended, x.pending = true, nil
	x.outcome.Status, x.outcome.Reason = s, reason
	x.explainer.close(x)
}

// fill evaluates a mapping. What it gives beside the value is good until the
// next one is filled.
func (x *Execution) fill(m *mapping, slots []value) (value, *filling) {
	f := &x.work.filling
	f.begin(slots, x.work)
	f.notes, f.coverage = x.explainer.notes(), x.coverage
	return m.fill(f), f
}

// end finishes the event with the step to blame.
func (x *Execution) end(f *frame, s *step, status Status, reason string) {
	if status == Rejected && x.written {
		status = Failed // a rejected event has changed nothing
	}
	x.outcome.Rule, x.outcome.Step, x.outcome.At = f.run.rule.name, s.name, s.at
	x.explainer.ended(x, f, s, reason)
	x.finish(status, reason)
}

// Next gives the request to be made, and false at the end. Until it is
// answered, Next gives the same one.
func (x *Execution) Next() (Request, bool) {
	for x.pending == nil && !x.ended {
		x.advance()
	}
	if x.ended {
		return Request{}, false
	}
	return *x.pending.request, true
}

// advance does one thing: begin a rule, leave a block, or run a step.
func (x *Execution) advance() {
	if len(x.stack) == 0 {
		x.nextRule()
		return
	}
	f := x.stack[len(x.stack)-1]
	if f.at == len(f.block.steps) {
		x.stack = x.stack[:len(x.stack)-1]
		x.leave(f)
		return
	}
	s := f.step()
	switch {
	case f.call != nil:
		f.call.proceed(x)
	case f.find != nil:
		f.find.proceed(x)
	case f.done[f.at]:
		f.at++
	default:
		x.begin(f, s)
	}
}

// begin runs a step whose condition holds.
func (x *Execution) begin(f *frame, s *step) {
	applies, err := s.when.holds(x.work, f.slots)
	if err != nil {
		x.end(f, s, Failed, err.Error())
		return
	}
	x.explainer.step(x, f, s, applies)
	x.coverage.step(s, applies)
	if applies {
		s.op.run(x, f, s)
		return
	}
	none := value{}
	if s.list {
		none = rawValue("[]")
	}
	x.complete(f, s, none)
}

// complete stores the value of a step and goes on to the next.
func (x *Execution) complete(f *frame, s *step, v value) {
	if s.slot >= 0 {
		f.slots[s.slot] = v
	}
	if f.fresh == s {
		f.fresh = nil
	}
	f.call, f.find = nil, nil
	f.done[s.index] = true
	f.at = s.index + 1
}

// A relooked is an arm that has looked again, and for which item: each is due
// once, so that several items may each meet what somebody else just made.
type relooked struct {
	arm  *arm
	item string
}

// push begins a block: that of a rule, or of the step at hand of the frame that
// is open.
func (x *Execution) push(run *ruleRun, b *block, slots []value) *frame {
	f := x.work.frames.take()
	f.run, f.block, f.slots, f.at, f.done = run, b, slots, 0, append(f.done[:0], b.undone...)
	f.redone, f.call, f.find, f.fresh, f.anew, f.recall, f.outer = nil, nil, nil, nil, false, "", nil
	if len(x.stack) > 0 {
		f.outer = x.stack[len(x.stack)-1]
		f.anew = f.outer.freshly(f.outer.step())
	}
	x.stack = append(x.stack, f)
	return f
}

// step gives the step at hand.
func (f *frame) step() *step { return f.block.steps[f.at] }

// leave goes back from a block to what it was for.
func (x *Execution) leave(f *frame) {
	switch {
	case f.outer == nil:
		x.leaveRule(f)
	case f.outer.find != nil:
		f.outer.find.leave(x, f)
	default:
		f.outer.step().op.(*use).leave(x, f)
	}
}

// nextRule begins the next rule, or ends the event.
func (x *Execution) nextRule() {
	if x.current == len(x.runs) {
		x.finish(Delivered, "")
		return
	}
	run := x.runs[x.current]
	x.current++
	for _, b := range run.rule.after {
		run.slots[b.slot] = x.results[b.rule.number]
	}
	x.push(run, run.rule.block, run.slots)
}

func (x *Execution) leaveRule(f *frame) {
	made := append(x.work.result[:0], '{')
	for _, field := range f.run.rule.result {
		v, lacking, err := x.result(f.run.rule, field.source, f.slots)
		if err == nil && lacking {
			err = fmt.Errorf("the result %s needs %s, which the answers do not have", field.name, field.source.label)
		}
		if err != nil {
			x.outcome.Rule, x.outcome.At = f.run.rule.name, field.source.at
			x.explainer.unfinished(f.run.rule, err.Error())
			x.finish(Failed, err.Error())
			return
		}
		if !v.missing() {
			if len(made) > 1 {
				made = append(made, ',')
			}
			made = append(append(appendQuoted(made, field.name), ':'), v.raw...)
		}
	}
	x.work.result = append(made, '}')
	x.results[f.run.rule.number] = x.work.own(x.work.result)
}

// result evaluates what the answers have to give, and reports whether that is
// lacking: where it is required, or where what is there does not fit.
func (x *Execution) result(r *rule, s *sourced, slots []value) (v value, lacking bool, err error) {
	found, err := s.value(x.work, slots)
	x.coverage.value(s, &found)
	x.warn(r, found.warning, s.at)
	required := s.required && !found.skipped
	return found.value, found.value.missing() && (required || found.warning != ""), err
}

// Respond feeds the answer to the request that Next gave last.
func (x *Execution) Respond(r Response) {
	if x.pending == nil {
		return
	}
	p := x.pending
	x.pending = nil
	r = x.checked(p.request, r)
	x.outcome.Requests = append(x.outcome.Requests, Sent{
		Method: p.request.Method, Path: p.path, Status: r.Status, Failure: r.Failure, Attempts: max(r.Attempts, 1),
	})
	v := x.config.program.Judge(r)
	if p.request.Write() && !v.NotTaken {
		x.written = true
	}
	p.frame.call.answer(x, r, v)
}

// checked makes sure that an answer that will be read can be read, whatever
// client brought it.
func (x *Execution) checked(request *Request, r Response) Response {
	limits := x.config.limits
	x.reply = value{}
	if r.Failure != Answered || !request.Reads || r.Status < 200 || r.Status > 299 {
		return r
	}
	if len(r.Body) > limits.ReplyBytes {
		r.Failure, r.Detail = Unreadable, fmt.Sprintf("the answer has more than %d bytes", limits.ReplyBytes)
	} else if reply, err := x.readReply(r.Body); err != nil {
		r.Failure, r.Detail = Unreadable, fmt.Sprintf("the answer is not usable JSON: %v", err)
	} else {
		x.reply = reply
	}
	return r
}

// readReply reads the body of an answer.
func (x *Execution) readReply(body []byte) (value, error) {
	d := &document{}
	x.work.large = x.work.large || len(body) > roomyText
	if err := x.work.scanner.scan(d, replyText(body), x.config.limits.Depth, 0); err != nil {
		return value{}, err
	}
	return d.value(0), nil
}

// replyText gives the body of an answer; none at all counts as null.
func replyText(body []byte) string {
	if text := strings.Trim(mendSurrogates(string(body)), " \t\r\n"); text != "" {
		return text
	}
	return "null"
}

// Recall answers the request that Next gave last from a memory. key is one of
// Request.Recall, and remembered what a Fact taught for it; what is no such
// value is as if nothing were remembered, and the request stays.
func (x *Execution) Recall(key string, remembered json.RawMessage) {
	p := x.pending
	if p == nil {
		return
	}
	x.pending = nil
	known := x.work.recall(remembered, x.config.limits.Depth)
	if known.missing() || !p.frame.call.recalled(x, key, known) {
		x.pending = p
		p.request.Recall = nil
	}
}

// learn adds a fact, which outlives the event.
func (x *Execution) learn(f Fact) {
	f.Key = strings.Clone(f.Key)
	x.facts = append(x.facts, f)
}

// Facts gives what the last answers taught, in order, and hands it over: the
// next call gives only what came after.
func (x *Execution) Facts() []Fact {
	facts := x.facts
	x.facts = nil
	return facts
}

// Abort ends an execution that cannot go on, such as when the run stops: as
// Unfinished, or as Uncertain where the answer to a call that is not idempotent
// was lost and looking has not settled it yet. A request that went out without
// an answer has to be reported by Respond first.
func (x *Execution) Abort(reason string) {
	if x.ended {
		return
	}
	if len(x.stack) == 0 || x.pending == nil {
		x.finish(Unfinished, reason)
		return
	}
	f := x.pending.frame
	status := Unfinished
	if r := f.call; r.confirm != nil && r.confirm.refusal == "" {
		status, reason = Uncertain, r.confirm.lost+"; "+reason
	}
	x.end(f, f.step(), status, reason)
}

// keepAnswer puts the destination's words into the outcome, which lives longer
// than the bytes of an answer have to.
func (x *Execution) keepAnswer(body []byte) { x.outcome.Answer = bytes.Clone(body) }

// Outcome tells how the event ended. It is complete once Next has reported the
// end.
func (x *Execution) Outcome() Outcome { return x.outcome }
