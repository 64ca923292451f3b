package main

import (
	"cmp"
	"maps"
	"slices"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/compare"
)

// What is kept of differences, so that memory does not grow with the events: as
// many different ones, and as many events of each.
const (
	mostDifferences = 5000
	mostSamples     = 3
)

// The versions, as indices.
const (
	older = iota
	newer
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
	// from and to are outcomes; cause is the reason of the worse of them, or the
	// text of a warning, but for what is of the event: one cause is one
	// difference, whomever it happens to.
	from, to engine.Status
	cause    string
	old, new engine.Position
}

// An occurrence counts the events that a difference is about.
type occurrence struct {
	events  int
	times   int // requests, or fields of them; an event may have several
	last    place
	reason  string // as it is shown; only the cause where events have different ones
	samples []sample
}

// A sample is one event, with the values that differ, as they are shown.
type sample struct {
	at      place
	was, is string
	reason  string
}

// says notes the reason of one more event.
func (o *occurrence) says(what difference, reason string) {
	if o.reason != reason {
		o.reason = what.cause
	}
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
		known.says(what, found.reason)
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
		known = &occurrence{reason: s.reason}
		d.found[what] = known
	}
	known.times++
	known.says(what, s.reason)
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
			cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.cause, b.cause),
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
