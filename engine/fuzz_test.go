package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/deskrules/deskrules/rules"
)

// fuzzDestination is what an archive without a destination.yaml gets.
const fuzzDestination = `destination: crm
title: CRM
rules: [sync]
match: {by: event.type, case: ignore, id: event.messageId}
order: [[event.userId, event.anonymousId], event.groupId]
settings:
  host:  {type: string, required: true, pattern: '[a-z.]+', title: Host, example: crm.example}
  token: {type: string, secret: true, title: Token, example: t}
  loud:  {type: boolean, default: false, title: Loud}
url: https://{config.host}/v1/
authentication:
  - needs: [token]
    bearer: '{config.token}'
errors:
  code: reply.code
  text: reply.text
paging:
  next: reply.next
  most: 3
`

// Whatever is written in a rule file, Load gives either findings that lie inside
// the files, or a program that runs. The edits move whole lines and values, so
// that what comes of them is still a rule file more often than not.
func FuzzRules(f *testing.F) {
	seedRules(f)
	f.Fuzz(func(t *testing.T, archive string, edits []byte) {
		fsys, events := archiveFiles(edited(archive, edits))
		program, err := Load(fsys, ".")
		var found Diagnostics
		switch {
		case errors.As(err, &found):
			if len(found.Errors()) == 0 {
				t.Error("rules that do not load have no finding that says why")
			}
		case err != nil:
			return // of the file system
		default:
			found = program.Warnings()
		}
		for i, d := range found {
			checkFinding(t, fsys, d, i == len(found)-1)
		}
		if program == nil {
			return
		}
		config, err := program.Configure(program.Examples())
		if err != nil {
			return
		}
		for i, event := range append(events, fuzzEvents(program)...) {
			runAnything(t, config.WithLimits(Limits{Requests: 20}), event, i)
		}
	})
}

// edited applies edits of three bytes each: what, where, and where else.
func edited(text string, edits []byte) string {
	lines := strings.Split(text, "\n")
	for edit := range slices.Chunk(edits[:min(len(edits), 24)], 3) {
		if len(edit) < 3 {
			break
		}
		i, j := int(edit[1])%len(lines), int(edit[2])%len(lines)
		switch key, value, _ := strings.Cut(lines[i], ": "); edit[0] % 6 {
		case 0:
			lines = slices.Insert(lines, j, lines[i])
		case 1:
			if len(lines) > 1 {
				lines = slices.Delete(lines, i, i+1)
			}
		case 2:
			lines[i], lines[j] = lines[j], lines[i]
		case 3: // the value of one line behind the key of another
			_, other, _ := strings.Cut(lines[j], ": ")
			lines[i] = key + ": " + other
		case 4:
			lines[i] = key + ":"
		default: // one word in place of another
			words, others := strings.Fields(value), strings.Fields(lines[j])
			if len(words) > 0 && len(others) > 0 {
				lines[i] = strings.ReplaceAll(lines[i], words[int(edit[2])%len(words)], others[int(edit[1])%len(others)])
			}
		}
	}
	return strings.Join(lines, "\n")
}

func seedRules(f *testing.F) {
	names, err := fs.Glob(rules.FS(), "zendesk/*.yaml")
	if err != nil || len(names) == 0 {
		f.Fatalf("no embedded rules: %v", err)
	}
	archive := &txtar.Archive{}
	for _, name := range names {
		data, err := fs.ReadFile(rules.FS(), name)
		if err != nil {
			f.Fatal(err)
		}
		if filepath.Base(name) == "time_zones.yaml" {
			data = []byte("Europe/Berlin: Berlin\n")
		}
		archive.Files = append(archive.Files, txtar.File{Name: filepath.Base(name), Data: data})
	}
	f.Add(string(txtar.Format(archive)), []byte(nil))
	for _, folder := range []string{"diagnostics", "executions", "explanations"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			text := string(bytes.Split(data, []byte("-- want --\n"))[0])
			f.Add(text, []byte(nil))
			for op := range byte(5) {
				f.Add(text, []byte{op, 7, 11, op + 1, 9, 5, op, 12, 10})
			}
		}
	}
	bad, err := filepath.Glob(filepath.Join("testdata", "bad", "*.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range bad {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		name := "sync.yaml"
		if strings.HasPrefix(string(data), "destination:") {
			name = "destination.yaml"
		}
		f.Add("-- "+name+" --\n"+string(data), []byte(nil))
	}
}

