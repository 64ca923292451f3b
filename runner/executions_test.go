package runner_test

import (
	"context"
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

// mixed gives n events of every kind and end, each with texts of its own.
func mixed(n int) []string {
	forms := []string{
		`{"type":"identify","messageId":"m%[1]d","userId":"u%[2]d","traits":{"name":"name %[1]d%[3]s"}}`,
		`{"type":"identify","messageId":"m\u00e9%[1]d","userId":"\u0075%[2]d","traits":{"name":{"no":"name %[1]d"}}}`,
		`{"type":"IDENTIFY","messageId":%[1]d,"userId":%[2]d,"traits":{"name":%[1]d,"more":"%[3]s"}}`,
		`{"type":"identify","messageId":"m%[1]d"}`,
		`{"type":"track","messageId":"m%[1]d","userId":"u %[2]d/?","event":"Paid %[1]d%[3]s"}`,
		`{"type":"track","messageId":"m%[1]d","userId":"u%[2]d","event":"refuse %[1]d%[3]s"}`,
		`{"type":"group","messageId":"m%[1]d","groupId":"g%[2]d"}`,
		`{"type":"page %[1]d","messageId":"m%[1]d","more":"%[3]s"}`,
		`{"type":"identify","messageId":"m%[1]d"`,
	}
	events := make([]string, n)
	for i := range events {
		events[i] = fmt.Sprintf(forms[i%len(forms)], i, i%40, strings.Repeat("x", i*7%300))
	}
	return events
}

// echo refuses what asks for it, in words that repeat what it was sent.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if !strings.Contains(string(body), "refuse") {
		_, _ = io.WriteString(w, `{"id":1}`)
		return
	}
	w.WriteHeader(http.StatusUnprocessableEntity)
	text, _ := json.Marshal(map[string]string{"code": "bad", "message": r.URL.String() + " with " + string(body)})
	_, _ = w.Write(text)
}

// A frozen memory knows the same at all times, so that what an event asks for
// does not depend on others, and keeps all that it is told.
type frozen struct {
	mu    sync.Mutex
	facts []engine.Fact
}

func (m *frozen) Recall(key string) (json.RawMessage, bool) {
	return json.RawMessage(`[1,2,3]`), strings.Contains(key, "teams")
}

func (m *frozen) Apply(facts []engine.Fact) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.facts = append(m.facts, facts...)
}

// A keeper is a transport that keeps what it is given, as a recorder might, and
// compares it in the end with what it was.
type keeper struct {
	next http.RoundTripper
	mu   sync.Mutex
	kept []engine.Request
	was  []string
}

func (k *keeper) RoundTrip(r *http.Request) (*http.Response, error) {
	asked, _ := runner.Asked(r.Context())
	k.mu.Lock()
	k.kept, k.was = append(k.kept, asked), append(k.was, fmt.Sprintf("%+v", asked))
	k.mu.Unlock()
	return k.next.RoundTrip(r)
}

func (k *keeper) check(t *testing.T) {
	for i, asked := range k.kept {
		if is := fmt.Sprintf("%+v", asked); is != k.was[i] {
			t.Fatalf("a request became\n%s\nand was\n%s", is, k.was[i])
		}
	}
}

func recordsOf(events []string) iter.Seq2[runner.Record, error] {
	return func(yield func(runner.Record, error) bool) {
		for i, event := range events {
			if !yield(runner.Record{Line: i + 1, Event: []byte(event)}, nil) {
				return
			}
		}
	}
}

// alone gives the results of events of which each has an execution of its own.
func alone(t *testing.T, r *runner.Runner, events []string) map[int]runner.Result {
	results := map[int]runner.Result{}
	for record := range recordsOf(events) {
		result, err := r.One(t.Context(), record)
		if err != nil {
			t.Fatal(err)
		}
		results[record.Line] = result
	}
	return results
}

