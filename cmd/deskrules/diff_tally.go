package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/compare"
	"github.com/deskrules/deskrules/internal/mask"
)

// What is kept of differences, so that memory does not grow with the events: as
// many different ones, and as many events of each.
const (
	mostDifferences = 5000
	mostSamples     = 3
)

// A subject is what differs.
type subject string

const (
	anOutcome subject = "outcome"
	aRequest  subject = "request"
	aField    subject = "field"
	aWarning  subject = "warning"
)

// A difference is what some events have in common: something of them differs
// between the versions, and the same lines are behind it.
type difference struct {
	subject  subject
	kind     compare.Kind
	endpoint endpoint
	field    string
	// from and to are outcomes; reason is behind the worse of them, and the text
	// of a warning. It is masked where values are.
	from, to engine.Status
	reason   string
	old, new engine.Position
}

// An occurrence counts the events that a difference is about.
type occurrence struct {
	events  int
	times   int // requests, or fields of them; an event may have several
	last    place
	samples []sample
}

// A sample is one event, with the values that differ, as they are shown.
type sample struct {
	at      place
	was, is string
}

// differences is what a comparison found.
type differences struct {
	batches  int
	events   int
	changed  int // of the events
	noted    int // differences of all events
	found    map[difference]*occurrence
	more     int // not kept, because there were too many different ones
	old, new map[endpoint]int
	outcomes [2]map[engine.Status]int
}

func newDifferences() *differences {
	return &differences{
		found: map[difference]*occurrence{}, old: map[endpoint]int{}, new: map[endpoint]int{},
		outcomes: [2]map[engine.Status]int{{}, {}},
	}
}

// add adds what later events came to.
func (d *differences) add(later *differences) {
	d.batches += later.batches
	d.events += later.events
	d.changed += later.changed
	d.noted += later.noted
	d.more += later.more
	for _, what := range later.sorted() {
		d.keep(what, later.found[what])
	}
	addCounts(d.old, later.old)
	addCounts(d.new, later.new)
	for i := range d.outcomes {
		addCounts(d.outcomes[i], later.outcomes[i])
	}
}

func addCounts[K comparable](into, more map[K]int) {
	for key, n := range more {
		into[key] += n
	}
}

func (d *differences) keep(what difference, found *occurrence) {
	known := d.found[what]
	switch {
	case known != nil:
		known.events += found.events
		known.times += found.times
		known.samples = append(known.samples, found.samples[:min(len(found.samples), mostSamples-len(known.samples))]...)
	case len(d.found) == mostDifferences:
		d.more += found.times
	default:
		d.found[what] = found
	}
}

// note counts a difference of an event.
func (d *differences) note(what difference, s sample) {
	d.noted++
	known := d.found[what]
	switch {
	case known == nil && len(d.found) == mostDifferences:
		d.more++
		return
	case known == nil:
		known = &occurrence{}
		d.found[what] = known
	}
	known.times++
	if known.last == s.at {
		return
	}
	known.events++
	known.last = s.at
	if len(known.samples) < mostSamples {
		known.samples = append(known.samples, s)
	}
}

// nothing reports whether the versions do the same.
func (d *differences) nothing() bool { return d.changed == 0 }

// sorted lists the differences: those of most events first.
func (d *differences) sorted() []difference {
	return slices.SortedFunc(maps.Keys(d.found), func(a, b difference) int {
		return cmp.Or(
			cmp.Compare(d.found[b].events, d.found[a].events),
			a.endpoint.compare(b.endpoint),
			cmp.Compare(a.field, b.field), cmp.Compare(a.kind, b.kind), cmp.Compare(a.subject, b.subject),
			cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.reason, b.reason),
			comparePositions(a.new, b.new), comparePositions(a.old, b.old),
		)
	})
}

func (e endpoint) compare(other endpoint) int {
	return cmp.Or(cmp.Compare(e.path, other.path), cmp.Compare(e.method, other.method))
}

func comparePositions(a, b engine.Position) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// of lists the differences of one subject.
func (d *differences) of(s subject) []difference {
	return slices.DeleteFunc(d.sorted(), func(what difference) bool { return what.subject != s })
}

