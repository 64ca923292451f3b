package engine

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Function is one function that expressions may call.
type Function struct {
	Name string
	// Signature shows the arguments, such as same_text(a, b).
	Signature string
	// Doc says what it gives.
	Doc string
	// Examples are expressions and their results, which the tests run.
	Examples []FunctionExample

	types  []any
	call   func(args ...any) (any, error)
	bool   bool // gives true or false: a condition by itself
	onPath bool // the first argument has to be a path
	whole  bool // cannot be a part of a larger expression
}

// A FunctionExample is an expression without names, and its result as JSON.
type FunctionExample struct {
	Expr, Result string
}

// Functions lists the functions of the expression language, by name. Beside
// them stand the loops of expr-lang: all, any, count, filter, find, map, none
// and one.
func Functions() []Function {
	list, text, truth := new(func(any) []any), new(func(any) any), new(func(any, any) bool)
	return []Function{
		{Name: "absent", Signature: "absent(members, keys)", Doc: "The members whose key is not in the list of keys, without regard to case.",
			Examples: []FunctionExample{{`absent([{"key": "Plan"}, {"key": "seats"}], ["plan"])`, `[{"key":"seats"}]`}},
			types:    []any{new(func(any, any) []any)}, call: absentMembers},
		{Name: "concat", Signature: "concat(list, ...)", Doc: "One list of the elements of all; nil counts as an empty list.",
			Examples: []FunctionExample{{`concat([1], nil, [2, 3])`, `[1,2,3]`}},
			types:    []any{new(func(...any) []any)}, call: concatLists},
		{Name: "first", Signature: "first(list)", Doc: "The first element, nil of an empty list.",
			Examples: []FunctionExample{{`first([1, 2])`, `1`}, {`first([])`, `null`}},
			types:    []any{text}, call: firstElement},
		{Name: "join", Signature: "join(list, separator)", Doc: "The elements as text, with the separator between them.",
			Examples: []FunctionExample{{`join(["a", 1], ", ")`, `"a, 1"`}},
			types:    []any{new(func(any, any) any)}, call: joinList},
		{Name: "last", Signature: "last(list)", Doc: "The last element, nil of an empty list.",
			Examples: []FunctionExample{{`last([1, 2])`, `2`}},
			types:    []any{text}, call: lastElement},
		{Name: "len", Signature: "len(value)", Doc: "The characters of a text, the elements of a list, the members of an object; 0 for nil and all else.",
			Examples: []FunctionExample{{`len("añb")`, `3`}, {`len(nil)`, `0`}},
			types:    []any{new(func(any) int)}, call: length},
		{Name: "lower", Signature: "lower(text)", Doc: "The text in lower case, a number by its digits; nil for all else.",
			Examples: []FunctionExample{{`lower("ÄB")`, `"äb"`}, {`lower(nil)`, `null`}},
			types:    []any{text}, call: onText(strings.ToLower)},
		{Name: "members", Signature: "members(path)", Doc: "The members of an object in their order, each as {key, name, value}; name is the key before keys: identifier rewrote it. Takes a path, not a computed value.",
			types: []any{list}, call: membersOf, onPath: true},
		{Name: "respell", Signature: "respell(path, keys)", Doc: "The object with each key written as it is in the list of keys, compared without regard to case. Takes a path, not a computed value, and is the whole expression.",
			types: []any{new(func(any, any) any)}, call: respellKeys, onPath: true, whole: true},
		{Name: "same_id", Signature: "same_id(a, b)", Doc: "Whether two ids are the same digits or text, one of them a number perhaps. Nothing is the same as nil.",
			Examples: []FunctionExample{{`same_id(9007199254740993, "9007199254740993")`, `true`}, {`same_id(nil, nil)`, `false`}},
			types:    []any{truth}, call: compareTexts(func(a, b string) bool { return a == b }), bool: true},
		{Name: "same_text", Signature: "same_text(a, b)", Doc: "Whether two texts (or numbers, by their digits) are equal without regard to case. Nothing is the same as nil.",
			Examples: []FunctionExample{{`same_text("A@b.com", "a@B.com")`, `true`}, {`same_text("", nil)`, `false`}},
			types:    []any{truth}, call: compareTexts(sameFold), bool: true},
		{Name: "same_time", Signature: "same_time(a, b)", Doc: "Whether two RFC 3339 texts are the same instant.",
			Examples: []FunctionExample{{`same_time("2026-01-31T12:00:00Z", "2026-01-31T13:00:00.000+01:00")`, `true`}},
			types:    []any{truth}, call: compareTexts(sameInstant), bool: true},
		{Name: "split", Signature: "split(text, separator)", Doc: "The parts of a text between separators; an empty list for what is no text.",
			Examples: []FunctionExample{{`split("a,b", ",")`, `["a","b"]`}},
			types:    []any{new(func(any, any) []any)}, call: splitText},
		{Name: "text", Signature: "text(value)", Doc: "A text as it is, a number by its digits, true and false as words; nil for all else.",
			Examples: []FunctionExample{{`text(1234567)`, `"1234567"`}, {`text(true)`, `"true"`}},
			types:    []any{text}, call: toText},
		{Name: "trim", Signature: "trim(text)", Doc: "The text without white space around it, a number by its digits; nil for all else.",
			Examples: []FunctionExample{{`trim(" a ")`, `"a"`}},
			types:    []any{text}, call: onText(strings.TrimSpace)},
		{Name: "unix", Signature: "unix(time)", Doc: "The whole seconds since 1970 of an RFC 3339 text; nil for all else.",
			Examples: []FunctionExample{
				{`unix("2026-01-31T13:00:00.999+01:00")`, `1769860800`}, {`unix("1969-12-31T23:59:58.5Z")`, `-2`}, {`unix("yesterday")`, `null`}},
			types: []any{text}, call: unixSeconds},
		{Name: "upper", Signature: "upper(text)", Doc: "The text in upper case, a number by its digits; nil for all else.",
			Examples: []FunctionExample{{`upper("a")`, `"A"`}},
			types:    []any{text}, call: onText(strings.ToUpper)},
	}
}

