package main

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/mask"
)

// ruleNames are the names that stand in rules: they say nothing of anybody.
type ruleNames map[string]bool

// namesIn gathers the names of rules and settings, and of what paths and lines are
// made of.
func namesIn(d engine.Description) ruleNames {
	names := ruleNames{}
	add := func(paths ...string) {
		for _, path := range paths {
			names[path] = true
			for name := range strings.SplitSeq(path, ".") {
				names[name] = true
			}
		}
	}
	for _, s := range d.Settings {
		add(s.Name)
	}
	for _, r := range d.Rules {
		add(r.Name)
		for _, p := range pathsOf(r) {
			add(p.path)
			add(p.places...)
		}
		for _, line := range linesOf(r) {
			add(line.To)
		}
	}
	return names
}

// linesOf lists the lines of the mappings and bodies of a rule.
func linesOf(r engine.RuleDescription) (all []engine.LineDescription) {
	for _, m := range r.Mappings {
		all = append(all, m.Lines...)
	}
	for _, s := range r.Steps {
		if s.Call != nil {
			all = append(all, s.Call.Body...)
		}
	}
	return all
}

// quotation is what a sentence quotes.
var quotation = regexp.MustCompile(`"[^"]*"`)

// quoted masks what a reason or warning quotes, but for names of the rules.
func (names ruleNames) quoted(sentence string) string {
	var kept []string
	const mark = "\x01"
	set := quotation.ReplaceAllStringFunc(sentence, func(found string) string {
		if !names[strings.Trim(found, `"`)] {
			return found
		}
		kept = append(kept, found)
		return mark
	})
	shown := mask.Quoted(set)
	for _, name := range kept {
		shown = strings.Replace(shown, mark, name, 1)
	}
	return shown
}

// answer masks in an answer what it repeats of an event, and what looks like an
// address or the number of somebody. The rest is in words of the destination.
func (names ruleNames) answer(text string, said ...[]byte) string {
	var values []string
	for _, document := range said {
		values = names.scalars(values, gjson.ParseBytes(document))
	}
	slices.SortFunc(values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, value := range slices.Compact(values) {
		text = replaceWord(text, value, mask.Text(value))
	}
	return mask.Loose(text)
}

// scalars adds the texts and numbers of a JSON value, as an answer would quote
// them.
func (names ruleNames) scalars(values []string, v gjson.Result) []string {
	switch {
	case v.IsObject() || v.IsArray():
		v.ForEach(func(_, member gjson.Result) bool {
			values = names.scalars(values, member)
			return true
		})
	case v.Type == gjson.String && len(v.Str) > 1 && !names[v.Str]:
		values = append(values, strings.Trim(v.Raw, `"`))
	case v.Type == gjson.Number && len(v.Raw) > 1:
		values = append(values, v.Raw)
	}
	return values
}

// replaceWord replaces a text where it is no part of a longer word.
func replaceWord(text, old, by string) string {
	var b strings.Builder
	for {
		at := strings.Index(text, old)
		if at < 0 {
			return b.String() + text
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(old):])
		b.WriteString(text[:at])
		if isWordy(before) || isWordy(after) {
			b.WriteString(old)
		} else {
			b.WriteString(by)
		}
		text = text[at+len(old):]
	}
}

func isWordy(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// maskedPath masks the keys of a path that look like an address or the number of
// somebody.
func maskedPath(path string) string {
	keys := strings.Split(path, ".")
	for i, key := range keys {
		keys[i] = mask.Loose(key)
	}
	return strings.Join(keys, ".")
}

// maskedField is the name of a field that was made of a key of an event. The key
// may have been rewritten: what it was made of tells whether it is an address.
func maskedField(f engine.FieldExplanation) string {
	shown := maskedPath(f.To)
	if cut := strings.LastIndexByte(f.To, '.'); shown == f.To && maskedPath(f.From) != f.From {
		shown = f.To[:cut+1] + mask.Text(f.To[cut+1:])
	}
	return shown
}

// someRejected are the events that were rejected for one reason before any rule
// could look at them.
type someRejected struct {
	Why   string   `json:"why"`
	Times int      `json:"times"`
	At    []string `json:"at"` // the first of them
}

// mostPlaces is how many places of events are kept for a reason.
const mostPlaces = 3

func (s *someRejected) String() string {
	at := strings.Join(s.At, ", ")
	if more := s.Times - len(s.At); more > 0 {
		at += ", and " + strconv.Itoa(more) + " more"
	}
	return s.Why + " (" + at + ")"
}
