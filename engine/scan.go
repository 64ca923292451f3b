package engine

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits bound what one event, and what comes back for it, may cost. The zero
// value of a field stands for its default.
type Limits struct {
	// EventBytes is the size of an event; 0 means 512 KiB, and more than 1 GiB
	// means 1 GiB.
	EventBytes int
	// Depth is how deep an event or a reply may be nested; 0 means 128, and
	// more than 1000 means 1000.
	Depth int
	// Keys is how many members one object of an event may have; 0 means 1000.
	Keys int
	// ReplyBytes is the size of one reply; 0 means 8 MiB, and more than 1 GiB
	// means 1 GiB.
	ReplyBytes int
	// Requests is how many requests one event may cause; 0 means 1000.
	Requests int
}

// mostBytes bounds what is read at once, so that a place in it fits 32 bits.
const mostBytes = 1 << 30

// WithDefaults gives the limits with everything that is not positive replaced
// by its default.
func (l Limits) WithDefaults() Limits {
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&l.EventBytes, 512<<10)
	l.EventBytes = min(l.EventBytes, mostBytes)
	set(&l.Depth, 128)
	l.Depth = min(l.Depth, 1000)
	set(&l.Keys, 1000)
	set(&l.ReplyBytes, 8<<20)
	l.ReplyBytes = min(l.ReplyBytes, mostBytes)
	set(&l.Requests, 1000)
	return l
}

// A scanner reads JSON once, from the first byte to the last, and makes sure
// that everything after it may trust what it sees: the grammar of RFC 8259,
// UTF-8, no nesting that would exhaust a stack, no object with one key twice.
// gjson takes the first of two equal keys where most receivers take the last,
// so such an object would mean different things to a rule and to its reader;
// and gjson.Valid calls itself for each level. This scanner does not recurse.
// On its way it notes where each value stands, so that nothing is read twice.
type scanner struct {
	data   string
	pos    int
	depth  int
	keys   int // per object; 0 for no limit, ownText for no check
	levels []level
	places []place
	at     int32 // the place of the value that is due
	// surrogates is set once an escape such as \ud83d was seen, which needs its
	// other half.
	surrogates bool
}

// A level is an open object or array.
type level struct {
	object bool
	node   int32
	marks  marks               // of its keys
	seen   map[string]struct{} // its keys, once they are many
	count  int
}

// manyKeys is where looking through a list costs more than a map.
const manyKeys = 24

// ownText in place of a limit of keys is for what the engine wrote itself.
const ownText = -1

// scanJSON checks one JSON value. A keys of 0 sets no limit to them.
func scanJSON(data string, depth, keys int) error {
	var s scanner
	return s.scan(&document{}, data, depth, keys)
}

// scan checks one JSON value and makes it the document.
func (s *scanner) scan(into *document, data string, depth, keys int) error {
	s.data, s.pos, s.depth, s.keys, s.surrogates = data, 0, depth, keys, false
	s.levels, s.places = s.levels[:0], into.places[:0]
	s.element()
	into.text, into.places = "", nil
	err := s.document()
	if err == nil {
		into.text, into.places = data, s.places
	}
	return err
}

func (s *scanner) document() error {
	if err := s.values(); err != nil {
		return err
	}
	s.space()
	if s.pos < len(s.data) {
		return s.errorf("text after the end of the value")
	}
	return nil
}

// values reads one value with everything inside it. It is one loop so that
// depth costs memory and not stack.
func (s *scanner) values() error {
	for {
		s.space()
		opened, err := s.value()
		if err != nil {
			return err
		}
		for !opened {
			if len(s.levels) == 0 {
				return nil
			}
			closed, err := s.next()
			if err != nil {
				return err
			}
			if !closed {
				break
			}
		}
	}
}

// value reads a scalar, or the opening of an object or array. It reports
// whether something is open now that expects a value.
func (s *scanner) value() (opened bool, err error) {
	start := int32(s.pos)
	switch c := s.peek(); {
	case c == '"':
		_, err = s.text()
	case c == '{' || c == '[':
		return s.open(c)
	case c == '-' || c >= '0' && c <= '9':
		err = s.number()
	case c == 't':
		err = s.word("true")
	case c == 'f':
		err = s.word("false")
	case c == 'n':
		err = s.word("null")
	case s.pos >= len(s.data):
		err = s.errorf("the value ends too early")
	default:
		err = s.errorf("%s", s.strange())
	}
	p := &s.places[s.at]
	p.start, p.end, p.next = start, int32(s.pos), int32(len(s.places))
	return false, err
}

// end notes that a value ends here, with everything inside it.
func (s *scanner) end(at int32) {
	n := &s.places[at]
	n.end, n.next = int32(s.pos), int32(len(s.places))
}

// strange says what is wrong with the beginning of a value.
func (s *scanner) strange() string {
	rest := s.data[s.pos:]
	switch {
	case strings.HasPrefix(rest, "\ufeff"):
		return "a byte order mark stands where a value begins, remove it"
	case strings.HasPrefix(rest, "\xff\xfe"), strings.HasPrefix(rest, "\xfe\xff"), strings.HasPrefix(rest, "\x00"):
		return "a value cannot begin like this; if this is UTF-16, convert it to UTF-8"
	default:
		return "a value cannot begin like this"
	}
}

