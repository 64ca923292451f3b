package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/deskrules/deskrules/internal/spell"
)

// compile turns the trees of a destination and its rules into a Program. It
// goes on after each finding, so that all of them are reported at once.
func compile(c *compiler, d destinationFile, rules []*ruleFile) *Program {
	c.vocabulary = newVocabulary()
	c.program = &Program{name: d.Name.value, title: d.Title.value, scopeSize: firstFreeSlot + 1, maxPages: 1000}
	c.tables, c.lookups = map[string]*table{}, map[string]*lookup{}
	c.procedures, c.instances = map[string]*procedureNode{}, map[string]*procedure{}
	c.rules, c.targets = map[string]*ruleInfo{}, map[*target]span{}
	c.settings(d.Settings)
	c.connection(d)
	c.retry(d.Retry)
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
	for _, n := range d.Lookups {
		if l := c.lookups[n.Name.value]; !l.used {
			c.warnf(n.Name.at, "Remove it, or use it by find.", "the lookup %s is not used", l.name)
		}
	}
	return c.program
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
		member := &shape{boolean: n.Type.value == "boolean", members: map[string]*shape{}}
		all.members[s.Name] = member
		if !s.Secret {
			public.members[s.Name] = member
		}
		c.setting(s, n)
		c.program.settings = append(c.program.settings, s)
	}
	c.config = &name{slot: slotConfig, shape: public}
	c.secrets = &name{slot: slotConfig, shape: all}
}

func (c *compiler) setting(s *setting, n settingNode) {
	types := []string{"string", "integer", "boolean"}
	if n.Type.given() && !slices.Contains(types, s.Type) {
		c.errorf(n.Type.at, spell.Advice(s.Type, types), "unknown type %q", s.Type)
	}
	if n.Default.given() {
		s.fallback, s.Default = n.Default.json, rawValue(n.Default.json).decode()
		if s.Secret {
			c.errorf(n.Default.at, "Remove it: a credential in a rule file is known to all who read it.", "a secret has no default")
		}
	}
	s.example = n.Example.json
	c.settingChecks(s, n)
	c.fits(s, n.Default, "default")
	c.fits(s, n.Example, "example")
}

// fits reports a value of a setting's own declaration that it would refuse.
func (c *compiler) fits(s *setting, l literal, what string) {
	if !l.given() || !slices.Contains([]string{"string", "integer", "boolean"}, s.Type) {
		return
	}
	if _, problem := s.take(rawValue(l.json).decode()); problem != "" {
		c.errorf(l.at, "", "the %s of %s %s", what, s.Name, problem)
	}
}

