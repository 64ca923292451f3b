package engine

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A nodeBuilder makes the nodes of an expression that was checked.
type nodeBuilder struct {
	*compiler
	text       text
	scope      *scope
	expression *expression
	locals     map[string]*boundLocal
	loop       bool // within the predicate of a loop
	whole      bool // within a part that is evaluated as a whole
}

// A boundLocal is a let: where its value is, and how often that can change.
type boundLocal struct {
	node    node
	changes changes
}

// changes says how often the value of a part can change.
type changes int

const (
	never      changes = iota // a part that reads nothing but constants
	perRun                    // the same for all elements of a loop
	perElement                // another one for each
)

func (c *compiler) newNodeBuilder(t text, in *scope) *nodeBuilder {
	e := &expression{text: t.value, at: t.at.position()}
	return &nodeBuilder{compiler: c, text: t, scope: in, expression: e, locals: map[string]*boundLocal{}}
}

// condition compiles what is true or false by itself.
func (b *nodeBuilder) condition(n ast.Node) condition {
	value := b.value(n)
	if t, ok := value.(*truth); ok {
		return t.condition
	}
	return &believed{value}
}

func (b *nodeBuilder) value(n ast.Node) node {
	if name, ok := n.(*ast.IdentifierNode); ok && b.locals[name.Value] != nil {
		return b.locals[name.Value].node // evaluated before, and decoded
	}
	return b.prepared(n, operand.decoded)
}

// prepared compiles a part, and prepares what does not change for what is to be
// done with it: what never changes now, and what is the same for all elements of
// a loop at the first of them.
func (b *nodeBuilder) prepared(n ast.Node, prepare func(operand) operand) node {
	if b.whole {
		return b.node(n)
	}
	switch changes := b.changesOf(n); {
	case changes == never:
		return b.constant(n, prepare)
	case changes == perRun && b.loop:
		return b.once(n, prepare)
	default:
		return b.node(n)
	}
}

// constant evaluates a part on loading. One that fails does so whenever the
// expression is evaluated.
func (b *nodeBuilder) constant(n ast.Node, prepare func(operand) operand) node {
	whole := b.asWhole(n)
	m := (&workspace{}).start(&expression{locals: maxLets, kept: b.expression.kept}, nil)
	if value := whole.eval(m); m.err == nil {
		return &constant{prepare(value)}
	}
	return whole
}

// asWhole compiles a part without a look at the parts of it.
func (b *nodeBuilder) asWhole(n ast.Node) node {
	b.whole = true
	defer func() { b.whole = false }()
	return b.node(n)
}

func (b *nodeBuilder) once(n ast.Node, prepare func(operand) operand) node {
	of := b.asWhole(n)
	at := b.expression.kept
	b.expression.kept++
	return &once{at, of, prepare}
}

// changesOf tells how often a part can change.
func (b *nodeBuilder) changesOf(n ast.Node) changes {
	finder := &changesIn{b, never}
	ast.Walk(&n, finder)
	return finder.found
}

type changesIn struct {
	*nodeBuilder
	found changes
}

// Visit implements ast.Visitor. Names that are neither declared nor bound are
// those of functions, or of a let within the part.
func (f *changesIn) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.PointerNode:
		f.found = perElement
	case *ast.IdentifierNode:
		if local := f.locals[n.Value]; local != nil {
			f.found = max(f.found, local.changes)
		} else if declared := f.scope.names[n.Value]; declared != nil && declared.constant == nil {
			f.found = max(f.found, perRun)
		}
	}
}

// node compiles a part of any kind. What is no part of the language was refused
// before.
func (b *nodeBuilder) node(n ast.Node) node {
	if r := b.readOf(n); r != nil {
		return b.reading(r)
	}
	switch n := n.(type) {
	case *ast.BoolNode:
		return &constant{boolean(n.Value)}
	case *ast.StringNode:
		return &constant{textOperand(n.Value)}
	case *ast.IntegerNode:
		return &constant{operand{kind: '0', isWhole: true, whole: int64(n.Value), text: strconv.Itoa(n.Value)}}
	case *ast.FloatNode:
		return &constant{numberOperand(floatText(n.Value))}
	case *ast.PointerNode:
		if n.Name == "index" {
			return position{}
		}
		return element{}
	case *ast.IdentifierNode:
		return b.locals[n.Value].node
	case *ast.ChainNode:
		return b.value(n.Node)
	case *ast.MemberNode:
		return b.member(n)
	case *ast.UnaryNode:
		return b.unary(n)
	case *ast.BinaryNode:
		return b.binary(n)
	case *ast.ConditionalNode:
		return &choice{b.condition(n.Cond), b.value(n.Exp1), b.value(n.Exp2)}
	case *ast.ArrayNode:
		return &listing{b.values(n.Nodes)}
	case *ast.MapNode:
		return b.object(n)
	case *ast.VariableDeclaratorNode:
		return b.letting(n)
	case *ast.CallNode:
		return b.call(n.Callee.(*ast.IdentifierNode).Value, n.Arguments)
	case *ast.BuiltinNode:
		return b.call(n.Name, n.Arguments)
	default:
		return &constant{}
	}
}

