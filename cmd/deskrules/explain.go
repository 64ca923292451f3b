package main

import (
	"fmt"
	"io"
	"path"
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
	verb := "took the event"
	if !rule.Took {
		verb = "did not take the event"
	}
	x.heading(0, fmt.Sprintf("rule %s (%s) %s", rule.Rule, rule.At.File, verb))
	if rule.Why != "" {
		x.line(1, rule.Why)
	}
	x.fields(1, "vars", rule.Vars)
	x.members(rule.Members)
	x.steps(rule.Steps)
	if len(rule.Steps) == 0 {
		for _, mapping := range rule.Mappings {
			x.fields(1, "mapping "+mapping.Name, mapping.Fields)
		}
	}
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
		f.To = "the whole body"
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
	x.heading(1, "where the traits went")
	for _, m := range members {
		where := "left out: " + m.Why
		if len(m.Went) > 0 {
			where = "to " + strings.Join(m.Went, ", ")
		}
		x.line(2, fmt.Sprintf("%s %s (%s)", m.Path, where, near(m.At)))
	}
}

func (x explainer) steps(steps []engine.StepExplanation) {
	for _, step := range steps {
		depth := 1 + step.Depth
		ran := "ran"
		if !step.Ran {
			ran = "did not run"
		}
		text := fmt.Sprintf("step %s (%s) %s", stepName(step), near(step.At), ran)
		if step.Why != "" {
			text += ", " + step.Why
		}
		x.line(depth, text)
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
}

// stepName names a step by its kind, and by its name where it has one.
func stepName(step engine.StepExplanation) string {
	if strings.HasPrefix(step.Name, step.Kind+":") {
		return step.Kind
	}
	return step.Name + ": " + step.Kind
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
