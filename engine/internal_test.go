package engine

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

func TestFunctionExamples(t *testing.T) {
	for _, f := range Functions() {
		if f.Doc == "" || f.Signature == "" {
			t.Errorf("%s has no documentation", f.Name)
		}
		for _, example := range f.Examples {
			if got := evaluate(t, example.Expr); got != example.Result {
				t.Errorf("%s gives %s, want %s", example.Expr, got, example.Result)
			}
		}
	}
}

// evaluate runs an expression that names nothing.
func evaluate(t *testing.T, expression string) string {
	t.Helper()
	c := &compiler{collector: &collector{}, vocabulary: newVocabulary()}
	src := newSource("test", expression)
	e := c.compileExpression(text{value: expression, at: span{src, 0, len(expression)}}, newScope())
	if e == nil {
		return c.diagnostics().Error()
	}
	v, err := e.evalValue(&workspace{}, nil)
	if err != nil {
		return err.Error()
	}
	return v.raw
}

// expressionTable lists expressions that name nothing, and what they give.
func expressionTable() map[string]string {
	return map[string]string{
		`9007199254740993 == 9007199254740992`:  `false`,
		`1 == 1.0`:                              `true`,
		`"1" == 1`:                              `false`,
		`nil == false`:                          `false`,
		`nil < 1`:                               `false`,
		`"a" < 1`:                               `false`,
		`"a" < "b"`:                             `true`,
		`0.1 + 0.2`:                             `0.3`,
		`7 / 2`:                                 `3.5`,
		`1 / 3`:                                 `0.33333333333333333333`,
		`1 / 0`:                                 `the expression at test:1:1 cannot be evaluated: division by zero`,
		`9223372036854775807 + 1`:               `9223372036854775808`,
		`"a" + "b"`:                             `"ab"`,
		`"a" + nil`:                             `null`,
		`-5 - 3`:                                `-8`,
		`{"a": {"b": [1, 2]}}.a.b[1]`:           `2`,
		`{"a": 1}.x.y.z`:                        `null`,
		`[1, 2][-1]`:                            `2`,
		`[1, 2][5]`:                             `null`,
		`"x" in ["x"]`:                          `true`,
		`"x" not in ["y"]`:                      `true`,
		`"k" in {"k": 1}`:                       `true`,
		`1 in nil`:                              `false`,
		`nil contains "a"`:                      `false`,
		`"abc" matches "^a.c$"`:                 `true`,
		`nil matches "^$"`:                      `false`,
		`3 matches "^3$"`:                       `false`,
		`-nil`:                                  `null`,
		`["a", "b"]["1"]`:                       `null`,
		`{"1": "a"}[1]`:                         `null`,
		`{"1": "a"}["1"]`:                       `"a"`,
		`map([{"q": 2}], let y = .q; y * 2)`:    `[4]`,
		`map([2], let k = 3; let j = k; # * j)`: `[6]`,
		`filter([{"a": 1}, {"a": 2}, {}], .a == 2)`:      `[{"a":2}]`,
		`any(nil, .a == 1)`:                              `false`,
		`all(nil, .a == 1)`:                              `true`,
		`count([1, 1, 2], # == 1)`:                       `2`,
		`find([{"a": 1}], .a == 3)`:                      `null`,
		`map([{"a": {"b": 1}}, {}], .a.b)`:               `[1,null]`,
		`nil ?? 1`:                                       `1`,
		`1 == 1 ? "y" : "n"`:                             `"y"`,
		`let x = 2; x * 3`:                               `6`,
		`{"b": 1, "a": 2}`:                               `{"a":2,"b":1}`,
		`" A " | trim() | lower()`:                       `"a"`,
		`{"a": [1, {"b": 1.0}]} == {"a": [1, {"b": 1}]}`: `true`,
		`"<&>"`: `"<&>"`,
	}
}

func TestExpressions(t *testing.T) {
	for expression, want := range expressionTable() {
		if got := evaluate(t, expression); got != want {
			t.Errorf("%s gives %s, want %s", expression, got, want)
		}
	}
}

