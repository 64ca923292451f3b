package rules_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/tidwall/gjson"
	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
	"github.com/deskrules/deskrules/runner/zendesksim"
)

const (
	rulesDoc     = "docs/rules.md"
	cookbookDoc  = "docs/cookbook.md"
	testingDoc   = "docs/testing.md"
	embeddingDoc = "docs/embedding.md"
)

// TestRulesDocExamples loads every example of the pages about rules, plays every
// event that they show, and compares every message. The comment at the top of
// docs/rules.md explains the marks. With -update it rewrites what the pages show.
func TestRulesDocExamples(t *testing.T) {
	for page, least := range map[string]struct{ played, said int }{
		rulesDoc:    {played: 15, said: 2},
		cookbookDoc: {played: 11, said: 0},
		testingDoc:  {played: 5, said: 2},
	} {
		t.Run(filepath.Base(page), func(t *testing.T) {
			d := readDoc(t, page)
			b := &book{t: t, doc: d, worlds: map[string]fstest.MapFS{}}
			for _, e := range d.exhibits {
				b.exhibit(e)
			}
			b.endWorld()
			if b.played < least.played || b.said < least.said {
				t.Errorf("%d examples were played and %d messages compared: the marks are not understood", b.played, b.said)
			}
			d.save(t)
		})
	}
}

// TestRulesDocFunctions keeps the table of functions as the engine has them.
func TestRulesDocFunctions(t *testing.T) {
	d := readDoc(t, rulesDoc)
	from, to := d.between(t, "<!-- functions -->", "<!-- end of functions -->")
	d.compare(t, from, to, "\n"+functionTable()+"\n")
	d.save(t)
}

// TestRulesDocKeys holds the tables of keys against those that the parser reads.
func TestRulesDocKeys(t *testing.T) {
	d := readDoc(t, rulesDoc)
	documented := map[string][]string{}
	for _, e := range d.exhibits {
		if e.mark != "keys" {
			continue
		}
		for _, row := range e.rows {
			for _, key := range codes.FindAllString(row[0], -1) {
				documented[e.name] = append(documented[e.name], strings.Trim(key, "`"))
			}
		}
	}
	read := parserKeys(t)
	for _, construct := range slices.Sorted(maps.Keys(read)) {
		want, got := read[construct], documented[construct]
		slices.Sort(want)
		slices.Sort(got)
		if diff := gocmp.Diff(slices.Compact(want), got); diff != "" {
			t.Errorf("the keys of %s (-parser +docs/rules.md):\n%s", construct, diff)
		}
	}
	for construct := range documented {
		if read[construct] == nil {
			t.Errorf("docs/rules.md marks a table of keys with %s, which the parser does not have", construct)
		}
	}
}

var codes = regexp.MustCompile("`[^`]+`")

// A doc is a page as lines. Edits are kept until all of it has been seen.
type doc struct {
	page     string
	lines    []string
	exhibits []exhibit
	edits    []edit
}

// An edit replaces the lines from, to (exclusive).
type edit struct {
	from, to int
	text     string
}

// An exhibit is one marked block, table or comment.
type exhibit struct {
	mark, name string // <!-- mark: name -->
	line       int    // of the mark, from 1
	from, to   int    // the lines of the block's text
	text       string
	rows       [][]string // of a table
}

var markLine = regexp.MustCompile(`^<!-- (world|file|append|add|change|event|events|settings|account|replies|want|sends|says|case|message|keys|expressions|fragment)(?:: (.*?))?(?: -->)?$`)

func readDoc(t *testing.T, page string) *doc {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", page))
	if err != nil {
		t.Fatal(err)
	}
	d := &doc{page: page, lines: strings.Split(string(data), "\n")}
	for i := 0; i < len(d.lines); i++ {
		if m := markLine.FindStringSubmatch(d.lines[i]); m != nil {
			i = d.marked(t, m[1], m[2], i)
			continue
		}
		if language, fenced := strings.CutPrefix(d.lines[i], "```"); fenced {
			if slices.Contains([]string{"yaml", "json", "http", "diff", "txtar"}, language) {
				t.Errorf("%s:%d: a %s block without a mark is checked by nothing", d.page, i+1, language)
			}
			i = d.find(t, i+1, "```")
		}
	}
	return d
}

