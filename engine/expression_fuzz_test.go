package engine

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/expr-lang/expr/ast"
	exprparser "github.com/expr-lang/expr/parser"
	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/rules"
)

// An expression gives what the plain evaluation gives, for any names and any
// JSON: the document has a member for each name. Where there are bytes to grow
// one from, the expression is grown.
func FuzzExpressions(f *testing.F) {
	documents := fuzzDocuments(f)
	for i, expression := range fuzzExpressionSeeds(f) {
		f.Add(expression, documents[i%len(documents)], []byte(nil))
	}
	for i, document := range documents {
		f.Add("", document, []byte(strings.Repeat(fmt.Sprint(i, "growing"), 5)))
	}
	f.Fuzz(func(t *testing.T, expression, document string, seed []byte) {
		if document = strings.Trim(document, " \t\r\n"); len(document) > 1<<16 || scanJSON(document, 128, 1000) != nil {
			return
		}
		if len(seed) > 0 {
			g := &grower{bytes: seed}
			expression = g.value(4)
		}
		compareWithPlain(t, expression, rawValue(document))
	})
}

func compareWithPlain(t *testing.T, expression string, document value) {
	t.Helper()
	tree, err := exprparser.Parse(expression)
	if err != nil || len(expression) > maxExpression {
		return
	}
	in, slots := namesOf(tree.Node, document)
	c := &compiler{collector: &collector{}, vocabulary: fuzzVocabulary}
	e := c.compileExpression(text{value: expression, at: span{newSource("f", expression), 0, len(expression)}}, in)
	if e == nil {
		return
	}
	plain, err := newPlainExpression(expression, in)
	if err != nil && strings.Contains(err.Error(), "predicate should has") {
		return // what is nil in some other way than as nil
	}
	if err != nil {
		t.Fatalf("%s compiles, and not as it is: %v", expression, err)
	}
	want, wantErr := plain.eval(slots)
	w := &workspace{}
	for range 2 { // nothing of the first evaluation is left to the second
		got, gotErr := e.evalValue(w, slots)
		checkSame(t, expression, document, got, gotErr, want, wantErr)
	}
}

func checkSame(t *testing.T, expression string, document, got value, gotErr error, want value, wantErr error) {
	t.Helper()
	if gotErr != nil && wantErr != nil && strings.HasSuffix(gotErr.Error(), wantErr.Error()) {
		return
	}
	if gotErr != nil || wantErr != nil {
		t.Fatalf("%s of %s\ngives %s, %v\nwant %s, %v", expression, document.raw, got.raw, gotErr, want.raw, wantErr)
	}
	if scanJSON(got.raw, 1000, 0) != nil {
		t.Fatalf("%s of %s\ngives %s, which is no JSON", expression, document.raw, got.raw)
	}
	written, err := plainEncode(got.decode())
	sorted, err2 := plainEncode(want.decode())
	if err != nil || err2 != nil || written.raw != sorted.raw {
		t.Fatalf("%s of %s\ngives %s\nwant %s", expression, document.raw, got.raw, want.raw)
	}
}

// namesOf declares whatever an expression names, and gives the slots.
func namesOf(root ast.Node, document value) (*scope, []value) {
	in := newScope()
	var slots []value
	finder := &identifiersIn{}
	ast.Walk(&root, finder)
	for _, name := range finder.names {
		if in.names[name] != nil || slices.Contains(finder.lets, name) || !isIdentifier(name) {
			continue
		}
		n := in.declare(name, span{})
		v := document.member(name)
		switch {
		case name == "config":
			n.shape = &shape{open: true, members: map[string]*shape{"loud": {boolean: true}, "createUsersAsVerified": {boolean: true}, "searchByExternalId": {boolean: true}}}
		case name == "except" || name == "resource":
			if v.missing() {
				v = rawValue("null")
			}
			n.constant = &literal{json: v.raw}
		}
		slots = append(slots, v)
	}
	return in, slots
}

type identifiersIn struct{ names, lets []string }

