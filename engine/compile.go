package engine

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/internal/spell"
)

// compile turns the trees of a destination and its rules into a Program. It
// goes on after each finding, so that all of them are reported at once.
func compile(c *compiler, d destinationFile, rules []*ruleFile) *Program {
	c.vocabulary = newVocabulary()
	c.program = &Program{name: d.Name.value, title: d.Title.value, scopeSize: firstFreeSlot + 1, maxPages: 1000}
	c.tables, c.lookups = map[string]*table{}, map[string]*lookup{}
	c.procedures, c.instances = map[string]*procedureNode{}, map[string]*procedure{}
	c.readSettings = map[string]bool{}
	c.rules, c.targets = map[string]*ruleInfo{}, map[*target]span{}
	c.settings(d.Settings)
	c.connection(d)
	c.rateLimits(d.RateLimits)
	c.retry(d.Retry)
	c.circuit(d.Circuit)
	c.inlineTables(d.Tables)
	for i := range d.Procedures {
		c.procedures[d.Procedures[i].Name.value] = &d.Procedures[i]
	}
	for i := range d.Lookups {
		c.lookup(&d.Lookups[i])
	}
	for _, r := range rules {
		c.rule(r)
	}
	for i := range d.Procedures {
		c.unusedProcedure(&d.Procedures[i])
	}
	c.settingWarnings(d)
	for _, n := range d.Tables {
		if t := c.tables[n.Name.value]; !t.used {
			c.warnf(n.Name.at, "Remove it, or use it by table.", "the table %s is not used", t.name)
		}
	}
	for _, n := range d.Lookups {
		if l := c.lookups[n.Name.value]; !l.used {
			c.warnf(n.Name.at, "Remove it, or use it by find.", "the lookup %s is not used", l.name)
		}
	}
	return c.program
}

// settingWarnings warns of settings that nothing reads, which would be filled in
// for nothing, and of those that golden cases cannot do without an example of.
func (c *compiler) settingWarnings(d destinationFile) {
	wanted := map[string]bool{}
	for i, a := range d.Authentication {
		for _, need := range a.Needs {
			c.readSettings[need.value] = true
			wanted[need.value] = wanted[need.value] || i == 0
		}
	}
	for _, n := range d.Settings {
		if (n.Required.value || wanted[n.Name.value]) && !n.Example.given() {
			c.warnf(n.Name.at, "Give it an example, which golden cases and dry runs use.", "the setting %s is needed and has no example", n.Name.value)
		}
		if !c.readSettings[n.Name.value] && !c.readSettings[allSettings] {
			c.warnf(n.Name.at, "Remove it, or use it.", "the setting %s is never read", n.Name.value)
		}
	}
}

// ruleScope is what every part of a rule may name; lookups and procedures see
// the settings and their inputs only.
func (c *compiler) ruleScope() *scope {
	s := c.bareScope()
	s.names["event"] = &name{slot: slotEvent, origins: []origin{{}}}
	return s
}

func (c *compiler) bareScope() *scope {
	s := newScope()
	*s.slots = firstFreeSlot
	s.names["config"] = c.config
	return s
}

// replyScope is for what the destination says of all replies.
func (c *compiler) replyScope() *scope {
	s := c.bareScope()
	s.names["reply"] = &name{slot: slotReply}
	return s
}

func (c *compiler) settings(nodes []settingNode) {
	public, all := &shape{members: map[string]*shape{}}, &shape{members: map[string]*shape{}}
	for _, n := range nodes {
		s := &setting{Setting: Setting{Name: n.Name.value, Type: n.Type.value, Title: n.Title.value,
			Required: n.Required.value, Secret: n.Secret.value}}
		member := &shape{boolean: n.Type.value == "boolean", kind: n.Type.value, members: map[string]*shape{}}
		all.members[s.Name] = member
		if !s.Secret {
			public.members[s.Name] = member
		}
		c.setting(s, n)
		c.program.settings = append(c.program.settings, s)
	}
	public.open, all.open = c.blind, c.blind
	c.config = &name{slot: slotConfig, shape: public}
	c.secrets = &name{slot: slotConfig, shape: all}
}

