package engine

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"
)

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
		case n.Operator == "matches": // of which the pattern was checked
			n.Right = &ast.ConstantNode{Value: regexp.MustCompile(n.Right.(*ast.StringNode).Value)}
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
	r.read = read{slot: r.name.slot, path: newPath(r.segments)}
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
	seg, constant := constantKey(n.Property)
	if base == nil || !constant {
		p.replace(node, operatorCall("=member", n.Node, n.Property))
		return
	}
	base.used = false
	longer := exprRead{name: base.name, label: base.label, located: n.Location(),
		keys: append(slices.Clone(base.keys), seg.key), segments: append(slices.Clone(base.segments), seg)}
	longer.located.From = min(longer.located.From, base.located.From)
	p.replace(node, p.read(longer))
}

// constantKey gives the key that is written out: a text reads objects and a
// number arrays, as the access to a computed value does.
func constantKey(n ast.Node) (segment, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return keySegment(n.Value), n.Value != ""
	case *ast.IntegerNode:
		return segment{key: strconv.Itoa(n.Value), only: '['}, n.Value >= 0
	default:
		return segment{}, false
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
