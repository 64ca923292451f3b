package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// A flowchart draws steps in the language of Mermaid
// (https://mermaid.js.org/syntax/flowchart.html): a box for a call, a hexagon
// for a condition, a double-edged box for a lookup or procedure, and round ends.
// Steps that only name a value are not drawn.
type flowchart struct {
	lines []string
	// loose are the edges that lead to whatever comes next.
	loose []edge
	nodes int
	// entries are the nodes where steps begin, for a relook.
	entries map[string]string
}

// An edge leads from a node, under a label that may be empty.
type edge struct {
	from, label string
}

// The shapes of nodes, around their label.
const (
	boxShape       = `["%s"]`
	conditionShape = `{{"%s"}}`
	innerShape     = `[["%s"]]`
	endShape       = `(["%s"])`
)

func newFlowchart() *flowchart {
	return &flowchart{lines: []string{"flowchart TD"}, entries: map[string]string{}}
}

// ruleChart draws a rule from the event to its end.
func ruleChart(r engine.RuleDescription) string {
	c := newFlowchart()
	c.next(endShape, strings.Join(r.Events, " or ")+" event")
	c.condition(r.When, "not for this rule")
	if needed := needs(r); needed != "" {
		node := c.next(boxShape, "needs "+needed)
		c.branch(edge{node, "missing"}, "rejected")
	}
	c.steps(r.Steps)
	c.next(endShape, "done")
	return c.String()
}

// needs names what an event cannot do without.
func needs(r engine.RuleDescription) string {
	names := newNames(r)
	var all []string
	for _, q := range r.Requires {
		var any []string
		for _, p := range q.From {
			any = append(any, names.plain(p))
		}
		all = append(all, strings.Join(any, " or "))
	}
	for _, m := range r.Mappings {
		for _, line := range m.Lines {
			if line.Required && len(line.From) > 0 {
				all = append(all, names.plain(line.From[0]))
			}
		}
	}
	return listed(all, "and")
}

// lookupChart draws the ways of a lookup, one after the other.
func lookupChart(l engine.LookupDescription) string {
	c := newFlowchart()
	c.next(endShape, "find "+l.Name)
	for _, w := range l.Ways {
		given := c.next(conditionShape, "a value for "+w.By+"?")
		c.loose = []edge{{given, "yes"}}
		passed := []edge{{given, "no"}}
		if w.When != "" {
			node := c.next(conditionShape, w.When)
			c.loose, passed = []edge{{node, "yes"}}, append(passed, edge{node, "no"})
		}
		c.steps(w.Steps)
		found := c.next(conditionShape, "how many found?")
		c.branch(edge{found, "one"}, "found")
		c.branch(edge{found, "several"}, "failed")
		c.loose = append(passed, edge{found, "none"})
	}
	c.next(endShape, "nobody")
	return c.String()
}

func procedureChart(p engine.ProcedureDescription) string {
	c := newFlowchart()
	c.next(endShape, p.Name)
	c.steps(p.Steps)
	c.next(endShape, "back to the rule")
	return c.String()
}

func (c *flowchart) String() string {
	return "```mermaid\n" + strings.Join(c.lines, "\n") + "\n```\n"
}

// add draws a node without edges, and gives its id.
func (c *flowchart) add(shape string, label ...string) string {
	c.nodes++
	id := fmt.Sprintf("n%d", c.nodes)
	c.lines = append(c.lines, "  "+id+fmt.Sprintf(shape, chartText(label...)))
	return id
}

func (c *flowchart) connect(e edge, to, line string) {
	text := ""
	if e.label != "" {
		text = `|"` + chartText(e.label) + `"|`
	}
	c.lines = append(c.lines, "  "+e.from+" "+line+text+" "+to)
}

// next draws the node that the loose edges lead to.
func (c *flowchart) next(shape string, label ...string) string {
	id := c.add(shape, label...)
	for _, e := range c.loose {
		c.connect(e, id, "-->")
	}
	c.loose = []edge{{from: id}}
	return id
}

// branch draws an end that an edge leads to, aside from the others.
func (c *flowchart) branch(e edge, label string) {
	c.connect(e, c.add(endShape, label), "-->")
}

// condition draws what has to hold, and the end where it does not.
func (c *flowchart) condition(when, otherwise string) {
	if when == "" {
		return
	}
	node := c.next(conditionShape, when)
	c.branch(edge{node, "no"}, otherwise)
	c.loose = []edge{{node, "yes"}}
}

