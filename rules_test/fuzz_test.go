package rules_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
)

// fuzzRequests bounds the requests of a fuzzed event, so that an event of a
// thousand fields does not take the time of a thousand events.
const fuzzRequests = 60

// fuzzConfigs gives the embedded rules under settings that differ in all that
// rules look at.
func fuzzConfigs(f *testing.F) []*engine.Config {
	f.Helper()
	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		f.Fatal(err)
	}
	var configs []*engine.Config
	for bits := range 4 {
		settings := program.Examples()
		settings["createUsersAsVerified"] = bits&1 != 0
		settings["searchByExternalId"] = bits&1 != 0
		settings["removeUsersFromOrganization"] = bits&2 != 0
		settings["sendGroupCallsWithoutUserId"] = bits&2 != 0
		config, err := program.Configure(settings)
		if err != nil {
			f.Fatal(err)
		}
		configs = append(configs, config.WithLimits(engine.Limits{Requests: fuzzRequests}))
	}
	return configs
}

// goldens gives the parsed golden cases.
func goldens(f *testing.F) []*txtar.Archive {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("*", "*.txtar"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no golden cases: %v", err)
	}
	var all []*txtar.Archive
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, archive)
	}
	return all
}

func goldenEvents(archive *txtar.Archive) [][]byte {
	var events [][]byte
	for _, section := range archive.Files {
		switch section.Name {
		case "event.json":
			events = append(events, bytes.TrimSpace(section.Data))
		case "events.ndjson":
			events = append(events, bytes.Split(bytes.TrimSpace(section.Data), []byte("\n"))...)
		}
	}
	return events
}

// Whatever bytes are an event, and whatever plausible answers the destination
// gives: no panic, bodies that are JSON, an outcome with a reason, and nothing
// written for an event that is rejected.
func FuzzEvents(f *testing.F) {
	configs := fuzzConfigs(f)
	for i, archive := range goldens(f) {
		for _, event := range goldenEvents(archive) {
			f.Add(event, uint64(0))
			f.Add(event, uint64(i)*0x9e3779b97f4a7c15)
		}
	}
	for _, event := range hostileEvents() {
		f.Add([]byte(event), uint64(1))
	}
	f.Fuzz(func(t *testing.T, event []byte, chance uint64) {
		x := configs[chance%4].Start(event)
		chance /= 4
		drive(t, x, func(request engine.Request) engine.Response {
			response := plausible(request, chance%8)
			chance = chance/8 | chance%8<<61
			return response
		})
	})
}

func hostileEvents() []string {
	keys := `"a.b":1,"@this":2,"*":3,"#":4,"4155551234":5,"__proto__":6,"":7,"-1":8,":x":9,"a|b":10,"\u0000":11,"\ud800":12,"!\"x\"":13`
	return []string{
		`{"type":"identify","userId":"../..?x=1#y","traits":{"name":"N","email":"a\"b\\c@d.e",` + keys + `}}`,
		`{"type":"group","groupId":"..","userId":1e400,"traits":{"name":"\u0000\r\n",` + keys + `},"context":{"traits":{"email":"e","name":"n"}}}`,
		`{"type":"track","event":"a/../b","userId":-0,"properties":{` + keys + `},"timestamp":"2026-01-31T12:00:00Z","traits":{"name":"N"}}`,
		`{"type":"identify","userId":"u","traits":{"name":"N","organizationId":` + strings.Repeat("9", 400) + `}}`,
		`{"type":"identify","userId":"u","traits":{"name":"N","company":{"id":7,"remove":true}}}`,
		`{"type":"identify","userId":"u","traits":` + strings.Repeat(`{"a":`, 130),
		"\xef\xbb\xbf" + `{"type":"identify"}`,
		`{"type":"track","event":"e","userId":"u","properties":{"\ud800\u0041":1,"\ufffdA":2},"traits":{"name":"N"}}`,
	}
}

// drive runs an execution to its end and checks everything on the way.
func drive(t *testing.T, x *engine.Execution, respond func(engine.Request) engine.Response) {
	t.Helper()
	wrote := false
	for i := 0; ; i++ {
		request, more := x.Next()
		if !more {
			break
		}
		if i >= fuzzRequests {
			t.Fatalf("the event causes more than %d requests", fuzzRequests)
		}
		checkSent(t, request)
		response := respond(request)
		wrote = wrote || request.Write() && mayBeTaken(response)
		x.Respond(response)
		for _, fact := range x.Facts() {
			if fact.Key == "" || fact.Op != engine.Forget && !json.Valid(fact.Value) {
				t.Errorf("a fact that no memory can hold: %+v", fact)
			}
		}
	}
	checkEnd(t, x.Outcome(), wrote)
}

