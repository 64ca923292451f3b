package engine

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/deskrules/deskrules/internal/spell"
)

// An analysis checks an expression as it was written, before it is compiled, so
// that every finding is about what its author sees.
type analysis struct {
	*compiler
	text   text
	scope  *scope
	root   ast.Node
	locals map[string]ast.Node // of let, and what each stands for: nothing that is declared later
	// inLoop says what those locals are computed from that a loop has for each
	// element; paths what those stand for that name a path.
	inLoop  map[string]*readsIn
	paths   map[string]*namedPath
	aliases []namedPath // members read through a local
	failed  bool
}

// A namedPath is a place below a name.
type namedPath struct {
	name *name
	keys []string
}

// namedPath gives the place that a node reads, and whether a local stands in
// front of it; nil for what is computed.
func (a *analysis) namedPath(n ast.Node) (p *namedPath, local bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if a.locals[n.Value] != nil {
			return a.paths[n.Value], true
		}
		if declared := a.scope.names[n.Value]; declared != nil {
			return &namedPath{name: declared}, false
		}
	case *ast.ChainNode:
		return a.namedPath(n.Node)
	case *ast.MemberNode:
		seg, constant := constantKey(n.Property)
		if of, local := a.namedPath(n.Node); of != nil && constant {
			return &namedPath{of.name, append(slices.Clone(of.keys), seg.key)}, local
		}
	}
	return nil, false
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
		if p, local := a.namedPath(n); p != nil && local {
			a.aliases = append(a.aliases, *p)
		}
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
		if !a.passes(n.Value, depth) {
			n.Value = &ast.IdentifierNode{} // stands for nothing, rather than for itself
		}
		if a.scope.names[n.Name] != nil || a.locals[n.Name] != nil {
			a.fail(n, "A name means one thing in an expression.", "duplicate name %q", n.Name)
			return
		}
		if a.hides(n.Name) {
			a.fail(n, "Expressions have a function of this name, which it would hide.", "%q cannot be a name", n.Name)
			return
		}
		a.local(n, depth)
		if len(a.locals) > maxLets {
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

// passes checks a part, and reports whether nothing is wrong with it.
func (a *analysis) passes(n ast.Node, depth int) bool {
	before := a.failed
	a.failed = false
	a.check(n, depth)
	passed := !a.failed
	a.failed = a.failed || before
	return passed
}

// local notes what a let stands for.
func (a *analysis) local(n *ast.VariableDeclaratorNode, depth int) {
	path, _ := a.namedPath(n.Value)
	var reads *readsIn
	if depth > 0 {
		reads = a.reads(n.Value)
		reads.same = a.sameForAll(n.Value)
	}
	a.locals[n.Name], a.paths[n.Name], a.inLoop[n.Name] = n.Value, path, reads
}

// hides reports whether a name would hide something that can be called.
func (a *analysis) hides(name string) bool {
	_, function := a.vocabulary.functions[name]
	_, loop := a.vocabulary.loops[name]
	return function || loop
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
	case function.takes != anyNumber && len(arguments) != function.takes:
		a.fail(n, "Write "+function.Signature+".", "%s takes %s, not %d", name, argumentsText(function.takes), len(arguments))
	case function.whole && n != a.root:
		a.fail(n, "Name it by a let step, and go on with that.", "%s has to be the whole expression", name)
	case function.onPath && !a.isPath(arguments[0]):
		a.fail(n, "Name a mapping, an input or a part of one.", "%s needs a path as its first argument", name)
	}
	for _, argument := range arguments {
		if depth > 0 && !comparesOnly(name) {
			a.once(argument)
		}
		a.check(argument, depth)
	}
}

func argumentsText(count int) string {
	if count == 1 {
		return "one argument"
	}
	return fmt.Sprintf("%d arguments", count)
}

// comparesOnly lists the functions that stop at the first difference, so that a
// long value costs nothing in a loop.
func comparesOnly(name string) bool {
	return slices.Contains([]string{"same_id", "same_text", "same_time"}, name)
}

// once refuses to work in a loop on what is the same for every element: a long
// text times a long list is more work than any event may cause.
func (a *analysis) once(n ast.Node) {
	if same := a.sameForAll(n); same != nil {
		a.fail(same, "Compute it once, by a var or a let before, or compare with the element.", "this is the same for every element of the loop")
	}
}

