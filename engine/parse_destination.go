package engine

import "gopkg.in/yaml.v3"

func destinationKeys() keys[destinationFile] {
	return keys[destinationFile]{what: "a destination", fields: []field[destinationFile]{
		{"destination", must(readText(func(d *destinationFile) *text { return &d.Name }))},
		{"title", readText(func(d *destinationFile) *text { return &d.Title })},
		{"rules", must(readTexts(func(d *destinationFile) *[]text { return &d.Rules }))},
		{"match", must(readObject(func(d *destinationFile) *matchNode { return &d.Match }, parseMatch, formOf(matchKeys)))},
		{"order", readList("order", func(d *destinationFile) *[][]text { return &d.Order }, (*parser).texts, textsForm)},
		{"settings", readNamed("settings", func(d *destinationFile) *[]settingNode { return &d.Settings }, parseSetting, formOf(settingKeys))},
		{"url", must(readText(func(d *destinationFile) *text { return &d.URL }))},
		{"headers", readNamed("headers", func(d *destinationFile) *[]namedText { return &d.Headers }, parseNamedText, textForm)},
		{"authentication", must(readList("authentication", func(d *destinationFile) *[]authNode { return &d.Authentication }, parseAuth, formOf(authKeys)))},
		{"errors", readObject(func(d *destinationFile) *errorsNode { return &d.Errors }, parseErrors, formOf(errorsKeys))},
		{"paging", readObject(func(d *destinationFile) *pagingNode { return &d.Paging }, parsePaging, formOf(pagingKeys))},
		{"rate_limits", readNamed("rate_limits", func(d *destinationFile) *[]rateLimitNode { return &d.RateLimits }, parseRateLimit, formOf(rateLimitKeys))},
		{"retry", readObject(func(d *destinationFile) *retryNode { return &d.Retry }, parseRetry, formOf(retryKeys))},
		{"circuit", readObject(func(d *destinationFile) *circuitNode { return &d.Circuit }, parseCircuit, formOf(circuitKeys))},
		{"tables", readNamed("tables", func(d *destinationFile) *[]tableNode { return &d.Tables }, parseTable, formOf(tableKeys))},
		{"lookups", readNamed("lookups", func(d *destinationFile) *[]lookupNode { return &d.Lookups }, parseLookup, formOf(lookupKeys))},
		{"procedures", readNamed("procedures", func(d *destinationFile) *[]procedureNode { return &d.Procedures }, parseProcedure, formOf(procedureKeys))},
	}}
}

func parseDestination(p *parser) destinationFile {
	var d destinationFile
	root := p.document()
	if root == nil {
		return d
	}
	object(p, root, &d, destinationKeys())
	return d
}

func matchKeys() keys[matchNode] {
	return keys[matchNode]{what: "match", fields: []field[matchNode]{
		{"by", must(readText(func(m *matchNode) *text { return &m.By }))},
		{"id", readText(func(m *matchNode) *text { return &m.ID })},
		{"case", words(readText(func(m *matchNode) *text { return &m.Case }), "ignore")},
	}}
}

func parseMatch(p *parser, n *yaml.Node) matchNode {
	var m matchNode
	object(p, n, &m, matchKeys())
	return m
}

func settingKeys() keys[settingNode] {
	return keys[settingNode]{what: "a setting", fields: []field[settingNode]{
		{"type", must(words(readText(func(s *settingNode) *text { return &s.Type }), settingTypes()...))},
		{"title", readText(func(s *settingNode) *text { return &s.Title })},
		{"pattern", readText(func(s *settingNode) *text { return &s.Pattern })},
		{"check", readText(func(s *settingNode) *text { return &s.Check })},
		{"message", readText(func(s *settingNode) *text { return &s.Message })},
		{"example", readLiteral(func(s *settingNode) *literal { return &s.Example })},
		{"default", readLiteral(func(s *settingNode) *literal { return &s.Default })},
		{"required", readFlag(func(s *settingNode) *flag { return &s.Required })},
		{"secret", readFlag(func(s *settingNode) *flag { return &s.Secret })},
	}}
}

func parseSetting(p *parser, name text, n *yaml.Node) settingNode {
	s := settingNode{Name: name}
	members(p, n, &s, settingKeys())
	complete(p, n, "the setting "+name.value, settingKeys())
	return s
}

