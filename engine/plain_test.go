package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// This is the evaluation of expressions written as plainly as can be, to compare
// the one of the product with: everything is decoded, every operator is a
// function of decoded values, and the machine of expr-lang calls them.

// A plainFunction is a function of decoded values.
type plainFunction struct {
	name  string
	types []any
	call  func(args ...any) (any, error)
}

func plainFunctions() []plainFunction {
	any1, any2 := []any{new(func(any) any)}, []any{new(func(any, any) any)}
	truth, list := []any{new(func(any, any) bool)}, []any{new(func(any, any) []any)}
	return []plainFunction{
		{"absent", list, plainAbsent},
		{"concat", []any{new(func(...any) []any)}, plainConcat},
		{"first", any1, plainFirst},
		{"join", any2, plainJoin},
		{"last", any1, plainLast},
		{"len", []any{new(func(any) int)}, plainLength},
		{"lower", any1, plainOnText(strings.ToLower)},
		{"members", []any{new(func(any) []any)}, plainMembers},
		{"respell", any2, plainRespell},
		{"same_id", truth, plainSame(func(a, b string) bool { return a == b })},
		{"same_text", truth, plainSame(sameFold)},
		{"same_time", truth, plainSame(sameInstant)},
		{"split", list, plainSplit},
		{"text", any1, plainText},
		{"trim", any1, plainOnText(strings.TrimSpace)},
		{"unix", any1, plainUnix},
		{"upper", any1, plainOnText(strings.ToUpper)},
	}
}

// A plainExpression is an expression as expr-lang runs it.
type plainExpression struct {
	program *vm.Program
	reads   []plainRead
}

type plainRead struct {
	read
	name     *name
	keys     []string
	segments []segment
	onPath   bool // handed over as it is, not decoded
	asSet    bool // only ever looked up in, by the operator in
}

// plainEnvironment is what expr sees. Every path of an expression is an element
// of Read.
type plainEnvironment struct {
	Read []any
}

func newPlainExpression(text string, in *scope) (*plainExpression, error) {
	e := &plainExpression{}
	options := []expr.Option{expr.Env(plainEnvironment{}), expr.DisableAllBuiltins(), expr.Patch(&plainPatcher{e, in})}
	for loop := range newVocabulary().loops {
		options = append(options, expr.EnableBuiltin(loop))
	}
	for _, f := range slices.Concat(plainFunctions(), plainOperators()) {
		options = append(options, expr.Function(f.name, f.call, f.types...))
	}
	program, err := expr.Compile(text, options...)
	e.program = program
	return e, err
}

// eval gives the result as JSON.
func (e *plainExpression) eval(slots []value) (value, error) {
	env := plainEnvironment{Read: make([]any, len(e.reads))}
	for i, r := range e.reads {
		v := r.from(slots)
		switch {
		case r.onPath:
			env.Read[i] = v
		case r.asSet:
			env.Read[i] = newPlainElements(v.decode())
		case r.name.booleanAt(r.keys):
			env.Read[i] = v.raw == "true"
		default:
			env.Read[i] = v.decode()
		}
	}
	result, err := vm.Run(e.program, env)
	var located *file.Error
	if errors.As(err, &located) {
		err = errors.New(located.Message)
	}
	if err != nil {
		return value{}, err
	}
	if v, ok := result.(value); ok {
		return v, nil
	}
	return plainEncode(result)
}

// A plainPatcher rewrites an expression before it is compiled: paths become
// prepared reads, operators become functions that know JSON's types, and
// member access becomes safe. It is called for the children of a node first.
type plainPatcher struct {
	expression *plainExpression
	scope      *scope
}

// Visit implements ast.Visitor.
func (p *plainPatcher) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if found := p.scope.names[n.Value]; found != nil {
			p.replace(node, p.read(plainRead{name: found}))
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
		if slices.ContainsFunc(plainOperators(), func(f plainFunction) bool { return f.name == n.Operator }) {
			p.replace(node, operatorCall(n.Operator, n.Left, n.Right))
		}
	case *ast.BuiltinNode:
		n.Arguments[0] = operatorCall("=list", n.Arguments[0])
	case *ast.CallNode:
		p.call(n)
	}
}

