package engine

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The tables of the keys of the rule language, one function a construct.

func ruleKeys() keys[ruleFile] {
	return keys[ruleFile]{what: "a rule", fields: []field[ruleFile]{
		{"rule", must(readText(func(r *ruleFile) *text { return &r.Name }))},
		{"event", must(readTexts(func(r *ruleFile) *[]text { return &r.Event }))},
		{"after", readText(func(r *ruleFile) *text { return &r.After })},
		{"vars", readNamed("vars", func(r *ruleFile) *[]namedSource { return &r.Vars }, parseVar, valueForm)},
		{"when", readText(func(r *ruleFile) *text { return &r.When })},
		{"require", readList("require", func(r *ruleFile) *[]requireNode { return &r.Require }, parseRequire, formOf(requireKeys))},
		{"mappings", readNamed("mappings", func(r *ruleFile) *[]mappingNode { return &r.Mappings }, parseMapping, mappingForm)},
		{"steps", must(readList("steps", func(r *ruleFile) *[]stepNode { return &r.Steps }, parseStep, formOf(stepKeys)))},
		{"result", readNamed("result", func(r *ruleFile) *[]namedSource { return &r.Result }, parseNamedResult, resultForm)},
	}}
}

func parseRule(p *parser) ruleFile {
	var rule ruleFile
	root := p.document()
	if root == nil {
		return rule
	}
	object(p, root, &rule, ruleKeys())
	return rule
}

func requireKeys() keys[requireNode] {
	return keys[requireNode]{what: "a requirement", fields: []field[requireNode]{
		{"from", must(readTexts(func(r *requireNode) *[]text { return &r.From }))},
		{"message", must(readText(func(r *requireNode) *text { return &r.Message }))},
		{"when", readText(func(r *requireNode) *text { return &r.When })},
	}}
}

func parseRequire(p *parser, n *yaml.Node) requireNode {
	r := requireNode{at: p.span(n)}
	object(p, n, &r, requireKeys())
	return r
}

func mappingForm() Form { return listForm(formOf(mappingLineKeys))() }

func parseMapping(p *parser, name text, n *yaml.Node) mappingNode {
	m := mappingNode{Name: name}
	p.list(n, "a mapping", func(n *yaml.Node) { m.Lines = append(m.Lines, parseMappingLine(p, n)) })
	return m
}

func sourceFields[T any](source func(*T) *sourceNode) []field[T] {
	return []field[T]{
		{"from", readTexts(func(t *T) *[]text { return &source(t).From })},
		{"value", readLiteral(func(t *T) *literal { return &source(t).Value })},
		{"expr", readText(func(t *T) *text { return &source(t).Expr })},
		{"as", words(readText(func(t *T) *text { return &source(t).As }), conversionNames()...)},
		{"table", readText(func(t *T) *text { return &source(t).Table })},
		{"default", readLiteral(func(t *T) *literal { return &source(t).Default })},
		{"when", readText(func(t *T) *text { return &source(t).When })},
	}
}

func requiredField[T any](source func(*T) *sourceNode) field[T] {
	return field[T]{"required", readFlag(func(t *T) *flag { return &source(t).Required })}
}

func sourceKeys(more ...field[sourceNode]) keys[sourceNode] {
	self := func(s *sourceNode) *sourceNode { return s }
	return keys[sourceNode]{what: "a value", fields: append(sourceFields(self), more...)}
}

// resultKeys are those of a value that rules can insist on.
func resultKeys() keys[sourceNode] {
	return sourceKeys(requiredField(func(s *sourceNode) *sourceNode { return s }))
}

func valueForm() Form  { return anyForm(textsForm, sourceKeys().form)() }
func resultForm() Form { return anyForm(textsForm, resultKeys().form)() }

func readValue[T any](at func(*T) *sourceNode) valueReader[T] {
	return readObject(at, func(p *parser, n *yaml.Node) sourceNode { return parseSource(p, n, sourceKeys()) }, valueForm)
}

