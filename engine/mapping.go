package engine

import (
	"fmt"
	"slices"
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
	entries map[string]value
	used    bool
}

// value evaluates the source. The finding's warning is set where something was
// there that does not fit; the error where an expression could not be evaluated.
func (s *sourced) value(w *workspace, slots []value) (f finding, err error) {
	if s.when != nil {
		applies, err := s.when.holds(w, slots)
		if f.skipped = !applies; f.skipped || err != nil {
			return f, err
		}
	}
	switch {
	case s.literal != "":
		f.value.raw = s.literal
	case s.expr != nil:
		err = s.compute(w, slots, &f)
	default:
		s.read(w, slots, &f)
	}
	if f.value.raw == "" && s.fallback != "" && err == nil {
		f.value, f.index = rawValue(s.fallback), -1
	}
	return f, err
}

func (s *sourced) compute(w *workspace, slots []value, f *finding) error {
	v, err := s.expr.evalValue(w, slots)
	if err == nil {
		f.value, f.warning = s.fit(w, v, s.label)
	}
	return err
}

// read gives the first value that is there and fits.
func (s *sourced) read(w *workspace, slots []value, f *finding) {
	for i := range s.reads {
		v := s.reads[i].from(slots)
		if v.raw == "" {
			continue
		}
		v, warning := s.fit(w, v, s.labels[i])
		if v.raw != "" {
			f.value, f.index, f.warning = v, i, ""
			return
		}
		if f.warning == "" {
			f.warning = warning
		}
	}
}

// fit applies presence, as, table and except.
func (s *sourced) fit(w *workspace, v value, label string) (value, string) {
	if !v.present(s.keep) {
		return value{}, ""
	}
	if s.as != nil {
		converted, fits := s.as.convert(w, v)
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
		v = entry
	}
	if len(s.except) > 0 && v.kind() == '{' && !s.keep.empty && !s.leavesSome(v) {
		return value{}, ""
	}
	return v, ""
}

// leavesSome reports whether an object has a member that the line does not
// except.
func (s *sourced) leavesSome(v value) bool {
	some := false
	v.members(func(key string, _ value) { some = some || !slices.Contains(s.except, key) })
	return some
}

// leaveOut copies an object without the members that the line excepts.
func (s *sourced) leaveOut(v value) value {
	if len(s.except) == 0 || v.kind() != '{' {
		return v
	}
	f := &filling{work: &workspace{}}
	f.buf = append(f.buf, '{')
	f.members(v, s.except)
	f.buf = append(f.buf, '}')
	return f.document()
}

// A mapping is a compiled list of lines: a tree of the targets, in the order
// in which they first occur, and the lines that fill each.
type mapping struct {
	root    *target
	indexed bool // it is read from, and not only sent
}

// A target is one place in the object that a mapping makes.
type target struct {
	key      string // as JSON, with quotes; empty for the root and elements
	escaped  bool   // the key has escapes
	mark     mark   // of the key
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
	takenMarks marks
	lines      marks // of the keys that have lines of their own
	identifier bool
	keep       keep
}

