package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An operand is what expressions compute with: a value as it was written, or
// one that the expression made. Nothing of what was written is decoded before
// somebody looks at it. The zero operand is nil.
type operand struct {
	kind    byte // as value.kind gives it; 0 for nil
	written bool // the text is JSON
	isWhole bool // whole is the number; it may have no text
	place   int32
	text    string
	whole   int64
	doc     *document // of a list or object that was written, of which it is a place
	made    *made     // of a list or object that the expression made, or opened
}

// made is a list or an object in its parts. It never changes once it is made.
type made struct {
	written  value     // missing for what the expression made
	elements []operand // of an object what its keys stand for
	keys     []string
	index    map[string]int // where a key stands; nil for a few keys
	set      *elements      // for the operator in; nil where nobody asks for it
}

func written(v value) operand {
	switch kind := v.kind(); kind {
	case 'x', 'n':
		return operand{}
	case '{', '[':
		if v.raw == "[]" || v.raw == "{}" {
			return operand{kind: kind}
		}
		if v.doc == nil {
			v = v.indexed()
		}
		return operand{kind: kind, written: true, text: v.raw, doc: v.doc, place: v.at}
	default:
		return operand{kind: kind, written: true, text: v.raw}
	}
}

func boolean(truth bool) operand {
	if truth {
		return operand{kind: 't'}
	}
	return operand{kind: 'f'}
}

func textOperand(s string) operand { return operand{kind: '"', text: s} }

func numberOperand(digits string) operand { return operand{kind: '0', text: digits} }

func wholeOperand(n int64) operand { return operand{kind: '0', isWhole: true, whole: n} }

// listOperand makes a list. An empty one needs no memory of its own.
func listOperand(all []operand) operand {
	if len(all) == 0 {
		return operand{kind: '['}
	}
	return operand{kind: '[', made: &made{elements: all}}
}

func objectOperand(keys []string, members []operand) operand {
	if len(keys) == 0 {
		return operand{kind: '{'}
	}
	return operand{kind: '{', made: newObject(keys, members)}
}

// few is a number of parts among which looking at each is as fast as a map.
const few = 8

func newObject(keys []string, members []operand) *made {
	m := &made{elements: members, keys: keys}
	if len(keys) > few {
		m.index = make(map[string]int, len(keys))
		for i, key := range keys {
			m.index[key] = i
		}
	}
	return m
}

// content decodes a text.
func (o operand) content() string {
	if o.written {
		return unquote(o.text)
	}
	return o.text
}

// digits gives a number as it was written, or is to be.
func (o operand) digits() string {
	if o.text == "" {
		return strconv.FormatInt(o.whole, 10)
	}
	return o.text
}

// id gives a text, or the digits of a number.
func (o operand) id() (string, bool) {
	switch o.kind {
	case '"':
		return o.content(), true
	case '0':
		return o.digits(), true
	default:
		return "", false
	}
}

// name gives a text.
func (o operand) name() (string, bool) {
	if o.kind != '"' {
		return "", false
	}
	return o.content(), true
}

// scalar gives an id, or the word for a boolean.
func (o operand) scalar() (string, bool) {
	switch o.kind {
	case 't':
		return "true", true
	case 'f':
		return "false", true
	default:
		return o.id()
	}
}

// number gives a number that an element can have; a number with a fraction or an
// exponent is none.
func (o operand) number() (int, bool) {
	if o.kind != '0' || o.text == "-0" {
		return 0, false
	}
	if o.isWhole {
		return int(o.whole), true
	}
	n, err := strconv.Atoi(o.text)
	return n, err == nil
}

// A sequence goes through the elements of a list. What is no list has none.
type sequence struct {
	made    []operand
	doc     *document
	at, end int32
}

func (o operand) sequence() sequence {
	switch {
	case o.kind != '[':
		return sequence{}
	case o.made != nil:
		return sequence{made: o.made.elements}
	case o.doc != nil:
		return sequence{doc: o.doc, at: o.place + 1, end: o.places()[o.place].next}
	default:
		return sequence{}
	}
}

func (s *sequence) next() (operand, bool) {
	if len(s.made) > 0 {
		first := s.made[0]
		s.made = s.made[1:]
		return first, true
	}
	if s.at == s.end {
		return operand{}, false
	}
	at := s.at
	s.at = s.doc.places[at].next
	return written(s.doc.value(at)), true
}

