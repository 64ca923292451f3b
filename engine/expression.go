package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	exprparser "github.com/expr-lang/expr/parser"
)

// An expression is compiled once and safe for concurrent use: a tree of nodes
// (evaluate.go) that are evaluated on values as they were written. What it reads
// of events and replies are prepared reads, so that it never sees more of them
// than it names.
type expression struct {
	text      string
	at        Position
	kind      string // of what it gives; empty where nothing is known
	root      node
	condition condition // nil for what is not true or false by itself
	locals    int       // how many let it has
	kept      int       // how many parts are evaluated once in a loop
	reads     []exprRead
	aliases   []namedPath // what is read through a let, beside the whole that reads has
}

type exprRead struct {
	read
	name     *name
	label    string
	keys     []string // of the segments, for messages and shapes
	segments []segment
	located  file.Location
}

// evalValue gives the result as JSON.
func (e *expression) evalValue(w *workspace, slots []value) (value, error) {
	m := w.start(e, slots)
	result := e.root.eval(m)
	var v value
	if m.err == nil {
		v = result.value(m)
	}
	if m.err != nil {
		return value{}, e.failure(m.err)
	}
	return v, nil
}

// holds evaluates a condition.
func (e *expression) holds(w *workspace, slots []value) (bool, error) {
	if e == nil {
		return true, nil
	}
	m := w.start(e, slots)
	holds := e.condition.holds(m)
	if m.err != nil {
		return false, e.failure(m.err)
	}
	return holds, nil
}

// failure words what went wrong at run time, without any value in it.
func (e *expression) failure(err error) error {
	return fmt.Errorf("the expression at %s cannot be evaluated: %w", e.at, err)
}

// A vocabulary is what expressions may call, made once for a compilation.
type vocabulary struct {
	functions map[string]Function
	// loops run a predicate over a list; true where the predicate has to be a
	// condition.
	loops map[string]bool
}

func newVocabulary() *vocabulary {
	v := &vocabulary{functions: map[string]Function{}, loops: map[string]bool{
		"all": true, "any": true, "none": true, "one": true, "filter": true, "find": true, "count": true, "map": false,
	}}
	for _, f := range Functions() {
		v.functions[f.Name] = f
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
	b := c.newNodeBuilder(t, in)
	if condition {
		b.expression.condition = b.condition(tree.Node)
	} else {
		b.expression.root = b.value(tree.Node)
	}
	b.expression.kind, b.expression.aliases = a.kind(tree.Node), a.aliases
	return b.expression
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
	c.errorf(t.part(from, to), expressionHint(t.value, t.value[from:min(to, len(t.value))], message), "bad expression: %s", message)
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

// expressionHint says what was probably meant where the parser only says what
// it did not expect.
func expressionHint(whole, at, message string) string {
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