func (c *compiler) setting(s *setting, n settingNode) {
	types := settingTypes()
	if n.Type.given() && !slices.Contains(types, s.Type) {
		c.errorf(n.Type.at, spell.Advice(s.Type, types), "unknown type %q", s.Type)
	}
	if n.Default.given() {
		s.fallback, s.Default = n.Default.json, rawValue(n.Default.json).decode()
		if s.Secret {
			c.errorf(n.Default.at, "Remove it: a credential in a rule file is known to all who read it.", "a secret has no default")
		}
	}
	if s.Required && n.Default.given() {
		c.errorf(n.Default.at, "Keep one of the two.", "required and default exclude each other")
	}
	s.example = n.Example.json
	c.settingChecks(s, n)
	c.fits(s, n.Default, "default")
	c.fits(s, n.Example, "example")
}

// fits reports a value of a setting's own declaration that it would refuse.
func (c *compiler) fits(s *setting, l literal, what string) {
	if !l.given() || !slices.Contains(settingTypes(), s.Type) {
		return
	}
	switch _, problem := s.take(rawValue(l.json).decode()); {
	case problem == "":
	case problem == s.message:
		c.errorf(l.at, "", "the %s of %s does not pass its check: %s", what, s.Name, problem)
	default:
		c.errorf(l.at, "", "the %s of %s %s", what, s.Name, problem)
	}
}

func (c *compiler) settingChecks(s *setting, n settingNode) {
	if n.Pattern.given() {
		_, own := regexp.Compile(n.Pattern.value) // its error quotes what the author wrote
		pattern, err := regexp.Compile(`\A(?:` + n.Pattern.value + `)\z`)
		if err = cmp.Or(own, err); err != nil {
			c.errorf(n.Pattern.at, "", "the pattern does not compile: %v", err)
			return
		}
		s.pattern, s.wants = pattern.MatchString, n.Pattern.value
	}
	if n.Check.given() {
		in := newScope()
		*in.slots = firstFreeSlot
		in.declare("value", span{}).shape = kindShape(s.Type)
		s.check = c.compileCondition(n.Check, in)
		s.message = n.Message.value
		if !n.Message.given() {
			c.errorf(n.Check.at, "", "a check needs a message that says what is allowed")
		}
	}
}

// connection compiles how the destination is reached and understood.
func (c *compiler) connection(d destinationFile) {
	p := c.program
	p.by = c.eventPath(d.Match.By)
	if d.Match.ID.given() {
		id := c.eventPath(d.Match.ID)
		p.id = &id
	}
	p.fold = d.Match.Case.value == "ignore"
	if d.Match.Case.given() && !p.fold {
		c.errorf(d.Match.Case.at, "Remove the key where case matters.", "case is ignore, or not given")
	}
	for _, paths := range d.Order {
		p.order = append(p.order, c.eventReads(paths))
	}
	withSecrets := newScope()
	withSecrets.names["config"] = c.secrets
	p.url = c.template(d.URL, withSecrets)
	c.baseURL(d.URL)
	for _, h := range d.Headers {
		c.headerName(h.Name)
		if strings.EqualFold(h.Name.value, "Authorization") {
			c.errorf(h.Name.at, "Credentials belong to authentication, as bearer, basic or headers.", "the header %s is not for rules to set", h.Name.value)
		}
		p.headers = append(p.headers, header{h.Name.value, c.headerValue(h.Value, withSecrets)})
	}
	for _, a := range d.Authentication {
		p.auth = append(p.auth, c.authentication(a, withSecrets))
	}
	p.errorCode = c.source(d.Errors.Code, c.replyScope())
	p.errorText = c.source(d.Errors.Text, c.replyScope())
	p.nextPage = c.compileExpression(d.Paging.Next, c.replyScope())
	if t := d.Paging.Most; t.given() {
		p.maxPages = c.count(t, 1, 100000)
	}
}

var headerToken = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

// headerName refuses what HTTP does not allow, and what others set.
func (c *compiler) headerName(t text) {
	if !headerToken.MatchString(t.value) {
		c.errorf(t.at, "", "%q is no name of a header", t.value)
	}
	if slices.ContainsFunc([]string{"Host", "Content-Length", "Content-Type"}, func(own string) bool { return strings.EqualFold(own, t.value) }) {
		c.errorf(t.at, "It follows from the request.", "the header %s is not for rules to set", t.value)
	}
}

