package engine

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// A Position is a place in a rule file. The zero value means that no place is
// known.
type Position struct {
	// File is the path of the file below the file system given to [Load].
	File string `json:"file"`
	// Line and Column count from 1; columns count runes.
	Line   int `json:"line"`
	Column int `json:"column"`
}

// String gives the position as file:line:column, the form that editors follow.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// A source is one file as it was read. Inside the package places are byte
// offsets into it; they become a Position only where they leave.
type source struct {
	name  string
	text  string
	lines []int // offset of the first byte of each line
}

func newSource(name, text string) *source {
	s := &source{name: name, text: text, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// position translates an offset.
func (s *source) position(offset int) Position {
	offset = min(max(offset, 0), len(s.text))
	line := sort.SearchInts(s.lines, offset+1) - 1
	column := utf8.RuneCountInString(s.text[s.lines[line]:offset]) + 1
	return Position{File: s.name, Line: line + 1, Column: column}
}

// line gives the text of a line, which counts from 1, without its end.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	end := len(s.text)
	if n < len(s.lines) {
		end = s.lines[n] - 1
	}
	return strings.TrimSuffix(s.text[s.lines[n-1]:end], "\r")
}

// offset translates what yaml.v3 says of a node: a line and a column in runes,
// both from 1.
func (s *source) offset(line, column int) int {
	if line < 1 || line > len(s.lines) {
		return 0
	}
	at := s.lines[line-1]
	for ; column > 1 && at < len(s.text); column-- {
		_, size := utf8.DecodeRuneInString(s.text[at:])
		at += size
	}
	return at
}

// A span is a stretch of a source, as byte offsets.
type span struct {
	src        *source
	start, end int
}

func (s span) position() Position {
	if s.src == nil {
		return Position{}
	}
	return s.src.position(s.start)
}

// A text is a scalar that has not lost its place.
type text struct {
	value string
	at    span
	style yaml.Style
}

func (t text) given() bool { return t.at.src != nil }

// part gives the place of value[from:to] in the file, whatever the quoting,
// escaping or folding of the scalar is.
func (t text) part(from, to int) span {
	if !t.given() {
		return t.at
	}
	a := newAligner(t)
	start, ok := a.seek(from)
	if !ok {
		return t.at
	}
	end, ok := a.seek(to)
	if !ok || end < start {
		end = start + 1
	}
	return span{t.at.src, start, end}
}

// An aligner walks a scalar's source and its decoded value side by side.
type aligner struct {
	src, value string
	style      yaml.Style
	pos, read  int // offset in src, and in value
	indent     int // of a block scalar
}

func newAligner(t text) *aligner {
	a := &aligner{src: t.at.src.text, value: t.value, style: t.style, pos: t.at.start}
	switch {
	case t.style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		a.pos++
	case a.block():
		a.enterBlock()
	}
	return a
}

func (a *aligner) block() bool {
	return a.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// enterBlock moves from the indicator to the first character of the text. A
// text that begins with spaces of its own keeps them.
func (a *aligner) enterBlock() {
	a.pos = a.nextLine(a.pos)
	for a.pos < len(a.src) && a.src[a.pos] == '\n' && strings.HasPrefix(a.value[a.read:], "\n") {
		a.pos++
		a.read++
	}
	spaces := len(a.src[a.pos:]) - len(strings.TrimLeft(a.src[a.pos:], " "))
	own := len(a.value[a.read:]) - len(strings.TrimLeft(a.value[a.read:], " "))
	a.indent = max(spaces-own, 0)
	a.pos += a.indent
}

func (a *aligner) nextLine(from int) int {
	if i := strings.IndexByte(a.src[from:], '\n'); i >= 0 {
		return from + i + 1
	}
	return len(a.src)
}

// seek advances to an offset of the value and gives the offset in the source;
// false where the two do not match, which no scalar that YAML read can cause.
func (a *aligner) seek(target int) (int, bool) {
	for a.read < target {
		if a.read >= len(a.value) || a.pos >= len(a.src) || !a.step() {
			return 0, false
		}
	}
	return a.pos, true
}

// step moves over one character of the value.
func (a *aligner) step() bool {
	rest := a.src[a.pos:]
	switch {
	case a.style&yaml.DoubleQuotedStyle != 0 && rest[0] == '\\':
		return a.escape(rest)
	case a.style&yaml.SingleQuotedStyle != 0 && strings.HasPrefix(rest, "''"):
		a.pos += 2
		a.read++
		return true
	case a.atLineEnd(rest):
		a.lineBreak()
		return true
	}
	_, size := utf8.DecodeRuneInString(rest)
	if !strings.HasPrefix(a.value[a.read:], rest[:size]) {
		return false
	}
	a.pos += size
	a.read += size
	return true
}

// atLineEnd reports whether the source is at a line break, or at blanks before
// one that folding drops.
func (a *aligner) atLineEnd(rest string) bool {
	if a.style&yaml.LiteralStyle != 0 {
		return rest[0] == '\n' || strings.HasPrefix(rest, "\r\n")
	}
	blank := strings.TrimLeft(rest, " \t\r")
	return strings.HasPrefix(blank, "\n")
}

func (a *aligner) lineBreak() {
	a.pos = a.nextLine(a.pos)
	if a.block() {
		a.blockBreak()
		return
	}
	a.pos += len(a.src[a.pos:]) - len(strings.TrimLeft(a.src[a.pos:], " \t\r\n"))
	a.skipFolded()
}

// blockBreak takes the indentation of the next line that has text.
func (a *aligner) blockBreak() {
	if a.style&yaml.LiteralStyle != 0 {
		a.read++
	} else {
		a.skipFolded()
		for strings.HasPrefix(a.src[a.pos:], "\n") {
			a.pos++
		}
	}
	for n := 0; n < a.indent && strings.HasPrefix(a.src[a.pos:], " "); n++ {
		a.pos++
	}
}

// skipFolded passes what a run of line breaks became: a space, or one line
// break less.
func (a *aligner) skipFolded() {
	if strings.HasPrefix(a.value[a.read:], " ") {
		a.read++
		return
	}
	for strings.HasPrefix(a.value[a.read:], "\n") {
		a.read++
	}
}

// escape passes one escape of a double-quoted scalar.
func (a *aligner) escape(rest string) bool {
	if strings.HasPrefix(rest, "\\\n") {
		a.pos += 2
		a.pos += len(a.src[a.pos:]) - len(strings.TrimLeft(a.src[a.pos:], " \t"))
		return true
	}
	size := 2
	if len(rest) > 1 {
		switch rest[1] {
		case 'x':
			size = 4
		case 'u':
			size = 6
		case 'U':
			size = 10
		}
	}
	_, width := utf8.DecodeRuneInString(a.value[a.read:])
	a.pos += size
	a.read += width
	return true
}