func (c *flowchart) steps(steps []engine.StepDescription) {
	for _, s := range steps {
		if s.Kind != "let" {
			c.step(s)
		}
	}
}

// step draws a step with its condition, which may lead past it.
func (c *flowchart) step(s engine.StepDescription) {
	mark := c.nodes
	var past []edge
	if s.When != "" {
		node := c.next(conditionShape, s.When)
		c.loose, past = []edge{{node, "yes"}}, []edge{{node, "no"}}
	}
	switch {
	case s.Kind == "reject":
		c.ending("rejected: " + s.Message)
	case s.Kind == "fail":
		c.ending("failed: " + s.Message)
	case s.Kind == "warn":
		c.next(boxShape, "warn: "+s.Message)
	case s.Find != nil:
		c.next(innerShape, "find "+s.Find.Lookup)
	case s.Use != nil:
		c.next(innerShape, useLabel(*s.Use))
	case s.Call != nil:
		c.call(*s.Call)
	}
	if s.Name != "" {
		c.entries[s.Name] = fmt.Sprintf("n%d", mark+1)
	}
	c.loose = append(c.loose, past...)
}

// ending draws an end after which nothing comes.
func (c *flowchart) ending(label string) {
	c.next(endShape, label)
	c.loose = nil
}

// useLabel names a procedure with the texts that it is used with.
func useLabel(u engine.UseDescription) string {
	label := u.Procedure
	for _, in := range u.With {
		if len(in.Value) > 0 && in.Value[0] == '"' {
			label += " " + strings.Trim(string(in.Value), `"`)
		}
	}
	return label
}

// call draws a call with what it does on refusals. Where those let it go on,
// they stand in its box.
func (c *flowchart) call(call engine.CallDescription) {
	label := []string{call.Method + " " + call.Path}
	if call.Each != "" {
		label = append(label, "for each of "+call.Each)
	}
	for _, a := range call.On {
		if word := onward(a); word != "" {
			label = append(label, strings.Join(a.Status, ", ")+": "+word)
		}
	}
	node := c.next(boxShape, label...)
	c.relooks(node, call.On)
	if call.Confirm != nil {
		c.confirm(node, call)
	} else if !call.Idempotent {
		c.branch(edge{node, "answer lost"}, "uncertain")
	}
}

// onward words what an arm does that lets the event go on; empty for others.
func onward(a engine.ArmDescription) string {
	switch a.Then {
	case "accept":
		return "fine"
	case "skip":
		return "go on"
	case "warn":
		return "go on with a warning"
	default:
		return ""
	}
}

// relooks draws the ways back to earlier steps.
func (c *flowchart) relooks(node string, arms []engine.ArmDescription) {
	for _, a := range arms {
		if a.Then == "relook" && c.entries[a.To] != "" {
			c.connect(edge{node, strings.Join(a.Status, ", ") + ", once"}, c.entries[a.To], "-.->")
		}
	}
}

// confirm draws the call that looks whether another was taken.
func (c *flowchart) confirm(node string, call engine.CallDescription) {
	var asked []string
	for _, a := range call.On {
		if a.Then == "confirm" {
			asked = append(asked, a.Status...)
		}
	}
	ending := "failed"
	if !call.Idempotent {
		asked, ending = append(asked, "answer lost"), "uncertain"
	}
	onward := c.loose
	c.loose = []edge{{node, strings.Join(asked, ", ")}}
	look := c.next(boxShape, "GET "+call.Confirm.Path)
	c.relooks(look, call.Confirm.On)
	there := c.next(conditionShape, "is it there?")
	c.branch(edge{there, "no"}, ending)
	c.loose = slices.Concat(onward, []edge{{there, "yes"}})
}

// The measures of a label: a longer one makes a drawing that nobody can read.
// The list of the steps has the whole text.
const (
	labelWord = 56
	labelLine = 90
)

// chartText writes the lines of a label. Mermaid itself breaks them at spaces.
func chartText(label ...string) string {
	lines := make([]string, len(label))
	for i, line := range label {
		var words []string
		for word := range strings.FieldsSeq(printable(line)) {
			words = append(words, shorten(word, labelWord))
		}
		lines[i] = chartEscape(shorten(strings.Join(words, " "), labelLine))
	}
	return strings.Join(lines, "<br>")
}

// chartEscape writes what would end a label, or mean something in it, as the
// numbers of its characters.
func chartEscape(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\"#;<>&%`\\*~$@", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
