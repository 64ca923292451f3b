package engine

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	exprparser "github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// An expression is compiled once and safe for concurrent use. What it reads of
// events and replies are prepared reads, so that it never sees more of them
// than it names.
type expression struct {
	text    string
	at      Position
	kind    string // of what it gives; empty where nothing is known
	program *vm.Program
	reads   []exprRead
	aliases []namedPath // what is read through a let, beside the whole that reads has
}

type exprRead struct {
	read
	name     *name
	label    string
	keys     []string // of the segments, for messages and shapes
	segments []segment
	used     bool
	onPath   bool // handed over as it is, not decoded
	asSet    bool // only ever looked up in, by the operator in
	boolean  bool // declared so: a setting or an input that is not given is false
	located  file.Location
}

// environment is what expr sees. Every path of an expression is an element of
// Read.
type environment struct {
	Read []any
}

// eval runs the expression on the values of a frame.
func (e *expression) eval(slots []value) (any, error) {
	env := environment{Read: make([]any, len(e.reads))}
	for i, r := range e.reads {
		switch {
		case !r.used:
		case r.onPath:
			env.Read[i] = r.from(slots)
		case r.asSet:
			env.Read[i] = newElements(r.from(slots).decode())
		case r.boolean:
			env.Read[i] = r.from(slots).raw == "true"
		default:
			env.Read[i] = r.from(slots).decode()
		}
	}
	result, err := vm.Run(e.program, env)
	if err != nil {
		return nil, e.failure(err)
	}
	return result, nil
}

// evalValue gives the result as JSON.
func (e *expression) evalValue(slots []value) (value, error) {
	result, err := e.eval(slots)
	if err != nil {
		return value{}, err
	}
	if v, ok := result.(value); ok {
		return v, nil
	}
	v, err := encode(result)
	if err != nil {
		return value{}, e.failure(err)
	}
	return v, nil
}

// holds evaluates a condition.
func (e *expression) holds(slots []value) (bool, error) {
	if e == nil {
		return true, nil
	}
	result, err := e.eval(slots)
	if err != nil {
		return false, err
	}
	truth, ok := result.(bool)
	if !ok {
		return false, e.failure(fmt.Errorf("the condition gave %s", typeText(result)))
	}
	return truth, nil
}

// failure words what went wrong at run time, without any value in it.
func (e *expression) failure(err error) error {
	message := err.Error()
	var located *file.Error
	if errors.As(err, &located) {
		message = located.Message
	}
	return fmt.Errorf("the expression at %s cannot be evaluated: %s", e.at, message)
}

// A vocabulary is what expressions may call, made once for a compilation.
type vocabulary struct {
	functions map[string]Function
	operators map[string]Function
	// loops are the functions of expr-lang that run a predicate over a list;
	// true where the predicate has to be a condition.
	loops   map[string]bool
	options []expr.Option
}

func newVocabulary() *vocabulary {
	v := &vocabulary{functions: map[string]Function{}, operators: map[string]Function{}, loops: map[string]bool{
		"all": true, "any": true, "none": true, "one": true, "filter": true, "find": true, "count": true, "map": false,
	}}
	v.options = []expr.Option{expr.Env(environment{}), expr.DisableAllBuiltins()}
	for name := range v.loops {
		v.options = append(v.options, expr.EnableBuiltin(name))
	}
	for _, f := range Functions() {
		v.functions[f.Name] = f
		v.options = append(v.options, expr.Function(f.Name, f.call, f.types...))
	}
	for _, f := range operators() {
		v.operators[f.Name] = f
		v.options = append(v.options, expr.Function(f.Name, f.call, f.types...))
	}
	return v
}

// names lists everything that can be called.
func (v *vocabulary) names() []string {
	return slices.Sorted(maps.Keys(v.functions))
}

// compileExpression checks and compiles the text of an expression. A nil
// result means that it has been reported why not.
func (c *compiler) compileExpression(t text, in *scope) *expression {
	return c.expression(t, in, false)
}

// compileCondition compiles what has to be true or false by itself.
func (c *compiler) compileCondition(t text, in *scope) *expression {
	if !t.given() {
		return nil
	}
	return c.expression(t, in, true)
}

// maxExpression bounds what is given to the parser, which calls itself for each
// parenthesis.
const maxExpression = 16 << 10

// maxLets bounds how often parts of one expression can double: what they share
// is compared and written as often as it is named.
const maxLets = 12