// Visit implements ast.Visitor.
func (f *identifiersIn) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.IdentifierNode:
		if _, function := fuzzVocabulary.functions[n.Value]; !function {
			f.names = append(f.names, n.Value)
		}
	case *ast.VariableDeclaratorNode:
		f.lets = append(f.lets, n.Name)
	}
}

// fuzzExpressionSeeds gives the expressions of the tables, of the embedded rules
// and of the examples.
func fuzzExpressionSeeds(f *testing.F) []string {
	var all []string
	for expression := range expressionTable() {
		all = append(all, expression)
	}
	for _, function := range Functions() {
		for _, example := range function.Examples {
			all = append(all, example.Expr)
		}
	}
	slices.Sort(all)
	for _, tree := range []fs.FS{rules.FS(), os.DirFS("../examples")} {
		err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, "time_zones.yaml") {
				return err
			}
			data, err := fs.ReadFile(tree, path)
			var document yaml.Node
			if err == nil && yaml.Unmarshal(data, &document) == nil {
				all = appendExpressions(all, &document)
			}
			return err
		})
		if err != nil {
			f.Fatal(err)
		}
	}
	return all
}

func appendExpressions(all []string, n *yaml.Node) []string {
	for i, below := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && below.Kind == yaml.ScalarNode &&
			slices.Contains([]string{"expr", "when", "pick", "each", "found", "there", "check", "next"}, n.Content[i-1].Value) {
			all = append(all, below.Value)
		}
		all = appendExpressions(all, below)
	}
	return all
}

// fuzzDocuments gives documents with the names that expressions use, and the
// events of the golden cases.
func fuzzDocuments(f *testing.F) []string {
	in, slots := expressionWorld()
	var members []string
	for _, name := range in.labels() {
		members = append(members, quote(name)+": "+slots[in.names[name].slot].raw)
	}
	all := []string{
		"{" + strings.Join(members, ", ") + "}",
		`{"event":{"a":1,"b":{"c":"x","C":"X"},"list":[1,1.0,"1",null,true,[],{},{"a":1,"key":"A"}],"x y":-0,"t":"\u00e4\\\"\ud83d\ude00","":3},"list":[{"a":1,"b":"A"},{"b":"a","a":1.0},{"a":"\u0061"},7,"a",[2]],` +
			`"item":"a","fields":{"Plan":"p","plan":2,"seats":[1 , 2],"\u0061":null},"except":["PLAN","a",1],"resource":"b","config":{"loud":true},"known":["plan","SEATS"],"wanted":[{"key":"Plan"},{"key":1},3]}`,
		`{"event":{"a":"2026-01-31T12:00:00Z","b":[[1,2],[1,2]],"list":["b","a","\u0061","A"],"t":12345678901234567890,"x y":1e400},"list":["a","b","c","d","e","f","g","h","i","j",1,2,3,4,1.50,null,{"a":1}],` +
			`"item":1,"fields":{"a":{"b":[{}]},"b":{"a":1}},"except":[],"known":[],"config":{}}`,
		`{"event":[{"a":2,"b":[1]},{"b":[1],"a":2.0},{"a":2,"b":[1.0]}],"list":{"a":[1],"0":"x"},"item":{"a":[1.0]},"fields":[],"resource":"list","config":null}`,
	}
	files, err := filepath.Glob("../rules_test/*/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name == "event.json" {
				all = append(all, `{"event":`+string(file.Data)+`,"list":[`+string(file.Data)+`]}`)
			}
		}
	}
	return all
}

// A grower makes an expression of bytes: each decides what stands at one place.
type grower struct {
	bytes  []byte
	inLoop bool
	lets   int
}

func (g *grower) pick(n int) int {
	if len(g.bytes) == 0 {
		return 0
	}
	first := g.bytes[0]
	g.bytes = g.bytes[1:]
	return int(first) % n
}

func (g *grower) one(of ...string) string { return of[g.pick(len(of))] }

