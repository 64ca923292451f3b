package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const mappingDestination = `destination: crm
title: CRM
rules: [sync]
match: {by: event.type, case: ignore}
settings:
  host:  {type: string, required: true, pattern: '[a-z.]+', title: Host, example: crm.example}
  token: {type: string, secret: true, title: Token, example: t}
  loud:  {type: boolean, default: false, title: Loud}
url: https://{config.host}/v1/
authentication:
  - needs: [token]
    bearer: '{config.token}'
tables:
  plans: {entries: {pro: Professional, '1': One, é: E, 'true': 'Yes', Pro: pro}}
  zones: {entries: {a: b, c: b, x: pro}, itself: true}
`

// A mapping makes of an event what the plain evaluation of its lines makes of
// it: the same values in the same order under the same keys, the same warnings
// at the same lines, and the same reasons where it does not come to that. Where
// there are bytes to grow them from, rule and event are grown.
func FuzzMappings(f *testing.F) {
	for i, rule := range mappingSeeds() {
		for _, event := range hostileMappingEvents() {
			f.Add(rule, event, []byte(nil))
		}
		f.Add(rule, "", []byte(strings.Repeat(fmt.Sprint(i, "growing a rule and an event"), 9)))
	}
	for i, event := range goldenEvents(f) {
		f.Add(mappingSeeds()[i%len(mappingSeeds())], event, []byte(nil))
		f.Add("", event, []byte(strings.Repeat(fmt.Sprint(i, event), 3)))
	}
	random := rand.NewChaCha8([32]byte{})
	for range 150 {
		seed := make([]byte, 1200)
		_, _ = random.Read(seed) // which does not fail
		f.Add("", "", seed)
	}
	f.Fuzz(func(t *testing.T, rule, event string, seed []byte) {
		if len(rule)+len(event) > 1<<16 {
			return
		}
		g := &grower{bytes: seed}
		if rule == "" {
			rule = g.rule()
		}
		config, fsys := loaded(rule)
		if config == nil {
			return
		}
		plain := plainProgramOf(fsys, ".", config)
		if event != "" {
			compareMappings(t, config, plain, event)
			return
		}
		for i := 0; i == 0 || i < 5 && len(g.bytes) > 0; i++ { // loading the rule takes most of the time
			compareMappings(t, config, plain, g.event())
		}
	})
}

// loaded gives a rule that loads: lines that do not are left out.
func loaded(rule string) (*Config, fstest.MapFS) {
	for range 8 {
		fsys := fstest.MapFS{"destination.yaml": {Data: []byte(mappingDestination)}, "sync.yaml": {Data: []byte(rule)}}
		program, err := Load(fsys, ".")
		var found Diagnostics
		if !errors.As(err, &found) {
			config, err := program.Configure(program.Examples())
			if err != nil {
				panic(err)
			}
			return config, fsys
		}
		lines := strings.Split(rule, "\n")
		for _, d := range slices.Backward(found.Errors()) {
			if d.At.Line > 0 && d.At.Line <= len(lines) && d.At.File == "sync.yaml" {
				lines[d.At.Line-1] = ""
			}
		}
		if rule == strings.Join(lines, "\n") {
			return nil, nil
		}
		rule = strings.Join(lines, "\n")
	}
	return nil, nil
}

func compareMappings(t *testing.T, config *Config, plain *plainProgram, event string) {
	t.Helper()
	used := config.Start([]byte(`{"type":"sync","t":{"a":[1,{"b":"x"}],"b b":"before"}}`))
	used.Next()
	used.Restart([]byte(event))
	for _, x := range []*Execution{config.Start([]byte(event)), used} {
		want := plain.take(event)
		at := fmt.Sprintf("%s\n%s", event, plain.rules[0].Name.at.src.text)
		checkTaken(t, at, x, want)
		checkIndexes(t, x)
		if want.status == "" {
			checkBodyOf(t, at, x, want)
		}
	}
}

