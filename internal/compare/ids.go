package compare

import (
	"strings"

	"github.com/tidwall/gjson"
)

// A Pair holds what is known of the ids of two accounts. It is not safe for
// concurrent use.
type Pair struct {
	given    map[string]bool    // values that came from elsewhere than an answer
	assigned [2]map[string]bool // ids that answers brought, of each version
	partner  [2]map[string]string
}

// The versions, as indices.
const (
	older = iota
	newer
)

// NewPair starts with two accounts that hold the same: known is a JSON text of
// it, empty for nothing.
func NewPair(known []byte) *Pair {
	p := &Pair{given: map[string]bool{}}
	for version := range p.assigned {
		p.assigned[version], p.partner[version] = map[string]bool{}, map[string]string{}
	}
	p.Give(known)
	return p
}

// Give notes the values of a JSON text that both versions are given, such as an
// event. Something else than JSON has none.
func (p *Pair) Give(text []byte) {
	if gjson.ValidBytes(text) {
		p.give(gjson.ParseBytes(text))
	}
}

func (p *Pair) give(v gjson.Result) {
	scalars(v, func(text string) {
		if looksLikeID(text) && !p.assigned[older][text] && !p.assigned[newer][text] {
			p.given[text] = true
		}
	})
}

// learn notes the ids of an answer to what a version sent.
func (p *Pair) learn(version int, call Call) {
	if len(call.Body) > 0 {
		p.give(gjson.ParseBytes(call.Body))
	}
	if gjson.ValidBytes(call.Answer) {
		scalars(gjson.ParseBytes(call.Answer), func(text string) {
			if looksLikeID(text) && !p.given[text] {
				p.assigned[version][text] = true
			}
		})
	}
}

// scalars visits the texts and numbers of a JSON value.
func scalars(v gjson.Result, visit func(text string)) {
	switch v.Type {
	case gjson.JSON:
		v.ForEach(func(_, member gjson.Result) bool {
			scalars(member, visit)
			return true
		})
	case gjson.String:
		visit(v.Str)
	case gjson.Number:
		visit(v.Raw)
	}
}

// shortestID keeps small numbers, which mean themselves, from being taken for
// ids.
const shortestID = 5

// looksLikeID reports whether a text may be an id: one word that is not short and
// has a digit.
func looksLikeID(text string) bool {
	if len(text) < shortestID {
		return false
	}
	digits := false
	for i := range len(text) {
		if !inWord(text[i]) {
			return false
		}
		digits = digits || text[i] >= '0' && text[i] <= '9'
	}
	return digits
}

func inWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c >= 0x80
}

// same reports whether two texts say the same, with the ids in them. Where it is
// final, ids that were not seen with another are from now on a pair.
func (p *Pair) same(a, b string, final finality) bool {
	for a != "" && b != "" {
		x, y := word(a), word(b)
		if !p.sameWord(x, y, final) {
			return false
		}
		a, b = a[len(x):], b[len(y):]
	}
	return a == b
}

// A finality says whether a comparison tries something out or settles it.
type finality int

const (
	trial finality = iota
	final
)

// word cuts a word off the beginning of a text, or one character that is none.
func word(text string) string {
	for i := range len(text) {
		if !inWord(text[i]) {
			return text[:max(i, 1)]
		}
	}
	return text
}

func (p *Pair) sameWord(a, b string, final finality) bool {
	if len(a) < shortestID || !p.assigned[older][a] || !p.assigned[newer][b] {
		return a == b
	}
	known, paired := p.partner[older][a]
	back, taken := p.partner[newer][b]
	switch {
	case paired || taken:
		return known == b && back == a
	case final == trial:
		return true
	}
	p.partner[older][a], p.partner[newer][b] = b, a
	return true
}

// Alike reports whether a text of the one version says the same as one of the other,
// but for the ids in them.
func (p *Pair) Alike(old, new string) bool { return p.same(old, new, trial) }

// sameText reports whether two JSON texts read the same but for their ids. Most do,
// and need not be taken apart to find it out.
func (p *Pair) sameText(a, b []byte, final finality) bool {
	x, y := string(a), string(b)
	return p.same(x, y, trial) && (final == trial || p.same(x, y, final))
}

// meet pairs the ids that stand at the same places of two answers.
func (p *Pair) meet(a, b gjson.Result) {
	switch {
	case a.IsObject() && b.IsObject():
		others := b.Map()
		a.ForEach(func(key, member gjson.Result) bool {
			if other, there := others[key.Str]; there {
				p.meet(member, other)
			}
			return true
		})
	case a.IsArray() && b.IsArray():
		p.meetLists(a.Array(), b.Array())
	case a.Type == b.Type && (a.Type == gjson.String || a.Type == gjson.Number):
		p.sameWord(textOf(a), textOf(b), final)
	}
}

// meetLists pairs the ids of lists only where the lists hold the same: where one
// has an element more, the places say nothing.
func (p *Pair) meetLists(a, b []gjson.Result) {
	if len(a) != len(b) {
		return
	}
	for i := range a {
		if !p.alike(a[i], b[i]) {
			return
		}
	}
	for i := range a {
		p.meet(a[i], b[i])
	}
}

// alike reports whether two values could be the same.
func (p *Pair) alike(a, b gjson.Result) bool {
	x, y := leavesOf(a), leavesOf(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i].at != y[i].at || !p.same(x[i].value, y[i].value, trial) {
			return false
		}
	}
	return true
}

// textOf gives a scalar as it is compared: a text without its quotes.
func textOf(v gjson.Result) string {
	if v.Type == gjson.String {
		return v.Str
	}
	return strings.TrimSpace(v.Raw)
}
