package engine

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	exprparser "github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/deskrules/deskrules/internal/spell"
)

// An expression is compiled once and safe for concurrent use. What it reads of
// events and replies are prepared reads, so that it never sees more of them
// than it names.
type expression struct {
	text    string
	at      Position
	program *vm.Program
	reads   []exprRead
}

type exprRead struct {
	read
	name    *name
	label   string
	keys    []string // for messages and shapes
	used    bool
	onPath  bool // handed over as it is, not decoded
	asSet   bool // only ever looked up in, by the operator in
	boolean bool // declared so: a setting or an input that is not given is false
	located file.Location
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
	a := &analysis{compiler: c, text: t, scope: in, root: tree.Node, locals: map[string]ast.Node{}}
	a.check(tree.Node, 0)
	if condition {
		a.condition(tree.Node)
		a.settled(tree.Node)
	}
	if a.failed {
		return nil
	}
	return c.patchAndCompile(t, in)
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
	from := byteOffset(t.value, located.From)
	to := max(byteOffset(t.value, located.To), from+1)
	c.errorf(t.part(from, to), expressionHint(t.value[from:min(to, len(t.value))], located.Message), "bad expression: %s", located.Message)
}

// expressionHint says what was probably meant where the parser only says what
// it did not expect.
func expressionHint(at, message string) string {
	switch {
	case at == "=" || at == "===":
		return "Compare with ==."
	case at == "AND" || at == "OR" || at == "NOT":
		return "Write and, or, not in lower case."
	case strings.ContainsAny(at, "\u201c\u201d\u2018\u2019"):
		return "Use straight quotes."
	case strings.Contains(message, "not terminated"):
		return "A quote is missing."
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

// An analysis checks an expression as it was written, before anything is
// rewritten, so that every finding is about what its author sees.
type analysis struct {
	*compiler
	text   text
	scope  *scope
	root   ast.Node
	locals map[string]ast.Node // of let, and what each stands for
	failed bool
}

func (a *analysis) fail(n ast.Node, detail, format string, args ...any) {
	a.failed = true
	from := byteOffset(a.text.value, leftmost(n))
	to := max(byteOffset(a.text.value, rightmost(n)), from+1)
	a.errorf(a.text.part(from, to), detail, format, args...)
}

// leftmost gives where a node begins: expr locates a member at its last part,
// and an operator at its sign.
func leftmost(n ast.Node) int {
	switch n := n.(type) {
	case *ast.MemberNode:
		return min(leftmost(n.Node), n.Location().From)
	case *ast.ChainNode:
		return leftmost(n.Node)
	case *ast.BinaryNode:
		return leftmost(n.Left)
	default:
		return n.Location().From
	}
}

func rightmost(n ast.Node) int {
	if binary, ok := n.(*ast.BinaryNode); ok {
		return rightmost(binary.Right)
	}
	return n.Location().To
}

// check walks an expression. depth counts the loops around it.
func (a *analysis) check(n ast.Node, depth int) {
	switch n := n.(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode:
	case *ast.IdentifierNode:
		a.identifier(n)
	case *ast.PointerNode:
		if n.Name != "" && n.Name != "index" {
			a.fail(n, "", "#%s is not part of the rule language", n.Name)
		}
	case *ast.MemberNode:
		if n.Method {
			a.fail(n, "", "values have no methods")
			return
		}
		a.check(n.Node, depth)
		a.check(n.Property, depth)
	case *ast.ChainNode:
		a.check(n.Node, depth)
	case *ast.UnaryNode:
		a.unary(n, depth)
	case *ast.BinaryNode:
		a.binary(n, depth)
	case *ast.ConditionalNode:
		a.condition(n.Cond)
		a.check(n.Cond, depth)
		a.check(n.Exp1, depth)
		a.check(n.Exp2, depth)
	case *ast.ArrayNode:
		for _, element := range n.Nodes {
			a.check(element, depth)
		}
	case *ast.MapNode:
		for _, pair := range n.Pairs {
			a.pair(pair.(*ast.PairNode), depth)
		}
	case *ast.VariableDeclaratorNode:
		a.check(n.Value, depth)
		if a.scope.names[n.Name] != nil {
			a.fail(n, "", "duplicate name %q", n.Name)
		}
		if a.locals[n.Name] = n.Value; len(a.locals) > maxLets {
			a.fail(n, "Use vars or let steps.", "more than %d let in one expression", maxLets)
			return
		}
		a.check(n.Expr, depth)
	case *ast.CallNode:
		callee, _ := n.Callee.(*ast.IdentifierNode)
		if callee == nil {
			a.fail(n, "", "only functions can be called")
			return
		}
		a.call(n, callee.Value, n.Arguments, depth)
	case *ast.BuiltinNode:
		a.call(n, n.Name, n.Arguments, depth)
	case *ast.PredicateNode:
		a.check(n.Node, depth)
	default:
		a.fail(n, "docs/rules.md lists what expressions can hold.", "this is not part of the rule language")
	}
}

func (a *analysis) pair(n *ast.PairNode, depth int) {
	if _, constant := n.Key.(*ast.StringNode); !constant {
		a.fail(n.Key, "", "the key of an object has to be written out")
	}
	a.check(n.Value, depth)
}

func (a *analysis) identifier(n *ast.IdentifierNode) {
	if a.locals[n.Value] != nil || a.scope.names[n.Value] != nil {
		return
	}
	a.failed = true
	loc := n.Location()
	a.unknownName(a.text.part(byteOffset(a.text.value, loc.From), byteOffset(a.text.value, loc.To)), n.Value, a.scope)
}

func (a *analysis) unary(n *ast.UnaryNode, depth int) {
	a.check(n.Node, depth)
	switch n.Operator {
	case "!", "not":
		a.condition(n.Node)
	case "-":
	default:
		a.fail(n, "", "the operator %s is not part of the rule language", n.Operator)
	}
}

func (a *analysis) binary(n *ast.BinaryNode, depth int) {
	a.check(n.Left, depth)
	a.check(n.Right, depth)
	if depth > 0 && slices.Contains([]string{"matches", "contains", "+", "-", "*", "/"}, n.Operator) {
		a.once(n.Left)
		a.once(n.Right)
	}
	switch n.Operator {
	case "&&", "||", "and", "or":
		a.condition(n.Left)
		a.condition(n.Right)
	case "??", "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "+", "-", "*", "/":
	case "matches":
		pattern, constant := n.Right.(*ast.StringNode)
		if !constant {
			a.fail(n.Right, "", "the pattern behind matches has to be a text in quotes")
		} else if _, err := regexp.Compile(pattern.Value); err != nil {
			a.fail(n.Right, "", "the pattern does not compile: %v", err)
		}
	default:
		a.fail(n, "", "the operator %s is not part of the rule language", n.Operator)
	}
}

func (a *analysis) call(n ast.Node, name string, arguments []ast.Node, depth int) {
	function, known := a.vocabulary.functions[name]
	needsCondition, loop := a.vocabulary.loops[name]
	switch {
	case loop && depth > 0:
		a.fail(n, "Compute the inner list in a step before (let:), or use in, absent or respell.",
			"a loop inside a loop, which a hostile event could make endless")
		return
	case loop:
		a.loop(n, name, arguments, needsCondition)
		return
	case !known:
		a.fail(n, spell.Advice(name, append(a.vocabulary.names(), slices.Sorted(maps.Keys(a.vocabulary.loops))...)), "unknown function %q", name)
	case function.whole && n != a.root:
		a.fail(n, "Name it by a let step, and go on with that.", "%s has to be the whole expression", name)
	case function.onPath && (len(arguments) == 0 || !a.isPath(arguments[0])):
		a.fail(n, "Name a mapping, an input or a part of one.", "%s needs a path as its first argument", name)
	}
	for _, argument := range arguments {
		if depth > 0 && !comparesOnly(name) {
			a.once(argument)
		}
		a.check(argument, depth)
	}
}

// comparesOnly lists the functions that stop at the first difference, so that a
// long value costs nothing in a loop.
func comparesOnly(name string) bool {
	return slices.Contains([]string{"same_id", "same_text", "same_time"}, name)
}

// once refuses to work in a loop on what is the same for every element: a long
// text times a long list is more work than any event may cause.
func (a *analysis) once(n ast.Node) {
	reads := &readsIn{analysis: a}
	ast.Walk(&n, reads)
	if reads.fromOutside && !reads.element {
		a.fail(n, "Compute it once, by a var or a let before, or compare with the element.", "this is the same for every element of the loop")
	}
}

// readsIn tells whether an expression reads the element of a loop, and anything
// whose size an event decides.
type readsIn struct {
	*analysis
	element, fromOutside bool
}

// Visit implements ast.Visitor.
func (r *readsIn) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PointerNode:
		r.element = true
	case *ast.IdentifierNode:
		declared := r.scope.names[n.Value]
		small := declared != nil && (declared.constant != nil || declared == r.config)
		r.fromOutside = r.fromOutside || !small
	}
}

