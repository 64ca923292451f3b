package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
)

// What hostile or merely unusual input does to rules: each test would fail on
// the implementation that the libraries suggest.

// ruleOf makes a rule of one mapping, which it sends.
func ruleOf(lines ...string) string {
	return "rule: sync\nevent: sync\nmappings:\n  m:\n    - " + strings.Join(lines, "\n    - ") +
		"\nsteps:\n  - put: things\n    body:\n      - {to: m, from: m}\n"
}

// exprRule makes a rule that sends the value of an expression.
func exprRule(expression string) string {
	return "rule: sync\nevent: sync\nsteps:\n  - put: things\n    body:\n      - to: x\n        keep: [null, empty]\n        expr: |-\n          " + expression + "\n"
}

// sent gives the first body that a rule makes of an event, or how the event
// ended without one.
func sent(t *testing.T, rule, event string) string {
	t.Helper()
	x := configure(t, map[string]string{"sync.yaml": rule}).Start([]byte(event))
	request, more := x.Next()
	if !more {
		return string(x.Outcome().Status) + ": " + x.Outcome().Reason
	}
	checkBody(t, request)
	return string(request.Body)
}

// refused gives the findings of a rule that does not load; empty for one that
// does.
func refused(rule string) string {
	_, err := engine.Load(files(map[string]string{"sync.yaml": rule}), ".")
	if err != nil {
		return err.Error()
	}
	return ""
}

func checkBody(t *testing.T, r engine.Request) {
	t.Helper()
	if r.Body == nil {
		return
	}
	if !json.Valid(r.Body) || !utf8.Valid(r.Body) {
		t.Errorf("%s %s has a body that is no JSON: %.200q", r.Method, r.Path, r.Body)
	} else if key, is := keyTwice(r.Body); is {
		t.Errorf("%s %s has a body with the key %q twice", r.Method, r.Path, key)
	}
}

// keyTwice finds a key that an object has twice to a reader of the standard
// library.
func keyTwice(body []byte) (string, bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	type object struct {
		keys  map[string]bool // nil for an array
		value bool            // a value is due, not a key
	}
	stack := []object{{}}
	for {
		token, err := decoder.Token()
		if err != nil {
			return err.Error(), err != io.EOF
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			stack = stack[:len(stack)-1]
		} else if top := &stack[len(stack)-1]; top.keys != nil {
			if key, isText := token.(string); isText && !top.value {
				if top.keys[key] {
					return key, true
				}
				top.keys[key] = true
			}
			top.value = !top.value
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, object{keys: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, object{})
		}
	}
}

func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// # Keys

const oddKeys = `{"a.b":1,"a*b":2,"axb":3,"a?b":4,"@this":5,"@reverse":6,"@values":7,"#":8,"a|b":9,"{a,b}":10,"!\"lit\"":11,"..":12,".":13,` +
	`"":14,":a":15,"-1":16,"0":17,"4155551234":18,"50000000":19,"18446744073709551616":20,"__proto__":21,"a\\b":22,"\u0000":23,"#(a==1)":24,"a b":25,"é":26,"\u2028":27}`

