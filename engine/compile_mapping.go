package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/deskrules/deskrules/internal/spell"
)

// lines compiles a mapping or a body.
func (c *compiler) lines(nodes []lineNode, in *scope) *mapping {
	m := &mapping{root: &target{}}
	nodes = slices.Clone(nodes) // the tree serves every instance of a procedure
	before := len(c.found)
	for i := range nodes {
		n := &nodes[i]
		n.To = c.constants(n.To, in)
		t := c.target(m.root, n.To)
		if t == nil {
			continue
		}
		if n.Rest.given() {
			c.restLine(t, n, in)
			continue
		}
		s := c.source(n.sourceNode, in)
		s.keep = c.keeps(n.Keep)
		c.keepFits(s, n)
		if t == m.root {
			c.asMembers(s, n)
		}
		if n.Keys.given() {
			c.errorf(n.Keys.at, "", "keys goes with rest")
		}
		for _, e := range n.Except {
			s.except = append(s.except, e.value)
		}
		t.lines = append(t.lines, s)
	}
	m.root.walk((*target).settle)
	c.settledLines(nodes)
	c.overlaps(m.root)
	if len(c.found) == before {
		c.skeleton(m, nodes)
	}
	return m
}

// settledLines warns of lines that come too late: one before them for the same
// target always gives something.
func (c *compiler) settledLines(nodes []lineNode) {
	always := map[string]span{} // by the target
	for _, n := range nodes {
		if first, settled := always[n.To.value]; settled && n.To.given() {
			c.warnf(n.To.at, "Move it up, or give the line before a when.", "line %d always gives %s, so that this line never does", first.position().Line, n.To.value)
		} else if !n.When.given() && (n.Value.given() || n.Default.given()) {
			always[n.To.value] = n.at
		}
	}
}

func (c *compiler) keeps(texts []text) keep {
	var k keep
	for _, t := range texts {
		switch t.value {
		case "null":
			k.null = true
		case "empty":
			k.empty = true
		default:
			c.errorf(t.at, spell.Advice(t.value, keepWords()), "unknown value %q of keep", t.value)
		}
	}
	return k
}

// keepFits refuses to keep what as would not let through.
func (c *compiler) keepFits(s *sourced, n *lineNode) {
	if s.as == nil {
		return
	}
	if s.keep.null {
		c.errorf(n.As.at, "", "null is not %s, so it cannot be kept", s.as.wants)
	}
	if s.keep.empty && !slices.Contains([]string{"string", "array", "object"}, s.as.name) {
		c.errorf(n.As.at, "", "nothing empty is %s, so it cannot be kept", s.as.wants)
	}
}

// wholeBody is the target of a line whose members are those of the body itself.
const wholeBody = "."

// asMembers makes sure that what a line gives as the whole body is an object.
func (c *compiler) asMembers(s *sourced, n *lineNode) {
	switch {
	case n.Value.given() && rawValue(n.Value.json).kind() != '{':
		c.errorf(n.Value.at, "Write a target, or an object.", "a body is an object, not %s", rawValue(n.Value.json).kindText())
	case n.Default.given() && rawValue(n.Default.json).kind() != '{':
		c.errorf(n.Default.at, "Write a target, or an object.", "a body is an object, not %s", rawValue(n.Default.json).kindText())
	case n.As.given() && n.As.value != "object" || n.Table.given():
		c.errorf(n.To.at, "Write a target, or remove as and table.", "a body is an object")
	case !n.Value.given() && s.as == nil:
		s.as = c.conversion(text{value: "object"})
	}
}

// target finds or makes the place that a to names.
func (c *compiler) target(root *target, t text) *target {
	if t.value == wholeBody {
		c.targets[root] = t.at
		return root
	}
	segments, ok := c.pathOf(t)
	if !ok {
		return nil
	}
	at := root
	for _, seg := range segments {
		if strings.HasPrefix(seg.key, "-") && allDigits(seg.key[1:]) {
			c.errorf(t.part(seg.at, seg.at+len(seg.key)), "Elements of an array are counted from 0, and all of them are named.", "%s cannot stand in a target", seg.key)
			return nil
		}
		if !seg.plain() {
			c.errorf(t.part(seg.at, seg.at+len(seg.key)), "A target names one place.", "%s cannot stand in a target", seg.key)
			return nil
		}
		if at = c.child(at, seg, t); at == nil {
			return nil
		}
	}
	return at
}

func allDigits(key string) bool {
	for i := range len(key) {
		if key[i] < '0' || key[i] > '9' {
			return false
		}
	}
	return key != ""
}