// mayBeTaken reports a call that may have had an effect: not one that was
// refused, as the rules' not_taken says.
func mayBeTaken(r engine.Response) bool {
	refused := r.Status >= 400 && r.Status <= 499 && r.Status != 408 && r.Status != 409
	return r.Failure != engine.Refused && !(r.Failure == engine.Answered && refused)
}

func checkSent(t *testing.T, r engine.Request) {
	t.Helper()
	if r.Body != nil {
		if !json.Valid(r.Body) || !utf8.Valid(r.Body) {
			t.Errorf("%s %s has a body that is no JSON: %q", r.Method, r.Path, r.Body)
		} else if key := twice(r.Body); key != "" {
			t.Errorf("%s %s has a body with %s: %s", r.Method, r.Path, key, r.Body)
		}
	}
	if (r.Path == "") != (r.Link != "") || strings.HasPrefix(r.Path, "/") {
		t.Errorf("the request has the path %q and the link %q", r.Path, r.Link)
	}
	for _, part := range strings.Split(r.Path, "/") {
		data, err := url.PathUnescape(part)
		if err != nil || url.PathEscape(data) != part || r.Path != "" && (part == "" || part == "." || part == "..") {
			t.Errorf("the path %q has a part that is not escaped data: %q", r.Path, part)
		}
	}
	if _, err := url.ParseQuery(r.Query); err != nil || strings.ContainsAny(r.Query, " #\r\n\x00") {
		t.Errorf("the query %q: %v", r.Query, err)
	}
}

// twice gives the first key that some object of a JSON text has twice, as the
// standard library reads it; empty for none.
func twice(body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	type open struct {
		keys  map[string]bool // nil for an array
		value bool            // a value is due, not a key
	}
	var stack []open
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return ""
		}
		if err != nil {
			return err.Error()
		}
		if d, isDelim := token.(json.Delim); isDelim && (d == '}' || d == ']') {
			stack = stack[:len(stack)-1]
		} else if top := len(stack) - 1; top >= 0 && stack[top].keys != nil {
			if key, isKey := token.(string); isKey && !stack[top].value {
				if stack[top].keys[key] {
					return fmt.Sprintf("the key %q twice", key)
				}
				stack[top].keys[key] = true
			}
			stack[top].value = !stack[top].value
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, open{keys: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, open{})
		}
	}
}

func checkEnd(t *testing.T, o engine.Outcome, wrote bool) {
	t.Helper()
	switch o.Status {
	case engine.Delivered:
		if len(o.Rules) == 0 {
			t.Error("the event is delivered, and no rule took it")
		}
	case engine.Ignored, engine.Rejected:
		if wrote {
			t.Errorf("the event is %s after a write: %s", o.Status, o.Reason)
		}
		fallthrough
	case engine.Failed, engine.Unfinished, engine.Uncertain:
		if o.Reason == "" || !utf8.ValidString(o.Reason) {
			t.Errorf("the event is %s for %q", o.Status, o.Reason)
		}
	default:
		t.Errorf("the event ended %q", o.Status)
	}
	for _, w := range o.Warnings {
		if w.Text == "" || w.At.Line == 0 || !utf8.ValidString(w.Text) {
			t.Errorf("a warning that says nothing: %+v", w)
		}
	}
}

// plausible answers as the destination does: chance 0 to 3 say yes, and the
// others what may happen on any day.
func plausible(r engine.Request, chance uint64) engine.Response {
	status, body := 200, "{}"
	path := r.Path
	if r.Link != "" {
		path = "users/1/identities.json"
	}
	switch {
	case chance == 4:
		return engine.Response{Status: 404, Body: []byte(`{"error":"RecordNotFound","description":"Not found"}`)}
	case chance == 5 && r.Method != "GET":
		return engine.Response{Status: 422, Body: []byte(`{"error":"RecordInvalid","description":"Record validation errors",` +
			`"details":{"name":[{"error":"DuplicateValue","description":"Name: taken"}],"key":[{"error":"DuplicateValue","description":"Key: taken"}]}}`)}
	case chance == 6:
		return engine.Response{Status: 500, Body: []byte("<html>"), Attempts: 8}
	case chance == 7:
		return engine.Response{Failure: engine.Timeout, Attempts: 8}
	case strings.HasSuffix(path, "_fields.json") && r.Method == "GET":
		body = `{"user_fields":[{"id":1,"key":"plan"},{"key":"Seats"}],"organization_fields":[{"key":"plan"}],"meta":{"has_more":false}}`
	case strings.HasSuffix(path, "_fields.json"):
		body = `{"user_field":{"key":"x"},"organization_field":{"key":"x"}}`
	case strings.Contains(path, "users/search") || path == "users.json":
		users := []string{`{"id":1,"email":"a@b.c","external_id":"u"}`, `{"id":900113780483,"email":null,"external_id":"12"}`}
		body = `{"users":[` + strings.Join(users[:min(chance, 2)], ",") + `],"next_page":null}`
	case strings.HasSuffix(path, "identities.json"):
		body = `{"identities":[{"id":11,"type":"email","value":"old@b.c","primary":true},{"id":12,"type":"email","value":"a@b.c","primary":false}],"meta":{"has_more":true},` +
			`"links":{"next":"https://example.zendesk.com/api/v2/users/1/identities.json?page=` + strconv.Itoa(len(r.Link)) + `"}}`
		if chance != 1 {
			body = strings.Replace(body, `"has_more":true`, `"has_more":false`, 1)
		}
	case strings.HasSuffix(path, "organization_memberships.json") && r.Method == "GET":
		body = `{"organization_memberships":[{"id":21,"organization_id":7},{"id":22,"organization_id":8}]}`
	case strings.Contains(path, "organizations/search"):
		body = `{"organizations":[{"id":7,"name":"Acme","external_id":null}]}`
	case strings.HasPrefix(path, "organizations/"):
		body = `{"organization":{"id":7,"name":"Acme"}}`
	case strings.HasPrefix(path, "users/create_or_update"):
		status, body = 201, `{"user":{"id":1,"email":"a@b.c","external_id":"u"}}`
	case strings.HasSuffix(path, "events.json"):
		body = `{"events":[{"created_at":"2026-01-31T12:00:00Z","properties":{}}],"links":[{"next":null}]}`
	}
	return engine.Response{Status: status, Body: []byte(body)}
}

