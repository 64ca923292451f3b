package engine

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The tables of the keys of the rule language, one function a construct.

func parseRule(p *parser) ruleFile {
	var rule ruleFile
	root := p.document()
	if root == nil {
		return rule
	}
	object(p, root, "a rule", &rule, []field[ruleFile]{
		{"rule", readText(func(r *ruleFile) *text { return &r.Name })},
		{"event", readTexts(func(r *ruleFile) *[]text { return &r.Event })},
		{"after", readText(func(r *ruleFile) *text { return &r.After })},
		{"vars", readNamed("vars", func(r *ruleFile) *[]namedSource { return &r.Vars }, parseVar)},
		{"when", readText(func(r *ruleFile) *text { return &r.When })},
		{"require", readList("require", func(r *ruleFile) *[]requireNode { return &r.Require }, parseRequire)},
		{"mappings", readNamed("mappings", func(r *ruleFile) *[]mappingNode { return &r.Mappings }, parseMapping)},
		{"steps", readList("steps", func(r *ruleFile) *[]stepNode { return &r.Steps }, parseStep)},
		{"result", readNamed("result", func(r *ruleFile) *[]namedSource { return &r.Result }, parseNamedResult)},
	})
	p.must(root, "a rule", "rule", rule.Name.given())
	p.must(root, "a rule", "event", len(rule.Event) > 0)
	p.must(root, "a rule", "steps", len(rule.Steps) > 0)
	return rule
}

func parseRequire(p *parser, n *yaml.Node) requireNode {
	r := requireNode{at: p.span(n)}
	object(p, n, "a requirement", &r, []field[requireNode]{
		{"from", readTexts(func(r *requireNode) *[]text { return &r.From })},
		{"message", readText(func(r *requireNode) *text { return &r.Message })},
		{"when", readText(func(r *requireNode) *text { return &r.When })},
	})
	p.must(n, "a requirement", "from", len(r.From) > 0)
	p.must(n, "a requirement", "message", r.Message.given())
	return r
}

func parseMapping(p *parser, name text, n *yaml.Node) mappingNode {
	m := mappingNode{Name: name}
	readList("a mapping", func(m *mappingNode) *[]lineNode { return &m.Lines }, parseMappingLine)(p, n, &m)
	return m
}

func sourceFields[T any](source func(*T) *sourceNode) []field[T] {
	return []field[T]{
		{"from", readTexts(func(t *T) *[]text { return &source(t).From })},
		{"value", readLiteral(func(t *T) *literal { return &source(t).Value })},
		{"expr", readText(func(t *T) *text { return &source(t).Expr })},
		{"as", readText(func(t *T) *text { return &source(t).As })},
		{"table", readText(func(t *T) *text { return &source(t).Table })},
		{"default", readLiteral(func(t *T) *literal { return &source(t).Default })},
		{"when", readText(func(t *T) *text { return &source(t).When })},
	}
}

func requiredField[T any](source func(*T) *sourceNode) field[T] {
	return field[T]{"required", readFlag(func(t *T) *flag { return &source(t).Required })}
}

// parseSource reads what a value is made from; a bare text is a path. more are
// keys beside those that every value has.
func parseSource(p *parser, n *yaml.Node, more ...field[sourceNode]) sourceNode {
	s := sourceNode{at: p.span(n)}
	before := len(p.found)
	if n.Kind == yaml.MappingNode {
		self := func(s *sourceNode) *sourceNode { return s }
		object(p, n, "a value", &s, append(sourceFields(self), more...))
	} else {
		s.From = p.texts(n)
	}
	s.broken = len(p.found) > before
	return s
}

func parseVar(p *parser, name text, n *yaml.Node) namedSource {
	return namedSource{name, parseSource(p, n)}
}

// parseResult reads a value that rules can insist on.
func parseResult(p *parser, n *yaml.Node) sourceNode {
	return parseSource(p, n, requiredField(func(s *sourceNode) *sourceNode { return s }))
}

func parseNamedResult(p *parser, name text, n *yaml.Node) namedSource {
	return namedSource{name, parseResult(p, n)}
}

