package main

import (
	"fmt"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

func stepsPart(r engine.RuleDescription) string {
	text := stepsList("", "", r.Steps, newNames(r))
	if len(r.Result) == 0 {
		return text
	}
	var results []string
	for _, f := range r.Result {
		results = append(results, code(f.Name)+" is "+newNames(r).source(f.SourceDescription))
	}
	return text + "\n" + paragraph("Its result for later rules: "+strings.Join(results, ", ")+".")
}

// stepsList numbers the steps, unless it is given another mark.
func stepsList(indent, mark string, steps []engine.StepDescription, n names) string {
	var b strings.Builder
	for i, s := range steps {
		m := mark
		if m == "" {
			m = fmt.Sprintf("%d.", i+1)
		}
		b.WriteString(item(indent, m, n.step(s)))
		if s.Call != nil {
			b.WriteString(n.details(indent+strings.Repeat(" ", len(m)+1), *s.Call))
		}
	}
	return b.String()
}

// step words what a step does, and when.
func (n names) step(s engine.StepDescription) string {
	text := n.does(s)
	if s.When != "" {
		text += ", where " + code(s.When)
	}
	if s.Name != "" && s.Kind != "let" {
		text = "**" + prose(s.Name) + "**: " + text
	}
	return text
}

func (n names) does(s engine.StepDescription) string {
	switch {
	case s.Call != nil:
		return n.call(*s.Call)
	case s.Find != nil:
		return n.find(*s.Find)
	case s.Use != nil:
		return n.use(*s.Use)
	case s.Let != nil:
		return "let " + code(s.Name) + " be " + n.source(*s.Let)
	default:
		return s.Kind + ": " + quoted(s.Message)
	}
}

func (n names) call(c engine.CallDescription) string {
	text := code(c.Method + " " + c.Path)
	if len(c.Query) > 0 {
		text += " with " + queryText(c.Query)
	}
	if c.OnlyReads {
		text += ", which only reads"
	}
	if c.Each != "" {
		text += ", for each of " + code(c.Each)
	}
	return text
}

func queryText(query []engine.NamedText) string {
	var parts []string
	for _, q := range query {
		parts = append(parts, code(q.Name+"="+q.Value))
	}
	return listed(parts, "and")
}

func (n names) find(f engine.FindDescription) string {
	var with []string
	for _, in := range f.With {
		with = append(with, "by "+code(in.By)+" ("+alternatives(n.cells(in.From))+")")
	}
	return "find " + code(f.Lookup) + " " + strings.Join(with, ", else ")
}

func (n names) use(u engine.UseDescription) string {
	var with []string
	for _, in := range u.With {
		with = append(with, code(in.Name)+" = "+n.given(in.SourceDescription))
	}
	text := "use " + code(u.Procedure)
	if len(with) > 0 {
		text += " with " + strings.Join(with, ", ")
	}
	return text
}

// given words the input of a procedure, which itself says what it has to be.
func (n names) given(s engine.SourceDescription) string {
	switch {
	case len(s.Value) > 0:
		return code(string(s.Value))
	case s.Expr != "":
		return code(s.Expr)
	default:
		return alternatives(n.cells(s.From))
	}
}

// details are what is sent and what is done with the answer.
func (n names) details(indent string, c engine.CallDescription) string {
	var b strings.Builder
	say := func(text string) { b.WriteString(item(indent, "-", text)) }
	if c.Pages != "" {
		say("reads all pages of " + code(c.Pages))
	}
	if c.Pick != "" {
		say("its value is " + code(c.Pick))
	}
	if c.Remember != "" {
		say("remembered for " + c.Remember)
	}
	for _, t := range c.Learn {
		say("remembers " + n.listed(t.From) + " for " + code(t.Of))
	}
	for _, t := range c.Forget {
		say("forgets " + n.listed(t.From) + " of " + code(t.Of))
	}
	for _, a := range c.On {
		say("on " + armText(a))
	}
	n.onceOnly(say, c)
	return b.String()
}

func (n names) listed(paths []engine.PathDescription) string { return listed(n.cells(paths), "and") }

// onceOnly says what becomes of a call whose answer is lost.
func (n names) onceOnly(say func(string), c engine.CallDescription) {
	if !c.Idempotent {
		say("must not happen twice: where its answer is lost, it is not made again")
	}
	if c.Confirm == nil {
		return
	}
	look := "to settle whether it was taken, " + code("GET "+c.Confirm.Path)
	if len(c.Confirm.Query) > 0 {
		look += " with " + queryText(c.Confirm.Query)
	}
	look += "; it was where " + code(c.Confirm.There)
	if c.Confirm.When != "" {
		look += "; asked where " + code(c.Confirm.When)
	}
	for _, a := range c.Confirm.On {
		look += "; on " + armText(a)
	}
	say(look)
}

// armText words what becomes of a refusal.
func armText(a engine.ArmDescription) string {
	text := strings.Join(a.Status, ", ")
	if a.When != "" {
		text += " where " + code(a.When)
	}
	switch a.Then {
	case "accept":
		text += ": that is fine"
	case "skip":
		text += ": go on"
	case "relook":
		text += ": once more from " + code(a.To)
	case "confirm":
		text += ": look whether it was taken"
	default:
		text += ": " + a.Then
	}
	if a.As != "" {
		text += "; the refusal is " + code(a.As)
	}
	if a.Message != "" {
		text += ", " + quoted(a.Message)
	}
	if a.Remember != "" {
		text += ", remembered for " + a.Remember
	}
	return text
}
