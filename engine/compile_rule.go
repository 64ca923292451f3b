package engine

import (
	"slices"

	"github.com/deskrules/deskrules/internal/spell"
)

// rule compiles one rule file.
func (c *compiler) rule(n *ruleFile) {
	r := &rule{name: n.Name.value, number: len(c.program.rules), at: n.Name.at.position()}
	for _, e := range n.Event {
		r.events = append(r.events, e.value)
		if !slices.Contains(c.program.kinds, e.value) {
			c.program.kinds = append(c.program.kinds, e.value)
		}
	}
	in := c.ruleScope()
	c.later(in, n.Steps)
	info := &ruleInfo{rule: r, node: n}
	for _, v := range n.Vars {
		source := c.source(v.Source, in)
		if c.taken(v.Name, in) {
			continue
		}
		declared := in.declare(v.Name.value, v.Name.at)
		if source != nil {
			declared.origins, declared.shape = source.origins, shapeOf(source)
		}
		r.vars = append(r.vars, &binding{slot: declared.slot, name: v.Name.value, source: source})
	}
	r.when = c.compileCondition(n.When, in)
	for _, q := range n.Require {
		r.requires = append(r.requires, c.requirement(q, in))
	}
	c.mappings(r, n, in)
	c.after(r, n, in)
	b := &builder{compiler: c, scope: in, block: &block{name: "rule " + r.name}, rule: r, wrote: c.wroteBefore(r)}
	r.block = b.build(n.Steps)
	c.settleRests(r.mappings)
	info.writes = b.wroteHere
	c.results(r, n, in)
	b.finish()
	c.neverRead(in)
	c.rules[r.name] = info
	c.program.rules = append(c.program.rules, r)
}

// neverRead warns of names that nothing reads: vars, mappings and lets that were
// meant for something. Names of steps serve the reports, too.
func (c *compiler) neverRead(in *scope) {
	for label, n := range in.names {
		if n.at.src != nil && !n.read && !n.step {
			c.warnf(n.at, "Remove it, or use it.", "%q is never read", label)
		}
	}
}

// taken reports a name that is declared already.
func (c *compiler) taken(t text, in *scope) bool {
	if !t.given() {
		return true
	}
	if n := in.names[t.value]; n != nil {
		detail := "The language itself gives this name."
		if n.at.src != nil {
			detail = "It is declared at " + n.at.position().String() + "."
		}
		c.errorf(t.at, detail, "duplicate name %q", t.value)
		return true
	}
	if slices.Contains([]string{"item", "reply", "pages", "sent", "value"}, t.value) {
		c.errorf(t.at, "The language gives this name to parts of a step.", "%q cannot be a name", t.value)
		return true
	}
	if slices.Contains(keywords(), t.value) {
		c.errorf(t.at, "It means something in expressions.", "%q cannot be a name", t.value)
		return true
	}
	if _, function := c.vocabulary.functions[t.value]; function {
		c.errorf(t.at, "Expressions have a function of this name, which it would hide.", "%q cannot be a name", t.value)
		return false // what reads it is right but for the name
	}
	segments, bad := parsePath(t.value)
	if bad != nil || len(segments) != 1 || !isIdentifier(t.value) {
		c.errorf(t.at, "Use letters, digits and underscores, and begin with a letter.", "%q cannot be a name", t.value)
		return true
	}
	return false
}

// keywords are the words that expressions keep for themselves.
func keywords() []string {
	return []string{"nil", "true", "false", "let", "in", "not", "and", "or", "if", "else", "matches", "contains", "startsWith", "endsWith"}
}

func isIdentifier(s string) bool {
	return s != "" && identifier(&workspace{}, s) == s && (s[0] < '0' || s[0] > '9')
}

// later notes the names that steps will declare.
func (c *compiler) later(in *scope, steps []stepNode) {
	for _, s := range steps {
		if s.Name.given() {
			in.later[s.Name.value] = s.Name.at
		}
		if s.Kind.value == "let" {
			in.later[s.Arg.value] = s.Arg.at
		}
		for _, a := range s.On {
			if a.As.given() {
				in.later[a.As.value] = a.As.at
			}
		}
	}
}

// after binds the results of the rule that this one follows. Steps alone may
// name them: everything else is settled before the first request.
func (c *compiler) after(r *rule, n *ruleFile, in *scope) {
	if !n.After.given() {
		return
	}
	earlier := c.rules[n.After.value]
	if slices.Contains(c.lost, n.After.value) && !c.taken(n.After, in) {
		in.declare(n.After.value, span{})
		return
	}
	if earlier == nil {
		c.errorf(n.After.at, spell.Advice(n.After.value, keysOf(c.rules)), "no rule %q runs before this one", n.After.value)
		return
	}
	if !slices.ContainsFunc(r.events, func(e string) bool { return earlier.rule.takes(e, c.program.fold) }) {
		c.errorf(n.After.at, "", "the rule %s takes none of the events of this one", n.After.value)
	}
	if c.taken(n.After, in) {
		return
	}
	declared := in.declare(n.After.value, span{})
	var keys []string
	for _, f := range earlier.node.Result {
		keys = append(keys, f.Name.value)
	}
	declared.shape = closedShape(keys...)
	r.after = append(r.after, &binding{slot: declared.slot, name: n.After.value, rule: earlier.rule})
}

// wroteBefore reports whether an earlier rule of the same events writes.
func (c *compiler) wroteBefore(r *rule) bool {
	for _, earlier := range c.rules {
		for _, e := range earlier.rule.events {
			if earlier.writes && r.takes(e, c.program.fold) {
				return true
			}
		}
	}
	return false
}

func (c *compiler) requirement(n requireNode, in *scope) *requirement {
	q := &requirement{at: n.at.position(), when: c.compileCondition(n.When, in), message: c.template(n.Message, in)}
	for _, t := range n.From {
		if r, _ := c.readPart(t, 0, len(t.value), in); r != nil {
			q.reads = append(q.reads, *r)
		}
	}
	return q
}

func (c *compiler) mappings(r *rule, n *ruleFile, in *scope) {
	for _, m := range n.Mappings {
		compiled := c.lines(m.Lines, in)
		if c.taken(m.Name, in) {
			continue
		}
		declared := in.declare(m.Name.value, m.Name.at)
		declared.shape = compiled.root.shape()
		compiled.indexed = true
		r.mappings = append(r.mappings, &mappingBinding{declared.slot, m.Name.value, compiled})
	}
}

// shape gives what is known of what a target gets.
func (t *target) shape() *shape {
	if len(t.children) == 0 && t.rest == nil {
		if len(t.lines) == 1 {
			return shapeOf(t.lines[0])
		}
		return nil
	}
	s := &shape{kind: "object", members: map[string]*shape{}, open: t.rest != nil || len(t.lines) > 0}
	if t.array {
		s.kind = "array"
	}
	for _, child := range t.children {
		s.members[child.name] = child.shape()
	}
	return s
}

func (c *compiler) results(r *rule, n *ruleFile, in *scope) {
	for _, f := range n.Result {
		if s := c.source(f.Source, in); s != nil {
			r.result = append(r.result, resultField{f.Name.value, s})
		}
	}
}