func authKeys() keys[authNode] {
	return keys[authNode]{what: "a way to authenticate", fields: []field[authNode]{
		{"needs", must(readTexts(func(a *authNode) *[]text { return &a.Needs }))},
		{"bearer", readText(func(a *authNode) *text { return &a.Bearer })},
		{"basic", readObject(func(a *authNode) **basicNode { return &a.Basic }, parseBasic, formOf(basicKeys))},
		{"headers", readNamed("headers", func(a *authNode) *[]namedText { return &a.Headers }, parseNamedText, textForm)},
		{"client_credentials", readObject(func(a *authNode) **clientNode { return &a.Client }, parseClient, formOf(clientKeys))},
		{"warn", readText(func(a *authNode) *text { return &a.Warn })},
	}}
}

func parseAuth(p *parser, n *yaml.Node) authNode {
	a := authNode{at: p.span(n)}
	object(p, n, &a, authKeys())
	ways := 0
	for _, given := range []bool{a.Bearer.given(), a.Basic != nil, len(a.Headers) > 0, a.Client != nil} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		p.errorf(a.at, "", "a way to authenticate has one of bearer, basic, client_credentials and headers")
	}
	return a
}

func basicKeys() keys[basicNode] {
	return keys[basicNode]{what: "basic", fields: []field[basicNode]{
		{"user", must(readText(func(b *basicNode) *text { return &b.User }))},
		{"password", must(readText(func(b *basicNode) *text { return &b.Password }))},
	}}
}

func parseBasic(p *parser, n *yaml.Node) *basicNode {
	b := &basicNode{}
	object(p, n, b, basicKeys())
	return b
}

func clientKeys() keys[clientNode] {
	return keys[clientNode]{what: "client_credentials", fields: []field[clientNode]{
		{"url", must(readText(func(c *clientNode) *text { return &c.URL }))},
		{"id", must(readText(func(c *clientNode) *text { return &c.ID }))},
		{"secret", must(readText(func(c *clientNode) *text { return &c.Key }))},
		{"scope", readText(func(c *clientNode) *text { return &c.Scope })},
	}}
}

func parseClient(p *parser, n *yaml.Node) *clientNode {
	c := &clientNode{at: p.span(n)}
	object(p, n, c, clientKeys())
	return c
}

func errorsKeys() keys[errorsNode] {
	return keys[errorsNode]{what: "errors", fields: []field[errorsNode]{
		{"code", readValue(func(e *errorsNode) *sourceNode { return &e.Code })},
		{"text", readValue(func(e *errorsNode) *sourceNode { return &e.Text })},
	}}
}

func parseErrors(p *parser, n *yaml.Node) errorsNode {
	var e errorsNode
	object(p, n, &e, errorsKeys())
	return e
}

func pagingKeys() keys[pagingNode] {
	return keys[pagingNode]{what: "paging", fields: []field[pagingNode]{
		{"next", must(readText(func(g *pagingNode) *text { return &g.Next }))},
		{"most", readScalar(func(g *pagingNode) *text { return &g.Most })},
	}}
}

func parsePaging(p *parser, n *yaml.Node) pagingNode {
	g := pagingNode{at: p.span(n)}
	object(p, n, &g, pagingKeys())
	return g
}

func retryKeys() keys[retryNode] {
	return keys[retryNode]{what: "retry", fields: []field[retryNode]{
		{"attempts", readScalar(func(r *retryNode) *text { return &r.Attempts })},
		{"elapsed", readText(func(r *retryNode) *text { return &r.Elapsed })},
		{"backoff", readObject(func(r *retryNode) *backoffNode { return &r.Backoff }, parseBackoff, formOf(backoffKeys))},
		{"when", readList("when", func(r *retryNode) *[]conditionNode { return &r.When }, parseCondition, formOf(conditionKeys))},
		{"not_taken", readList("not_taken", func(r *retryNode) *[]conditionNode { return &r.NotTaken }, parseCondition, formOf(conditionKeys))},
		{"stop", readList("stop", func(r *retryNode) *[]conditionNode { return &r.Stop }, parseCondition, formOf(conditionKeys))},
	}}
}

func parseRetry(p *parser, n *yaml.Node) retryNode {
	r := retryNode{at: p.span(n)}
	object(p, n, &r, retryKeys())
	return r
}

