package engine

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// The parts of a description that are about single values.

// rawJSON gives JSON of a rule as it is; nil for none.
func rawJSON(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// written gives the text of an expression; empty for none.
func (e *expression) written() string {
	if e == nil {
		return ""
	}
	return e.text
}

// written gives a template as a rule would write it, with the constants put in.
func (t *template) written() string {
	if t == nil {
		return ""
	}
	braces := strings.NewReplacer("{", "{{", "}", "}}")
	var b strings.Builder
	for _, part := range t.parts {
		if part.read == nil {
			b.WriteString(braces.Replace(part.literal))
			continue
		}
		b.WriteString("{" + part.label + "}")
	}
	return b.String()
}

// written gives a path as a rule would write it.
func (p path) written() string { return writtenPath(p.segments) }

func writtenPath(segments []segment) string {
	parts := make([]string, len(segments))
	for i, seg := range segments {
		parts[i] = seg.key
		if seg.plain() {
			parts[i] = writtenKey(seg.key)
		}
	}
	return strings.Join(parts, ".")
}

// writtenKey puts a backslash before what would mean something in a path.
func writtenKey(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if strings.IndexByte(pathSpecial+`.\`, key[i]) >= 0 || i == 0 && key[0] == '@' {
			b.WriteByte('\\')
		}
		b.WriteByte(key[i])
	}
	return b.String()
}

// describe gives the path, and the places in the event that it leads to.
func (r read) describe() PathDescription {
	below := r.path.segments[len(r.path.keys()):]
	return PathDescription{r.said.text, eventPlaces(r.said.origins, below)}
}

// describe does the same for a path of an expression.
func (r exprRead) describe() PathDescription {
	text := r.label
	for _, key := range r.keys {
		text += "." + writtenKey(key)
	}
	return PathDescription{text, eventPlaces(r.name.originsOf(r.keys), nil)}
}

// eventPlaces writes each place once, with what a path asks for below it.
func eventPlaces(origins []origin, below []segment) []string {
	var all []string
	for _, o := range origins {
		place := "event"
		for _, key := range o.keys {
			place += "." + writtenKey(key)
		}
		if len(below) > 0 && !o.whole {
			place += "." + writtenPath(below)
		}
		if !slices.Contains(all, place) {
			all = append(all, place)
		}
	}
	return all
}

func pathsOf(reads []read) []PathDescription {
	var all []PathDescription
	for _, r := range reads {
		all = append(all, r.describe())
	}
	return all
}

func readTextsOf(reads []read) []string {
	var texts []string
	for _, r := range reads {
		texts = append(texts, r.said.text)
	}
	return texts
}

// describe gives the source of a value.
func (s *sourced) describe() SourceDescription {
	d := SourceDescription{
		At: s.at, From: pathsOf(s.reads), Value: rawJSON(s.literal), Expr: s.expr.written(), Default: rawJSON(s.fallback),
		When: s.when.written(), Required: s.required, Keep: s.keep.written(), Except: slices.Clone(s.except),
	}
	d.Reads = s.expr.describeReads()
	if s.as != nil {
		d.As, d.Fits = s.as.name, s.as.wants
	}
	if s.table != nil {
		d.Table = s.table.name
	}
	return d
}

// describeReads gives each path of an expression once.
func (e *expression) describeReads() []PathDescription {
	if e == nil {
		return nil
	}
	var all []PathDescription
	for _, r := range e.reads {
		d := r.describe()
		known := func(other PathDescription) bool { return other.Path == d.Path }
		if !slices.ContainsFunc(all, known) {
			all = append(all, d)
		}
	}
	return all
}

func (k keep) written() []string {
	var kept []string
	if k.null {
		kept = append(kept, "null")
	}
	if k.empty {
		kept = append(kept, "empty")
	}
	return kept
}

// describe lists the lines of a mapping or body in the order in which they are
// written, which is not the one of the object that they make.
func (m *mapping) describe() []LineDescription {
	lines := []LineDescription{}
	m.root.walk(func(t *target) {
		to := cmp.Or(t.label, wholeBody)
		for i, s := range t.lines {
			lines = append(lines, LineDescription{To: to, SourceDescription: s.describe(), Otherwise: i > 0})
		}
		if t.rest != nil {
			lines = append(lines, t.rest.describe(to))
		}
	})
	slices.SortStableFunc(lines, func(a, b LineDescription) int {
		return cmp.Or(cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
	return lines
}

func (r *rest) describe(to string) LineDescription {
	d := LineDescription{To: to, Rest: &RestDescription{Of: r.from.describe(), Identifier: r.identifier}}
	d.At, d.When, d.Keep = r.at, r.when.written(), r.keep.written()
	for key, reader := range r.taken {
		if reader == "" {
			d.Except = append(d.Except, key)
		}
	}
	slices.Sort(d.Except)
	return d
}

// relate tells lines of the requirements that are about them.
func (d RuleDescription) relate(lines []LineDescription) {
	for i := range lines {
		lines[i].Requires = d.about(lines[i])
	}
}

// about finds the requirements that ask for what a line reads of the event.
func (d RuleDescription) about(line LineDescription) []int {
	var read []string
	for _, p := range slices.Concat(line.From, line.Reads) {
		read = append(read, p.Event...)
	}
	var found []int
	for i, q := range d.Requires {
		asked := slices.ContainsFunc(q.From, func(p PathDescription) bool { return slices.Equal(p.Event, read) })
		if len(read) > 0 && asked {
			found = append(found, i)
		}
	}
	return found
}
