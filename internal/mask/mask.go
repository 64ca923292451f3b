// Package mask hides personal data in what is shown of events, and keeps its
// shape: whoever reads it sees that an address became another address, or that a
// number lost a digit, and not whose it is.
package mask

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden stands for the rest of a word, however long it is.
const hidden = "***"

// Value masks a JSON value. Numbers and texts keep their shape; true, false and
// null tell nothing of anybody and stay.
func Value(raw string) string {
	switch raw {
	case "true", "false", "null", "":
		return raw
	}
	return Text(raw)
}

// Text masks a text: a word keeps its first letter, a digit becomes 9, and
// everything between words stays. The last label of an address's domain stays,
// too, where it is made of ASCII letters: ada@example.com becomes a***@e***.com.
func Text(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		stretch := upTo(text, unicode.IsSpace)
		if stretch == "" {
			stretch = upTo(text, func(r rune) bool { return !unicode.IsSpace(r) })
			b.WriteString(stretch)
		} else {
			b.WriteString(masked(stretch))
		}
		text = text[len(stretch):]
	}
	return b.String()
}

// upTo gives the beginning of a text, up to the first character that stops it.
func upTo(text string, stops func(rune) bool) string {
	if end := strings.IndexFunc(text, stops); end >= 0 {
		return text[:end]
	}
	return text
}

// masked hides a stretch of text without spaces. What follows an address is no
// part of it, such as a path or another field.
func masked(stretch string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(stretch, '@')
		if at < 0 {
			b.WriteString(words(stretch))
			return b.String()
		}
		domain := strings.TrimRight(upTo(stretch[at+1:], func(r rune) bool { return !inDomain(r) }), ".")
		rest := stretch[at+1+len(domain):]
		top := ""
		if endsWord(stretch[:at]) && !strings.HasPrefix(rest, "@") {
			top = topLevel(domain)
		}
		b.WriteString(words(stretch[:at+1]) + words(strings.TrimSuffix(domain, top)) + top)
		stretch = rest
	}
}

// inDomain takes more than domains have, so that none ends within a word.
func inDomain(r rune) bool {
	return r == '.' || r == '-' || r == '_' || inWord(r) || unicode.IsNumber(r)
}

// endsWord reports whether the name of an address can end here: what begins with
// an @ is a name of somebody.
func endsWord(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return inDomain(last) || last == '+'
}

// topLevel gives the last label of a domain, such as com; empty where it is none
// that a domain has.
func topLevel(domain string) string {
	dot := strings.LastIndexByte(domain, '.')
	label := domain[dot+1:]
	if dot < 0 || strings.ContainsFunc(label, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) }) {
		return ""
	}
	return label
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }

// words hides each run of letters but for its first one, and all digits.
func words(text string) string {
	var b strings.Builder
	within := false
	for _, r := range text {
		letter := inWord(r)
		switch {
		case unicode.IsNumber(r):
			b.WriteByte('9')
		case !letter:
			b.WriteRune(r)
		case !within:
			b.WriteRune(r)
			b.WriteString(hidden)
		}
		within = letter
	}
	return b.String()
}

// Quoted masks what a sentence quotes, and what in it looks like an address or
// the number of somebody: reasons and warnings say what is wrong in words of
// their own, and quote events.
func Quoted(sentence string) string { return Rewrite(sentence, Text, word) }

// Rewrite rewrites what a sentence quotes in one way, and the words that are not
// quoted in another.
func Rewrite(sentence string, quotation, word func(string) string) string {
	// A quotation mark within a quotation does not end it.
	const within = "\x00"
	parts := strings.Split(strings.ReplaceAll(sentence, `\"`, within), `"`)
	for i, part := range parts {
		part = strings.ReplaceAll(part, within, `\"`)
		if i%2 == 1 { // one that is cut off has no end
			parts[i] = quotation(part)
		} else {
			parts[i] = eachWord(part, word)
		}
	}
	return strings.Join(parts, `"`)
}

func eachWord(text string, rewrite func(string) string) string {
	words := strings.Split(text, " ")
	for i, word := range words {
		words[i] = rewrite(word)
	}
	return strings.Join(words, " ")
}

// longNumber is how many digits identify somebody. A status has less.
const longNumber = 4

// Loose masks of a text only what looks like an address or a long number.
func Loose(text string) string { return eachWord(text, word) }

func word(text string) string {
	if Personal(text) {
		return Text(text)
	}
	return text
}

// Personal reports whether a word looks like an address or a long number.
func Personal(word string) bool {
	return strings.Contains(word, "@") || strings.Count(strings.Map(digit, word), "9") >= longNumber
}

// digit makes 9 of a digit, and nothing of anything else.
func digit(r rune) rune {
	if unicode.IsDigit(r) {
		return '9'
	}
	return -1
}