func (a *analysis) loop(n ast.Node, name string, arguments []ast.Node, needsCondition bool) {
	if len(arguments) != 2 {
		a.fail(n, "", "%s takes a list and a predicate, as in %s(list, .key == 1)", name, name)
		return
	}
	a.check(arguments[0], 0)
	predicate, ok := arguments[1].(*ast.PredicateNode)
	if !ok {
		a.fail(arguments[1], "", "%s takes a list and a predicate", name)
		return
	}
	a.check(predicate.Node, 1)
	if needsCondition {
		a.condition(predicate.Node)
	}
}

// isPath reports whether a node is a chain of constant members of a name.
func (a *analysis) isPath(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return a.locals[n.Value] == nil
	case *ast.ChainNode:
		return a.isPath(n.Node)
	case *ast.MemberNode:
		_, key := n.Property.(*ast.StringNode)
		return key && a.isPath(n.Node)
	default:
		return false
	}
}

// condition makes sure that an expression is true or false by itself: nil and
// "false" are neither, and what is absent must not pass for either.
func (a *analysis) condition(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryNode:
		if slices.Contains([]string{"&&", "||", "and", "or", "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches"}, n.Operator) {
			return
		}
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			return
		}
	case *ast.BoolNode:
		a.fail(n, "Remove the condition, or the part that it switches off.", "the condition is always %t", n.Value)
		return
	case *ast.ConditionalNode:
		a.condition(n.Exp1)
		a.condition(n.Exp2)
		return
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && a.vocabulary.functions[callee.Value].bool {
			return
		}
	case *ast.BuiltinNode:
		if slices.Contains([]string{"all", "any", "none", "one"}, n.Name) || a.vocabulary.functions[n.Name].bool {
			return
		}
	case *ast.IdentifierNode:
		if local := a.locals[n.Value]; local != nil {
			a.condition(local)
			return
		}
		if declared := a.scope.names[n.Value]; declared == nil || declared.boolean {
			return
		}
	case *ast.VariableDeclaratorNode:
		a.condition(n.Expr)
		return
	case *ast.MemberNode, *ast.ChainNode:
		if a.booleanMember(n) {
			return
		}
	}
	a.fail(n, "Write a comparison, such as x == true or x != nil.", "this is neither true nor false by itself")
}

