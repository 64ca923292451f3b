package compare

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// A Call is one request as a version made it, with its answer.
type Call struct {
	Method string
	Path   string // relative to the base URL
	Query  string // decoded
	Body   []byte // valid JSON, or empty
	Answer []byte
}

// A Kind says what became of a request or of one of its fields.
type Kind string

// The kinds of changes.
const (
	Added   Kind = "added"
	Gone    Kind = "gone"
	Changed Kind = "changed"
	Moved   Kind = "moved" // it is sent before or behind others than it was
)

// A Change is one difference.
type Change struct {
	Kind Kind
	// Old and New are the requests, by their index; -1 for none. Where one of
	// them is -1 the request as a whole was added or is gone.
	Old, New int
	// Field is the place in the request: path, query, or body with the keys of
	// the place in the body behind it. Empty for a whole request.
	Field []string
	// Was and Is are the values, as JSON; empty where there is none.
	Was, Is string
}

// Whole reports whether the change is that of a whole request.
func (c Change) Whole() bool { return len(c.Field) == 0 }

// Compare says how the requests of one event differ, and learns from their
// answers.
func (p *Pair) Compare(old, new []Call) []Change {
	for i := range max(len(old), len(new)) {
		if i < len(old) {
			p.learn(older, old[i])
		}
		if i < len(new) {
			p.learn(newer, new[i])
		}
	}
	var changes []Change
	for _, m := range p.joinMoved(p.align(old, new), old, new) {
		switch {
		case m.old >= 0 && m.new >= 0 && old[m.old].Method != new[m.new].Method: // too many to search
			changes = append(changes, Change{Kind: Gone, Old: m.old, New: -1}, Change{Kind: Added, Old: -1, New: m.new})
		case m.new < 0:
			changes = append(changes, Change{Kind: Gone, Old: m.old, New: -1})
		case m.old < 0:
			changes = append(changes, Change{Kind: Added, Old: -1, New: m.new})
		default:
			if m.moved {
				changes = append(changes, Change{Kind: Moved, Old: m.old, New: m.new})
			}
			changes = append(changes, p.settle(m, old[m.old], new[m.new])...)
		}
	}
	return changes
}

// settle compares two requests that belong together.
func (p *Pair) settle(m match, old, new Call) []Change {
	var changes []Change
	note := func(kind Kind, was, is string, field ...string) {
		changes = append(changes, Change{Kind: kind, Old: m.old, New: m.new, Field: field, Was: was, Is: is})
	}
	if !p.same(old.Path, new.Path, final) {
		note(Changed, strconv.Quote(old.Path), strconv.Quote(new.Path), "path")
	}
	if !p.same(old.Query, new.Query, final) {
		note(Changed, strconv.Quote(old.Query), strconv.Quote(new.Query), "query")
	}
	if !p.sameText(old.Body, new.Body, final) {
		p.bodies(leavesIn(old.Body), leavesIn(new.Body), note)
	}
	p.answers(old.Answer, new.Answer)
	return changes
}

// answers pairs the ids of two answers to the same request.
func (p *Pair) answers(old, new []byte) {
	if !p.sameText(old, new, final) && gjson.ValidBytes(old) && gjson.ValidBytes(new) {
		p.meet(gjson.ParseBytes(old), gjson.ParseBytes(new))
	}
}

// bodies compares the leaves of two bodies, in the order of the places.
func (p *Pair) bodies(old, new []leaf, note func(kind Kind, was, is string, field ...string)) {
	for len(old) > 0 || len(new) > 0 {
		switch order := firstOf(old, new); {
		case order < 0:
			note(Gone, old[0].raw, "", old[0].field()...)
			old = old[1:]
		case order > 0:
			note(Added, "", new[0].raw, new[0].field()...)
			new = new[1:]
		default:
			if !p.sameLeaf(old[0], new[0], final) {
				note(Changed, old[0].raw, new[0].raw, old[0].field()...)
			}
			old, new = old[1:], new[1:]
		}
	}
}

// firstOf compares the places that come next.
func firstOf(old, new []leaf) int {
	switch {
	case len(new) == 0:
		return -1
	case len(old) == 0:
		return 1
	default:
		return strings.Compare(old[0].at, new[0].at)
	}
}

// sameLeaf compares values. A text is not a number, be their characters the same.
func (p *Pair) sameLeaf(a, b leaf, final finality) bool {
	return a.kind == b.kind && p.same(a.value, b.value, final)
}

// A leaf is a value of a body that has no members.
type leaf struct {
	at    string // the keys that lead to it, such that places can be sorted
	raw   string // as JSON
	value string // to compare
	kind  gjson.Type
}

// separator ends a key within a place: it sorts before every character.
const separator = "\x00"

// field gives the place as a field of a request. Elements of arrays are one
// field, which rules write as #.
func (l leaf) field() []string {
	keys := strings.Split(strings.TrimSuffix(l.at, separator), separator)
	for i, key := range keys {
		if strings.HasPrefix(key, element) {
			keys[i] = "#"
		}
	}
	return append([]string{"body"}, slices.DeleteFunc(keys, func(key string) bool { return key == "" })...)
}

// element begins the key of an element of an array, which no key of an object
// does.
const element = "\x01"

func leavesIn(body []byte) []leaf {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	return leavesOf(gjson.ParseBytes(body))
}

// leavesOf lists the leaves of a value, sorted by their places.
func leavesOf(v gjson.Result) []leaf {
	leaves := appendLeaves(nil, "", v)
	slices.SortStableFunc(leaves, func(a, b leaf) int { return strings.Compare(a.at, b.at) })
	return leaves
}

func appendLeaves(leaves []leaf, at string, v gjson.Result) []leaf {
	before, i := len(leaves), 0
	if v.Type == gjson.JSON {
		list := v.IsArray()
		v.ForEach(func(key, member gjson.Result) bool {
			name := key.Str
			if list {
				name = element + strconv.Itoa(1_000_000+i) // so that they sort as numbers do
				i++
			}
			leaves = appendLeaves(leaves, at+name+separator, member)
			return true
		})
	}
	if len(leaves) == before { // a scalar, or nothing in it
		leaves = append(leaves, leaf{at: at, raw: v.Raw, value: textOf(v), kind: v.Type})
	}
	return leaves
}
