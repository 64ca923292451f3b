package main

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// maxReasons bounds what a tally keeps of reasons and warnings: reasons that
// name an address or an id differ from event to event.
const maxReasons = 1000

// A tally is what a summary needs to know of a run. It grows with the variety
// of what happened, not with the number of events.
type tally struct {
	events   int
	bytes    int64 // of the events
	resumed  int   // of them, by an earlier run of the journal
	open     int   // of them, for a later run of the journal
	outcomes map[engine.Status]int
	reasons  remarks
	warnings remarks
	calls    map[endpoint]*callCount
}

func newTally() *tally {
	return &tally{outcomes: map[engine.Status]int{}, calls: map[endpoint]*callCount{}}
}

// A place is where an event stands.
type place struct {
	input   int // the how manieth of the run, from 0
	file    string
	line    int // from 1
	last    int // the line where the event ends; 0 for the same
	element int // of a JSON array, from 1; 0 where events are lines
}

func (p place) String() string {
	text := p.file + ":" + strconv.Itoa(p.line)
	if p.element > 0 {
		text += " (element " + strconv.Itoa(p.element) + ")"
	}
	return text
}

// end is the line behind which the next event stands.
func (p place) end() int { return max(p.line, p.last) }

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(p.input, other.input), cmp.Compare(p.line, other.line), cmp.Compare(p.element, other.element))
}

// add counts one result.
func (t *tally) add(at place, result runner.Result) {
	outcome := result.Outcome
	t.events++
	t.bytes += int64(len(result.Record.Event)) + 1 // the end of the line
	t.outcomes[outcome.Status]++
	if result.Resumed {
		t.resumed++
	}
	if result.Open {
		t.open++
	}
	t.addRemarks(at, outcome)
	for _, sent := range outcome.Requests {
		t.addCall(sent)
	}
}

func (t *tally) addRemarks(at place, outcome engine.Outcome) {
	if outcome.Status != engine.Delivered {
		t.reasons.add(remark{at: at, status: outcome.Status, text: outcome.Reason, rule: outcome.At})
	}
	for _, warning := range outcome.Warnings {
		t.warnings.add(remark{at: at, text: warning.Text, rule: warning.At})
	}
}

// done reports whether nothing is left to do for any of the events.
func (t *tally) done() bool {
	return t.outcomes[engine.Delivered]+t.outcomes[engine.Ignored] == t.events
}

// A remark is a reason or a warning, with the first event in the input that it
// was made about.
type remark struct {
	at     place
	status engine.Status // empty for a warning
	text   string
	rule   engine.Position // the line of the rules behind it; zero for none
	times  int
}

// remarks are different remarks.
type remarks struct {
	list []*remark
	seen map[string]*remark
	more int // not kept, because there were too many different ones
}

func (r *remarks) add(made remark) {
	key := string(made.status) + ":" + made.rule.String() + ":" + made.text
	switch known := r.seen[key]; {
	case known != nil:
		known.times++
		if made.at.compare(known.at) < 0 {
			known.at = made.at
		}
	case len(r.list) == maxReasons:
		r.more++
	default:
		if r.seen == nil {
			r.seen = map[string]*remark{}
		}
		made.times = 1
		r.seen[key] = &made
		r.list = append(r.list, &made)
	}
}

// sorted gives the remarks in the order of the input. Events end in another
// one.
func (r *remarks) sorted() []*remark {
	return slices.SortedStableFunc(slices.Values(r.list), func(a, b *remark) int { return a.at.compare(b.at) })
}

// An endpoint is a kind of call: the ids in its path are left open.
type endpoint struct{ method, path string }

// A callCount is what became of the calls to an endpoint.
type callCount struct {
	calls    int
	repeats  int // attempts after the first one
	statuses map[int]int
}

func (t *tally) addCall(sent engine.Sent) {
	key := endpoint{method: sent.Method, path: openPath(sent.Path)}
	counted := t.calls[key]
	if counted == nil {
		counted = &callCount{statuses: map[int]int{}}
		t.calls[key] = counted
	}
	counted.calls++
	counted.repeats += max(sent.Attempts-1, 0)
	counted.statuses[sent.Status]++
}

// endpoints lists the kinds of calls, the most frequent ones first.
func (t *tally) endpoints() []endpoint {
	return slices.SortedFunc(maps.Keys(t.calls), func(a, b endpoint) int {
		return cmp.Or(
			cmp.Compare(t.calls[b].calls, t.calls[a].calls),
			cmp.Compare(a.path, b.path),
			cmp.Compare(a.method, b.method),
		)
	})
}

// totals adds up all calls.
func (t *tally) totals() (calls, repeats int) {
	for _, counted := range t.calls {
		calls += counted.calls
		repeats += counted.repeats
	}
	return calls, repeats
}

// openPath puts {id} in the place of the ids in a path.
func openPath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		name, ending, dotted := strings.Cut(segment, ".")
		if !isID(name) {
			continue
		}
		segments[i] = "{id}"
		if dotted {
			segments[i] += "." + ending
		}
	}
	return strings.Join(segments, "/")
}

// isID guesses whether a segment names one thing among many. The command knows
// no destination, but words of an API rarely hold digits.
func isID(segment string) bool {
	digits := len(strings.Map(onlyDigits, segment))
	return digits > 0 && (digits == len(segment) || len(segment) >= 6)
}

func onlyDigits(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}