// floatText writes a number as JSON does.
func floatText(f float64) string {
	text, err := json.Marshal(f)
	if err != nil {
		panic("engine: a number that does not encode: " + err.Error())
	}
	return string(text)
}

func (b *nodeBuilder) values(parts []ast.Node) []node {
	all := make([]node, len(parts))
	for i, part := range parts {
		all[i] = b.value(part)
	}
	return all
}

// readOf gives the read that a chain of constant members of a name is; nil for
// everything else.
func (b *nodeBuilder) readOf(n ast.Node) *exprRead {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if found := b.scope.names[n.Value]; found != nil {
			return &exprRead{name: found, label: n.Value, located: n.Location()}
		}
	case *ast.ChainNode:
		return b.readOf(n.Node)
	case *ast.MemberNode:
		seg, isConstant := constantKey(n.Property)
		if r := b.readOf(n.Node); r != nil && isConstant {
			r.keys, r.segments = append(r.keys, seg.key), append(r.segments, seg)
			from := min(r.located.From, n.Location().From)
			r.located = n.Location()
			r.located.From = from
			return r
		}
	}
	return nil
}

// constantKey gives the key that is written out: a text reads objects and a
// number arrays, as the access to a computed value does.
func constantKey(n ast.Node) (segment, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return keySegment(n.Value), n.Value != ""
	case *ast.IntegerNode:
		return elementSegment(n.Value), n.Value >= 0
	default:
		return segment{}, false
	}
}

func elementSegment(number int) segment { return segment{key: strconv.Itoa(number), only: '['} }

// reading notes what an expression reads.
func (b *nodeBuilder) reading(r *exprRead) node {
	r.read = read{slot: r.name.slot, path: newPath(r.segments)}
	b.expression.reads = append(b.expression.reads, *r)
	b.touch(r.name)
	r.name.asked = append(r.name.asked, r.keys)
	whole := b.text.value
	b.checkShape(b.text.part(byteOffset(whole, r.located.From), byteOffset(whole, r.located.To)), r.label, r.name, r.keys)
	switch {
	case r.name.constant != nil:
		return &constant{written(rawValue(r.name.constant.json).get(&r.path))}
	case r.name.booleanAt(r.keys):
		return &truth{&boolRead{r.read}}
	default:
		return &reading{r.read}
	}
}

// member compiles a member that is no part of a read that is written out. Where
// the key turns out to be known on loading it is one nevertheless.
func (b *nodeBuilder) member(n *ast.MemberNode) node {
	of := b.prepared(n.Node, operand.opened)
	key := b.value(n.Property)
	known, ok := key.(*constant)
	if !ok {
		return &member{of, key}
	}
	path, isPath := of.(*reading)
	seg, isKey := known.operand.segment()
	switch {
	case isPath && isKey:
		return path.below(seg)
	case known.operand.kind == '"':
		return &namedMember{of, known.operand.content()}
	default:
		return &member{of, key}
	}
}

// segment gives a key as a part of a path.
func (o operand) segment() (segment, bool) {
	if o.kind == '"' {
		return keySegment(o.content()), o.content() != ""
	}
	number, ok := o.number()
	return elementSegment(number), ok && number >= 0
}

func (n *reading) below(s segment) node {
	return &reading{read{slot: n.slot, path: newPath(append(slices.Clone(n.path.segments), s))}}
}

func (b *nodeBuilder) unary(n *ast.UnaryNode) node {
	if n.Operator == "-" {
		return &negation{b.value(n.Node)}
	}
	return &truth{&not{b.condition(n.Node)}}
}