func rateLimitKeys() keys[rateLimitNode] {
	return keys[rateLimitNode]{what: "a rate limit", fields: []field[rateLimitNode]{
		{"calls", must(readScalar(func(r *rateLimitNode) *text { return &r.Calls }))},
		{"per", must(readScalar(func(r *rateLimitNode) *text { return &r.Per }))},
		{"of", readTexts(func(r *rateLimitNode) *[]text { return &r.Of })},
		{"except", readTexts(func(r *rateLimitNode) *[]text { return &r.Except })},
		{"each", readTexts(func(r *rateLimitNode) *[]text { return &r.Each })},
		{"remaining", readText(func(r *rateLimitNode) *text { return &r.Remaining })},
		{"reset", readText(func(r *rateLimitNode) *text { return &r.Reset })},
	}}
}

func parseRateLimit(p *parser, name text, n *yaml.Node) rateLimitNode {
	r := rateLimitNode{Name: name}
	object(p, n, &r, rateLimitKeys())
	if r.Remaining.given() != r.Reset.given() {
		p.errorf(name.at, "", "the rate limit %s has both remaining and reset, or neither", name.value)
	}
	return r
}

func circuitKeys() keys[circuitNode] {
	return keys[circuitNode]{what: "circuit", fields: []field[circuitNode]{
		{"when", readList("when", func(c *circuitNode) *[]conditionNode { return &c.When }, parseCondition, formOf(conditionKeys))},
		{"after", readScalar(func(c *circuitNode) *text { return &c.After })},
		{"pause", readObject(func(c *circuitNode) *backoffNode { return &c.Pause }, parsePause, formOf(pauseKeys))},
		{"stop", readScalar(func(c *circuitNode) *text { return &c.Stop })},
	}}
}

func parseCircuit(p *parser, n *yaml.Node) circuitNode {
	var c circuitNode
	object(p, n, &c, circuitKeys())
	return c
}

func pauseKeys() keys[backoffNode] {
	return keys[backoffNode]{what: "pause", fields: []field[backoffNode]{
		{"first", readText(func(b *backoffNode) *text { return &b.First })},
		{"most", readText(func(b *backoffNode) *text { return &b.Most })},
	}}
}

func parsePause(p *parser, n *yaml.Node) backoffNode {
	var b backoffNode
	object(p, n, &b, pauseKeys())
	return b
}

func backoffKeys() keys[backoffNode] {
	return keys[backoffNode]{what: "backoff", fields: []field[backoffNode]{
		{"first", readText(func(b *backoffNode) *text { return &b.First })},
		{"most", readText(func(b *backoffNode) *text { return &b.Most })},
		{"jitter", readScalar(func(b *backoffNode) *text { return &b.Jitter })},
	}}
}

func parseBackoff(p *parser, n *yaml.Node) backoffNode {
	var b backoffNode
	object(p, n, &b, backoffKeys())
	return b
}

func conditionKeys() keys[conditionNode] {
	return keys[conditionNode]{what: "a condition", fields: []field[conditionNode]{
		{"status", readScalars(func(c *conditionNode) *[]text { return &c.Status })},
		{"except", readScalars(func(c *conditionNode) *[]text { return &c.Except })},
		{"network", words(readTexts(func(c *conditionNode) *[]text { return &c.Network }), failureNames()...)},
		{"code", readTexts(func(c *conditionNode) *[]text { return &c.Code })},
		{"wait", words(readText(func(c *conditionNode) *text { return &c.Wait }), retryWaits()...)},
		{"attempts", readScalar(func(c *conditionNode) *text { return &c.Attempts })},
	}}
}

func parseCondition(p *parser, n *yaml.Node) conditionNode {
	c := conditionNode{at: p.span(n)}
	object(p, n, &c, conditionKeys())
	if (len(c.Status) > 0) == (len(c.Network) > 0) {
		p.errorf(c.at, "", "a condition has either status or network")
	}
	if len(c.Code) > 0 && len(c.Status) == 0 {
		p.errorf(c.Code[0].at, "", "code needs the statuses with which it comes")
	}
	return c
}

func tableKeys() keys[tableNode] {
	return keys[tableNode]{what: "a table", fields: []field[tableNode]{
		{"file", readText(func(t *tableNode) *text { return &t.File })},
		{"itself", readFlag(func(t *tableNode) *flag { return &t.Itself })},
		{"entries", readNamed("entries", func(t *tableNode) *[]namedText { return &t.Entries }, parseNamedText, textForm)},
	}}
}