// parseSource reads what a value is made from; a bare text is a path.
func parseSource(p *parser, n *yaml.Node, k keys[sourceNode]) sourceNode {
	s := sourceNode{at: p.span(n)}
	before := len(p.found)
	if n.Kind == yaml.MappingNode {
		object(p, n, &s, k)
	} else {
		s.From = p.texts(n)
	}
	s.broken = len(p.found) > before
	return s
}

func parseVar(p *parser, name text, n *yaml.Node) namedSource {
	return namedSource{name, parseSource(p, n, sourceKeys())}
}

func parseResult(p *parser, n *yaml.Node) sourceNode { return parseSource(p, n, resultKeys()) }

func parseNamedResult(p *parser, name text, n *yaml.Node) namedSource {
	return namedSource{name, parseResult(p, n)}
}

func lineFields() []field[lineNode] {
	source := func(l *lineNode) *sourceNode { return &l.sourceNode }
	return append(sourceFields(source), []field[lineNode]{
		{"to", must(readText(func(l *lineNode) *text { return &l.To }))},
		{"rest", readText(func(l *lineNode) *text { return &l.Rest })},
		{"keys", words(readText(func(l *lineNode) *text { return &l.Keys }), "identifier")},
		{"keep", words(readScalars(func(l *lineNode) *[]text { return &l.Keep }), keepWords()...)},
		{"except", readTexts(func(l *lineNode) *[]text { return &l.Except })},
	}...)
}

func mappingLineKeys() keys[lineNode] {
	source := func(l *lineNode) *sourceNode { return &l.sourceNode }
	return keys[lineNode]{what: "a mapping line", fields: append(lineFields(), requiredField(source))}
}

// bodyLineKeys are those of a mapping line, but required: whether an event can
// be sent is settled before the first request, so not in a body.
func bodyLineKeys() keys[lineNode] {
	return keys[lineNode]{what: "a body line", fields: lineFields()}
}

func parseMappingLine(p *parser, n *yaml.Node) lineNode { return parseLine(p, n, mappingLineKeys()) }
func parseBodyLine(p *parser, n *yaml.Node) lineNode    { return parseLine(p, n, bodyLineKeys()) }

// parseLine reads a line. One without a target is not broken: more can be said
// of it.
func parseLine(p *parser, n *yaml.Node, k keys[lineNode]) lineNode {
	l := lineNode{sourceNode: sourceNode{at: p.span(n)}}
	before := len(p.found)
	members(p, n, &l, k)
	l.broken = len(p.found) > before
	complete(p, n, k.what, k)
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

// stepKeys are those of all kinds of steps; [parser.kind] says which go together.
func stepKeys() keys[stepNode] {
	k := keys[stepNode]{what: "a step", fields: stepFields(), variants: stepKinds()}
	for kind := range k.variants {
		k.fields = append(k.fields, field[stepNode]{kind, readText(func(s *stepNode) *text { return &s.Arg })})
	}
	slices.SortFunc(k.fields, func(a, b field[stepNode]) int { return strings.Compare(a.name, b.name) })
	return k
}

func parseStep(p *parser, n *yaml.Node) stepNode {
	s := stepNode{at: p.span(n)}
	all := stepKeys()
	var keys []text
	object(p, n, &s, all)
	p.entries(n, all.what, func(key text, _ *yaml.Node) { keys = append(keys, key) })
	p.kind(n, &s, keys, all.variants)
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
		{"query", readNamed("query", func(s *stepNode) *[]namedText { return &s.Query }, parseNamedText, textForm)},
		{"body", readList("body", func(s *stepNode) *[]lineNode { return &s.Body }, parseBodyLine, formOf(bodyLineKeys))},
		{"pages", readText(func(s *stepNode) *text { return &s.Pages })},
		{"pick", readText(func(s *stepNode) *text { return &s.Pick })},
		{"remember", readObject(func(s *stepNode) *rememberNode { return &s.Remember }, parseRemember, formOf(rememberKeys))},
		{"learn", readNamed("learn", func(s *stepNode) *[]learnNode { return &s.Learn }, parseLearn, textsForm)},
		{"forget", readNamed("forget", func(s *stepNode) *[]learnNode { return &s.Forget }, parseLearn, textsForm)},
		{"idempotent", readFlag(func(s *stepNode) *flag { return &s.Idempotent })},
		{"only_reads", readFlag(func(s *stepNode) *flag { return &s.OnlyReads })},
		{"on", readList("on", func(s *stepNode) *[]armNode { return &s.On }, parseArm, formOf(armKeys))},
		{"confirm", readObject(func(s *stepNode) **confirmNode { return &s.Confirm }, parseConfirm, formOf(confirmKeys))},
		{"with", valueReader[stepNode]{form: namedForm(withForm), read: func(p *parser, n *yaml.Node, s *stepNode) {
			s.badWith = n.Kind != yaml.MappingNode
			p.entries(n, "with", func(name text, value *yaml.Node) { s.With = append(s.With, parseWith(p, name, value)) })
		}}},
	}...)
}