func (p *plainPatcher) replace(node *ast.Node, by ast.Node) { ast.Patch(node, by) }

func operatorCall(name string, arguments ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: arguments}
}

// read adds a prepared read and gives the node that fetches it.
func (p *plainPatcher) read(r plainRead) ast.Node {
	r.read = read{slot: r.name.slot, path: newPath(r.segments)}
	p.expression.reads = append(p.expression.reads, r)
	return &ast.MemberNode{
		Node:     &ast.IdentifierNode{Value: "Read"},
		Property: &ast.IntegerNode{Value: len(p.expression.reads) - 1},
	}
}

// readOf gives the read that a node fetches, nil for any other node.
func (p *plainPatcher) readOf(n ast.Node) *plainRead {
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
func (p *plainPatcher) member(node *ast.Node, n *ast.MemberNode) {
	base := p.readOf(n.Node)
	seg, constant := constantKey(n.Property)
	if base == nil || !constant {
		p.replace(node, operatorCall("=member", n.Node, n.Property))
		return
	}
	p.replace(node, p.read(plainRead{name: base.name, keys: append(slices.Clone(base.keys), seg.key), segments: append(slices.Clone(base.segments), seg)}))
}

func (p *plainPatcher) call(n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || len(n.Arguments) == 0 {
		return
	}
	if r := p.readOf(n.Arguments[0]); r != nil && (callee.Value == "members" || callee.Value == "respell") {
		r.onPath = true
	}
}

// plainOperators lists what the plainOperators and plainMember accesses of expressions are
// replaced by. Their names cannot be written in an expression.
func plainOperators() []plainFunction {
	truth := new(func(any, any) bool)
	bools := func(name string, holds func(a, b any) bool) plainFunction {
		return plainFunction{name: name, types: []any{truth},
			call: func(args ...any) (any, error) { return holds(args[0], args[1]), nil }}
	}
	ordered := func(name string, holds func(order int) bool) plainFunction {
		return bools(name, func(a, b any) bool {
			order, comparable := compareValues(a, b)
			return comparable && holds(order)
		})
	}
	texts := func(name string, holds func(a, b string) bool) plainFunction {
		return bools(name, func(a, b any) bool {
			x, ok := a.(string)
			y, also := b.(string)
			return ok && also && holds(x, y)
		})
	}
	return []plainFunction{
		bools("==", equalValues),
		bools("!=", func(a, b any) bool { return !equalValues(a, b) }),
		bools("in", plainWithin),
		ordered("<", func(order int) bool { return order < 0 }),
		ordered("<=", func(order int) bool { return order <= 0 }),
		ordered(">", func(order int) bool { return order > 0 }),
		ordered(">=", func(order int) bool { return order >= 0 }),
		texts("contains", strings.Contains),
		texts("startsWith", strings.HasPrefix),
		texts("endsWith", strings.HasSuffix),
		plainArithmetic("+"), plainArithmetic("-"), plainArithmetic("*"), plainArithmetic("/"),
		{name: "=negate", types: []any{new(func(any) any)}, call: func(args ...any) (any, error) {
			if args[0] == nil {
				return nil, nil
			}
			return plainCalculate("-", int64(0), args[0])
		}},
		{name: "=member", types: []any{new(func(any, any) any)}, call: func(args ...any) (any, error) {
			return plainMember(args[0], args[1]), nil
		}},
		bools("matches", func(a, pattern any) bool {
			s, isText := a.(string)
			return isText && pattern.(*regexp.Regexp).MatchString(s)
		}),
		{name: "=list", types: []any{new(func(any) []any)}, call: func(args ...any) (any, error) {
			return plainList(args[0]), nil
		}},
	}
}

func plainArithmetic(operator string) plainFunction {
	return plainFunction{name: operator, types: []any{new(func(any, any) any)}, call: func(args ...any) (any, error) {
		a, isText := args[0].(string)
		b, both := args[1].(string)
		switch {
		case operator == "+" && isText && both:
			return plainBounded(a + b)
		case args[0] == nil || args[1] == nil:
			return nil, nil
		}
		return plainCalculate(operator, args[0], args[1])
	}}
}

// plainMember reads a member of an object by a text, or an element of an array by a
// number; nil for everything that is not there.
func plainMember(of, key any) any {
	switch of := of.(type) {
	case map[string]any:
		if k, ok := key.(string); ok {
			return of[k]
		}
	case []any:
		i, ok := toInt(key)
		if ok && i < 0 {
			i += len(of)
		}
		if ok && i >= 0 && i < len(of) {
			return of[i]
		}
	}
	return nil
}

func toInt(v any) (int, bool) {
	switch n := v.(type) {
	case int:
		return n, true
	case int64:
		return int(n), int64(int(n)) == n
	case float64: // 1.0 is 1, where it is written out
		return int(n), float64(int(n)) == n
	default:
		return 0, false
	}
}

func plainList(v any) []any {
	list, _ := v.([]any)
	if list == nil {
		return []any{}
	}
	return list
}

// equalValues compares as JSON does: numbers by their value, objects without
// regard to order, and nothing across types.
func equalValues(a, b any) bool {
	if x, ok := numberText(a); ok {
		y, also := numberText(b)
		return also && compareNumbers(x, y) == 0
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && equalLists(a, b)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && equalObjects(a, b)
	case nil, bool, string:
		return a == b
	default:
		return false
	}
}

func equalLists(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !equalValues(a[i], b[i]) {
			return false
		}
	}
	return true
}

