package engine

import (
	"errors"
	"io"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// yaml.v3 says of a syntax error where the block or the bracket around it
// begins, which may be many lines above, and never the column. So the place is
// looked for here, in three steps:
//
//   - The file is read once more, byte by byte: how much of it was asked for
//     until the error came says behind which line the mistake cannot be.
//   - Each line up to there is read by itself, together with what is indented
//     below it. The first one that is no YAML holds the mistake. Where there is
//     none, the line at which reading ended is indented wrongly.
//   - A small lexer walks over that line to find the character and the cause.
//
// A wrong guess costs a worse message, nothing else: whether a file is YAML has
// been decided before.

// A fault is what makes a file no YAML, as far as it can be told.
type fault struct {
	at      span
	summary string // empty where only yaml.v3 knows
	detail  string
}

// mostLooked bounds the lines that are read by themselves.
const mostLooked = 10000

// faultOf looks for the mistake in a text that is no YAML.
func faultOf(src *source) fault {
	until := readUntil(src.text)
	end := src.position(until).Line
	for n := max(1, end-mostLooked); n <= end; {
		last := src.together(n)
		if line := src.refused(n, last); line > 0 {
			return src.faultIn(line)
		}
		n = last + 1
	}
	return src.faultIn(src.begun(until))
}

// A byteReader gives one byte at a time and counts.
type byteReader struct {
	text string
	pos  int
}

// Read implements io.Reader.
func (r *byteReader) Read(into []byte) (int, error) {
	if r.pos == len(r.text) || len(into) == 0 {
		return 0, io.EOF
	}
	into[0] = r.text[r.pos]
	r.pos++
	return 1, nil
}

// readUntil gives the offset of the last byte that YAML had to see to refuse a
// text.
func readUntil(text string) int {
	reader := &byteReader{text: text}
	var document yaml.Node
	_ = yaml.NewDecoder(reader).Decode(&document) // it is known to fail
	return max(reader.pos-1, 0)
}

// begun gives the line of what YAML refused. It looks a few characters ahead:
// the line at which it stopped counts once more than its first one was seen.
func (s *source) begun(until int) int {
	line := s.position(until).Line
	seen := strings.TrimSpace(s.text[s.lines[line-1]:min(until+1, len(s.text))])
	for len(seen) < 2 && line > 1 {
		line--
		seen = s.line(line)[min(content(s.line(line)), len(s.line(line))):]
	}
	return line
}

// content gives where the text of a line begins, behind the dashes of lists;
// the end of the line where there is none.
func content(line string) int {
	at := indentOf(line)
	for strings.HasPrefix(line[at:], "- ") {
		at++
		at += indentOf(line[at:])
	}
	if strings.HasPrefix(line[at:], "#") {
		return len(line)
	}
	return at
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

var (
	// blockOpener ends a line whose value is the block below it.
	blockOpener = regexp.MustCompile(`(:|^ *-)(\s+#.*)?\s*$`)
	// blockEntry begins a line that is an item or a key of a block.
	blockEntry = regexp.MustCompile(`^\s*(-|[^\s'"{[][^:]*:|"[^"]*"\s*:|'[^']*'\s*:)(\s|$)`)
)

// together gives the last of the lines that are one value with a line: none of
// a block that the line only opens, else everything that is indented deeper, and
// closing brackets.
func (s *source) together(n int) int {
	line := s.line(n)
	if blockOpener.MatchString(line) && blockEntry.MatchString(s.line(s.nextText(n))) {
		return n
	}
	depth := content(line)
	if depth == len(line) {
		return n
	}
	if strings.ContainsAny(line[depth:depth+1], `{['"`) {
		depth = indentOf(line) // inside brackets and quotes only the dash counts
	}
	last := n
	for next := s.nextText(n); next <= len(s.lines); next = s.nextText(next) {
		indent := indentOf(s.line(next))
		if closes := strings.IndexByte("}]", s.line(next)[indent]) >= 0; indent <= depth && !closes {
			break
		}
		last = next
	}
	return last
}

// nextText gives the next line that is not blank.
func (s *source) nextText(n int) int {
	for n++; n <= len(s.lines) && strings.TrimSpace(s.line(n)) == ""; n++ {
	}
	return n
}

// refused reads some lines by themselves, and gives the one that is no YAML; 0
// where all is well.
func (s *source) refused(from, to int) int {
	if content(s.line(from)) == len(s.line(from)) || s.reads(from, to) {
		return 0
	}
	if _, trouble := lexLine(s.line(from)); from == to || trouble != nil && !trouble.open {
		return from
	}
	return max(from, s.begun(s.lines[from-1]+readUntil(s.stretch(from, to))))
}

// reads reports whether lines by themselves are YAML that may stand in a block:
// a lone text is a key without its colon, or an item without its dash.
func (s *source) reads(from, to int) bool {
	var document yaml.Node
	err := yaml.NewDecoder(strings.NewReader(s.stretch(from, to))).Decode(&document)
	if err != nil {
		return errors.Is(err, io.EOF)
	}
	return document.Content[0].Kind != yaml.ScalarNode || document.Content[0].Value == ""
}

func (s *source) stretch(from, to int) string {
	if to >= len(s.lines) {
		return s.text[s.lines[from-1]:]
	}
	return s.text[s.lines[from-1]:s.lines[to]]
}

// faultIn says what is wrong with a line.
func (s *source) faultIn(n int) fault {
	line := s.line(n)
	start := s.lines[n-1]
	text, trouble := lexLine(line)
	if trouble == nil {
		return fault{at: span{s, start + text, start + text},
			detail: "Is this line, or the one above it, indented otherwise than its neighbours?"}
	}
	return fault{span{s, start + trouble.from, start + trouble.to}, trouble.summary, trouble.detail}
}

// A trouble is what a lexer finds in a line, as byte offsets into it.
type trouble struct {
	from, to        int
	summary, detail string
	open            bool // a later line may end what begins here
}

// lexLine walks over one line as YAML does, and gives where its text begins.
func lexLine(line string) (int, *trouble) {
	l := &lineLexer{line: line, pos: indentOf(line)}
	text := l.pos
	l.entry()
	for l.found == nil && l.pos < len(line) && !l.comment() {
		l.step()
	}
	if l.found == nil && len(l.open) > 0 {
		l.report(l.open[len(l.open)-1], len(line), "a bracket is not closed", "Close it, or put quotes around the value if it is text.")
		l.found.open = true
	}
	return text, l.found
}

// A lineLexer looks for what is typical: a value that YAML takes for something
// else than its author meant.
type lineLexer struct {
	line  string
	pos   int
	open  []int // where the brackets that are not closed stand
	first bool  // at the beginning of a key or value
	value bool  // behind the colon of a pair
	calls int   // parentheses that are open
	found *trouble
}

func (l *lineLexer) report(from, to int, summary, detail string) {
	l.found = &trouble{from: from, to: to, summary: summary, detail: detail}
}

// entry passes the dashes, and makes sure that there is an item or a key.
func (l *lineLexer) entry() {
	start := l.pos
	l.pos = content(l.line)
	l.first = true
	rest := strings.TrimSpace(l.line[l.pos:])
	switch key, _, colon := strings.Cut(rest, ":"); {
	case l.pos == start && len(rest) > 1 && rest[0] == '-' && !strings.HasPrefix(rest, "---"):
		l.report(start, start+1, "a dash without a space behind it", "Write \"- \" before an item of a list.")
	case l.pos == start && rest != "" && strings.Trim(key, " -{}[]'\",&|") == key && colon && !strings.Contains(rest, ": ") && !strings.HasSuffix(rest, ":"):
		l.report(start+len(key), start+len(key)+1, "a colon without a space behind it", "Write \"key: value\".")
	}
}

func (l *lineLexer) comment() bool {
	return l.line[l.pos] == '#' && (l.pos == 0 || l.line[l.pos-1] == ' ')
}

// step passes one token, or one character of a text without quotes.
func (l *lineLexer) step() {
	c, inside := l.line[l.pos], len(l.open) > 0
	switch {
	case c == ' ' || c == '\t':
		l.pos++
	case l.first && (c == '\'' || c == '"'):
		l.quoted(c)
	case (l.first || inside) && (c == '{' || c == '['):
		l.bracket()
	case inside && (c == '}' || c == ']'):
		l.closing()
	case inside && c == ',':
		l.comma()
	case c == ':' && l.endsKey():
		l.colon()
	case l.first && strings.IndexByte("@`%&*", c) >= 0:
		l.report(l.pos, l.pos+1, "a value cannot begin with "+string(c), "Put quotes around the value.")
	default:
		l.first = false
		l.calls += strings.Count(string(c), "(") - strings.Count(string(c), ")")
		l.pos++
	}
}

// comma ends a value, in an expression without quotes, too.
func (l *lineLexer) comma() {
	if l.calls > 0 {
		l.report(l.pos, l.pos+1, "within braces a comma ends the value", "Put quotes around an expression that holds one.")
		return
	}
	l.pos++
	l.first, l.value = true, false
}

// endsKey reports whether the colon at hand stands behind a key.
func (l *lineLexer) endsKey() bool {
	rest := l.line[l.pos+1:]
	return rest == "" || rest[0] == ' ' || len(l.open) > 0 && strings.IndexByte(",}]", rest[0]) >= 0
}

func (l *lineLexer) colon() {
	if l.value {
		l.report(l.pos, l.pos+1, "a second \": \" in one value", "Put quotes around the value that holds it, or a comma between two keys.")
		return
	}
	l.pos++
	l.first, l.value = true, true
}

// bracket opens one. Within a text it ends the text, where YAML wants a comma.
func (l *lineLexer) bracket() {
	if !l.first {
		l.report(l.pos, l.pos+1, "a bracket within a value", "Put quotes around the value. In paths elements are written with dots: traits.name, list.0.")
		return
	}
	l.open = append(l.open, l.pos)
	l.pos++
	l.value = false
}

func (l *lineLexer) closing() {
	last := len(l.open) - 1
	from := l.open[last]
	l.open = l.open[:last]
	l.pos++
	l.first, l.value = false, true
	l.nothingBehind(from, "to YAML what stands in these brackets is the whole value, and more follows")
}

// quoted passes a text in quotes.
func (l *lineLexer) quoted(quote byte) {
	from := l.pos
	for l.pos++; l.pos < len(l.line) && l.line[l.pos] != quote; l.pos++ {
		if quote == '"' && l.line[l.pos] == '\\' {
			l.pos++
		}
	}
	if l.pos >= len(l.line) {
		l.report(from, len(l.line), "a quote is not closed", "Close it.")
		return
	}
	l.pos++
	if quote == '\'' && strings.HasPrefix(l.line[l.pos:], "'") {
		l.quoted(quote) // two of them stand for one
		return
	}
	l.first = false
	l.nothingBehind(from, "to YAML the quotes end the value, and more follows")
}

// nothingBehind makes sure that what began at from is a value as a whole.
func (l *lineLexer) nothingBehind(from int, summary string) {
	rest := strings.TrimLeft(l.line[l.pos:], " ")
	allowed := "#:"
	if len(l.open) > 0 {
		allowed = "#:,}]"
	}
	if rest != "" && strings.IndexByte(allowed, rest[0]) < 0 {
		l.report(from, len(l.line), summary, "Put quotes around the whole value; within single quotes write ' twice.")
	}
}
