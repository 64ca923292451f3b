package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// A journaled is a run with a journal, and what is there to look at afterwards.
type journaled struct {
	results []runner.Result // in the order of the input
	report  string          // its lines sorted, as events end in any order
	letters string
	err     error
}

// goOn runs events with a journal, which it makes or goes on with.
func goOn(t *testing.T, path, events string, o runner.Options) (ran journaled) {
	t.Helper()
	journal := openJournal(t, path)
	o.Journal = journal
	ran = deliverAll(t, newShop(t, o), events)
	if err := journal.Close(); err != nil {
		t.Error(err)
	}
	return ran
}

func openJournal(t *testing.T, path string) *runner.Journal {
	t.Helper()
	journal, err := runner.OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = journal.Close() })
	return journal
}

func deliverAll(t *testing.T, r *runner.Runner, events string) (ran journaled) {
	t.Helper()
	var report, letters bytes.Buffer
	lines, dead := runner.NewReport(&report), runner.NewDeadLetters(&letters)
	ran.err = r.Deliver(t.Context(), runner.ReadEvents(strings.NewReader(events), engine.Limits{}), func(result runner.Result) {
		ran.results = append(ran.results, result)
		if err := errors.Join(lines.Write(result), dead.Write(result)); err != nil {
			t.Error(err)
		}
	})
	slices.SortFunc(ran.results, func(a, b runner.Result) int { return a.Record.Line - b.Record.Line })
	ran.report, ran.letters = sorted(report.String()), sorted(letters.String())
	return ran
}

func sorted(lines string) string {
	return strings.Join(slices.Sorted(strings.Lines(lines)), "")
}