func equalObjects(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for key, x := range a {
		y, there := b[key]
		if !there || !equalValues(x, y) {
			return false
		}
	}
	return true
}

// compareValues orders numbers with numbers and texts with texts.
func compareValues(a, b any) (order int, comparable bool) {
	if x, ok := numberText(a); ok {
		y, also := numberText(b)
		if !also {
			return 0, false
		}
		return compareNumbers(x, y), true
	}
	x, ok := a.(string)
	y, also := b.(string)
	return strings.Compare(x, y), ok && also
}

// plainWithin is the operator in: an element of a list, or a key of an object.
func plainWithin(a, b any) bool {
	switch b := b.(type) {
	case *plainElements:
		return b.has(a)
	case []any:
		for _, element := range b {
			if equalValues(a, element) {
				return true
			}
		}
	case map[string]any:
		if key, ok := a.(string); ok {
			_, there := b[key]
			return there
		}
	}
	return false
}

// plainElements is a list or object prepared for the operator in, so that looking up
// one list in another costs their sum and not their product.
type plainElements struct {
	texts   map[string]struct{}
	numbers map[string]struct{} // in a form that equal numbers share
	others  []any
	keys    map[string]any
}

func newPlainElements(v any) *plainElements {
	e := &plainElements{}
	e.keys, _ = v.(map[string]any)
	list := plainList(v)
	if len(list) == 0 {
		return e
	}
	e.texts, e.numbers = make(map[string]struct{}, len(list)), map[string]struct{}{}
	for _, element := range list {
		if s, isText := element.(string); isText {
			e.texts[s] = struct{}{}
		} else if n, isNumber := numberText(element); isNumber {
			e.numbers[splitNumber(n).text()] = struct{}{}
		} else {
			e.others = append(e.others, element)
		}
	}
	return e
}

func (e *plainElements) has(v any) bool {
	if s, isText := v.(string); isText {
		_, there := e.texts[s]
		_, isKey := e.keys[s]
		return there || isKey
	}
	if n, isNumber := numberText(v); isNumber {
		_, there := e.numbers[splitNumber(n).text()]
		return there
	}
	return plainWithin(v, e.others)
}

