package runner_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// shop is the made-up destination with a rule that does two things which must
// not be done twice, and reads before, between and behind them.
func shop() fstest.MapFS {
	files := crm()
	main := files["crm/destination.yaml"]
	main.Data = bytes.Replace(main.Data, []byte("buy]"), []byte("buy, order, tag]"), 1)
	files["crm/tag.yaml"] = &fstest.MapFile{Data: []byte(`
rule: tag
event: tag
steps:
  - name: label
    put: labels/{event.messageId}.json
    idempotent: true
    body:
      - {to: label.of, from: event.userId}
  - name: look
    get: orders/{event.messageId}.json
  - name: note
    put: notes/{event.messageId}.json
    idempotent: true
    body:
      - {to: note.of, from: look.of}
`)}
	files["crm/order.yaml"] = &fstest.MapFile{Data: []byte(`
rule: order
event: order
steps:
  - name: teams
    get: teams.json
    query: {per_page: '2'}
    pages: teams
    pick: map(pages, .id)
    remember: {for: 10m}
  - name: place
    post: orders.json
    idempotent: false
    body:
      - {to: order.number, from: event.messageId}
      - {to: order.teams,  expr: len(teams)}
    confirm:
      get: orders/{event.messageId}.json
      there: reply.found == true
  - name: look
    get: orders/{event.messageId}.json
  - name: label
    put: labels/{event.messageId}.json
    idempotent: true
    body:
      - {to: label.of, from: look.of}
  - name: bill
    post: bills.json
    idempotent: false
    body:
      - {to: bill.number, from: event.messageId}
    confirm:
      get: bills/{event.messageId}.json
      there: reply.found == true
`)}
	return files
}

// shopEvents ends in every way that a kill could spoil. The shop refuses the
// first try of o2 for a limit, and loses its answer about o3.
const shopEvents = `{"type":"identify","messageId":"i1","userId":"ann","traits":{"name":"Ann"}}
{"type":"order","messageId":"o1","userId":"ann"}
{"type":"track","messageId":"n1","userId":"ann","event":"Paid"}
{"type":"order","messageId":"o2","userId":"ben"}
{"type":"page","messageId":"p1"}
{"type":"order","messageId":"o3","userId":"cat"}
{"type":"group","messageId":"g1","groupId":"g1"}
{"type":
{"type":"identify","messageId":"i2","userId":"ben","traits":{"name":"Ben"}}
`

// A world is a shop, and everything else that outlives the process: killing it
// leaves the world as it is at that moment.
type world struct {
	mu      sync.Mutex
	done    map[string]int // how often each thing was done
	labels  map[string]string
	tried   map[string]bool
	journal []byte
	synced  int          // bytes of it that a loss of power leaves
	watch   func(*world) // is shown every moment in which the process could die
}

func newWorld() *world {
	return &world{done: map[string]int{}, labels: map[string]string{}, tried: map[string]bool{}}
}

// moment shows the world with the journal as it would be.
func (w *world) moment(journal []byte) {
	if w.watch != nil {
		w.watch(&world{done: maps.Clone(w.done), labels: maps.Clone(w.labels), tried: maps.Clone(w.tried), journal: bytes.Clone(journal)})
	}
}

