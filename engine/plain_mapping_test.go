package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	pathpkg "path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	exprparser "github.com/expr-lang/expr/parser"
	"github.com/tidwall/sjson"
)

// This is what rules make of an event before the first request, written as
// plainly as can be, to compare the product with: the rule files are taken as
// they were written, line by line, and everything is decoded. It serves rules
// that load, and knows nothing of what is wrong with others.

type plainProgram struct {
	destination destinationFile
	rules       []*ruleFile
	config      any
	expressions map[string]*plainExpression // by where they stand
	reads       map[string][]plainOrigin    // of expressions
}

// plainProgramOf reads the files of a folder that loads.
func plainProgramOf(fsys fs.FS, dir string, config *Config) *plainProgram {
	parserOf := func(name string) *parser {
		data, err := fs.ReadFile(fsys, pathpkg.Join(dir, name))
		if err != nil {
			panic(err)
		}
		return &parser{&collector{}, newSource(pathpkg.Join(dir, name), string(data))}
	}
	p := &plainProgram{config: plainOf(config.values), expressions: map[string]*plainExpression{}, reads: map[string][]plainOrigin{}}
	p.destination = parseDestination(parserOf("destination.yaml"))
	for i := range p.destination.Tables {
		if t := &p.destination.Tables[i]; t.File.given() {
			t.Entries = parseTableFile(parserOf(t.File.value))
		}
	}
	for _, name := range p.destination.Rules {
		rule := parseRule(parserOf(name.value + ".yaml"))
		p.rules = append(p.rules, &rule)
	}
	return p
}

// A plainOutcome is how far an event comes without a request: to an end, or to
// the runs of the rules that take it.
type plainOutcome struct {
	status   Status // empty where rules take the event
	reason   string // what the reason ends in
	runs     []*plainRun
	warnings []Warning
}

func (o *plainOutcome) warn(w Warning) {
	if !slices.ContainsFunc(o.warnings, func(said Warning) bool { return said.Rule == w.Rule && said.Text == w.Text }) {
		o.warnings = append(o.warnings, w)
	}
}

// A plainRun is one rule with its values by their names.
type plainRun struct {
	program *plainProgram
	outcome *plainOutcome
	rule    *ruleFile
	scope   *scope
	values  []any
	origins map[string][]plainOrigin
}

// A plainOrigin is a place in the event; whole where a value was computed of it,
// so that no member of the value is one of the place.
type plainOrigin struct {
	keys  []string
	whole bool
}

// take gives what the rules make of an event.
func (p *plainProgram) take(text string) *plainOutcome {
	o := &plainOutcome{status: Rejected}
	whole := mendSurrogates(text)
	if plainPlaces(whole, 128, 1000) == nil {
		return o
	}
	event := plainDecode(whole)
	kind, _ := plainGet(event, plainPath(p.destination.Match.By.value)[1:]).(string)
	if _, isObject := event.(plainObject); !isObject || kind == "" {
		return o
	}
	mended := whole != text
	for _, rule := range p.rules {
		run := p.run(rule, o, event)
		if !run.matches(kind) || !run.follows() {
			continue
		}
		if took, err := run.prepare(&mended); err != nil {
			o.reason = err.Error()
			return o
		} else if took {
			o.runs = append(o.runs, run)
		}
	}
	if o.status = ""; len(o.runs) == 0 {
		o.status = Ignored
	}
	return o
}

func (p *plainProgram) run(rule *ruleFile, o *plainOutcome, event any) *plainRun {
	r := &plainRun{program: p, outcome: o, rule: rule, scope: newScope(), origins: map[string][]plainOrigin{"event": {{}}}}
	r.declare("event", event)
	r.declare("config", p.config)
	settings := &shape{members: map[string]*shape{}, open: true}
	for _, s := range p.destination.Settings {
		settings.members[s.Name.value] = &shape{boolean: s.Type.value == "boolean"}
	}
	r.scope.names["config"].shape = settings
	return r
}

func (r *plainRun) declare(name string, v any) {
	r.scope.declare(name, span{})
	r.values = append(r.values, v)
}

func (r *plainRun) matches(kind string) bool {
	return slices.ContainsFunc(r.rule.Event, func(t text) bool {
		return t.value == kind || r.program.destination.Match.Case.value == "ignore" && strings.EqualFold(t.value, kind)
	})
}