func lineFields() []field[lineNode] {
	source := func(l *lineNode) *sourceNode { return &l.sourceNode }
	return append(sourceFields(source),
		field[lineNode]{"to", readText(func(l *lineNode) *text { return &l.To })},
		field[lineNode]{"rest", readText(func(l *lineNode) *text { return &l.Rest })},
		field[lineNode]{"keys", readText(func(l *lineNode) *text { return &l.Keys })},
		field[lineNode]{"keep", readScalars(func(l *lineNode) *[]text { return &l.Keep })},
		field[lineNode]{"except", readTexts(func(l *lineNode) *[]text { return &l.Except })},
	)
}

func parseMappingLine(p *parser, n *yaml.Node) lineNode {
	l := lineNode{sourceNode: sourceNode{at: p.span(n)}}
	source := func(l *lineNode) *sourceNode { return &l.sourceNode }
	before := len(p.found)
	object(p, n, "a mapping line", &l, append(lineFields(), requiredField(source)))
	l.broken = len(p.found) > before
	p.must(n, "a mapping line", "to", l.To.given())
	return l
}

// parseBodyLine reads the same as a mapping line, but required: whether an
// event can be sent is settled before the first request, so not in a body.
func parseBodyLine(p *parser, n *yaml.Node) lineNode {
	l := lineNode{sourceNode: sourceNode{at: p.span(n)}}
	before := len(p.found)
	object(p, n, "a body line", &l, lineFields())
	l.broken = len(p.found) > before
	p.must(n, "a body line", "to", l.To.given())
	return l
}

// stepKinds lists the keys that make a step what it is, and for each the other
// keys that go with it.
func stepKinds() map[string][]string {
	read := []string{"name", "when", "each", "query", "pages", "pick", "remember", "learn", "forget", "on"}
	write := append(slices.Clone(read), "body", "idempotent", "confirm")
	return map[string][]string{
		"get":    read,
		"post":   append(slices.Clone(write), "only_reads"),
		"put":    write,
		"patch":  write,
		"delete": write,
		"find":   {"name", "when", "with"},
		"use":    {"name", "when", "with"},
		"let":    {"from", "value", "expr", "as", "table", "default", "when"},
		"reject": {"when"},
		"fail":   {"when"},
		"warn":   {"when"},
	}
}

func parseStep(p *parser, n *yaml.Node) stepNode {
	s := stepNode{at: p.span(n)}
	kinds := stepKinds()
	var keys []text
	fields := stepFields()
	for kind := range kinds {
		fields = append(fields, field[stepNode]{kind, func(p *parser, n *yaml.Node, s *stepNode) { s.Arg = p.text(n) }})
	}
	slices.SortFunc(fields, func(a, b field[stepNode]) int { return strings.Compare(a.name, b.name) })
	object(p, n, "a step", &s, fields)
	p.entries(n, "a step", func(key text, _ *yaml.Node) { keys = append(keys, key) })
	p.kind(n, &s, keys, kinds)
	return s
}

// kind settles what kind of step it is, and refuses keys of other kinds.
func (p *parser) kind(n *yaml.Node, s *stepNode, keys []text, kinds map[string][]string) {
	for _, key := range keys {
		if _, is := kinds[key.value]; !is {
			continue
		}
		if s.Kind.given() {
			p.errorf(key.at, "Make two steps of it.", "a step is either %s or %s", s.Kind.value, key.value)
			continue
		}
		s.Kind = key
	}
	all := stepFields()
	isKnown := func(key text) bool {
		return slices.ContainsFunc(all, func(f field[stepNode]) bool { return f.name == key.value })
	}
	if !s.Kind.given() {
		if !slices.ContainsFunc(keys, func(key text) bool { return !isKnown(key) }) { // else it was reported, and is meant
			p.errorf(p.span(n), "One of get, post, put, patch, delete, find, use, let, reject, fail, warn.", "a step needs a key that says what it does")
		}
		return
	}
	for _, key := range keys {
		known := isKnown(key)
		if known && !slices.Contains(kinds[s.Kind.value], key.value) {
			p.errorf(key.at, "", "the key %s does not go with %s", key.value, s.Kind.value)
		}
	}
}

