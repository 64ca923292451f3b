package engine

import (
	"fmt"
	"slices"
	"strings"
)

// A sourced is the compiled form of where a value comes from.
type sourced struct {
	at       Position
	label    string // for messages: what it is read from
	reads    []read
	labels   []string
	literal  string // a value: of the rule
	expr     *expression
	as       *conversion
	table    *table
	fallback string // the default, as JSON
	when     *expression
	keep     keep
	except   []string
	required bool
	origins  []origin
	shapes   []*shape // of what it may be read from
}

// A table maps one text to another.
type table struct {
	name    string
	entries map[string]string
	used    bool
}

// value evaluates the source. The finding's warning is set where something was
// there that does not fit; the error where an expression could not be evaluated.
func (s *sourced) value(slots []value) (finding, error) {
	applies, err := s.when.holds(slots)
	if err != nil {
		return finding{}, err
	}
	if !applies {
		return finding{skipped: s.when.text}, nil
	}
	return s.found(slots)
}

// found gives the first present value that fits, else the default.
func (s *sourced) found(slots []value) (finding, error) {
	f, err := s.first(slots)
	if err == nil && f.value.missing() && s.fallback != "" {
		f.value, f.index = rawValue(s.fallback), -1
	}
	return f, err
}

func (s *sourced) first(slots []value) (finding, error) {
	if s.literal != "" {
		return finding{value: rawValue(s.literal)}, nil
	}
	if s.expr != nil {
		v, err := s.expr.evalValue(slots)
		if err != nil {
			return finding{}, err
		}
		fitted, warning := s.fit(v, "the value of "+s.label)
		return finding{value: fitted, warning: warning}, nil
	}
	var f finding
	for i, r := range s.reads {
		v, problem := s.fit(r.from(slots), s.labels[i])
		if !v.missing() {
			return finding{value: v, index: i}, nil
		}
		if f.warning == "" {
			f.warning = problem
		}
	}
	return f, nil
}

// fit applies presence, as, table and except.
func (s *sourced) fit(v value, label string) (value, string) {
	if !v.present(s.keep) {
		return value{}, ""
	}
	if s.as != nil {
		converted, fits := s.as.convert(v)
		if !fits {
			return value{}, fmt.Sprintf("%s is %s and was left out: %s is needed", label, v.kindText(), s.as.wants)
		}
		v = converted
	}
	if s.table != nil {
		entry, known := s.table.entries[v.text()]
		if !known {
			return value{}, fmt.Sprintf("%s is %q and was left out: the table %s does not have it", label, shorten(v.text()), s.table.name)
		}
		v = textValue(entry)
	}
	if v = s.leaveOut(v); !v.present(s.keep) {
		return value{}, ""
	}
	return v, ""
}

// leaveOut copies an object without the members that the line excepts.
func (s *sourced) leaveOut(v value) value {
	if len(s.except) == 0 || v.kind() != '{' {
		return v
	}
	f := &filling{buf: []byte{'{'}, texts: &texts{}}
	f.members(v, s.except)
	f.buf = append(f.buf, '}')
	return f.document()
}

// A mapping is a compiled list of lines: a tree of the targets, in the order
// in which they first occur, and the lines that fill each.
type mapping struct {
	root *target
}

// A target is one place in the object that a mapping makes.
type target struct {
	key      string // as JSON, with quotes; empty for the root and elements
	name     string // unquoted
	label    string // as the rule writes it
	array    bool
	children []*target
	lines    []*sourced
	rest     *rest
}

// A rest is the line that takes what no other line reads.
type rest struct {
	at         Position
	label      string // of the object
	from       read
	when       *expression
	taken      map[string]string // keys that other lines read, and the target of one; empty for those that except names
	identifier bool
	keep       keep
}