// places gives the index of what was written.
func (o operand) places() []place {
	o.doc.index()
	return o.doc.places
}

// length counts the characters of a text, and the parts of a list or object.
func (o operand) length() int {
	switch {
	case o.kind == '"':
		return utf8.RuneCountInString(o.content())
	case o.made != nil:
		return len(o.made.elements)
	case o.doc != nil:
		o.doc.index()
		return o.doc.parts(o.place)
	default:
		return 0
	}
}

// empty reports whether a list or object has no parts.
func (o operand) empty() bool {
	if o.made != nil {
		return len(o.made.elements) == 0
	}
	return o.doc == nil || o.places()[o.place].next == o.place+1
}

// member gives what a key of an object stands for.
func (o operand) member(key string) (operand, bool) {
	switch {
	case o.kind != '{' || o.made == nil && o.doc == nil:
		return operand{}, false
	case o.made != nil:
		return o.made.member(key)
	}
	o.doc.index()
	at, there := o.doc.member(o.place, key)
	if !there {
		return operand{}, false
	}
	return written(o.doc.value(at)), true
}

func (m *made) member(key string) (operand, bool) {
	at, there := m.index[key]
	if m.index == nil {
		at = slices.Index(m.keys, key)
		there = at >= 0
	}
	if !there {
		return operand{}, false
	}
	return m.elements[at], true
}

// element gives one element of a list, counted from the end where the number is
// negative; nil for one that is not there.
func (o operand) element(number int) operand {
	if o.kind != '[' {
		return operand{}
	}
	if number < 0 {
		number += o.length()
	}
	switch {
	case number < 0:
	case o.made != nil && number < len(o.made.elements):
		return o.made.elements[number]
	case o.doc != nil:
		o.doc.index()
		if at, there := o.doc.element(o.place, number); there {
			return written(o.doc.value(at))
		}
	}
	return operand{}
}

// at reads a member of an object by a text, or an element of a list by a number.
func (o operand) at(key operand) operand {
	if o.kind == '{' && key.kind == '"' {
		member, _ := o.member(key.content())
		return member
	}
	if number, ok := key.number(); ok {
		return o.element(number)
	}
	return operand{}
}

// decoded gives a text that is looked at more than once.
func (o operand) decoded() operand {
	if o.kind == '"' && o.written && strings.IndexByte(o.text, '\\') >= 0 {
		return textOperand(o.content())
	}
	return o
}

// opened gives a list or object in its parts, down to the last one, in one pass.
func (o operand) opened() operand {
	if o.made != nil || o.doc == nil {
		return o.decoded()
	}
	var keys []string
	var elements []operand
	for i := o.place + 1; i < o.places()[o.place].next; i = o.doc.places[i].next {
		if o.kind == '{' {
			keys = append(keys, o.doc.places[i].name(o.doc.text))
		}
		elements = append(elements, written(o.doc.value(i)).opened())
	}
	m := newObject(keys, elements)
	m.written = o.doc.value(o.place)
	return operand{kind: o.kind, made: m}
}

// equal compares as JSON does: numbers by their value, objects without regard to
// order, and nothing across types.
func equal(a, b operand) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case '0':
		return compareOperands(a, b) == 0
	case '"':
		return a.written == b.written && a.text == b.text || a.content() == b.content()
	case '[', '{':
		if a.empty() || b.empty() {
			return a.empty() == b.empty()
		}
		return a.same(b) || equalParts(a.opened(), b.opened())
	default:
		return true
	}
}

// same reports whether two lists or objects were written alike.
func (o operand) same(other operand) bool {
	json := o.json()
	return json != "" && json == other.json()
}

// json gives a list or object as it was written; the empty text for what the
// expression made.
func (o operand) json() string {
	if o.made != nil {
		return o.made.written.raw
	}
	return o.text
}

func equalParts(a, b operand) bool {
	if len(a.made.elements) != len(b.made.elements) {
		return false
	}
	for i, x := range a.made.elements {
		if y, there := b.made.counterpart(a.made, i); !there || !equal(x, y) {
			return false
		}
	}
	return true
}

