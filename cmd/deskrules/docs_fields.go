package main

import (
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// fieldsPart has what the event needs, a table for each mapping and body, and
// the names that the tables use.
func fieldsPart(r engine.RuleDescription) string {
	n := newNames(r)
	var parts []string
	if needed := requiresList(r, n); needed != "" {
		parts = append(parts, needed)
	}
	for _, m := range r.Mappings {
		if sent := sentBy(r, m); sent != "" {
			parts = append(parts, paragraph(sent))
		}
		parts = append(parts, fieldsTable("Event field", r, n, m.Lines))
	}
	parts = append(parts, bodies(r, n, r.Steps)...)
	if len(r.Vars) > 0 {
		parts = append(parts, "Of the names in tables and conditions:\n\n"+explained(r.Vars))
	}
	if len(parts) == 0 {
		return "It sends no fields of its own.\n"
	}
	return strings.Join(parts, "\n")
}

// bodies has a table for each body, without the lines that send mappings: those
// have tables of their own. Calls that send the same share one.
func bodies(r engine.RuleDescription, n names, steps []engine.StepDescription) []string {
	var tables []string
	callers := map[string][]string{}
	for _, s := range steps {
		table := bodyTable(r, n, s)
		if table == "" {
			continue
		}
		if callers[table] == nil {
			tables = append(tables, table)
		}
		callers[table] = append(callers[table], called(s))
	}
	var parts []string
	for _, table := range tables {
		verb := " sends:"
		if len(callers[table]) > 1 {
			verb = " send:"
		}
		parts = append(parts, paragraph(listed(callers[table], "and")+verb), table)
	}
	return parts
}

// bodyTable is empty where there is nothing to tell.
func bodyTable(r engine.RuleDescription, n names, s engine.StepDescription) string {
	if s.Call == nil {
		return ""
	}
	lines := slices.DeleteFunc(slices.Clone(s.Call.Body), func(line engine.LineDescription) bool { return isMapping(r, line) })
	if len(lines) == 0 {
		return ""
	}
	return fieldsTable("Value", r, n, lines)
}

func isMapping(r engine.RuleDescription, line engine.LineDescription) bool {
	return len(line.From) == 1 && slices.ContainsFunc(r.Mappings, func(m engine.MappingDescription) bool { return line.From[0].Path == m.Name })
}

// called names a call by its step, too, where that has a name.
func called(s engine.StepDescription) string {
	text := code(s.Call.Method + " " + s.Call.Path)
	if s.Name != "" {
		text += " (" + code(s.Name) + ")"
	}
	return text
}

func requiresList(r engine.RuleDescription, n names) string {
	var b strings.Builder
	for _, q := range r.Requires {
		text := listed(n.cells(q.From), "or")
		if q.When != "" {
			text += ", where " + code(q.When)
		}
		b.WriteString(item("", "-", text+": "+quoted(q.Message)))
	}
	if b.Len() == 0 {
		return ""
	}
	return "An event without these is rejected, and nothing is sent:\n\n" + b.String()
}

// sentBy says which calls send a mapping, and where in their bodies.
func sentBy(r engine.RuleDescription, m engine.MappingDescription) string {
	var places []string
	for _, s := range r.Steps {
		if s.Call == nil {
			continue
		}
		for _, line := range s.Call.Body {
			if len(line.From) == 1 && line.From[0].Path == m.Name {
				places = append(places, sentAs(s, line))
			}
		}
	}
	if len(places) == 0 {
		return ""
	}
	return "The mapping " + code(m.Name) + " is sent " + listed(places, "and") + ":"
}

func sentAs(s engine.StepDescription, line engine.LineDescription) string {
	text := "by " + called(s)
	if line.To == "." {
		text += " as the whole body"
	} else {
		text += " as " + code(line.To)
	}
	if len(line.Except) > 0 {
		text += " without " + listed(codes(line.Except), "and")
	}
	return text
}

// fieldsTable is the table of a mapping or body.
func fieldsTable(from string, r engine.RuleDescription, n names, lines []engine.LineDescription) string {
	var rows [][]string
	for _, line := range lines {
		rows = append(rows, []string{n.eventCell(line), targetCell(line), n.required(r, line), strings.Join(n.lineNotes(line), "; ")})
	}
	return grid([]string{from, "Destination field", "Required", "Condition / notes"}, rows)
}

func targetCell(line engine.LineDescription) string {
	if line.To == "." {
		return "the whole body"
	}
	return code(line.To)
}

// eventCell says where a line has its value from; nothing where the rule gives
// it.
func (n names) eventCell(line engine.LineDescription) string {
	if line.Rest != nil {
		return "every other member of " + n.cell(line.Rest.Of)
	}
	if line.Expr == "" {
		return alternatives(n.cells(line.From))
	}
	var read []string
	for _, p := range line.Reads {
		if path, _ := n.path(p.Path); len(p.Event) > 0 || strings.HasPrefix(path, "config.") {
			read = append(read, n.cell(p))
		}
	}
	return strings.Join(read, ", ")
}

func (n names) required(r engine.RuleDescription, line engine.LineDescription) string {
	if line.Required {
		return "yes"
	}
	for _, i := range line.Requires {
		return n.requirement(r.Requires[i], line)
	}
	return ""
}

// requirement says of a line that is one of those asked for what else will do.
func (n names) requirement(q engine.RequirementDescription, line engine.LineDescription) string {
	text := "yes"
	var others []string
	own := n.eventCell(line)
	for _, p := range q.From {
		if other := n.cell(p); other != own {
			others = append(others, other)
		}
	}
	if len(others) > 0 {
		text = "this or " + listed(others, "or")
	}
	if q.When != "" {
		text += ", where " + code(q.When)
	}
	return text
}

func (n names) lineNotes(line engine.LineDescription) []string {
	var notes []string
	switch {
	case len(line.Value) > 0 && line.When == "" && !line.Otherwise:
		notes = append(notes, "always "+literal(line.Value))
	case len(line.Value) > 0:
		notes = append(notes, literal(line.Value))
	case line.Expr != "":
		notes = append(notes, "computed: "+code(line.Expr))
	case line.Rest != nil:
		notes = append(notes, "texts, numbers, true and false")
		if line.Rest.Identifier {
			notes = append(notes, "keys in letters, digits and "+code("_"))
		}
	}
	notes = append(notes, n.notes(line.SourceDescription)...)
	if line.Otherwise {
		notes = append(notes, "where no row before gives a value")
	}
	return notes
}
