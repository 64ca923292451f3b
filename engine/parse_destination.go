package engine

import "gopkg.in/yaml.v3"

func parseDestination(p *parser) destinationFile {
	var d destinationFile
	root := p.document()
	if root == nil {
		return d
	}
	object(p, root, "a destination", &d, []field[destinationFile]{
		{"destination", readText(func(d *destinationFile) *text { return &d.Name })},
		{"title", readText(func(d *destinationFile) *text { return &d.Title })},
		{"rules", readTexts(func(d *destinationFile) *[]text { return &d.Rules })},
		{"match", func(p *parser, n *yaml.Node, d *destinationFile) { d.Match = parseMatch(p, n) }},
		{"order", readList("order", func(d *destinationFile) *[][]text { return &d.Order }, (*parser).texts)},
		{"settings", readNamed("settings", func(d *destinationFile) *[]settingNode { return &d.Settings }, parseSetting)},
		{"url", readText(func(d *destinationFile) *text { return &d.URL })},
		{"headers", readNamed("headers", func(d *destinationFile) *[]namedText { return &d.Headers }, parseNamedText)},
		{"authentication", readList("authentication", func(d *destinationFile) *[]authNode { return &d.Authentication }, parseAuth)},
		{"errors", func(p *parser, n *yaml.Node, d *destinationFile) { d.Errors = parseErrors(p, n) }},
		{"paging", func(p *parser, n *yaml.Node, d *destinationFile) { d.Paging = parsePaging(p, n) }},
		{"rate_limits", readNamed("rate_limits", func(d *destinationFile) *[]rateLimitNode { return &d.RateLimits }, parseRateLimit)},
		{"retry", func(p *parser, n *yaml.Node, d *destinationFile) { d.Retry = parseRetry(p, n) }},
		{"circuit", func(p *parser, n *yaml.Node, d *destinationFile) { d.Circuit = parseCircuit(p, n) }},
		{"tables", readNamed("tables", func(d *destinationFile) *[]tableNode { return &d.Tables }, parseTable)},
		{"lookups", readNamed("lookups", func(d *destinationFile) *[]lookupNode { return &d.Lookups }, parseLookup)},
		{"procedures", readNamed("procedures", func(d *destinationFile) *[]procedureNode { return &d.Procedures }, parseProcedure)},
	})
	p.must(root, "a destination", "destination", d.Name.given())
	p.must(root, "a destination", "rules", len(d.Rules) > 0)
	p.must(root, "a destination", "match", d.Match.By.given())
	p.must(root, "a destination", "url", d.URL.given())
	p.must(root, "a destination", "authentication", len(d.Authentication) > 0)
	return d
}

func parseMatch(p *parser, n *yaml.Node) matchNode {
	var m matchNode
	object(p, n, "match", &m, []field[matchNode]{
		{"by", readText(func(m *matchNode) *text { return &m.By })},
		{"id", readText(func(m *matchNode) *text { return &m.ID })},
		{"case", readText(func(m *matchNode) *text { return &m.Case })},
	})
	p.must(n, "match", "by", m.By.given())
	return m
}

func parseSetting(p *parser, name text, n *yaml.Node) settingNode {
	s := settingNode{Name: name}
	object(p, n, "a setting", &s, []field[settingNode]{
		{"type", readText(func(s *settingNode) *text { return &s.Type })},
		{"title", readText(func(s *settingNode) *text { return &s.Title })},
		{"pattern", readText(func(s *settingNode) *text { return &s.Pattern })},
		{"check", readText(func(s *settingNode) *text { return &s.Check })},
		{"message", readText(func(s *settingNode) *text { return &s.Message })},
		{"example", readLiteral(func(s *settingNode) *literal { return &s.Example })},
		{"default", readLiteral(func(s *settingNode) *literal { return &s.Default })},
		{"required", readFlag(func(s *settingNode) *flag { return &s.Required })},
		{"secret", readFlag(func(s *settingNode) *flag { return &s.Secret })},
	})
	p.must(n, "the setting "+name.value, "type", s.Type.given())
	return s
}

