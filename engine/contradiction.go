package engine

import (
	"math"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// contradictions reports chains of and that no value can meet, and chains of or
// that every value meets, as in x != "a" or x != "b". It knows comparisons with
// what is written out, which is where authors mix up and with or.
func (a *analysis) contradictions(root ast.Node) {
	finder := &chainsIn{inner: map[ast.Node]bool{}}
	ast.Walk(&root, finder)
	for _, chain := range finder.chains {
		if !finder.inner[chain] {
			a.contradiction(chain)
		}
	}
}

// chainsIn collects the nodes that join conditions. A node is visited after
// those below it.
type chainsIn struct {
	chains []*ast.BinaryNode
	inner  map[ast.Node]bool // which belong to the chain of a node above them
}

// Visit implements ast.Visitor.
func (f *chainsIn) Visit(node *ast.Node) {
	chain, ok := (*node).(*ast.BinaryNode)
	if !ok || !isAnd(chain.Operator) && !isOr(chain.Operator) {
		return
	}
	for _, side := range []ast.Node{chain.Left, chain.Right} {
		below, ok := side.(*ast.BinaryNode)
		f.inner[side] = ok && isAnd(below.Operator) == isAnd(chain.Operator)
	}
	f.chains = append(f.chains, chain)
}

func isAnd(operator string) bool { return operator == "&&" || operator == "and" }

func isOr(operator string) bool { return operator == "||" || operator == "or" }

// contradiction looks at one chain. A chain of or always holds where the
// opposites of its parts cannot hold together.
func (a *analysis) contradiction(chain *ast.BinaryNode) {
	and := isAnd(chain.Operator)
	left := map[string]*possible{} // by the text of what is compared
	for _, part := range partsOf(chain, and) {
		claim, ok := claimOf(part, and)
		if !ok {
			continue
		}
		p := left[claim.about]
		if p == nil {
			p = &possible{least: math.Inf(-1), most: math.Inf(1)}
			left[claim.about] = p
		}
		if p.narrow(claim); !p.empty() {
			continue
		}
		if and {
			a.fail(chain, "Write or where one of them is enough.", "the condition is never true: %s cannot be all of this at once", claim.about)
		} else {
			a.fail(chain, "Write and where all of them are meant.", "the condition is always true: %s differs from one of these in any case", claim.about)
		}
		return
	}
}

// partsOf gives what a chain of and, or of or, joins.
func partsOf(n ast.Node, and bool) []ast.Node {
	if chain, ok := n.(*ast.BinaryNode); ok && (and && isAnd(chain.Operator) || !and && isOr(chain.Operator)) {
		return append(partsOf(chain.Left, and), partsOf(chain.Right, and)...)
	}
	return []ast.Node{n}
}

// A claim is what a comparison says of one value.
type claim struct {
	about       string
	one         []string // it is one of these literals; nil says nothing
	none        []string // it is none of these
	number      bool     // it is a number between these
	least, most float64
}

// claimOf reads a comparison, or its opposite where holds is false.
func claimOf(n ast.Node, holds bool) (claim, bool) {
	if not, ok := n.(*ast.UnaryNode); ok && (not.Operator == "!" || not.Operator == "not") {
		return claimOf(not.Node, !holds)
	}
	comparison, ok := n.(*ast.BinaryNode)
	if !ok {
		return claim{}, false
	}
	c := claim{about: comparison.Left.String(), least: math.Inf(-1), most: math.Inf(1)}
	literals, ok := literalsOf(comparison.Right)
	if !ok {
		return claim{}, false
	}
	switch operator := comparison.Operator; {
	case operator == "in":
	case len(literals) != 1 || isArray(comparison.Right):
		return claim{}, false
	case operator == "!=":
		holds = !holds
	case operator != "==":
		// What is no number meets neither a comparison nor its opposite.
		return c, holds && c.bound(operator, comparison.Right)
	}
	if holds {
		c.one = literals
	} else {
		c.none = literals
	}
	return c, true
}

func isArray(n ast.Node) bool {
	_, ok := n.(*ast.ArrayNode)
	return ok
}

// mostExact keeps to numbers between which float64 leaves none out.
const mostExact = 1 << 50

// bound reads a comparison by order with a number.
func (c *claim) bound(operator string, with ast.Node) bool {
	limit, ok := numberOf(with)
	if !ok || math.Abs(limit) > mostExact {
		return false
	}
	c.number = true
	switch operator {
	case "<":
		c.most = math.Nextafter(limit, math.Inf(-1))
	case "<=":
		c.most = limit
	case ">":
		c.least = math.Nextafter(limit, math.Inf(1))
	case ">=":
		c.least = limit
	default:
		return false
	}
	return true
}

// literalsOf gives the literals of a node, in a form in which equal ones are
// equal: one, or those of a list.
func literalsOf(n ast.Node) ([]string, bool) {
	list, ok := n.(*ast.ArrayNode)
	if !ok {
		literal, ok := literalOf(n)
		return []string{literal}, ok
	}
	literals := []string{}
	for _, element := range list.Nodes {
		literal, ok := literalOf(element)
		if !ok {
			return nil, false
		}
		literals = append(literals, literal)
	}
	return literals, true
}

func literalOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.NilNode:
		return "nil", true
	case *ast.BoolNode:
		return strconv.FormatBool(n.Value), true
	case *ast.StringNode:
		return strconv.Quote(n.Value), true
	case *ast.IntegerNode:
		return strconv.Itoa(n.Value), true
	}
	f, ok := numberOf(n)
	return strconv.FormatFloat(f, 'f', -1, 64), ok
}

func numberOf(n ast.Node) (float64, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.UnaryNode:
		f, ok := numberOf(n.Node)
		return -f, ok && n.Operator == "-"
	}
	return 0, false
}

// A possible is what a value can still be after some claims.
type possible struct {
	one         []string // nil is anything
	none        []string
	number      bool
	least, most float64
}

func (p *possible) narrow(c claim) {
	if c.one != nil && p.one == nil {
		p.one = c.one
	} else if c.one != nil {
		p.one = slices.DeleteFunc(slices.Clone(p.one), func(literal string) bool { return !slices.Contains(c.one, literal) })
	}
	p.none = append(p.none, c.none...)
	p.number = p.number || c.number
	p.least, p.most = max(p.least, c.least), min(p.most, c.most)
}

// empty reports whether nothing is left.
func (p *possible) empty() bool {
	if p.number && p.least > p.most {
		return true
	}
	return p.one != nil && !slices.ContainsFunc(p.one, p.allows)
}

// allows reports whether a literal meets the rest of the claims.
func (p *possible) allows(literal string) bool {
	if slices.Contains(p.none, literal) {
		return false
	}
	if !p.number {
		return true
	}
	f, err := strconv.ParseFloat(literal, 64)
	return err == nil && f >= p.least && f <= p.most
}
