package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/internal/spell"
)

// A builder compiles the steps of one block.
type builder struct {
	*compiler
	scope     *scope
	block     *block
	rule      *rule // nil in lookups and procedures
	readOnly  bool  // in lookups
	wrote     bool  // something before the step at hand writes
	wroteHere bool
	writes    [][]int // slots that each step sets
	touches   []map[int]bool
	all       map[int]bool // slots that anything reads
	places    map[*arm]span
}

// build compiles the steps. finish has to follow once everything that may read
// their results is compiled.
func (b *builder) build(nodes []stepNode) *block {
	b.all = map[int]bool{}
	b.places = map[*arm]span{}
	b.unreachable(nodes)
	for i := range nodes {
		n := &nodes[i]
		b.touched = map[int]bool{}
		b.writes = append(b.writes, nil)
		s := &step{index: i, at: n.at.position(), slot: -1, name: n.Name.value, kind: n.Kind.value}
		if s.name == "" {
			s.name = fmt.Sprintf("%s:%d", n.Kind.value, s.at.Line)
		}
		b.block.steps = append(b.block.steps, s)
		s.when = b.compileCondition(n.When, b.scope)
		b.step(s, n)
		b.touches = append(b.touches, b.touched)
		for slot := range b.touched {
			b.all[slot] = true
		}
	}
	b.touched = b.all
	return b.block
}

// unreachable warns of steps behind one that always ends the event.
func (b *builder) unreachable(nodes []stepNode) {
	for i, n := range nodes[:max(len(nodes)-1, 0)] {
		if (n.Kind.value == "fail" || n.Kind.value == "reject") && !n.When.given() {
			b.warnf(nodes[i+1].at, "Give the step before a when, or remove what follows.", "no event comes here: the %s at line %d has no condition", n.Kind.value, n.at.position().Line)
			return
		}
	}
}

// finish settles what depends on the whole block.
func (b *builder) finish() {
	b.block.slots = *b.scope.slots
	for _, s := range b.block.steps {
		if c, isCall := s.op.(*call); isCall && s.slot >= 0 && b.all[s.slot] {
			c.reads = true
		}
		s.redo, s.sets = b.redo(s.index), b.writes[s.index]
	}
	b.repeats()
	b.touched = nil
}

// repeats refuses a relook that would do a call twice that may be done once.
func (b *builder) repeats() {
	for _, s := range b.block.steps {
		c, isCall := s.op.(*call)
		if !isCall {
			continue
		}
		for _, a := range slices.Concat(c.arms, c.confirmArms()) {
			if a.target == nil {
				continue
			}
			for _, again := range b.block.steps[:s.index+1] {
				if a.target.redo[again.index] && again.once() && (again != s || c.each != nil) {
					b.errorf(b.places[a], "Say idempotent: true there if that does no harm.", "relook would repeat the step %s, which is not idempotent", again.name)
				}
			}
		}
	}
}

func (c *call) confirmArms() []*arm {
	if c.confirm == nil {
		return nil
	}
	return c.confirm.arms
}

// once reports whether a step holds a call that may not be repeated.
func (s *step) once() bool {
	switch op := s.op.(type) {
	case *call:
		return !op.idempotent
	case *use:
		return op.procedure != nil && slices.ContainsFunc(op.procedure.block.steps, (*step).once)
	default:
		return false
	}
}

// redo finds the later steps that read, directly or through others, what a
// step sets.
func (b *builder) redo(from int) []bool {
	again := make([]bool, len(b.block.steps))
	dirty := slices.Clone(b.writes[from])
	again[from] = true
	for i := from + 1; i < len(again); i++ {
		if slices.ContainsFunc(dirty, func(slot int) bool { return b.touches[i][slot] }) {
			again[i] = true
			dirty = append(dirty, b.writes[i]...)
		}
	}
	return again
}

// declare gives a step its name.
func (b *builder) declare(s *step, t text) *name {
	if !t.given() || b.taken(t, b.scope) {
		return nil
	}
	n := b.scope.declare(t.value, t.at)
	delete(b.scope.later, t.value)
	s.slot = n.slot
	n.step = s.op == nil || !isLet(s.op)
	b.writes[s.index] = append(b.writes[s.index], n.slot)
	return n
}

func isLet(op operation) bool {
	_, is := op.(*let)
	return is
}

