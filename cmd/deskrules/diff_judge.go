package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/compare"
	"github.com/deskrules/deskrules/internal/mask"
)

// A judge compares what two versions made of events.
type judge struct {
	comparison
	pair  *compare.Pair
	found *differences

	shown  disguise // of the event at hand
	caused disguise // what is the same for all events that have it
}

func newJudge(c comparison, held []byte) *judge {
	rules := [2]*ruleWords{c.old.words, c.new.words}
	j := &judge{comparison: c, pair: compare.NewPair(held), found: newDifferences()}
	j.shown = disguise{rules: rules, hide: mask.Text}
	if c.show {
		j.shown.hide = func(text string) string { return text }
	}
	j.caused = disguise{rules: rules, hide: func(string) string { return "…" }}
	return j
}

// event compares what became of one event.
func (j *judge) event(event placedRecord, was, is *played) {
	j.pair.Give(event.Event)
	before := j.found.noted
	j.found.events++
	j.found.count(j.old, was, older)
	j.found.count(j.new, is, newer)
	differ := j.pair.Compare(plainCalls(was.calls), plainCalls(is.calls))
	if len(differ) > 0 || !j.sameEnd(was.result.Outcome, is.result.Outcome) {
		j.shown.keys = keysIn(event.Event)
		j.caused.keys = j.shown.keys
		j.differ(event.at, differ, was, is)
	}
	changes := j.found.noted > before
	if changes {
		j.found.changed++
	}
	j.advance.add(event, changes)
}

func (j *judge) differ(at place, changes []compare.Change, was, is *played) {
	j.outcome(at, was, is)
	j.warnings(at, was.result.Outcome, is.result.Outcome)
	// Where one version does not begin to send, its outcome says it all.
	if sends(was) == sends(is) {
		for _, change := range changes {
			j.change(at, change, was, is)
		}
	}
}

func (d *differences) count(v version, p *played, which int) {
	calls := d.old
	if which == newer {
		calls = d.new
	}
	for _, c := range p.calls {
		calls[v.calls.of(c)]++
	}
	d.outcomes[which][p.result.Outcome.Status]++
}

func sends(p *played) bool {
	return p.result.Outcome.Status != engine.Rejected && p.result.Outcome.Status != engine.Ignored
}

func plainCalls(calls []call) []compare.Call {
	plain := make([]compare.Call, len(calls))
	for i, c := range calls {
		plain[i] = c.Call
	}
	return plain
}

// sameEnd reports whether an event ends in the same way, with the same warnings.
func (j *judge) sameEnd(was, is engine.Outcome) bool {
	gone, added := j.warned(was.Warnings, is.Warnings)
	return j.sameOutcome(was, is) && len(gone)+len(added) == 0
}

func (j *judge) sameOutcome(was, is engine.Outcome) bool {
	return was.Status == is.Status && j.pair.Alike(j.old.withoutKinds(was.Reason), j.new.withoutKinds(is.Reason))
}

// withoutKinds takes the list of event types out of a sentence that tells which
// ones the rules take: it does not matter to an event which others there are.
func (v version) withoutKinds(reason string) string {
	return strings.Replace(reason, strings.Join(v.kinds, ", "), "", 1)
}

// outcome notes an event that ends otherwise. An id that the accounts give out is
// no other reason.
func (j *judge) outcome(at place, was, is *played) {
	before, after := was.result.Outcome, is.result.Outcome
	if j.sameOutcome(before, after) {
		return
	}
	what := difference{subject: anOutcome, kind: compare.Changed, from: before.Status, to: after.Status, old: before.At, new: after.At}
	if before.Status == engine.Ignored {
		what.old = was.passed(after)
	}
	if after.Status == engine.Ignored {
		what.new = is.passed(before)
	}
	of, behind := newer, after
	if after.Status == engine.Delivered {
		of, behind = older, before
	}
	what.cause = j.caused.sentence(of, behind.At, behind.Reason)
	seen := sample{at: at, reason: j.shown.sentence(of, behind.At, behind.Reason)}
	if before.Reason != "" && after.Reason != "" { // else the only one has been said
		seen.was, seen.is = j.shown.sentence(older, before.At, before.Reason), j.shown.sentence(newer, after.At, after.Reason)
	}
	j.found.note(what, seen)
}

func (j *judge) warnings(at place, was, is engine.Outcome) {
	gone, added := j.warned(was.Warnings, is.Warnings)
	for _, w := range gone {
		j.warning(difference{kind: compare.Gone, old: w.At}, older, w, at)
	}
	for _, w := range added {
		j.warning(difference{kind: compare.Added, new: w.At}, newer, w, at)
	}
}

func (j *judge) warning(what difference, of int, w engine.Warning, at place) {
	what.subject, what.cause = aWarning, j.caused.sentence(of, w.At, w.Text)
	j.found.note(what, sample{at: at, reason: j.shown.sentence(of, w.At, w.Text)})
}

// warned lists the warnings that only one of the versions has.
func (j *judge) warned(was, is []engine.Warning) (gone, added []engine.Warning) {
	gone = slices.DeleteFunc(slices.Clone(was), func(w engine.Warning) bool {
		return slices.ContainsFunc(is, func(other engine.Warning) bool { return j.pair.Alike(w.Text, other.Text) })
	})
	added = slices.DeleteFunc(slices.Clone(is), func(w engine.Warning) bool {
		return slices.ContainsFunc(was, func(other engine.Warning) bool { return j.pair.Alike(other.Text, w.Text) })
	})
	return gone, added
}

// change notes a request, or a field of one, that differs.
func (j *judge) change(at place, c compare.Change, was, is *played) {
	what := difference{subject: aField, kind: c.Kind, field: j.fieldName(c.Field)}
	if c.Whole() {
		what.subject = aRequest
	}
	if c.New >= 0 {
		what.endpoint = j.new.calls.of(is.calls[c.New])
	} else {
		what.endpoint = j.old.calls.of(was.calls[c.Old])
	}
	var before, after fieldLine
	if c.Kind != compare.Added {
		before = was.line(c.Old, c.Field, c.Was)
	}
	if c.Kind != compare.Gone {
		after = is.line(c.New, c.Field, c.Is)
	}
	what.old, what.new = j.old.origins.line(before, j.new.origins, c.Was, c.Is), j.new.origins.line(after, j.old.origins, c.Is, c.Was)
	j.found.note(what, sample{at: at, was: j.value(c.Field, c.Was, before), is: j.value(c.Field, c.Is, after)})
}

// value is a value as it is shown.
func (j *judge) value(field []string, raw string, from fieldLine) string {
	switch {
	case j.show || from.found:
		return raw
	case len(field) > 0 && field[0] == "path":
		return strconv.Quote(j.shown.quotation(gjson.Parse(raw).String()))
	case len(field) > 0 && field[0] == "query":
		return strconv.Quote(j.shown.query(gjson.Parse(raw).String()))
	default:
		return mask.Value(raw)
	}
}

// fieldName writes the place of a field. A key that an event brought may be the
// address of somebody.
func (j *judge) fieldName(keys []string) string {
	if len(keys) > 1 {
		keys = keys[1:]
	}
	shown := make([]string, len(keys))
	for i, key := range keys {
		shown[i] = j.shown.key(key)
	}
	return strings.Join(shown, ".")
}