func (r *plainRun) follows() bool {
	return !r.rule.After.given() || slices.ContainsFunc(r.outcome.runs, func(o *plainRun) bool { return o.rule.Name.value == r.rule.After.value })
}

// prepare evaluates vars, when, require and mappings. An error rejects the event.
func (r *plainRun) prepare(mended *bool) (took bool, err error) {
	var warnings []Warning
	for _, v := range r.rule.Vars {
		found, err := r.source(lineNode{sourceNode: v.Source})
		if err != nil {
			return false, err
		}
		if found.warning != "" {
			warnings = append(warnings, Warning{r.rule.Name.value, found.warning, v.Source.at.position()})
		}
		r.origins[v.Name.value] = r.originsOf(v.Source)
		r.declare(v.Name.value, found.value)
	}
	if applies, err := r.holds(r.rule.When); err != nil || !applies {
		return false, err
	}
	if *mended {
		r.outcome.warn(Warning{r.rule.Name.value, mendedText, r.rule.Name.at.position()})
		*mended = false
	}
	for _, w := range warnings {
		r.outcome.warn(w)
	}
	if err := r.require(); err != nil {
		return false, err
	}
	return true, r.mapAll()
}

func (r *plainRun) require() error {
	var missing []string
	for _, q := range r.rule.Require {
		applies, err := r.holds(q.When)
		if err != nil {
			return err
		}
		met := slices.ContainsFunc(q.From, func(t text) bool { return plainPresent(r.get(t.value), nil) })
		if applies && !met {
			missing = append(missing, q.Message.value)
		}
	}
	if len(missing) > 0 {
		return errors.New(strings.Join(missing, "; "))
	}
	return nil
}

func (r *plainRun) mapAll() error {
	var missing []string
	for _, m := range r.rule.Mappings {
		b, err := r.build(m.Lines)
		if err != nil {
			return err
		}
		missing = append(missing, b.missing...)
		r.declare(m.Name.value, b.body)
	}
	if len(missing) > 0 {
		return errors.New(strings.Join(missing, "; "))
	}
	return nil
}

// value gives what a name stands for.
func (r *plainRun) value(name string) any { return r.values[r.scope.names[name].slot] }

// get reads a path.
func (r *plainRun) get(text string) any {
	path := plainPath(text)
	v := plainGet(r.value(path[0].key), path[1:])
	if v != nil && slices.ContainsFunc(path, func(seg segment) bool { return !seg.plain() }) {
		return plainDecode(plainWritten(v).raw) // what is put together anew has no former names
	}
	return v
}

func plainPath(text string) []segment {
	path, bad := parsePath(text)
	if bad != nil {
		panic(fmt.Sprintf("%s: %+v", text, bad))
	}
	return path
}

func (r *plainRun) eval(t text) (any, error) {
	place := fmt.Sprint(r.rule.Name.value, " ", len(r.values), " ", t.value)
	e := r.program.expressions[place]
	if e == nil {
		var err error
		if e, err = newPlainExpression(t.value, r.scope); err != nil {
			panic(fmt.Sprintf("%s: %v", t.value, err))
		}
		r.program.expressions[place] = e
	}
	slots := make([]value, len(r.values))
	for i, v := range r.values {
		slots[i] = plainWritten(v)
	}
	result, err := e.eval(slots)
	if err != nil || result.missing() {
		return nil, err
	}
	return plainOf(result), nil
}

func (r *plainRun) holds(t text) (bool, error) {
	if !t.given() {
		return true, nil
	}
	result, err := r.eval(t)
	return result == true, err
}

// # A line

type plainFound struct {
	value   any
	warning string
	skipped bool // the condition does not hold
	decided bool // the value is no default
}

