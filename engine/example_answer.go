package engine

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// An expectation is what a rule reads of an answer.
type expectation struct {
	list   *path      // nil for none
	values [][]string // the keys of each path
}

// expect notes what is read of an answer, under its own name and that of its
// step. What reads the step comes later.
func (b *builder) expect(c *call, reply, step *name) {
	asked := slices.Clone(reply.asked) // without what the arms read of refusals
	b.expects = append(b.expects, func() {
		if step != nil && c.each == nil && c.pick == nil && c.pages == nil {
			asked = append(asked, step.asked...)
		}
		for _, t := range c.learn {
			if t.lookup != nil && len(t.lookup.keep) > 0 { // a lookup without has been reported
				asked = append(asked, t.identities()...)
			}
		}
		c.expects = asked
	})
}

// identities are the places of what tells learned records apart.
func (t *teaching) identities() [][]string {
	var all [][]string
	for _, r := range t.reads {
		all = append(all, append(r.path.keys(), t.lookup.keep[:min(len(t.lookup.keep), 1)]...))
	}
	return all
}

// madeUp is what an example answer has for a value that only the destination
// could know.
const madeUp = `"made-up"`

// ExampleAnswer makes up the body of a successful answer, for those who want to
// see what an event would send and have no destination that answers: a list is
// empty, as if nobody and nothing were there yet, and a write gives back what
// was written, with "made-up" for everything else that the rule reads of the
// answer, such as an id. The destination itself may well answer otherwise.
func (r Request) ExampleAnswer() []byte {
	answer := "{}"
	if r.Write() {
		answer = r.echo()
	}
	if r.expects.list != nil {
		answer = withValue(answer, r.expects.list.keys(), "[]")
	}
	return []byte(answer)
}

func (r Request) echo() string {
	answer := "{}"
	if rawValue(string(r.Body)).kind() == '{' {
		answer = string(r.Body)
	}
	for _, keys := range r.expects.values {
		if !r.expects.below(keys) {
			answer = withValue(answer, keys, madeUp)
		}
	}
	return answer
}

// below reports whether something is read below a value, or it is the answer
// itself.
func (e expectation) below(keys []string) bool {
	return len(keys) == 0 || slices.ContainsFunc(e.values, func(other []string) bool {
		return len(other) > len(keys) && isPrefix(keys, other)
	})
}

// withValue gives the answer with a value in it, unless there is one.
func withValue(answer string, keys []string, raw string) string {
	escaped := make([]string, len(keys))
	for i, key := range keys {
		escaped[i] = escapeKey(key)
	}
	at := strings.Join(escaped, ".")
	if found := gjson.Get(answer, at); at == "" || found.Exists() && found.Type != gjson.Null {
		return answer
	}
	with, err := sjson.SetRaw(answer, at, raw)
	if err != nil {
		return answer // something else is in its way
	}
	return with
}
