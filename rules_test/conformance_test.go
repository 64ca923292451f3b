package rules_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// TestConformance sends events to recorded conversations and compares what is
// written with what the recordings say: make conformance CASES=FOLDER, with one
// JSON file a case in that folder.
//
// A request gets the first recorded reply that fits it (see exchange.answers).
// A GET that nothing fits gets an empty list; any other such request fails the
// case. Requests that write are compared in order, and reading is the rules' own
// affair. Differences that are ours on purpose are taken out of both sides first
// (see permit); there are no others.
func TestConformance(t *testing.T) {
	folder := os.Getenv("CASES")
	if folder == "" {
		t.Skip("CASES names no folder")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("CASES=%s holds no case, a file that ends in .json (%v)", folder, err)
	}
	program := load(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			readRecording(t, file).check(t, program)
		})
	}
}

// A recording is one case.
type recording struct {
	Description string
	Settings    map[string]any
	Event       json.RawMessage
	Exchanges   []exchange
	Expect      struct {
		Outcome string
		Error   string
		Writes  []write
	}
}

// An exchange is one request of a recording and its reply.
type exchange struct {
	Method   string
	Path     string // below the base URL
	Query    map[string]any
	Body     any // nil fits any
	Status   int
	Response json.RawMessage
}

// A write is a request that may change something.
type write struct {
	Method string
	Path   string
	Body   any
}

func readRecording(t *testing.T, file string) *recording {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := decode(text, &r); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return &r
}

// decode keeps numbers as they are written: ids are longer than a float.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// check plays the recording and reports every difference.
func (r *recording) check(t *testing.T, program *engine.Program) {
	t.Helper()
	account := &replayed{exchanges: r.Exchanges}
	run, err := runner.New(program, runner.Options{
		Settings:  r.settings(),
		Transport: runner.InProcess(account),
		Clock:     ruletest.NewClock(),
	})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := run.Run(t.Context(), r.Event)
	if err != nil {
		t.Error(err)
	}
	problems := slices.Concat(account.unknown, r.compareOutcome(outcome, account.writes), r.compareWrites(account.writes))
	for _, p := range problems {
		t.Error(p)
	}
	if len(problems) > 0 {
		t.Logf("%s\noutcome: %s %s %s: %s\nrequests:\n  %s", r.Description,
			outcome.Status, outcome.Rule, outcome.Step, outcome.Reason, strings.Join(account.log, "\n  "))
	}
}

// settings turns the numbers of the file into what a host would give.
func (r *recording) settings() map[string]any {
	settings := map[string]any{}
	for name, value := range r.Settings {
		if n, ok := value.(json.Number); ok {
			if whole, err := n.Int64(); err == nil {
				value = whole
			}
		}
		settings[name] = value
	}
	return settings
}

// A replayed account is an http.Handler that answers from a recording.
type replayed struct {
	exchanges []exchange

	mu      sync.Mutex
	writes  []write
	unknown []string // what is wrong with the requests
	log     []string
}

