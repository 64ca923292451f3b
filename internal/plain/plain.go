// Package plain makes text from outside harmless for whoever looks at it: on a
// terminal, and in an editor. What an event holds may steer a terminal (escape
// sequences begin with ESC or with U+009B), turn the direction of what follows
// it, or not be seen at all.
package plain

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON writes each character of a JSON text that is not what it looks like as
// an escape, such as \u009b. The value stays the same: such a character stands
// only in strings. Joiners stay, since words and emoji are written with them. A
// text that has none of this is given back as it is.
func JSON(text []byte) []byte {
	clean := cleanUpTo(text, 0)
	if clean == len(text) {
		return text
	}
	var out []byte
	for start := 0; ; {
		out = append(out, text[start:clean]...)
		if clean == len(text) {
			return out
		}
		r, size := utf8.DecodeRune(text[clean:])
		out = appendEscaped(out, r)
		start = clean + size
		clean = cleanUpTo(text, start)
	}
}

// cleanUpTo finds the next character that is to be escaped.
func cleanUpTo(text []byte, from int) int {
	for i := from; i < len(text); {
		if text[i] < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if deceives(r) {
			return i
		}
		i += size
	}
	return len(text)
}

// deceives is about what may stand bare in a JSON string: control characters
// below U+0020 may not.
func deceives(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	switch r {
	case nonJoiner, joiner:
		return false
	case '\u2028', '\u2029':
		return true
	default:
		return r > ' ' && unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}
}

func appendEscaped(out []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); r > 0xffff {
		return fmt.Appendf(out, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(out, `\u%04x`, r)
}

// JSONWriter gives a writer of JSON texts that are written to w as [JSON] gives
// them. Each Write has to be whole characters.
func JSONWriter(w io.Writer) io.Writer { return jsonWriter{w} }

type jsonWriter struct{ w io.Writer }

func (j jsonWriter) Write(p []byte) (int, error) {
	escaped := JSON(p)
	n, err := j.w.Write(escaped)
	if err != nil {
		return min(n, len(p)), err
	}
	return len(p), nil
}

// Line gives a text for a line of its own: what breaks lines becomes a space,
// and what does not print U+FFFD.
func Line(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case !strconv.IsPrint(r):
			return utf8.RuneError
		default:
			return r
		}
	}, text)
}