func (w *world) RoundTrip(q *http.Request) (*http.Response, error) {
	var text []byte
	if q.Body != nil {
		text, _ = io.ReadAll(q.Body)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moment(w.journal)
	w.moment(w.journal[:w.synced])
	defer func() { w.moment(w.journal[:w.synced]) }()
	return w.serve(q, string(text))
}

func (w *world) serve(q *http.Request, body string) (*http.Response, error) {
	path := strings.TrimSuffix(strings.TrimPrefix(q.URL.Path, "/api/"), ".json")
	thing := path + " " + number(body)
	first := !w.tried[q.Method+thing]
	w.tried[q.Method+thing] = true
	switch {
	case path == "teams":
		return reply(200, `{"teams":[{"id":1},{"id":2}]}`)(q)
	case q.Method == "GET":
		found := w.done[strings.Replace(path, "/", " ", 1)] > 0
		return reply(200, fmt.Sprintf(`{"found":%t,"of":{ "<path>": %q}}`, found, path))(q)
	case thing == "orders o2" && first:
		return reply(429, `{}`, "Retry-After: 5")(q)
	case q.Method == "PUT":
		w.labels[path] = body
		return reply(200, `{}`)(q)
	}
	w.done[thing]++
	if thing == "orders o3" {
		return nil, &os.SyscallError{Syscall: "read", Err: syscall.ECONNRESET}
	}
	return reply(201, `{}`)(q)
}

// number finds what a body is about.
func number(body string) string {
	_, rest, _ := strings.Cut(body, `"number":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// A diskOf writes to the world, as the file does.
type diskOf struct {
	runner.JournalFile
	world *world
}

func (d diskOf) Write(p []byte) (int, error) {
	w := d.world
	w.mu.Lock()
	defer w.mu.Unlock()
	for at, line := 0, 0; at < len(p); at += line {
		line = bytes.IndexByte(p[at:], '\n') + 1
		for _, torn := range []int{at, at + 1, at + line/2, at + line - 1} {
			w.moment(append(w.journal[:len(w.journal):len(w.journal)], p[:torn]...))
		}
	}
	w.journal = append(w.journal, p...)
	return d.JournalFile.Write(p)
}

func (d diskOf) Sync() error {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	d.world.synced = len(d.world.journal)
	d.world.moment(d.world.journal)
	return nil
}

// ended reports whether it is on disk how an event ended.
func (w *world) ended(line int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Contains(w.journal[:w.synced], fmt.Appendf(nil, `{"kind":"finished","record":%d,`, line-1))
}

// live delivers the events of the shop in a world, which may have been killed
// before, and gives the results by line.
func (w *world) live(t *testing.T, concurrency int) map[int]runner.Result {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, w.journal, 0o600); err != nil {
		t.Fatal(err)
	}
	journal, err := runner.OpenJournal(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, w.journal)
	}
	defer journal.Close()
	w.journal, _ = os.ReadFile(path) // without what was torn
	w.synced = len(w.journal)
	journal.WrapFile(func(file runner.JournalFile) runner.JournalFile { return diskOf{file, w} })
	r := newShop(t, runner.Options{Transport: w, Journal: journal, Concurrency: concurrency, Clock: &leap{}})
	results := map[int]runner.Result{}
	err = r.Deliver(context.Background(), runner.ReadEvents(strings.NewReader(shopEvents), engine.Limits{}), func(result runner.Result) {
		if _, twice := results[result.Record.Line]; twice {
			t.Errorf("line %d has two results", result.Record.Line)
		}
		if !w.ended(result.Record.Line) {
			t.Errorf("line %d has a result (%s) that is not on disk", result.Record.Line, result.Outcome.Status)
		}
		results[result.Record.Line] = result
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func newShop(t testing.TB, o runner.Options) *runner.Runner {
	t.Helper()
	r, err := newShopOrNot(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newShopOrNot(t testing.TB, o runner.Options) (*runner.Runner, error) {
	t.Helper()
	program, err := engine.Load(shop(), "crm")
	if err != nil {
		t.Fatal(err)
	}
	o.Settings = map[string]any{"token": "s3cret"}
	return runner.New(program, o)
}

// shopThings is what each line that writes has to bring about.
var shopThings = map[int][]string{
	1: {"people "}, 2: {"orders o1", "bills o1"}, 3: {"people/ann/notes "}, 4: {"orders o2", "bills o2"},
	6: {"orders o3", "bills o3"}, 7: {"members "}, 9: {"people "},
}

// check compares what a killed and resumed run has brought about with what one
// that nobody disturbed brings about.
func (w *world) check(results map[int]runner.Result, most int) (wrong []string) {
	uncertain := 0
	want := map[int]engine.Status{5: engine.Ignored, 8: engine.Rejected}
	for line := 1; line <= 9; line++ {
		status := results[line].Outcome.Status
		if want[line] == "" {
			want[line] = engine.Delivered
		}
		if status == engine.Uncertain {
			uncertain++
		} else if status != want[line] {
			wrong = append(wrong, fmt.Sprintf("line %d is %s (%s)", line, status, results[line].Outcome.Reason))
		}
		for _, thing := range shopThings[line] {
			order, isOrder := strings.CutPrefix(thing, "orders ")
			switch n := w.done[thing]; {
			case status == engine.Delivered && isOrder && !strings.Contains(w.labels["labels/"+order], `{ "<path>": "orders/`+order+`"}`):
				wrong = append(wrong, fmt.Sprintf("%s has the label %s", thing, w.labels["labels/"+order]))
			case status == engine.Delivered && n == 0:
				wrong = append(wrong, fmt.Sprintf("line %d is delivered without %s", line, thing))
			case n > 1 && !strings.HasPrefix(thing, "people ") && !strings.HasPrefix(thing, "members"):
				wrong = append(wrong, fmt.Sprintf("%s was done %d times", thing, n))
			}
		}
	}
	if len(results) != 9 {
		wrong = append(wrong, fmt.Sprintf("%d results", len(results)))
	}
	if uncertain > most {
		wrong = append(wrong, fmt.Sprintf("%d are uncertain", uncertain))
	}
	return wrong
}

// A run that is killed at any moment, and even twice, and goes on, does
// everything, and nothing twice that must not be.
func TestJournalSurvivesEveryKill(t *testing.T) {
	for _, concurrency := range []int{1, 4} {
		var moments []*world
		w := newWorld()
		w.watch = func(at *world) { moments = append(moments, at) }
		if wrong := w.check(w.live(t, concurrency), 0); wrong != nil {
			t.Fatalf("undisturbed: %q", wrong)
		}
		settled := 0
		for i, at := range moments {
			settled += survive(t, at, concurrency, i, 1)
		}
		t.Logf("%d moments of %d at once, %d of which left something uncertain", len(moments), concurrency, settled)
	}
}

// survive goes on from a moment, and reports whether anything stays uncertain.
// Of some moments the resumed run is killed again, at each of its own.
func survive(t *testing.T, at *world, concurrency, i, kills int) (uncertain int) {
	t.Helper()
	var again []*world
	if i%9 == 0 && kills == 1 {
		at.watch = func(later *world) { again = append(again, later) }
	}
	from := bytes.Clone(at.journal)
	results := at.live(t, concurrency)
	if wrong := at.check(results, kills*concurrency); wrong != nil {
		t.Fatalf("moment %d: %q\nkilled with\n%s\nended with\n%s", i, wrong, from, at.journal)
	}
	for n, later := range again {
		if n%5 == 0 {
			survive(t, later, concurrency, i, 2)
		}
	}
	for _, result := range results {
		if result.Outcome.Status == engine.Uncertain {
			return 1
		}
	}
	return 0
}
