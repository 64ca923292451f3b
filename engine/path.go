package engine

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/internal/spell"
)

// A path is a gjson path of a rule, read and checked when the rule is loaded.
// No path is ever made from an event: keys of events are data.
type path struct {
	segments []segment
	gjson    string // what gjson is asked; empty for the whole value
}

type segment struct {
	key      string // unescaped; the digits of an index, too
	at       int    // offset in the text of the path
	modifier bool   // @values or @keys
	each     bool   // #: the rest of the path for each element
}

func (s segment) plain() bool { return !s.modifier && !s.each }

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

func newSegment(s string, from, to int, key string, escaped bool) (segment, *pathError) {
	seg := segment{key: key, at: from}
	bad := func(summary, detail string) (segment, *pathError) {
		return seg, &pathError{from, max(to, from+1), summary, detail}
	}
	switch {
	case key == "":
		return bad("a path has an empty part", "Remove the dot that is too many.")
	case escaped:
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
	if i := strings.IndexAny(key, "*?#|!{}[]()\"'<>=% "); i >= 0 {
		return bad("a path cannot hold "+strconv.Quote(key[i:i+1]),
			"Paths name one value. Write a backslash before a character that is part of a key; use expr: for anything else.")
	}
	return seg, nil
}

// newPath freezes segments for gjson.
func newPath(segments []segment) path {
	parts := make([]string, len(segments))
	for i, seg := range segments {
		parts[i] = seg.key
		if seg.plain() {
			parts[i] = escapeKey(seg.key)
		}
	}
	return path{segments, strings.Join(parts, ".")}
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
func (p path) get(json string) string {
	if p.gjson == "" {
		return json
	}
	return gjson.Get(json, p.gjson).Raw
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
