package engine

import (
	"fmt"
	"slices"
	"strings"
)

func (l *let) run(x *Execution, f *frame, s *step) {
	found, err := l.source.value(x.work, f.slots)
	if err != nil {
		x.end(f, s, Failed, err.Error())
		return
	}
	x.explainer.let(f, s, l, found)
	x.coverage.value(l.source, &found)
	x.warn(f.run.rule, found.warning, s.at)
	x.complete(f, s, found.value)
}

func (t *stop) run(x *Execution, f *frame, s *step) {
	message := t.message.message(f.slots)
	switch t.kind {
	case "reject":
		x.end(f, s, Rejected, message)
	case "fail":
		x.end(f, s, Failed, message)
	default:
		x.warn(f.run.rule, message, s.at)
		x.complete(f, s, value{})
	}
}

func (u *use) run(x *Execution, f *frame, s *step) {
	slots := x.newSlots(u.procedure.block)
	for _, in := range u.inputs {
		found, err := in.source.value(x.work, f.slots)
		if err != nil {
			x.end(f, s, Failed, err.Error())
			return
		}
		x.warn(f.run.rule, found.warning, in.source.at)
		x.coverage.value(in.source, &found)
		x.explainer.filled(&slots[in.slot], in.source, f.slots, found)
		slots[in.slot] = found.value
	}
	x.push(f.run, u.procedure.block, slots)
}

// leave gives the step the result of its procedure.
func (u *use) leave(x *Execution, inner *frame) {
	f := inner.outer
	s := f.step()
	if u.procedure.result == nil {
		x.complete(f, s, value{})
		return
	}
	v, lacking, err := x.result(f.run.rule, u.procedure.result, inner.slots)
	switch {
	case err != nil:
		x.end(f, s, Failed, err.Error())
	case lacking:
		x.end(f, s, Failed, "the answers do not have "+u.procedure.result.label)
	default:
		x.complete(f, s, v)
	}
}

// A findRun is a lookup at work: the ways one after the other, each with each
// of the values given for it.
type findRun struct {
	find  *find
	frame *frame
	step  *step
	way   int
	value int
	asked []string // memory keys
}

// current gives the way at hand.
func (r *findRun) current() *way { return r.find.lookup.ways[r.way] }

func (d *find) run(x *Execution, f *frame, s *step) {
	f.finding = findRun{find: d, frame: f, step: s, asked: f.finding.asked[:0]}
	f.find = &f.finding
}

// proceed asks the next way, or ends with nobody.
func (r *findRun) proceed(x *Execution) {
	l := r.find.lookup
	if r.way == len(l.ways) {
		if len(r.asked) == 0 {
			x.explainer.idle(r.frame, r.step, "there is nothing to look for it by")
		}
		x.coverage.found(r.step, false)
		x.complete(r.frame, r.step, value{})
		return
	}
	w := r.current()
	values := x.work.distinct(r.find.inputs[w.by], r.frame.slots)
	if r.value == len(values) {
		r.way, r.value = r.way+1, 0
		return
	}
	v := values[r.value]
	r.value++
	r.ask(x, w, v)
}

// distinct gives the present values of an input, each once. The list is good
// until the next one.
func (w *workspace) distinct(reads []read, slots []value) []value {
	w.given = w.given[:0]
	for i := range reads {
		v, fits := asString(w, reads[i].from(slots))
		if fits && v.present(keep{}) && !slices.ContainsFunc(w.given, func(o value) bool { return o.raw == v.raw }) {
			w.given = append(w.given, v)
		}
	}
	return w.given
}

func (r *findRun) ask(x *Execution, w *way, v value) {
	slots := x.newSlots(w.block)
	slots[w.slot] = v
	x.explainer.asked(r, w, v, &slots[w.slot])
	applies, err := w.when.holds(x.work, slots)
	if err != nil {
		x.end(r.frame, r.step, Failed, err.Error())
		return
	}
	x.coverage.when(w.when, applies)
	if !applies {
		return
	}
	key := x.work.lookupKey(r.find.lookup, w.by, v.text())
	r.asked = append(r.asked, key)
	inner := x.push(r.frame.run, w.block, slots)
	switch {
	case r.find.lookup.remember == 0:
	case r.frame.anew:
		x.learn(Fact{Op: Forget, Key: key})
	case !inner.anew:
		inner.recall = key
	}
}