// checkTaken compares what is known before the first request.
func checkTaken(t *testing.T, at string, x *Execution, want *plainOutcome) {
	t.Helper()
	got := x.Outcome()
	if got.Status != want.status || !strings.HasSuffix(got.Reason, want.reason) {
		t.Fatalf("%s\nends %q: %s\nwant %q: %s", at, got.Status, got.Reason, want.status, want.reason)
	}
	if len(x.runs) != len(want.runs) && want.status != Rejected {
		t.Fatalf("%s\nis taken by %d rules, want %d", at, len(x.runs), len(want.runs))
	}
	checkWarnings(t, at, got, want)
	if want.status != "" {
		return
	}
	for i, run := range x.runs {
		for _, v := range run.rule.vars {
			checkPlain(t, at+"\nvar "+v.name, run.slots[v.slot], want.runs[i].value(v.name))
		}
		for _, m := range run.rule.mappings {
			checkPlain(t, at+"\nmapping "+m.name, run.slots[m.slot], want.runs[i].value(m.name))
		}
	}
}

func checkWarnings(t *testing.T, at string, got Outcome, want *plainOutcome) {
	t.Helper()
	if !slices.Equal(got.Warnings, want.warnings) {
		t.Fatalf("%s\nwarns %v\nwant  %v", at, got.Warnings, want.warnings)
	}
}

func checkPlain(t *testing.T, at string, got value, want any) {
	t.Helper()
	if is := plainOf(got); !reflect.DeepEqual(is, want) {
		t.Fatalf("%s\nis   %v\nwant %v", at, is, want)
	}
	if got.raw != "" && !reflect.DeepEqual(plainDecode(got.raw), plainDecode(plainWritten(want).raw)) {
		t.Fatalf("%s\nis written %s\nwant       %s", at, got.raw, plainWritten(want).raw)
	}
}

// checkBodyOf compares the body of the first step, which has no condition.
func checkBodyOf(t *testing.T, at string, x *Execution, want *plainOutcome) {
	t.Helper()
	step := want.runs[0].rule.Steps[0]
	if step.Body == nil || step.When.given() || step.Each.given() || step.Arg.value != "things" {
		return
	}
	b, err := want.runs[0].build(step.Body)
	request, more := x.Next()
	if err != nil {
		if more || x.Outcome().Status != Failed || !strings.HasSuffix(x.Outcome().Reason, err.Error()) {
			t.Fatalf("%s\nends %+v, want %v", at, x.Outcome(), err)
		}
		return
	}
	if !more || !reflect.DeepEqual(plainDecode(string(request.Body)), plainDecode(b.text)) {
		t.Fatalf("%s\nhas the body %s\nwant         %s", at, request.Body, b.text)
	}
	checkWarnings(t, at, x.Outcome(), want)
}

func mappingSeeds() []string {
	rule := func(lines ...string) string {
		return "rule: sync\nevent: [sync, identify, group, track]\nvars:\n  traits: {from: [event.t, event.traits, event.context.traits, event.properties], as: object}\n" +
			"mappings:\n  m:\n    - " + strings.Join(lines, "\n    - ") + "\nsteps:\n  - put: things\n    body:\n      - {to: ., from: m}\n"
	}
	return []string{
		rule(`{to: email, from: [traits.email, traits.mail]}`, `{to: phone, from: traits.phone, as: string}`, `{to: tags, from: traits.tags, as: array}`, `{to: plan, from: traits.plan, table: plans}`,
			`{to: locale, from: traits.locale, default: en}`, `{to: source, value: segment}`, `{to: vip, value: true, when: traits.spent > 1000}`, `{to: initial, expr: 'upper(traits.name) ?? "?"'}`,
			`{to: since, from: traits.createdAt, as: time}`, `{to: note, from: traits.note, keep: [empty]}`, `{to: f.id, from: event.userId}`, `{to: f, rest: traits, keys: identifier, except: [password]}`),
		rule(`{to: l.0.a, from: traits.a, as: integer}`, `{to: l.1.a, from: traits.b, as: boolean}`, `{to: l.2, from: traits, keep: [empty, "null"]}`, `{to: l.0.b, from: 'event.t.#.a'}`, `{to: r, rest: traits, keep: [empty]}`),
		rule(`{to: u, from: traits, except: [f, a]}`, `{to: u.f, from: traits.a, as: object, default: {z: 1}}`, `{to: u.f, value: {}}`, `{to: n, expr: 'map(members(traits), .name)'}`, `{to: o.\0, from: event.t.0, required: true}`),
		rule(`{to: f, rest: traits, keys: identifier}`, `{to: r, rest: traits, keep: empty}`, `{to: i, rest: traits, keys: identifier}`, "{to: x, from: 'traits.\\\\u0061'}\n  n:\n    - {to: g, from: m.f, except: [a]}", `{to: h, rest: m.f}`, `{to: i, from: m.f}`, `{to: j, from: m.@values}`),
		rule(`{to: ., from: traits, except: [a, k]}`, `{to: k, rest: traits.k}`, `{to: a, rest: traits, keys: identifier, keep: empty}`),
		rule(`{to: a, expr: traits.a + traits.b}`, `{to: b, from: traits.a, table: zones, default: none}`, `{to: b, value: never}`),
	}
}

