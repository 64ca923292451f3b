package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// endpointNames gives calls the name that the rules have for them, such as
// users/{id}/events: what is in the braces is from events and answers, and would
// make each call another one.
type endpointNames map[asking][]endpointName

// An asking is the step that asks for a call, as [engine.Request] names it. The
// steps of lookups and procedures ask for any rule, whose name is left empty.
type asking struct{ rule, step string }

// An endpointName is the path of a call as the rules write it.
type endpointName struct {
	shown   string
	pattern *regexp.Regexp
}

// namesOf collects the paths of all calls.
func namesOf(d engine.Description) endpointNames {
	names := endpointNames{}
	for _, r := range d.Rules {
		names.steps(r.Name, r.Steps, nil)
	}
	for _, l := range d.Lookups {
		for _, w := range l.Ways {
			names.steps("", w.Steps, nil)
		}
	}
	for _, p := range d.Procedures {
		names.steps("", p.Steps, p.Inputs)
	}
	return names
}

func (n endpointNames) steps(rule string, steps []engine.StepDescription, inputs []engine.ProcedureInputDescription) {
	for _, s := range steps {
		if s.Call == nil {
			continue
		}
		by := asking{rule, cmp.Or(s.Name, fmt.Sprintf("%s:%d", s.Kind, s.At.Line))}
		n[by] = append(n[by], newEndpointName(withConstants(s.Call.Path, inputs)))
		if s.Call.Confirm != nil {
			n[by] = append(n[by], newEndpointName(withConstants(s.Call.Confirm.Path, inputs)))
		}
	}
}

// withConstants puts the constants of a procedure where they stand in a path.
func withConstants(path string, inputs []engine.ProcedureInputDescription) string {
	for _, in := range inputs {
		var constant string
		if json.Unmarshal(in.Constant, &constant) == nil && constant != "" {
			path = strings.ReplaceAll(path, "{"+in.Name+"}", constant)
		}
	}
	return path
}

func newEndpointName(path string) endpointName {
	braces := regexp.MustCompile(`\{[^{}]*\}`)
	pattern := "^"
	for i, literal := range braces.Split(path, -1) {
		if i > 0 {
			pattern += "[^/]*"
		}
		pattern += regexp.QuoteMeta(literal)
	}
	return endpointName{shown: braces.ReplaceAllLiteralString(path, "{id}"), pattern: regexp.MustCompile(pattern + "$")}
}

// of names a call. What the rules do not name, such as a following page, is
// named by its looks.
func (n endpointNames) of(c call) endpoint {
	for _, rule := range []string{c.asked.Rule, ""} {
		for _, name := range n[asking{rule, c.asked.Step}] {
			if name.pattern.MatchString(c.Path) {
				return endpoint{c.Method, name.shown}
			}
		}
	}
	return endpoint{c.Method, openPath(c.Path)}
}