// archiveFiles gives the YAML files of an archive, and the events that it has.
// It reads what the fuzzer makes of an archive, over which txtar.Parse panics.
func archiveFiles(text string) (fstest.MapFS, [][]byte) {
	fsys := fstest.MapFS{"destination.yaml": {Data: []byte(fuzzDestination)}}
	var events [][]byte
	sections := strings.Split("\n"+text, "\n-- ")
	for _, section := range sections[1:] {
		head, data, _ := strings.Cut(section, "\n")
		name, isName := strings.CutSuffix(head, " --")
		switch {
		case !isName:
		case name == "more.yaml":
			fsys["destination.yaml"] = &fstest.MapFile{Data: []byte(fuzzDestination + data)}
		case strings.HasSuffix(name, ".yaml"):
			fsys[name] = &fstest.MapFile{Data: []byte(data)}
		case strings.HasPrefix(name, "event"):
			for line := range strings.Lines(data) {
				if len(events) < 4 {
					events = append(events, []byte(line))
				}
			}
		}
	}
	return fsys, events
}

func checkFinding(t *testing.T, fsys fstest.MapFS, d Diagnostic, last bool) {
	t.Helper()
	if d.String() == "" || d.Summary == "" || d.Severity.String() == "invalid severity" {
		t.Errorf("a finding says nothing: %#v", d)
	}
	if d.At == (Position{}) && last && strings.HasPrefix(d.Summary, "and ") {
		return // and so many more
	}
	file, there := fsys[d.At.File]
	if !there {
		t.Errorf("a finding is in the file %q, which does not exist: %s", d.At.File, d.Summary)
		return
	}
	lines := strings.Split(string(file.Data), "\n")
	if d.At.Line < 1 || d.At.Line > len(lines) {
		t.Errorf("%s lies outside of the file, which has %d lines: %s", d.At, len(lines), d.Summary)
		return
	}
	line := strings.TrimSuffix(lines[d.At.Line-1], "\r")
	if d.Line != line {
		t.Errorf("%s shows the line %q in place of %q: %s", d.At, d.Line, line, d.Summary)
	}
	if width := utf8.RuneCountInString(lines[d.At.Line-1]); d.At.Column < 1 || d.At.Column > width+1 {
		t.Errorf("%s lies outside of its line, which has %d columns: %s", d.At, width, d.Summary)
	}
}

// fuzzEvents gives events that some rule of the program may take.
func fuzzEvents(p *Program) [][]byte {
	kind := p.kinds[0]
	at := strings.Join(p.by.keys(), ".")
	var events [][]byte
	for _, body := range []string{
		`{}`,
		`{"type":"sync","userId":"u","email":"a@b.c","a":1,"b":"x","c":[1,"2",null],"list":[{"a":1},{"a":2}],"traits":{"a b":1,"name":"N","":"e"}}`,
		`{"type":"sync","userId":4155551234,"a":{"b":{}},"b":[],"list":{"0":1},"item":null,"traits":[1],"timestamp":"2026-01-31T12:00:00Z"}`,
	} {
		event, err := sjson.Set(body, escapeKey(at), kind)
		if len(p.by.keys()) > 1 {
			event, err = sjson.Set(body, p.by.gjson, kind)
		}
		if err == nil {
			events = append(events, []byte(event))
		}
	}
	return events
}

// runAnything drives an event with answers of every kind, and checks what no
// rule may break. It makes no difference what the execution did before.
func runAnything(t *testing.T, config *Config, event []byte, variant int) {
	t.Helper()
	used := config.Start([]byte(`{"type":"sync","userId":"before","email":"b@e.f","traits":{"name":"Before","a.b":[1,{"c":2}],"p":"\u0041"}}`))
	drive(t, config, used, variant+1)
	used.Restart(event)
	first, again := drive(t, config, config.Start(event), variant), drive(t, config, used, variant)
	if first != again {
		t.Errorf("after another event it goes otherwise:\n%s\n%s", first, again)
	}
}