// The order of literals has to be the one that exact arithmetic gives.
func TestCompareNumbers(t *testing.T) {
	literals := []string{
		"0", "-0", "0.0", "1", "1.0", "10e-1", "-1", "0.1", "0.10", "1e1", "10", "9.99", "100", "1e400", "-1e400", "1e-400",
		"9007199254740993", "9007199254740992", "9007199254740992.5", "123456789012345678901234567890", "1.5e3", "0.0015", "1500",
	}
	for _, a := range literals {
		for _, b := range literals {
			x, _ := new(big.Rat).SetString(a)
			y, _ := new(big.Rat).SetString(b)
			if got, want := compareNumbers(a, b), x.Cmp(y); got != want {
				t.Errorf("compareNumbers(%s, %s) = %d, want %d", a, b, got, want)
			}
		}
	}
	if compareNumbers("1e99999999999999999999", "1") != 1 || compareNumbers("1e-99999999999999999999", "1") != -1 {
		t.Error("an exponent without bounds is not ordered")
	}
}

func TestIdentifier(t *testing.T) {
	for key, want := range map[string]string{
		"plan": "plan", "a.b": "a_b", "": "_", "4155551234": "_4155551234", "é": "_", "a é": "a__", "@this": "_this", "__proto__": "__proto__",
	} {
		if got := identifier(&workspace{}, key); got != want {
			t.Errorf("identifier(%q) = %q, want %q", key, got, want)
		}
	}
}

func TestScanIsLinearAndFlat(t *testing.T) {
	for name, data := range map[string]string{
		"deep":   strings.Repeat("[", 1<<19),
		"nested": strings.Repeat(`{"a":`, 1<<17),
	} {
		if err := scanJSON(data, 1<<30, 0); err == nil || !strings.Contains(err.Error(), "ends too early") {
			t.Errorf("%s: %v", name, err)
		}
		if err := scanJSON(data, 128, 0); err == nil || !strings.Contains(err.Error(), "nested deeper than 128 levels") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the style of a scalar, the place of a character of its value is
// where that character stands in the file.
func TestScalarPlaces(t *testing.T) {
	for _, test := range []struct{ name, file string }{
		{"plain", "k: abcXdef\n"},
		{"single", "k: 'it''s X there'\n"},
		{"double", `k: "\t\u00e9\"X"` + "\n"},
		{"literal", "k: |\n  first\n\n    X second\n"},
		{"literal with indicator", "k: |2-\n    indented X\n"},
		{"folded", "k: >-\n  one\n  two X\n\n  three\n"},
		{"folded after blank lines", "k: >\n  one\n\n\n  two X\n"},
		{"plain over lines", "k: one\n  two\n  X three\n"},
		{"quoted over lines", "k: 'one\n  two\n\n  X three'\n"},
		{"double over lines", "k: \"one \\\n  two X\"\n"},
		{"crlf", "k: |\r\n  one\r\n  X\r\n"},
	} {
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(test.file), &document); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		p := &parser{&collector{}, newSource("f", test.file)}
		scalar := p.scalar(document.Content[0].Content[1])
		in := strings.Index(scalar.value, "X")
		got, want := scalar.part(in, in+1), strings.Index(test.file, "X")
		if got.start != want || got.end != want+1 {
			t.Errorf("%s: place is %d to %d, want %d", test.name, got.start, got.end, want)
		}
	}
}

func TestPositionCountsRunes(t *testing.T) {
	src := newSource("f", "äöü: x\n  é: y\n")
	if got := src.position(strings.Index(src.text, "y")).String(); got != "f:2:6" {
		t.Errorf("position is %s", got)
	}
	if got := src.position(len(src.text)).String(); got != "f:3:1" {
		t.Errorf("position of the end is %s", got)
	}
}

// What is prepared for the operator in has what the list or object itself has.
func TestElements(t *testing.T) {
	var longer string
	for i := range 20 {
		longer += fmt.Sprintf(`"t%d",%d,`, i, i+10)
	}
	for _, list := range []string{`["a",1,2.50,null,true,{"k":1},"\u0062"]`, `[` + longer + `"a",1,2.50,null,true,{"k":1},"\u0062"]`, `[]`, `{"a":null}`, `{}`, `7`} {
		o := written(rawValue(list))
		prepared := o.asSet()
		for _, x := range []string{`"a"`, `"b"`, `"\u0061"`, `1`, `1.0`, `2.5`, `3`, `null`, `true`, `false`, `{"k":1e0}`, `{"k":2}`, `[]`} {
			if x := written(rawValue(x)); prepared.has(x) != o.has(x) || o.opened().has(x) != o.has(x) {
				t.Errorf("%v in %s: %t, prepared: %t, opened: %t", x, list, o.has(x), prepared.has(x), o.opened().has(x))
			}
		}
	}
}

// The keys of the memory and the comparison of texts have to agree on what is
// equal without regard to case.
func FuzzFold(f *testing.F) {
	for _, seed := range []string{"A@b", "ß", "ẞ", "İ", "ı", "K", "ſ", "Σς", "ǅ", "\xff"} {
		f.Add(seed, strings.ToUpper(seed))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if utf8.ValidString(a) && utf8.ValidString(b) && (fold(a) == fold(b)) != sameFold(a, b) {
			t.Errorf("%q and %q: folded %q and %q, compared %t", a, b, fold(a), fold(b), sameFold(a, b))
		}
	})
}