// settled reports a condition that reads nothing, and comparisons that have one
// answer whatever the event: a boolean with something else, or a value with
// itself.
func (a *analysis) settled(n ast.Node) {
	finder := &namesIn{}
	ast.Walk(&n, finder)
	if !finder.found && !a.failed {
		a.fail(n, "Remove the condition, or the part that it switches off.", "the condition reads nothing, and is always the same")
		return
	}
	for _, comparison := range finder.comparisons {
		switch {
		case comparison.Left.String() == comparison.Right.String():
			a.fail(comparison, "", "a value is compared with itself")
		case a.boolean(comparison.Left) && isOtherLiteral(comparison.Right), a.boolean(comparison.Right) && isOtherLiteral(comparison.Left):
			a.fail(comparison, "It is true or false by itself.", "a boolean is compared with something that is none")
		}
	}
}

// namesIn collects what a condition reads and compares.
type namesIn struct {
	found       bool
	comparisons []*ast.BinaryNode
}

// Visit implements ast.Visitor.
func (f *namesIn) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode, *ast.PointerNode:
		f.found = true
	case *ast.BinaryNode:
		if n.Operator == "==" || n.Operator == "!=" {
			f.comparisons = append(f.comparisons, n)
		}
	}
}

// boolean reports whether a node is something declared to be true or false.
func (a *analysis) boolean(n ast.Node) bool {
	if name, ok := n.(*ast.IdentifierNode); ok {
		return a.scope.names[name.Value] != nil && a.scope.names[name.Value].boolean
	}
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return false
	}
	root, ok := m.Node.(*ast.IdentifierNode)
	if !ok || a.scope.names[root.Value] == nil {
		return false
	}
	key, ok := m.Property.(*ast.StringNode)
	return ok && a.scope.names[root.Value].booleanAt([]string{key.Value})
}