// operators lists what the operators and member accesses of expressions are
// replaced by. Their names cannot be written in an expression.
func operators() []Function {
	truth := new(func(any, any) bool)
	bools := func(name string, holds func(a, b any) bool) Function {
		return Function{Name: name, types: []any{truth}, bool: true,
			call: func(args ...any) (any, error) { return holds(args[0], args[1]), nil }}
	}
	ordered := func(name string, holds func(order int) bool) Function {
		return bools(name, func(a, b any) bool {
			order, comparable := compareValues(a, b)
			return comparable && holds(order)
		})
	}
	texts := func(name string, holds func(a, b string) bool) Function {
		return bools(name, func(a, b any) bool {
			x, ok := a.(string)
			y, also := b.(string)
			return ok && also && holds(x, y)
		})
	}
	return []Function{
		bools("==", equalValues),
		bools("!=", func(a, b any) bool { return !equalValues(a, b) }),
		bools("in", within),
		ordered("<", func(order int) bool { return order < 0 }),
		ordered("<=", func(order int) bool { return order <= 0 }),
		ordered(">", func(order int) bool { return order > 0 }),
		ordered(">=", func(order int) bool { return order >= 0 }),
		texts("contains", strings.Contains),
		texts("startsWith", strings.HasPrefix),
		texts("endsWith", strings.HasSuffix),
		arithmetic("+"), arithmetic("-"), arithmetic("*"), arithmetic("/"),
		{Name: "=negate", types: []any{new(func(any) any)}, call: func(args ...any) (any, error) {
			if args[0] == nil {
				return nil, nil
			}
			return calculate("-", int64(0), args[0])
		}},
		{Name: "=member", types: []any{new(func(any, any) any)}, call: func(args ...any) (any, error) {
			return member(args[0], args[1]), nil
		}},
		bools("matches", func(a, pattern any) bool {
			s, isText := a.(string)
			return isText && pattern.(*regexp.Regexp).MatchString(s)
		}),
		{Name: "=list", types: []any{new(func(any) []any)}, call: func(args ...any) (any, error) {
			return toList(args[0]), nil
		}},
	}
}

func arithmetic(operator string) Function {
	return Function{Name: operator, types: []any{new(func(any, any) any)}, call: func(args ...any) (any, error) {
		a, isText := args[0].(string)
		b, both := args[1].(string)
		switch {
		case operator == "+" && isText && both:
			return bounded(a + b)
		case args[0] == nil || args[1] == nil:
			return nil, nil
		}
		return calculate(operator, args[0], args[1])
	}}
}

// member reads a member of an object by a text, or an element of an array by a
// number; nil for everything that is not there.
func member(of, key any) any {
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
	default:
		return 0, false
	}
}