func (s *scanner) open(c byte) (bool, error) {
	if len(s.levels) >= s.depth {
		return false, s.errorf("nested deeper than %d levels", s.depth)
	}
	s.places[s.at].start = int32(s.pos)
	s.pos++
	s.space()
	if c == '{' && s.peek() == '}' || c == '[' && s.peek() == ']' {
		s.pos++
		s.end(s.at)
		return false, nil
	}
	s.levels = append(s.levels, level{object: c == '{', node: s.at})
	if c == '{' {
		return true, s.key()
	}
	s.element()
	return true, nil
}

// next reads what follows a value inside an object or array: a comma and, in
// an object, the next key; or the end, which closes it.
func (s *scanner) next() (closed bool, err error) {
	top := &s.levels[len(s.levels)-1]
	s.space()
	switch c := s.peek(); {
	case c == ',':
		s.pos++
		s.space()
		if after := s.peek(); after == '}' || after == ']' {
			return false, s.errorf("there is nothing behind the comma")
		}
		if top.object {
			return false, s.key()
		}
		s.element()
		return false, nil
	case top.object && c == '}' || !top.object && c == ']':
		s.pos++
		s.end(top.node)
		s.levels = s.levels[:len(s.levels)-1]
		return true, nil
	case s.pos >= len(s.data):
		return false, s.errorf("the value ends too early")
	default:
		return false, s.errorf("a comma or the end is missing")
	}
}

// element makes room for the next element of an array.
func (s *scanner) element() { *s.add() = place{} }

// add makes room for the value that is due. Doubling wastes less than append
// does where there are many.
func (s *scanner) add() *place {
	at := len(s.places)
	if at == cap(s.places) {
		s.places = slices.Grow(s.places, at+len(s.data)/16+1)
	}
	s.places = s.places[:at+1]
	s.at = int32(at)
	return &s.places[at]
}

func (s *scanner) key() error {
	start := s.pos
	if s.peek() != '"' {
		return s.errorf("a key is missing")
	}
	escaped, err := s.text()
	if err != nil {
		return err
	}
	p := s.add()
	*p = place{key: int32(start + 1), keyEnd: int32(s.pos - 1), escaped: escaped}
	name := p.name(s.data)
	p.mark = markOf(name)
	if err := s.once(name, p.mark, start); err != nil {
		return err
	}
	s.space()
	if s.peek() != ':' {
		return s.errorf("a colon is missing")
	}
	s.pos++
	return nil
}

// once makes sure that the last key is the only one of its name in the
// innermost object.
func (s *scanner) once(name string, m mark, at int) error {
	top := &s.levels[len(s.levels)-1]
	top.count++
	switch {
	case s.keys == ownText:
		return nil
	case s.keys > 0 && top.count > s.keys:
		return s.errorf("an object has more than %d keys", s.keys)
	case top.marks.has(m) && s.has(top, name, m):
		s.pos = at
		return s.errorf("an object has the key %s twice", shorten(quote(name)))
	}
	top.marks.add(m)
	if top.seen != nil {
		top.seen[name] = struct{}{}
	} else if top.count == manyKeys {
		s.remember(top)
	}
	return nil
}

// has reports whether the innermost object has a key before the last one.
func (s *scanner) has(top *level, name string, m mark) bool {
	if top.seen != nil {
		_, there := top.seen[name]
		return there
	}
	for i := top.node + 1; i < s.at; i = s.places[i].next {
		if s.places[i].mark == m && s.places[i].name(s.data) == name {
			return true
		}
	}
	return false
}

// remember goes from looking through the keys to a map.
func (s *scanner) remember(top *level) {
	top.seen = make(map[string]struct{}, 4*manyKeys)
	for i := top.node + 1; i < s.at; i = s.places[i].next {
		top.seen[s.places[i].name(s.data)] = struct{}{}
	}
	top.seen[s.places[s.at].name(s.data)] = struct{}{}
}

// A mark is a number below 64 that a key has. Keys whose marks differ are
// different, so that most keys are told apart without being compared.
type mark uint8

func markOf(key string) mark {
	if key == "" {
		return 0
	}
	return mark(uint(len(key))+5*uint(key[0])+11*uint(key[len(key)-1])) & 63
}

// marks is a set of marks.
type marks uint64

func (all marks) has(m mark) bool { return all>>(m&63)&1 != 0 }

func (all *marks) add(m mark) { *all |= 1 << (m & 63) }

// foldedMark is the mark of a key without regard to case; unknown reports that the
// key has none, since one that is not ASCII may be the same as one that is.
func foldedMark(key string) (m mark, unknown bool) {
	if key == "" || !isASCII(key) {
		return 0, key != ""
	}
	return mark(uint(len(key))+5*uint(key[0]|0x20)+11*uint(key[len(key)-1]|0x20)) & 63, false
}

