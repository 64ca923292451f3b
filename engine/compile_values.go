package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/internal/spell"
)

// unknownName reports a name that is not there, or not there yet.
func (c *compiler) unknownName(at span, label string, in *scope) {
	if slices.Contains(c.lost, label) {
		return
	}
	if c.rules[label] != nil {
		c.errorf(at, "Everything before the steps is settled before the first request.", "the result of the rule %s can only be read in steps", label)
		return
	}
	if later, declared := in.later[label]; declared {
		c.errorf(at, fmt.Sprintf("It is declared at line %d. Move that step up, or this one down.", later.position().Line),
			"%q is used before its step", label)
		return
	}
	advice := spell.Advice(label, in.labels())
	if slices.Contains([]string{"null", "none", "undefined"}, strings.ToLower(label)) {
		advice = "Write nil."
	}
	c.errorf(at, advice, "unknown name %q", label)
}

// allSettings stands in readSettings for all of them: what reads config itself.
const allSettings = ""

// checkShape reports a member that the value behind a name cannot have.
func (c *compiler) checkShape(at span, label string, n *name, keys []string) {
	s := n.shape
	if n == c.config || n == c.secrets {
		c.readSettings[strings.Join(keys[:min(len(keys), 1)], "")] = true
	}
	if n == c.config && len(keys) > 0 && s.members[keys[0]] == nil && c.secrets.shape.members[keys[0]] != nil {
		c.errorf(at, "Only url, headers and authentication may read it.", "%s.%s is a secret", label, keys[0])
		return
	}
	for i, key := range keys {
		member, known := s.at(key)
		if !known {
			place := strings.Join(append([]string{label}, keys[:i]...), ".")
			advice := spell.Advice(key, s.keys())
			if s.scalar() {
				advice = place + " is " + kindText(s.kind) + "."
			}
			c.errorf(at, advice, "%s has no %q", place, key)
			return
		}
		if member == nil {
			return
		}
		s = member
	}
}

// pathOf parses the text of a path.
func (c *compiler) pathOf(t text) ([]segment, bool) {
	if !t.given() {
		return nil, false
	}
	segments, bad := parsePath(t.value)
	if bad != nil {
		c.errorf(t.part(bad.from, bad.to), bad.detail, "bad path: %s", bad.summary)
		return nil, false
	}
	return segments, true
}

// readPart compiles the path that stands in part of a text.
func (c *compiler) readPart(t text, from, to int, in *scope) (*read, *name) {
	segments, bad := parsePath(t.value[from:to])
	if bad != nil {
		c.errorf(t.part(from+bad.from, from+bad.to), bad.detail, "bad path: %s", bad.summary)
		return nil, nil
	}
	root := segments[0]
	at := t.part(from, from+max(len(root.key), 1))
	n := in.names[root.key]
	if n == nil || !root.plain() {
		c.unknownName(at, root.key, in)
		return nil, nil
	}
	r := &read{slot: n.slot, path: newPath(segments[1:])}
	r.said = &wording{t.value[from:to], n.originsOf(r.path.keys())}
	c.checkShape(t.part(from, to), root.key, n, r.path.keys())
	c.touch(n)
	n.asked = append(n.asked, r.path.keys())
	return r, n
}

// touch notes that the part at hand reads a name.
func (c *compiler) touch(n *name) {
	n.read = true
	if c.touched != nil {
		c.touched[n.slot] = true
	}
}

// constants puts the constant inputs of a procedure into a text that has to be
// known on loading, such as a target.
func (c *compiler) constants(t text, in *scope) text {
	if !strings.Contains(t.value, "{") {
		return t
	}
	filled := t
	for label, n := range in.names {
		if n.constant != nil {
			filled.value = strings.ReplaceAll(filled.value, "{"+label+"}", rawValue(n.constant.json).text())
		}
	}
	return filled
}

// below gives the shape of what a path leads to.
func (s *shape) below(keys []string) *shape {
	for _, key := range keys {
		if s == nil {
			return nil
		}
		s = s.members[key]
	}
	return s
}

// source compiles where a value comes from; nil where nothing is written.
func (c *compiler) source(n sourceNode, in *scope) *sourced {
	if n.at.src == nil {
		return nil
	}
	s := &sourced{at: n.at.position(), required: n.Required.value, when: c.compileCondition(n.When, in)}
	c.origin(s, n, in)
	c.modifiers(s, n)
	return s
}

// origin compiles the one of from, value and expr that is written.
func (c *compiler) origin(s *sourced, n sourceNode, in *scope) {
	written := 0
	if len(n.From) > 0 {
		written++
		c.froms(s, n.From, in)
	}
	if n.Value.given() {
		written++
		s.literal, s.label = n.Value.json, n.Value.json
	}
	if n.Expr.given() {
		written++
		s.label = "the expression"
		s.expr = c.compileExpression(n.Expr, in)
		if s.expr != nil {
			for _, r := range s.expr.reads {
				s.origins = append(s.origins, wholes(r.name.originsOf(r.keys))...)
			}
			for _, p := range s.expr.aliases {
				s.origins = append(s.origins, wholes(p.name.originsOf(p.keys))...)
			}
		}
	}
	if written != 1 && !n.broken {
		c.errorf(n.at, "", "a value needs exactly one of from, value and expr")
	}
}

// wholes marks places of which a value was computed.
func wholes(origins []origin) []origin {
	marked := slices.Clone(origins)
	for i := range marked {
		marked[i].whole = true
	}
	return marked
}

func (c *compiler) froms(s *sourced, paths []text, in *scope) {
	for _, t := range paths {
		t = c.constants(t, in)
		r, n := c.readPart(t, 0, len(t.value), in)
		if r == nil {
			continue
		}
		s.reads = append(s.reads, *r)
		s.labels = append(s.labels, t.value)
		s.origins = append(s.origins, r.said.origins...)
		if len(r.path.keys()) == len(r.path.segments) {
			s.shapes = append(s.shapes, n.shape.below(r.path.keys()))
		}
	}
	s.label = strings.Join(s.labels, " or ")
}

func (c *compiler) modifiers(s *sourced, n sourceNode) {
	if alone := len(n.From) == 0 && !n.Expr.given(); n.Value.given() && alone {
		for _, t := range slices.Concat(given(n.As), given(n.Table)) {
			c.errorf(t.at, "Write the value as it is to be sent.", "as and table do not go with value")
		}
	}
	if n.As.given() {
		s.as = c.conversion(n.As)
	}
	if n.Table.given() {
		if s.table = c.tables[n.Table.value]; s.table == nil {
			c.undeclaredf(n.Table.at, spell.Advice(n.Table.value, keysOf(c.tables)), "there is no table %q", n.Table.value)
		} else {
			s.table.used = true
		}
	}
	if n.Default.given() {
		s.fallback = n.Default.json
		if s.as != nil {
			converted, fits := s.as.convert(&workspace{}, rawValue(s.fallback))
			if !fits {
				c.errorf(n.Default.at, "", "the default is %s, and %s is needed", rawValue(s.fallback).kindText(), s.as.wants)
			}
			s.fallback = converted.raw
		}
		if n.Required.value {
			c.errorf(n.Default.at, "Keep one of the two.", "required and default exclude each other")
		}
	}
}

func (c *compiler) conversion(t text) *conversion {
	var names []string
	for _, known := range conversions() {
		if known.name == t.value {
			return &known
		}
		names = append(names, known.name)
	}
	c.errorf(t.at, spell.Advice(t.value, names), "unknown type %q", t.value)
	return nil
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