func sameResult(t *testing.T, got, want runner.Result) {
	t.Helper()
	if got.Type != want.Type || got.MessageID != want.MessageID || !reflect.DeepEqual(got.Outcome, want.Outcome) {
		t.Errorf("line %d:\n%s %q %+v\nand by itself\n%s %q %+v", want.Record.Line,
			got.Type, got.MessageID, got.Outcome, want.Type, want.MessageID, want.Outcome)
	}
}

// What one event leaves behind is not touched by those that use its execution
// after it, whichever way it was delivered.
func TestExecutionsLeaveNothingBehind(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echo))
	defer server.Close()
	events := mixed(3000)
	for name, transport := range map[string]*keeper{"net/http": nil, "of the host": {next: runner.InProcess(http.HandlerFunc(echo))}} {
		t.Run(name, func(t *testing.T) {
			var memories [3]frozen
			var runners [3]*runner.Runner
			for i := range runners {
				o := runner.Options{BaseURL: server.URL + "/api", Memory: &memories[i], Concurrency: 4}
				if transport != nil {
					o.Transport = transport
				}
				runners[i] = newRunner(t, o)
			}
			want := alone(t, runners[0], events)
			delivered := deliverScribbling(t, runners[1], events)
			ran := runScribbling(t, runners[2], events)
			for line, alone := range want {
				sameResult(t, delivered[line], alone)
				alone.Type, alone.MessageID = "", ""
				sameResult(t, runner.Result{Record: alone.Record, Outcome: ran[line-1]}, alone)
			}
			sameFacts(t, &memories[1], &memories[0])
			sameFacts(t, &memories[2], &memories[0])
			if transport != nil {
				transport.check(t)
			}
		})
	}
}

// scribble is longer than any of the mixed events, and fails nothing.
func scribble() []byte {
	return fmt.Appendf(nil, `{"type":"track","messageId":"%[1]s","userId":"%[1]s","event":"%[1]s"}`, strings.Repeat("#", 1000))
}

func deliverScribbling(t *testing.T, r *runner.Runner, events []string) map[int]runner.Result {
	results := map[int]runner.Result{}
	err := r.Deliver(t.Context(), recordsOf(events), func(result runner.Result) {
		results[result.Record.Line] = result
		r.Scribble(scribble())
	})
	if err != nil || len(results) != len(events) {
		t.Fatalf("%d results, error %v", len(results), err)
	}
	return results
}

func runScribbling(t *testing.T, r *runner.Runner, events []string) []engine.Outcome {
	outcomes := make([]engine.Outcome, len(events))
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := worker; i < len(events); i += 4 {
				outcomes[i], _ = r.Run(context.Background(), []byte(events[i]))
				r.Scribble(scribble())
			}
		})
	}
	group.Wait()
	return outcomes
}

// sameFacts compares what memories were told, in whatever order.
func sameFacts(t *testing.T, got, want *frozen) {
	t.Helper()
	var texts [2][]string
	for i, m := range []*frozen{got, want} {
		for _, f := range m.facts {
			texts[i] = append(texts[i], fmt.Sprintf("%d %s %s %s", f.Op, f.Key, f.Value, f.For))
		}
		slices.Sort(texts[i])
	}
	if !slices.Equal(texts[0], texts[1]) {
		t.Errorf("%d facts, and %d by themselves, or others", len(texts[0]), len(texts[1]))
	}
}

// An event is known by the same, whoever reads it.
func TestIdentitiesAreTheSame(t *testing.T) {
	program, err := engine.Load(crm(), "crm")
	if err != nil {
		t.Fatal(err)
	}
	config, err := program.Configure(program.Examples())
	if err != nil {
		t.Fatal(err)
	}
	again, x := config.Identifier(), config.Start(scribble())
	for _, event := range append(mixed(1000), "", "[]", "{}", strings.Repeat(" ", 600<<10)) {
		want := config.Identify([]byte(event))
		x.Restart([]byte(event))
		got, bytes := x.Identity(), []byte(event)
		read := again.Identify(bytes)
		clear(bytes)
		x.Restart(scribble())
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(read, want) {
			t.Fatalf("%s\nis %+v, %+v and %+v", event, want, got, read)
		}
	}
}