// headerValue compiles a value of a header, which a line break would end.
func (c *compiler) headerValue(t text, in *scope) *template {
	if strings.ContainsFunc(t.value, isControl) {
		c.errorf(t.at, "Remove it. In double quotes a backslash begins an escape, such as \\n.", "the value of a header cannot hold a control character")
	}
	return c.template(t, in)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// baseURL checks what a URL says before the first setting in it, which the
// runner would refuse only when it runs.
func (c *compiler) baseURL(t text) {
	if strings.ContainsAny(t.value, "?#@") {
		c.errorf(t.at, "What follows a question mark belongs to the query: of steps, and credentials to authentication.", "the url is more than a host and a path")
	}
	if c.doubledBrace(t) {
		return
	}
	known, _, _ := strings.Cut(t.value, "{")
	u, err := url.Parse(known)
	inSetting := known == "" || strings.Contains(t.value, "://") && !strings.Contains(known, "://")
	switch {
	case err != nil || inSetting:
	case !strings.Contains(known, "://"):
		c.errorf(t.at, "Begin it with https://.", "the url has no scheme")
	case u.Scheme == "https" || u.Scheme == "http" && isThisMachine(u.Hostname(), known != t.value):
	default:
		c.errorf(t.at, "Begin it with https://. Only to this machine, such as localhost, it may be http://.", "credentials would travel in the clear")
	}
}

// doubledBrace reports braces where none can be meant literally.
func (c *compiler) doubledBrace(t text) bool {
	from := strings.Index(t.value, "{{")
	if from < 0 {
		return false
	}
	inner, _, _ := strings.Cut(t.value[from+2:], "}")
	c.errorf(t.part(from, from+2), "For a value write {"+inner+"}.", "two braces stand for one that is meant literally, which cannot stand in a URL")
	return true
}

// isThisMachine reports whether a host is, or can be where its name goes on.
func isThisMachine(host string, goesOn bool) bool {
	ip, _ := netip.ParseAddr(host) // what is none is no loopback either
	return host == "localhost" || host == "" && goesOn || ip.IsLoopback()
}

// eventPath compiles a path that has to lie in the event.
func (c *compiler) eventPath(t text) path {
	segments, ok := c.pathOf(t)
	if !ok {
		return path{}
	}
	if segments[0].key != "event" || len(segments) == 1 {
		c.errorf(t.at, "Write event. before it.", "this has to be a path below event")
	}
	return newPath(segments[1:])
}

func (c *compiler) authentication(n authNode, in *scope) *authentication {
	a := &authentication{bearer: c.headerValue(n.Bearer, in), client: c.clientCredentials(n.Client, in), warn: n.Warn.value}
	for _, h := range n.Headers {
		c.headerName(h.Name)
		a.headers = append(a.headers, header{h.Name.value, c.headerValue(h.Value, in)})
	}
	for _, need := range n.Needs {
		if c.program.setting(need.value) == nil {
			c.errorf(need.at, spell.Advice(need.value, c.program.settingNames()), "there is no setting %q", need.value)
		}
		a.needs = append(a.needs, need.value)
	}
	if n.Basic != nil {
		a.user, a.password = c.template(n.Basic.User, in), c.template(n.Basic.Password, in)
	}
	return a
}

func (c *compiler) clientCredentials(n *clientNode, in *scope) *clientTemplates {
	if n == nil {
		return nil
	}
	if n.URL.given() && !strings.HasPrefix(n.URL.value, "/") {
		c.errorf(n.URL.at, "Begin it with /. The host is that of url: credentials go nowhere else.", "this has to be a path")
	}
	return &clientTemplates{
		url: c.template(n.URL, in), id: c.template(n.ID, in), secret: c.template(n.Key, in), scope: c.template(n.Scope, in),
	}
}

func (c *compiler) inlineTables(nodes []tableNode) {
	for _, n := range nodes {
		t := &table{name: n.Name.value, entries: map[string]value{}}
		for _, e := range n.Entries {
			if n.Itself.value {
				t.entries[e.Value.value] = textValue(e.Value.value)
			}
		}
		for _, e := range n.Entries {
			t.entries[e.Name.value] = textValue(e.Value.value)
		}
		c.tables[t.name] = t
	}
}
