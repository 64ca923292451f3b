package engine

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/internal/spell"
)

func (b *builder) call(s *step, n *stepNode) {
	c := &call{method: strings.ToUpper(n.Kind.value), itemSlot: -1, sentSlot: -1, pagesSlot: -1}
	s.op = c
	s.list = n.Each.given() || n.Pages.given() && !n.Pick.given()
	c.each = b.compileExpression(n.Each, b.scope)
	in := b.scope.with()
	if n.Each.given() {
		c.itemSlot = in.declare("item", span{}).slot
	}
	b.list(n.Each, c.each)
	c.path = b.template(n.Arg, in)
	b.relative(n.Arg, c.path)
	b.scalars(n.Arg, c.path, in)
	c.query = b.queries(n.Query, in)
	if len(n.Body) > 0 {
		c.body = b.lines(n.Body, in)
		sent := in.declare("sent", span{})
		c.sentSlot, sent.shape = sent.slot, c.body.root.shape()
	}
	b.method(c, n)
	b.answer(s, c, n, in)
	if c.remember > 0 {
		b.remembered(n.Pick, c)
	}
	b.expect(c, in.names["reply"], b.declare(s, n.Name))
	b.passedOver(n.On)
	for i := range n.On {
		if n.On[i].Then.value == "confirm" && n.Confirm == nil {
			b.errorf(n.On[i].Then.at, "", "the step has no confirm")
		}
		b.arm(s, c, &n.On[i], in, i)
		if a := c.arms[i]; a.remember > 0 {
			b.rememberedWarning(&n.On[i], a, c)
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
	var taken []text
	for _, n := range arms {
		for _, t := range n.Status {
			if slices.ContainsFunc(taken, func(before text) bool { return covers(before.value, t.value) }) {
				b.errorf(t.at, "Remove it, give the arm before a when, or put this one first.", "status %s never comes here: an arm before takes it", t.value)
			}
			if !n.When.given() && n.Then.value != "relook" {
				taken = append(taken, t)
			}
		}
	}
}

// covers reports whether a status or class holds another one.
func covers(wide, narrow string) bool {
	class, isClass := strings.CutSuffix(wide, "xx")
	return wide == narrow || isClass && len(narrow) == 3 && strings.HasPrefix(narrow, class)
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
		if !general(r.name, r.label) && !slices.Contains(address, label) {
			b.errorf(at.at, "Pick the whole list here, and choose from it in the next step (let:).", "%s is not part of the address, and others would be given what was picked for it", label)
		}
	}
}

// rememberedWarning does the same for a warning that is repeated to others.
func (b *builder) rememberedWarning(n *armNode, a *arm, c *call) {
	held := c.held()
	if a.message != nil {
		for _, part := range a.message.parts {
			root, _, _ := strings.Cut(part.label, ".")
			if part.read != nil && !slices.Contains([]string{"config", "reply", "sent"}, root) && !slices.Contains(held, part.label) {
				b.errorf(n.Message.at, "Name only what the request holds.", "{%s} is not part of the request, and others would be told of it", part.label)
			}
		}
	}
	if a.when == nil {
		return
	}
	for _, r := range a.when.reads {
		label := strings.Join(append([]string{r.label}, r.keys...), ".")
		if !general(r.name, r.label) && r.label != "sent" && !slices.Contains(held, label) {
			b.errorf(n.When.at, "Ask only for what the request holds.", "%s is not part of the request, and others would be warned by it", label)
		}
	}
}

// held lists the paths of which a request holds the values.
func (c *call) held() []string {
	held := c.address()
	if c.body != nil {
		c.body.root.walk(func(t *target) {
			for _, line := range t.lines {
				held = append(held, line.labels...)
			}
		})
	}
	return held
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

// inBraces is what a template reads.
var inBraces = regexp.MustCompile(`\{[^{}]*\}`)

// relative makes sure that a path stays below the URL of the destination, and is
// one: what the rule writes itself goes out as it is.
func (b *builder) relative(t text, compiled *template) {
	written := inBraces.ReplaceAllString(t.value, "x")
	if strings.HasPrefix(written, "/") || strings.Contains(written, "//") || strings.ContainsAny(written, "?#") {
		b.errorf(t.at, "Write it relative to the url of the destination, and what follows a question mark as query:.", "the path %q is not relative", t.value)
	}
	if compiled == nil || b.doubledBrace(t) {
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
		value := b.template(q.Value, in)
		b.scalars(q.Value, value, in)
		parts = append(parts, queryPart{q.Name.value, url.QueryEscape(q.Name.value), value})
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
	c.reads = c.reads || c.remember > 0
	c.label = b.block.name + "." + s.name
	if c.path != nil {
		c.key = c.label + " " + c.path.literalText()
		c.counted = b.program.countedBy(c.method, c.path.literalText())
	}
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
		b.undeclaredf(t.at, "Add paging to destination.yaml.", "pages needs the destination to say how pages follow each other")
	}
	p := newPath(segments)
	return &p
}

func (b *builder) teachings(nodes []learnNode, in *scope) []*teaching {
	var all []*teaching
	for _, n := range nodes {
		t := &teaching{lookup: b.lookups[n.Name.value], step: b.remembering(n.Name.value)}
		if t.lookup == nil && t.step == nil {
			b.undeclaredf(n.Name.at, spell.Advice(n.Name.value, keysOf(b.lookups)), "%q is neither a lookup nor an earlier step that remembers", n.Name.value)
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

// newArm compiles what arms of calls and of confirming calls have in common.
func (b *builder) newArm(s *step, n *armNode, in *scope, allowed ...string) *arm {
	a := &arm{at: n.at.position(), statuses: b.statuses(n.Status), then: n.Then.value, bind: -1,
		when: b.compileCondition(n.When, in), message: b.template(n.Message, in)}
	b.reachable(n)
	b.setDuration(&a.remember, n.Remember.For)
	b.action(s, a, n, allowed)
	return a
}

func (b *builder) arm(s *step, c *call, n *armNode, in *scope, number int) {
	a := b.newArm(s, n, in, armActions()...)
	a.number = number
	if n.As.given() && !b.taken(n.As, b.scope) {
		bound := b.scope.declare(n.As.value, n.As.at)
		bound.shape = closedShape("status", "code", "text")
		delete(b.scope.later, n.As.value)
		b.writes[s.index] = append(b.writes[s.index], bound.slot)
		a.bind, a.as = bound.slot, n.As.value
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
				b.undeclaredf(t.at, "Remove it here, or there.", "status %d never comes here: the retry policy of destination.yaml takes it", status)
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

// relookTarget finds the step that is done again. One that has the name and
// could not be compiled is no other mistake.
func (b *builder) relookTarget(s *step, n *armNode) *step {
	var candidates []string
	for _, earlier := range b.block.steps[:s.index] {
		_, isFind := earlier.op.(*find)
		_, broken := earlier.op.(*stop)
		named := n.At.given() && earlier.name == n.At.value
		switch {
		case isFind || b.remembering(earlier.name) == earlier:
			if named {
				return earlier
			}
			candidates = append(candidates, earlier.name)
		case broken && named && isIdentifier(earlier.name):
			return nil
		}
	}
	named := slices.DeleteFunc(candidates, func(name string) bool { return !isIdentifier(name) })
	at, advice := n.At.at, spell.Advice(n.At.value, named)
	if later, declared := b.scope.later[n.At.value]; declared {
		advice = fmt.Sprintf("%s comes later, at line %d.", n.At.value, later.position().Line)
	}
	if !n.At.given() {
		at, advice = n.Then.at, "Name it behind at:."
	}
	b.errorf(at, advice, "relook needs an earlier step that finds or remembers")
	return nil
}

func (b *builder) confirm(s *step, n *confirmNode, in *scope) *confirm {
	in = in.with()
	c := &confirm{at: n.at.position(), when: b.compileCondition(n.When, in), path: b.template(n.Get, in), query: b.queries(n.Query, in)}
	b.relative(n.Get, c.path)
	b.scalars(n.Get, c.path, in)
	if c.pages = b.pagesPath(n.Pages, in); c.pages != nil && in.names["pages"] == nil {
		in.declare("pages", span{})
		s.op.(*call).pagesSlot = in.names["pages"].slot
	}
	c.there = b.compileCondition(n.There, in)
	if c.there != nil && !slices.ContainsFunc(c.there.reads, func(r exprRead) bool { return r.label == "pages" || r.label == "reply" }) {
		b.errorf(n.There.at, "", "the condition does not look at the answer")
	}
	for i := range n.On {
		c.arms = append(c.arms, b.newArm(s, &n.On[i], in, "relook", "fail"))
	}
	return c
}
