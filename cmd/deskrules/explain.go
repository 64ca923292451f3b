package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// An explainer prints an explanation as a tree.
type explainer struct {
	w    io.Writer
	look style
}

// printExplanation says what each rule made of an event, and why.
func printExplanation(w io.Writer, look style, e *engine.Explanation) {
	if e == nil {
		return
	}
	x := explainer{w, look}
	for _, rule := range e.Rules {
		fmt.Fprintln(w)
		x.rule(rule)
	}
}

// line prints one node of the tree, wrapped below itself.
func (x explainer) line(depth int, text string) {
	indent := strings.Repeat("  ", depth)
	fmt.Fprintln(x.w, wrap(indent+printable(text), indent+"    "))
}

func (x explainer) heading(depth int, text string) {
	fmt.Fprintln(x.w, strings.Repeat("  ", depth)+x.look.bold(printable(text)))
}

func (x explainer) rule(rule *engine.RuleExplanation) {
	verb := "did not take the event"
	switch {
	case rule.Took:
		verb = "took the event"
	case rule.Rejected:
		verb = "rejected the event"
	}
	x.heading(0, fmt.Sprintf("rule %s (%s) %s", rule.Rule, rule.At.File, verb))
	switch {
	case rule.Why != "" && rule.Took:
		x.line(1, "the event ended here: "+rule.Why)
	case rule.Why != "":
		x.line(1, rule.Why)
	}
	x.fields(1, "vars", rule.Vars)
	x.members(rule.Members)
	for _, step := range rule.Steps {
		x.step(step)
	}
	for _, mapping := range rule.Mappings {
		left, title := unsent(mapping.Fields, rule.Steps), "mapping "+mapping.Name
		if len(left) < len(mapping.Fields) {
			title += " (what no request shows)"
		}
		x.fields(1, title, left)
	}
}

// unsent gives the fields that no request shows: the event ended before, or
// something else was made of them.
func unsent(fields []engine.FieldExplanation, steps []engine.StepExplanation) []engine.FieldExplanation {
	shown := map[engine.Position]bool{}
	for _, step := range steps {
		for _, request := range step.Requests {
			for _, field := range request.Fields {
				shown[field.At] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(fields), func(f engine.FieldExplanation) bool { return shown[f.At] })
}

func (x explainer) fields(depth int, title string, fields []engine.FieldExplanation) {
	if len(fields) == 0 {
		return
	}
	x.heading(depth, title)
	for _, field := range fields {
		x.line(depth+1, fieldText(field))
	}
}

func fieldText(f engine.FieldExplanation) string {
	if f.To == "" {
		f.To = ". (the object itself)"
	}
	if f.Absent != "" {
		return fmt.Sprintf("%s absent: %s (%s)", f.To, f.Absent, near(f.At))
	}
	text := fmt.Sprintf("%s = %s from %s", f.To, short(string(f.Value)), f.From)
	if f.Alternatives > 1 {
		text += fmt.Sprintf(" (%d of %d)", f.Alternative, f.Alternatives)
	}
	if len(f.Done) > 0 {
		text += ", " + strings.Join(f.Done, ", ")
	}
	return text + " (" + near(f.At) + ")"
}

func (x explainer) members(members []engine.MemberExplanation) {
	if len(members) == 0 {
		return
	}
	x.heading(1, "where the members of the event went")
	for _, m := range members {
		text := m.Path + " not sent: " + m.Why
		if len(m.Went) > 0 {
			text = m.Path + " to " + strings.Join(m.Went, ", ")
		}
		if m.At.Line > 0 {
			text += " (" + near(m.At) + ")"
		}
		x.line(2, text)
	}
}

func (x explainer) step(step engine.StepExplanation) {
	depth := 1 + step.Depth
	x.line(depth, "step "+stepText(step))
	for _, request := range step.Requests {
		address := request.Path
		if request.Query != "" {
			address += "?" + request.Query
		}
		x.fields(depth+1, request.Method+" "+address, request.Fields)
		if len(request.Fields) == 0 {
			x.heading(depth+1, request.Method+" "+address)
		}
	}
}

// stepText says what became of a step.
func stepText(step engine.StepExplanation) string {
	text := stepName(step) + " (" + near(step.At) + ") "
	switch {
	case step.NotReached:
		text += "not reached"
	case step.Ended != "":
		text += "ended the event: " + step.Ended
	case !step.Ran:
		text += "did not run"
	case step.Let != nil:
		text = step.Kind + " " + fieldText(*step.Let)
	case step.Idle != "":
		text += "ran without a request: " + step.Idle
	default:
		text += "ran"
	}
	if step.Why != "" {
		text += ", " + step.Why
	}
	return text
}

// stepName names a step by its kind, and by its name where it has one.
func stepName(step engine.StepExplanation) string {
	switch {
	case step.Let != nil:
		return step.Kind + " " + step.Let.To
	case strings.HasPrefix(step.Name, step.Kind+":"):
		return step.Kind
	default:
		return step.Name + ": " + step.Kind
	}
}

// near gives a place without the folder, which is the same for all.
func near(at engine.Position) string {
	return fmt.Sprintf("%s:%d", path.Base(at.File), at.Line)
}

// short keeps a value to a part of a line.
func short(value string) string {
	const most = 48
	runes := []rune(value)
	if len(runes) <= most {
		return value
	}
	return string(runes[:most]) + "…"
}
