package engine

import (
	"slices"
	"strings"

	"github.com/deskrules/deskrules/internal/spell"
)

func (b *builder) find(s *step, n *stepNode) {
	l := b.lookups[n.Arg.value]
	if l == nil && n.Arg.given() {
		b.undeclaredf(n.Arg.at, spell.Advice(n.Arg.value, keysOf(b.lookups)), "there is no lookup %q", n.Arg.value)
	}
	if l == nil {
		s.op = &stop{kind: "warn"}
		b.declare(s, n.Name)
		return
	}
	l.used = true
	f := &find{lookup: l, inputs: map[string][]read{}}
	s.op = f
	var keys []string
	for _, w := range l.ways {
		keys = append(keys, w.by)
	}
	for _, w := range n.With {
		if w.Expr.given() {
			b.errorf(w.Expr.at, "Compute it in a step before (let:), and name that.", "find takes paths")
		}
		if !slices.Contains(keys, w.Name.value) {
			b.errorf(w.Name.at, spell.Advice(w.Name.value, keys), "the lookup %s has no way by %q", l.name, w.Name.value)
		}
		for _, t := range w.Paths {
			if r, _ := b.readPart(t, 0, len(t.value), b.scope); r != nil {
				f.inputs[w.Name.value] = append(f.inputs[w.Name.value], *r)
			}
		}
	}
	if len(n.With) == 0 && !n.badWith {
		b.errorf(n.Kind.at, "", "find needs with: at least one of %s", strings.Join(keys, ", "))
	}
	if declared := b.declare(s, n.Name); declared != nil {
		declared.shape = closedShape(l.keep...)
	}
}

func (b *builder) use(s *step, n *stepNode) {
	u := &use{}
	s.op = u
	node := b.procedures[n.Arg.value]
	if node == nil && n.Arg.given() {
		b.undeclaredf(n.Arg.at, spell.Advice(n.Arg.value, keysOf(b.procedures)), "there is no procedure %q", n.Arg.value)
	}
	if node == nil {
		s.op = &stop{kind: "warn"}
		b.declare(s, n.Name)
		return
	}
	writes := false
	u.procedure, writes = b.instance(node, b.constantInputs(n, node), n.Arg.at)
	b.inputs(u, n, node)
	if writes {
		if b.readOnly {
			b.errorf(n.Kind.at, "", "a lookup only reads")
		}
		b.wrote, b.wroteHere = true, true
	}
	b.declare(s, n.Name)
}

// constantInputs gives the constant inputs of a procedure.
func (b *builder) constantInputs(n *stepNode, node *procedureNode) map[string]literal {
	constants := map[string]literal{}
	for _, w := range n.With {
		if in := node.input(w.Name.value); in != nil && in.isConstant() {
			constants[in.Name.value] = b.constant(w, *in)
		}
	}
	return constants
}

// inputs binds the other inputs of a procedure.
func (b *builder) inputs(u *use, n *stepNode, node *procedureNode) {
	given := map[string]bool{}
	for _, w := range n.With {
		given[w.Name.value] = true
		in := node.input(w.Name.value)
		switch {
		case in == nil:
			b.errorf(w.Name.at, spell.Advice(w.Name.value, node.inputNames()), "the procedure %s has no input %q", node.Name.value, w.Name.value)
		case !in.isConstant():
			source := b.source(sourceNode{at: w.Name.at, From: w.Paths, Expr: w.Expr, As: in.Type}, b.scope)
			u.inputs = append(u.inputs, &binding{slot: u.procedure.slot(w.Name.value), name: w.Name.value, source: source})
		}
	}
	for _, in := range node.Inputs {
		if !given[in.Name.value] && !n.badWith {
			b.errorf(n.Arg.at, "", "the procedure %s needs the input %s", node.Name.value, in.Name.value)
		}
	}
}

// slot gives where a procedure has an input.
func (p *procedure) slot(input string) int {
	for _, in := range p.inputs {
		if in.name == input {
			return in.slot
		}
	}
	return -1 // its name is wrong, which has been reported
}

func (b *builder) constant(w withNode, in inputNode) literal {
	if in.List {
		if rawValue(w.Literal.json).kind() != '[' {
			b.errorf(w.at(), "", "the input %s is a list", w.Name.value)
			return literal{"[]", w.Name.at}
		}
		return w.Literal
	}
	var allowed []string
	for _, t := range in.Constant {
		allowed = append(allowed, t.value)
	}
	if v := rawValue(w.Literal.json); v.kind() != '"' || !slices.Contains(allowed, v.text()) {
		b.errorf(w.at(), "", "the input %s is one of %s", w.Name.value, strings.Join(allowed, ", "))
		return literal{quote(allowed[0]), w.Name.at}
	}
	return w.Literal
}

// at gives the place of what an input is given.
func (w withNode) at() span {
	if w.Literal.given() {
		return w.Literal.at
	}
	return w.Name.at
}