func (c *compiler) settingChecks(s *setting, n settingNode) {
	if n.Pattern.given() {
		pattern, err := regexp.Compile(`\A(?:` + n.Pattern.value + `)\z`)
		if err != nil {
			c.errorf(n.Pattern.at, "", "the pattern does not compile: %v", err)
			return
		}
		s.pattern, s.wants = pattern.MatchString, n.Pattern.value
	}
	if n.Check.given() {
		in := newScope()
		*in.slots = firstFreeSlot
		in.declare("value", span{})
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
		var reads []read
		for _, t := range paths {
			if r, _ := c.readPart(t, 0, len(t.value), c.ruleScope()); r != nil {
				reads = append(reads, *r)
			}
		}
		p.order = append(p.order, reads)
	}
	withSecrets := newScope()
	withSecrets.names["config"] = c.secrets
	p.url = c.template(d.URL, withSecrets)
	for _, h := range d.Headers {
		c.headerName(h.Name)
		if strings.EqualFold(h.Name.value, "Authorization") {
			c.errorf(h.Name.at, "Credentials belong to authentication, as bearer, basic or headers.", "the header %s is not for rules to set", h.Name.value)
		}
		p.headers = append(p.headers, header{h.Name.value, c.template(h.Value, withSecrets)})
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
	a := &authentication{bearer: c.template(n.Bearer, in), warn: n.Warn.value}
	for _, h := range n.Headers {
		c.headerName(h.Name)
		a.headers = append(a.headers, header{h.Name.value, c.template(h.Value, in)})
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

func (c *compiler) inlineTables(nodes []tableNode) {
	for _, n := range nodes {
		t := &table{name: n.Name.value, entries: map[string]string{}}
		for _, e := range n.Entries {
			if n.Itself.value {
				t.entries[e.Value.value] = e.Value.value
			}
		}
		for _, e := range n.Entries {
			t.entries[e.Name.value] = e.Value.value
		}
		c.tables[t.name] = t
	}
}

// unknownName reports a name that is not there, or not there yet.
func (c *compiler) unknownName(at span, label string, in *scope) {
	if c.rules[label] != nil {
		c.errorf(at, "Everything before the steps is settled before the first request.", "the result of the rule %s can only be read in steps", label)
		return
	}
	if later, declared := in.later[label]; declared {
		c.errorf(at, fmt.Sprintf("It is declared at line %d. Move that step up, or this one down.", later.position().Line),
			"%q is used before its step", label)
		return
	}
	c.errorf(at, spell.Advice(label, in.labels()), "unknown name %q", label)
}

// checkShape reports a member that the value behind a name cannot have.
func (c *compiler) checkShape(at span, label string, n *name, keys []string) {
	s := n.shape
	if n == c.config && len(keys) > 0 && s.members[keys[0]] == nil && c.secrets.shape.members[keys[0]] != nil {
		c.errorf(at, "Only url, headers and authentication may read it.", "%s.%s is a secret", label, keys[0])
		return
	}
	for i, key := range keys {
		member, known := s.at(key)
		if !known {
			place := strings.Join(append([]string{label}, keys[:i]...), ".")
			c.errorf(at, spell.Advice(key, s.keys()), "%s has no %q", place, key)
			return
		}
		if member == nil {
			return
		}
		s = member
	}
}

// pathOf parses the text of a path.
func (c *compiler) pathOf(t text) ([]segment, bool) {
	if !t.given() {
		return nil, false
	}
	segments, bad := parsePath(t.value)
	if bad != nil {
		c.errorf(t.part(bad.from, bad.to), bad.detail, "bad path: %s", bad.summary)
		return nil, false
	}
	return segments, true
}

// readPart compiles the path that stands in part of a text.
func (c *compiler) readPart(t text, from, to int, in *scope) (*read, *name) {
	segments, bad := parsePath(t.value[from:to])
	if bad != nil {
		c.errorf(t.part(from+bad.from, from+bad.to), bad.detail, "bad path: %s", bad.summary)
		return nil, nil
	}
	root := segments[0]
	at := t.part(from, from+max(len(root.key), 1))
	n := in.names[root.key]
	if n == nil || !root.plain() {
		c.unknownName(at, root.key, in)
		return nil, nil
	}
	r := &read{n.slot, newPath(segments[1:])}
	c.checkShape(t.part(from, to), root.key, n, r.path.keys())
	c.touch(n)
	return r, n
}

// touch notes that the part at hand reads a name.
func (c *compiler) touch(n *name) {
	n.read = true
	if c.touched != nil {
		c.touched[n.slot] = true
	}
}

// constants puts the constant inputs of a procedure into a text that has to be
// known on loading, such as a target.
func (c *compiler) constants(t text, in *scope) text {
	if !strings.Contains(t.value, "{") {
		return t
	}
	filled := t
	for label, n := range in.names {
		if n.constant != nil {
			filled.value = strings.ReplaceAll(filled.value, "{"+label+"}", rawValue(n.constant.json).text())
		}
	}
	return filled
}

// shapeOf gives what is known of a value that is one of several: it can be asked
// only for what each of them has.
func shapeOf(s *sourced) *shape {
	var known *shape
	for _, candidate := range s.shapes {
		switch {
		case candidate == nil || candidate.open || candidate.members == nil:
		case known == nil:
			known = candidate
		default:
			both := &shape{members: map[string]*shape{}}
			for key, member := range known.members {
				if _, also := candidate.members[key]; also {
					both.members[key] = member
				}
			}
			known = both
		}
	}
	return known
}

// below gives the shape of what a path leads to.
func (s *shape) below(keys []string) *shape {
	for _, key := range keys {
		if s == nil {
			return nil
		}
		s = s.members[key]
	}
	return s
}

// source compiles where a value comes from; nil where nothing is written.
func (c *compiler) source(n sourceNode, in *scope) *sourced {
	if n.at.src == nil {
		return nil
	}
	s := &sourced{at: n.at.position(), required: n.Required.value, when: c.compileCondition(n.When, in)}
	c.origin(s, n, in)
	c.modifiers(s, n)
	return s
}

// origin compiles the one of from, value and expr that is written.
func (c *compiler) origin(s *sourced, n sourceNode, in *scope) {
	written := 0
	if len(n.From) > 0 {
		written++
		c.froms(s, n.From, in)
	}
	if n.Value.given() {
		written++
		s.literal, s.label = n.Value.json, n.Value.json
	}
	if n.Expr.given() {
		written++
		s.label = "the expression"
		s.expr = c.compileExpression(n.Expr, in)
		if s.expr != nil {
			for _, r := range s.expr.reads {
				if r.used {
					s.origins = append(s.origins, wholes(r.name.originsOf(r.keys))...)
				}
			}
		}
	}
	if written != 1 && !n.broken {
		c.errorf(n.at, "", "a value needs exactly one of from, value and expr")
	}
}

// wholes marks places of which a value was computed.
func wholes(origins []origin) []origin {
	marked := slices.Clone(origins)
	for i := range marked {
		marked[i].whole = true
	}
	return marked
}

func (c *compiler) froms(s *sourced, paths []text, in *scope) {
	for _, t := range paths {
		t = c.constants(t, in)
		r, n := c.readPart(t, 0, len(t.value), in)
		if r == nil {
			continue
		}
		s.reads = append(s.reads, *r)
		s.labels = append(s.labels, t.value)
		s.origins = append(s.origins, n.originsOf(r.path.keys())...)
		if len(r.path.keys()) == len(r.path.segments) {
			s.shapes = append(s.shapes, n.shape.below(r.path.keys()))
		}
	}
	s.label = strings.Join(s.labels, " or ")
}

func (c *compiler) modifiers(s *sourced, n sourceNode) {
	if n.Value.given() && (n.As.given() || n.Table.given()) {
		c.errorf(n.at, "Write the value as it is to be sent.", "as and table do not go with value")
	}
	if n.As.given() {
		s.as = c.conversion(n.As)
	}
	if n.Table.given() {
		if s.table = c.tables[n.Table.value]; s.table == nil {
			c.errorf(n.Table.at, spell.Advice(n.Table.value, keysOf(c.tables)), "there is no table %q", n.Table.value)
		}
	}
	if n.Default.given() {
		s.fallback = n.Default.json
		if s.as != nil {
			converted, fits := s.as.convert(rawValue(s.fallback))
			if !fits {
				c.errorf(n.Default.at, "", "the default is %s, and %s is needed", rawValue(s.fallback).kindText(), s.as.wants)
			}
			s.fallback = converted.raw
		}
		if n.Required.value {
			c.errorf(n.Default.at, "Keep one of the two.", "required and default exclude each other")
		}
	}
}

func (c *compiler) conversion(t text) *conversion {
	var names []string
	for _, known := range conversions() {
		if known.name == t.value {
			return &known
		}
		names = append(names, known.name)
	}
	c.errorf(t.at, spell.Advice(t.value, names), "unknown type %q", t.value)
	return nil
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

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
	if m.root.array {
		c.errorf(nodes[0].To.at, "", "a body is an object, not an array")
	}
	c.overlaps(m.root)
	if len(c.found) == before {
		c.skeleton(m, nodes)
	}
	return m
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
			c.errorf(t.at, spell.Advice(t.value, []string{"null", "empty"}), "unknown value %q of keep", t.value)
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

// child finds or makes one member or element. Elements of arrays are literal
// and dense: 0, 1, 2.
func (c *compiler) child(of *target, seg segment, t text) *target {
	index := strings.Trim(seg.key, "0123456789") == "" && !strings.HasPrefix(t.value[seg.at:], `\`)
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
	child := &target{name: seg.key, path: joinTarget(of.path, []string{seg.key}), label: t.value[:seg.at] + seg.key}
	if !index {
		child.key = quote(seg.key)
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
	t.rest = &rest{at: n.at.position(), label: n.Rest.value, from: *from, when: c.compileCondition(n.When, in), taken: map[string]string{}, keep: c.keeps(n.Keep)}
	if n.Keys.given() {
		t.rest.identifier = n.Keys.value == "identifier"
		if !t.rest.identifier {
			c.errorf(n.Keys.at, spell.Advice(n.Keys.value, []string{"identifier"}), "unknown value %q of keys", n.Keys.value)
		}
	}
	for _, e := range n.Except {
		t.rest.taken[e.value] = ""
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
					p.rest.taken[o.keys[below]] = targetLabel(t)
				}
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