func hostileMappingEvents() []string {
	var many, cases strings.Builder
	for i := range 60 {
		fmt.Fprintf(&cases, `"%c %d":%d,`, "Aa"[i/30], i%30, i)
	}
	for i := range 40 {
		fmt.Fprintf(&many, `"k %d":%d,"K_%d":"x","k_%d":true,`, i, i, i+3, i+7)
	}
	return []string{
		`{"type":"sync","t":` + oddMembers + `}`, `{"type":"SYNC","t":{` + many.String() + `"a":"true"}}`, `{"type":"sync","t":{` + cases.String() + `"a":1,"\u0061b":2}}`, `{"type":"sync","t":{"\u0061":1}}`,
		" { \"type\" : \"sync\" ,\r\n\t\"t\" : { \"a\" : [ 1 , { } , [ ] ] , \"b\" : \"\\u0074rue\" , \"k\" : { \"x\" : \"\" , \"y\" : [ ] } , \"plan\" : \"\\u0070ro\" } } ",
		`{"type":"sync","t":{"A":1,"a":2,"\u004b":3,"k":4,"\u212a":5,"ſ":6,"S":7,"é":8,"É":9,"e\u0301":10}}`, `{"type":"sync","t":{"\ud800":1,"b":"\ud83d","a":"\ud83d\ude00"}}`,
		`{"type":"sync","t":{"a":1e400,"b":-0,"plan":1,"phone":12345678901234567890,"spent":1000.00000000000000000001,"tags":1.50}}`, `{"type":"sync","t":[{"a":1},{},{"a":null},[{"a":2}]]}`,
		`{"type":"sync"}`, `{"type":"sync","t":{}}`, `{"type":"sync","t":[]}`, `{"type":"sync","t":""}`, `{"type":"sync","t":null}`, `{"type":"other"}`, `{"type":""}`, `{"type":7}`, `[]`, `{"type":"sync","type":"sync"}`, `{"\u0074ype":"\u0073ync","t":{"a":{},"b":[]}}`,
		`{"type":"sync","t":{"createdAt":"2026-01-31T12:00:00Z","a":"-12","b":"007","note":"","name":"n","plan":null,"k":null}}`,
	}
}

const oddMembers = `{"a.b":1,"a*b":2,"@this":5,"@values":7,"#":8,"a|b":9,"":14,":a":15,"-1":16,"0":17,"01":3,"4155551234":18,"__proto__":21,"a\\b":22,"a\"b":0,"\u0000":23,"a b":25,"a_b":"x","A_B":true,"\u00e9":26,"\u2028":27,"a":"","b":{"c":{"d":[[],[1]]}}}`

// # Growing rules and events

// chance is true for one of so many bytes.
func (g *grower) chance(of int) bool { return g.pick(of) == of-1 }

func (g *grower) rule() string {
	var b strings.Builder
	b.WriteString("rule: sync\nevent: [sync, identify, group, track]\nvars:\n  v: {from: [event.t, event.traits, event.context.traits, event.properties], as: object}\n")
	fmt.Fprintf(&b, "  w: {from: %s%s}\n", g.paths("event", "v"), g.as())
	if g.chance(8) {
		b.WriteString("when: " + g.when() + "\n")
	}
	if g.chance(8) {
		fmt.Fprintf(&b, "require:\n  - {from: %s, message: it needs more}\n  - {from: w, when: '%s', message: and more}\n", g.paths("event", "v"), g.when())
	}
	b.WriteString("mappings:\n")
	for i, name := range []string{"m", "n"} {
		fmt.Fprintf(&b, "  %s:\n    - {to: kept, value: 1, when: event.kept == 1}\n", name)
		for range g.pick(9 - 4*i) {
			b.WriteString("    - " + g.line(true, [][]string{{"event", "v", "w"}, {"m", "m", "v"}}[i]...) + "\n")
		}
	}
	b.WriteString("steps:\n  - put: things\n    body:\n      - {to: kept, value: 1, when: event.kept == 1}\n")
	for range g.pick(6) {
		b.WriteString("      - " + g.line(false, "m", "n", "event", "v") + "\n")
	}
	return b.String()
}