// child finds or makes one member or element. Elements of arrays are literal
// and dense: 0, 1, 2.
func (c *compiler) child(of *target, seg segment, t text) *target {
	index := allDigits(seg.key) && !strings.HasPrefix(t.value[seg.at:], `\`)
	if index && of.label == "" {
		c.errorf(t.part(seg.at, seg.at+len(seg.key)), "Where a key of digits is meant, write a backslash before it.", "a body is an object, not an array")
		return nil
	}
	if len(of.children) > 0 && of.array != index {
		c.errorf(t.part(seg.at, seg.at+len(seg.key)), "", "%s is both an object and an array", targetLabel(of))
		return nil
	}
	for _, child := range of.children {
		if child.name == seg.key {
			return child
		}
	}
	if index && seg.key != fmt.Sprint(len(of.children)) {
		c.errorf(t.part(seg.at, seg.at+len(seg.key)), fmt.Sprintf("The next element is %d.", len(of.children)), "the array would have gaps")
		return nil
	}
	child := &target{name: seg.key, mark: markOf(seg.key), label: t.value[:seg.at] + seg.key}
	if !index {
		child.key = quote(seg.key)
		child.escaped = len(child.key) != len(seg.key)+2
	}
	of.array = index
	of.children = append(of.children, child)
	c.targets[child] = t.at
	return child
}

func targetLabel(t *target) string {
	if t.label == "" {
		return "the body"
	}
	return t.label
}

func targetText(t *target) string {
	if t.label == "" {
		return "the body"
	}
	return "the target " + t.label
}

func (c *compiler) restLine(t *target, n *lineNode, in *scope) {
	if t.rest != nil {
		c.errorf(n.Rest.at, "", "%s has two lines with rest", targetLabel(t))
		return
	}
	if len(n.From) > 0 || n.Value.given() || n.Expr.given() || n.As.given() || n.Table.given() || n.Default.given() || n.Required.given() {
		c.errorf(n.at, "Of the other keys rest takes keys, keep, except and when.", "a line with rest takes members as they are")
	}
	from, base := c.readPart(n.Rest, 0, len(n.Rest.value), in)
	if from == nil {
		return
	}
	if kind := base.kindAt(from.path.keys()); kind != "" && kind != "object" && from.path.plain() {
		c.errorf(n.Rest.at, "", "rest needs an object, and %s is %s", n.Rest.value, kindText(kind))
	}
	t.rest = &rest{at: n.at.position(), label: n.Rest.value, from: *from, when: c.compileCondition(n.When, in), taken: map[string]string{}, keep: c.keeps(n.Keep)}
	if n.Keys.given() {
		t.rest.identifier = n.Keys.value == "identifier"
		if !t.rest.identifier {
			c.errorf(n.Keys.at, spell.Advice(n.Keys.value, []string{"identifier"}), "unknown value %q of keys", n.Keys.value)
		}
	}
	for _, e := range n.Except {
		t.rest.take(e.value, "")
	}
	c.rests = append(c.rests, pendingRest{t.rest, base.originsOf(from.path.keys())})
}

// A pendingRest waits until all lines of the rule are known.
type pendingRest struct {
	rest *rest
	base []origin
}

// settleRests tells each rest line which members others read.
func (c *compiler) settleRests(mappings []*mappingBinding) {
	for _, m := range mappings {
		m.mapping.root.walk(func(t *target) {
			for _, line := range t.lines {
				c.take(t, line.origins)
			}
		})
	}
	c.rests = nil
}

// take keeps what a target's line reads from the rest lines.
func (c *compiler) take(t *target, read []origin) {
	for _, p := range c.rests {
		for _, base := range p.base {
			for _, o := range read {
				if below := len(base.keys); len(o.keys) > below && slices.Equal(o.keys[:below], base.keys) {
					p.rest.take(o.keys[below], targetLabel(t))
				}
			}
		}
	}
}

// settle tells the rest line which keys have lines of their own.
func (t *target) settle() {
	for _, child := range t.children {
		if t.rest != nil {
			if m, unknown := t.rest.mark(child.name); unknown {
				t.rest.lines = ^marks(0)
			} else {
				t.rest.lines.add(m)
			}
		}
	}
}

func (t *target) walk(visit func(*target)) {
	visit(t)
	for _, child := range t.children {
		child.walk(visit)
	}
}

// overlaps refuses a target inside another, where one would silently replace
// the other; a line that copies an object may leave the inner one out by
// except.
func (c *compiler) overlaps(root *target) {
	root.walk(func(t *target) {
		if t.array && (t.rest != nil || len(t.lines) > 0) {
			c.errorf(c.targets[t], "", "%s is both an array with elements of its own and a value", targetText(t))
			return
		}
		for _, child := range t.children {
			for _, line := range t.lines {
				if !slices.Contains(line.except, child.name) {
					c.errorf(c.targets[child], "Give the line of the outer one except: ["+child.name+"], or remove one of them.",
						"the target %s lies inside %s", child.label, targetText(t))
				}
			}
		}
		if t.rest != nil && len(t.lines) > 0 {
			c.errorf(c.targets[t], "", "%s has both a value and rest", targetText(t))
		}
	})
}

// skeleton builds the object with a mark in each place by sjson and reads each
// mark back by gjson: what the two cannot do, the rule cannot mean.
func (c *compiler) skeleton(m *mapping, nodes []lineNode) {
	document := "{}"
	for _, n := range nodes {
		segments, bad := parsePath(n.To.value)
		if bad != nil || n.To.value == wholeBody {
			continue
		}
		set := make([]string, len(segments))
		for i, seg := range segments {
			set[i] = escapeKey(seg.key)
			if strings.Trim(seg.key, "0123456789") == "" && strings.HasPrefix(n.To.value[seg.at:], `\`) {
				set[i] = ":" + seg.key
			}
		}
		next, err := sjson.SetRaw(document, strings.Join(set, "."), "0")
		if err != nil {
			continue // an overlap, which has been reported
		}
		document = next
		if !gjson.Get(document, newPath(segments).gjson).Exists() && !c.hasErrors() {
			c.errorf(n.To.at, "", "no object can have the target %s", n.To.value)
		}
	}
}