func stepFields() []field[stepNode] {
	fields := sourceFields(func(s *stepNode) *sourceNode { return &s.Source })
	fields = slices.DeleteFunc(fields, func(f field[stepNode]) bool { return f.name == "when" })
	return append(fields, []field[stepNode]{
		{"name", readText(func(s *stepNode) *text { return &s.Name })},
		{"when", readText(func(s *stepNode) *text { return &s.When })},
		{"each", readText(func(s *stepNode) *text { return &s.Each })},
		{"query", readNamed("query", func(s *stepNode) *[]namedText { return &s.Query }, parseNamedText)},
		{"body", readList("body", func(s *stepNode) *[]lineNode { return &s.Body }, parseBodyLine)},
		{"pages", readText(func(s *stepNode) *text { return &s.Pages })},
		{"pick", readText(func(s *stepNode) *text { return &s.Pick })},
		{"remember", func(p *parser, n *yaml.Node, s *stepNode) { s.Remember = parseRemember(p, n) }},
		{"learn", readNamed("learn", func(s *stepNode) *[]learnNode { return &s.Learn }, parseLearn)},
		{"forget", readNamed("forget", func(s *stepNode) *[]learnNode { return &s.Forget }, parseLearn)},
		{"idempotent", readFlag(func(s *stepNode) *flag { return &s.Idempotent })},
		{"only_reads", readFlag(func(s *stepNode) *flag { return &s.OnlyReads })},
		{"on", readList("on", func(s *stepNode) *[]armNode { return &s.On }, parseArm)},
		{"confirm", func(p *parser, n *yaml.Node, s *stepNode) { s.Confirm = parseConfirm(p, n) }},
		{"with", func(p *parser, n *yaml.Node, s *stepNode) {
			s.badWith = n.Kind != yaml.MappingNode
			readNamed("with", func(s *stepNode) *[]withNode { return &s.With }, parseWith)(p, n, s)
		}},
	}...)
}

func parseNamedText(p *parser, name text, n *yaml.Node) namedText {
	return namedText{name, p.text(n)}
}

func parseRemember(p *parser, n *yaml.Node) rememberNode {
	r := rememberNode{at: p.span(n)}
	object(p, n, "remember", &r, []field[rememberNode]{
		{"for", readText(func(r *rememberNode) *text { return &r.For })},
		{"case", readText(func(r *rememberNode) *text { return &r.Case })},
	})
	p.must(n, "remember", "for", r.For.given())
	return r
}

func parseLearn(p *parser, name text, n *yaml.Node) learnNode {
	return learnNode{name, p.texts(n)}
}

// parseWith keeps both readings of an input: which one holds depends on its
// declaration, which another file may have.
func parseWith(p *parser, name text, n *yaml.Node) withNode {
	w := withNode{Name: name}
	if n.Kind == yaml.MappingNode {
		object(p, n, "an input", &w, []field[withNode]{
			{"expr", readText(func(w *withNode) *text { return &w.Expr })},
		})
		return w
	}
	w.Paths = p.texts(n)
	w.Literal = p.literal(n)
	return w
}

func parseArm(p *parser, n *yaml.Node) armNode {
	a := armNode{at: p.span(n)}
	object(p, n, "an arm of on", &a, []field[armNode]{
		{"status", readScalars(func(a *armNode) *[]text { return &a.Status })},
		{"when", readText(func(a *armNode) *text { return &a.When })},
		{"then", readText(func(a *armNode) *text { return &a.Then })},
		{"at", readText(func(a *armNode) *text { return &a.At })},
		{"as", readText(func(a *armNode) *text { return &a.As })},
		{"message", readText(func(a *armNode) *text { return &a.Message })},
		{"remember", func(p *parser, n *yaml.Node, a *armNode) { a.Remember = parseRemember(p, n) }},
	})
	p.must(n, "an arm of on", "status", len(a.Status) > 0)
	p.must(n, "an arm of on", "then", a.Then.given())
	return a
}

func parseConfirm(p *parser, n *yaml.Node) *confirmNode {
	c := &confirmNode{at: p.span(n)}
	object(p, n, "confirm", c, []field[confirmNode]{
		{"when", readText(func(c *confirmNode) *text { return &c.When })},
		{"get", readText(func(c *confirmNode) *text { return &c.Get })},
		{"query", readNamed("query", func(c *confirmNode) *[]namedText { return &c.Query }, parseNamedText)},
		{"pages", readText(func(c *confirmNode) *text { return &c.Pages })},
		{"there", readText(func(c *confirmNode) *text { return &c.There })},
		{"on", readList("on", func(c *confirmNode) *[]armNode { return &c.On }, parseArm)},
	})
	p.must(n, "confirm", "get", c.Get.given())
	p.must(n, "confirm", "there", c.There.given())
	return c
}
