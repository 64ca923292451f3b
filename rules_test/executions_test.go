package rules_test

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// forgetful knows nothing, so that what an event asks for does not depend on
// those before.
type forgetful struct{}

func (forgetful) Recall(string) (json.RawMessage, bool) { return nil, false }
func (forgetful) Apply([]engine.Fact)                   {}

// A stateless destination answers a request by itself alone, and keeps what it
// was asked for.
type stateless struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func newStateless(t *testing.T) *stateless {
	s := &stateless{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *stateless) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.String()+" "+string(body))
	s.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "_fields.json"):
		fmt.Fprint(w, `{"user_fields":[{"key":"plan"},{"key":"city"}],"organization_fields":[{"key":"plan"}],"meta":{"has_more":false}}`)
	case strings.Contains(string(body), "refused"):
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, `{"error":"RecordInvalid","description":%q}`, body)
	default:
		record := fmt.Sprintf(`{"id":%d,"url":%q}`, len(body)+1, r.URL)
		fmt.Fprintf(w, `{"user":%[1]s,"users":[%[1]s],"organization":%[1]s,"organizations":[%[1]s],"identities":[]}`, record)
	}
}

// everyKind gives events of every kind and size, each with texts of its own.
func everyKind(n int) iter.Seq2[runner.Record, error] {
	forms := []string{
		`{"type":"identify","messageId":"m%[1]d","userId":"u%[1]d","traits":{"email":"u%[1]d@example.com","name":"Name \u00e9 %[1]d","Plan":"p%[1]d","other%[1]d":"%[2]s"}}`,
		`{"type":"identify","messageId":"m%[1]d","userId":"u%[1]d","traits":{"name":"No %[1]d","email":"refused%[1]d@example.com","city":"%[2]s","phone":{"no":%[1]d}}}`,
		`{"type":"track","messageId":"m%[1]d","userId":"u%[1]d","event":"Paid %[1]d","properties":{"amount":%[1]d,"note":"%[2]s"},"context":{"traits":{"email":"u%[1]d@example.com","name":"Name %[1]d"}}}`,
		`{"type":"group","messageId":"m%[1]d","userId":"u%[1]d","groupId":"g%[1]d","traits":{"name":"Company %[1]d","plan":"%[2]s"},"context":{"traits":{"email":"u%[1]d@example.com"}}}`,
		`{"type":"identify","messageId":"m%[1]d","userId":"u%[1]d"}`, // rejected: it has no name
	}
	return func(yield func(runner.Record, error) bool) {
		for i := range n {
			event := fmt.Appendf(nil, forms[i%len(forms)], i, strings.Repeat("x", i*11%500))
			if !yield(runner.Record{Line: i + 1, Event: event}, nil) {
				return
			}
		}
	}
}

// Events whose executions were used by others before end as those that have one
// of their own, and ask for the same.
func TestExecutionsAreUsedAgain(t *testing.T) {
	program := load(t)
	var servers [2]*stateless
	var runners [2]*runner.Runner
	for i := range servers {
		servers[i] = newStateless(t)
		r, err := runner.New(program, runner.Options{
			Settings: program.Examples(), BaseURL: servers[i].URL, Memory: forgetful{}, Unlimited: true, Concurrency: 4,
		})
		if err != nil {
			t.Fatal(err)
		}
		runners[i] = r
	}
	const n = 2000
	var delivered [n + 1]runner.Result
	if err := runners[0].Deliver(t.Context(), everyKind(n), func(r runner.Result) { delivered[r.Record.Line] = r }); err != nil {
		t.Fatal(err)
	}
	ends := map[engine.Status]int{}
	for record := range everyKind(n) {
		want, err := runners[1].One(t.Context(), record)
		got := delivered[record.Line]
		if err != nil || got.MessageID != want.MessageID || !reflect.DeepEqual(got.Outcome, want.Outcome) {
			t.Fatalf("%s ended\n%+v\nand by itself\n%+v, error %v", record.Event, got.Outcome, want.Outcome, err)
		}
		ends[want.Outcome.Status]++
	}
	slices.Sort(servers[0].asked)
	slices.Sort(servers[1].asked)
	if !slices.Equal(servers[0].asked, servers[1].asked) || len(servers[0].asked) < n {
		t.Errorf("%d requests, and %d by themselves, or others", len(servers[0].asked), len(servers[1].asked))
	}
	if ends[engine.Delivered] < n/3 || len(ends) < 3 {
		t.Errorf("the events end in too few ways: %v", ends)
	}
}
