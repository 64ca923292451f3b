package engine

import (
	"fmt"
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

	takes  int    // how many arguments, or anyNumber
	gives  string // the kind; empty where it depends
	build  func(arguments []node) node
	bool   bool // gives true or false: a condition by itself
	onPath bool // the first argument has to be a path
	whole  bool // cannot be a part of a larger expression
}

// anyNumber of arguments is what a function takes that has no fixed number.
const anyNumber = -1

// A FunctionExample is an expression without names, and its result as JSON.
type FunctionExample struct {
	Expr, Result string
}

// Functions lists the functions of the expression language, by name. Beside
// them stand the loops of expr-lang: all, any, count, filter, find, map, none
// and one.
func Functions() []Function {
	return []Function{
		{Name: "absent", Signature: "absent(members, keys)", Doc: "The members whose key is not in the list of keys, without regard to case.",
			Examples: []FunctionExample{{`absent([{"key": "Plan"}, {"key": "seats"}], ["plan"])`, `[{"key":"seats"}]`}},
			takes:    2, gives: "array", build: newAbsence},
		{Name: "concat", Signature: "concat(list, ...)", Doc: "One list of the elements of all; nil counts as an empty list.",
			Examples: []FunctionExample{{`concat([1], nil, [2, 3])`, `[1,2,3]`}},
			takes:    anyNumber, gives: "array", build: func(arguments []node) node { return &concatenation{arguments} }},
		{Name: "first", Signature: "first(list)", Doc: "The first element, nil of an empty list.",
			Examples: []FunctionExample{{`first([1, 2])`, `1`}, {`first([])`, `null`}},
			takes:    1, build: unary(func(_ *machine, list operand) operand { return list.element(0) })},
		{Name: "join", Signature: "join(list, separator)", Doc: "The elements as text, with the separator between them.",
			Examples: []FunctionExample{{`join(["a", 1], ", ")`, `"a, 1"`}},
			takes:    2, build: binary(join)},
		{Name: "last", Signature: "last(list)", Doc: "The last element, nil of an empty list.",
			Examples: []FunctionExample{{`last([1, 2])`, `2`}},
			takes:    1, build: unary(func(_ *machine, list operand) operand { return list.element(-1) })},
		{Name: "len", Signature: "len(value)", Doc: "The characters of a text, the elements of a list, the members of an object; 0 for nil and all else.",
			Examples: []FunctionExample{{`len("añb")`, `3`}, {`len(nil)`, `0`}},
			takes:    1, gives: "integer", build: newLength},
		{Name: "lower", Signature: "lower(text)", Doc: "The text in lower case, a number by its digits; nil for all else.",
			Examples: []FunctionExample{{`lower("ÄB")`, `"äb"`}, {`lower(nil)`, `null`}},
			takes:    1, build: unary(onText(strings.ToLower))},
		{Name: "members", Signature: "members(path)", Doc: "The members of an object in their order, each as {key, name, value}; name is the key before keys: identifier rewrote it. Takes a path, not a computed value.",
			takes: 1, gives: "array", build: func(arguments []node) node { return &memberList{of: arguments[0]} }, onPath: true},
		{Name: "respell", Signature: "respell(path, keys)", Doc: "The object with each key written as it is in the list of keys, compared without regard to case. Takes a path, not a computed value, and is the whole expression.",
			takes: 2, build: newRespelling, onPath: true, whole: true},
		{Name: "same_id", Signature: "same_id(a, b)", Doc: "Whether two ids are the same digits or text, one of them a number perhaps. Nothing is the same as nil.",
			Examples: []FunctionExample{{`same_id(9007199254740993, "9007199254740993")`, `true`}, {`same_id(nil, nil)`, `false`}},
			takes:    2, gives: "boolean", build: sameness(func(a, b string) bool { return a == b }), bool: true},
		{Name: "same_text", Signature: "same_text(a, b)", Doc: "Whether two texts (or numbers, by their digits) are equal without regard to case. Nothing is the same as nil.",
			Examples: []FunctionExample{{`same_text("A@b.com", "a@B.com")`, `true`}, {`same_text("", nil)`, `false`}},
			takes:    2, gives: "boolean", build: sameness(sameFold), bool: true},
		{Name: "same_time", Signature: "same_time(a, b)", Doc: "Whether two RFC 3339 texts are the same instant.",
			Examples: []FunctionExample{{`same_time("2026-01-31T12:00:00Z", "2026-01-31T13:00:00.000+01:00")`, `true`}},
			takes:    2, gives: "boolean", build: sameness(sameInstant), bool: true},
		{Name: "split", Signature: "split(text, separator)", Doc: "The parts of a text between separators; an empty list for what is no text.",
			Examples: []FunctionExample{{`split("a,b", ",")`, `["a","b"]`}},
			takes:    2, gives: "array", build: binary(split)},
		{Name: "text", Signature: "text(value)", Doc: "A text as it is, a number by its digits, true and false as words; nil for all else.",
			Examples: []FunctionExample{{`text(1234567)`, `"1234567"`}, {`text(true)`, `"true"`}},
			takes:    1, build: unary(toText)},
		{Name: "trim", Signature: "trim(text)", Doc: "The text without white space around it, a number by its digits; nil for all else.",
			Examples: []FunctionExample{{`trim(" a ")`, `"a"`}},
			takes:    1, build: unary(onText(strings.TrimSpace))},
		{Name: "unix", Signature: "unix(time)", Doc: "The whole seconds since 1970 of an RFC 3339 text; nil for all else.",
			Examples: []FunctionExample{
				{`unix("2026-01-31T13:00:00.999+01:00")`, `1769860800`}, {`unix("1969-12-31T23:59:58.5Z")`, `-2`}, {`unix("yesterday")`, `null`}},
			takes: 1, build: unary(unixSeconds)},
		{Name: "upper", Signature: "upper(text)", Doc: "The text in upper case, a number by its digits; nil for all else.",
			Examples: []FunctionExample{{`upper("a")`, `"A"`}},
			takes:    1, build: unary(onText(strings.ToUpper))},
	}
}