func (c *compiler) expression(t text, in *scope, condition bool) *expression {
	if !t.given() {
		return nil
	}
	if len(t.value) > maxExpression {
		c.errorf(t.at, "Split it into vars or let steps.", "the expression is longer than %d bytes", maxExpression)
		return nil
	}
	tree, err := exprparser.Parse(t.value)
	if err != nil {
		c.expressionError(t, err)
		return nil
	}
	a := &analysis{
		compiler: c, text: t, scope: in, root: tree.Node,
		locals: map[string]ast.Node{}, inLoop: map[string]*readsIn{}, paths: map[string]*namedPath{},
	}
	a.check(tree.Node, 0)
	if condition {
		a.condition(tree.Node)
		a.settled(tree.Node)
	}
	if a.failed {
		return nil
	}
	e := c.patchAndCompile(t, in)
	if e != nil {
		e.kind, e.aliases = a.kind(tree.Node), a.aliases
	}
	return e
}

func (c *compiler) patchAndCompile(t text, in *scope) *expression {
	e := &expression{text: t.value, at: t.at.position()}
	p := &patcher{c.vocabulary, e, in}
	options := append(slices.Clone(c.vocabulary.options), expr.Patch(p))
	program, err := expr.Compile(t.value, options...)
	if err != nil {
		c.expressionError(t, err)
		return nil
	}
	e.program = program
	for i := range e.reads {
		if r := &e.reads[i]; r.used {
			r.boolean = r.name.booleanAt(r.keys)
			c.touch(r.name)
			r.name.asked = append(r.name.asked, r.keys)
			c.checkShape(t.part(byteOffset(t.value, r.located.From), byteOffset(t.value, r.located.To)), r.label, r.name, r.keys)
		}
	}
	return e
}

func (c *compiler) expressionError(t text, err error) {
	var located *file.Error
	if !errors.As(err, &located) {
		c.errorf(t.at, "", "bad expression: %v", err)
		return
	}
	if at, cause := t.cutShort(); cause != "" && strings.Contains(located.Message, "EOF") {
		c.errorf(at, "Put quotes around the expression.", "bad expression: %s ends it here", cause)
		return
	}
	from := byteOffset(t.value, located.From)
	to := max(byteOffset(t.value, located.To), from+1)
	message := strings.Replace(located.Message, "unexpected token EOF", "it ends too early", 1)
	c.errorf(t.part(from, to), c.expressionHint(t.value, t.value[from:min(to, len(t.value))], message), "bad expression: %s", message)
}

// cutShort gives what made YAML end a text without quotes before the end of its
// line, and where.
func (t text) cutShort() (span, string) {
	if t.style != 0 {
		return span{}, ""
	}
	end := t.part(len(t.value), len(t.value)).start
	rest := t.at.src.text[end:]
	behind := strings.TrimLeft(rest, " ")
	at := end + len(rest) - len(behind)
	switch {
	case strings.HasPrefix(behind, "#"):
		return span{t.at.src, at, at + 1}, "a # behind a space, which begins a comment,"
	case strings.HasPrefix(behind, ","):
		return span{t.at.src, at, at + 1}, "a comma within braces"
	default:
		return span{}, ""
	}
}

var calledFunction = regexp.MustCompile(`arguments (?:to|in) call (?:to )?(\w+)`)

// expressionHint says what was probably meant where the parser only says what
// it did not expect.
func (c *compiler) expressionHint(whole, at, message string) string {
	if m := calledFunction.FindStringSubmatch(message); m != nil && c.vocabulary.functions[m[1]].Signature != "" {
		return "Write " + c.vocabulary.functions[m[1]].Signature + "."
	}
	opened := func(open, closing string) bool { return strings.Count(whole, open) > strings.Count(whole, closing) }
	early := strings.Contains(message, "ends too early")
	switch {
	case early && opened("(", ")"):
		return "A parenthesis is not closed."
	case early && (opened("[", "]") || opened("{", "}")):
		return "A bracket is not closed."
	case early:
		return "Something is missing at the end."
	case at == "=" || at == "===":
		return "Compare with ==."
	case at == "&" || at == "|":
		return "Write " + at + at + ", or the word: and, or."
	case at == "AND" || at == "OR" || at == "NOT":
		return "Write and, or, not in lower case."
	case strings.ContainsAny(at, "\u201c\u201d\u2018\u2019"):
		return "Use straight quotes."
	case strings.Contains(message, "not terminated"):
		return "A quote is missing."
	case strings.Contains(message, "unexpected token Bracket"):
		return "Is there one bracket too many, or something missing before it?"
	case message == "expected name":
		return "Members are named by letters, digits and underscores; others are written x[\"a b\"]. For each element of a list write map(list, .name)."
	case strings.HasPrefix(message, "unexpected token Identifier"):
		return "A text needs quotes around it, and two conditions need and or or between them."
	default:
		return "docs/rules.md has a section on expressions."
	}
}

// byteOffset turns expr's offsets, which count runes, into ours.
func byteOffset(s string, runes int) int {
	for i := range s {
		if runes == 0 {
			return i
		}
		runes--
	}
	return len(s)
}