// outcomes words how the events ended: "delivered (resumed), unfinished".
func (ran journaled) outcomes() string {
	var words []string
	for _, result := range ran.results {
		word := string(result.Outcome.Status)
		if result.Resumed {
			word += " (resumed)"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func journalPath(t *testing.T) string { return filepath.Join(t.TempDir(), "run.journal") }

// counting counts the calls that are answered, by method and path.
type counting struct {
	mu     sync.Mutex
	calls  []string
	answer http.RoundTripper
}

func (c *counting) RoundTrip(q *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.calls = append(c.calls, q.Method+" "+strings.TrimPrefix(q.URL.Path, "/api/"))
	c.mu.Unlock()
	return c.answer.RoundTrip(q)
}

func TestJournalGivesTheSameResultsAgain(t *testing.T) {
	path := journalPath(t)
	answers := scripted(func(q *http.Request) (*http.Response, error) {
		switch q.URL.Path {
		case "/api/people.json":
			return reply(422, "{ \"code\": 7,\n\"message\": \"<no> \u2028 & such\" }")(q)
		case "/api/teams.json":
			return reply(404, "\xff\xfe not text")(q)
		case "/api/people/ben/notes.json":
			return reply(400, `"`+strings.Repeat("x", 70<<10)+`"`)(q)
		}
		return reply(200, `{}`)(q)
	})
	events := identify + "\n" + track + "\n" + group + "\n{\n" + `{"type":"page"}` + "\n" +
		`{"deskrules_dead_letter":1,"outcome":"failed","event":{"type":"track","userId":"ben","event":"x"}}`
	first := goOn(t, path, events, runner.Options{Transport: answers})
	calls := &counting{answer: answers}
	second := goOn(t, path, events, runner.Options{Transport: calls})
	if first.err != nil || second.err != nil || len(calls.calls) > 0 {
		t.Fatalf("errors %v, %v, calls %q", first.err, second.err, calls.calls)
	}
	if got, want := first.outcomes(), "failed, delivered, failed, rejected, ignored, failed"; got != want {
		t.Errorf("the first run: %s", got)
	}
	if got, want := second.outcomes(), strings.ReplaceAll(first.outcomes()+",", ",", " (resumed),"); got+"," != want {
		t.Errorf("the second run: %s", got)
	}
	if first.report != second.report {
		t.Errorf("report:\n%s\nthen:\n%s", first.report, second.report)
	}
	if first.letters != second.letters || strings.Count(first.letters, "\n") != 4 {
		t.Errorf("dead letters:\n%s\nthen:\n%s", first.letters, second.letters)
	}
	for i, result := range second.results {
		if result.Type != first.results[i].Type || result.MessageID != first.results[i].MessageID || result.Outcome.At != first.results[i].Outcome.At {
			t.Errorf("result %d was %+v and is %+v", i, first.results[i], result)
		}
	}
}

func TestJournalIsPrivateAndHoldsNoCredentials(t *testing.T) {
	path := journalPath(t)
	echo := scripted(func(q *http.Request) (*http.Response, error) {
		status := 200
		if strings.HasSuffix(q.URL.Path, "bills.json") {
			status = 422
		}
		return reply(status, fmt.Sprintf(`{"teams":[],"of":%q,"message":%q}`, q.Header.Get("Authorization"), q.Header.Get("Authorization")))(q)
	})
	ran := goOn(t, path, `{"type":"order","messageId":"o1"}`, runner.Options{Transport: echo})
	text, err := os.ReadFile(path)
	if err != nil || ran.outcomes() != "uncertain" || !bytes.Contains(text, []byte("Bearer ***")) {
		t.Fatalf("%s, %v\n%s", ran.outcomes(), err, text)
	}
	if bytes.Contains(text, []byte("s3cret")) {
		t.Errorf("it holds the token:\n%s", text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// What ended unfinished is tried again by the next run, from where it was.
func TestJournalTriesUnfinishedEventsAgain(t *testing.T) {
	order, tag, note := `{"type":"order","messageId":"o1"}`, `{"type":"tag","messageId":"o1"}`, `{"type":"track","userId":"ann","event":"Paid"}`
	for _, c := range []struct {
		name, event, path string
		answer            scripted
		first, calls      string // of the second run, the calls
	}{
		{"a read", order, "teams.json", reply(500, ""), "unfinished", "GET teams.json, POST orders.json, GET orders/o1.json, PUT labels/o1.json, POST bills.json"},
		{"a write that was refused for a limit", note, "people/ann/notes.json", reply(429, ""), "unfinished", "POST people/ann/notes.json"},
		{"a write that a stop refused", note, "people/ann/notes.json", reply(401, ""), "unfinished", "POST people/ann/notes.json"},
		{"a read behind a write that may be repeated", tag, "orders/o1.json", reply(500, ""), "unfinished", "GET orders/o1.json, PUT notes/o1.json"},
		{"a write behind one that may be repeated", tag, "notes/o1.json", reply(500, ""), "unfinished", "PUT notes/o1.json"},
		{"a read behind a write", order, "orders/o1.json", reply(500, ""), "uncertain", "GET orders/o1.json, PUT labels/o1.json, POST bills.json"},
		{"a write behind a write", order, "labels/o1.json", reply(500, ""), "uncertain", "PUT labels/o1.json, POST bills.json"},
		{"a stop behind a write", order, "labels/o1.json", reply(401, ""), "uncertain", "PUT labels/o1.json, POST bills.json"},
		{"a second write that was refused", order, "bills.json", reply(429, ""), "uncertain", "POST bills.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := journalPath(t)
			fine := reply(200, `{"teams":[{"id":1}],"of":{"a": 1}}`)
			failing := scripted(func(q *http.Request) (*http.Response, error) {
				if strings.HasSuffix(q.URL.Path, c.path) {
					return c.answer(q)
				}
				return fine(q)
			})
			first := goOn(t, path, c.event, runner.Options{Transport: failing, Clock: &leap{}})
			calls := &counting{answer: fine}
			second := goOn(t, path, c.event, runner.Options{Transport: calls})
			if first.outcomes() != c.first || second.outcomes() != "delivered" || second.err != nil {
				t.Errorf("%s, then %s (%v), error %v", first.outcomes(), second.outcomes(), second.results, second.err)
			}
			if got := strings.Join(calls.calls, ", "); got != c.calls {
				t.Errorf("calls %s\nwant  %s", got, c.calls)
			}
			if !first.results[0].Open || second.results[0].Open {
				t.Errorf("open %t, then %t", first.results[0].Open, second.results[0].Open)
			}
		})
	}
}

// Where the policy says that a broken connection proves a call not to have been
// taken, it does so of one that a kill has broken.
func TestJournalBelievesThePolicy(t *testing.T) {
	path := journalPath(t)
	files := crm()
	main := files["crm/destination.yaml"]
	main.Data = bytes.Replace(main.Data, []byte("    - {network: refused}"), []byte("    - {network: [refused, reset]}"), 1)
	program, err := engine.Load(files, "crm")
	if err != nil {
		t.Fatal(err)
	}
	killed := errors.New("killed")
	for _, answer := range []http.RoundTripper{scripted(func(*http.Request) (*http.Response, error) { panic(killed) }), reply(200, "{}")} {
		journal := openJournal(t, path)
		r, err := runner.New(program, runner.Options{Settings: program.Examples(), Transport: answer, Journal: journal})
		if err != nil {
			t.Fatal(err)
		}
		ran := deliverAll(t, r, track)
		_ = journal.Close()
		text, _ := os.ReadFile(path)
		if i := bytes.Index(text, []byte(`{"kind":"finished"`)); ran.outcomes() == "uncertain" && i > 0 {
			_ = os.WriteFile(path, text[:i], 0o600) // as a kill leaves it, which no panic is
		} else if ran.outcomes() != "delivered" {
			t.Errorf("%s\n%s", ran.outcomes(), text)
		}
	}
}

// The dead letters of one user stay in the order of the input, wherever each
// comes from.
func TestJournalKeepsTheOrderOfResults(t *testing.T) {
	path := journalPath(t)
	note := `{"type":"track","messageId":"n1","userId":"ann","event":"Paid"}`
	failing := scripted(func(q *http.Request) (*http.Response, error) {
		if q.Method == "PUT" {
			time.Sleep(10 * time.Millisecond)
			return reply(500, "")(q)
		}
		return reply(422, "{}")(q)
	})
	events := `{"type":"tag","messageId":"t1","userId":"ann"}` + "\n" + note + "\n" + note
	for range 2 {
		journal := openJournal(t, path)
		results, err := deliver(t.Context(), newShop(t, runner.Options{Transport: failing, Journal: journal, Clock: &leap{}}), strings.NewReader(events))
		_ = journal.Close()
		if err != nil || len(results) != 3 || results[0].Record.Line != 1 || results[1].Record.Line != 2 {
			t.Errorf("results %+v, error %v", results, err)
		}
	}
}

// An answer that was lost for good stays so: nothing is sent again.
func TestJournalKeepsWhatIsUncertain(t *testing.T) {
	path := journalPath(t)
	first := goOn(t, path, track, runner.Options{Transport: broken(io.ErrUnexpectedEOF)})
	second := goOn(t, path, track, runner.Options{Transport: reply(200, "{}")})
	if first.outcomes() != "uncertain" || second.outcomes() != "uncertain (resumed)" || first.results[0].Open {
		t.Errorf("%s, then %s", first.outcomes(), second.outcomes())
	}
}

func TestJournalGoesOnAfterACancellation(t *testing.T) {
	path := journalPath(t)
	ctx, cancel := context.WithCancel(t.Context())
	events := strings.Repeat(`{"type":"order","messageId":"o1","userId":"ann"}`+"\n", 3)
	calls := &counting{answer: scripted(func(q *http.Request) (*http.Response, error) {
		if q.Method == "PUT" {
			cancel()
		}
		return reply(200, `{"teams":[],"of":1}`)(q)
	})}
	journal := openJournal(t, path)
	var results []runner.Result
	results, err := deliver(ctx, newShop(t, runner.Options{Transport: calls, Journal: journal}), strings.NewReader(events))
	if !errors.Is(err, context.Canceled) || len(results) == 0 || results[0].Outcome.Status != engine.Uncertain {
		t.Fatalf("%v, error %v", results, err)
	}
	_ = journal.Close()
	second := goOn(t, path, events, runner.Options{Transport: calls})
	if second.outcomes() != "delivered, delivered, delivered" || second.err != nil {
		t.Errorf("%s, error %v", second.outcomes(), second.err)
	}
	made := map[string]int{}
	for _, call := range calls.calls {
		made[call]++
	}
	if made["POST orders.json"] != 3 || made["PUT labels/o1.json"] != 3 || made["POST bills.json"] != 3 || made["GET teams.json"] != 1 {
		t.Errorf("calls %v", made)
	}
}

// What the answers of an earlier run taught is known again, as far as they are
// there.
func TestJournalTeachesTheMemoryAgain(t *testing.T) {
	path := journalPath(t)
	stopping := scripted(func(q *http.Request) (*http.Response, error) {
		if q.Method == "PUT" {
			return reply(401, "")(q)
		}
		return reply(200, `{"teams":[{"id":1}],"of":1}`)(q)
	})
	events := `{"type":"order","messageId":"o1","userId":"ann"}`
	goOn(t, path, events, runner.Options{Transport: stopping})
	calls := &counting{answer: reply(200, `{"of":1}`)}
	ran := goOn(t, path, events+"\n"+`{"type":"order","messageId":"o2","userId":"ann"}`, runner.Options{Transport: calls})
	if ran.outcomes() != "delivered, delivered" || slices.Contains(calls.calls, "GET teams.json") {
		t.Errorf("%s, calls %q", ran.outcomes(), calls.calls)
	}
}

func TestJournalTellsInputsApart(t *testing.T) {
	path := journalPath(t)
	lines := identify + "\n" + track + "\n"
	goOn(t, path, lines, runner.Options{Transport: reply(200, "{}")})
	for _, c := range []struct{ name, events, outcomes, want string }{
		{"the same", lines, "delivered (resumed), delivered (resumed)", ""},
		{"less of it", identify, "delivered (resumed)", "the journal PATH has 2 events of this input, and it ends after 1 event: give the input of that run, which may have grown at its end, or name a new journal"},
		{"other space", "\n\n" + identify + "\n\n" + track, "delivered (resumed), delivered (resumed)", ""},
		{"another", track + "\n" + identify, "", "line 1 is not the event that the journal PATH has in its place: give the input of that run, which may have grown at its end, or name a new journal"},
		{"another in the middle", identify + "\n\n" + identify + "\n" + track, "delivered (resumed)", "line 3 is not the event that the journal PATH has in its place: give the input of that run, which may have grown at its end, or name a new journal"},
		{"another array", "[" + identify + ",\n" + identify + "]", "delivered (resumed)", "element 2 (line 2) is not the event that the journal PATH has in its place: give the input of that run, which may have grown at its end, or name a new journal"},
		{"grown", lines + group, "delivered (resumed), delivered (resumed), delivered", ""}, // last, as it writes
	} {
		calls := &counting{answer: reply(200, `{"teams":[]}`)}
		ran := goOn(t, path, c.events, runner.Options{Transport: calls})
		if ran.outcomes() != c.outcomes || len(calls.calls) > 0 && c.name != "grown" {
			t.Errorf("%s: %s, calls %q", c.name, ran.outcomes(), calls.calls)
		}
		if want := strings.Replace(c.want, "PATH", path, 1); c.want == "" && ran.err != nil || c.want != "" && (ran.err == nil || ran.err.Error() != want) {
			t.Errorf("%s: error %v\nwant %s", c.name, ran.err, want)
		}
	}
}

// The inputs of one run are told apart by their order.
func TestJournalOfSeveralInputs(t *testing.T) {
	path := journalPath(t)
	for _, want := range []string{"delivered", "delivered (resumed)"} {
		journal := openJournal(t, path)
		r := newShop(t, runner.Options{Transport: reply(200, "{}"), Journal: journal})
		for _, events := range []string{identify, track, identify} {
			if ran := deliverAll(t, r, events); ran.outcomes() != want || ran.err != nil {
				t.Errorf("%s: %s, error %v", events, ran.outcomes(), ran.err)
			}
		}
		_ = journal.Close()
	}
}

// Dead letters that are not sent without being asked for stay what they are,
// and a run that is asked sends them.
func TestJournalOfDeadLetters(t *testing.T) {
	path := journalPath(t)
	events := `{"deskrules_dead_letter":1,"outcome":"uncertain","event":` + track + "}\n" +
		`{"deskrules_dead_letter":1,"outcome":"failed","event":` + identify + "}\n" +
		`{"deskrules_dead_letter":1,"outcome":"rejected","cut":true,"raw":"{"}`
	for _, c := range []struct {
		again bool
		want  string
	}{
		{false, "uncertain, delivered, rejected"},
		{false, "uncertain, delivered (resumed), rejected"},
		{true, "delivered, delivered (resumed), rejected"},
		{false, "delivered (resumed), delivered (resumed), rejected"},
	} {
		ran := goOn(t, path, events, runner.Options{Transport: reply(200, "{}"), RetryUncertain: c.again})
		if ran.outcomes() != c.want || ran.err != nil {
			t.Errorf("%s, want %s (%v)", ran.outcomes(), c.want, ran.err)
		}
	}
}

// A full disk ends the run before anything is sent that could not be told, and
// making room is all it takes to go on.
func TestJournalOfAFullDisk(t *testing.T) {
	events := strings.Repeat(`{"type":"order","messageId":"o1","userId":"ann"}`+"\n", 3)
	for room := range 14 {
		path := journalPath(t)
		journal := openJournal(t, path)
		disk := &crowdedDisk{room: int64(room)}
		journal.WrapFile(func(file runner.JournalFile) runner.JournalFile { disk.JournalFile = file; return disk })
		calls := &counting{answer: reply(200, `{"teams":[],"of":1}`)}
		r, err := newShopOrNot(t, runner.Options{Transport: calls, Journal: journal, Concurrency: 2})
		if room == 0 {
			want := "journal " + path + ": it cannot be written: no space left on device"
			if err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
			continue
		}
		first := deliverAll(t, r, events)
		const want = "the journal could not be written: no space left on device: free some space and run the same command again"
		stop, _ := errors.AsType[*runner.StopError](first.err)
		if disk.full.Load() && (stop == nil || stop.Error() != want || r.Stopped() != stop || len(first.results) != 3) {
			t.Fatalf("room for %d: error %v, %d results", room, first.err, len(first.results))
		}
		_ = journal.Close()
		second := goOn(t, path, events, runner.Options{Transport: calls})
		if second.err != nil || strings.Contains(second.outcomes(), "unfinished") {
			t.Errorf("room for %d: %s, error %v", room, second.outcomes(), second.err)
		}
		for _, once := range []string{"POST orders.json", "POST bills.json"} {
			n := 0
			for _, call := range calls.calls {
				if call == once {
					n++
				}
			}
			if n > 3 {
				t.Errorf("room for %d: %d times %s", room, n, once)
			}
		}
	}
}

// A crowdedDisk has room for so many writes, and tears the one behind them.
type crowdedDisk struct {
	runner.JournalFile
	room int64
	full atomic.Bool
}

func (d *crowdedDisk) Write(p []byte) (int, error) {
	if d.room--; d.room >= 0 {
		return d.JournalFile.Write(p)
	}
	d.full.Store(true)
	n, _ := d.JournalFile.Write(p[:len(p)/2])
	return n, &os.PathError{Op: "write", Path: "journal", Err: syscall.ENOSPC}
}

// Events that end together share a sync.
func TestJournalSyncsForSeveralAtOnce(t *testing.T) {
	journal := openJournal(t, journalPath(t))
	disk := &slowDisk{}
	journal.WrapFile(func(file runner.JournalFile) runner.JournalFile { disk.JournalFile = file; return disk })
	r := newShop(t, runner.Options{Transport: reply(200, "{}"), Journal: journal, Concurrency: 50})
	ran := deliverAll(t, r, manyPeople(500))
	if len(ran.results) != 500 || disk.syncs > 100 {
		t.Errorf("%d syncs for %d results", disk.syncs, len(ran.results))
	}
}

func manyPeople(n int) string {
	var lines strings.Builder
	for i := range n {
		lines.WriteString(person(fmt.Sprint("u", i), i%10) + "\n")
	}
	return lines.String()
}

type slowDisk struct {
	runner.JournalFile
	syncs int
}

func (d *slowDisk) Sync() error {
	d.syncs++
	time.Sleep(2 * time.Millisecond)
	return nil
}

// A journal whose lines are of another run of the rules is found out before
// anything is sent on their word.
func TestJournalThatDoesNotFit(t *testing.T) {
	path := journalPath(t)
	goOn(t, path, `{"type":"order","messageId":"o1"}`, runner.Options{Transport: scripted(func(q *http.Request) (*http.Response, error) {
		if q.Method == "PUT" {
			return reply(401, "")(q)
		}
		return reply(200, `{"teams":[{"id":1}],"of":1}`)(q)
	})})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"step":"place","method":"POST","digest":"`, `"step":"place","method":"POST","digest":"x`, "it has a POST of step place of rule order, and they ask for a POST of step place of rule order"},
		{`"step":"teams","method":"GET"`, `"step":"others","method":"GET"`, "it has a GET of step others of rule order, and they ask for a GET of step teams of rule order"},
		{`"kind":"answer"`, `"kind":"recall"`, "it has a GET of step teams of rule order, and they ask for a GET of step teams of rule order"},
		{`"response"`, `"reply"`, "it has a GET of step teams of rule order, and they ask for a GET of step teams of rule order"},
	} {
		if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte(c.old), []byte(c.new)), 0o600); err != nil {
			t.Fatal(err)
		}
		calls := &counting{answer: reply(200, "{}")}
		ran := goOn(t, path, `{"type":"order","messageId":"o1"}`, runner.Options{Transport: calls})
		want := "the journal " + path + " does not fit the rules: for line 1 " + c.want +
			": go on with the version of deskrules that wrote it, or name a new journal, which begins anew and sends everything again"
		if ran.err == nil || ran.err.Error() != want || len(calls.calls) > 0 {
			t.Errorf("%s: calls %q, error %v\nwant %s", c.new, calls.calls, ran.err, want)
		}
	}
}

// Run has no input that a later run would go through again.
func TestRunLeavesTheJournalAlone(t *testing.T) {
	path := journalPath(t)
	journal := openJournal(t, path)
	r := newShop(t, runner.Options{Transport: reply(200, "{}"), Journal: journal})
	run(t, r, track)
	if text, _ := os.ReadFile(path); bytes.Count(text, []byte("\n")) != 1 {
		t.Errorf("it holds\n%s", text)
	}
	_, err := newShopOrNot(t, runner.Options{Journal: journal})
	if want := "journal " + path + ": it has a Runner already: close it and open it again"; err == nil || err.Error() != want {
		t.Errorf("a second Runner: %v", err)
	}
}