func toList(v any) []any {
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

// within is the operator in: an element of a list, or a key of an object.
func within(a, b any) bool {
	switch b := b.(type) {
	case *elements:
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

// elements is a list or object prepared for the operator in, so that looking up
// one list in another costs their sum and not their product.
type elements struct {
	texts   map[string]struct{}
	numbers map[string]struct{} // in a form that equal numbers share
	others  []any
	keys    map[string]any
}

func newElements(v any) *elements {
	e := &elements{}
	e.keys, _ = v.(map[string]any)
	list := toList(v)
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

func (e *elements) has(v any) bool {
	if s, isText := v.(string); isText {
		_, there := e.texts[s]
		_, isKey := e.keys[s]
		return there || isKey
	}
	if n, isNumber := numberText(v); isNumber {
		_, there := e.numbers[splitNumber(n).text()]
		return there
	}
	return within(v, e.others)
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

func toText(args ...any) (any, error) {
	if s, ok := scalarText(args[0]); ok {
		return s, nil
	}
	return nil, nil
}

// onText applies to texts, and to numbers by their digits.
func onText(f func(string) string) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		if s, ok := idText(args[0]); ok {
			return f(s), nil
		}
		return nil, nil
	}
}

// compareTexts compares two texts or numbers; booleans, lists and nil are
// never the same as anything.
func compareTexts(same func(a, b string) bool) func(...any) (any, error) {
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

// fold gives the form that texts share which are equal without regard to case,
// for the keys of the memory: of the runes that fold with each other the least,
// in lower case where that is an ASCII letter.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		if least >= 'A' && least <= 'Z' {
			least += 'a' - 'A'
		}
		return least
	}, s)
}

// sameFold compares as fold does, and stops at the first difference.
func sameFold(a, b string) bool { return strings.EqualFold(a, b) }

func sameInstant(a, b string) bool {
	x, ok := parseTime(a)
	y, also := parseTime(b)
	return ok && also && x.Equal(y)
}

// unixSeconds rounds down, before 1970 as well as after.
func unixSeconds(args ...any) (any, error) {
	s, _ := args[0].(string)
	if t, ok := parseTime(s); ok {
		return t.Unix(), nil
	}
	return nil, nil
}

func length(args ...any) (any, error) {
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

// What an expression makes is bounded, so that neither an event nor a chain of
// vars that each double the one before can make it large.
const (
	maxResult   = 16 << 20 // bytes
	maxElements = 1 << 20
)

func errTooLong() error { return fmt.Errorf("a result of more than %d bytes", maxResult) }

func bounded(s string) (any, error) {
	if len(s) > maxResult {
		return nil, errTooLong()
	}
	return s, nil
}

func firstElement(args ...any) (any, error) { return member(args[0], 0), nil }

func lastElement(args ...any) (any, error) { return member(args[0], -1), nil }

func concatLists(args ...any) (any, error) {
	all := []any{}
	for _, list := range args {
		if all = append(all, toList(list)...); len(all) > maxElements {
			return nil, fmt.Errorf("a list of more than %d elements", maxElements)
		}
	}
	return all, nil
}

func joinList(args ...any) (any, error) {
	separator, _ := args[1].(string)
	var parts []string
	size := 0
	for _, element := range toList(args[0]) {
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

func splitText(args ...any) (any, error) {
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

func membersOf(args ...any) (any, error) {
	object, _ := args[0].(value)
	all := []any{}
	object.members(func(key string, member value) {
		all = append(all, map[string]any{"key": key, "name": member.name(key), "value": member.decode()})
	})
	return all, nil
}

// A spelling knows how the texts of a list are written. A text that is written
// exactly so wins, else the first that differs in case only.
type spelling struct {
	exact  map[string]bool
	folded map[string]string
}

func spellingOf(list any) spelling {
	s := spelling{map[string]bool{}, map[string]string{}}
	for _, element := range toList(list) {
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

func (s spelling) of(text string) (as string, known bool) {
	if s.exact[text] {
		return text, true
	}
	as, known = s.folded[fold(text)]
	return as, known
}

func absentMembers(args ...any) (any, error) {
	known := spellingOf(args[1])
	all := []any{}
	for _, m := range toList(args[0]) {
		key, _ := member(m, "key").(string)
		if _, there := known.of(key); !there {
			all = append(all, m)
		}
	}
	return all, nil
}

func respellKeys(args ...any) (any, error) {
	object, _ := args[0].(value)
	spelled := spellingOf(args[1])
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

// typeText names what an expression saw, by type and size: never by content,
// which may be personal.
func typeText(v any) string {
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