func parseAuth(p *parser, n *yaml.Node) authNode {
	a := authNode{at: p.span(n)}
	object(p, n, "a way to authenticate", &a, []field[authNode]{
		{"needs", readTexts(func(a *authNode) *[]text { return &a.Needs })},
		{"bearer", readText(func(a *authNode) *text { return &a.Bearer })},
		{"basic", func(p *parser, n *yaml.Node, a *authNode) { a.Basic = parseBasic(p, n) }},
		{"headers", readNamed("headers", func(a *authNode) *[]namedText { return &a.Headers }, parseNamedText)},
		{"client_credentials", func(p *parser, n *yaml.Node, a *authNode) { a.Client = parseClient(p, n) }},
		{"warn", readText(func(a *authNode) *text { return &a.Warn })},
	})
	p.must(n, "a way to authenticate", "needs", len(a.Needs) > 0)
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

func parseBasic(p *parser, n *yaml.Node) *basicNode {
	b := &basicNode{}
	object(p, n, "basic", b, []field[basicNode]{
		{"user", readText(func(b *basicNode) *text { return &b.User })},
		{"password", readText(func(b *basicNode) *text { return &b.Password })},
	})
	p.must(n, "basic", "user", b.User.given())
	p.must(n, "basic", "password", b.Password.given())
	return b
}

func parseClient(p *parser, n *yaml.Node) *clientNode {
	c := &clientNode{at: p.span(n)}
	object(p, n, "client_credentials", c, []field[clientNode]{
		{"url", readText(func(c *clientNode) *text { return &c.URL })},
		{"id", readText(func(c *clientNode) *text { return &c.ID })},
		{"secret", readText(func(c *clientNode) *text { return &c.Key })},
		{"scope", readText(func(c *clientNode) *text { return &c.Scope })},
	})
	p.must(n, "client_credentials", "url", c.URL.given())
	p.must(n, "client_credentials", "id", c.ID.given())
	p.must(n, "client_credentials", "secret", c.Key.given())
	return c
}

func parseErrors(p *parser, n *yaml.Node) errorsNode {
	var e errorsNode
	object(p, n, "errors", &e, []field[errorsNode]{
		{"code", func(p *parser, n *yaml.Node, e *errorsNode) { e.Code = parseSource(p, n) }},
		{"text", func(p *parser, n *yaml.Node, e *errorsNode) { e.Text = parseSource(p, n) }},
	})
	return e
}

func parsePaging(p *parser, n *yaml.Node) pagingNode {
	g := pagingNode{at: p.span(n)}
	object(p, n, "paging", &g, []field[pagingNode]{
		{"next", readText(func(g *pagingNode) *text { return &g.Next })},
		{"most", readScalar(func(g *pagingNode) *text { return &g.Most })},
	})
	p.must(n, "paging", "next", g.Next.given())
	return g
}

func parseRetry(p *parser, n *yaml.Node) retryNode {
	r := retryNode{at: p.span(n)}
	object(p, n, "retry", &r, []field[retryNode]{
		{"attempts", readScalar(func(r *retryNode) *text { return &r.Attempts })},
		{"elapsed", readText(func(r *retryNode) *text { return &r.Elapsed })},
		{"backoff", func(p *parser, n *yaml.Node, r *retryNode) { r.Backoff = parseBackoff(p, n) }},
		{"when", readList("when", func(r *retryNode) *[]conditionNode { return &r.When }, parseCondition)},
		{"not_taken", readList("not_taken", func(r *retryNode) *[]conditionNode { return &r.NotTaken }, parseCondition)},
		{"stop", readList("stop", func(r *retryNode) *[]conditionNode { return &r.Stop }, parseCondition)},
	})
	return r
}

func parseRateLimit(p *parser, name text, n *yaml.Node) rateLimitNode {
	r := rateLimitNode{Name: name}
	object(p, n, "a rate limit", &r, []field[rateLimitNode]{
		{"calls", readScalar(func(r *rateLimitNode) *text { return &r.Calls })},
		{"per", readScalar(func(r *rateLimitNode) *text { return &r.Per })},
		{"of", readTexts(func(r *rateLimitNode) *[]text { return &r.Of })},
		{"except", readTexts(func(r *rateLimitNode) *[]text { return &r.Except })},
		{"each", readTexts(func(r *rateLimitNode) *[]text { return &r.Each })},
		{"remaining", readText(func(r *rateLimitNode) *text { return &r.Remaining })},
		{"reset", readText(func(r *rateLimitNode) *text { return &r.Reset })},
	})
	p.must(n, "a rate limit", "calls", r.Calls.given())
	p.must(n, "a rate limit", "per", r.Per.given())
	if r.Remaining.given() != r.Reset.given() {
		p.errorf(name.at, "", "the rate limit %s has both remaining and reset, or neither", name.value)
	}
	return r
}

func parseCircuit(p *parser, n *yaml.Node) circuitNode {
	var c circuitNode
	object(p, n, "circuit", &c, []field[circuitNode]{
		{"when", readList("when", func(c *circuitNode) *[]conditionNode { return &c.When }, parseCondition)},
		{"after", readScalar(func(c *circuitNode) *text { return &c.After })},
		{"pause", func(p *parser, n *yaml.Node, c *circuitNode) { c.Pause = parsePause(p, n) }},
		{"stop", readScalar(func(c *circuitNode) *text { return &c.Stop })},
	})
	return c
}

func parsePause(p *parser, n *yaml.Node) backoffNode {
	var b backoffNode
	object(p, n, "pause", &b, []field[backoffNode]{
		{"first", readText(func(b *backoffNode) *text { return &b.First })},
		{"most", readText(func(b *backoffNode) *text { return &b.Most })},
	})
	return b
}

func parseBackoff(p *parser, n *yaml.Node) backoffNode {
	var b backoffNode
	object(p, n, "backoff", &b, []field[backoffNode]{
		{"first", readText(func(b *backoffNode) *text { return &b.First })},
		{"most", readText(func(b *backoffNode) *text { return &b.Most })},
		{"jitter", readScalar(func(b *backoffNode) *text { return &b.Jitter })},
	})
	return b
}

func parseCondition(p *parser, n *yaml.Node) conditionNode {
	c := conditionNode{at: p.span(n)}
	object(p, n, "a condition", &c, []field[conditionNode]{
		{"status", readScalars(func(c *conditionNode) *[]text { return &c.Status })},
		{"except", readScalars(func(c *conditionNode) *[]text { return &c.Except })},
		{"network", readTexts(func(c *conditionNode) *[]text { return &c.Network })},
		{"code", readTexts(func(c *conditionNode) *[]text { return &c.Code })},
		{"wait", readText(func(c *conditionNode) *text { return &c.Wait })},
		{"attempts", readScalar(func(c *conditionNode) *text { return &c.Attempts })},
	})
	if (len(c.Status) > 0) == (len(c.Network) > 0) {
		p.errorf(c.at, "", "a condition has either status or network")
	}
	if len(c.Code) > 0 && len(c.Status) == 0 {
		p.errorf(c.Code[0].at, "", "code needs the statuses with which it comes")
	}
	return c
}

func parseTable(p *parser, name text, n *yaml.Node) tableNode {
	t := tableNode{Name: name}
	object(p, n, "a table", &t, []field[tableNode]{
		{"file", readText(func(t *tableNode) *text { return &t.File })},
		{"itself", readFlag(func(t *tableNode) *flag { return &t.Itself })},
		{"entries", readNamed("entries", func(t *tableNode) *[]namedText { return &t.Entries }, parseNamedText)},
	})
	if t.File.given() == (len(t.Entries) > 0) {
		p.errorf(name.at, "", "the table %s has either a file or entries", name.value)
	}
	return t
}

func parseLookup(p *parser, name text, n *yaml.Node) lookupNode {
	l := lookupNode{Name: name}
	object(p, n, "a lookup", &l, []field[lookupNode]{
		{"keep", readTexts(func(l *lookupNode) *[]text { return &l.Keep })},
		{"remember", func(p *parser, n *yaml.Node, l *lookupNode) { l.Remember = parseRemember(p, n) }},
		{"not_found", readScalar(func(l *lookupNode) *text { return &l.NotFound })},
		{"several", readText(func(l *lookupNode) *text { return &l.Several })},
		{"ways", readList("ways", func(l *lookupNode) *[]wayNode { return &l.Ways }, parseWay)},
	})
	p.must(n, "a lookup", "keep", len(l.Keep) > 0)
	p.must(n, "a lookup", "not_found", l.NotFound.given())
	p.must(n, "a lookup", "several", l.Several.given())
	p.must(n, "a lookup", "ways", len(l.Ways) > 0)
	return l
}

func parseWay(p *parser, n *yaml.Node) wayNode {
	w := wayNode{at: p.span(n)}
	object(p, n, "a way", &w, []field[wayNode]{
		{"by", readText(func(w *wayNode) *text { return &w.By })},
		{"when", readText(func(w *wayNode) *text { return &w.When })},
		{"steps", readList("steps", func(w *wayNode) *[]stepNode { return &w.Steps }, parseStep)},
		{"found", readText(func(w *wayNode) *text { return &w.Found })},
	})
	p.must(n, "a way", "by", w.By.given())
	p.must(n, "a way", "steps", len(w.Steps) > 0)
	p.must(n, "a way", "found", w.Found.given())
	return w
}

func parseProcedure(p *parser, name text, n *yaml.Node) procedureNode {
	d := procedureNode{Name: name}
	object(p, n, "a procedure", &d, []field[procedureNode]{
		{"inputs", readNamed("inputs", func(d *procedureNode) *[]inputNode { return &d.Inputs }, parseInput)},
		{"steps", readList("steps", func(d *procedureNode) *[]stepNode { return &d.Steps }, parseStep)},
		{"result", func(p *parser, n *yaml.Node, d *procedureNode) { s := parseResult(p, n); d.Result = &s }},
	})
	p.must(n, "a procedure", "steps", len(d.Steps) > 0)
	return d
}

func parseInput(p *parser, name text, n *yaml.Node) inputNode {
	in := inputNode{Name: name}
	if n.Kind == yaml.ScalarNode {
		in.Type = p.text(n)
		return in
	}
	object(p, n, "an input", &in, []field[inputNode]{
		{"constant", func(p *parser, n *yaml.Node, in *inputNode) {
			if n.Kind == yaml.ScalarNode && n.Value == "list" {
				in.List = true
				return
			}
			in.Constant = p.texts(n)
		}},
	})
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
