package main

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/compare"
	"github.com/deskrules/deskrules/runner"
)

// A call is a request that a version of rules made, with the lines behind it.
type call struct {
	compare.Call
	status int
	asked  engine.Request            // its zero value where the engine knows nothing of it
	at     engine.Position           // the step, once it is explained
	fields []engine.FieldExplanation // of the body; nil where nothing is known of them
	mapped []engine.FieldExplanation // of the mappings of the rule, with their names in front
}

// A listener passes requests on and remembers them with their answers. It is
// used by one event at a time.
type listener struct {
	next  http.RoundTripper
	base  string
	heard []call
}

func (l *listener) RoundTrip(request *http.Request) (*http.Response, error) {
	made := call{Call: compare.Call{
		Method: request.Method,
		Path:   strings.TrimPrefix(request.URL.EscapedPath(), l.base),
		Query:  decodedQuery(request.URL),
	}}
	made.asked, _ = runner.Asked(request.Context())
	made.Body = made.asked.Body
	response, err := l.next.RoundTrip(request)
	if err != nil {
		l.heard = append(l.heard, made)
		return nil, err
	}
	made.status = response.StatusCode
	made.Answer, err = io.ReadAll(response.Body)
	_ = response.Body.Close() // all of it has been read
	response.Body = io.NopCloser(bytes.NewReader(made.Answer))
	l.heard = append(l.heard, made)
	return response, err
}

// take hands over what was heard since the last time.
func (l *listener) take() []call {
	heard := l.heard
	l.heard = nil
	return heard
}

// explainCalls adds to calls which lines of the rules are behind them. Explanations
// list the requests of a step in the order in which they were made, and beside
// them those that a memory answered.
func explainCalls(calls []call, e *engine.Explanation) {
	if e == nil {
		return
	}
	used := map[*engine.RequestExplanation]bool{}
	for _, rule := range e.Rules {
		mapped := mappedFields(rule.Mappings)
		for i := range calls {
			if rule.Rule == calls[i].asked.Rule {
				calls[i].explain(rule.Steps, used)
				calls[i].mapped = mapped
			}
		}
	}
}

// mappedFields lists the fields of mappings as a body has them that takes each by
// its name.
func mappedFields(mappings []engine.MappingExplanation) []engine.FieldExplanation {
	var all []engine.FieldExplanation
	for _, m := range mappings {
		for _, f := range m.Fields {
			f.To = strings.TrimSuffix(m.Name+"."+f.To, ".")
			all = append(all, f)
		}
	}
	return all
}

func (c *call) explain(steps []engine.StepExplanation, used map[*engine.RequestExplanation]bool) {
	for s := range steps {
		step := &steps[s]
		if step.Name != c.asked.Step || !step.Ran {
			continue
		}
		c.at = step.At
		for r := range step.Requests {
			made := &step.Requests[r]
			if !used[made] && made.Method == c.Method && made.Path == c.asked.Path && made.Query == c.asked.Query {
				used[made], c.fields = true, made.Fields
				return
			}
		}
	}
}

// A fieldLine is the line that a value comes from, and where in the rules the value
// stands, if it does not come from an event.
type fieldLine struct {
	at engine.Position
	standing
}

// behind gives the line that is behind a place of a body and its value: that of the
// longest target which holds it. Where no line says so it is the step's.
func (c *call) behind(field []string, raw string, o *origins) fieldLine {
	if len(field) == 0 || field[0] != "body" {
		return fieldLine{at: c.at}
	}
	line, below, found := longest(c.fields, field[1:], raw)
	if !found {
		return fieldLine{at: c.at}
	}
	if mapped, rest, fed := c.fed(line, below, raw, o); fed {
		line, below = mapped, rest
	}
	return fieldLine{line.At, o.of(line, c.asked.Rule, below, raw)}
}

// longest finds the line with the longest target that holds a place, and the keys
// below the target. Of several, it is one that has the value there.
func longest(lines []engine.FieldExplanation, keys []string, raw string) (line engine.FieldExplanation, below []string, found bool) {
	most := -1
	for _, f := range lines {
		rest, within := belowTarget(f.To, keys)
		if f.Absent != "" || !within {
			continue
		}
		long := 2 * (len(keys) - len(rest))
		if has(string(f.Value), rest, raw) {
			long++
		}
		if long > most {
			line, below, found, most = f, rest, true, long
		}
	}
	return line, below, found
}

// fed finds the line of a mapping that came to a line of a body in a way of its own,
// such as through a procedure: the names that the line reads are made of it, it is
// about the very place, and it has the value.
func (c *call) fed(line engine.FieldExplanation, below []string, raw string, o *origins) (mapped engine.FieldExplanation, rest []string, fed bool) {
	for _, path := range o.madeOf(line, c.asked.Rule) {
		mapped, rest, found := longest(c.mapped, slices.Concat(path, below), raw)
		if found && len(keysOf(mapped.To)) > len(path) && has(string(mapped.Value), rest, raw) {
			return mapped, rest, true
		}
	}
	return engine.FieldExplanation{}, nil, false
}