func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return fmt.Sprint(v), true
	default:
		return numberText(v)
	}
}

func plainText(args ...any) (any, error) {
	if s, ok := scalarText(args[0]); ok {
		return s, nil
	}
	return nil, nil
}

// plainOnText applies to texts, and to numbers by their digits.
func plainOnText(f func(string) string) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		if s, ok := idText(args[0]); ok {
			return f(s), nil
		}
		return nil, nil
	}
}

// plainSame compares two texts or numbers; booleans, lists and nil are
// never the same as anything.
func plainSame(same func(a, b string) bool) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		a, ok := idText(args[0])
		b, also := idText(args[1])
		return ok && also && same(a, b), nil
	}
}

func idText(v any) (string, bool) {
	if s, ok := v.(string); ok {
		return s, true
	}
	return numberText(v)
}

// plainUnix rounds down, before 1970 as well as after.
func plainUnix(args ...any) (any, error) {
	s, _ := args[0].(string)
	if t, ok := parseTime(s); ok {
		return t.Unix(), nil
	}
	return nil, nil
}

func plainLength(args ...any) (any, error) {
	switch v := args[0].(type) {
	case string:
		return utf8.RuneCountInString(v), nil
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	default:
		return 0, nil
	}
}

func plainBounded(s string) (any, error) {
	if len(s) > maxResult {
		return nil, errTooLong()
	}
	return s, nil
}

func plainFirst(args ...any) (any, error) { return plainMember(args[0], 0), nil }

func plainLast(args ...any) (any, error) { return plainMember(args[0], -1), nil }

func plainConcat(args ...any) (any, error) {
	all := []any{}
	for _, list := range args {
		if all = append(all, plainList(list)...); len(all) > maxElements {
			return nil, fmt.Errorf("a list of more than %d elements", maxElements)
		}
	}
	return all, nil
}

func plainJoin(args ...any) (any, error) {
	separator, _ := args[1].(string)
	var parts []string
	size := 0
	for _, element := range plainList(args[0]) {
		if s, ok := scalarText(element); ok {
			parts = append(parts, s)
			size += len(s) + len(separator)
		}
	}
	if size > maxResult {
		return nil, errTooLong()
	}
	return strings.Join(parts, separator), nil
}

func plainSplit(args ...any) (any, error) {
	parts := []any{}
	s, ok := args[0].(string)
	separator, also := args[1].(string)
	if !ok || !also || separator == "" {
		return parts, nil
	}
	for _, part := range strings.Split(s, separator) {
		parts = append(parts, part)
	}
	return parts, nil
}

func plainMembers(args ...any) (any, error) {
	object, _ := args[0].(value)
	all := []any{}
	object.members(func(key string, member value) {
		all = append(all, map[string]any{"key": key, "name": member.name(key), "value": member.decode()})
	})
	return all, nil
}

// A plainSpelling knows how the texts of a list are written. A text that is written
// exactly so wins, else the first that differs in case only.
type plainSpelling struct {
	exact  map[string]bool
	folded map[string]string
}

func plainSpellingOf(list any) plainSpelling {
	s := plainSpelling{map[string]bool{}, map[string]string{}}
	for _, element := range plainList(list) {
		text, ok := element.(string)
		if !ok {
			continue
		}
		s.exact[text] = true
		if _, there := s.folded[fold(text)]; !there {
			s.folded[fold(text)] = text
		}
	}
	return s
}

func (s plainSpelling) of(text string) (as string, known bool) {
	if s.exact[text] {
		return text, true
	}
	as, known = s.folded[fold(text)]
	return as, known
}

func plainAbsent(args ...any) (any, error) {
	known := plainSpellingOf(args[1])
	all := []any{}
	for _, m := range plainList(args[0]) {
		key, _ := plainMember(m, "key").(string)
		if _, there := known.of(key); !there {
			all = append(all, m)
		}
	}
	return all, nil
}