// drive answers what an execution asks, and gives all that it said.
func drive(t *testing.T, config *Config, x *Execution, variant int) string {
	t.Helper()
	answers := []string{
		`{"id":1,"people":[{"id":1,"email":"a@b.c"}],"users":[{"id":1}],"thing":{"id":"7"},"groups":[{"id":1},{"id":2}],"next":null}`,
		`{"id":"x/../y","people":[],"users":[],"code":"taken","text":"t"}`, `[]`, `{"people":[{"id":1},{"id":2}],"next":"https://crm.example/v1/p2"}`,
	}
	var said strings.Builder
	for i := 0; ; i++ {
		checkIndexes(t, x)
		request, more := x.Next()
		if !more {
			break
		}
		if i > config.Limits().Requests {
			t.Fatalf("more than %d requests", i)
		}
		checkRequest(t, request)
		fmt.Fprintf(&said, "%s %s %s %s %s %s %q %v\n", request.Step, request.Method, request.Path, request.Query, request.Link, request.Body, request.Recall, request.Counts)
		response := Response{Status: []int{200, 200, 201, 404, 200, 422}[(i+variant)%6], Body: []byte(answers[(i+variant)%len(answers)])}
		if (i+variant)%7 == 6 {
			response = Response{Failure: Timeout}
		}
		x.Respond(response)
		for _, fact := range x.Facts() {
			if fact.Op != Forget && !json.Valid(fact.Value) {
				t.Errorf("the fact %s has no JSON: %q", fact.Key, fact.Value)
			}
			fmt.Fprintf(&said, "%d %s %s\n", fact.Op, fact.Key, fact.Value)
		}
	}
	checkOutcome(t, x.Outcome())
	fmt.Fprintf(&said, "%+v", x.Outcome())
	return said.String()
}

// checkIndexes reads anew what the mappings wrote: the index that they made on
// the way has to be the same.
func checkIndexes(t *testing.T, x *Execution) {
	t.Helper()
	for _, run := range x.runs {
		for _, v := range run.slots {
			if v.doc == nil || len(v.doc.places) == 0 {
				continue
			}
			read := &document{text: v.doc.text}
			read.index()
			for i, place := range read.places {
				noted := v.doc.places[i]
				if noted.start != place.start || noted.end != place.end || noted.next != place.next || place.keyEnd > 0 && noted.name(v.doc.text) != place.name(v.doc.text) {
					t.Fatalf("%s: place %d is noted as %+v, and is %+v", v.doc.text, i, noted, place)
				}
			}
			if len(read.places) != len(v.doc.places) {
				t.Fatalf("%s: %d places are noted, of %d", v.doc.text, len(v.doc.places), len(read.places))
			}
		}
	}
}

func checkRequest(t *testing.T, r Request) {
	t.Helper()
	if r.Body != nil && (!json.Valid(r.Body) || !utf8.Valid(r.Body)) {
		t.Errorf("%s %s has a body that is no JSON: %q", r.Method, r.Path, r.Body)
	}
	for _, part := range strings.Split(r.Path, "/") {
		if strings.ContainsAny(part, " ?#\x00\r\n") {
			t.Errorf("the path %q has a part that is not escaped", r.Path)
		}
	}
	if _, err := url.ParseQuery(r.Query); err != nil {
		t.Errorf("the query %q: %v", r.Query, err)
	}
}

func checkOutcome(t *testing.T, o Outcome) {
	t.Helper()
	switch o.Status {
	case Delivered:
		return
	case Ignored, Rejected, Failed, Unfinished, Uncertain:
		if o.Reason == "" {
			t.Errorf("the event is %s without a reason", o.Status)
		}
	default:
		t.Errorf("the event ended %q", o.Status)
	}
}

var fuzzVocabulary = newVocabulary()