// A filling is one evaluation of a mapping.
type filling struct {
	work     *workspace
	slots    []value
	buf      []byte
	renamed  []renamedKey
	places   []place        // of the values that were written
	indexing bool           // they are noted
	entries  []entry        // of the rest line at hand
	index    map[string]int // of the entries, once they are many
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
func (f *filling) begin(slots []value, w *workspace) {
	*f = filling{slots: slots, work: w, buf: f.buf[:0], renamed: f.renamed[:0], places: f.places[:0], entries: f.entries[:0], warnings: f.warnings[:0], missing: f.missing[:0]}
}

// fill evaluates all lines and gives the object.
func (m *mapping) fill(f *filling) value {
	f.indexing = m.indexed
	if !m.root.write(f, false) {
		f.buf, f.indexing = append(f.buf, "{}"...), false
	}
	return f.document()
}

// document gives what was written.
func (f *filling) document() value {
	v := f.work.own(f.buf)
	v.doc.renamed = append(v.doc.renamed, f.renamed...)
	if f.indexing {
		v.doc.places = append(v.doc.places, f.places...)
	}
	return v
}

// begins notes where a value is about to begin, behind a key or not.
func (f *filling) begins(key, keyEnd int, escaped bool, m mark) {
	if f.indexing {
		f.places = append(f.places, place{key: int32(key), keyEnd: int32(keyEnd), start: int32(len(f.buf)), escaped: escaped, mark: m})
	}
}

// ends notes that the value of a place ends here, with all that was noted since.
func (f *filling) ends(at int) {
	if f.indexing {
		f.places[at].end, f.places[at].next = int32(len(f.buf)), int32(len(f.places))
	}
}

// within notes the places inside a value that is about to be copied to a place.
// A list or object of which they are not known ends the noting: whoever looks
// into the text has to read it.
func (f *filling) within(v value, to int) {
	switch {
	case !f.indexing || v.kind() != '{' && v.kind() != '[':
	case v.doc == nil || len(v.doc.places) == 0:
		f.indexing = false
	default:
		from := &v.doc.places[v.at]
		f.shifted(v.doc.places[v.at+1:from.next], int32(to)-from.start, int32(len(f.places))-v.at-1)
	}
}

// shifted appends places that lie elsewhere now, in the text and in the index.
func (f *filling) shifted(places []place, by, next int32) {
	for _, p := range places {
		p.start, p.end, p.key, p.keyEnd, p.next = p.start+by, p.end+by, p.key+by, p.keyEnd+by, p.next+next
		f.places = append(f.places, p)
	}
}

// copy appends a value, with the names that its keys had before.
func (f *filling) copy(v value) {
	if v.doc != nil && len(v.doc.renamed) > 0 {
		v.doc.index()
		f.renames(v.doc, v.doc.places[v.at].start, v.doc.places[v.at].end)
	}
	f.within(v, len(f.buf))
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
	for i := v.at + 1; i < d.places[v.at].next; i = d.places[i].next {
		n := &d.places[i]
		if len(except) > 0 && slices.Contains(except, n.name(d.text)) {
			continue
		}
		if some {
			f.buf = append(f.buf, ',')
		}
		some = true
		f.renames(d, n.key-1, n.end)
		if f.indexing {
			f.shifted(d.places[i:n.next], int32(len(f.buf))-n.key+1, int32(len(f.places))-i)
		}
		f.buf = append(f.buf, d.text[n.key-1:n.end]...)
	}
	return some
}

// write appends the target with everything below it, and reports whether there
// was anything. comma says that another member stands before it.
func (t *target) write(f *filling, comma bool) bool {
	from, at := len(f.buf), len(f.places)
	if comma {
		f.buf = append(f.buf, ',')
	}
	key := len(f.buf) + 1
	if t.key != "" {
		f.buf = append(append(f.buf, t.key...), ':')
	}
	f.begins(key, key+len(t.key)-2, t.escaped, t.mark)
	if t.writeValue(f) {
		f.ends(at)
		return true
	}
	f.buf, f.places = f.buf[:from], f.places[:at]
	return false
}

func (t *target) writeValue(f *filling) bool {
	v, line := t.lineValue(f)
	if len(t.children) == 0 && t.rest == nil {
		f.copyOf(line, v)
		return !v.missing()
	}
	brackets := "{}"
	if t.array {
		brackets = "[]"
	}
	f.buf = append(f.buf, brackets[0])
	some := f.inner(line, v)
	for _, child := range t.children {
		some = child.write(f, some) || some
	}
	if t.rest != nil {
		some = t.writeRest(f, some) || some
	}
	f.buf = append(f.buf, brackets[1])
	return some || v.kind() == '{' // empty, and kept
}

// copyOf appends what a line gives, without what it excepts.
func (f *filling) copyOf(line *sourced, v value) {
	if v.kind() != '{' || len(line.except) == 0 {
		f.copy(v)
		return
	}
	f.buf = append(f.buf, '{')
	f.members(v, line.except)
	f.buf = append(f.buf, '}')
}

// inner appends the members of an object that a line copied without the ones
// that have lines of their own. What is no object gives way to those lines.
func (f *filling) inner(line *sourced, v value) bool {
	return v.kind() == '{' && f.members(v, line.except)
}

// lineValue gives what the first line with a value yields, and that line.
func (t *target) lineValue(f *filling) (value, *sourced) {
	var required *sourced
	var warnings []note
	for i, line := range t.lines {
		found, err := line.value(f.work, f.slots)
		if err != nil && f.err == nil {
			f.err = err
		}
		if f.notes != nil {
			f.tell(t, line, found)
		}
		if f.coverage != nil {
			f.coverage.value(line, &found)
		}
		if found.warning != "" {
			warnings = append(warnings, note{found.warning, line.at})
		}
		if !found.value.missing() {
			if found.index < 0 {
				f.warnings = append(f.warnings, warnings...)
			}
			f.passedOver(t, t.lines[i+1:])
			return found.value, line
		}
		if line.required && !found.skipped && required == nil {
			required = line
		}
	}
	f.warnings = append(f.warnings, warnings...)
	if required != nil {
		f.missing = append(f.missing, required)
	}
	return value{}, nil
}

// An entry is one member that a rest line takes.
type entry struct {
	key, name string
	former    string // the key that the member had in the event
	raw       string
}

func (t *target) writeRest(f *filling, comma bool) bool {
	applies, err := t.rest.when.holds(f.work, f.slots)
	if err != nil && f.err == nil {
		f.err = err
	}
	f.coverage.when(t.rest.when, applies)
	if err != nil || !applies {
		f.loseAll(t.rest)
		return false
	}
	t.restEntries(f)
	f.coverage.rest(t.rest, len(f.entries) > 0)
	for i := range f.entries {
		e := &f.entries[i]
		if f.notes != nil {
			f.took(t, e)
		}
		if comma {
			f.buf = append(f.buf, ',')
		}
		if e.key != e.former {
			f.renamed = append(f.renamed, renamedKey{len(f.buf) + 1, e.former})
		}
		key, at := len(f.buf)+1, len(f.places)
		f.buf = append(appendQuoted(f.buf, e.key), ':')
		f.begins(key, len(f.buf)-2, len(f.buf)-key-2 != len(e.key), markOf(e.key))
		f.buf = append(f.buf, e.raw...)
		f.ends(at)
		comma = true
	}
	return comma
}

// restEntries collects the scalar members nobody else reads, under the keys
// they are sent with. Of several that fall on one key the exact one wins, else
// the first.
func (t *target) restEntries(f *filling) {
	f.entries, f.index = f.entries[:0], nil
	seen := t.rest.lines
	t.rest.from.from(f.slots).members(func(name string, member value) {
		if t.rest.takes(name) || !member.scalar() || !member.present(t.rest.keep) {
			return
		}
		e := entry{key: t.rest.key(f.work, name), name: name, former: member.name(name), raw: member.raw}
		m, unknown := t.rest.mark(e.key)
		if unknown || seen.has(m) {
			t.addOnce(f, e)
		} else {
			f.add(t.rest, e)
		}
		seen.add(m)
	})
}

// addOnce adds an entry whose key may be that of another.
func (t *target) addOnce(f *filling, e entry) {
	if t.hasLine(e.key) {
		f.collision(t.rest, e, entry{key: e.key})
		f.loseToLine(t, e)
		return
	}
	at, collides := f.entryLike(t.rest, e)
	switch {
	case !collides:
		f.add(t.rest, e)
	case e.key == e.name && f.entries[at].key != f.entries[at].name:
		f.collision(t.rest, f.entries[at], e)
		f.entries[at] = e
	default:
		f.collision(t.rest, e, f.entries[at])
	}
}

// hasLine reports whether the target has a line for a key.
func (t *target) hasLine(key string) bool {
	return slices.ContainsFunc(t.children, func(child *target) bool { return t.rest.same(child.name, key) })
}

// add takes an entry whose key no other has.
func (f *filling) add(r *rest, e entry) {
	f.entries = append(f.entries, e)
	switch {
	case f.index != nil:
		f.index[r.compared(e.key)] = len(f.entries) - 1
	case len(f.entries) == manyKeys:
		f.index = make(map[string]int, 4*manyKeys)
		for i, e := range f.entries {
			f.index[r.compared(e.key)] = i
		}
	}
}

// entryLike finds the entry that has the same key.
func (f *filling) entryLike(r *rest, e entry) (at int, there bool) {
	if f.index != nil {
		at, there = f.index[r.compared(e.key)]
		return at, there
	}
	at = slices.IndexFunc(f.entries, func(other entry) bool { return r.same(other.key, e.key) })
	return at, at >= 0
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

// take notes that a line reads a member, so that no rest is left of it.
func (r *rest) take(key, target string) {
	r.taken[key] = target
	r.takenMarks.add(markOf(key))
}

// takes reports whether a member is left to others.
func (r *rest) takes(key string) bool {
	if !r.takenMarks.has(markOf(key)) {
		return false
	}
	_, taken := r.taken[key]
	return taken
}

func (r *rest) key(w *workspace, name string) string {
	if r.identifier {
		return identifier(w, name)
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

func (r *rest) same(a, b string) bool {
	if r.identifier {
		return sameFold(a, b)
	}
	return a == b
}

// mark is markOf for keys in the form in which they are told apart; unknown reports
// that there is none.
func (r *rest) mark(key string) (m mark, unknown bool) {
	if r.identifier {
		return foldedMark(key)
	}
	return markOf(key), false
}

// identifier writes a key with ASCII letters, digits and underscores only, one
// underscore for each other rune. A key of digits only, or of nothing, gets an
// underscore before it.
func identifier(w *workspace, key string) string {
	onlyDigits := true
	for i := range len(key) {
		c := key[i]
		if !isDigit(c) {
			onlyDigits = false
		}
		if !isDigit(c) && c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') {
			return rewritten(w, key)
		}
	}
	if onlyDigits {
		return "_" + key
	}
	return key
}

// rewritten is identifier for a key that is none.
func rewritten(w *workspace, key string) string {
	w.buf = w.buf[:0]
	for _, r := range key {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			w.buf = append(w.buf, byte(r))
		} else {
			w.buf = append(w.buf, '_')
		}
	}
	return w.texts.keep(w.buf)
}