// A filling is one evaluation of a mapping.
type filling struct {
	slots    []value
	texts    *texts
	buf      []byte
	entries  []entry // of the rest line at hand
	renamed  []renamedKey
	warnings []note
	missing  []*sourced // required lines without a value
	notes    *notes     // nil where nobody wants to know
	coverage *Coverage  // nil where nobody wants to know
	err      error
}

// A note is a warning with its place.
type note struct {
	text string
	at   Position
}

// begin empties a filling for the next mapping.
func (f *filling) begin(slots []value, texts *texts) {
	*f = filling{slots: slots, texts: texts, buf: f.buf[:0], entries: f.entries[:0], warnings: f.warnings[:0], missing: f.missing[:0]}
}

// fill evaluates all lines and gives the object.
func (m *mapping) fill(f *filling) value {
	if !m.root.write(f, false) {
		f.buf = append(f.buf, "{}"...)
	}
	return f.document()
}

// document gives what was written.
func (f *filling) document() value {
	d := &document{text: f.texts.keep(f.buf), renamed: f.renamed}
	return value{raw: d.text, doc: d}
}

// copy appends a value, with the names that its keys had before.
func (f *filling) copy(v value) {
	if v.doc != nil && len(v.doc.renamed) > 0 {
		v.doc.index()
		f.renames(v.doc, v.doc.nodes[v.at].start, v.doc.nodes[v.at].end)
	}
	f.buf = append(f.buf, v.raw...)
}

// renames carries the former names of keys along when a part of a document is
// copied to here.
func (f *filling) renames(d *document, from, to int32) {
	first, _ := slices.BinarySearchFunc(d.renamed, int(from), func(r renamedKey, at int) int { return r.at - at })
	for _, r := range d.renamed[first:] {
		if r.at >= int(to) {
			return
		}
		f.renamed = append(f.renamed, renamedKey{r.at - int(from) + len(f.buf), r.name})
	}
}

// members appends the members of an object without those that are excepted. It
// reports whether there was any.
func (f *filling) members(v value, except []string) (some bool) {
	v = v.indexed()
	d := v.doc
	for i := v.at + 1; i < d.nodes[v.at].next; i = d.nodes[i].next {
		n := &d.nodes[i]
		if len(except) > 0 && slices.Contains(except, n.name(d.text)) {
			continue
		}
		if some {
			f.buf = append(f.buf, ',')
		}
		some = true
		f.renames(d, n.key-1, n.end)
		f.buf = append(append(f.buf, d.text[n.key-1:n.keyEnd+1]...), ':')
		f.buf = append(f.buf, d.text[n.start:n.end]...)
	}
	return some
}

// write appends the target with everything below it, and reports whether there
// was anything. comma says that another member stands before it.
func (t *target) write(f *filling, comma bool) bool {
	mark := len(f.buf)
	if comma {
		f.buf = append(f.buf, ',')
	}
	if t.key != "" {
		f.buf = append(append(f.buf, t.key...), ':')
	}
	if t.writeValue(f) {
		return true
	}
	f.buf = f.buf[:mark]
	return false
}

func (t *target) writeValue(f *filling) bool {
	v := t.lineValue(f)
	if len(t.children) == 0 && t.rest == nil {
		f.copy(v)
		return !v.missing()
	}
	brackets := "{}"
	if t.array {
		brackets = "[]"
	}
	f.buf = append(f.buf, brackets[0])
	some := f.inner(v)
	for _, child := range t.children {
		some = child.write(f, some) || some
	}
	if t.rest != nil {
		some = t.writeRest(f, some) || some
	}
	f.buf = append(f.buf, brackets[1])
	return some || v.kind() == '{' // empty, and kept
}

// inner appends the members of an object that a line copied without the ones
// that have lines of their own. What is no object gives way to those lines.
func (f *filling) inner(v value) bool {
	return v.kind() == '{' && f.members(v, nil)
}