func isOtherLiteral(n ast.Node) bool {
	switch n.(type) {
	case *ast.NilNode, *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.ArrayNode, *ast.MapNode:
		return true
	default:
		return false
	}
}

// booleanMember reports whether a chain ends at a member declared boolean.
func (a *analysis) booleanMember(n ast.Node) bool {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return false
	}
	root, ok := m.Node.(*ast.IdentifierNode)
	key, constant := m.Property.(*ast.StringNode)
	if !ok || !constant || a.scope.names[root.Value] == nil {
		return false
	}
	s, known := a.scope.names[root.Value].shape.at(key.Value)
	return !known || s != nil && s.boolean // an unknown member is reported elsewhere
}

// A patcher rewrites an expression before it is compiled: paths become
// prepared reads, operators become functions that know JSON's types, and
// member access becomes safe. It is called for the children of a node first.
type patcher struct {
	vocabulary *vocabulary
	expression *expression
	scope      *scope
}

// Visit implements ast.Visitor.
func (p *patcher) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if found := p.scope.names[n.Value]; found != nil {
			p.replace(node, p.read(exprRead{name: found, label: n.Value, located: n.Location()}))
		}
	case *ast.MemberNode:
		p.member(node, n)
	case *ast.ChainNode:
		ast.Patch(node, n.Node)
	case *ast.UnaryNode:
		if n.Operator == "-" {
			p.replace(node, operatorCall("=negate", n.Node))
		}
	case *ast.BinaryNode:
		switch r := p.readOf(n.Right); {
		case n.Operator == "matches":
			n.Left = operatorCall("=text", n.Left)
		case n.Operator == "in" && r != nil:
			r.asSet = true
		}
		if _, replaced := p.vocabulary.operators[n.Operator]; replaced {
			p.replace(node, operatorCall(n.Operator, n.Left, n.Right))
		}
	case *ast.BuiltinNode:
		if _, loop := p.vocabulary.loops[n.Name]; loop {
			n.Arguments[0] = operatorCall("=list", n.Arguments[0])
		}
	case *ast.CallNode:
		p.call(n)
	}
}

func (p *patcher) replace(node *ast.Node, by ast.Node) { ast.Patch(node, by) }

func operatorCall(name string, arguments ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: arguments}
}

// read adds a prepared read and gives the node that fetches it.
func (p *patcher) read(r exprRead) ast.Node {
	segments := make([]segment, len(r.keys))
	for i, key := range r.keys {
		segments[i] = segment{key: key}
	}
	r.read = read{slot: r.name.slot, path: newPath(segments)}
	r.used = true
	p.expression.reads = append(p.expression.reads, r)
	return &ast.MemberNode{
		Node:     &ast.IdentifierNode{Value: "Read"},
		Property: &ast.IntegerNode{Value: len(p.expression.reads) - 1},
	}
}

// readOf gives the read that a node fetches, nil for any other node.
func (p *patcher) readOf(n ast.Node) *exprRead {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return nil
	}
	root, ok := m.Node.(*ast.IdentifierNode)
	if !ok || root.Value != "Read" {
		return nil
	}
	return &p.expression.reads[m.Property.(*ast.IntegerNode).Value]
}

// member lengthens a read by a constant key, or makes the access safe.
func (p *patcher) member(node *ast.Node, n *ast.MemberNode) {
	base := p.readOf(n.Node)
	key, constant := constantKey(n.Property)
	if base == nil || !constant {
		p.replace(node, operatorCall("=member", n.Node, n.Property))
		return
	}
	base.used = false
	longer := exprRead{name: base.name, label: base.label, keys: append(slices.Clone(base.keys), key), located: n.Location()}
	longer.located.From = min(longer.located.From, base.located.From)
	p.replace(node, p.read(longer))
}

func constantKey(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, n.Value != ""
	case *ast.IntegerNode:
		return strconv.Itoa(n.Value), n.Value >= 0
	default:
		return "", false
	}
}

func (p *patcher) call(n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || len(n.Arguments) == 0 {
		return
	}
	if r := p.readOf(n.Arguments[0]); r != nil && p.vocabulary.functions[callee.Value].onPath {
		r.onPath = true
	}
}