// A path that compiles reads what its keys name, one after the other, and
// nothing else; and what a target writes is read back by the same path.
func FuzzPaths(f *testing.F) {
	documents := []string{
		`{"a":{"b":[10,{"c":1}]},"a.b":2,"@this":3,"#":4,"*":5,"":6,"-1":7,":a":8,"0":9}`,
		`{"a":[[1,2],[3]],"é":{"x y":null}}`, `[]`, `1`, `{"\u0061":{"b":"\ud800"}}`, `"[trip"`, `{"a":["[trip]","[1,2",{"b":[]}]}`,
	}
	for _, path := range []string{"a", "a.b.0", `a\.b`, `\@this`, `\#`, `a.\0`, `\:a`, ":a", "-1", "a:b", `a.b.1.c`, `x\\y`, "é", `\*`, `a\|b`, `\!"x"`, `x\ y`, "0", "4155551234", `a\#b`, `\..b`, "~true", `a\"b`, "a.00", "a.01.b", "a.#", "a.#.0", "a.#.#.b", "#.0", "a.@values.0", "@values.#.0", "@keys"} {
		for _, document := range documents {
			f.Add(path, document)
		}
	}
	f.Fuzz(func(t *testing.T, text, document string) {
		segments, bad := parsePath(text)
		if bad != nil {
			if bad.summary == "" || bad.from < 0 || bad.from > len(text) || bad.to <= bad.from {
				t.Errorf("%q: a finding without a place: %+v", text, bad)
			}
			return
		}
		p := newPath(segments)
		if !utf8.ValidString(text) {
			return
		}
		if scanJSON(document, 128, 1000) == nil {
			checkRead(t, text, p, strings.Trim(document, " \t\r\n"))
		}
		if len(p.keys()) == len(segments) {
			checkWritten(t, text, p)
		}
	})
}

func checkRead(t *testing.T, text string, p path, document string) {
	t.Helper()
	got := p.get(document)
	if got != "" && !json.Valid([]byte(got)) {
		t.Errorf("the path %q reads %q from %s, which is no JSON", text, got, document)
	}
	if indexed := ownValue(document).get(&p).raw; indexed != got {
		t.Errorf("the path %q reads %q from %s, and %q from its index", text, got, document, indexed)
	}
	if strings.Contains(text, "@") {
		return
	}
	if want := walk(document, p.segments); got != want {
		t.Errorf("the path %q reads %q from %s, and its keys one by one %q", text, got, document, want)
	}
}

// walk reads key after key, without any path.
func walk(document string, segments []segment) string {
	if len(segments) == 0 {
		return document
	}
	var found []string
	seg, rest := segments[0], segments[1:]
	isIndex := func(i int) bool { return strconv.Itoa(i) == seg.key && seg.only != '{' }
	visit := func(matches bool, raw string) {
		if matches && (seg.each || len(found) == 0) {
			if below := walk(raw, rest); below != "" || !seg.each {
				found = append(found, below)
			}
		}
	}
	v := rawValue(document)
	if v.kind() == '{' && !seg.each {
		gjson.Parse(document).ForEach(func(key, member gjson.Result) bool {
			visit(key.String() == seg.key, member.Raw)
			return true
		})
	}
	for i, element := range v.elements() {
		visit(seg.each || isIndex(i), element.raw)
	}
	switch {
	case seg.each && v.kind() == '[' && len(rest) == 0:
		return strconv.Itoa(len(found))
	case seg.each && v.kind() == '[':
		return "[" + strings.Join(found, ",") + "]"
	case len(found) == 0:
		return ""
	default:
		return found[0]
	}
}

// checkWritten compiles the path as a target, and reads back what it wrote.
func checkWritten(t *testing.T, name string, p path) {
	t.Helper()
	c := &compiler{collector: &collector{}, vocabulary: fuzzVocabulary, targets: map[*target]span{}}
	src := newSource("f", name+" 7")
	at := span{src, 0, len(name)}
	m := c.lines([]lineNode{{sourceNode: sourceNode{at: at, Value: literal{"7", at}}, To: text{value: name, at: at}}}, newScope())
	if c.hasErrors() {
		return
	}
	filled := &filling{slots: make([]value, firstFreeSlot), work: &workspace{}}
	v := m.fill(filled)
	if filled.err != nil || !json.Valid([]byte(v.raw)) {
		t.Errorf("the target %q wrote %q: %v", name, v.raw, filled.err)
	}
	if got := p.get(v.raw); got != "7" {
		t.Errorf("the target %q wrote %s, from which the same path reads %q", name, v.raw, got)
	}
	// What was written can be changed in place by sjson with the same keys.
	if changed, err := sjson.SetRaw(v.raw, p.gjson, "8"); err == nil && strings.Contains(changed, "8") && !strings.ContainsAny(name, "789:-") {
		if got := p.get(changed); got != "8" {
			t.Errorf("the target %q, set to 8: %s, from which the same path reads %q", name, changed, got)
		}
	}
}