// leave takes what a way found.
func (r *findRun) leave(x *Execution, inner *frame) {
	w := r.current()
	found, err := w.found.evalValue(x.work, inner.slots)
	if err != nil {
		x.end(r.frame, r.step, Failed, err.Error())
		return
	}
	if !found.null() && found.kind() != '[' {
		x.end(r.frame, r.step, Failed, fmt.Sprintf("the lookup %s by %s found %s, not a list", r.find.lookup.name, w.by, found.kindText()))
		return
	}
	listed := slices.DeleteFunc(found.elements(), value.null)
	if i := slices.IndexFunc(listed, func(v value) bool { return v.kind() != '{' }); i >= 0 {
		x.end(r.frame, r.step, Failed, fmt.Sprintf("the lookup %s by %s found %s, not a record", r.find.lookup.name, w.by, listed[i].kindText()))
		return
	}
	records := r.find.lookup.distinct(listed)
	x.coverage.way(w, len(records))
	switch {
	case len(records) == 0:
	case len(records) == 1:
		r.found(x, records[0])
	default:
		x.end(r.frame, r.step, Failed, r.find.lookup.severalText(w, records))
	}
}

// found ends the lookup, and teaches the record under the key that found it and
// those it has itself. Not under the keys that were asked before in vain: they
// may be another event's, of somebody else.
func (r *findRun) found(x *Execution, record value) {
	x.learnRecord(r.find.lookup, record, r.asked[len(r.asked)-1:])
	x.coverage.found(r.step, true)
	x.complete(r.frame, r.step, record)
}

// recalled ends the lookup with a remembered record. It reports false for what
// is none.
func (r *findRun) recalled(x *Execution, record value) bool {
	if record.kind() != '{' {
		return false
	}
	x.stack = x.stack[:len(x.stack)-1]
	x.coverage.found(r.step, true)
	x.complete(r.frame, r.step, record)
	return true
}

// lookupKey gives the key under which a memory may know what a way finds.
func (w *workspace) lookupKey(l *lookup, by, text string) string {
	if l.fold {
		text = fold(text)
	}
	w.buf = append(append(append(append(append(w.buf[:0], l.name...), " by "...), by...), ": "...), text...)
	return w.texts.keep(w.buf)
}

// distinct gives what the lookup keeps of each record, each record once: a list
// that changes while its pages are read can show one twice. The first member
// that the lookup keeps is what tells records apart.
func (l *lookup) distinct(records []value) []value {
	var kept []value
	seen := map[string]bool{}
	for _, record := range records {
		if key := record.member(l.keep[0]).text(); key == "" || !seen[key] {
			seen[key] = true
			kept = append(kept, l.kept(record))
		}
	}
	return kept
}

// kept picks the members of a record that the lookup keeps.
func (l *lookup) kept(record value) value {
	parts := []string{}
	record.members(func(key string, member value) {
		if slices.Contains(l.keep, key) {
			parts = append(parts, quote(key)+":"+member.raw)
		}
	})
	return rawValue("{" + strings.Join(parts, ",") + "}")
}

// keys gives the memory keys that a record has by itself.
func (l *lookup) keys(work *workspace, record value) []string {
	var keys []string
	for _, w := range l.ways {
		if v, fits := asString(work, record.member(w.by)); fits && v.present(keep{}) {
			keys = append(keys, work.lookupKey(l, w.by, v.text()))
		}
	}
	return keys
}

func (l *lookup) severalText(w *way, records []value) string {
	var ids []string
	for _, record := range records {
		ids = append(ids, record.member(l.keep[0]).text())
	}
	return "several records have the same " + w.by + ", with the " + l.keep[0] + "s " + strings.Join(ids, ", ")
}

func (x *Execution) learnRecord(l *lookup, record value, asked []string) {
	if l.remember == 0 || record.kind() != '{' {
		return
	}
	keys := append(slices.Clone(asked), l.keys(x.work, record)...)
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		x.learn(Fact{Op: Learn, Key: key, Value: []byte(record.raw), For: l.remember})
	}
}

func (x *Execution) forgetRecord(l *lookup, record value, asked []string) {
	keys := append(slices.Clone(asked), l.keys(x.work, record)...)
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		x.learn(Fact{Op: Forget, Key: key})
	}
}