func (b *nodeBuilder) binary(n *ast.BinaryNode) node {
	switch operator := n.Operator; operator {
	case "&&", "and":
		return &truth{&and{b.condition(n.Left), b.condition(n.Right)}}
	case "||", "or":
		return &truth{&or{b.condition(n.Left), b.condition(n.Right)}}
	case "==":
		return &truth{b.equality(n)}
	case "!=":
		return &truth{&not{b.equality(n)}}
	case "in":
		return &truth{&within{b.value(n.Left), b.prepared(n.Right, operand.asSet)}}
	case "matches":
		return &truth{&matching{b.value(n.Left), regexp.MustCompile(n.Right.(*ast.StringNode).Value)}}
	case "??":
		return &fallback{b.value(n.Left), b.value(n.Right)}
	case "+", "-", "*", "/":
		return &calculation{operator[0], b.value(n.Left), b.value(n.Right)}
	case "contains":
		return &truth{&comparing{b.value(n.Left), b.value(n.Right), strings.Contains}}
	case "startsWith":
		return &truth{&comparing{b.value(n.Left), b.value(n.Right), strings.HasPrefix}}
	case "endsWith":
		return &truth{&comparing{b.value(n.Left), b.value(n.Right), strings.HasSuffix}}
	default:
		return &truth{b.ordering(n)}
	}
}

func (b *nodeBuilder) equality(n *ast.BinaryNode) condition {
	left := b.prepared(n.Left, operand.opened)
	if _, isNothing := n.Right.(*ast.NilNode); isNothing {
		return &isNil{left}
	}
	return &equality{left, b.prepared(n.Right, operand.opened)}
}

func (b *nodeBuilder) ordering(n *ast.BinaryNode) condition {
	left, right := b.value(n.Left), b.value(n.Right)
	if length, isLength := left.(*lengthOf); isLength && n.Operator == ">" && isZero(n.Right) {
		return &nonEmpty{length.list}
	}
	return &ordering{
		left: left, right: right,
		before: n.Operator[0] == '<', same: strings.HasSuffix(n.Operator, "="), behind: n.Operator[0] == '>',
	}
}

func isZero(n ast.Node) bool {
	number, isNumber := n.(*ast.IntegerNode)
	return isNumber && number.Value == 0
}

// object compiles an object. Of a key that is there twice the first counts.
func (b *nodeBuilder) object(n *ast.MapNode) node {
	var keys []string
	for _, pair := range n.Pairs {
		keys = append(keys, keyOf(pair))
	}
	slices.Sort(keys)
	made := &assembly{keys: slices.Compact(keys)}
	for i, pair := range n.Pairs {
		at, _ := slices.BinarySearch(made.keys, keyOf(pair))
		twice := slices.ContainsFunc(n.Pairs[:i], func(earlier ast.Node) bool { return keyOf(earlier) == keyOf(pair) })
		made.members = append(made.members, assembled{at, twice, b.value(pair.(*ast.PairNode).Value)})
	}
	return made
}

func keyOf(pair ast.Node) string { return pair.(*ast.PairNode).Key.(*ast.StringNode).Value }

func (b *nodeBuilder) letting(n *ast.VariableDeclaratorNode) node {
	at := len(b.locals)
	value, changes := b.value(n.Value), b.changesOf(n.Value)
	bound := &boundLocal{&local{at}, max(changes, perRun)}
	if known, ok := value.(*constant); ok {
		bound = &boundLocal{known, never}
	}
	b.locals[n.Name] = bound
	b.expression.locals = len(b.locals)
	return &letting{at, value, b.value(n.Expr)}
}

// call compiles a call. A path that a function takes stays one.
func (b *nodeBuilder) call(name string, arguments []ast.Node) node {
	if _, loop := b.vocabulary.loops[name]; loop {
		return b.loopNode(name, arguments)
	}
	function := b.vocabulary.functions[name]
	compiled := make([]node, len(arguments))
	for i, argument := range arguments {
		if i == 0 && function.onPath {
			compiled[i] = b.node(argument)
		} else {
			compiled[i] = b.value(argument)
		}
	}
	return function.build(compiled)
}

func (b *nodeBuilder) loopNode(name string, arguments []ast.Node) node {
	list := b.value(arguments[0])
	l := loop{list: list, from: b.expression.kept}
	b.loop = true
	predicate := arguments[1].(*ast.PredicateNode).Node
	var each node
	var meets condition
	if b.vocabulary.loops[name] {
		meets = b.condition(predicate)
	} else {
		each = b.value(predicate)
	}
	b.loop = false
	l.to = b.expression.kept
	switch name {
	case "filter":
		return &filtering{l, meets}
	case "find":
		return &finder{l, meets}
	case "map":
		return &projection{l, each}
	case "count":
		return &counting{quantity{loop: l, meets: meets, meet: true, enough: math.MaxInt}}
	default:
		return &truth{quantityOf(name, l, meets)}
	}
}

func quantityOf(name string, l loop, meets condition) *quantity {
	q := &quantity{loop: l, meets: meets, meet: name != "all", enough: 1}
	switch name {
	case "any":
		q.exact = 1
	case "one":
		q.exact, q.enough = 1, math.MaxInt
	}
	return q
}