// source evaluates a line, or a var, which has no more than its keys.
func (r *plainRun) source(n lineNode) (found plainFound, err error) {
	applies, err := r.holds(n.When)
	if err != nil || !applies {
		return plainFound{skipped: !applies}, err
	}
	var candidates []any
	labels := []string{"the expression"}
	switch {
	case n.Value.given():
		return plainFound{value: plainDecode(n.Value.json), decided: true}, nil
	case n.Expr.given():
		v, err := r.eval(n.Expr)
		if err != nil {
			return found, err
		}
		candidates = []any{v}
	default:
		labels = nil
		for _, path := range n.From {
			labels, candidates = append(labels, path.value), append(candidates, r.get(path.value))
		}
	}
	for i, v := range candidates {
		fitting, problem := r.fit(v, n)
		if fitting != nil {
			return plainFound{value: fitting, decided: true}, nil
		}
		if found.warning == "" && problem != "" {
			found.warning = labels[i] + " is " + problem
		}
	}
	if n.Default.given() {
		found.value = plainDecode(n.Default.json)
		if n.As.given() {
			found.value = plainAs(n.As.value, found.value)
		}
	}
	return found, nil
}

// fit gives a value as the line wants it. Nil without a problem is a value that
// is not present.
func (r *plainRun) fit(v any, n lineNode) (fitting any, problem string) {
	if !plainPresent(v, n.Keep) {
		return nil, ""
	}
	as := n.As.value
	if n.To.value == wholeBody {
		as = "object"
	}
	if as != "" {
		converted := plainAs(as, v)
		if converted == nil {
			return nil, fmt.Sprintf("%s and was left out: %s is needed", plainKindText(v), plainWants(as))
		}
		v = converted
	}
	if n.Table.given() {
		text, _ := plainTextOf(v)
		entry, known := r.entry(n.Table.value, text)
		if !known {
			return nil, fmt.Sprintf("%q and was left out: the table %s does not have it", shorten(text), n.Table.value)
		}
		v = entry
	}
	if object, isObject := v.(plainObject); isObject && len(n.Except) > 0 && !plainPresent(object.without(n.Except), n.Keep) {
		return nil, ""
	}
	return v, ""
}

func (r *plainRun) entry(table, text string) (entry string, known bool) {
	for _, t := range r.program.destination.Tables {
		if t.Name.value != table {
			continue
		}
		for _, e := range t.Entries {
			if e.Name.value == text {
				return e.Value.value, true
			}
			if t.Itself.value && e.Value.value == text {
				entry, known = text, true
			}
		}
	}
	return entry, known
}

func plainPresent(v any, kept []text) bool {
	keeps := func(word string) bool { return slices.ContainsFunc(kept, func(t text) bool { return t.value == word }) }
	switch v := v.(type) {
	case nil:
		return false
	case plainNull:
		return keeps("null")
	case string:
		return v != "" || keeps("empty")
	case []any:
		return len(v) > 0 || keeps("empty")
	case plainObject:
		return len(v) > 0 || keeps("empty")
	default:
		return true
	}
}

func (o plainObject) without(keys []text) plainObject {
	left := plainObject{}
	for _, part := range o {
		if !slices.ContainsFunc(keys, func(t text) bool { return t.value == part.key }) {
			left = append(left, part)
		}
	}
	return left
}

// plainTextOf gives a text, or a number or boolean as it is written.
func plainTextOf(v any) (text string, isScalar bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return string(v), true
	case bool:
		return strconv.FormatBool(v), true
	default:
		return "", false
	}
}