const settingsDestination = `destination: crm
rules: [sync]
match: {by: event.type}
settings:
  host:  {type: string, required: true, pattern: '[a-z.]+', example: crm.example}
  name:  {type: string, check: 'len(value) < 20', message: is too long}
  seats: {type: integer, default: 3}
  loud:  {type: boolean, default: false}
  token: {type: string, secret: true, pattern: '[ -~]+'}
  user:  {type: string}
  key:   {type: string, secret: true, check: 'len(value) < 40', message: is too long}
  pin:   {type: integer, secret: true}
url: https://{config.host}/v1/
headers: {X-Seats: '{config.seats}'}
authentication:
  - {needs: [token], bearer: '{config.token}'}
  - {needs: [user, key], basic: {user: '{config.user}', password: '{config.key}'}}
  - {needs: [pin], headers: {X-Pin: '{config.pin}'}}
`

const settingsRule = `rule: sync
event: sync
steps:
  - put: things
    body:
      - {to: host,  from: config.host}
      - {to: name,  from: config.name}
      - {to: seats, from: config.seats}
      - {to: more,  expr: config.seats + 1}
      - {to: loud,  expr: config.loud}
`

// Odd settings give an error that shows no secret, or a configuration whose
// bodies are JSON.
func FuzzSettings(f *testing.F) {
	program, err := Load(fstest.MapFS{"destination.yaml": {Data: []byte(settingsDestination)}, "sync.yaml": {Data: []byte(settingsRule)}}, ".")
	if err != nil {
		f.Fatal(err)
	}
	for kind := range uint8(16) {
		for _, name := range []string{"host", "name", "seats", "loud", "token", "user", "key", "pin", "hots", ""} {
			f.Add(name, kind, "1e3", 1e300, "x\r\ny: z")
		}
	}
	f.Add("seats", uint8(5), "+5", 1.5, "")
	f.Add("seats", uint8(5), "007", math.NaN(), "\x00")
	f.Add("host", uint8(0), "..", math.Inf(1), "\xff")
	f.Fuzz(func(t *testing.T, name string, kind uint8, text string, number float64, secret string) {
		const mark = "s3cr3t-"
		if strings.Contains(name+text, mark) {
			return
		}
		settings := map[string]any{"host": "crm.example", "token": mark + secret}
		if kind&64 != 0 {
			settings = map[string]any{"host": "crm.example", "user": "u", "key": mark + secret}
		}
		settings[name] = oddValue(kind%16, text, number)
		if kind&128 != 0 {
			settings["pin"] = mark + secret
		}
		config, err := program.Configure(settings)
		if err != nil {
			var wrong SettingsError
			if !errors.As(err, &wrong) || len(wrong) == 0 {
				t.Errorf("the error is a %T", err)
			}
			if shown := fmt.Sprintf("%v %s %+v", err, err, wrong); strings.Contains(shown, mark) {
				t.Errorf("the error shows a secret: %s", shown)
			}
			return
		}
		if shown := fmt.Sprintf("%v %+v %#v", config.Credential(), config.Credential(), config.Credential()); strings.Contains(shown, mark) {
			t.Errorf("the credential shows a secret: %s", shown)
		}
		if u, err := url.Parse(config.BaseURL()); err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Path, "/v1/") || u.User != nil {
			t.Errorf("the base URL is %q: %v", config.BaseURL(), err)
		}
		x := config.Start([]byte(`{"type":"sync"}`))
		if request, more := x.Next(); more {
			checkRequest(t, request)
			if strings.Contains(string(request.Body), mark) {
				t.Errorf("the body shows a secret: %s", request.Body)
			}
		}
	})
}

type ownString string

func oddValue(kind uint8, text string, number float64) any {
	switch kind {
	case 0:
		return text
	case 1:
		return text == ""
	case 2:
		return int(math.Float64bits(number))
	case 3:
		return uint64(math.Float64bits(number))
	case 4:
		return number
	case 5:
		return json.Number(text)
	case 6:
		return nil
	case 7:
		return []any{text}
	case 8:
		return map[string]any{text: number}
	case 9:
		return []byte(text)
	case 10:
		return ownString(text)
	case 11:
		return func() {}
	case 12:
		return &text
	case 13:
		return int8(math.Float64bits(number))
	case 14:
		return float32(number)
	default:
		return struct{ S string }{text}
	}
}