func parseTable(p *parser, name text, n *yaml.Node) tableNode {
	t := tableNode{Name: name}
	object(p, n, &t, tableKeys())
	if t.File.given() == (len(t.Entries) > 0) {
		p.errorf(name.at, "", "the table %s has either a file or entries", name.value)
	}
	return t
}

func lookupKeys() keys[lookupNode] {
	return keys[lookupNode]{what: "a lookup", fields: []field[lookupNode]{
		{"keep", must(readTexts(func(l *lookupNode) *[]text { return &l.Keep }))},
		{"remember", readObject(func(l *lookupNode) *rememberNode { return &l.Remember }, parseRemember, formOf(rememberKeys))},
		{"not_found", must(words(readScalar(func(l *lookupNode) *text { return &l.NotFound }), "nil"))},
		{"several", must(words(readText(func(l *lookupNode) *text { return &l.Several }), "fail"))},
		{"ways", must(readList("ways", func(l *lookupNode) *[]wayNode { return &l.Ways }, parseWay, formOf(wayKeys)))},
	}}
}

func parseLookup(p *parser, name text, n *yaml.Node) lookupNode {
	l := lookupNode{Name: name}
	object(p, n, &l, lookupKeys())
	return l
}

func wayKeys() keys[wayNode] {
	return keys[wayNode]{what: "a way", fields: []field[wayNode]{
		{"by", must(readText(func(w *wayNode) *text { return &w.By }))},
		{"when", readText(func(w *wayNode) *text { return &w.When })},
		{"steps", must(readList("steps", func(w *wayNode) *[]stepNode { return &w.Steps }, parseStep, formOf(stepKeys)))},
		{"found", must(readText(func(w *wayNode) *text { return &w.Found }))},
	}}
}

func parseWay(p *parser, n *yaml.Node) wayNode {
	w := wayNode{at: p.span(n)}
	object(p, n, &w, wayKeys())
	return w
}

func procedureKeys() keys[procedureNode] {
	return keys[procedureNode]{what: "a procedure", fields: []field[procedureNode]{
		{"inputs", readNamed("inputs", func(d *procedureNode) *[]inputNode { return &d.Inputs }, parseInput, inputForm)},
		{"steps", must(readList("steps", func(d *procedureNode) *[]stepNode { return &d.Steps }, parseStep, formOf(stepKeys)))},
		{"result", valueReader[procedureNode]{form: resultForm, read: func(p *parser, n *yaml.Node, d *procedureNode) {
			s := parseResult(p, n)
			d.Result = &s
		}}},
	}}
}

func parseProcedure(p *parser, name text, n *yaml.Node) procedureNode {
	d := procedureNode{Name: name}
	object(p, n, &d, procedureKeys())
	return d
}

func inputKeys() keys[inputNode] {
	return keys[inputNode]{what: "an input", fields: []field[inputNode]{
		{"constant", valueReader[inputNode]{form: textsForm, read: func(p *parser, n *yaml.Node, in *inputNode) {
			if n.Kind == yaml.ScalarNode && n.Value == "list" {
				in.List = true
				return
			}
			in.Constant = p.texts(n)
		}}},
	}}
}

// inputForm is a type, or the keys of a constant.
func inputForm() Form {
	return anyForm(func() Form { return Form{Words: conversionNames()} }, formOf(inputKeys))()
}

func parseInput(p *parser, name text, n *yaml.Node) inputNode {
	in := inputNode{Name: name}
	if n.Kind == yaml.ScalarNode {
		in.Type = p.text(n)
		return in
	}
	object(p, n, &in, inputKeys())
	if !in.List && len(in.Constant) == 0 {
		p.errorf(name.at, "", "the input %s needs a type, or constant with the values it may have", name.value)
	}
	return in
}

// parseTableFile reads a file of key and value pairs, all text.
func parseTableFile(p *parser) []namedText {
	root := p.document()
	if root == nil {
		return nil
	}
	var entries []namedText
	p.entries(root, "a table", func(key text, value *yaml.Node) {
		entries = append(entries, namedText{key, p.text(value)})
	})
	return entries
}