func TestOddKeysStayKeys(t *testing.T) {
	rule := ruleOf(`{to: rest, rest: event.traits}`, `{to: whole, from: event.traits}`, `{to: below, from: event}`)
	var got string
	if size := allocated(func() { got = sent(t, rule, `{"type":"sync","traits":`+oddKeys+`}`) }); size > 16<<20 {
		t.Errorf("the event took %d bytes", size)
	}
	var m struct {
		M struct {
			Rest, Whole map[string]int
			Below       struct{ Traits map[string]int }
		}
	}
	var want map[string]int
	if err := json.Unmarshal([]byte(got), &m); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if err := json.Unmarshal([]byte(oddKeys), &want); err != nil {
		t.Fatal(err)
	}
	for name, is := range map[string]map[string]int{"rest": m.M.Rest, "whole": m.M.Whole, "below": m.M.Below.Traits} {
		if diff := cmp.Diff(want, is); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOddKeysAsIdentifiers(t *testing.T) {
	rule := ruleOf(`{to: f, rest: event.traits, keys: identifier}`)
	got := sent(t, rule, `{"type":"sync","traits":{"4155551234":1,"__proto__":2,"":3,"a.b":4,"@this":5,"-1":6,":a":7}}`)
	if want := `{"m":{"f":{"_4155551234":1,"__proto__":2,"_":3,"a_b":4,"_this":5,"_1":6,"_a":7}}}`; got != want {
		t.Errorf("got %s", got)
	}
}

// Half a character keeps apart what it keeps apart once it is mended, whatever a
// reader makes of it before.
func TestHalfACharacterMakesNoKeyTwice(t *testing.T) {
	if got := sent(t, ruleOf(`{to: whole, from: event.t}`), `{"type":"sync","t":{"\ud800\u0041":1,"\ufffd":2}}`); got != `{"m":{"whole":{"\ufffd\u0041":1,"\ufffd":2}}}` {
		t.Errorf("got %s", got)
	}
	if got := sent(t, ruleOf(`{to: whole, from: event.t}`), `{"type":"sync","t":{"\ud800\u0041":1,"\ufffdA":2}}`); !strings.Contains(got, "twice") {
		t.Errorf("got %s", got)
	}
}

// How a text is written makes no difference to what it is.
func TestEscapedBooleansAreBooleans(t *testing.T) {
	if got := sent(t, ruleOf(`{to: b, from: event.b, as: boolean}`), `{"type":"sync","b":"\u0074rue"}`); got != `{"m":{"b":true}}` {
		t.Errorf("got %s", got)
	}
}

func TestBodiesThatAreNoObjectsAreRefused(t *testing.T) {
	if got := refused(ruleOf(`{to: ., from: event.x, default: 5}`)); !strings.Contains(got, "a body is an object, not a number") {
		t.Errorf("a body that is 5 is refused with %q", got)
	}
}

// A rest in a body leaves what the mappings of its own rule read, and has
// nothing to do with those of the next.
func TestRestOfABody(t *testing.T) {
	fields := "rule: sync\nevent: sync\nmappings:\n  m:\n    - {to: name, from: event.t.name}\nsteps:\n  - put: things\n    body:\n      - {to: m, from: m}\n      - {to: r, rest: event.t}\n"
	other := strings.NewReplacer("rule: sync", "rule: other", "name", "plan", "put: things", "put: others").Replace(fields)
	x := configure(t, map[string]string{"sync.yaml": fields, "other.yaml": other, "destination.yaml": strings.Replace(destinationFor(nil), "[sync]", "[sync, other]", 1)}).
		Start([]byte(`{"type":"sync","t":{"name":"n","plan":"p","c":7}}`))
	for _, want := range []string{`{"m":{"name":"n"},"r":{"plan":"p","c":7}}`, `{"m":{"plan":"p"},"r":{"name":"n","c":7}}`} {
		if request, _ := x.Next(); string(request.Body) != want {
			t.Errorf("the body is %s, want %s", request.Body, want)
		}
		x.Respond(engine.Response{Status: 200})
	}
}

// What a key was in the event stays known through a rest of a rest.
func TestRestOfARestKnowsTheNamesOfTheEvent(t *testing.T) {
	rule := "rule: sync\nevent: sync\nmappings:\n  m:\n    - {to: f, rest: event.t, keys: identifier}\n  n:\n    - {to: g, rest: m.f}\n    - {to: h, rest: m.f, keys: identifier}\n" +
		"steps:\n  - put: things\n    body:\n      - {to: g, expr: 'map(members(n.g), .name)'}\n      - {to: h, expr: 'map(members(n.h), .name)'}\n"
	if got := sent(t, rule, `{"type":"sync","t":{"shoe size":38,"plan":"p"}}`); got != `{"g":["shoe size","plan"],"h":["shoe size","plan"]}` {
		t.Errorf("got %s", got)
	}
}

// Several keys that become one are told of, and the exact one wins.
func TestKeysThatBecomeOne(t *testing.T) {
	x := configure(t, map[string]string{"sync.yaml": ruleOf(`{to: f, rest: event.t, keys: identifier}`)}).Start([]byte(`{"type":"sync","t":{"a b":1,"a.b":2,"a_b":3,"A_B":4}}`))
	request, _ := x.Next()
	if string(request.Body) != `{"m":{"f":{"a_b":3}}}` || len(x.Outcome().Warnings) != 3 {
		t.Errorf("body %s, warnings %+v", request.Body, x.Outcome().Warnings)
	}
}

func TestOddKeysOfARuleAreReadLiterally(t *testing.T) {
	for path, want := range map[string]string{
		`a\.b`: "1", `a\*b`: "2", `a\?b`: "4", `\@this`: "5", `\@reverse`: "6", `\#`: "8", `a\|b`: "9", `\{a,b\}`: "10", `\!\"lit\"`: "11", `\.\.`: "12",
		`:a`: "15", `-1`: "16", `0`: "17", `4155551234`: "18", `18446744073709551616`: "20", `__proto__`: "21", `a\\b`: "22", `\#\(a\=\=1\)`: "24", `a\ b`: "25", `é`: "26",
	} {
		rule := ruleOf(`{to: x, from: 'event.traits.` + path + `'}`)
		if got := sent(t, rule, `{"type":"sync","traits":`+oddKeys+`}`); got != `{"m":{"x":`+want+`}}` {
			t.Errorf("%s reads %s, want %s", path, got, want)
		}
	}
}

func TestOddTargetsAreWrittenLiterally(t *testing.T) {
	for target, want := range map[string]string{
		`a\.b`: `{"a.b":1}`, `a\*b`: `{"a*b":1}`, `\@this`: `{"@this":1}`, `\#`: `{"#":1}`, `a\|b`: `{"a|b":1}`, `:a`: `{":a":1}`, `a:b`: `{"a:b":1}`,
		`\0`: `{"0":1}`, `p.\4155551234`: `{"p":{"4155551234":1}}`, `l.0`: `{"l":[1]}`, `l.0.1x`: `{"l":[{"1x":1}]}`,
	} {
		if got := sent(t, ruleOf(`{to: '`+target+`', value: 1}`), `{"type":"sync"}`); got != `{"m":`+want+`}` {
			t.Errorf("%s writes %s, want %s", target, got, want)
		}
	}
}

func TestTargetsThatCannotBeAreRefused(t *testing.T) {
	for target, want := range map[string]string{
		`a*b`: `cannot hold "*"`, `a?b`: `cannot hold "?"`, `@this`: "modifier", `#`: "cannot stand in a target", `x.#`: "cannot stand in a target", `a|b`: `cannot hold "|"`,
		`a..b`: "empty part", `a.`: "empty part", `.a`: "empty part", `@dig:x`: "modifier", `!x`: `cannot hold "!"`, `{a,b}`: `cannot hold "{"`, `l.1`: "gaps", `0`: "not an array",
	} {
		if got := refused(ruleOf(`{to: '` + target + `', value: 1}`)); !strings.Contains(got, want) {
			t.Errorf("the target %s is refused with %q, want %q", target, got, want)
		}
	}
}

// A target whose key is a large number makes no array that large, not even
// while it is refused.
func TestSparseTargetCostsNothing(t *testing.T) {
	size := allocated(func() {
		if got := refused(ruleOf(`{to: list.2000000, value: 1}`)); !strings.Contains(got, "gaps") {
			t.Errorf("got %q", got)
		}
	})
	if size > 16<<20 {
		t.Errorf("refusing the target took %d bytes", size)
	}
}

func TestTargetBelowAValueIsRefused(t *testing.T) {
	for _, lines := range [][]string{
		{`{to: a, from: event.a}`, `{to: a.b, value: 1}`},
		{`{to: a.b, value: 1}`, `{to: a, from: event.a}`},
		{`{to: a, value: text}`, `{to: a.b.c, value: 1}`},
		{`{to: a.0, value: 1}`, `{to: a, from: event.a}`},
		{`{to: a.0, value: 1}`, `{to: a.b, value: 1}`},
	} {
		if refused(ruleOf(lines...)) == "" {
			t.Errorf("%v load", lines)
		}
	}
}

// Where the outer line leaves the inner one out, what is no object gives way.
func TestTextAboveATarget(t *testing.T) {
	rule := ruleOf(`{to: a, from: event.a, except: [b]}`, `{to: a.b, value: 1}`)
	for event, want := range map[string]string{
		`{"type":"sync","a":"text"}`:          `{"m":{"a":{"b":1}}}`,
		`{"type":"sync","a":[1]}`:             `{"m":{"a":{"b":1}}}`,
		`{"type":"sync","a":{"b":2,"c":3}}`:   `{"m":{"a":{"c":3,"b":1}}}`,
		`{"type":"sync","a":{"\u0062":2}}`:    `{"m":{"a":{"b":1}}}`,
		`{"type":"sync","a":{ } }`:            `{"m":{"a":{"b":1}}}`,
		`{"type":"sync","a":{"b":{"b":{}}} }`: `{"m":{"a":{"b":1}}}`,
	} {
		if got := sent(t, rule, event); got != want {
			t.Errorf("%s: got %s, want %s", event, got, want)
		}
	}
}

// # Paths

// Names that come from an event are data, whatever they mean to a path.
func TestPathsInEventsAreData(t *testing.T) {
	for _, key := range []string{"@this", "@values", "..", "#", "x.y", "*", "@dig:secret", `!"lit"`, "{x,secret}", "|secret", "secret|@this", "-1", "0"} {
		event := `{"type":"sync","secret":"s","x":{"y":1},"list":[1],"key":` + strconv.Quote(key) + `}`
		if got := sent(t, exprRule("[event[event.key], event.x[event.key], event.list[event.key]]"), event); got != `{"x":[null,null,null]}` {
			t.Errorf("the key %s reads %s", key, got)
		}
	}
}

// A text that holds brackets is no list to anything that reads below it.
func TestTextThatLooksLikeAList(t *testing.T) {
	rule := `rule: sync
event: sync
vars:
  tags: event.tags
  cells: event.rows.#.0
steps:
  - put: things
    body:
      - {to: tag,   from: tags.0}
      - {to: below, from: tags.a}
      - {to: count, from: 'tags.#'}
      - {to: cells, from: cells}
      - {to: parts, from: tags.@values}
      - {to: expr,  expr: 'tags[0]'}
`
	for _, text := range []string{`"[trip]"`, `"[5,6"`, `"{a:[1"`, `"[\"a\"]"`, `"[[1]]"`, `"{\"a\":1}"`} {
		got := sent(t, rule, `{"type":"sync","tags":`+text+`,"rows":[`+text+`,[7]]}`)
		if want := `{"cells":[7],"expr":null}`; got != want && got != `{"cells":[7]}` {
			t.Errorf("the text %s gives %s", text, got)
		}
	}
}

// # Numbers

func TestNumbersStayAsWritten(t *testing.T) {
	rule := "rule: sync\nevent: sync\nvars:\n  v: event.v\nsteps:\n  - put: things/{v}\n    body:\n" +
		"      - {to: from, from: v}\n      - {to: text, from: v, as: string}\n      - {to: expr, expr: v}\n      - {to: word, expr: text(v)}\n" +
		"      - {to: list, expr: '[v]'}\n      - {to: joined, expr: 'join([v], \",\")'}\n      - {to: same, expr: v == v}\n"
	for _, number := range []string{
		"0", "-0", "0.10", "1.0", "1e400", "-1E+400", "1e-400", "1e300", "1234567", "1234567.0", "9007199254740993", "9223372036854775807", "9223372036854775808",
		"18446744073709551616", "900113780483", "1234567890123456789", "1234567890123456789012345678901234567890", "0.1", "1e5", strings.Repeat("9", 5000),
	} {
		x := configure(t, map[string]string{"sync.yaml": rule}).Start([]byte(`{"type":"sync","v":` + number + `}`))
		r, _ := x.Next()
		checkBody(t, r)
		want := strings.NewReplacer("N", number, "Q", `"`+number+`"`).Replace(`{"from":N,"text":Q,"expr":N,"word":Q,"list":[N],"joined":Q,"same":true}`)
		if string(r.Body) != want || r.Path != "things/"+strings.ReplaceAll(number, "+", "+") {
			t.Errorf("%.60s becomes %s %.300s", number, r.Path, r.Body)
		}
	}
}

func TestWordsThatAreNoNumbers(t *testing.T) {
	for _, word := range []string{"NaN", "Infinity", "-Infinity", "+1", ".5", "1.", "01", "-", "1e", "0x10", "1_000", "--1", "inf"} {
		got := sent(t, exprRule("event.v"), `{"type":"sync","v":`+word+`}`)
		if !strings.HasPrefix(got, "rejected: the event is not usable JSON: byte ") {
			t.Errorf("%s: %s", word, got)
		}
	}
}

func TestArithmeticIsExact(t *testing.T) {
	for expression, want := range map[string]string{
		"7 / 2": "3.5", "event.max + 1": "9223372036854775808", "event.max * event.max": "85070591730234615847396907784232501249",
		"event.big + 1": "18446744073709551617", "event.big - event.big": "0", "-event.big": "-18446744073709551616", "0.1 + 0.2": "0.3",
		"event.id == 9007199254740992": "false", "event.id == event.text": "false", "same_id(event.id, event.text)": "true",
		"event.five == 5": "true", "event.five >= 5": "true", "event.five in [5]": "true", "5 in event.numbers": "true",
		"event.huge > event.max": "true", "-event.max - 2": "-9223372036854775809", "event.five == event.flag": "false", "1 / 3 * 0": "0",
	} {
		event := `{"type":"sync","max":9223372036854775807,"big":18446744073709551616,"id":9007199254740993,"text":"9007199254740993",` +
			`"five":5.0,"numbers":[5.00],"huge":1e999999999,"flag":true}`
		if got := sent(t, exprRule(expression), event); got != `{"x":`+want+`}` {
			t.Errorf("%s gives %s, want %s", expression, got, want)
		}
	}
}

func TestArithmeticThatHasNoResult(t *testing.T) {
	for expression, want := range map[string]string{
		"1 / 0": "division by zero", "1 / event.zero": "division by zero", "event.huge * 2": "too many digits", "event.tiny + 1": "too many digits",
		"event.text + 1": "not a number", "event.list * 2": "not a number", "-event.text": "not a number", "event.huge + event.huge": "too many digits",
	} {
		event := `{"type":"sync","zero":-0.0,"huge":1e999999999,"tiny":1e-999999999,"text":"personal","list":[1]}`
		got := sent(t, exprRule(expression), event)
		if !strings.HasPrefix(got, "failed: the expression at sync.yaml:") || !strings.Contains(got, want) || strings.Contains(got, "personal") {
			t.Errorf("%s gives %s, want %q", expression, got, want)
		}
	}
}

// # Events that are not what they seem

func TestKeyTwiceIsRejected(t *testing.T) {
	many := ""
	for i := range 100 {
		many += fmt.Sprintf(`"k%d":1,`, i)
	}
	for _, event := range []string{
		`{"type":"sync","a":1,"a":2}`, `{"type":"sync","a":1,"\u0061":2}`, `{"type":"sync","b":{"a":1,"a":1}}`, `{"type":"sync","b":[{"a":1},{"a":1,"a":1}]}`,
		`{"type":"sync","":1,"":2}`, `{"type":"sync","b":{` + many + `"k7":2}}`, `{"type":"sync","é":1,"\u00e9":2}`, `{"type":"sync","/":1,"\/":2}`,
		`{"type":"sync","b":{"\ud83d\ude00":1,"😀":2}}`, `{"type":"sync","b":{"\ud800":1,"\ufffd":2}}`, `{"type":"sync","b":{"\ud800\u0041":1,"\ufffdA":2}}`,
	} {
		if got := sent(t, exprRule("event"), event); !strings.HasPrefix(got, "rejected: the event is not usable JSON: byte ") || !strings.HasSuffix(got, " twice") {
			t.Errorf("%.80s: %.300s", event, got)
		}
	}
	for _, event := range []string{`{"type":"sync","b":{"a":1,"A":2}}`, `{"type":"sync","b":[{"a":1},{"a":2}]}`, `{"type":"sync","b":{"a":{"a":1}}}`, `{"type":"sync","b":{"e\u0301":1,"é":2}}`} {
		if got := sent(t, exprRule("event.b"), event); strings.HasPrefix(got, "rejected") {
			t.Errorf("%s: %s", event, got)
		}
	}
}

func TestBrokenJSONIsRejected(t *testing.T) {
	for _, event := range []string{
		"", " ", "{", `{"type"`, `{"type":`, `{"type":"sync"`, `{"type":"sync",`, `{"type":"sync",}`, `{"type":"sync"}}`, `{"type":"sync"}x`, `{"type":"sync"} {}`,
		`{"type":"sync","a":1]`, `{"type" "sync"}`, `{"type":"sync","a":tru}`, `{"type":"sync","a":01}`, `{'type':'sync'}`, `{type:"sync"}`, "hello", `"x`,
		`{"type":"sync","a":"\x"}`, `{"type":"sync","a":"\u12"}`, "{\"type\":\"sync\",\"a\":\"\n\"}", "{\"type\":\"sync\",\"a\":\"\x00\"}", "\x00{\"type\":\"sync\"}",
		"{\"type\":\"sync\"}\x00", "\xef\xbb\xbf{\"type\":\"sync\"}", "{\"type\":\"sync\",\"a\":\"\xff\"}", "{\"type\":\"sync\",\"\xed\xa0\x80\":1}", "\xff\xfe{\x00}\x00",
		`{"type":"sync","a":[1 2]}`, `{"type":"sync","a":[1,]}`, `{"type":"sync",//c` + "\n" + `"a":1}`, `{"type":"sync","a":nul}`, `{"type":"sync","a":True}`, `[{"type":"sync"}`,
	} {
		got := sent(t, exprRule("event"), event)
		if !strings.HasPrefix(got, "rejected: the event is not usable JSON: byte ") || strings.HasSuffix(got, ": ") {
			t.Errorf("%q: %s", event, got)
		}
	}
	for _, event := range []string{"null", "1", `"sync"`, "[]", `[{"type":"sync"}]`, "true"} {
		if got := sent(t, exprRule("event"), event); !strings.HasPrefix(got, "rejected: the event is ") {
			t.Errorf("%q: %s", event, got)
		}
	}
}

// Twenty megabytes of brackets end no process, in an event or in an answer.
func TestDeepNestingIsRefused(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": "rule: sync\nevent: sync\nsteps:\n  - {name: a, get: things, pick: reply.x}\n  - put: 'things/{a}'\n"})
	for _, deep := range []string{strings.Repeat("[", 20<<20), strings.Repeat(`{"a":`, 4<<20), `{"type":"sync","a":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20) + "}"} {
		for limit, want := range map[int]string{0: "bytes, and 524288 are allowed", 64 << 20: "nested deeper than 128 levels"} {
			x := config.WithLimits(engine.Limits{EventBytes: limit}).Start([]byte(deep))
			if _, more := x.Next(); more || x.Outcome().Status != engine.Rejected || !strings.Contains(x.Outcome().Reason, want) {
				t.Errorf("%+v", x.Outcome())
			}
		}
		x := config.WithLimits(engine.Limits{ReplyBytes: 64 << 20, Depth: 1 << 30}).Start([]byte(`{"type":"sync"}`))
		x.Next()
		x.Respond(engine.Response{Status: 200, Body: []byte(deep)})
		if _, more := x.Next(); more || x.Outcome().Status != engine.Unfinished || !strings.Contains(x.Outcome().Reason, "nested deeper than 1000 levels") {
			t.Errorf("%s: %.200s", x.Outcome().Status, x.Outcome().Reason)
		}
	}
	deepest := strings.Repeat(`{"a":`, 127) + "[]" + strings.Repeat("}", 127)
	if got := sent(t, exprRule(`event.a == event.a.a`), `{"type":"sync","a":`+deepest[5:len(deepest)-1]+`}`); got != `{"x":false}` {
		t.Errorf("the deepest event that is allowed: %s", got)
	}
}

// # Presence

func TestNullIsNotMissing(t *testing.T) {
	rule := ruleOf(`{to: plain, from: event.v}`, `{to: kept, from: event.v, keep: ["null", empty]}`, `{to: default, from: event.v, default: d}`, `{to: second, from: [event.v, event.w]}`,
		`{to: nil, expr: event.v == nil}`, `{to: or, expr: 'event.v ?? "or"'}`)
	for v, want := range map[string]string{
		``:           `{"default":"d","second":"w","nil":true,"or":"or"}`,
		`"v":null,`:  `{"kept":null,"default":"d","second":"w","nil":true,"or":"or"}`,
		`"v":"",`:    `{"kept":"","default":"d","second":"w","nil":false}`,
		`"v":[],`:    `{"kept":[],"default":"d","second":"w","nil":false}`,
		`"v":{ },`:   `{"kept":{ },"default":"d","second":"w","nil":false}`,
		`"v":0,`:     `{"plain":0,"kept":0,"default":0,"second":0,"nil":false,"or":0}`,
		`"v":false,`: `{"plain":false,"kept":false,"default":false,"second":false,"nil":false,"or":false}`,
		`"v":"0",`:   `{"plain":"0","kept":"0","default":"0","second":"0","nil":false,"or":"0"}`,
	} {
		if got := sent(t, rule, `{"type":"sync",`+v+`"w":"w"}`); got != `{"m":`+want+`}` {
			t.Errorf("%s gives %s\nwant %s", v, got, want)
		}
	}
}

func TestMembersThatAreNotThere(t *testing.T) {
	event := `{"type":"sync","text":"t","null":null,"list":[1,{"a":2}],"object":{"a":{}},"n":5}`
	for expression, want := range map[string]string{
		"event.a.b.c.d": "null", "event.text.a.b": "null", "event.null.a": "null", "event.list.a": "null", "event.object.a.b.c": "null", "event.n.a": "null",
		"event?.a?.b": "null", "event.text?.a": "null", `event["a"]["b"]`: "null", "event.list[7].a": "null", "event.list[-1].a": "2", "event.object[0]": "null",
		"event.list[event.n]": "null", "event.text[0]": "null", `event.object[event.null]`: "null", `event.null ?? "x"`: `"x"`, `event.text ?? "x"`: `"t"`,
		"len(event.nothing)": "0", "lower(event.list)": "null", "first(event.text)": "null", "map(event.text, .a)": "[]", "map(event.list, .a)": "[null,2]",
		"filter(event.object, .a == 1)": "[]", "concat(event.nothing, event.text)": "[]", "split(event.n, \",\")": "[]", "upper(event.n)": `"5"`,
		`event.nothing contains "a"`: "false", `event.n startsWith "5"`: "false", `event.n matches "5"`: "false", "event.nothing < 1": "false", "event.nothing >= 1": "false",
		"event.n in event.nothing": "false", "event.n in event.text": "false", `"a" in event.object`: "true", "event.nothing in event.list": "false", "event.nothing + 1": "null",
		"same_text(event.nothing, event.nothing)": "false", "same_time(event.n, event.text)": "false", "join(event.object, \",\")": `""`, "event.nothing == event.null": "true",
	} {
		if got := sent(t, exprRule(expression), event); got != `{"x":`+want+`}` {
			t.Errorf("%s gives %s, want %s", expression, got, want)
		}
	}
}

// What may be nil is no condition, nor a part of one.
func TestNilIsNoCondition(t *testing.T) {
	for _, condition := range []string{
		"event.a", "event.a and true", "event.a == 1 and event.b", "not event.a", "!event.a", "event.a ?? true", "event.a ? true : false", "nil", "nil and event.a == 1",
		"event.a == 1 ? event.b : event.c == 1", "first(event.list)", "find(event.list, .a == 1)", "len(event.list)", `"false"`, "event.a + event.b", "any(event.list, .a)",
		"event.a == 1 or lower(event.b)", "let x = event.a; x", "event.list[0]", "text(true)",
	} {
		if got := refused("rule: sync\nevent: sync\nwhen: '" + condition + "'\nsteps:\n  - put: things\n"); got == "" {
			t.Errorf("%s is a condition", condition)
		}
	}
}

// Every value may be of every type, and no condition panics over it.
func TestConditionsOnAnyType(t *testing.T) {
	rule := "rule: sync\nevent: sync\nwhen: 'event.v == nil or event.v < 5 or event.v contains \"a\" or event.v in [true, \"x\"] or any(event.v, .a == 1) or event.v matches \"^b\" or same_id(event.v, 7) or not (len(event.v) > 9)'\nsteps:\n  - put: things\n"
	for _, v := range []string{"null", "1", "1e400", `"a"`, `""`, "true", "[]", "{}", "[null,1,{},[]]", `{"a":{}}`, "-0"} {
		if got := sent(t, rule, `{"type":"sync","v":`+v+`}`); strings.HasPrefix(got, "rejected") || strings.HasPrefix(got, "ignored") {
			t.Errorf("%s: %s", v, got)
		}
	}
}

// # Names, loops and order

func TestNamesAreDeclared(t *testing.T) {
	for expression, want := range map[string]string{
		"traitz.email": `unknown name "traitz"`, "evnt.a": `Did you mean "event"`, "config.hots": `Did you mean "host"`, "config.token": "is a secret", "reply.a": `unknown name "reply"`,
		"item": `unknown name "item"`, "Read[0]": `unknown name "Read"`, "env": `unknown name "env"`, "$env": "", "lowr(event.a)": `Did you mean "lower"`, "now()": "unknown function",
		"date(event.a)": "unknown function", "string(event.a)": "unknown function", "int(event.a)": "unknown function", "keys(event)": "unknown function", "toJSON(event)": "unknown function",
		"reduce(event.a, # + #acc)": "unknown function", "sum(event.a)": "unknown function", "flatten(event.a)": "unknown function", "repeat(event.a, 9)": "unknown function",
		"replace(event.a, \"\", \"x\")": "unknown function", "1..event.n": "not part of the rule language", "event.a.b()": "only functions",
	} {
		if got := refused(exprRule(expression)); got == "" || !strings.Contains(got, want) {
			t.Errorf("%s is refused with %q, want %q", expression, got, want)
		}
	}
}

func TestLoopsInLoopsAreRefused(t *testing.T) {
	for _, expression := range []string{
		"map(event.a, filter(event.b, .x == 1))", "any(event.a, any(event.b, # == 1))", "map(event.a, map(#, #))", "filter(event.a, count(event.b, # == 1) > 0)",
		"let inner = 1; map(event.a, [inner, all(event.b, # == 1)])", "map(event.a, event.x == 1 ? find(event.b, # == 1) : nil)", "map(event.a, first(map(event.b, #)))",
	} {
		if got := refused(exprRule(expression)); !strings.Contains(got, "a loop inside a loop") {
			t.Errorf("%s: %q", expression, got)
		}
	}
}

// Work on a long text for each element of a long list does not load.
func TestLoopsDoNotRepeatWork(t *testing.T) {
	for _, expression := range []string{
		`map(event.list, event.text + "y")`, "map(event.list, upper(event.text))", `any(event.list, join(event.list, event.text) == "x")`,
		`any(event.list, event.text matches "(a*)*b$")`, `map(event.list, concat(event.list, [#]))`, `any(event.list, event.text contains #)`,
	} {
		if got := refused(exprRule(expression)); !strings.Contains(got, "the same for every element") {
			t.Errorf("%s: %q", expression, got)
		}
	}
}

// Looking up each element of a long list in something as long costs the sum of
// the two, and not their product.
func TestLoopsCostTheSumOfWhatTheyRead(t *testing.T) {
	if testing.Short() || raced() {
		t.Skip("measures time")
	}
	var texts, members, records, lists []string
	for i := range 7000 {
		texts, members = append(texts, fmt.Sprintf(`"t%05d"`, i)), append(members, fmt.Sprintf(`"t%05d":[%d]`, i, i))
		records, lists = append(records, fmt.Sprintf(`{"key":"T%05d"}`, i)), append(lists, fmt.Sprintf(`["t%05d"]`, i))
	}
	list := func(of []string) string { return "[" + strings.Join(of, ",") + "]" }
	event := `{"type":"sync","texts":` + list(texts) + `,"others":` + list(texts) + `,"object":{` + strings.Join(members, ",") + `},"records":` + list(records) +
		`,"lists":` + list(lists) + `,"long":"\u0041` + strings.Repeat("x", 50000) + `"}`
	for _, expression := range []string{
		"len(filter(event.texts, # in event.others))", "len(filter(event.texts, # not in event.object))", "len(map(event.texts, event.object[#]))", "len(map(event.texts, event.others[#index]))",
		"count(event.lists, # == event.others)", "count(event.texts, same_text(#, event.long))", "count(event.texts, # < event.long)", "len(absent(event.records, event.others))",
		"let o = event.others; count(event.texts, # in o)", "count(event.texts, { let o = event.others; # in o })", "count(event.records, .key == event.object.t06999)",
		"count(event.texts, # in (event.nothing ?? event.others))", "let o = event.object; len(map(event.texts, o[#]))",
	} {
		config := configure(t, map[string]string{"sync.yaml": exprRule(expression)}).WithLimits(engine.Limits{EventBytes: 1 << 20, Keys: 10000})
		var outcome engine.Outcome
		took := quickest(2, func() {
			x := config.Start([]byte(event))
			x.Next()
			outcome = x.Outcome()
		})
		if took > 300*time.Millisecond || outcome.Reason != "" {
			t.Errorf("%s: %v %s", expression, took, outcome.Reason)
		}
	}
}

// A list times a text makes no result that is as large as their product.
func TestResultsOfExpressionsAreBounded(t *testing.T) {
	event := `{"type":"sync","text":"` + strings.Repeat("x", 30000) + `","list":[` + strings.Repeat("0,", 999) + `0]}`
	for _, expression := range []string{
		"map(event.list, event.text)", "map(event.list, [event.text])", "join(event.list, event.text)",
		"map(event.list, event.list)", "let a = event.text + event.text; let b = a + a; let c = b + b; let d = c + c; let e = d + d; let f = e + e; let g = f + f; let h = g + g; let i = h + h; i + i",
	} {
		config := configure(t, map[string]string{"sync.yaml": exprRule(expression)})
		var outcome engine.Outcome
		body := 0
		size := allocated(func() {
			x := config.Start([]byte(event))
			request, _ := x.Next()
			body, outcome = len(request.Body), x.Outcome()
		})
		if size > 96<<20 || body > 16<<20 || body == 0 && (outcome.Status != engine.Failed || !strings.Contains(outcome.Reason, "cannot be evaluated: ")) {
			t.Errorf("%.60s: a body of %d bytes, %d MiB on the way, %s %s", expression, body, size>>20, outcome.Status, outcome.Reason)
		}
	}
}

// The place of a mistake is its own line and column, also below the first line.
func TestPlacesInExpressionsOfSeveralLines(t *testing.T) {
	rule := "rule: sync\nevent: sync\nwhen: |-\n  event.a == 1\n    and é == 2\nsteps:\n  - put: things\n"
	if got := refused(rule); !strings.HasPrefix(got, `sync.yaml:5:9: error: unknown name "é"`) {
		t.Errorf("got %s", got)
	}
	rule = "rule: sync\nevent: sync\nwhen: >-\n  event.a == 1\n  and event.b == = 2\nsteps:\n  - put: things\n"
	if got := refused(rule); !strings.HasPrefix(got, "sync.yaml:5:18: error: bad expression") {
		t.Errorf("got %s", got)
	}
}

// Nothing depends on the order of a Go map.
func TestOrderIsStable(t *testing.T) {
	rule := `rule: sync
event: sync
vars:
  unused_a: event.a
  unused_b: event.b
mappings:
  m:
    - {to: z, from: event.traits}
    - {to: a, rest: event.traits, keys: identifier}
steps:
  - put: things
    body:
      - {to: m, from: m}
      - {to: members, expr: members(m.a)}
      - {to: respelled, expr: 'respell(m.a, ["K1", "k2", "K3"])'}
      - {to: literal, expr: '{"z": 1, "b": 2, "a": event.traits}'}
      - {to: found, expr: 'filter(members(m.a), .key in ["k1", "k3", "k5"])'}
`
	event := `{"type":"sync","traits":{"k9":1,"k1":2,"k5":3,"k3":4,"k7":5,"k2":6,"b b":7,"b.b":8}}`
	wrong := "rule: sync\nevent: sync\nvars:\n  a: one.x\n  b: {from: two.x, as: nothing}\n  a: 1\nsteps:\n  - {put: '{three}{four}', post: x}\n  - nothing: at all\n"
	var body, warnings, findings string
	for i := range 50 {
		program, err := engine.Load(files(map[string]string{"sync.yaml": rule}), ".")
		if err != nil {
			t.Fatal(err)
		}
		gotBody, gotWarnings, gotFindings := sent(t, rule, event), program.Warnings().Error(), refused(wrong)
		if i > 0 && (gotBody != body || gotWarnings != warnings || gotFindings != findings) {
			t.Fatalf("time %d:\n%s\n%s\n%s\nbefore:\n%s\n%s\n%s", i, gotBody, gotWarnings, gotFindings, body, warnings, findings)
		}
		body, warnings, findings = gotBody, gotWarnings, gotFindings
	}
	if strings.Count(findings, "error:") < 6 || !strings.Contains(body, `"a":{"k9":1,"k1":2,"k5":3`) {
		t.Errorf("%s\n%s", body, findings)
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]bool{
		`"2026-01-31T12:00:00Z"`: true, `"2026-01-31T12:00:00.123456789+14:00"`: true, `1769860800`: false, `"1769860800000"`: false, `1769860800000`: false, `"2026-01-31"`: false,
		`"2026-01-31 12:00:00"`: false, `"2026-02-30T12:00:00Z"`: false, `"2026-01-31T1:00:00Z"`: false, `"2026-01-31T24:00:00Z"`: false, `"Sat, 31 Jan 2026 12:00:00 GMT"`: false,
		`"2026-01-31T12:00:00"`: false, `""`: false, `null`: false, `{}`: false, `"0000-00-00T00:00:00Z"`: false, `"2026-01-31T12:00:00,5Z"`: false,
	} {
		got := sent(t, ruleOf(`{to: t, from: event.v, as: time}`, `{to: u, expr: unix(event.v) != nil}`), `{"type":"sync","v":`+text+`}`)
		if (strings.Contains(got, `"t":`+text)) != want || !strings.Contains(got, fmt.Sprintf(`"u":%t`, want)) {
			t.Errorf("%s as a time: %s", text, got)
		}
	}
}

// # YAML

func TestYAMLThatSaysSomethingElse(t *testing.T) {
	rule := func(lines string) string { return "rule: sync\nevent: sync\n" + lines + "steps:\n  - put: things\n" }
	for name, test := range map[string]struct{ file, want string }{
		"a tag":                      {rule("when: !event.a\n"), "3:7: error: !event.a is a YAML tag"},
		"a tag before a condition":   {rule("when: !event.a && event.b == 1\n"), "sync.yaml:3:"},
		"a typed tag":                {rule("when: !!str event.a == 1\n"), "is a YAML tag"},
		"nothing":                    {rule("when:\n"), "3:6: error: the value is empty"},
		"an empty text":              {rule("when: ''\n"), "3:7: error: the value is empty"},
		"blanks":                     {rule("when: '  '\n"), "3:7: error: the value is empty"},
		"null":                       {rule("when: null\n"), "the value is empty"},
		"a tilde":                    {rule("when: ~\n"), "the value is empty"},
		"a boolean":                  {rule("when: yes\n"), `unknown name "yes"`},
		"octal":                      {rule("vars:\n  a: {value: 0555123}\n"), "4:14: error: 0555123 means different things"},
		"octal of YAML 1.2":          {rule("vars:\n  a: {value: 0o17}\n"), "means different things"},
		"hexadecimal":                {rule("vars:\n  a: {value: 0x1F}\n"), "means different things"},
		"eight":                      {rule("vars:\n  a: {value: 08}\n"), "means different things"},
		"underscores":                {rule("vars:\n  a: {value: 1_000}\n"), "means different things"},
		"a date":                     {rule("vars:\n  a: {value: 2024-01-02}\n"), "means different things"},
		"a date as a name":           {rule("vars:\n  a: {from: 2024-01-02}\n"), "a date to YAML"},
		"infinity":                   {rule("vars:\n  a: {value: .inf}\n"), "means different things"},
		"no number":                  {rule("vars:\n  a: {value: .nan}\n"), "means different things"},
		"Norway":                     {rule("vars:\n  a: {value: no}\n"), "means different things"},
		"True":                       {rule("vars:\n  a: {value: True}\n"), "means different things"},
		"a plus":                     {rule("vars:\n  a: {value: +1}\n"), "means different things"},
		"a number as a key":          {rule("vars:\n  a: {value: {1: x}}\n"), "1 is a number to YAML"},
		"a number for a text":        {rule("vars:\n  a: {from: 12}\n"), "12 is a number to YAML"},
		"a rule with a number":       {"rule: 7\nevent: sync\nsteps:\n  - put: things\n", "7 is a number to YAML"},
		"a key twice":                {rule("when: event.a == 1\nwhen: event.b == 1\n"), `4:1: error: duplicate key "when"`},
		"a key twice in flow":        {rule("vars: {a: event.a, a: event.b}\n"), `duplicate key "a"`},
		"an unknown key":             {rule("wehn: event.a == 1\n"), `3:1: error: unknown key "wehn"`},
		"an unknown key further in":  {rule("vars:\n  a: {from: event.a, deflaut: 1}\n"), `unknown key "deflaut"`},
		"a second document":          {rule("") + "---\n" + rule("when: event.a == 1\n"), "the file has a second document"},
		"a second, empty document":   {rule("") + "---\n", "the file has a second document"},
		"an alias":                   {rule("vars:\n  a: &x event.a\n  b: *x\n"), "anchors and aliases"},
		"a merge key":                {rule("vars:\n  a: {<<: {from: event.a}}\n"), "sync.yaml:4:7: error: "},
		"aliases of aliases":         {"a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n", "error: "},
		"an alias of itself":         {"rule: &a [*a]\n", "error: "},
		"a tab":                      {"rule: sync\nevent: sync\nsteps:\n\t- put: things\n", "4:1: error: the line is indented with a tab"},
		"a colon in an expression":   {rule("when: event.a == 'a: b'\n"), "sync.yaml:3:"},
		"a conditional":              {rule("vars:\n  a: {expr: event.a == 1 ? event.b : event.c}\n"), "sync.yaml:"},
		"a value that starts with @": {rule("vars:\n  a: @values\n"), "4:"},
		"a value that starts with %": {rule("vars:\n  a: %x\n"), "4:"},
		"a backtick":                 {rule("vars:\n  a: `x`\n"), "4:"},
		"an asterisk":                {rule("vars:\n  a: *\n"), "4:"},
		"a brace":                    {rule("vars:\n  a: {x\n"), "sync.yaml:"},
		"a backslash":                {rule("when: event.a matches \"\\d\"\n"), ""},
		"a quoted backslash":         {rule("vars:\n  a: {expr: \"event.a matches '\\d'\"}\n"), "error: not YAML"},
		"a comment in a text":        {rule("when: event.a == \"x #1\"\n"), "A quote is missing"},
		"a comment in brackets":      {rule("when: any(event.a, #b == 1) # c\n"), "error: "},
		"nothing at all":             {"", "the file is empty"},
		"a comment only":             {"# nothing\n", "the file is empty"},
		"a list":                     {"- rule: sync\n", "not a mapping"},
		"a text":                     {"sync\n", "not a mapping"},
		"no UTF-8":                   {rule("when: event.a == \"\xff\"\n"), "the file is not UTF-8"},
		"UTF-16":                     {"\xff\xfer\x00u\x00", "error: "},
		"a NUL":                      {rule("when: event.a == \"\x00\"\n"), "error: "},
		"an escape sequence":         {rule("when: event.a == \"\x1b\"\n"), "error: "},
		"line ends of a Mac":         {strings.ReplaceAll(rule(""), "\n", "\r"), "line breaks"},
		"a line separator":           {rule("when: event.a == \"\u2028\"\n"), "line breaks"},
		"ten thousand brackets":      {rule("vars:\n  a: " + strings.Repeat("[", 20000) + "\n"), "error: "},
		"ten thousand parentheses":   {rule("when: '" + strings.Repeat("(", 100000) + "'\n"), "longer than 16384 bytes"},
		"five megabytes":             {rule("") + strings.Repeat("# a comment\n", 450000), "larger than 4194304 bytes"},
	} {
		got := refused(test.file)
		if test.want != "" && !strings.Contains(got, test.want) || test.want == "" && strings.Contains(got, "panic") {
			t.Errorf("%s: refused with %q, want %q", name, got, test.want)
		}
	}
}

// A comment that cuts an expression where it is complete cannot be told from
// one that was meant: YAML does not say that there was more. Where it cuts a
// text, a bracket or a comparison, the rest is no expression.
func TestCommentThatCutsAnExpression(t *testing.T) {
	rule := "rule: sync\nevent: sync\nwhen: event.a == 1 %s\nsteps:\n  - put: things\n"
	for rest, found := range map[string]bool{
		"#and event.b == 1":       false, // looks like a comment, and is one
		`and event.b in ["x #1"]`: true, "and event.b == #1": true, "and (event.b == 1 # )": true, "or #": true,
		`and event.b == "#1"`: true, // the quote begins inside a plain scalar, and the hash is no comment there
	} {
		got := refused(fmt.Sprintf(rule, rest)) != ""
		if strings.Contains(rest, `"#1"`) {
			found = false
		}
		if got != found {
			t.Errorf("%s: found %t, want %t", rest, got, found)
		}
	}
}

// A byte order mark is what some editors write; it is no part of the first key,
// and moves no place.
func TestByteOrderMarkInARule(t *testing.T) {
	if got := refused("\ufeff" + exprRule("event.a")); got != "" {
		t.Errorf("a rule with a byte order mark is refused: %s", got)
	}
	if got := refused("\ufeffrule: sync\nevent: sync\nwhen: evnt.a == 1\nsteps:\n  - put: things\n"); !strings.HasPrefix(got, "sync.yaml:3:7: error: unknown name") {
		t.Errorf("got %s", got)
	}
}

func TestLineEndsOfWindows(t *testing.T) {
	rule := strings.ReplaceAll("rule: sync\nevent: sync\nwhen: |-\n  event.a == 1\n  and evnt.b == 1\nsteps:\n  - put: things\n", "\n", "\r\n")
	if got := refused(rule); !strings.HasPrefix(got, "sync.yaml:5:7: error: unknown name") || strings.Contains(got, "\r") {
		t.Errorf("got %q", got)
	}
}

// # Shapes and sizes

// embeddedConfig is the embedded rules with everything switched on.
func embeddedConfig(t testing.TB) *engine.Config {
	t.Helper()
	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		t.Fatal(err)
	}
	settings := program.Examples()
	for _, name := range []string{"createUsersAsVerified", "removeUsersFromOrganization", "searchByExternalId"} {
		settings[name] = true
	}
	config, err := program.Configure(settings)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// finish drives an event to its end, with answers of a destination where
// everything is new.
func finish(t testing.TB, x *engine.Execution, check func(engine.Request)) engine.Outcome {
	t.Helper()
	for {
		request, more := x.Next()
		if !more {
			return x.Outcome()
		}
		check(request)
		body := `{"users":[],"user_fields":[],"organization_fields":[],"identities":[],"organization_memberships":[{"id":3,"organization_id":7}]}`
		if request.Method != "GET" {
			body = `{"user":{"id":1,"external_id":"u"},"organization":{"id":7},"user_field":{"key":"k"},"organization_field":{"key":"k"}}`
		}
		x.Respond(engine.Response{Status: 200, Body: []byte(body)})
	}
}

// hostileShapes are values of about n bytes.
func hostileShapes() map[string]func(n int) string {
	repeat := func(open, item, end string) func(int) string {
		return func(n int) string {
			return open + strings.TrimSuffix(strings.Repeat(item, max(n/len(item), 1)), ",") + end
		}
	}
	return map[string]func(int) string{
		"text":         repeat(`"`, "x", `"`),
		"runes":        repeat(`"`, "é😀", `"`),
		"escapes":      repeat(`"`, `\u0041`, `"`),
		"quotes":       repeat(`"`, `\"`, `"`),
		"backslashes":  repeat(`"`, `\\`, `"`),
		"surrogates":   repeat(`"`, `\ud83d\ude00`, `"`),
		"half of one":  repeat(`"`, `\ud83d`, `"`),
		"nul":          repeat(`"`, `\u0000`, `"`),
		"brackets":     repeat(`"`, `[`, `"`),
		"braces":       repeat(`"`, `{`, `"`),
		"slashes":      repeat(`"`, `../`, `"`),
		"digits":       repeat("1", "9", ""),
		"fraction":     repeat("0.", "9", "1"),
		"exponent":     repeat("1e1", "9", ""),
		"digit text":   repeat(`"1`, "9", `"`),
		"numbers":      repeat("[", "0,", "]"),
		"huge numbers": repeat("[", "1e400,", "]"),
		"texts":        repeat("[", `"a",`, "]"),
		"nulls":        repeat("[", "null,", "]"),
		"lists":        repeat("[", "[],", "]"),
		"objects":      repeat("[", `{"a":1},`, "]"),
		"white space":  repeat("[1", " \n\t\r", "]"),
		"long key":     repeat(`{"`, "k", `":1}`),
		"long odd key": repeat(`{"`, `.*@#`, `":1}`),
		"deep":         func(n int) string { return repeat("[", strings.Repeat("[", 100)+strings.Repeat("]", 100)+",", "]")(n) },
		"deep objects": func(n int) string {
			return repeat("[", strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100)+",", "]")(n)
		},
		"wide": func(n int) string { return wide(900, n) },
		"rather wide": func(n int) string {
			return "[" + strings.Join([]string{wide(300, n/3), wide(300, n/3), wide(300, n/3)}, ",") + "]"
		},
		"keys of a map": func(n int) string {
			return repeat("[", `{"a.b":1,"@this":2,"*":3,"#":4,"4155551234":5,"__proto__":6,"":7},`, "]")(n)
		},
	}
}

// wide gives an object of n bytes with so many members.
func wide(members, n int) string {
	var b strings.Builder
	for i := range members {
		fmt.Fprintf(&b, `,"key %d":"%s"`, i, strings.Repeat("v", max(n/members-16, 1)))
	}
	return "{" + b.String()[1:] + "}"
}

// hostileEvents puts a value where the embedded rules look.
func hostileEvents(value string) map[string]string {
	traits := value
	if !strings.HasPrefix(value, "{") {
		traits = `{"name":"N","value":` + value + `}`
	}
	return map[string]string{
		"identify":         `{"type":"identify","userId":"u","traits":` + traits + `,"context":{"traits":{"name":"N"}}}`,
		"identify by name": `{"type":"identify","userId":"u","traits":{"name":` + value + `}}`,
		"identify user":    `{"type":"identify","userId":` + value + `,"traits":{"name":"N"}}`,
		"email":            `{"type":"identify","userId":"u","traits":{"name":"N","email":` + value + `}}`,
		"zone":             `{"type":"identify","userId":"u","traits":{"name":"N","timezone":` + value + `}}`,
		"company_remove":   `{"type":"identify","userId":"u","traits":{"name":"N","company":{"id":7,"remove":` + value + `}}}`,
		"company":          `{"type":"identify","userId":"u","traits":{"name":"N","company":{"id":` + value + `,"remove":true}}}`,
		"group":            `{"type":"group","userId":"u","groupId":"g","traits":` + traits + `,"context":{"traits":{"name":"N"}}}`,
		"group id":         `{"type":"group","userId":"u","groupId":` + value + `,"traits":{"name":"N"},"context":{"traits":{"name":"N"}}}`,
		"group person":     `{"type":"group","userId":"u","groupId":"g","traits":{"name":"N"},"context":{"traits":{"name":"N","email":` + value + `}}}`,
		"track":            `{"type":"track","userId":"u","event":"e","properties":` + traits + `,"traits":{"name":"N"}}`,
		"track name":       `{"type":"track","userId":"u","event":` + value + `,"traits":{"name":"N"}}`,
		"track time":       `{"type":"track","userId":"u","event":"e","timestamp":` + value + `,"traits":{"name":"N"}}`,
		"type":             `{"type":` + value + `}`,
		"nowhere":          `{"type":"identify","userId":"u","traits":{"name":"N"},"other":` + value + `}`,
	}
}

func TestHostileShapes(t *testing.T) {
	config := embeddedConfig(t)
	for name, shape := range hostileShapes() {
		for kind, event := range hostileEvents(shape(4000)) {
			x := config.Start([]byte(event))
			outcome := finish(t, x, func(r engine.Request) { checkBody(t, r) })
			checkTyped(t, name+", "+kind, outcome)
		}
		for _, cut := range []int{1, 2, 3, 40} {
			event := hostileEvents(shape(400))["identify"]
			outcome := finish(t, config.Start([]byte(event[:len(event)-cut])), func(engine.Request) { t.Errorf("%s: a truncated event causes a request", name) })
			if outcome.Status != engine.Rejected || !strings.Contains(outcome.Reason, "not usable JSON: byte ") {
				t.Errorf("%s, without its last %d bytes: %+v", name, cut, outcome)
			}
		}
	}
}

func checkTyped(t *testing.T, name string, o engine.Outcome) {
	t.Helper()
	switch o.Status {
	case engine.Delivered:
	case engine.Ignored, engine.Rejected, engine.Failed, engine.Unfinished, engine.Uncertain:
		if o.Reason == "" || len(o.Reason) > 16<<10 || !utf8.ValidString(o.Reason) {
			t.Errorf("%s: %s for %.100q (%d bytes)", name, o.Status, o.Reason, len(o.Reason))
		}
	default:
		t.Errorf("%s: ended %q", name, o.Status)
	}
	for _, w := range o.Warnings {
		if w.Text == "" || len(w.Text) > 4<<10 || !utf8.ValidString(w.Text) || w.At.Line == 0 {
			t.Errorf("%s: warns %.100q (%d bytes)", name, w.Text, len(w.Text))
		}
	}
}

// quickest gives the least time of several runs: what the work takes when
// nothing else gets in the way.
func quickest(runs int, do func()) time.Duration {
	least := time.Hour
	for range runs {
		start := time.Now()
		do()
		least = min(least, time.Since(start))
	}
	return least
}

// raced reports whether the race detector slows everything down.
func raced() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-race" && s.Value == "true" })
}

// Eight times the bytes take about eight times as long, whatever their shape.
func TestTimeIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	small, kinds := 60<<10, slices.Collect(maps.Keys(hostileEvents("0")))
	if raced() {
		small, kinds = 20<<10, []string{"identify", "group", "track", "email"}
	}
	config := embeddedConfig(t)
	for name, shape := range hostileShapes() {
		little, much := hostileEvents(shape(small)), hostileEvents(shape(8*small))
		for _, kind := range kinds {
			run := func(event string) func() {
				data := []byte(event)
				return func() { finish(t, config.Start(data), func(engine.Request) {}) }
			}
			var one, eight time.Duration
			linear := false
			for try := 0; try < 4 && !linear; try++ {
				one, eight = quickest(1+4*try, run(little[kind])), quickest(1+2*try, run(much[kind]))
				linear = eight < 20*time.Millisecond || eight < 24*max(one, time.Millisecond)
			}
			if !linear {
				t.Errorf("%s, %s: %v for %d bytes, %v for %d", name, kind, one, len(little[kind]), eight, len(much[kind]))
			}
		}
	}
}

// Eight times the fields take about eight times the memory: no field copies the
// ones before it.
func TestManyFieldsAreLinear(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": ruleOf(`{to: a, rest: event.traits, keys: identifier}`, `{to: b, rest: event.traits}`, `{to: c, from: event.traits}`)})
	use := func(fields int) uint64 {
		event := []byte(`{"type":"sync","traits":` + wide(fields, 40*fields) + `}`)
		return allocated(func() { config.Start(event).Next() })
	}
	use(100)
	if few, many := use(120), use(960); many > 14*few {
		t.Errorf("120 fields took %d bytes, 960 took %d", few, many)
	}
}

// The largest events end within a second, and take a bounded part of the
// memory: all that was allocated up to the third request counts.
func TestTheLargestEventsAreBounded(t *testing.T) {
	if testing.Short() || raced() {
		t.Skip("measures time and memory")
	}
	config := embeddedConfig(t)
	for name, shape := range hostileShapes() {
		for kind, event := range hostileEvents(shape(510 << 10)) {
			data := []byte(event)
			size := allocated(func() { begin(config.Start(data), 3) })
			if size > 64<<20 {
				t.Errorf("%s, %s: %d MiB", name, kind, size>>20)
			}
			took := time.Hour
			for try := 0; try < 3 && took > time.Second; try++ {
				took = min(took, quickest(1, func() { finish(t, config.Start(data), func(engine.Request) {}) }))
			}
			if took > time.Second {
				t.Errorf("%s, %s: %v", name, kind, took)
			}
		}
	}
}

// begin goes through the first requests.
func begin(x *engine.Execution, requests int) {
	for range requests {
		if _, more := x.Next(); !more {
			return
		}
		x.Respond(engine.Response{Status: 200, Body: []byte(`{"user":{"id":1},"users":[],"user_fields":[]}`)})
	}
}

// Looking for a large event among many that are as large costs no more than
// reading them.
func TestWorstAnswerEndsInASecond(t *testing.T) {
	if testing.Short() || raced() {
		t.Skip("measures time")
	}
	properties := wide(900, 500<<10)
	event := []byte(`{"type":"track","userId":"u","event":"e","timestamp":"2026-01-31T12:00:00Z","properties":` + properties + `,"traits":{"name":"N"}}`)
	almost := `{"created_at":"2026-01-31T12:00:00Z","properties":` + properties[:len(properties)-2] + `!"}}`
	answers := []string{`{"users":[{"id":1,"external_id":"u"}]}`, "", `{"events":[` + strings.Repeat(almost+",", 15) + almost + `]}`}
	config := embeddedConfig(t)
	took := quickest(3, func() {
		x := config.Start(event)
		for _, body := range answers {
			x.Next()
			if response := (engine.Response{Status: 200, Body: []byte(body)}); body != "" {
				x.Respond(response)
			} else {
				x.Respond(engine.Response{Failure: engine.Timeout})
			}
		}
		if o := x.Outcome(); o.Status != engine.Uncertain || !strings.Contains(o.Reason, "did not find") {
			t.Fatalf("%s: %.300s", o.Status, o.Reason)
		}
	})
	if took > time.Second {
		t.Errorf("%v", took)
	}
}

// A reply has no limit of keys, and respell takes one with many in proportion to
// their number.
func TestRespellIsLinear(t *testing.T) {
	if testing.Short() || raced() {
		t.Skip("measures time")
	}
	config := configure(t, map[string]string{"sync.yaml": `rule: sync
event: sync
steps:
  - {name: got, get: things}
  - {let: spelled, expr: 'respell(got, ["A0000001Z"])'}
  - put: things
    body:
      - {to: x, from: spelled.q}
`})
	var reply strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&reply, `,"a%07dz":1`, i)
	}
	took := quickest(3, func() {
		x := config.Start([]byte(`{"type":"sync"}`))
		x.Next()
		x.Respond(engine.Response{Status: 200, Body: []byte("{" + reply.String()[1:] + "}")})
		x.Next()
	})
	if took > 300*time.Millisecond {
		t.Errorf("%v for 20,000 keys", took)
	}
}

// What a huge event made large does not stay for the small ones that follow.
func TestAHugeEventLeavesNothing(t *testing.T) {
	if testing.Short() || raced() {
		t.Skip("measures memory")
	}
	config := embeddedConfig(t)
	nothing := func(engine.Request) {}
	for name, shape := range hostileShapes() {
		huge, small := hostileEvents(shape(500<<10)), hostileEvents(shape(100))
		for _, kind := range []string{"identify", "track"} {
			x := config.Start([]byte(small[kind]))
			finish(t, x, nothing)
			before := held()
			x.Restart([]byte(huge[kind]))
			finish(t, x, nothing)
			for range 3 {
				x.Restart([]byte(small[kind]))
				finish(t, x, nothing)
			}
			if after := held(); after > before+256<<10 {
				t.Errorf("%s, %s: %d KiB stay", name, kind, (after-before)>>10)
			}
			runtime.KeepAlive(x)
		}
	}
}

// held gives the bytes that are in use.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
