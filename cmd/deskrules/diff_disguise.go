package main

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/mask"
)

// A disguise is how a report shows what may come from an event: what stands in the
// rules as it is, and all else as hide has it.
type disguise struct {
	rules [2]*ruleWords // of both versions
	keys  eventKeys
	hide  func(string) string
}

// inRules reports whether a word is one of the rules.
func (d disguise) inRules(word string) bool {
	return d.rules[older].words[word] || d.rules[newer].words[word]
}

// key gives the key of a field.
func (d disguise) key(key string) string {
	if d.inRules(key) || !d.keys.areOfSomebody(key) {
		return key
	}
	return d.hide(key)
}

// sentence gives a reason or a warning of one version.
func (d disguise) sentence(of int, at engine.Position, text string) string {
	var said strings.Builder
	messages := d.rules[of].said(at)
	for text != "" {
		part, behind, found := d.message(of, messages, text)
		if !found {
			break
		}
		said.WriteString(part)
		text, messages = behind, d.rules[of].said(engine.Position{File: at.File}) // several requirements are one sentence
	}
	if cutOff := strings.HasSuffix(text, "…"); cutOff && len(messages) > 0 {
		return said.String() + d.hide(text)
	}
	return said.String() + mask.Rewrite(text, d.quotation, d.word)
}

// message gives the first message that a text begins with, and what is behind it.
func (d disguise) message(of int, messages []wording, text string) (said, behind string, found bool) {
	for _, m := range messages {
		said, behind, found = m.rewrite(text, func(label, value string) string { return d.put(of, label, value) })
		if found {
			return said, behind, true
		}
	}
	return "", text, false
}

// put gives a value that a template of the rules has put in.
func (d disguise) put(of int, label, value string) string {
	if standing := d.rules[of].settings[label]; standing != "" && gjson.Parse(standing).String() == value {
		return value
	}
	return d.quotation(value)
}

func (d disguise) quotation(text string) string {
	switch path, found := d.path(text); {
	case d.inRules(text) || d.keys.plain[text]:
		return text
	case found:
		return path
	default:
		return d.hide(text)
	}
}

// word gives a word that is not quoted.
func (d disguise) word(text string) string {
	word := strings.TrimRight(text, ":;,.)")
	path, found := d.path(word)
	switch {
	case d.inRules(word):
		return text
	case found && strings.Contains(word, "/"):
		return path + text[len(word):]
	case mask.Personal(word):
		return d.hide(text)
	default:
		return d.place(text)
	}
}

// place gives a word that may name a field, of which a key may be somebody's.
func (d disguise) place(text string) string {
	keys := strings.Split(text, ".")
	for i, key := range keys {
		keys[i] = d.key(key)
	}
	return strings.Join(keys, ".")
}

// path gives the path of a call, as the rules have it.
func (d disguise) path(text string) (string, bool) {
	for of, rules := range d.rules {
		for _, w := range rules.paths {
			if path, _, found := w.rewrite(text, func(label, value string) string { return d.put(of, label, value) }); found && w.telling > 0 {
				return path, true
			}
		}
	}
	return "", false
}

// query gives the query of a call, part by part.
func (d disguise) query(text string) string {
	parts := strings.Split(text, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		parts[i] = d.quotation(name) + "=" + d.queried(name, value)
	}
	return strings.Join(parts, "&")
}

// queried gives the value of a part of a query.
func (d disguise) queried(name, value string) string {
	for of, rules := range d.rules {
		for _, w := range rules.queries[name] {
			if said, _, found := w.rewrite(value, func(label, value string) string { return d.put(of, label, value) }); found {
				return said
			}
		}
	}
	return d.quotation(value)
}

// eventKeys are the keys of an event. Most say nothing of anybody; those that do are
// known in any spelling, since rules may rewrite them.
type eventKeys struct {
	plain    map[string]bool
	somebody map[string]bool // their letters and digits
}

func keysIn(event []byte) eventKeys {
	k := eventKeys{plain: map[string]bool{}, somebody: map[string]bool{}}
	if gjson.ValidBytes(event) {
		k.collect(gjson.ParseBytes(event))
	}
	return k
}

func (k eventKeys) collect(v gjson.Result) {
	if v.Type != gjson.JSON {
		return
	}
	object := v.IsObject()
	v.ForEach(func(key, member gjson.Result) bool {
		switch {
		case object && mask.Personal(key.Str):
			k.somebody[spelled(key.Str)] = true
		case object:
			k.plain[key.Str], k.plain[identifier(key.Str)] = true, true
		}
		k.collect(member)
		return true
	})
}

// areOfSomebody reports whether a key looks like an address or a number, or is a
// rewritten one of the event that does.
func (k eventKeys) areOfSomebody(key string) bool {
	return mask.Personal(key) || k.somebody[spelled(key)] && spelled(key) != ""
}

// spelled leaves of a key what every way to rewrite it leaves.
func spelled(key string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if inIdentifier(r) {
			return r
		}
		return -1
	}, key))
}

// identifier is a key as lines with keys: identifier write it.
func identifier(key string) string {
	return strings.Map(func(r rune) rune {
		if inIdentifier(r) {
			return r
		}
		return '_'
	}, key)
}

func inIdentifier(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
