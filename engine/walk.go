package engine

import "strings"

// A jsonWalk goes through the parts of a list or an object as they were written,
// which is valid JSON. It makes nothing, and passes over each part once.
type jsonWalk struct {
	json string
	at   int
}

// walkOf begins behind the bracket that opens a list or an object.
func walkOf(json string) jsonWalk { return jsonWalk{json, 1} }

// next gives the JSON of the next element, or of the next key or member.
func (w *jsonWalk) next() (json string, more bool) {
	if w.gap(); w.json[w.at] == ']' || w.json[w.at] == '}' {
		return "", false
	}
	from := w.at
	w.at = skip(w.json, from)
	return w.json[from:w.at], true
}

// member gives the next key, in its quotes, and what stands behind it.
func (w *jsonWalk) member() (key, member string, more bool) {
	if key, more = w.next(); more {
		member, _ = w.next()
	}
	return key, member, more
}

// gap passes over what stands between two parts.
func (w *jsonWalk) gap() {
	for isGap(w.json[w.at]) {
		w.at++
	}
}

func isGap(c byte) bool {
	return c == ',' || c == ':' || c == ' ' || c == '\n' || c == '\r' || c == '\t'
}

// skip gives the end of the value that begins at a place in valid JSON.
func skip(json string, at int) int {
	switch json[at] {
	case '"':
		return skipText(json, at)
	case '{', '[':
		return skipBrackets(json, at)
	}
	for at < len(json) && !isGap(json[at]) && json[at] != ']' && json[at] != '}' {
		at++
	}
	return at
}

// skipText looks for the first quote that has no backslash, or an even number
// of them, in front of it.
func skipText(json string, at int) int {
	for from := at + 1; ; {
		quote := from + strings.IndexByte(json[from:], '"')
		before := quote
		for before > from && json[before-1] == '\\' {
			before--
		}
		if from = quote + 1; (quote-before)%2 == 0 {
			return from
		}
	}
}

func skipBrackets(json string, at int) int {
	for depth := 0; ; at++ {
		switch json[at] {
		case '"':
			at = skipText(json, at) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		}
	}
}

// isText reports whether a text as it was written says s.
func isText(json, s string) bool {
	if strings.IndexByte(json, '\\') < 0 {
		return json[1:len(json)-1] == s
	}
	return unquote(json) == s
}

// memberIn gives the JSON of a member; the empty text where there is none.
func memberIn(object, key string) string {
	for w := walkOf(object); ; {
		written, member, more := w.member()
		if !more || isText(written, key) {
			return member
		}
	}
}

// elementIn gives the JSON of an element, counted from the end where the number
// is negative; the empty text where there is none.
func elementIn(list string, number int) string {
	if number < 0 {
		number += partsIn(list)
	}
	for w := walkOf(list); number >= 0; number-- {
		if element, more := w.next(); !more || number == 0 {
			return element
		}
	}
	return ""
}

// partsIn counts the elements of a list, or the keys and members of an object.
func partsIn(json string) int {
	count := 0
	for w := walkOf(json); ; count++ {
		if _, more := w.next(); !more {
			return count
		}
	}
}