func (b *builder) step(s *step, n *stepNode) {
	switch n.Kind.value {
	case "get", "post", "put", "patch", "delete":
		b.call(s, n)
	case "find":
		b.find(s, n)
	case "use":
		b.use(s, n)
	case "let":
		source := n.Source // without when, which is the step's own
		source.at = n.at
		compiled := b.source(source, b.scope)
		s.op = &let{compiled}
		if declared := b.declare(s, n.Arg); declared != nil {
			declared.shape = shapeOf(compiled)
		}
	case "reject", "fail", "warn":
		b.stop(s, n)
	default: // reported by the parser
		s.op = &stop{kind: "warn"}
		b.declare(s, n.Name)
	}
}

func (b *builder) stop(s *step, n *stepNode) {
	s.op = &stop{n.Kind.value, b.template(n.Arg, b.scope)}
	if n.Kind.value != "reject" {
		return
	}
	switch {
	case b.rule == nil:
		b.errorf(n.Kind.at, "Use fail, or reject in the rule before.", "only a rule can reject an event")
	case b.wrote:
		b.errorf(n.Kind.at, "Move it before everything that writes, or use fail.", "a reject after a write: a rejected event has changed nothing")
	}
}

func (b *builder) call(s *step, n *stepNode) {
	c := &call{method: strings.ToUpper(n.Kind.value), itemSlot: -1, sentSlot: -1, pagesSlot: -1}
	s.op = c
	s.list = n.Each.given() || n.Pages.given() && !n.Pick.given()
	c.each = b.compileExpression(n.Each, b.scope)
	in := b.scope.with()
	if n.Each.given() {
		c.itemSlot = in.declare("item", span{}).slot
	}
	c.path = b.template(n.Arg, in)
	b.relative(n.Arg, c.path)
	c.query = b.queries(n.Query, in)
	if len(n.Body) > 0 {
		c.body = b.lines(n.Body, in)
		c.sentSlot = in.declare("sent", span{}).slot
	}
	b.method(c, n)
	b.answer(s, c, n, in)
	if c.remember > 0 {
		b.remembered(n.Pick, c)
	}
	b.declare(s, n.Name)
	b.passedOver(n.On)
	for i := range n.On {
		if n.On[i].Then.value == "confirm" && n.Confirm == nil {
			b.errorf(n.On[i].Then.at, "", "the step has no confirm")
		}
		b.arm(s, c, &n.On[i], in, i)
		if a := c.arms[i]; a.remember > 0 {
			b.rememberedMessage(n.On[i].Message, a.message, c)
		}
	}
	if n.Confirm != nil {
		c.confirm = b.confirm(s, n.Confirm, in)
		asked := slices.ContainsFunc(n.On, func(a armNode) bool { return a.Then.value == "confirm" })
		if c.idempotent && !asked {
			b.errorf(n.Confirm.at, "Say then: confirm in an arm of on, or remove it.", "nothing asks for this confirm: the call is repeated when its answer is lost")
		}
	}
}

// passedOver reports arms behind one that takes the same statuses whatever the
// answer says. A relook is passed over the second time, so it hides nothing.
func (b *builder) passedOver(arms []armNode) {
	taken := map[string]bool{}
	for _, n := range arms {
		for _, t := range n.Status {
			if taken[t.value] {
				b.errorf(t.at, "Remove it, or give the arm before a when.", "status %s never comes here: an arm before takes it", t.value)
			}
			if !n.When.given() && n.Then.value != "relook" {
				taken[t.value] = true
			}
		}
	}
}

// remembered makes sure that what is remembered follows from the address that it
// is remembered by, and not from the event that happened to ask.
func (b *builder) remembered(at text, c *call) {
	if c.pick == nil {
		return
	}
	address := c.address()
	for _, r := range c.pick.reads {
		label := strings.Join(append([]string{r.label}, r.keys...), ".")
		if r.used && !general(r.name, r.label) && !slices.Contains(address, label) {
			b.errorf(at.at, "Pick the whole list here, and choose from it in the next step (let:).", "%s is not part of the address, and others would be given what was picked for it", label)
		}
	}
}

// rememberedMessage does the same for a warning that is repeated to others.
func (b *builder) rememberedMessage(at text, message *template, c *call) {
	if message == nil {
		return
	}
	sent := c.address()
	if c.body != nil {
		c.body.root.walk(func(t *target) {
			for _, line := range t.lines {
				sent = append(sent, line.labels...)
			}
		})
	}
	for _, part := range message.parts {
		root, _, _ := strings.Cut(part.label, ".")
		if part.read != nil && root != "config" && root != "reply" && !slices.Contains(sent, part.label) {
			b.errorf(at.at, "Name only what the request holds.", "{%s} is not part of the request, and others would be told of it", part.label)
		}
	}
}

