package engine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/internal/spell"
)

// A path is a gjson path of a rule, read and checked when the rule is loaded.
// No path is ever made from an event: keys of events are data.
type path struct {
	segments []segment
	parts    []pathPart
	keysOnly bool   // and elements of arrays
	gjson    string // as gjson would write it; empty for the whole value
}

// A pathPart is a run of keys, which gjson is asked for at once, or one segment
// of another kind.
type pathPart struct {
	gjson   string
	segment segment
	only    byte // of the first segment
}

type segment struct {
	key      string // unescaped; the digits of an index, too
	at       int    // offset in the text of the path
	index    int    // of an element; -1 for what can be no element
	mark     mark   // of the key
	modifier bool   // @values or @keys
	each     bool   // #: the rest of the path for each element
	only     byte   // { for a key and no element, [ for an element; 0 for either
}

func (s segment) plain() bool { return !s.modifier && !s.each }

// element gives the number of the element that a key may name; -1 for none.
func (s segment) element() int {
	if !allDigits(s.key) || !isElement(s.key) {
		return -1
	}
	index, err := strconv.Atoi(s.key)
	if err != nil {
		return -1
	}
	return index
}

// keySegment is a key that is no element even where it is digits.
func keySegment(key string) segment {
	if allDigits(key) {
		return segment{key: key, only: '{'}
	}
	return segment{key: key}
}

// isElement reports whether digits are the number of an element: to gjson those
// with a zero in front are one, too, and so are more of them than a number has.
func isElement(digits string) bool {
	return digits == "0" || digits[0] != '0' && len(digits) < 10
}

// A pathError says what is wrong with a path, and where in its text.
type pathError struct {
	from, to int
	summary  string
	detail   string
}

// pathModifiers is the allow list: both are linear and lose nothing.
func pathModifiers() []string { return []string{"@values", "@keys"} }

// parsePath reads the text of a path: keys with dots between them, a backslash
// before a character that is meant literally, numbers for elements of arrays,
// # for each element, @values and @keys for the parts of an object.
func parsePath(s string) ([]segment, *pathError) {
	var segments []segment
	start := 0
	var key strings.Builder
	escaped := false
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] == '\\' && i+1 < len(s) {
			i++
			key.WriteByte(s[i])
			escaped = true
			continue
		}
		if i < len(s) && s[i] != '.' {
			key.WriteByte(s[i])
			continue
		}
		seg, err := newSegment(s, start, i, key.String(), escaped)
		if err != nil {
			return nil, err
		}
		segments = append(segments, seg)
		key.Reset()
		start, escaped = i+1, false
	}
	return segments, nil
}

// pathSpecial holds the characters that stand in a path only behind a backslash.
const pathSpecial = "*?#|!{}[]()\"'<>=% "

func newSegment(s string, from, to int, key string, escaped bool) (segment, *pathError) {
	seg := segment{key: key, at: from}
	bad := func(summary, detail string) (segment, *pathError) {
		return seg, &pathError{from, max(to, from+1), summary, detail}
	}
	switch {
	case key == "":
		return bad("a path has an empty part", "Remove the dot that is too many.")
	case escaped:
		seg.only = keySegment(key).only
		return seg, nil
	case key == "#":
		seg.each = true
		return seg, nil
	case strings.HasPrefix(key, "@"):
		seg.modifier = true
		for _, known := range pathModifiers() {
			if key == known {
				return seg, nil
			}
		}
		return bad("the modifier "+key+" is not part of the rule language", spell.Advice(key, pathModifiers())+" For a key that begins with @, write \\"+key+".")
	}
	if allDigits(key) && !isElement(key) {
		seg.only = '{'
	}
	if i := strings.IndexAny(key, pathSpecial); i >= 0 {
		return bad("a path cannot hold "+strconv.Quote(key[i:i+1]),
			"Paths name one value. Write a backslash before a character that is part of a key; use expr: for anything else.")
	}
	return seg, nil
}

// newPath freezes segments for gjson.
func newPath(segments []segment) path {
	p := path{segments: slices.Clone(segments), keysOnly: true}
	texts := make([]string, len(segments))
	for i, seg := range segments {
		p.segments[i].index, p.segments[i].mark = seg.element(), markOf(seg.key)
		p.keysOnly = p.keysOnly && seg.plain()
		texts[i] = seg.key
		if !seg.plain() {
			p.parts = append(p.parts, pathPart{segment: seg})
			continue
		}
		texts[i] = escapeKey(seg.key)
		if last := len(p.parts) - 1; i > 0 && segments[i-1].plain() && seg.only == 0 {
			p.parts[last].gjson += "." + texts[i]
		} else {
			p.parts = append(p.parts, pathPart{gjson: texts[i], only: seg.only})
		}
	}
	p.gjson = strings.Join(texts, ".")
	return p
}

// escapeKey writes a key so that gjson and sjson take it literally.
func escapeKey(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if strings.IndexByte(`.*?|#@!{}[]()\:`, key[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(key[i])
	}
	return b.String()
}

// get reads the path in a JSON value; the empty text where there is nothing.
func (p path) get(json string) string { return getParts(json, p.parts) }

// getParts asks gjson for runs of keys only, and of objects and arrays only: in
// a text it would look for the first bracket, and # would take texts apart.
func getParts(json string, parts []pathPart) string {
	for i, part := range parts {
		if json == "" || json[0] != '{' && json[0] != '[' {
			return ""
		}
		switch {
		case part.only != 0 && json[0] != part.only:
			return ""
		case part.segment.each:
			return getEach(json, parts[i+1:])
		case part.segment.modifier:
			json = part.modify(json)
		default:
			json = gjson.Get(json, part.gjson).Raw
		}
	}
	return json
}

// getEach reads the rest of a path in each element, and leaves no gap where an
// element does not have it. Without a rest it counts them.
func getEach(json string, parts []pathPart) string {
	if json[0] != '[' {
		return ""
	}
	elements := rawValue(json).elements()
	if len(parts) == 0 {
		return strconv.Itoa(len(elements))
	}
	var found []value
	for _, element := range elements {
		if raw := getParts(element.raw, parts); raw != "" {
			found = append(found, rawValue(raw))
		}
	}
	return arrayOf(found).raw
}

// modify gives the values or the keys of an object as an array. An array is its
// own values, and has no keys.
func (p pathPart) modify(json string) string {
	if json[0] == '[' {
		if p.segment.key == "@keys" {
			return ""
		}
		return json
	}
	var parts []value
	rawValue(json).members(func(key string, member value) {
		if p.segment.key == "@keys" {
			member = textValue(key)
		}
		parts = append(parts, member)
	})
	return arrayOf(parts).raw
}

// keys gives the keys that the path names one after the other, up to the first
// part that is not a key.
func (p path) keys() []string {
	var keys []string
	for _, seg := range p.segments {
		if !seg.plain() {
			break
		}
		keys = append(keys, seg.key)
	}
	return keys
}