// A call1 is a call of a function of one argument.
type call1 struct {
	f        func(m *machine, a operand) operand
	argument node
}

func (n *call1) eval(m *machine) operand { return n.f(m, n.argument.eval(m)) }

func unary(f func(m *machine, a operand) operand) func([]node) node {
	return func(arguments []node) node { return &call1{f, arguments[0]} }
}

// A call2 is a call of a function of two arguments.
type call2 struct {
	f    func(m *machine, a, b operand) operand
	a, b node
}

func (n *call2) eval(m *machine) operand {
	a := n.a.eval(m)
	return n.f(m, a, n.b.eval(m))
}

func binary(f func(m *machine, a, b operand) operand) func([]node) node {
	return func(arguments []node) node { return &call2{f, arguments[0], arguments[1]} }
}

// A same compares two texts or numbers; booleans, lists and nil are never the
// same as anything.
type same struct {
	a, b    node
	compare func(a, b string) bool
}

func (n *same) holds(m *machine) bool {
	a, ok := n.a.eval(m).id()
	b, also := n.b.eval(m).id()
	return ok && also && n.compare(a, b)
}

func sameness(compare func(a, b string) bool) func([]node) node {
	return func(arguments []node) node { return &truth{&same{arguments[0], arguments[1], compare}} }
}

func toText(_ *machine, o operand) operand {
	if s, ok := o.scalar(); ok && o.kind != '"' {
		return textOperand(s)
	} else if ok {
		return o
	}
	return operand{}
}

// onText applies to texts, and to numbers by their digits.
func onText(f func(string) string) func(*machine, operand) operand {
	return func(_ *machine, o operand) operand {
		if s, ok := o.id(); ok {
			return textOperand(f(s))
		}
		return operand{}
	}
}

// fold gives the form that texts share which are equal without regard to case,
// for the keys of the memory: of the runes that fold with each other the least,
// in lower case where that is an ASCII letter.
func fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
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

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// sameFold compares as fold does, and stops at the first difference.
func sameFold(a, b string) bool { return strings.EqualFold(a, b) }

func sameInstant(a, b string) bool {
	x, ok := parseTime(a)
	y, also := parseTime(b)
	return ok && also && x.Equal(y)
}

// unixSeconds rounds down, before 1970 as well as after.
func unixSeconds(_ *machine, o operand) operand {
	if o.kind != '"' {
		return operand{}
	}
	if t, ok := parseTime(o.content()); ok {
		return wholeOperand(t.Unix())
	}
	return operand{}
}

// What an expression makes is bounded, so that neither an event nor a chain of
// vars that each double the one before can make it large.
const (
	maxResult   = 16 << 20 // bytes
	maxElements = 1 << 20
)

func errTooLong() error { return fmt.Errorf("a result of more than %d bytes", maxResult) }

func errTooMany() error { return fmt.Errorf("a list of more than %d elements", maxElements) }

func (m *machine) bounded(s string) operand {
	if len(s) > maxResult {
		return m.fail(errTooLong())
	}
	return textOperand(s)
}

func join(m *machine, list, separator operand) operand {
	between := ""
	if separator.kind == '"' {
		between = separator.content()
	}
	var b strings.Builder
	for first, s := true, list.sequence(); b.Len() <= maxResult; {
		element, more := s.next()
		if !more {
			return textOperand(b.String())
		}
		if text, ok := element.scalar(); ok {
			if !first {
				b.WriteString(between)
			}
			b.WriteString(text)
			first = false
		}
	}
	return m.fail(errTooLong())
}

func split(m *machine, text, separator operand) operand {
	if text.kind != '"' || separator.kind != '"' || separator.content() == "" {
		return listOperand(nil)
	}
	var all []operand
	for part := range strings.SplitSeq(text.content(), separator.content()) {
		if all = m.add(all, textOperand(part)); m.err != nil {
			break
		}
	}
	return listOperand(all)
}

// A concatenation makes one list of several. Where only one has elements, it is
// that one as it is.
type concatenation struct{ lists []node }

func (n *concatenation) eval(m *machine) operand {
	only, all := listOperand(nil), []operand(nil)
	for _, list := range n.lists {
		more := list.eval(m)
		switch {
		case more.kind != '[' || more.empty():
		case only.empty():
			only = more
		case all == nil:
			all = m.addAll(m.addAll(nil, only), more)
		default:
			all = m.addAll(all, more)
		}
	}
	if all == nil {
		return only
	}
	return listOperand(all)
}

func (m *machine) addAll(all []operand, list operand) []operand {
	s := list.sequence()
	for element, more := s.next(); more && m.err == nil; element, more = s.next() {
		all = m.add(all, element)
	}
	return all
}