// instance compiles a procedure for one set of constants, once.
func (c *compiler) instance(n *procedureNode, constants map[string]literal, at span) (*procedure, bool) {
	key := n.Name.value
	for _, in := range n.Inputs {
		key += "\x00" + constants[in.Name.value].json
	}
	if done := c.instances[key]; done != nil {
		return done, done.block.writes()
	}
	if slices.Contains(c.compiling, n.Name.value) {
		c.errorf(at, "", "the procedure %s uses itself", n.Name.value)
		return &procedure{block: &block{}}, false
	}
	c.compiling = append(c.compiling, n.Name.value)
	p := c.procedure(n, constants)
	c.compiling = c.compiling[:len(c.compiling)-1]
	c.instances[key] = p
	return p, p.block.writes()
}

func (c *compiler) procedure(n *procedureNode, constants map[string]literal) *procedure {
	outer, in := c.touched, c.bareScope()
	label := n.Name.value
	p := &procedure{name: n.Name.value}
	for _, input := range n.Inputs {
		if c.taken(input.Name, in) {
			continue
		}
		if input.Type.given() {
			c.conversion(input.Type)
		}
		declared := in.declare(input.Name.value, input.Name.at)
		declared.boolean, declared.shape = input.Type.value == "boolean", kindShape(input.Type.value)
		if l, isConstant := constants[input.Name.value]; isConstant {
			declared.constant = &l
			label += " " + l.json
		}
		p.inputs = append(p.inputs, newInput(input, constants, declared.slot))
	}
	c.later(in, n.Steps)
	b := &builder{compiler: c, scope: in, block: &block{name: "procedure " + label}}
	p.block = b.build(n.Steps)
	p.block.constants = constantBindings(in)
	if n.Result != nil {
		p.result = c.source(*n.Result, in)
	}
	b.finish()
	c.touched = outer
	c.program.procedures = append(c.program.procedures, p)
	return p
}

func newInput(n inputNode, constants map[string]literal, slot int) input {
	return input{n.Name.value, n.Type.value, constants[n.Name.value].json, slot}
}

// constantBindings lists the slots that hold constants, for expressions that
// name them.
func constantBindings(in *scope) []constantSlot {
	var slots []constantSlot
	for _, n := range in.names {
		if n.constant != nil {
			slots = append(slots, constantSlot{n.slot, ownValue(n.constant.json).indexed()})
		}
	}
	return slots
}

// writes reports whether a block can change something.
func (b *block) writes() bool {
	return slices.ContainsFunc(b.steps, func(s *step) bool {
		switch op := s.op.(type) {
		case *call:
			return op.writes()
		case *use:
			return op.procedure != nil && op.procedure.block.writes()
		default:
			return false
		}
	})
}

// unusedProcedure compiles a procedure that nothing uses, so that its mistakes
// are found all the same.
func (c *compiler) unusedProcedure(n *procedureNode) {
	for key := range c.instances {
		if name, _, _ := strings.Cut(key, "\x00"); name == n.Name.value {
			return
		}
	}
	c.warnf(n.Name.at, "Remove it, or use it in a step.", "the procedure %s is not used", n.Name.value)
	constants := map[string]literal{}
	for _, in := range n.Inputs {
		switch {
		case in.List:
			constants[in.Name.value] = literal{"[]", in.Name.at}
		case len(in.Constant) > 0:
			constants[in.Name.value] = literal{quote(in.Constant[0].value), in.Name.at}
		}
	}
	c.instance(n, constants, n.Name.at)
}

// lookup compiles a lookup; each way is a block of its own.
func (c *compiler) lookup(n *lookupNode) {
	l := &lookup{name: n.Name.value, remember: 0, fold: n.Remember.Case.value == "ignore"}
	for _, k := range n.Keep {
		l.keep = append(l.keep, k.value)
	}
	c.setDuration(&l.remember, n.Remember.For)
	if n.NotFound.given() && n.NotFound.value != "nil" {
		c.errorf(n.NotFound.at, "Say nil: the steps behind decide what nobody means.", "not_found is nil, not %s", n.NotFound.value)
	}
	if n.Several.given() && n.Several.value != "fail" {
		c.errorf(n.Several.at, "", "several is fail, not %s", n.Several.value)
	}
	for i := range n.Ways {
		l.ways = append(l.ways, c.way(l, &n.Ways[i]))
	}
	c.lookups[l.name] = l
	c.program.lookups = append(c.program.lookups, l)
}

func (c *compiler) way(l *lookup, n *wayNode) *way {
	in := c.bareScope()
	w := &way{by: n.By.value, at: n.at.position(), slot: firstFreeSlot}
	if !c.taken(n.By, in) {
		w.slot = in.declare(n.By.value, n.By.at).slot
	}
	w.when = c.compileCondition(n.When, in)
	c.later(in, n.Steps)
	b := &builder{compiler: c, scope: in, block: &block{name: "lookup " + l.name + " by " + w.by}, readOnly: true}
	w.block = b.build(n.Steps)
	w.found = c.compileExpression(n.Found, in)
	c.list(n.Found, w.found)
	b.finish()
	return w
}