// Whatever the destination answers, the event comes to an end that has a name.
func FuzzReplies(f *testing.F) {
	configs := fuzzConfigs(f)
	var events [][]byte
	for _, archive := range goldens(f) {
		script := repliesOf(archive)
		for _, event := range goldenEvents(archive) {
			if script != "" && len(events) < 200 {
				f.Add(uint8(len(events)), uint8(len(events)), script)
				events = append(events, event)
			}
		}
	}
	for i, script := range []string{
		"200 [", "200 \xff", "200 " + strings.Repeat("[", 200), "200 null\n200 1\n200 []", "200 {\"users\":{}}", "0", "999 {}", "-1 x", "422 [[]]",
		`200 {"users":[{"id":".."},{"id":".."}]}`, `200 {"user_fields":[{"key":{}}],"meta":{"has_more":true},"links":{"next":"\u0000"}}`,
		`201 {"user":{"id":"../x"}}`, `200 {"users":[{"id":"a","email":"\ud800"}]}` + "\n404\n404\n404", "301", "204", `200 {"a":1,"a":2}`,
		"timeout\nreset\nrefused\nunreadable", `200 {"users":[null,1,"x",[],{}]}`, `200 {"organization":{"id":1e400},"organizations":[{"id":-0}]}`,
	} {
		for which := range 6 {
			f.Add(uint8(which*37+i), uint8(i), script)
		}
	}
	f.Fuzz(func(t *testing.T, which, setting uint8, script string) {
		x := configs[setting%4].Start(events[int(which)%len(events)])
		lines := strings.Split(script, "\n")
		drive(t, x, func(r engine.Request) engine.Response {
			line := ""
			if len(lines) > 0 {
				line, lines = lines[0], lines[1:]
			}
			return scripted(line)
		})
	})
}

// scripted reads one line: a status or a failure, and a body.
func scripted(line string) engine.Response {
	head, body, _ := strings.Cut(line, " ")
	status, err := strconv.Atoi(head)
	switch {
	case err == nil:
		return engine.Response{Status: status, Body: []byte(body), Attempts: 1}
	case head == "":
		return engine.Response{Status: 200, Body: []byte("{}")}
	case slices.Contains([]string{"timeout", "reset", "refused", "unreadable"}, head):
		return engine.Response{Failure: engine.Failure(head), Detail: strings.ToValidUTF8(body, "?")}
	default:
		return engine.Response{Status: 200, Body: []byte(line)}
	}
}

// repliesOf turns the replies of a golden case into such lines.
func repliesOf(archive *txtar.Archive) string {
	var script []string
	for _, section := range archive.Files {
		if section.Name != "replies.http" {
			continue
		}
		for _, reply := range strings.Split(string(section.Data), "\n\n") {
			var lines []string
			for line := range strings.Lines(reply) {
				if line = strings.TrimSpace(line); line != "" && !(len(lines) == 0 && line[0] == '#') {
					lines = append(lines, line)
				}
			}
			if len(lines) < 2 {
				continue
			}
			status, _, _ := strings.Cut(lines[1], " ")
			body := lines[2:]
			for len(body) > 0 && body[0][0] != '{' && body[0][0] != '[' && strings.Contains(body[0], ": ") {
				body = body[1:]
			}
			script = append(script, status+" "+strings.Join(body, ""))
		}
	}
	return strings.Join(script, "\n")
}