// general reports whether a name means the same whoever asks.
func general(n *name, label string) bool {
	return n.constant != nil || label == "config" || label == "reply" || label == "pages"
}

// writes reports whether the call can change something.
func (c *call) writes() bool { return c.method != "GET" && !c.onlyReads }

// address lists the paths that the address of a call is made of.
func (c *call) address() []string {
	var labels []string
	templates := []*template{c.path}
	for _, q := range c.query {
		templates = append(templates, q.value)
	}
	for _, t := range templates {
		if t == nil {
			continue
		}
		for _, part := range t.parts {
			if part.read != nil {
				labels = append(labels, part.label)
			}
		}
	}
	return labels
}

// method settles whether the call writes, and whether it may be repeated.
func (b *builder) method(c *call, n *stepNode) {
	c.onlyReads = n.OnlyReads.value
	if !c.writes() {
		c.idempotent = true
		if n.Idempotent.given() {
			b.errorf(n.Idempotent.at, "Remove one of the two.", "idempotent beside only_reads: a call that only reads does no harm when it is repeated")
		}
		return
	}
	if b.readOnly {
		b.errorf(n.Kind.at, "", "a lookup only reads")
	}
	b.wrote, b.wroteHere = true, true
	c.idempotent = n.Idempotent.value || !n.Idempotent.given()
	if (c.method == "POST" || c.method == "PATCH") && !n.Idempotent.given() {
		b.errorf(n.Kind.at, "Say idempotent: true where a second one does no harm, else false.", "%s needs idempotent", n.Kind.value)
	}
}

// relative makes sure that a path stays below the URL of the destination, and is
// one: what the rule writes itself goes out as it is.
func (b *builder) relative(t text, compiled *template) {
	if strings.HasPrefix(t.value, "/") || strings.Contains(t.value, "//") || strings.ContainsAny(t.value, "?#") {
		b.errorf(t.at, "Write it relative to the url of the destination, and what follows a question mark as query:.", "the path %q is not relative", t.value)
	}
	if compiled == nil {
		return
	}
	shape := ""
	for _, part := range compiled.parts {
		if part.read != nil {
			shape += "x"
			continue
		}
		shape += part.literal
		for _, r := range part.literal {
			if r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r) {
				b.errorf(t.at, "Write it percent-encoded.", "%q cannot stand in a URL", r)
			}
		}
	}
	for _, segment := range strings.Split(shape, "/") {
		if segment == "." || segment == ".." {
			b.errorf(t.at, "", "%q cannot stand in a URL", segment)
		}
	}
}

func (b *builder) queries(nodes []namedText, in *scope) []queryPart {
	var parts []queryPart
	for _, q := range nodes {
		parts = append(parts, queryPart{q.Name.value, b.template(q.Value, in)})
	}
	return parts
}

// answer compiles what is done with a reply.
func (b *builder) answer(s *step, c *call, n *stepNode, in *scope) {
	in.names["reply"] = &name{slot: slotReply}
	if c.pages = b.pagesPath(n.Pages, in); c.pages != nil {
		c.pagesSlot = in.declare("pages", span{}).slot
	}
	c.pick = b.compileExpression(n.Pick, in)
	c.learn, c.forget = b.teachings(n.Learn, in), b.teachings(n.Forget, in)
	c.reads = c.pages != nil || c.pick != nil || len(c.learn) > 0 || len(c.forget) > 0
	b.setDuration(&c.remember, n.Remember.For)
	c.label = b.block.name + "." + s.name
	if n.Remember.Case.given() {
		b.errorf(n.Remember.Case.at, "", "case belongs to the remember of a lookup")
	}
	if c.remember > 0 && (c.method != "GET" || c.each != nil) {
		b.errorf(n.Remember.at, "", "only a get without each can be remembered")
	}
}

func (b *builder) pagesPath(t text, in *scope) *path {
	t = b.constants(t, in)
	segments, ok := b.pathOf(t)
	if !ok {
		return nil
	}
	if b.program.nextPage == nil {
		b.errorf(t.at, "Add paging to destination.yaml.", "pages needs the destination to say how pages follow each other")
	}
	p := newPath(segments)
	return &p
}

func (b *builder) teachings(nodes []learnNode, in *scope) []*teaching {
	var all []*teaching
	for _, n := range nodes {
		t := &teaching{lookup: b.lookups[n.Name.value], step: b.remembering(n.Name.value)}
		if t.lookup == nil && t.step == nil {
			b.errorf(n.Name.at, spell.Advice(n.Name.value, keysOf(b.lookups)), "%q is neither a lookup nor an earlier step that remembers", n.Name.value)
			continue
		}
		for _, p := range n.Paths {
			p = b.constants(p, in)
			if r, _ := b.readPart(p, 0, len(p.value), in); r != nil {
				t.reads = append(t.reads, *r)
			}
		}
		all = append(all, t)
	}
	return all
}

