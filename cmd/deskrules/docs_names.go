package main

import (
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// names shows the paths of a rule to people who know the event and not the
// rule: a var that only names a place in the event is replaced by that place.
// Other names stay. All are explained below the tables.
type names struct {
	vars map[string]engine.NamedSource // nil for paths as they are written
}

func newNames(r engine.RuleDescription) names {
	n := names{map[string]engine.NamedSource{}}
	for _, v := range r.Vars {
		n.vars[v.Name] = v
	}
	return n
}

// asWritten is for lookups and procedures, which know no vars, and for the vars
// themselves.
func asWritten() names { return names{} }

// simple reports whether a var stands for one place, whatever the event.
func simple(v engine.NamedSource) bool {
	return len(v.From) == 1 && v.When == "" && v.Table == "" && len(v.Default) == 0 && !v.Required
}

// path replaces names. fits is what a replaced var asks of the value.
func (n names) path(path string) (replaced, fits string) {
	root, below, deeper := strings.Cut(path, ".")
	v, isVar := n.vars[root]
	if !isVar || !simple(v) {
		return path, ""
	}
	replaced, fits = n.path(v.From[0].Path)
	if deeper {
		return replaced + "." + below, ""
	}
	if v.As != "" {
		fits = fitting(v.SourceDescription)
	}
	return replaced, fits
}

// plain gives a path as text, without event before it where nothing else could
// be meant.
func (n names) plain(p engine.PathDescription) string {
	path, _ := n.path(p.Path)
	below, inEvent := strings.CutPrefix(path, "event.")
	root, _, _ := strings.Cut(below, ".")
	_, isVar := n.vars[root]
	if stands, _ := n.path(root); !inEvent || root == "config" || isVar && stands != "event."+root {
		return path
	}
	return below
}

// cell gives a path for a cell or a sentence.
func (n names) cell(p engine.PathDescription) string {
	path := p.Path
	if n.vars != nil {
		path = n.plain(p)
	}
	if setting, isSetting := strings.CutPrefix(path, "config."); isSetting {
		return "the setting " + code(setting)
	}
	return code(path)
}

func (n names) cells(paths []engine.PathDescription) []string {
	var all []string
	for _, p := range paths {
		all = append(all, n.cell(p))
	}
	return all
}

// explained lists the vars, for the conditions name all of them.
func explained(vars []engine.NamedSource) string {
	var b strings.Builder
	for _, v := range vars {
		b.WriteString(item("", "-", code(v.Name)+" is "+asWritten().source(v.SourceDescription)))
	}
	return b.String()
}

// source words where a value is from.
func (n names) source(s engine.SourceDescription) string {
	var text string
	switch {
	case len(s.Value) > 0:
		text = literal(s.Value)
	case s.Expr != "":
		text = code(s.Expr)
	default:
		text = alternatives(n.cells(s.From))
	}
	return strings.Join(append([]string{text}, n.notes(s)...), "; ")
}

// notes says what is done to a value, and when there is none.
func (n names) notes(s engine.SourceDescription) []string {
	var notes []string
	if fits := n.fits(s); fits != "" {
		notes = append(notes, fits)
	}
	if s.Table != "" {
		notes = append(notes, "by the table "+code(s.Table))
	}
	if len(s.Default) > 0 {
		notes = append(notes, "else "+literal(s.Default))
	}
	if len(s.Except) > 0 {
		notes = append(notes, "without "+listed(codes(s.Except), "and"))
	}
	if len(s.Keep) > 0 {
		notes = append(notes, "even where it is "+listed(s.Keep, "or"))
	}
	if s.When != "" {
		notes = append(notes, "where "+code(s.When))
	}
	return notes
}

// fits words what a value has to be: by the source itself, or else by the var
// that its one path names.
func (n names) fits(s engine.SourceDescription) string {
	if s.As != "" {
		return fitting(s)
	}
	if len(s.From) != 1 {
		return ""
	}
	_, fits := n.path(s.From[0].Path)
	return fits
}

// fitting says what a value has to be, or what it becomes.
func fitting(s engine.SourceDescription) string {
	switch s.As {
	case "string":
		return "as text"
	case "array":
		return "as a list"
	default:
		return s.Fits
	}
}
