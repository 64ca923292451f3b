package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/compare"
)

// What no event shows is compared as it is written: where requests go and with
// which credentials, how often, and which settings there are.

// A declared difference is one of destination.yaml.
type declared struct {
	kind     compare.Kind
	name     string // the keys that lead to it, such as retry.attempts
	was, is  string // as YAML would have them in one line
	old, new engine.Position
}

// unplayed lists the keys of destination.yaml that no event plays, or only one that
// a destination does not answer well.
func unplayed() []string {
	return []string{"url", "headers", "authentication", "settings", "match", "order", "rate_limits", "retry", "circuit", "errors", "paging"}
}

// declarations compares what two versions declare.
func declarations(old, new ruleTexts) []declared {
	d := declarer{}
	for _, key := range unplayed() {
		d.values(key, memberOf(pairsOf(old[destinationFile]), key), memberOf(pairsOf(new[destinationFile]), key))
	}
	return d.found
}

// A declarer collects what differs.
type declarer struct{ found []declared }

// values compares two values of the same name. A pair without a value is absent.
func (d *declarer) values(name string, was, is pair) {
	switch {
	case inOneLine(was.value) == inOneLine(is.value):
	case hasMembers(was.value) && hasMembers(is.value):
		d.mappings(name, was.value, is.value)
	case hasMappings(was.value) && hasMappings(is.value):
		d.lists(name, was, is)
	default:
		d.note(name, was, is)
	}
}

func (d *declarer) note(name string, was, is pair) {
	found := declared{kind: compare.Changed, name: name, was: inOneLine(was.value), is: inOneLine(is.value), old: positionOf(was.key), new: positionOf(is.key)}
	switch {
	case was.value == nil:
		found.kind = compare.Added
	case is.value == nil:
		found.kind = compare.Gone
	}
	d.found = append(d.found, found)
}

func positionOf(n *yaml.Node) engine.Position {
	if n == nil {
		return engine.Position{}
	}
	return engine.Position{File: destinationFile, Line: n.Line, Column: n.Column}
}

// mappings compares member by member.
func (d *declarer) mappings(name string, was, is *yaml.Node) {
	before, after := saying(was), saying(is)
	for _, p := range before {
		d.values(name+"."+p.key.Value, p, memberOf(after, p.key.Value))
	}
	for _, p := range after {
		if memberOf(before, p.key.Value).key == nil {
			d.values(name+"."+p.key.Value, pair{}, p)
		}
	}
}

// saying lists the members of a mapping but for those of a setting that are for
// readers.
func saying(n *yaml.Node) []pair {
	all := pairsOf(n)
	if memberOf(all, "type").key == nil {
		return all
	}
	return slices.DeleteFunc(all, func(p pair) bool { return p.key.Value == "title" || p.key.Value == "example" })
}

// lists compares lists of mappings, of which those that are equal are a pair, and
// the others are pairs as they stand.
func (d *declarer) lists(name string, was, is pair) {
	before, after := othersThan(was.value.Content, is.value.Content), othersThan(is.value.Content, was.value.Content)
	if len(before)+len(after) == 0 { // they are in another order
		d.note(name, was, is)
		return
	}
	for i := range max(len(before), len(after)) {
		d.values(name, itemAt(before, i), itemAt(after, i))
	}
}

// itemAt gives an item of a list; no pair where the list is shorter.
func itemAt(items []*yaml.Node, i int) pair {
	if i >= len(items) {
		return pair{}
	}
	return pair{items[i], aliased(items[i])}
}

// othersThan lists the items that others do not have.
func othersThan(items, others []*yaml.Node) []*yaml.Node {
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.Node) bool {
		return slices.ContainsFunc(others, func(other *yaml.Node) bool { return inOneLine(n) == inOneLine(other) })
	})
}

func hasMembers(n *yaml.Node) bool { return n != nil && n.Kind == yaml.MappingNode }

func hasMappings(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.SequenceNode && slices.ContainsFunc(n.Content, func(item *yaml.Node) bool { return hasMembers(aliased(item)) })
}

// inOneLine writes a value so that it can be compared and shown: however its YAML
// is laid out, and whether a list of one has brackets. What is for readers only
// is left out.
func inOneLine(n *yaml.Node) string {
	n = aliased(n)
	switch {
	case n == nil:
		return ""
	case n.Kind == yaml.ScalarNode:
		return scalarText(n)
	case n.Kind == yaml.SequenceNode && len(n.Content) == 1:
		return inOneLine(n.Content[0])
	case n.Kind == yaml.SequenceNode:
		var items []string
		for _, item := range n.Content {
			items = append(items, inOneLine(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	var members []string
	for _, p := range saying(n) {
		members = append(members, fmt.Sprintf("%s: %s", p.key.Value, inOneLine(p.value)))
	}
	slices.Sort(members) // their order means nothing
	return "{" + strings.Join(members, ", ") + "}"
}

// scalarText is a scalar such that a text is no number.
func scalarText(n *yaml.Node) string {
	if n.ShortTag() == "!!str" {
		return strconv.Quote(n.Value)
	}
	return n.Value
}