// counterpart gives what stands where another list or object has its element i.
func (m *made) counterpart(other *made, i int) (operand, bool) {
	if other.keys == nil {
		return m.elements[i], true
	}
	return m.member(other.keys[i])
}

func compareOperands(a, b operand) int {
	if a.isWhole && b.isWhole {
		return cmp.Compare(a.whole, b.whole)
	}
	return compareNumbers(a.digits(), b.digits())
}

// compare orders numbers with numbers and texts with texts.
func compare(a, b operand) (order int, comparable bool) {
	switch {
	case a.kind != b.kind:
		return 0, false
	case a.kind == '0':
		return compareOperands(a, b), true
	case a.kind == '"':
		return strings.Compare(a.content(), b.content()), true
	default:
		return 0, false
	}
}

// has is the operator in: an element of a list, or a key of an object.
func (o operand) has(x operand) bool {
	switch {
	case o.kind == '{' && x.kind == '"':
		_, there := o.member(x.content())
		return there
	case o.kind != '[':
		return false
	case o.made != nil && o.made.set != nil:
		return o.made.set.has(x)
	}
	x = x.decoded()
	s := o.sequence()
	for element, more := s.next(); more; element, more = s.next() {
		if equal(x, element) {
			return true
		}
	}
	return false
}

// value gives an operand as JSON. What came as it was written goes as it was
// written; the keys of objects that the expression made are sorted.
func (o operand) value(m *machine) value {
	switch {
	case o.written:
		return value{o.text, o.doc, o.place}
	case o.made != nil && !o.made.written.missing():
		return o.made.written
	case o.made != nil:
		return m.write(o)
	case o.kind == '[':
		return rawValue("[]")
	case o.kind == '{':
		return rawValue("{}")
	case o.kind == '"':
		return textValue(o.text)
	case o.kind == 0:
		return rawValue("null")
	default:
		word, _ := o.scalar()
		return rawValue(word)
	}
}

// write gives what the expression made as JSON. Its parts may be shared many times
// over, so that a small operand can be a large text.
func (m *machine) write(o operand) value {
	size := o.measure(0)
	if size > maxResult {
		m.fail(errTooLong())
		return value{}
	}
	m.buffer = o.append(slices.Grow(m.buffer[:0], size))
	return m.work.own(m.buffer)
}

// measure gives about how many bytes an operand takes, and stops counting once
// it is too large.
func (o operand) measure(size int) int {
	size += len(o.text) + 8
	switch {
	case o.made == nil || size > maxResult:
		return size
	case !o.made.written.missing():
		return size + len(o.made.written.raw)
	}
	for _, key := range o.made.keys {
		size += len(key) + 4
	}
	for i := 0; i < len(o.made.elements) && size <= maxResult; i++ {
		size = o.made.elements[i].measure(size)
	}
	return size
}

func (o operand) append(dst []byte) []byte {
	switch {
	case o.written:
		return append(dst, o.text...)
	case o.made != nil && !o.made.written.missing():
		return append(dst, o.made.written.raw...)
	case o.made != nil:
		return o.made.append(dst, o.kind)
	case o.kind == '[':
		return append(dst, "[]"...)
	case o.kind == '{':
		return append(dst, "{}"...)
	case o.kind == '"':
		return appendQuoted(dst, o.text)
	case o.kind == 0:
		return append(dst, "null"...)
	default:
		word, _ := o.scalar()
		return append(dst, word...)
	}
}

func (p *made) append(dst []byte, kind byte) []byte {
	dst = append(dst, kind)
	for i, element := range p.elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		if kind == '{' {
			dst = append(appendQuoted(dst, p.keys[i]), ':')
		}
		dst = element.append(dst)
	}
	return append(dst, kind+2) // ] is the second one behind [, and } behind {
}

// typeText names what an expression saw, by type and size: never by content,
// which may be personal.
func (o operand) typeText() string {
	switch o.kind {
	case 0:
		return "nil"
	case '"':
		return fmt.Sprintf("text (%d characters)", o.length())
	case '[':
		return fmt.Sprintf("a list (%d elements)", o.length())
	case '{':
		return fmt.Sprintf("an object (%d members)", o.length())
	case '0':
		return "a number"
	default:
		return "a boolean"
	}
}