func TestExpressionLength(t *testing.T) {
	if got := evaluate(t, strings.Repeat("(", 1<<20)); !strings.Contains(got, "longer than") {
		t.Errorf("got %s", shorten(got))
	}
}

func TestDiagnosticsAreCapped(t *testing.T) {
	c := &collector{}
	src := newSource("f", strings.Repeat("x\n", 600))
	for i := range 250 {
		c.warnf(span{src, 2 * i, 2*i + 1}, "", "warning")
	}
	warnings := c.diagnostics()
	for i := range 250 {
		c.errorf(span{src, 500 + 2*i, 501 + 2*i}, "", "error")
	}
	for severity, found := range map[Severity]Diagnostics{SeverityWarning: warnings, SeverityError: c.diagnostics()} {
		last := found[len(found)-1]
		if len(found) != 101 || found.Len() != 250 || last.String() != severity.String()+": and 150 more findings" || len(found.only(severity)) != 101 {
			t.Errorf("%d findings that count as %d\n%v", len(found), found.Len(), found)
		}
	}
}

// However vars or lets build on each other, what they make stays bounded.
func TestResultsAreBounded(t *testing.T) {
	for name, start := range map[string]string{"text": `"` + strings.Repeat("x", 5000) + `"`, "list": "[" + strings.Repeat("1, ", 400) + "1]", "object": `{"k": "` + strings.Repeat("x", 4000) + `"}`} {
		double := map[string]string{"text": "x%d + x%d", "list": "concat(x%d, x%d)", "object": `{"a": x%d, "b": x%d}`}[name]
		expression := "let x0 = " + start + "; "
		for i := range maxLets - 1 {
			expression += fmt.Sprintf("let x%d = "+double+"; ", i+1, i, i)
		}
		if got := evaluate(t, expression+fmt.Sprintf(map[string]string{"text": "x%d + x%[1]d", "list": "concat(x%d, x%[1]d, x%[1]d)", "object": "[x%d, x%[1]d, x%[1]d]"}[name], maxLets-1)); !strings.Contains(got, "of more than") {
			t.Errorf("%s: %s", name, shorten(got))
		}
	}
}

func TestMendSurrogates(t *testing.T) {
	for text, want := range map[string]string{
		`"plain"`:                  `"plain"`,
		`"\ud83d\ude00"`:           `"\ud83d\ude00"`,
		`"cut \ud83d"`:             `"cut \ufffd"`,
		`"\ude00 first"`:           `"\ufffd first"`,
		`"\ud83d\ud83d\ude00"`:     `"\ufffd\ud83d\ude00"`,
		`"\ud83dx\ude00"`:          `"\ufffdx\ufffd"`,
		`"\\ud83d"`:                `"\\ud83d"`,
		`"\uD83D\n\uDE00"`:         `"\ufffd\n\ufffd"`,
		`"\ud83`:                   `"\ud83`,
		`"\ud83d\`:                 `"\ufffd\`,
		`{"\ud800A":1,"é":"\ud8"}`: `{"\ufffdA":1,"é":"\ud8"}`,
	} {
		if got := mendSurrogates(text); got != want {
			t.Errorf("mendSurrogates(%s) = %s, want %s", text, got, want)
		}
	}
}

// Texts that differ in one letter only are found by the table, whichever it is.
func TestSpellingsHaveATable(t *testing.T) {
	for _, form := range []string{"plan_%c", "%c_plan", "pl%can"} {
		s := &spelling{}
		for c := 'a'; c <= 'z'; c++ {
			s.texts = append(s.texts, fmt.Sprintf(form, c))
		}
		if s.tabulate(); s.table == nil {
			t.Errorf("no table for texts such as %s", s.texts[0])
		}
		for _, text := range s.texts {
			if as, known := s.of(strings.ToUpper(text)); !known || as != text {
				t.Errorf("%s is %q, %t", text, as, known)
			}
		}
	}
}
