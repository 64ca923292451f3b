// Package alias gives personal data and credentials other names, so that what is
// made of a real event may be kept and shown to others. A value has the same
// alias wherever it stands, whatever its case: what was equal stays equal.
//
// It works in two passes: Learn looks for what has to be hidden, by the keys of
// JSON (keys.go) and by what values look like (patterns.go), and JSON, Text, Path
// and Query then write texts with the aliases (forms.go) in its place, wherever
// in a text it stands (words.go).
package alias

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Options say what stays as it is. Their zero value hides everything.
type Options struct {
	// Keep lists keys whose values stay.
	Keep []string
	// KeepDomains leaves the domains of addresses.
	KeepDomains bool
}

// Aliases are what has been learned.
type Aliases struct {
	options Options
	kept    map[string]bool // keys, as normal writes them
	count   map[form]int
	numbers map[string]int    // of each phone number's digits
	names   map[string]string // of each word of a name
	known   map[string]string // by the value in lower case
	index   index             // of what is known, to find it within texts
	fixed   *strings.Replacer
}

// New gives Aliases that know nothing yet.
func New(o Options) *Aliases {
	a := &Aliases{
		options: o, kept: map[string]bool{}, count: map[form]int{}, numbers: map[string]int{},
		names: map[string]string{}, known: map[string]string{}, index: index{}, fixed: strings.NewReplacer(),
	}
	for _, key := range o.Keep {
		a.kept[normal(key)] = true
	}
	return a
}

// Replace has texts replaced wherever they stand, such as addresses of servers:
// it takes pairs, as [strings.NewReplacer] does.
func (a *Aliases) Replace(pairs ...string) { a.fixed = strings.NewReplacer(pairs...) }

// Secret hides a credential, whatever its key.
func (a *Aliases) Secret(value string) { a.learn(secret, value) }

// Learn looks for what has to be hidden in a JSON text.
func (a *Aliases) Learn(text []byte) {
	walk(string(text), func(at place, token string) string {
		a.look(a.formOf(at), plainOf(token), mostEscapes)
		return token
	})
}

// JSON writes a JSON text with aliases. All that is not hidden keeps its spelling.
func (a *Aliases) JSON(text string) string {
	return walk(text, func(at place, token string) string {
		value := plainOf(token)
		hidden := a.value(a.formOf(at), value)
		switch {
		case hidden == value:
			return token
		case token[0] != '"':
			return numberLike(hidden)
		}
		return quoted(hidden)
	})
}

// Value writes one value of that key with aliases.
func (a *Aliases) Value(key, value string) string {
	return a.value(a.formOf(place{keys: []string{normal(key)}}), value)
}

// Path writes an escaped path with aliases.
func (a *Aliases) Path(path string) string {
	parts := strings.Split(a.fixed.Replace(path), "/")
	for i, part := range parts {
		if plain, err := url.PathUnescape(part); err == nil && a.value(none, plain) != plain {
			parts[i] = url.PathEscape(a.value(none, plain))
		}
	}
	return strings.Join(parts, "/")
}

var inQuotes = regexp.MustCompile(`"[^"]*"`)

// Query writes the plain value of a parameter with aliases. Values may stand in
// quotes within it, as in a search for somebody by name.
func (a *Aliases) Query(value string) string {
	if hidden, known := a.whole(name, value); known {
		return hidden
	}
	value = inQuotes.ReplaceAllStringFunc(value, func(found string) string {
		if hidden, known := a.whole(name, strings.Trim(found, `"`)); known {
			return `"` + hidden + `"`
		}
		return found
	})
	return a.text(value)
}

// shortest is how many characters a value must have to be hidden where its key
// does not say what it is: a name of one letter stands for anything.
const shortest = 3

// value writes a value, which a key says the form of.
func (a *Aliases) value(f form, value string) string {
	if f == keyItself && !strings.ContainsAny(value, "@ ") && phoneDigits(value) == "" {
		return value // a word of a structure, and not of somebody
	}
	if hidden, known := a.whole(f, value); known {
		return hidden
	}
	if f == open || f == keyItself {
		return a.addresses(value)
	}
	return a.text(value)
}

// whole gives the alias of a value that is known as a whole.
func (a *Aliases) whole(f form, value string) (string, bool) {
	if f == open || f == none && utf8.RuneCountInString(value) < shortest {
		return "", false
	}
	if f == none && isNumber(value) && len(value) < longNumber {
		return "", false
	}
	if digits := phoneDigits(value); a.numbers[digits] > 0 {
		return shaped(value, a.numbers[digits]), true
	}
	hidden, known := a.known[strings.ToLower(value)]
	return hidden, known
}

// learn makes an alias for a value.
func (a *Aliases) learn(f form, value string) {
	lower := strings.ToLower(value)
	if strings.TrimSpace(value) == "" || a.known[lower] != "" {
		return
	}
	switch f {
	case phone:
		a.learnPhone(value)
		return
	case name:
		a.known[lower] = a.nameOf(value)
	default:
		a.count[f]++
		a.known[lower] = f.alias(value, a.count[f])
	}
	a.index.add(entry{value: value, alias: a.known[lower]})
}

// learnPhone counts numbers by their digits: one that is written in another way
// is the same.
func (a *Aliases) learnPhone(value string) {
	digits := onlyDigits(value)
	if digits == "" {
		a.learn(text, value)
		return
	}
	if a.numbers[digits] == 0 {
		a.count[phone]++
		a.numbers[digits] = a.count[phone]
	}
	if phoneDigits(value) != digits { // too short, or with words beside it
		a.known[strings.ToLower(value)] = shaped(value, a.numbers[digits])
	}
}

// nameOf names each word of a name, so that a first name is the beginning of the
// whole name, and a rule that takes names apart finds as many parts.
func (a *Aliases) nameOf(value string) string {
	return anyWord.ReplaceAllStringFunc(value, func(word string) string {
		lower := strings.ToLower(word)
		if a.names[lower] == "" {
			a.count[name]++
			a.names[lower] = name.alias(word, a.count[name])
			a.index.add(entry{value: word, alias: a.names[lower], exact: true})
		}
		return a.names[lower]
	})
}

// plainOf is the value of a JSON string, and the text of a number.
func plainOf(token string) string {
	var value string
	if token[0] != '"' || json.Unmarshal([]byte(token), &value) != nil {
		return token
	}
	return value
}

// quoted writes a JSON string as people do, without escapes for HTML.
func quoted(value string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return `""` // cannot happen: every string can be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func isNumber(value string) bool {
	return value != "" && strings.IndexFunc(value, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}