func (g *grower) line(mayNeed bool, names ...string) string {
	line := "{to: '" + g.one("x", "y", "x.y", "x.z", "f", "f.id", "f.a", "f.A", "l.0", "l.1", "l.2", "l.0.a", "l.1.a", "l.0.b", "l.2.0", "l.0.0.c", `a\.b`, `o.\0`, `o.\01`, "é", "f.k", "f.K", "f.é", ".", "long.er.name") + "'"
	switch g.pick(10) {
	case 0, 1:
		line += g.restOf(names)
	case 2:
		line += ", expr: '" + g.computed(names) + "'" + g.as()
	case 3:
		return line + ", value: " + g.literal() + g.one("", "", ", when: '"+g.when()+"'", ", except: [a]") + "}"
	default:
		line += ", from: " + g.paths(names...) + g.as()
		if g.chance(6) {
			line += g.one(", table: plans", ", table: zones")
		}
		if g.chance(4) {
			line += g.one(", keep: [empty]", ", keep: ['null']", ", keep: [empty, 'null']")
		}
	}
	if !strings.Contains(line, "rest:") && g.chance(4) {
		line += ", default: " + g.literal()
	} else if mayNeed && g.chance(10) {
		line += ", required: true"
	}
	if g.chance(4) {
		line += ", except: [" + g.one("a", "a, f", "id, a, A", "y, z, é", "'', a b", "kept, x, f, l, o, é, long, y", "k, K") + "]"
	}
	if g.chance(5) {
		line += ", when: '" + g.when() + "'"
	}
	return line + "}"
}

func (g *grower) restOf(names []string) string {
	of := g.one(names...)
	if of == "m" {
		of = g.one("m.f", "m.x", "m")
	} else if g.chance(3) {
		of = g.path(names...)
	}
	rest := ", rest: '" + of + "'"
	if g.pick(2) == 0 {
		rest += ", keys: identifier"
	}
	if g.chance(3) {
		rest += ", keep: [empty]"
	}
	return rest
}

func (g *grower) as() string {
	return g.one("", "", "", "", "", "", "", "", "", "", ", as: object", ", as: string", ", as: integer", ", as: number", ", as: boolean", ", as: array", ", as: time")
}

func (g *grower) literal() string {
	return g.one("1", "x", "''", "{}", "[]", "true", "{a: 1, f: {b: []}}", "[1, {a: x}]", "1.50", "'7'", "{a: 1}", "'2026-01-31T12:00:00Z'")
}