func (g *grower) leaf() string {
	if g.inLoop && g.pick(3) > 0 {
		return g.one("#", ".a", ".b", "#index", "#[0]", `.key`, ".b.c", `#["a"]`)
	}
	return g.one("nil", "event.a", "event.b", "event.list", "list", "item", "fields", "except", "resource", "event.t", `event["x y"]`, "event.list[0]", "event.b.c", "list[1].a", "list[-1]",
		"known", "wanted", "config.loud", "config", "event", `event[""]`, "0", "1", "2.5", "1000000.0", "true", "false", `"a"`, `"A"`, `""`, `"b c"`, `"é"`, "[]", "{}", "9223372036854775807",
		`["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", 1, 2.0]`, `{"a": 1}`, "1e-7")
}

// value grows anything; depth bounds what stands inside what.
func (g *grower) value(depth int) string {
	if depth == 0 {
		return g.leaf()
	}
	below := func() string { return g.value(depth - 1) }
	switch g.pick(16) {
	case 0, 1:
		return g.leaf()
	case 2:
		return "(" + below() + ")[" + below() + "]"
	case 3:
		return "(" + below() + ")" + g.one(".a", ".b", ".key", ".value", "?.c")
	case 4:
		return "(" + below() + g.one(" + ", " - ", " * ", " / ") + below() + ")"
	case 5:
		return "(" + below() + " ?? " + below() + ")"
	case 6:
		return "(" + g.condition(depth-1) + " ? " + below() + " : " + below() + ")"
	case 7:
		return g.one("len", "lower", "upper", "trim", "text", "unix", "first", "last") + "(" + below() + ")"
	case 8:
		return g.one("join", "split", "concat", "absent") + "(" + below() + ", " + below() + ")"
	case 9:
		return "[" + below() + ", " + below() + "]"
	case 10:
		return "{" + g.one("b", "a") + ": " + below() + ", a: " + below() + "}"
	case 11:
		return "(-" + below() + ")"
	case 12:
		return g.loop(depth, g.one("filter", "find", "count", "map"))
	case 13:
		g.lets++
		name := fmt.Sprintf("l%d", g.lets)
		return "(let " + name + " = " + below() + "; [" + name + ", " + below() + ", " + name + "])"
	case 14:
		return g.one("members(fields)", "members(event.b)", "absent(members(fields), known)", "absent(members(fields), except)", "respell(fields, concat(known, except))", "respell(fields, except)")
	default:
		return "(" + g.condition(depth-1) + ")"
	}
}

func (g *grower) loop(depth int, name string) string {
	if g.inLoop {
		return g.leaf()
	}
	list := g.value(depth - 1)
	g.inLoop = true
	defer func() { g.inLoop = false }()
	if name == "map" {
		return "map(" + list + ", {" + g.value(depth-1) + "})"
	}
	return name + "(" + list + ", {" + g.condition(depth-1) + "})"
}

func (g *grower) condition(depth int) string {
	if depth <= 0 {
		return "(" + g.leaf() + g.one(" == ", " != ", " in ", " not in ", " < ", " contains ") + g.leaf() + ")"
	}
	below := func() string { return g.value(depth - 1) }
	switch g.pick(8) {
	case 0, 1:
		return "(" + below() + g.one(" == ", " != ", " < ", " <= ", " > ", " >= ") + below() + ")"
	case 2:
		return "(" + below() + g.one(" in ", " not in ") + below() + ")"
	case 3:
		return "(" + below() + g.one(" contains ", " startsWith ", " endsWith ", " not contains ") + below() + ")"
	case 4:
		return "(" + below() + " matches " + g.one(`"^a"`, `"(?i)x"`, `""`) + ")"
	case 5:
		return "(" + g.condition(depth-1) + g.one(" and ", " or ", " && ") + g.condition(depth-1) + ")"
	case 6:
		return g.one("same_id", "same_text", "same_time") + "(" + below() + ", " + below() + ")"
	default:
		if g.inLoop {
			return "(not " + g.condition(depth-1) + ")"
		}
		return g.loop(depth, g.one("any", "all", "none", "one"))
	}
}
