package engine

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// What a rule declares of types (as:, the type of a setting or an input, what a
// function gives) is followed as far as it goes, to find what can never work. A
// kind is a name of as, string for time; empty where nothing is known. It says
// what a value is where there is one: a value can always be missing.

// kindShape gives the shape of a value of which only the kind is known.
func kindShape(kind string) *shape {
	switch kind {
	case "":
		return nil
	case "array", "object":
		return &shape{kind: kind}
	case "time":
		kind = "string"
	}
	return &shape{kind: kind, members: map[string]*shape{}}
}

// shapeOf gives what is known of a value that is one of several: it can be asked
// only for what each of them has.
func shapeOf(s *sourced) *shape {
	if s == nil {
		return nil
	}
	kind := s.kind()
	if members := commonMembers(s.shapes); kind == "" || kind == "object" && members != nil {
		return members
	}
	return kindShape(kind)
}

// commonMembers gives the members that all shapes have of which any are known.
func commonMembers(shapes []*shape) *shape {
	var known *shape
	for _, candidate := range shapes {
		switch {
		case candidate == nil || candidate.open || candidate.members == nil || candidate.scalar():
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

func (s *shape) scalar() bool { return s.kind != "" && s.kind != "array" && s.kind != "object" }

// kind gives what every value of a source is. A default may be of another one.
func (s *sourced) kind() string {
	kind := ""
	switch {
	case s.table != nil:
		kind = "string"
	case s.as != nil:
		return s.as.name // fits the default, too
	case s.expr != nil:
		kind = s.expr.kind
	case s.literal != "":
		kind = kindOfJSON(s.literal)
	case len(s.reads) == 1 && len(s.shapes) == 1 && s.shapes[0] != nil:
		kind = s.shapes[0].kind
	}
	if s.fallback != "" && !sameKind(kind, kindOfJSON(s.fallback)) {
		return ""
	}
	return kind
}

func kindOfJSON(json string) string {
	switch rawValue(json).kind() {
	case '"':
		return "string"
	case '[':
		return "array"
	case '{':
		return "object"
	case 't', 'f':
		return "boolean"
	case '0':
		return "number"
	default:
		return ""
	}
}

// sameKind reports whether values of two kinds can be equal.
func sameKind(a, b string) bool {
	plain := func(kind string) string {
		switch kind {
		case "time":
			return "string"
		case "integer":
			return "number"
		default:
			return kind
		}
	}
	return plain(a) == plain(b)
}

// kindText words a kind in a sentence.
func kindText(kind string) string {
	switch kind {
	case "integer", "number":
		return "a number"
	case "string", "time":
		return "text"
	case "array", "object":
		return "an " + kind
	default:
		return "a " + kind
	}
}

// kindAt gives the kind of what a path through a name leads to.
func (n *name) kindAt(keys []string) string {
	if n.constant != nil && len(keys) == 0 {
		return kindOfJSON(n.constant.json)
	}
	if s := n.shape.below(keys); s != nil {
		return s.kind
	}
	return ""
}

// kind gives the kind of what a part of an expression gives.
func (a *analysis) kind(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return "string"
	case *ast.IntegerNode, *ast.FloatNode:
		return "number"
	case *ast.BoolNode:
		return "boolean"
	case *ast.ArrayNode:
		return "array"
	case *ast.MapNode:
		return "object"
	case *ast.UnaryNode:
		if n.Operator == "-" {
			return "number"
		}
		return "boolean"
	case *ast.BinaryNode:
		if isComparison(n.Operator) || isAnd(n.Operator) || isOr(n.Operator) {
			return "boolean"
		}
		return ""
	case *ast.BuiltinNode:
		return a.vocabulary.gives(n.Name)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return a.vocabulary.gives(callee.Value)
		}
		return ""
	default:
		return a.kindOfPath(n)
	}
}

// kindOfPath gives the kind of a name, of a member, or of what a let stands for.
func (a *analysis) kindOfPath(n ast.Node) string {
	root, keys := n, []string(nil)
	for {
		member, ok := root.(*ast.MemberNode)
		if !ok {
			break
		}
		key, constant := member.Property.(*ast.StringNode)
		if !constant {
			return ""
		}
		root, keys = member.Node, append(keys, key.Value)
	}
	name, ok := root.(*ast.IdentifierNode)
	if !ok {
		return ""
	}
	slices.Reverse(keys)
	if local := a.locals[name.Value]; local != nil {
		if len(keys) > 0 {
			return ""
		}
		return a.kind(local)
	}
	if declared := a.scope.names[name.Value]; declared != nil {
		return declared.kindAt(keys)
	}
	return ""
}

// gives tells the kind of what a function gives.
func (v *vocabulary) gives(name string) string {
	switch name {
	case "filter", "map":
		return "array"
	case "count":
		return "integer"
	case "all", "any", "none", "one":
		return "boolean"
	}
	return v.functions[name].gives
}

func isComparison(operator string) bool {
	return slices.Contains([]string{"==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches"}, operator)
}

// mismatched reports a comparison of what is never equal, and never in order.
func (a *analysis) mismatched(n *ast.BinaryNode) bool {
	left, right := a.kind(n.Left), a.kind(n.Right)
	if list, ok := n.Right.(*ast.ArrayNode); ok && n.Operator == "in" {
		right = a.kindOfAll(list.Nodes)
	} else if n.Operator == "in" {
		return false
	}
	if left == "" || right == "" || sameKind(left, right) {
		return false
	}
	a.fail(n, "Nothing of one type equals anything of another, or comes before or after it: 3 is not \"3\".", "%s is compared with %s", kindText(left), kindText(right))
	return true
}

// kindOfAll gives the one kind that all nodes have.
func (a *analysis) kindOfAll(nodes []ast.Node) string {
	kind := ""
	for i, n := range nodes {
		if i == 0 {
			kind = a.kind(n)
		}
		if !sameKind(kind, a.kind(n)) {
			return ""
		}
	}
	return kind
}

// counted reports a comparison of how many there are with less than nothing.
func (a *analysis) counted(n *ast.BinaryNode) {
	limit, isNumber := numberOf(n.Right)
	if !isNumber || a.kind(n.Left) != "integer" || !isCount(n.Left) {
		return
	}
	switch op := n.Operator; {
	case op == "<" && limit <= 0, (op == "<=" || op == "==") && limit < 0:
		a.fail(n, "", "the condition is never true: there are 0 or more")
	case op == ">=" && limit <= 0, (op == ">" || op == "!=") && limit < 0:
		a.fail(n, "", "the condition is always true: there are 0 or more")
	}
}

func isCount(n ast.Node) bool {
	text := n.String()
	return strings.HasPrefix(text, "len(") || strings.HasPrefix(text, "count(")
}

// list makes sure that an expression can give a list.
func (c *compiler) list(t text, e *expression) {
	if e != nil && e.kind != "" && e.kind != "array" {
		c.errorf(t.at, "", "a list is needed here, and this gives %s", kindText(e.kind))
	}
}

// scalars makes sure that what is put into a URL can be one part of it.
func (c *compiler) scalars(t text, compiled *template, in *scope) {
	if compiled == nil {
		return
	}
	for _, part := range compiled.parts {
		root, _, _ := strings.Cut(part.label, ".")
		n := in.names[root]
		if part.read == nil || n == nil || !part.read.path.plain() {
			continue
		}
		if kind := n.kindAt(part.read.path.keys()); kind == "array" || kind == "object" {
			from := strings.Index(t.value, "{"+part.label+"}") + 1
			c.errorf(t.part(from, from+len(part.label)), "", "%s is %s, and a single value is needed", part.label, kindText(kind))
		}
	}
}

// plain reports whether the path names one value, key after key.
func (p *path) plain() bool { return p.keysOnly }