// remembering finds an earlier step by name that remembers its answer.
func (b *builder) remembering(label string) *step {
	for _, s := range b.block.steps {
		if c, isCall := s.op.(*call); isCall && s.name == label && c.remember > 0 {
			return s
		}
	}
	return nil
}

func (b *builder) arm(s *step, c *call, n *armNode, in *scope, number int) {
	a := &arm{at: n.at.position(), statuses: b.statuses(n.Status), then: n.Then.value, bind: -1, number: number,
		when: b.compileCondition(n.When, in), message: b.template(n.Message, in)}
	b.reachable(n)
	b.setDuration(&a.remember, n.Remember.For)
	b.action(s, a, n, []string{"accept", "skip", "warn", "confirm", "relook", "fail"})
	if n.As.given() && !b.taken(n.As, b.scope) {
		bound := b.scope.declare(n.As.value, n.As.at)
		bound.shape = closedShape("status", "code", "text")
		delete(b.scope.later, n.As.value)
		b.writes[s.index] = append(b.writes[s.index], bound.slot)
		a.bind = bound.slot
	}
	c.arms = append(c.arms, a)
}

// reachable reports statuses that never come to an arm: the retry policy keeps
// them, or they are no refusal.
func (b *builder) reachable(n *armNode) {
	for _, t := range n.Status {
		set := b.statuses([]text{t})
		for _, status := range set.exact {
			if v := b.program.Judge(Response{Status: status}); v.Retry || v.Stop {
				b.errorf(t.at, "Remove it here, or there.", "status %d never comes here: the retry policy of destination.yaml takes it", status)
			}
		}
		if set.has(200) || slices.ContainsFunc(set.exact, func(status int) bool { return status/100 == 2 }) {
			b.errorf(t.at, "", "status %s is no refusal", t.value)
		}
	}
}

// action checks that the keys of an arm go with what it does.
func (b *builder) action(s *step, a *arm, n *armNode, allowed []string) {
	if !slices.Contains(allowed, a.then) && n.Then.given() {
		b.errorf(n.Then.at, spell.Advice(a.then, allowed), "unknown action %q", a.then)
	}
	goes := func(t text, with ...string) {
		if t.given() && !slices.Contains(with, a.then) {
			b.errorf(t.at, "", "this does not go with then: %s", a.then)
		}
	}
	goes(n.As, "skip")
	goes(n.At, "relook")
	goes(n.Message, "warn", "fail")
	if a.then == "warn" && !n.Message.given() {
		b.errorf(n.Then.at, "", "warn needs a message")
	}
	if a.remember > 0 && a.then != "warn" {
		b.errorf(n.Remember.at, "", "only a warn can be remembered")
	}
	if a.then == "relook" {
		a.target = b.relookTarget(s, n)
		b.places[a] = n.Then.at
	}
}

func (b *builder) relookTarget(s *step, n *armNode) *step {
	for _, earlier := range b.block.steps[:s.index] {
		if earlier.name == n.At.value && n.At.given() {
			_, isFind := earlier.op.(*find)
			if isFind || b.remembering(earlier.name) == earlier {
				return earlier
			}
		}
	}
	at := n.At.at
	if !n.At.given() {
		at = n.Then.at
	}
	b.errorf(at, "Name it behind at:.", "relook needs an earlier step that finds or remembers")
	return nil
}

func (b *builder) confirm(s *step, n *confirmNode, in *scope) *confirm {
	in = in.with()
	c := &confirm{at: n.at.position(), when: b.compileCondition(n.When, in), path: b.template(n.Get, in), query: b.queries(n.Query, in)}
	b.relative(n.Get, c.path)
	if c.pages = b.pagesPath(n.Pages, in); c.pages != nil && in.names["pages"] == nil {
		in.declare("pages", span{})
		s.op.(*call).pagesSlot = in.names["pages"].slot
	}
	c.there = b.compileCondition(n.There, in)
	if c.there != nil && !slices.ContainsFunc(c.there.reads, func(r exprRead) bool { return r.used && (r.label == "pages" || r.label == "reply") }) {
		b.errorf(n.There.at, "", "the condition does not look at the answer")
	}
	for i := range n.On {
		node := &n.On[i]
		b.reachable(node)
		a := &arm{at: node.at.position(), statuses: b.statuses(node.Status), then: node.Then.value, bind: -1, when: b.compileCondition(node.When, in), message: b.template(node.Message, in)}
		b.action(s, a, node, []string{"relook", "fail"})
		c.arms = append(c.arms, a)
	}
	return c
}