// marked reads what a mark stands before, and gives its last line.
func (d *doc) marked(t *testing.T, mark, name string, at int) int {
	t.Helper()
	e := exhibit{mark: mark, name: name, line: at + 1}
	last := at
	switch {
	case mark == "world":
	case !strings.HasSuffix(d.lines[at], "-->"): // the rest of the comment is the text
		e.from, e.to = at+1, d.find(t, at+1, "-->")
		last = e.to
	case mark == "keys" || mark == "expressions":
		e.from = d.find(t, at, "|---") + 1
		e.to = e.from
		for ; strings.HasPrefix(d.lines[e.to], "|"); e.to++ {
			e.rows = append(e.rows, cells(d.lines[e.to]))
		}
		last = e.to
	default:
		e.from = d.find(t, at+1, "```") + 1
		if e.from != at+2 {
			t.Errorf("%s:%d: the mark does not stand right before its block", d.page, at+1)
		}
		e.to = d.find(t, e.from, "```")
		last = e.to
	}
	e.text = strings.Join(d.lines[e.from:e.to], "\n") + "\n"
	d.exhibits = append(d.exhibits, e)
	return last
}

// find gives the next line that begins like this.
func (d *doc) find(t *testing.T, from int, prefix string) int {
	t.Helper()
	for i := from; i < len(d.lines); i++ {
		if strings.HasPrefix(d.lines[i], prefix) {
			return i
		}
	}
	t.Fatalf("%s:%d: no line begins with %s any more", d.page, from+1, prefix)
	return 0
}

func cells(row string) []string {
	row = strings.ReplaceAll(strings.Trim(row, "| "), `\|`, "\x00")
	parts := strings.Split(row, "|")
	for i := range parts {
		parts[i] = strings.ReplaceAll(strings.TrimSpace(parts[i]), "\x00", "|")
	}
	return parts
}

func (d *doc) between(t *testing.T, first, last string) (from, to int) {
	t.Helper()
	from = d.find(t, 0, first) + 1
	return from, d.find(t, from, last)
}

// compare holds lines of the page against what they should be.
func (d *doc) compare(t *testing.T, from, to int, want string) {
	t.Helper()
	got := strings.Join(d.lines[from:to], "\n") + "\n"
	switch {
	case got == want:
	case *update:
		d.edits = append(d.edits, edit{from, to, strings.TrimSuffix(want, "\n")})
	default:
		t.Errorf("%s:%d (-page +truth); go test ./rules_test -run RulesDoc -update rewrites it:\n%s", d.page, from+1, gocmp.Diff(strings.Split(got, "\n"), strings.Split(want, "\n")))
	}
}