// A judge compares what two versions made of events.
type judge struct {
	comparison
	pair  *compare.Pair
	found *differences
}

// event compares what became of one event.
func (j judge) event(event placedRecord, was, is *played) {
	j.pair.Give(event.Event)
	before := j.found.noted
	j.found.events++
	j.found.count(j.old, was, 0)
	j.found.count(j.new, is, 1)
	j.outcome(event.at, was.result.Outcome, is.result.Outcome)
	j.warnings(event.at, was.result.Outcome, is.result.Outcome)
	differ := j.pair.Compare(plainCalls(was.calls), plainCalls(is.calls))
	// Where one version does not begin to send, its outcome says it all.
	if sends(was) == sends(is) {
		for _, change := range differ {
			j.change(event.at, change, was, is)
		}
	}
	changes := j.found.noted > before
	if changes {
		j.found.changed++
	}
	j.advance.add(event, changes)
}

func (d *differences) count(v version, p *played, which int) {
	calls := d.old
	if which == 1 {
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

// outcome notes an event that ends otherwise. Reasons are compared as they are
// shown: one that quotes an id is not another one.
func (j judge) outcome(at place, was, is engine.Outcome) {
	what := difference{subject: anOutcome, kind: compare.Changed, from: was.Status, to: is.Status, old: was.At, new: is.At}
	before, after := mask.Quoted(was.Reason), mask.Quoted(is.Reason)
	if was.Status == is.Status && before == after {
		return
	}
	what.reason = j.sentence(is.Reason)
	if is.Status == engine.Delivered {
		what.reason = j.sentence(was.Reason)
	}
	seen := sample{at: at}
	if was.Reason != "" && is.Reason != "" { // else the only one has been said
		seen.was, seen.is = j.sentence(was.Reason), j.sentence(is.Reason)
	}
	j.found.note(what, seen)
}

// sentence is a reason or a warning as it is shown.
func (j judge) sentence(text string) string {
	if j.show {
		return text
	}
	return mask.Quoted(text)
}

func (j judge) warnings(at place, was, is engine.Outcome) {
	for _, w := range without(was.Warnings, is.Warnings) {
		j.found.note(difference{subject: aWarning, kind: compare.Gone, reason: j.sentence(w.Text), old: w.At}, sample{at: at})
	}
	for _, w := range without(is.Warnings, was.Warnings) {
		j.found.note(difference{subject: aWarning, kind: compare.Added, reason: j.sentence(w.Text), new: w.At}, sample{at: at})
	}
}

// without lists the warnings that others do not have.
func without(all, others []engine.Warning) []engine.Warning {
	return slices.DeleteFunc(slices.Clone(all), func(w engine.Warning) bool {
		return slices.ContainsFunc(others, func(other engine.Warning) bool {
			return mask.Quoted(other.Text) == mask.Quoted(w.Text)
		})
	})
}

// change notes a request, or a field of one, that differs.
func (j judge) change(at place, c compare.Change, was, is *played) {
	what := difference{subject: aField, kind: c.Kind, field: j.fieldName(c.Field)}
	if c.Whole() {
		what.subject = aRequest
	}
	if c.New >= 0 {
		what.endpoint = j.comparison.new.calls.of(is.calls[c.New])
	} else {
		what.endpoint = j.comparison.old.calls.of(was.calls[c.Old])
	}
	var before, after fieldLine
	if c.Kind != compare.Added {
		before = was.line(c.Old, c.Field)
	}
	if c.Kind != compare.Gone {
		after = is.line(c.New, c.Field)
	}
	what.old, what.new = before.at, after.at
	j.found.note(what, sample{at, j.value(c.Was, before), j.value(c.Is, after)})
}

// value is a value as it is shown.
func (j judge) value(raw string, from fieldLine) string {
	if j.show || from.fixed {
		return raw
	}
	return mask.Value(raw)
}

// fieldName writes the place of a field. A key that an event brought may be the
// address of somebody.
func (j judge) fieldName(keys []string) string {
	if len(keys) > 1 {
		keys = keys[1:]
	}
	name := strings.Join(keys, ".")
	if j.show {
		return name
	}
	return mask.Loose(name)
}