func (g *grower) paths(names ...string) string {
	all := []string{}
	for range 1 + g.pick(3) {
		all = append(all, "'"+g.path(names...)+"'")
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func (g *grower) path(names ...string) string {
	path := g.one(names...)
	if path == "event" && g.pick(4) > 0 {
		path += g.one(".t", ".t", ".traits", ".properties", ".context.traits", ".u")
	}
	for range 1 + g.pick(2) {
		if g.chance(12) {
			return path
		}
		if g.pick(2) == 0 {
			path += g.one(".a", ".b", ".f", ".x", ".k", ".a.b", ".f.a", ".email", ".name")
			continue
		}
		path += "." + g.one("a", "b", "f", "x", "k", "K", "0", "1", `\0`, "01", "A", "#", "@values", "@keys", `a\ b`, `a\.b`, "é", `\@this`, `\#`, "4155551234", "email", "name", "l", `a\"b`, `a\\b`, `\\u0061`, "id", "é", "l.0", "k7", "K7", "k_7")
	}
	return path
}

func (g *grower) member() string {
	return g.one("event.t", "v", "event.u", "v.a", "event.traits") + g.one(".a", ".b", ".f", `["a b"]`, ".k", ".K", "[0]", ".email", ".a.b", ".l")
}

// computed is an expression that gives a scalar, or a list of scalars.
func (g *grower) computed(names []string) string {
	a, b := g.member(), g.member()
	of := g.one(names...)
	return []string{
		"upper(" + a + ") ?? \"?\"", a + " + " + b, "text(" + a + " ?? " + b + ")", a + " == " + b, "len(" + a + ")", "len(" + of + ")", "map(members(" + of + "), .name)", "map(members(" + of + "), .key)",
		"map(members(" + of + ".f), .name)", "join(" + a + ", \",\")", "split(" + a + ", \" \")", "-" + a, "map(" + a + ", text(#))", "unix(" + a + ")", of + ".f.a == 1", a + "?.b == nil", "count(" + a + ", # != nil)",
	}[g.pick(17)]
}

func (g *grower) when() string {
	a, b := g.member(), g.member()
	return []string{
		a + " != nil", a + " == 1", a + " == " + b, a + " in [1, \"pro\", true]", "len(" + a + ") > 0", a + " < " + b, "config.loud", "not config.loud", "any(" + a + ", # == 1)", a + " + 1 > 2", "event.type != \"x\"",
	}[g.pick(11)]
}

func (g *grower) event() string {
	event := "{" + g.space() + g.one(`"type"`, `"\u0074ype"`) + g.space() + ":" + g.space() + g.one(`"sync"`, `"SYNC"`, `"\u0073ync"`)
	for _, name := range []string{"t", "u"} {
		event += "," + g.space() + `"` + name + `":` + g.space() + g.object(3)
	}
	if g.chance(2) {
		event += `,"kept":1`
	}
	return event + g.space() + "}" + g.space()
}

func (g *grower) space() string { return g.one("", "", "", " ", "\n\t\r ", "  ") }

func (g *grower) object(depth int) string {
	var members []string
	seen := map[any]bool{}
	add := func(key, v string) {
		if name := plainDecode(mendSurrogates(key)); !seen[name] {
			seen[name] = true
			members = append(members, g.space()+key+g.space()+":"+g.space()+v+g.space())
		}
	}
	for range g.pick(6) {
		add(g.one(`"a"`, `"b"`, `"f"`, `"x"`, `"k"`, `"\u0061"`), g.any(depth))
	}
	for range g.pick(12) {
		add(g.one(`"a"`, `"b"`, `"f"`, `"x"`, `"k"`, `"K"`, `"0"`, `"1"`, `"01"`, `"A"`, `"\u0061"`, `"a b"`, `"a.b"`, `"a_b"`, `"A_B"`, `"é"`, `"\u00e9"`, `"É"`, `"@this"`, `"#"`, `"4155551234"`, `"_4155551234"`, `""`, `"_"`, `"\u212a"`, `"a\"b"`,
			`"a\\b"`, `"a\/b"`, `"\u0000"`, `"\ud83d\ude00"`, `"😀"`, `"\ud800"`, `"\ud800\u0041"`, `"email"`, `"name"`, `"l"`, `"id"`, `"y"`, `"z"`, `"kept"`, `"__proto__"`, `"ſ"`, `"S"`, `"a  b"`, `"\u2028"`), g.any(depth))
	}
	if g.chance(12) {
		for i := range 40 {
			add(fmt.Sprintf(g.one(`"k%d"`, `"K%d"`, `"k %d"`, `"k_%d"`, `"\u006b%d"`), i-g.pick(20)), g.any(0))
		}
	}
	return "{" + g.space() + strings.Join(members, ",") + "}"
}

func (g *grower) any(depth int) string {
	if depth > 0 {
		switch g.pick(8) {
		case 0:
			return g.object(depth - 1)
		case 1:
			return "[" + g.space() + g.any(depth-1) + g.space() + "," + g.any(depth-1) + g.space() + "]"
		}
	}
	return g.one(`"x"`, "1", `""`, "true", "null", "{}", "[]", "false", "{ }", "[ \n]", "-0", "1.50", "1e400", "1E+2", "12345678901234567890", "0", `"pro"`, `"\u0070ro"`, `"true"`, `"\u0074rue"`, `"1"`, `"-12"`, `"007"`, `"1.0e3"`, `"2026-01-31T12:00:00Z"`,
		`"2026-01-31T12:00:00\u005a"`, `"é"`, `"a\"b"`, `"\ud83d\ude00"`, `"\ud800x"`, `"a b"`, `["x"]`, "[1,[2]]", `[{"a":1}]`, `"\u00e9"`, `"a"`, `"</script>&"`)
}