// sameForAll gives what a value may come to that is the same for every element;
// nil for nothing. Of two alternatives an event decides which it is.
func (a *analysis) sameForAll(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if local := a.inLoop[n.Value]; local != nil {
			return local.same
		}
	case *ast.ConditionalNode:
		return cmp.Or(a.sameForAll(n.Exp1), a.sameForAll(n.Exp2))
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return cmp.Or(a.sameForAll(n.Left), a.sameForAll(n.Right))
		}
	}
	if reads := a.reads(n); reads.fromOutside && !reads.element {
		return n
	}
	return nil
}

func (a *analysis) reads(n ast.Node) *readsIn {
	reads := &readsIn{analysis: a}
	ast.Walk(&n, reads)
	return reads
}

// readsIn tells whether an expression reads the element of a loop, and anything
// whose size an event decides.
type readsIn struct {
	*analysis
	element, fromOutside bool
	same                 ast.Node // what it may come to, of a local
}

// Visit implements ast.Visitor.
func (r *readsIn) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PointerNode:
		r.element = true
	case *ast.IdentifierNode:
		if local := r.inLoop[n.Value]; local != nil {
			r.element, r.fromOutside = r.element || local.element, r.fromOutside || local.fromOutside
			return
		}
		declared := r.scope.names[n.Value]
		_, small := r.vocabulary.functions[n.Value]
		small = small || declared != nil && (declared.constant != nil || declared == r.config)
		r.fromOutside = r.fromOutside || !small
	}
}

func (a *analysis) loop(n ast.Node, name string, arguments []ast.Node, needsCondition bool) {
	if len(arguments) != 2 {
		a.fail(n, "", "%s takes a list and a predicate, as in %s(list, .key == 1)", name, name)
		return
	}
	a.check(arguments[0], 0)
	if kind := a.kind(arguments[0]); kind != "" && kind != "array" && kind != "object" {
		a.fail(arguments[0], "", "%s needs a list, and this is %s", name, kindText(kind))
	}
	predicate, ok := arguments[1].(*ast.PredicateNode)
	if !ok {
		a.fail(arguments[1], "", "%s takes a list and a predicate", name)
		return
	}
	a.check(predicate.Node, 1)
	if _, nothing := predicate.Node.(*ast.NilNode); nothing {
		a.fail(predicate.Node, "", "this is nil for every element")
	}
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
		if isAnd(n.Operator) || isOr(n.Operator) || isComparison(n.Operator) {
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
		case a.mismatched(comparison):
		default:
			a.counted(comparison)
		}
	}
	a.contradictions(n)
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
		if slices.Contains([]string{"==", "!=", "<", "<=", ">", ">=", "in"}, n.Operator) {
			f.comparisons = append(f.comparisons, n)
		}
	}
}

// boolean reports whether a node is something declared to be true or false.
func (a *analysis) boolean(n ast.Node) bool {
	if name, ok := n.(*ast.IdentifierNode); ok {
		return a.scope.names[name.Value] != nil && a.scope.names[name.Value].boolean
	}
	of, key := a.memberOf(n)
	return of != nil && of.booleanAt([]string{key})
}

// memberOf gives the name of which a node is a member; nil for any other node.
func (a *analysis) memberOf(n ast.Node) (*name, string) {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return nil, ""
	}
	root, ok := m.Node.(*ast.IdentifierNode)
	key, constant := m.Property.(*ast.StringNode)
	if !ok || !constant {
		return nil, ""
	}
	return a.scope.names[root.Value], key.Value
}

func isOtherLiteral(n ast.Node) bool {
	switch n.(type) {
	case *ast.NilNode, *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.ArrayNode, *ast.MapNode:
		return true
	default:
		return false
	}
}

// booleanMember reports whether a chain ends at a member declared boolean. An
// unknown member is reported elsewhere.
func (a *analysis) booleanMember(n ast.Node) bool {
	of, key := a.memberOf(n)
	if of == nil {
		return false
	}
	if a.blind && of == a.config {
		return true
	}
	_, known := of.shape.at(key)
	return !known || of.booleanAt([]string{key})
}