func (b *builder) find(s *step, n *stepNode) {
	l := b.lookups[n.Arg.value]
	if l == nil && n.Arg.given() {
		b.errorf(n.Arg.at, spell.Advice(n.Arg.value, keysOf(b.lookups)), "there is no lookup %q", n.Arg.value)
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
	if len(n.With) == 0 {
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
		b.errorf(n.Arg.at, spell.Advice(n.Arg.value, keysOf(b.procedures)), "there is no procedure %q", n.Arg.value)
	}
	if node == nil {
		s.op = &stop{kind: "warn"}
		b.declare(s, n.Name)
		return
	}
	constants := b.inputs(u, n, node)
	writes := false
	u.procedure, writes = b.instance(node, constants, n.Arg.at)
	if writes {
		if b.readOnly {
			b.errorf(n.Kind.at, "", "a lookup only reads")
		}
		b.wrote, b.wroteHere = true, true
	}
	b.declare(s, n.Name)
}

// inputs binds the inputs of a procedure; the constant ones are given back.
func (b *builder) inputs(u *use, n *stepNode, node *procedureNode) map[string]literal {
	constants := map[string]literal{}
	given := map[string]bool{}
	slot := firstFreeSlot
	slots := map[string]int{}
	var names []string
	for _, in := range node.Inputs {
		slots[in.Name.value] = slot
		names = append(names, in.Name.value)
		slot++
	}
	for _, w := range n.With {
		given[w.Name.value] = true
		i := slices.IndexFunc(node.Inputs, func(in inputNode) bool { return in.Name.value == w.Name.value })
		if i < 0 {
			b.errorf(w.Name.at, spell.Advice(w.Name.value, names), "the procedure %s has no input %q", node.Name.value, w.Name.value)
			continue
		}
		in := node.Inputs[i]
		if in.List || len(in.Constant) > 0 {
			constants[in.Name.value] = b.constant(w, in)
			continue
		}
		source := sourceNode{at: w.Name.at, From: w.Paths, Expr: w.Expr, As: in.Type}
		u.inputs = append(u.inputs, &binding{slot: slots[in.Name.value], name: in.Name.value, source: b.source(source, b.scope)})
	}
	for _, in := range node.Inputs {
		if !given[in.Name.value] {
			b.errorf(n.Arg.at, "", "the procedure %s needs the input %s", node.Name.value, in.Name.value)
		}
	}
	return constants
}

func (b *builder) constant(w withNode, in inputNode) literal {
	if in.List {
		if rawValue(w.Literal.json).kind() != '[' {
			b.errorf(w.Name.at, "", "the input %s is a list", w.Name.value)
			return literal{"[]", w.Name.at}
		}
		return w.Literal
	}
	var allowed []string
	for _, t := range in.Constant {
		allowed = append(allowed, t.value)
	}
	if v := rawValue(w.Literal.json); v.kind() != '"' || !slices.Contains(allowed, v.text()) {
		b.errorf(w.Name.at, "", "the input %s is one of %s", w.Name.value, strings.Join(allowed, ", "))
		return literal{quote(allowed[0]), w.Name.at}
	}
	return w.Literal
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
	for _, input := range n.Inputs {
		if c.taken(input.Name, in) {
			continue
		}
		if input.Type.given() {
			c.conversion(input.Type)
		}
		declared := in.declare(input.Name.value, input.Name.at)
		declared.boolean = input.Type.value == "boolean"
		if l, isConstant := constants[input.Name.value]; isConstant {
			declared.constant = &l
			label += " " + l.json
		}
	}
	c.later(in, n.Steps)
	b := &builder{compiler: c, scope: in, block: &block{name: "procedure " + label}}
	p := &procedure{block: b.build(n.Steps)}
	p.block.constants = constantBindings(in)
	if n.Result != nil {
		p.result = c.source(*n.Result, in)
	}
	b.finish()
	c.touched = outer
	return p
}

// constantBindings lists the slots that hold constants, for expressions that
// name them.
func constantBindings(in *scope) map[int]string {
	slots := map[int]string{}
	for _, n := range in.names {
		if n.constant != nil {
			slots[n.slot] = n.constant.json
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
	b.finish()
	return w
}