func plainRespell(args ...any) (any, error) {
	object, _ := args[0].(value)
	spelled := plainSpellingOf(args[1])
	var parts []string
	at := map[string]int{}
	object.members(func(key string, member value) {
		as, known := spelled.of(key)
		if !known {
			as = key
		}
		part := quote(as) + ":" + member.raw
		if i, twice := at[as]; !twice {
			at[as] = len(parts)
			parts = append(parts, part)
		} else if key == as {
			parts[i] = part // the exact key wins, else the first
		}
	})
	return rawValue("{" + strings.Join(parts, ",") + "}"), nil
}

// plainTypeText names what an expression saw, by type and size: never by content,
// which may be personal.
func plainTypeText(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case bool:
		return "a boolean"
	case string:
		return fmt.Sprintf("text (%d characters)", utf8.RuneCountInString(v))
	case []any:
		return fmt.Sprintf("a list (%d elements)", len(v))
	case map[string]any:
		return fmt.Sprintf("an object (%d members)", len(v))
	default:
		if _, ok := numberText(v); ok {
			return "a number"
		}
		return "a value"
	}
}

// numberText gives the literal of anything that expressions take for a number.
func numberText(v any) (string, bool) {
	switch n := v.(type) {
	case int64:
		return strconv.FormatInt(n, 10), true
	case int:
		return strconv.Itoa(n), true
	case decimal:
		return string(n), true
	case float64:
		return floatText(n), true
	default:
		return "", false
	}
}

// plainCalculate is exact addition, subtraction and multiplication; a quotient that
// has no end is rounded to 20 places.
func plainCalculate(operator string, a, b any) (any, error) {
	x, err := plainRational(a)
	if err != nil {
		return nil, err
	}
	y, err := plainRational(b)
	if err != nil {
		return nil, err
	}
	result := new(big.Rat)
	switch operator {
	case "+":
		result.Add(x, y)
	case "-":
		result.Sub(x, y)
	case "*":
		result.Mul(x, y)
	case "/":
		if y.Sign() == 0 {
			return nil, fmt.Errorf("division by zero")
		}
		result.Quo(x, y)
	}
	return plainOfRational(result), nil
}

func plainRational(v any) (*big.Rat, error) {
	s, ok := numberText(v)
	if !ok {
		return nil, fmt.Errorf("%s is not a number", plainTypeText(v))
	}
	if n := splitNumber(s); n.magnitude > maxMagnitude || n.magnitude < -maxMagnitude || len(n.digits) > maxMagnitude {
		return nil, fmt.Errorf("the number has too many digits to calculate with")
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, fmt.Errorf("%s is not a number", shorten(s))
	}
	return r, nil
}

func plainOfRational(r *big.Rat) any {
	if r.IsInt() {
		return decodeNumber(r.Num().String())
	}
	places, exact := r.FloatPrec()
	if !exact || places > 2*maxMagnitude {
		places = 20
	}
	s := strings.TrimRight(r.FloatString(places), "0")
	return decodeNumber(strings.TrimSuffix(s, "."))
}

// plainEncode writes the result of an expression as JSON, keys sorted.
func plainEncode(v any) (value, error) {
	if v == nil {
		return rawValue("null"), nil
	}
	if size := plainMeasure(v, 0); size > maxResult {
		return value{}, errTooLong()
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return value{}, err
	}
	return rawValue(strings.TrimSuffix(b.String(), "\n")), nil
}

// plainMeasure gives about how many bytes a value takes, and stops counting once it
// is too large: parts may be shared many times over.
func plainMeasure(v any, size int) int {
	if size > maxResult {
		return size
	}
	size += 8
	switch v := v.(type) {
	case string:
		size += len(v)
	case []any:
		for _, element := range v {
			size = plainMeasure(element, size)
		}
	case map[string]any:
		for key, member := range v {
			size = plainMeasure(member, size+len(key))
		}
	}
	return size
}