// save writes the edits, the last one first, so that their places hold.
func (d *doc) save(t *testing.T) {
	t.Helper()
	if len(d.edits) == 0 {
		return
	}
	slices.SortFunc(d.edits, func(a, b edit) int { return cmp.Compare(b.from, a.from) })
	for _, e := range d.edits {
		d.lines = slices.Replace(d.lines, e.from, e.to, strings.Split(e.text, "\n")...)
	}
	if err := os.WriteFile(filepath.Join("..", d.page), []byte(strings.Join(d.lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A book is the page while it is read: the world at hand, and the event that
// is told of.
type book struct {
	t      *testing.T
	doc    *doc
	worlds map[string]fstest.MapFS

	world    string
	files    fstest.MapFS
	before   fstest.MapFS // the files as they last were right
	events   string       // section of a case, with its head
	settings string
	account  string
	replies  *string // nil: the simulator answers, where there is one
	message  string  // of the case that was shown last, and fails

	played, said int
}

func (b *book) errorf(e exhibit, format string, args ...any) {
	b.t.Helper()
	b.t.Errorf("%s:%d: %s", b.doc.page, e.line, fmt.Sprintf(format, args...))
}

func (b *book) exhibit(e exhibit) {
	switch e.mark {
	case "world":
		b.endWorld()
		b.begin(e)
	case "file":
		b.files[e.name] = &fstest.MapFile{Data: []byte(e.text)}
	case "append":
		if b.files[e.name] == nil {
			b.errorf(e, "there is no file %s to append to", e.name)
			return
		}
		b.files[e.name] = &fstest.MapFile{Data: append(slices.Clone(b.files[e.name].Data), e.text...)}
	case "add":
		b.add(e)
	case "change":
		b.change(e)
	case "event":
		b.events = "-- event.json --\n" + e.text
	case "events":
		b.events = "-- events.ndjson --\n" + e.text
	case "settings":
		b.settings = "-- settings.yaml --\n" + e.text
	case "account":
		b.account = "-- account.json --\n" + e.text
	case "replies":
		b.replies = &e.text
	case "want":
		b.want(e)
	case "sends":
		b.sends(e)
	case "case":
		b.golden(e)
	case "message":
		b.said++
		b.doc.compare(b.t, e.from, e.to, b.message+"\n")
	case "says":
		b.says(e)
	case "expressions":
		b.expressions(e)
	case "fragment":
		var node yaml.Node
		if err := yaml.Unmarshal([]byte(e.text), &node); err != nil {
			b.errorf(e, "%v", err)
		}
	}
}

// begin opens a world: empty, or as another one ended, or with the rules that
// come along.
func (b *book) begin(e exhibit) {
	name, from, _ := strings.Cut(e.name, " from ")
	b.world, b.files = name, fstest.MapFS{}
	switch {
	case from == "rules/zendesk":
		b.files = zendeskFiles(b.t)
	case from != "":
		if b.worlds[from] == nil {
			b.errorf(e, "there is no world %q", from)
		}
		b.files = maps.Clone(b.worlds[from])
	}
	b.before = maps.Clone(b.files)
}

func zendeskFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(rules.FS(), "zendesk/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(rules.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[path.Base(name)] = &fstest.MapFile{Data: text}
	}
	return files
}

// add puts the lines of a block into a file: those that the file has, found one
// after another, say where; the others follow the one before them, and what is
// indented like an added line is added, too. A comment at the end of a line does
// not count.
func (b *book) add(e exhibit) {
	lines, ok := b.read(e)
	if !ok {
		return
	}
	at, added, within := 0, 0, math.MaxInt
	for line := range strings.Lines(e.text) {
		line = strings.TrimSuffix(line, "\n")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		found := slices.IndexFunc(lines[at:], func(l string) bool { return uncommented(l) == uncommented(line) })
		switch {
		case line == "":
		case found >= 0 && indent < within:
			at, within = at+found+1, math.MaxInt
		default:
			lines = slices.Insert(lines, at, line)
			at, added, within = at+1, added+1, min(within, indent)
		}
	}
	if added == 0 {
		b.errorf(e, "%s has all of this already", e.name)
	}
	b.files[e.name] = &fstest.MapFile{Data: []byte(strings.Join(lines, "\n"))}
}

var comment = regexp.MustCompile(` +# .*$`)

func uncommented(line string) string {
	return strings.TrimRight(comment.ReplaceAllString(line, ""), " ")
}

// change takes lines out of a file and puts others in their place, as a diff
// shows it: the block is one piece of the file.
func (b *book) change(e exhibit) {
	lines, ok := b.read(e)
	if !ok {
		return
	}
	var before, after []string
	for line := range strings.Lines(e.text) {
		line = strings.TrimSuffix(line, "\n")
		if text, removed := strings.CutPrefix(line, "-"); removed {
			before = append(before, text)
			continue
		}
		if text, added := strings.CutPrefix(line, "+"); added {
			after = append(after, text)
			continue
		}
		before, after = append(before, strings.TrimPrefix(line, " ")), append(after, strings.TrimPrefix(line, " "))
	}
	for i := range lines {
		if i+len(before) <= len(lines) && slices.EqualFunc(lines[i:i+len(before)], before, func(x, y string) bool { return uncommented(x) == uncommented(y) }) {
			b.files[e.name] = &fstest.MapFile{Data: []byte(strings.Join(slices.Replace(lines, i, i+len(before), after...), "\n"))}
			return
		}
	}
	b.errorf(e, "%s does not have these lines:\n%s", e.name, strings.Join(before, "\n"))
}

func (b *book) read(e exhibit) (lines []string, ok bool) {
	b.t.Helper()
	if b.files[e.name] == nil {
		b.errorf(e, "there is no file %s to change", e.name)
		return nil, false
	}
	return strings.Split(string(b.files[e.name].Data), "\n"), true
}

// endWorld makes sure that files which no example ran are right, too.
func (b *book) endWorld() {
	if b.world == "" {
		return
	}
	b.load(exhibit{line: 0})
	b.worlds[b.world] = b.files
}

func (b *book) load(e exhibit) *engine.Program {
	b.t.Helper()
	program, err := engine.Load(b.files, ".")
	if err != nil {
		b.errorf(e, "the files of the world %s do not load:\n%v", b.world, err)
		return nil
	}
	b.before = maps.Clone(b.files)
	return program
}

// says compares what Load says of the files, and takes back what was shown
// since they were right.
func (b *book) says(e exhibit) {
	b.said++
	_, err := engine.Load(b.files, ".")
	if err == nil {
		b.errorf(e, "nothing is wrong with the files")
		return
	}
	b.doc.compare(b.t, e.from, e.to, err.Error()+"\n")
	b.files = maps.Clone(b.before)
}

// want plays the event as a golden case.
func (b *book) want(e exhibit) {
	if want, ok := b.play(e, e.text); ok {
		b.doc.compare(b.t, e.from, e.to, want)
	}
}

// sends plays the event, and shows of all that comes of it the body of the last
// request of that method and path, on one line.
func (b *book) sends(e exhibit) {
	want, ok := b.play(e, "")
	if !ok {
		return
	}
	_, body, sent := strings.Cut("\n"+want, "\n"+e.name+"\n")
	for sent && strings.Contains(body, "\n"+e.name+"\n") {
		_, body, _ = strings.Cut(body, "\n"+e.name+"\n")
	}
	body, _, _ = strings.Cut(body, "\n=> ")
	var small bytes.Buffer
	if err := json.Compact(&small, []byte(body)); err != nil {
		b.errorf(e, "there is no such request with a body:\n%s", want)
		return
	}
	b.doc.compare(b.t, e.from, e.to, spaced(small.String())+"\n")
}

// spaced sets the members of JSON apart, for people.
func spaced(compact string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(compact); i++ {
		c := compact[i]
		b.WriteByte(c)
		switch {
		case quoted && c == '\\':
			i++
			b.WriteByte(compact[i])
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == ':'):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// play runs the event that was shown, and gives what came of it.
func (b *book) play(e exhibit, want string) (got string, ok bool) {
	text := fmt.Sprintf("The example of %s:%d.\n\n%s%s%s", b.doc.page, e.line, b.events, b.settings, b.account)
	if b.replies != nil {
		text += "-- replies.http --\n" + *b.replies
	}
	b.replies, b.settings, b.account = nil, "", ""
	result, got := b.check(e, text+"-- want --\n"+want, true)
	if result.Status == ruletest.Failed {
		b.errorf(e, "%s", result.Message)
	}
	return got, result.Status == ruletest.Passed || result.Status == ruletest.Updated
}

// golden runs a whole case as it is shown. One that fails keeps its message for
// the block that shows it.
func (b *book) golden(e exhibit) {
	fails := e.name == "fails"
	result, _ := b.check(e, e.text, *update && !fails)
	switch {
	case fails && result.Status == ruletest.Failed:
		b.message = strings.TrimRight(result.Message, "\n")
	case fails:
		b.errorf(e, "the case does not fail")
	case result.Status == ruletest.Failed:
		b.errorf(e, "%s", result.Message)
	case result.Status == ruletest.Updated:
		text, err := os.ReadFile(result.File)
		if err != nil {
			b.t.Fatal(err)
		}
		b.doc.compare(b.t, e.from, e.to, string(text))
	}
}

// check runs a case, and gives its section want as it is then.
func (b *book) check(e exhibit, text string, update bool) (result ruletest.Result, want string) {
	b.t.Helper()
	b.played++
	program := b.load(e)
	if program == nil {
		return ruletest.Result{}, ""
	}
	file := filepath.Join(b.t.TempDir(), "example.txtar")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	options := ruletest.Options{Update: update}
	if program.Name() == "zendesk" { // as the command does it
		options.Simulator, options.Dump = simulate, dump
	}
	result = ruletest.Check(b.t.Context(), program, []string{file}, options)[0]
	archive, err := txtar.ParseFile(file)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, section := range archive.Files {
		if section.Name == "want" {
			want = string(section.Data)
		}
	}
	return result, want
}

// expressions evaluates the first column of a table, on the event shown last,
// and compares the second.
func (b *book) expressions(e exhibit) {
	var rule strings.Builder
	rule.WriteString("rule: table\nevent: table\nmappings:\n  row:\n")
	for i, row := range e.rows {
		text := strings.Trim(row[0], "`")
		fmt.Fprintf(&rule, "    - {to: r%d, expr: %s, keep: ['null', empty]}\n", i, strconv.Quote(text))
	}
	rule.WriteString("steps:\n  - put: table\n    body:\n      - {to: row, from: row}\n")
	program, err := engine.Load(fstest.MapFS{
		"table.yaml": {Data: []byte(rule.String())},
		"destination.yaml": {Data: []byte("destination: d\nrules: [table]\nmatch: {by: event.type}\nurl: https://d.example/\n" +
			"settings: {token: {type: string, secret: true}}\nauthentication: [{needs: [token], bearer: '{config.token}'}]\n")},
	}, ".")
	if err != nil {
		b.errorf(e, "%v", err)
		return
	}
	config, err := program.Configure(map[string]any{"token": "t"})
	if err != nil {
		b.t.Fatal(err)
	}
	_, event, _ := strings.Cut(b.events, "\n")
	request, more := config.Start([]byte(event)).Next()
	if !more {
		b.errorf(e, "the event of the table makes no request")
		return
	}
	for i, row := range e.rows {
		if got := gjson.GetBytes(request.Body, fmt.Sprintf("row.r%d", i)).Raw; got != strings.Trim(row[1], "`") {
			b.errorf(e, "%s gives %s, not %s", row[0], got, row[1])
		}
	}
}

// functionTable renders the functions as the page shows them.
func functionTable() string {
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	var b strings.Builder
	b.WriteString("| function | what it gives | examples |\n|---|---|---|\n")
	for _, f := range engine.Functions() {
		var examples []string
		for _, e := range f.Examples {
			examples = append(examples, "`"+cell(e.Expr)+"` gives `"+cell(e.Result)+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Signature, cell(f.Doc), strings.Join(examples, "<br>"))
	}
	return b.String()
}

// parserKeys reads the keys of every construct off the parser's own tables: the
// composite literals of field[T], by T. A function that serves several
// constructs has its tables under its own name.
func parserKeys(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../engine/parse*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no parser: %v", err)
	}
	keys := map[string][]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			list, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if construct := fieldOf(list.Type); construct != "" {
				keys[construct] = append(keys[construct], firstTexts(list)...)
			}
			return true
		})
	}
	return keys
}

// fieldOf gives T of field[T] and of []field[T]; the empty text for other types.
func fieldOf(e ast.Expr) string {
	if array, ok := e.(*ast.ArrayType); ok {
		e = array.Elt
	}
	generic, ok := e.(*ast.IndexExpr)
	if !ok {
		return ""
	}
	if name, ok := generic.X.(*ast.Ident); !ok || name.Name != "field" {
		return ""
	}
	argument, ok := generic.Index.(*ast.Ident)
	if !ok {
		return ""
	}
	return argument.Name
}

// firstTexts gives the first text of the literal, or of each of its elements.
func firstTexts(list *ast.CompositeLit) []string {
	var texts []string
	for _, element := range list.Elts {
		switch element := element.(type) {
		case *ast.CompositeLit:
			texts = append(texts, firstTexts(element)...)
		case *ast.BasicLit:
			if text, err := strconv.Unquote(element.Value); err == nil && element.Kind == token.STRING {
				return append(texts, text)
			}
		}
	}
	return texts
}

// TestRulesDocEmbedding makes sure that the Go code of the pages is code that
// compiles and runs: each block stands, line by line, in the file that the
// comment in front of it names. How far it is indented does not count.
func TestRulesDocEmbedding(t *testing.T) {
	var text strings.Builder
	for _, page := range []string{embeddingDoc, testingDoc} {
		data, err := os.ReadFile(filepath.Join("..", page))
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	blocks := regexp.MustCompile("(?s)(?:<!-- from: (\\S+) -->\n)?```go\n(.*?)```").FindAllStringSubmatch(text.String(), -1)
	if len(blocks) < 5 {
		t.Errorf("%d blocks of Go are too few", len(blocks))
	}
	for _, block := range blocks {
		source, err := os.ReadFile(filepath.Join("..", block[1]))
		if err != nil {
			t.Errorf("a block is not said to be from a file (%v):\n%s", err, block[2])
			continue
		}
		if !strings.Contains(unindented(string(source)), unindented(block[2])) {
			t.Errorf("%s does not have these lines:\n%s", block[1], block[2])
		}
	}
}

func unindented(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return "\n" + strings.Join(lines, "\n") + "\n"
}

// TestRulesDocMine is the test of docs/testing.md: the rules of a folder, and the
// cases of another.
func TestRulesDocMine(t *testing.T) {
	program, err := engine.Load(os.DirFS("../rules/zendesk"), ".")
	if err != nil {
		t.Fatal(err)
	}
	ruletest.Run(t, program, "track", ruletest.Options{Simulator: simulate, Dump: dump, Update: *update})
}

// What follows are the examples of docs/embedding.md.

// simulated makes a transport that ends in a simulator in place of Zendesk.
func simulated() http.RoundTripper {
	simulator, err := zendesksim.New(zendesksim.Options{})
	if err != nil {
		panic(err)
	}
	return runner.InProcess(simulator)
}

// Three calls: load the rules, join them to the settings, run events.
func Example_start() {
	ctx := context.Background()
	event := []byte(`{"type": "identify", "userId": "u1", "traits": {"name": "Ann", "email": "ann@example.com"}}`)
	settings := map[string]any{"domain": "example", "accessToken": "a-token"}
	transport := simulated() // nil for the real one

	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		panic(err)
	}
	r, err := runner.New(program, runner.Options{Settings: settings, Transport: transport})
	if err != nil {
		panic(err)
	}
	outcome, err := r.Run(ctx, event)
	if err != nil {
		panic(err)
	}
	fmt.Println(outcome.Status)
	// Output: delivered
}

// deliver decides what becomes of an event in a host's queue.
func deliver(ctx context.Context, r *runner.Runner, event []byte) (done bool, err error) {
	outcome, err := r.Run(ctx, event)
	if stop, ok := errors.AsType[*runner.StopError](err); ok {
		return false, fmt.Errorf("pause the queue and tell an operator: %w", stop)
	}
	if err != nil { // ctx ended
		return false, err
	}
	switch outcome.Status {
	case engine.Delivered, engine.Ignored:
		return true, nil
	case engine.Unfinished: // later
		return false, nil
	default: // Rejected, Failed, Uncertain: for a person
		fmt.Println("set aside:", outcome.Status, "by", outcome.Rule)
		return true, nil
	}
}

func Example_errors() {
	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		panic(err)
	}
	strict, err := zendesksim.New(zendesksim.Options{AccessToken: "the right one"})
	if err != nil {
		panic(err)
	}
	r, err := runner.New(program, runner.Options{
		Settings:  map[string]any{"domain": "example", "accessToken": "a wrong one"},
		Transport: runner.InProcess(strict),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(deliver(context.Background(), r, []byte(`{"type": "identify", "userId": "u1"}`)))
	fmt.Println(deliver(context.Background(), r, []byte(`{"type": "identify", "userId": "u1", "traits": {"name": "Ann"}}`)))
	// Output:
	// set aside: rejected by identify
	// true <nil>
	// false pause the queue and tell an operator: Zendesk refused the credentials (status 401): check the setting accessToken, then run again; what was not tried is unfinished
}

// A clock that does not wait, for tests with one event at a time.
type hurried struct{ now time.Time }

func (c *hurried) Now() time.Time { return c.now }

func (c *hurried) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

// Everything that a host may bring along.
func Example_options() {
	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		panic(err)
	}
	var log bytes.Buffer
	var calls []string
	clock := &hurried{now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	memory := runner.NewMemory(10_000, clock)
	options := runner.Options{
		Settings:    program.Examples(),
		Transport:   simulated(),
		Timeout:     10 * time.Second,
		Memory:      memory, // share it among the runners of one account
		Clock:       clock,
		Concurrency: 4,
		Limits:      engine.Limits{EventBytes: 64 << 10},
		Logger:      slog.New(slog.NewTextHandler(&log, nil)),
		Observe: func(c runner.Call) { // for counts: called from several goroutines
			calls = append(calls, fmt.Sprint(c.Rule, " ", c.Step, " ", c.Status))
		},
	}
	r, err := runner.New(program, options)
	if err != nil {
		panic(err)
	}
	if _, err := r.Run(context.Background(), []byte(`{"type": "identify", "userId": "u1", "traits": {"name": "Ann"}}`)); err != nil {
		panic(err)
	}
	fmt.Println(strings.Join(calls, ", "))
	// Output: identify upsert 201
}

// A simulator tells a test what is there now.
func Example_simulator() {
	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		panic(err)
	}
	simulator, err := zendesksim.New(zendesksim.Options{})
	if err != nil {
		panic(err)
	}
	r, err := runner.New(program, runner.Options{Settings: program.Examples(), Transport: runner.InProcess(simulator)})
	if err != nil {
		panic(err)
	}
	event := []byte(`{"type": "identify", "userId": "u1", "traits": {"name": "Ann", "email": "ann@example.com"}}`)
	if _, err := r.Run(context.Background(), event); err != nil {
		panic(err)
	}
	users := simulator.Account().Users
	fmt.Println(len(users), users[0].Name, users[0].Email)
	// Output: 1 Ann ann@example.com
}