// text reads a string and reports whether it has escapes.
func (s *scanner) text() (escaped bool, err error) {
	if end := plainUntil(s.data, s.pos+1); end < len(s.data) && s.data[end] == '"' {
		s.pos = end + 1
		return false, nil
	}
	return s.oddText()
}

// oddText is text for one that is not plain.
func (s *scanner) oddText() (escaped bool, err error) {
	for s.pos++; ; {
		s.pos = plainUntil(s.data, s.pos)
		if s.pos >= len(s.data) {
			return escaped, s.errorf("a text has no end")
		}
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return escaped, err
			}
		case c < 0x20:
			return escaped, s.errorf("a control character stands bare in a text")
		default:
			r, size := utf8.DecodeRuneInString(s.data[s.pos:])
			if r == utf8.RuneError && size == 1 {
				return escaped, s.errorf("the text is not UTF-8")
			}
			s.pos += size
		}
	}
}

// plainUntil gives where the first byte at or after pos is that is more than
// itself in a JSON string: a quote, a backslash, a control character, or a part
// of a longer rune. It looks at eight bytes at once: a byte has its high bit
// set in the sum of tests where it is one of those, and bytes before the first
// of them are never touched by borrows.
func plainUntil(s string, pos int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; pos+8 <= len(s); pos += 8 {
		w := s[pos : pos+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 | uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		quotes, slashes := x^ones*'"', x^ones*'\\'
		if found := (x | (x - ones*0x20) | (quotes - ones) | (slashes - ones)) & highs; found != 0 {
			return pos + bits.TrailingZeros64(found)/8
		}
	}
	for ; pos < len(s); pos++ {
		if c := s[pos]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			break
		}
	}
	return pos
}

func (s *scanner) escape() error {
	if s.pos+1 >= len(s.data) {
		return s.errorf("a text has no end")
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
		for i := s.pos + 2; i < s.pos+6; i++ {
			if i >= len(s.data) || !isHex(s.data[i]) {
				return s.errorf("a \\u escape needs four hexadecimal digits")
			}
		}
		s.surrogates = s.surrogates || s.data[s.pos+2]|0x20 == 'd' && s.data[s.pos+3] >= '8'
		s.pos += 6
		return nil
	default:
		return s.errorf("an escape that JSON does not have")
	}
}

// mendSurrogates replaces every half of a surrogate pair that stands alone by
// U+FFFD. Programs that cut texts between the two halves of an emoji make them;
// readers of JSON take them in different ways, and two different keys could
// become one (RFC 8259, section 8.2).
func mendSurrogates(s string) string {
	if !strings.Contains(s, `\ud`) && !strings.Contains(s, `\uD`) {
		return s
	}
	mended := []byte(s)
	for i := 0; i+1 < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		unit, isEscape := codeUnit(s[i:])
		switch {
		case !isEscape:
			i++
		case !utf16.IsSurrogate(unit):
			i += 5
		default:
			low, paired := codeUnit(s[min(i+6, len(s)):])
			if paired && utf16.DecodeRune(unit, low) != utf8.RuneError {
				i += 11
				continue
			}
			copy(mended[i+2:i+6], "fffd")
			i += 5
		}
	}
	return string(mended)
}

// codeUnit reads an escape such as \ud83d.
func codeUnit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(unit), err == nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return s.errorf("a number needs digits")
	}
	if s.peek() == '.' {
		s.pos++
		if s.digits() == 0 {
			return s.errorf("a number needs digits after its point")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return s.errorf("a number needs digits in its exponent")
		}
	}
	return nil
}

func (s *scanner) digits() int {
	start, pos := s.pos, s.pos
	for pos < len(s.data) && s.data[pos] >= '0' && s.data[pos] <= '9' {
		pos++
	}
	s.pos = pos
	return pos - start
}

func (s *scanner) word(word string) error {
	if len(s.data)-s.pos < len(word) || s.data[s.pos:s.pos+len(word)] != word {
		return s.errorf("a value cannot begin like this")
	}
	s.pos += len(word)
	return nil
}

func (s *scanner) space() {
	if s.pos < len(s.data) && s.data[s.pos] <= ' ' {
		s.spaces()
	}
}

func (s *scanner) spaces() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek gives the next byte, 0 at the end; a NUL byte in the text is nothing
// that JSON has, so the two need no telling apart.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// errorf places an error; of a value that is laid out over lines it counts the
// bytes of the line.
func (s *scanner) errorf(format string, args ...any) error {
	place := fmt.Sprintf("byte %d", s.pos+1)
	before := s.data[:s.pos]
	if start := strings.LastIndexByte(before, '\n') + 1; start > 0 {
		place = fmt.Sprintf("byte %d of its line %d", s.pos-start+1, strings.Count(before, "\n")+1)
	}
	return fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...))
}

// maxText bounds what a reason or a warning quotes of an event or a reply.
const maxText = 1 << 10

// shorten keeps a text from the outside to a length that fits a line.
func shorten(s string) string { return cut(s, 60) }

// cut keeps at most so many bytes of a text, and whole runes.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