// ServeHTTP implements http.Handler.
func (a *replayed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	q, err := readRequest(r)
	if err != nil {
		a.unknown = append(a.unknown, err.Error())
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if q.Method != http.MethodGet {
		a.writes = append(a.writes, q.write)
	}
	status, body := a.answer(q)
	a.log = append(a.log, fmt.Sprintf("%s => %d", q, status))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // The runner is in this process; what it misses it reports.
}

func (a *replayed) answer(q request) (status int, body []byte) {
	for _, e := range a.exchanges {
		if e.answers(q) {
			return e.Status, e.body()
		}
	}
	if q.Method == http.MethodGet {
		return http.StatusOK, emptyList(q.Path)
	}
	a.unknown = append(a.unknown, "no exchange answers this request: "+q.String())
	return http.StatusBadRequest, []byte(`{"error":"NotRecorded","description":"no exchange answers this request"}`)
}

// A request is what arrived, taken apart.
type request struct {
	write
	query url.Values
}

func readRequest(r *http.Request) (request, error) {
	q := request{
		write: write{Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/api/v2/")},
		query: r.URL.Query(),
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) == 0 {
		return q, err
	}
	if err := decode(body, &q.Body); err != nil {
		return q, fmt.Errorf("%s %s: the body is not JSON: %w", q.Method, q.Path, err)
	}
	return q, nil
}

func (q request) String() string {
	text := q.Method + " " + q.Path
	if len(q.query) > 0 {
		plain, _ := url.QueryUnescape(q.query.Encode()) // It was encoded a moment ago.
		text += "?" + plain
	}
	if q.Body != nil {
		body, _ := json.Marshal(q.Body) // It came from JSON.
		text += " " + string(body)
	}
	return text
}

// answers reports whether the exchange is the one for a request: the same method
// and path, every member of its body in the request's, and in a search the same
// term.
func (e exchange) answers(q request) bool {
	return e.Method == q.Method && bare(e.Path) == bare(q.Path) &&
		(e.Body == nil || contained(e.Body, q.Body)) &&
		(path.Base(bare(e.Path)) != "search" || e.sameTerm(q.query))
}

// bare takes off the suffix that means nothing.
func bare(path string) string { return strings.TrimSuffix(path, ".json") }

// contained reports whether part is in whole: of an object every member, of
// anything else all of it.
func contained(part, whole any) bool {
	members, ok := part.(map[string]any)
	if !ok {
		return cmp.Equal(part, whole)
	}
	others, ok := whole.(map[string]any)
	for name, value := range members {
		other, there := others[name]
		ok = ok && there && contained(value, other)
	}
	return ok
}

// sameTerm compares everything that the recorded search asks for; a request may
// ask for more, such as a length of pages.
func (e exchange) sameTerm(query url.Values) bool {
	for name, value := range e.Query {
		if !query.Has(name) || term(fmt.Sprint(value)) != term(query.Get(name)) {
			return false
		}
	}
	return true
}

// term is what a search looks for, without how it says so.
func term(query string) string {
	plain := strings.NewReplacer("email:", "", "type:user", "", `"`, "").Replace(query)
	return strings.TrimSpace(plain)
}

func (e exchange) body() []byte {
	if string(e.Response) == "null" {
		return nil
	}
	return e.Response
}

// emptyList is the documented shape of a list with nothing in it.
func emptyList(path string) []byte {
	return fmt.Appendf(nil, `{%q:[],"count":0,"next_page":null,"previous_page":null}`, listName(bare(path)))
}

// listName is the member that holds the list: the last part of the path that is
// the name of a resource. Only the search over everything has none.
func listName(path string) string {
	resources := []string{
		"user_fields", "organization_fields", "users", "organizations",
		"organization_memberships", "identities", "events",
	}
	parts := strings.Split(path, "/")
	slices.Reverse(parts)
	for _, part := range parts {
		if slices.Contains(resources, part) {
			return part
		}
	}
	return "results"
}

// compareOutcome reports what is wrong with the outcome and its words.
func (r *recording) compareOutcome(o engine.Outcome, writes []write) []string {
	var problems []string
	if !satisfies(o.Status, r.Expect.Outcome, len(writes) > 0) {
		problems = append(problems, fmt.Sprintf("outcome: want %s, got %s", r.Expect.Outcome, o.Status))
	}
	for _, word := range []string{"type", "event", "name", "email", "userId", "groupId", "traits"} {
		if hasWord(r.Expect.Error, word) && !hasWord(o.Reason, word) {
			problems = append(problems, fmt.Sprintf("reason: want the word %q, as in %q, got %q", word, r.Expect.Error, o.Reason))
		}
	}
	return problems
}

func hasWord(text, word string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(word))
}

func satisfies(got engine.Status, want string, wrote bool) bool {
	switch want {
	case "rejected":
		return got == engine.Rejected || got == engine.Ignored && !wrote
	case "failed":
		return got == engine.Failed || got == engine.Unfinished || got == engine.Uncertain
	default:
		return string(got) == want
	}
}

// compareWrites reports how the writes differ: in number, and one by one.
func (r *recording) compareWrites(got []write) []string {
	var problems []string
	want := r.Expect.Writes
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			problems = append(problems, fmt.Sprintf("write %d is missing: %s", i+1, request{write: want[i]}))
		case i >= len(want):
			problems = append(problems, fmt.Sprintf("write %d is too much: %s", i+1, request{write: got[i]}))
		default:
			if difference := want[i].differs(got[i]); difference != "" {
				problems = append(problems, fmt.Sprintf("write %d differs (-want +got):\n%s", i+1, difference))
			}
		}
	}
	return problems
}

func (w write) differs(got write) string {
	w.Path, got.Path = bare(w.Path), bare(got.Path)
	got.Body = permit("", w.Body, got.Body)
	return cmp.Diff(w, got)
}

// permit returns got with the differences taken out that are ours on purpose.
// place is the path of both values in their bodies.
func permit(place string, want, got any) any {
	switch g := got.(type) {
	case map[string]any:
		w, ok := want.(map[string]any)
		if !ok {
			return got
		}
		return permitMembers(place, w, g)
	case []any:
		return permitList(place, want, g)
	default:
		if isID(place) && fmt.Sprint(got) == fmt.Sprint(want) && isNumber(want) != isNumber(got) {
			return want // Ids are numbers for some and strings for others.
		}
		return got
	}
}

func permitMembers(place string, want, got map[string]any) map[string]any {
	permitted := map[string]any{}
	for name, value := range got {
		member := strings.TrimPrefix(place+"."+name, ".")
		other, there := want[name]
		if there || !isExtra(member) {
			permitted[name] = permit(member, other, value)
		}
	}
	return permitted
}

func permitList(place string, want any, got []any) any {
	if _, single := want.(string); single && place == "organization.domain_names" && len(got) == 1 {
		return got[0] // An array of one is what is documented.
	}
	list, ok := want.([]any)
	if !ok || len(list) != len(got) {
		return got
	}
	permitted := make([]any, len(got))
	for i := range got {
		permitted[i] = permit(place, list[i], got[i])
	}
	return permitted
}

// isExtra names the members that we send and the recordings do not have.
func isExtra(place string) bool {
	return slices.Contains([]string{
		"user.user_id", "event.created_at", "user_field.type", "organization_field.type",
	}, place)
}

func isID(place string) bool {
	name := place[strings.LastIndex(place, ".")+1:]
	return name == "id" || strings.HasSuffix(name, "_id")
}

func isNumber(value any) bool {
	_, ok := value.(json.Number)
	return ok
}