func plainKindText(v any) string {
	switch v.(type) {
	case plainNull:
		return "null"
	case string:
		return "text"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}

func plainWants(as string) string {
	return map[string]string{
		"string": "text or a number", "integer": "a whole number", "number": "a number", "boolean": "true or false",
		"array": "an array or a single value", "object": "an object", "time": "a time such as 2026-01-31T12:00:00Z",
	}[as]
}

// plainAs gives a value as something else; nil for what does not fit.
func plainAs(as string, v any) any {
	text, isScalar := plainTextOf(v)
	_, isText := v.(string)
	_, isNumber := v.(json.Number)
	_, isBoolean := v.(bool)
	matches := func(form string) bool { return regexp.MustCompile("^(?:" + form + ")$").MatchString(text) }
	switch {
	case as == "string" && (isText || isNumber):
		return text
	case as == "integer" && (isText || isNumber) && matches(`-?(0|[1-9][0-9]*)`):
		return json.Number(text)
	case as == "number" && (isText || isNumber) && matches(`-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`):
		return json.Number(text)
	case as == "boolean" && (isText || isBoolean) && matches("true|false"):
		return text == "true"
	case as == "array" && isScalar:
		return []any{v}
	case as == "time" && isText:
		if _, is := parseTime(text); is {
			return v
		}
	case as == "array" && plainKindText(v) == "an array", as == "object" && plainKindText(v) == "an object":
		return v
	}
	return nil
}

// # A mapping

// A plainLine is a line with its target, and the numbers of the lines that first
// name each part of it: these put targets into their order.
type plainLine struct {
	lineNode
	path []segment
	rank []int
}

// plainLines brings lines into the order of their targets. A rest comes behind
// all that its target has lines for.
func plainLines(nodes []lineNode) []plainLine {
	first := map[string]int{}
	var lines []plainLine
	for i, n := range nodes {
		l := plainLine{lineNode: n}
		if n.To.value != wholeBody {
			l.path = plainPath(n.To.value)
		}
		for end := range l.path {
			key := plainTarget(l.path[:end+1])
			if _, named := first[key]; !named {
				first[key] = i
			}
			l.rank = append(l.rank, first[key])
		}
		if n.Rest.given() {
			l.rank = append(l.rank, math.MaxInt)
		}
		lines = append(lines, l)
	}
	slices.SortStableFunc(lines, func(a, b plainLine) int { return slices.Compare(a.rank, b.rank) })
	return lines
}

func plainTarget(path []segment) string {
	var keys []string
	for _, seg := range path {
		keys = append(keys, quote(seg.key))
	}
	return strings.Join(keys, ".")
}

// A plainBuilder makes an object: as a tree, and by sjson.
type plainBuilder struct {
	run      *plainRun
	lines    []plainLine
	body     any
	text     string
	elements map[string][]string // of each array: those that are there
	missing  []string
	err      error
}

// build evaluates a mapping or a body.
func (r *plainRun) build(nodes []lineNode) (*plainBuilder, error) {
	b := &plainBuilder{run: r, lines: plainLines(nodes), text: "{}", elements: map[string][]string{}}
	warned := len(r.outcome.warnings)
	for i, n := range b.lines {
		same := func(l plainLine) bool { return slices.Equal(l.rank, n.rank) }
		switch {
		case n.Rest.given():
			b.rest(n)
		case i == slices.IndexFunc(b.lines, same):
			b.target(n.path, slices.DeleteFunc(slices.Clone(b.lines), func(l plainLine) bool { return !same(l) }))
		}
	}
	if b.err != nil {
		r.outcome.warnings = r.outcome.warnings[:warned]
		return b, b.err
	}
	if b.body == nil {
		b.body = plainObject{}
	}
	if plain := plainWritten(b.body).raw; !reflect.DeepEqual(plainDecode(plain), plainDecode(b.text)) {
		panic(fmt.Sprintf("by sjson the lines make %s, and not %s", b.text, plain))
	}
	return b, nil
}

// target evaluates the lines of one target: the first that has a value gives it.
func (b *plainBuilder) target(path []segment, lines []plainLine) {
	var warnings []Warning
	needed := ""
	for _, n := range lines {
		found, err := b.run.source(n.lineNode)
		if err != nil && b.err == nil {
			b.err = err
		}
		if found.warning != "" {
			warnings = append(warnings, Warning{b.run.rule.Name.value, found.warning, n.at.position()})
		}
		if found.value != nil {
			if !found.decided {
				b.warn(warnings...)
			}
			b.copy(path, found.value, n)
			return
		}
		if n.Required.value && !found.skipped && needed == "" {
			needed = b.run.rule.Name.value + " needs " + n.label()
		}
	}
	b.warn(warnings...)
	if needed != "" {
		b.missing = append(b.missing, needed)
	}
}

func (n plainLine) label() string {
	if n.Expr.given() {
		return "the expression"
	}
	var labels []string
	for _, path := range n.From {
		labels = append(labels, path.value)
	}
	return strings.Join(labels, " or ")
}

func (b *plainBuilder) warn(warnings ...Warning) {
	for _, w := range warnings {
		b.run.outcome.warn(w)
	}
}

// copy puts the value of a line. What is no object gives way to lines inside.
func (b *plainBuilder) copy(path []segment, v any, n plainLine) {
	object, isObject := v.(plainObject)
	if isObject {
		v = object.without(n.Except)
	}
	if isObject || len(b.inside(path)) == 0 {
		b.set(path, v)
	}
}

// inside gives the keys that have lines of their own inside a target.
func (b *plainBuilder) inside(path []segment) (keys []string) {
	for _, l := range b.lines {
		if len(l.path) > len(path) && plainTarget(l.path[:len(path)]) == plainTarget(path) {
			keys = append(keys, l.path[len(path)].key)
		}
	}
	return keys
}

// A plainStep leads to a member or an element.
type plainStep struct {
	key, name string
	index     int // -1 for a member
}

// set puts a value where the targets say. Elements that are not there leave no
// gap.
func (b *plainBuilder) set(path []segment, v any) {
	steps := b.steps(path)
	b.body = plainPut(b.body, steps, v)
	b.text = plainSet(b.text, steps, v)
}

func (b *plainBuilder) steps(path []segment) []plainStep {
	steps := []plainStep{}
	for i, seg := range path {
		if !allDigits(seg.key) || seg.only == '{' {
			steps = append(steps, plainStep{seg.key, seg.key, -1})
			continue
		}
		array := plainTarget(path[:i])
		if !slices.Contains(b.elements[array], seg.key) {
			b.elements[array] = append(b.elements[array], seg.key)
		}
		steps = append(steps, plainStep{index: slices.Index(b.elements[array], seg.key)})
	}
	return steps
}

func plainPut(at any, steps []plainStep, v any) any {
	if len(steps) == 0 {
		return v
	}
	step := steps[0]
	if step.index >= 0 {
		list, _ := at.([]any)
		if step.index == len(list) {
			list = append(list, nil)
		}
		list[step.index] = plainPut(list[step.index], steps[1:], v)
		return list
	}
	object, _ := at.(plainObject)
	for i, part := range object {
		if part.key == step.key {
			object[i].value = plainPut(part.value, steps[1:], v)
			return object
		}
	}
	return append(slices.Clip(object), plainPart{step.key, step.name, plainPut(nil, steps[1:], v)})
}

func plainSet(body string, steps []plainStep, v any) string {
	raw := plainWritten(v).raw
	if len(steps) == 0 {
		return raw
	}
	changed, err := sjson.SetRaw(body, plainStepsText(steps), raw)
	if err != nil {
		panic(err)
	}
	return changed
}

func plainStepsText(steps []plainStep) string {
	var keys []string
	for _, step := range steps {
		key := strconv.Itoa(step.index)
		if step.index < 0 {
			key = escapeKey(step.key)
		}
		if step.index < 0 && allDigits(step.key) {
			key = ":" + key
		}
		keys = append(keys, key)
	}
	return strings.Join(keys, ".")
}

// # A rest

// rest takes the scalars that no mapping line of the rule reads.
func (b *plainBuilder) rest(n plainLine) {
	applies, err := b.run.holds(n.When)
	if err != nil && b.err == nil {
		b.err = err
	}
	object, _ := b.run.get(n.Rest.value).(plainObject)
	if !applies || err != nil {
		object = nil
	}
	var taken []plainTaken
	for _, part := range object {
		_, isScalar := plainTextOf(part.value)
		if isScalar && plainPresent(part.value, n.Keep) && !b.run.reads(n, part.key) {
			taken = b.take(n, taken, plainTaken{part, part.key})
		}
	}
	if len(taken) == 0 {
		return
	}
	steps := b.steps(n.path)
	for _, part := range taken {
		b.body = plainPut(b.body, append(slices.Clip(steps), plainStep{part.key, part.name, -1}), part.value)
	}
	b.text = plainSet(b.text, steps, plainAt(b.body, steps))
}

func plainAt(v any, steps []plainStep) any {
	for _, step := range steps {
		if step.index >= 0 {
			v = v.([]any)[step.index]
			continue
		}
		parts := v.(plainObject)
		v = parts[slices.IndexFunc(parts, func(p plainPart) bool { return p.key == step.key })].value
	}
	return v
}

// A plainTaken is a member that a rest takes, and its key before.
type plainTaken struct {
	plainPart
	was string
}

// take adds a member under its key. Of several that fall on one key a line wins,
// else one that is written so, else the first.
func (b *plainBuilder) take(n plainLine, taken []plainTaken, part plainTaken) []plainTaken {
	same := func(x, y string) bool { return x == y }
	if n.Keys.value == "identifier" {
		part.key, same = plainIdentifier(part.was), strings.EqualFold
	}
	lost := func(lost plainTaken, by, kept string) {
		text := fmt.Sprintf("%s was left out: %s has the same key %s", quote(shorten(lost.was)), by, quote(shorten(kept)))
		b.warn(Warning{b.run.rule.Name.value, text, n.at.position()})
	}
	if slices.ContainsFunc(b.inside(n.path), func(key string) bool { return same(key, part.key) }) {
		lost(part, "a line of the mapping", part.key)
		return taken
	}
	at := slices.IndexFunc(taken, func(other plainTaken) bool { return same(other.key, part.key) })
	switch {
	case at < 0:
		return append(taken, part)
	case part.key == part.was && taken[at].key != taken[at].was:
		lost(taken[at], quote(shorten(part.was)), part.key)
		taken[at] = part
	default:
		lost(part, quote(shorten(taken[at].was)), taken[at].key)
	}
	return taken
}

// plainIdentifier writes a key with letters, digits and underscores only.
func plainIdentifier(key string) string {
	written := regexp.MustCompile(`[^A-Za-z0-9_]`).ReplaceAllString(key, "_")
	if regexp.MustCompile(`^[0-9]*$`).MatchString(written) {
		return "_" + written
	}
	return written
}

// reads reports whether a rest line leaves a member to others: to a mapping line
// of the rule that reads it, or to nobody.
func (r *plainRun) reads(rest plainLine, key string) bool {
	if slices.ContainsFunc(rest.Except, func(t text) bool { return t.value == key }) {
		return true
	}
	for _, m := range r.rule.Mappings {
		for _, line := range m.Lines {
			for _, base := range r.originsOf(sourceNode{From: []text{rest.Rest}}) {
				below := append(slices.Clip(base.keys), key)
				if slices.ContainsFunc(r.originsOf(line.sourceNode), func(o plainOrigin) bool {
					return len(o.keys) >= len(below) && slices.Equal(o.keys[:len(below)], below)
				}) {
					return true
				}
			}
		}
	}
	return false
}

// originsOf gives the places in the event that a line or var reads.
func (r *plainRun) originsOf(n sourceNode) (all []plainOrigin) {
	for _, path := range n.From {
		segments := plainPath(path.value)
		for _, o := range r.origins[segments[0].key] {
			all = append(all, o.below(newPath(segments[1:]).keys()))
		}
	}
	if !n.Expr.given() {
		return all
	}
	for _, read := range r.program.readsOf(n.Expr.value) {
		for _, o := range r.origins[read.keys[0]] {
			o = o.below(read.keys[1:])
			all = append(all, plainOrigin{o.keys, true})
		}
	}
	return all
}

func (o plainOrigin) below(keys []string) plainOrigin {
	if o.whole {
		return o
	}
	return plainOrigin{keys: slices.Concat(o.keys, keys)}
}

// readsOf gives the names with the keys behind them that an expression reads.
func (p *plainProgram) readsOf(expression string) []plainOrigin {
	if known, there := p.reads[expression]; there {
		return known
	}
	tree, err := exprparser.Parse(expression)
	if err != nil {
		panic(err)
	}
	finder := &plainChains{chains: map[ast.Node][]string{}}
	ast.Walk(&tree.Node, finder)
	var all []plainOrigin
	for _, keys := range finder.chains {
		all = append(all, plainOrigin{keys: keys})
	}
	p.reads[expression] = all
	return all
}

// plainChains collects the longest chains of constant keys behind a name.
type plainChains struct{ chains map[ast.Node][]string }

// Visit implements ast.Visitor, for the children of a node first.
func (c *plainChains) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.IdentifierNode:
		c.chains[n] = []string{n.Value}
	case *ast.MemberNode:
		seg, constant := constantKey(n.Property)
		if keys := c.chains[n.Node]; keys != nil && constant {
			delete(c.chains, n.Node)
			c.chains[n] = append(slices.Clip(keys), seg.key)
		}
	case *ast.ChainNode:
		if keys := c.chains[n.Node]; keys != nil {
			delete(c.chains, n.Node)
			c.chains[n] = keys
		}
	}
}
