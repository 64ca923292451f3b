package alias

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// anyWord is a run of letters and digits.
var anyWord = regexp.MustCompile(`[\p{L}\p{M}\p{N}]+`)

// An entry is a value that is found within texts, too.
type entry struct {
	value, alias string
	exact        bool // only in its own case: a part of a name may be a common word
}

// An index has the entries by their first letters, the longest first.
type index map[string][]entry

func (x index) add(e entry) {
	if n := utf8.RuneCountInString(e.value); n < shortest && !unspaced(e.value) || isNumber(e.value) && n < longNumber {
		return
	}
	key := firstLetters(e.value)
	x[key] = append(x[key], e)
	slices.SortStableFunc(x[key], func(a, b entry) int { return len(b.value) - len(a.value) })
}

func firstLetters(value string) string {
	runes := []rune(value)
	return strings.ToLower(string(runes[:min(2, len(runes))]))
}

// find gives the entry that a text begins with.
func (x index) find(text string) (entry, bool) {
	start := text
	if len(start) > 2*utf8.UTFMax {
		start = start[:2*utf8.UTFMax]
	}
	for _, e := range x[firstLetters(start)] {
		if len(text) < len(e.value) {
			continue
		}
		found, rest := text[:len(e.value)], text[len(e.value):]
		if (found == e.value || !e.exact && strings.EqualFold(found, e.value)) && endsHere(e.value, rest) {
			return e, true
		}
	}
	return entry{}, false
}

// endsHere reports whether what follows a value is not a part of its last word.
func endsHere(value, rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || unspaced(value) || !unicode.IsLetter(next) && !unicode.IsDigit(next) && !unicode.IsMark(next)
}

// unspaced reports whether a text is of a script that sets no spaces between
// words.
func unspaced(value string) bool {
	last, _ := utf8.DecodeLastRuneInString(value)
	return unicode.In(last, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// text writes a text in which something that is known may stand.
func (a *Aliases) text(value string) string { return a.textWithin(value, mostEscapes) }

func (a *Aliases) textWithin(value string, escapes int) string {
	value = a.fixed.Replace(value)
	if escapes > 0 && strings.ContainsAny(value, "%=") {
		value = a.decoded(value, escapes-1)
	}
	var done strings.Builder
	hide := func(pattern *regexp.Regexp) {
		value = pattern.ReplaceAllStringFunc(value, func(found string) string {
			if hidden, known := a.whole(secret, found); known {
				return held(hidden)
			}
			return found
		})
	}
	hide(anEmail)
	hide(aToken)
	hide(aPhone)
	hide(longDigits)
	a.words(&done, value)
	return released(done.String())
}

var longDigits = regexp.MustCompile(`\b\d{7,}\b`)

// words writes a text with other words.
func (a *Aliases) words(out *strings.Builder, value string) {
	inWord := false
	for len(value) > 0 {
		r, size := utf8.DecodeRuneInString(value)
		letter := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		if e, found := a.index.find(value); found && (!inWord || unspaced(value[:size])) {
			out.WriteString(e.alias)
			value, inWord = value[len(e.value):], false
			continue
		}
		out.WriteString(value[:size])
		value, inWord = value[size:], letter
	}
}

// held writes an alias so that nothing in it is taken for a word of the text,
// until it is released.
func held(alias string) string {
	return strings.Map(func(r rune) rune { return r + heldFrom }, alias)
}

// Private characters stand for those of an alias.
const heldFrom, heldTo = 0xF0000, 0xFFFFD

func released(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= heldFrom && r <= heldTo {
			return r - heldFrom
		}
		return r
	}, text)
}

// decoded looks into the escaped pieces of a text, and writes those anew in
// which there is something to hide.
func (a *Aliases) decoded(value string, escapes int) string {
	return aPiece.ReplaceAllStringFunc(value, func(piece string) string {
		plain, err := url.QueryUnescape(piece)
		if err != nil || plain == piece {
			return piece
		}
		hidden, known := a.whole(none, plain)
		if !known {
			hidden = a.textWithin(plain, escapes)
		}
		switch {
		case hidden == plain:
			return piece
		case strings.Contains(piece, "+"):
			return url.QueryEscape(hidden)
		}
		return strings.ReplaceAll(url.QueryEscape(hidden), "+", "%20")
	})
}