// lineValue gives what the first line with a value yields.
func (t *target) lineValue(f *filling) value {
	var required *sourced
	var warnings []note
	for i, line := range t.lines {
		found, err := line.value(f.slots)
		if err != nil && f.err == nil {
			f.err = err
		}
		f.tell(t, line, found)
		f.coverage.value(line, &found)
		if found.warning != "" {
			warnings = append(warnings, note{found.warning, line.at})
		}
		if !found.value.missing() {
			if found.index < 0 {
				f.warnings = append(f.warnings, warnings...)
			}
			f.passedOver(t, t.lines[i+1:])
			return found.value
		}
		if line.required && found.skipped == "" && required == nil {
			required = line
		}
	}
	f.warnings = append(f.warnings, warnings...)
	if required != nil {
		f.missing = append(f.missing, required)
	}
	return value{}
}

// An entry is one member that a rest line takes.
type entry struct {
	key, name string
	raw       string
}

func (t *target) writeRest(f *filling, comma bool) bool {
	applies, err := t.rest.when.holds(f.slots)
	if err != nil && f.err == nil {
		f.err = err
	}
	f.coverage.when(t.rest.when, applies)
	if err != nil || !applies {
		f.loseAll(t.rest)
		return false
	}
	entries := t.restEntries(f)
	f.coverage.rest(t.rest, len(entries) > 0)
	for _, e := range entries {
		f.took(t, e)
		if comma {
			f.buf = append(f.buf, ',')
		}
		if e.key != e.name {
			f.renamed = append(f.renamed, renamedKey{len(f.buf) + 1, e.name})
		}
		f.buf = append(appendQuoted(f.buf, e.key), ':')
		f.buf = append(f.buf, e.raw...)
		comma = true
	}
	return comma
}

// restEntries collects the scalar members nobody else reads, under the keys
// they are sent with. Of several that fall on one key the exact one wins, else
// the first.
func (t *target) restEntries(f *filling) []entry {
	var entries []entry
	index := map[string]int{}
	for _, child := range t.children {
		index[t.rest.compared(child.name)] = -1
	}
	t.rest.from.from(f.slots).members(func(name string, member value) {
		if _, taken := t.rest.taken[name]; taken || !member.scalar() || !member.present(t.rest.keep) {
			return
		}
		e := entry{key: t.rest.key(name), name: name, raw: member.raw}
		at, collides := index[t.rest.compared(e.key)]
		switch {
		case !collides:
			index[t.rest.compared(e.key)] = len(entries)
			entries = append(entries, e)
		case at >= 0 && e.key == e.name && entries[at].key != entries[at].name:
			f.collision(t.rest, entries[at], e)
			entries[at] = e
		case at >= 0:
			f.collision(t.rest, e, entries[at])
		default:
			f.collision(t.rest, e, entry{key: e.key})
			f.loseToLine(t, e)
		}
	})
	return entries
}

func (f *filling) collision(r *rest, lost, kept entry) {
	by := "a line of the mapping"
	if kept.name != "" || kept.raw != "" {
		by = quote(shorten(kept.name))
	}
	why := fmt.Sprintf("%s has the same key %s", by, quote(shorten(kept.key)))
	f.lose(r, lost.name, why)
	text := fmt.Sprintf("%s was left out: %s", quote(shorten(lost.name)), why)
	f.warnings = append(f.warnings, note{text, r.at})
}

func (r *rest) key(name string) string {
	if r.identifier {
		return identifier(name)
	}
	return name
}

// compared gives the form in which two keys are told apart.
func (r *rest) compared(key string) string {
	if r.identifier {
		return fold(key)
	}
	return key
}

// identifier writes a key with ASCII letters, digits and underscores only, one
// underscore for each other rune. A key of digits only, or of nothing, gets an
// underscore before it.
func identifier(key string) string {
	onlyDigits := true
	mapped := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			onlyDigits = false
			return r
		default:
			onlyDigits = false
			return '_'
		}
	}, key)
	if onlyDigits {
		return "_" + mapped
	}
	return mapped
}