func parseNamedText(p *parser, name text, n *yaml.Node) namedText {
	return namedText{name, p.text(n)}
}

func rememberKeys() keys[rememberNode] {
	return keys[rememberNode]{what: "remember", fields: []field[rememberNode]{
		{"for", must(readText(func(r *rememberNode) *text { return &r.For }))},
		{"case", words(readText(func(r *rememberNode) *text { return &r.Case }), "ignore")},
	}}
}

func parseRemember(p *parser, n *yaml.Node) rememberNode {
	r := rememberNode{at: p.span(n)}
	object(p, n, &r, rememberKeys())
	return r
}

func parseLearn(p *parser, name text, n *yaml.Node) learnNode {
	return learnNode{name, p.texts(n)}
}

func withKeys() keys[withNode] {
	return keys[withNode]{what: "an input", fields: []field[withNode]{
		{"expr", readText(func(w *withNode) *text { return &w.Expr })},
	}}
}

// withForm leaves open what a constant input is: that stands with the procedure.
func withForm() Form {
	return anyForm(scalarForm, listForm(literalForm), formOf(withKeys))()
}

// parseWith keeps both readings of an input: which one holds depends on its
// declaration, which another file may have.
func parseWith(p *parser, name text, n *yaml.Node) withNode {
	w := withNode{Name: name}
	if n.Kind == yaml.MappingNode {
		object(p, n, &w, withKeys())
		return w
	}
	w.Paths = p.texts(n)
	w.Literal = p.literal(n)
	return w
}

func armKeys() keys[armNode] {
	return keys[armNode]{what: "an arm of on", fields: []field[armNode]{
		{"status", must(readScalars(func(a *armNode) *[]text { return &a.Status }))},
		{"when", readText(func(a *armNode) *text { return &a.When })},
		{"then", must(words(readText(func(a *armNode) *text { return &a.Then }), armActions()...))},
		{"at", readText(func(a *armNode) *text { return &a.At })},
		{"as", readText(func(a *armNode) *text { return &a.As })},
		{"message", readText(func(a *armNode) *text { return &a.Message })},
		{"remember", readObject(func(a *armNode) *rememberNode { return &a.Remember }, parseRemember, formOf(rememberKeys))},
	}}
}

func parseArm(p *parser, n *yaml.Node) armNode {
	a := armNode{at: p.span(n)}
	object(p, n, &a, armKeys())
	return a
}

func confirmKeys() keys[confirmNode] {
	return keys[confirmNode]{what: "confirm", fields: []field[confirmNode]{
		{"when", readText(func(c *confirmNode) *text { return &c.When })},
		{"get", must(readText(func(c *confirmNode) *text { return &c.Get }))},
		{"query", readNamed("query", func(c *confirmNode) *[]namedText { return &c.Query }, parseNamedText, textForm)},
		{"pages", readText(func(c *confirmNode) *text { return &c.Pages })},
		{"there", must(readText(func(c *confirmNode) *text { return &c.There }))},
		{"on", readList("on", func(c *confirmNode) *[]armNode { return &c.On }, parseArm, formOf(armKeys))},
	}}
}

func parseConfirm(p *parser, n *yaml.Node) *confirmNode {
	c := &confirmNode{at: p.span(n)}
	object(p, n, c, confirmKeys())
	return c
}
