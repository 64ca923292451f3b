package runner_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

func TestNewRefusesWrongOptions(t *testing.T) {
	program, err := engine.Load(crm(), "crm")
	if err != nil {
		t.Fatal(err)
	}
	const clear = "the base URL must be https, or http to this machine (localhost): credentials would travel in the clear"
	const noURL = "the base URL is not a URL such as https://example.com/api/"
	for _, c := range []struct {
		options runner.Options
		want    string // the end of the error; empty for none
	}{
		{runner.Options{}, ""},
		{runner.Options{BaseURL: "https://other.example"}, ""},
		{runner.Options{BaseURL: "http://localhost:80/x"}, ""},
		{runner.Options{BaseURL: "http://127.0.0.9"}, ""},
		{runner.Options{BaseURL: "http://[::1]:8080"}, ""},
		{runner.Options{BaseURL: "http://crm.example/"}, clear},
		{runner.Options{BaseURL: "http://localhost.crm.example/"}, clear},
		{runner.Options{BaseURL: "ftp://localhost/"}, clear},
		{runner.Options{BaseURL: "crm.example"}, noURL},
		{runner.Options{BaseURL: "https:///api"}, noURL},
		{runner.Options{BaseURL: "https://s3cret\x7f@crm.example"}, noURL},
		{runner.Options{BaseURL: "https://ann:s3cret@crm.example/"}, "holds a user or password: give credentials in the settings"},
		{runner.Options{BaseURL: "https://crm.example/?key=s3cret"}, "leave off what follows ? or #"},
		{runner.Options{Timeout: -1}, "give 0 for 30s, or more"},
		{runner.Options{Concurrency: -1}, "give 0 for 8, or more"},
		{runner.Options{Concurrency: 1000}, ""},
		{runner.Options{Concurrency: 1 << 60}, "give 1000 at most"},
	} {
		c.options.Settings = map[string]any{"token": "s3cret"}
		switch _, err := runner.New(program, c.options); {
		case c.want == "" && err != nil:
			t.Errorf("%q: %v", c.options.BaseURL, err)
		case c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret")):
			t.Errorf("%q: error %v, want %q", c.options.BaseURL, err, c.want)
		}
	}
}

// Whoever prints a Runner or its options in a log shows no credential.
func TestRunnerShowsNoSettings(t *testing.T) {
	o := runner.Options{Settings: map[string]any{"token": "s3cret"}}
	for _, v := range []any{newRunner(t, o), o, &o, struct{ Any any }{newRunner(t, o)}, struct{ Options runner.Options }{o}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "s3cret") {
				t.Errorf("%s of %T shows %s", verb, v, got)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		if strings.Contains(log.String(), "s3cret") {
			t.Errorf("%T is logged as %s", v, log.String())
		}
	}
}

func TestNewRefusesWrongSettings(t *testing.T) {
	program, err := engine.Load(crm(), "crm")
	if err != nil {
		t.Fatal(err)
	}
	_, err = runner.New(program, runner.Options{})
	if _, ok := errors.AsType[engine.SettingsError](err); !ok {
		t.Errorf("error %v (%T)", err, err)
	}
}

func TestWarningIsTheRulesOwn(t *testing.T) {
	if got := newRunner(t, runner.Options{}).Warning(); got != "Tokens end one day." {
		t.Errorf("warning %q", got)
	}
}

func TestRunSendsWhatTheEngineAsks(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, name := range []string{"Authorization", "Accept", "Content-Type", "User-Agent"} {
			got = append(got, r.Header.Get(name))
		}
		got = append(got, r.Method, r.RequestURI, fmt.Sprint(json.Valid(body)))
	}))
	defer server.Close()
	r := newRunner(t, runner.Options{BaseURL: server.URL + "/sub"})
	outcome := run(t, r, `{"type":"track","userId":"a/b","event":"x&y"}`)
	want := []string{
		"Bearer s3cret", "application/json", "application/json", "deskrules",
		"POST", "/sub/people/a%2Fb/notes.json?source=x%26y", "true",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || outcome.Status != engine.Delivered {
		t.Errorf("%s (%s)\ngot  %q\nwant %q", outcome.Status, outcome.Reason, got, want)
	}
}

// A faulty is a server that answers each call by breaking in one way.
func faulty(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	conn.Close()
}

func nobodyListens(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func TestFailuresAreToldApart(t *testing.T) {
	released := make(chan struct{})
	defer close(released)
	for _, c := range []struct {
		name, url string
		want      engine.Failure
		attempts  int
		outcome   engine.Status // of an event whose call is not idempotent
		detail    string
	}{
		{"refused", nobodyListens(t), engine.Refused, 4, engine.Unfinished, "no connection to 127.0.0.1:"},
		{"unknown host", "https://nobody.invalid", engine.Refused, 4, engine.Unfinished, "the host nobody.invalid was not found"},
		{"reset", faulty(t, hangUp), engine.Reset, 1, engine.Uncertain, "the connection broke before the answer was complete"},
		{"no answer", faulty(t, func(http.ResponseWriter, *http.Request) { <-released }), engine.Timeout, 1, engine.Uncertain, "no complete answer within 200ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var calls []runner.Call
			r := newRunner(t, runner.Options{
				BaseURL: c.url, Clock: &leap{}, Timeout: 200 * time.Millisecond,
				Observe: func(call runner.Call) { calls = append(calls, call) },
			})
			outcome := run(t, r, track)
			if len(calls) != 1 || calls[0].Failure != c.want || calls[0].Attempts != c.attempts || calls[0].Status != 0 {
				t.Errorf("calls %+v", calls)
			}
			if outcome.Status != c.outcome || !strings.Contains(outcome.Reason, c.detail) || strings.Contains(outcome.Reason, "Paid") {
				t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
			}
		})
	}
}

// A host's own transport gives errors of any kind; none may say what was sent.
func TestErrorsOfOtherTransports(t *testing.T) {
	const secret = "https://crm.example/?source=Paid"
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	for _, c := range []struct {
		err    error
		want   engine.Failure
		detail string
	}{
		{syscall.ECONNREFUSED, engine.Refused, "no connection to crm.example: connection refused"},
		{dial, engine.Refused, "no connection to crm.example: it took too long"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, engine.Reset, "was complete: connection reset by peer"},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, engine.Timeout, "no complete answer within 30s"},
		{context.DeadlineExceeded, engine.Timeout, "no complete answer within 30s"},
		{io.EOF, engine.Reset, "was complete"},
		{errors.New("unknown"), engine.Reset, "was complete"},
	} {
		wrapped := &url.Error{Op: "Post", URL: secret, Err: fmt.Errorf("%s: %w", secret, c.err)}
		outcome := run(t, newRunner(t, runner.Options{Clock: &leap{}, Transport: broken(wrapped)}), track)
		if got := outcome.Requests[0].Failure; got != c.want {
			t.Errorf("%v is %s, want %s", c.err, got, c.want)
		}
		if !strings.Contains(outcome.Reason, c.detail) || strings.Contains(outcome.Reason, "Paid") {
			t.Errorf("%v gives the reason %q, want %q", c.err, outcome.Reason, c.detail)
		}
	}
}

func TestHowAnswersAreRead(t *testing.T) {
	write := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	torn := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"teams":`)
	}
	moved := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("followed a redirect")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}
	for _, c := range []struct {
		name    string
		event   string // identify: nobody reads the answer; group: the first one is read
		handler http.HandlerFunc
		status  int
		failure engine.Failure
	}{
		{"JSON that is read", group, write(200, `{"teams":[]}`), 200, ""},
		{"text that is read", group, write(200, `<html>`), 200, engine.Unreadable},
		{"two values", group, write(200, `{} {}`), 200, engine.Unreadable},
		{"torn, and read", group, torn, 0, engine.Reset},
		{"too large, and read", group, write(200, `"`+strings.Repeat("x", 100)+`"`), 200, engine.Unreadable},
		{"as large as may be", group, write(200, `{"teams":[]}`+strings.Repeat(" ", 78)), 200, ""},
		{"one byte too large", group, write(200, `{"teams":[]}`+strings.Repeat(" ", 79)), 200, engine.Unreadable},
		{"text that nobody reads", identify, write(201, `<html>`), 201, ""},
		{"torn, but nobody reads it", identify, torn, 200, ""},
		{"too large, but nobody reads it", identify, write(200, strings.Repeat("x", 100)), 200, ""},
		{"nothing", identify, write(204, ""), 204, ""},
		{"an error in text", identify, write(400, "no"), 400, ""},
		{"moved", identify, moved, 307, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var first *runner.Call
			r := newRunner(t, runner.Options{
				BaseURL: faulty(t, c.handler), Clock: &leap{}, Limits: engine.Limits{ReplyBytes: 90},
				Observe: func(call runner.Call) {
					if first == nil {
						first = &call
					}
				},
			})
			outcome := run(t, r, c.event)
			if first.Status != c.status || first.Failure != c.failure {
				t.Errorf("call %+v", first)
			}
			wantDelivered := c.failure == "" && c.status < 300
			if (outcome.Status == engine.Delivered) != wantDelivered {
				t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
			}
		})
	}
}

func TestNoBodyIsNoUnreadableBody(t *testing.T) {
	var first *runner.Call
	r := newRunner(t, runner.Options{Transport: reply(200, " \n"), Observe: func(call runner.Call) {
		if first == nil {
			first = &call
		}
	}})
	run(t, r, group)
	if first.Failure != engine.Answered || first.Attempts != 1 {
		t.Errorf("call %+v", first)
	}
}

func TestAnUntrustedCertificateStopsTheRun(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a call came through") }))
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	r := newRunner(t, runner.Options{BaseURL: server.URL, Clock: &leap{}})
	outcome, err := r.Run(t.Context(), []byte(track))
	stop, ok := errors.AsType[*runner.StopError](err)
	if !ok || stop.Status != 0 || !strings.Contains(err.Error(), "is not trusted") {
		t.Errorf("error %v", err)
	}
	if outcome.Status != engine.Unfinished {
		t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
	}
}

// pages serves two pages of teams, the first of which links to next.
func pages(asked *[]string, next string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Method+" "+r.URL.RequestURI())
		switch {
		case r.Method == "POST":
			_, _ = io.Copy(w, r.Body)
		case r.URL.Query().Get("page") == "":
			_, _ = fmt.Fprintf(w, `{"teams":[{"id":1}],"next":%q}`, next)
		default:
			_, _ = io.WriteString(w, `{"teams":[{"id":2}],"next":null}`)
		}
	}
}

func TestLinksAreFollowedHomeOnly(t *testing.T) {
	for _, c := range []struct {
		name, next string
		followed   string // empty where it is not
	}{
		{"whole", "https://here.example/sub/teams.json?page=2", "/sub/teams.json?page=2"},
		{"with the port", "https://HERE.example:443/sub/teams.json?page=2", "/sub/teams.json?page=2"},
		{"relative", "teams.json?page=2", "/sub/teams.json?page=2"},
		{"from the root", "/teams.json?page=2", "/teams.json?page=2"},
		{"the destination's own host", "https://crm.example/api/teams.json?page=2", ""},
		{"another host", "https://evil.example/teams.json?page=2", ""},
		{"another host, scheme left out", "//evil.example/teams.json?page=2", ""},
		{"in the clear", "http://here.example/sub/teams.json?page=2", ""},
		{"another port", "https://here.example:444/sub/teams.json?page=2", ""},
		{"a user", "https://here.example@evil.example/teams.json?page=2", ""},
		{"a user at home", "https://u:p@here.example/teams.json?page=2", ""},
		{"no URL", "https://here.example/%zz?page=2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked []string
			r := newRunner(t, runner.Options{
				BaseURL: "https://here.example/sub", Transport: runner.InProcess(pages(&asked, c.next)), Clock: &leap{},
			})
			outcome := run(t, r, group)
			want := []string{"GET /sub/teams.json?per_page=2"}
			if c.followed != "" {
				want = append(want, "GET "+c.followed, "POST /sub/members.json")
			}
			if fmt.Sprint(asked) != fmt.Sprint(want) {
				t.Errorf("%s: %s\ngot  %q\nwant %q", outcome.Status, outcome.Reason, asked, want)
			}
			if last := outcome.Requests[len(outcome.Requests)-1]; last.Attempts != 1 {
				t.Errorf("it was tried %d times", last.Attempts)
			}
			if (outcome.Status == engine.Delivered) != (c.followed != "") {
				t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
			}
		})
	}
}

func TestWhatWasLearnedIsNotAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		r := newRunner(t, runner.Options{Transport: runner.InProcess(pages(&asked, "teams.json?page=2"))})
		for _, wait := range []time.Duration{0, 9 * time.Minute, 2 * time.Minute} {
			time.Sleep(wait)
			if outcome := run(t, r, group); outcome.Status != engine.Delivered {
				t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
			}
		}
		want := "GET GET POST POST GET GET POST"
		var got []string
		for _, call := range asked {
			got = append(got, strings.Fields(call)[0])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("asked %s, want %s", got, want)
		}
	})
}

// A tally notes how many calls are in flight at once, for each user.
type tally struct {
	mu   sync.Mutex
	now  map[string]int
	most map[string]int
	seen map[string]string // the names sent for each user, in order
}

func (c *tally) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	var save struct{ Person struct{ ID, Name string } }
	_ = json.Unmarshal(body, &save)
	c.add(save.Person.ID, save.Person.Name, 1)
	time.Sleep(time.Second)
	c.add(save.Person.ID, "", -1)
	return reply(200, `{}`)(r)
}

func (c *tally) add(id, name string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, who := range []string{id, "all"} {
		c.now[who] += n
		c.most[who] = max(c.most[who], c.now[who])
	}
	c.seen[id] += name
}

func newTally() *tally {
	return &tally{now: map[string]int{}, most: map[string]int{}, seen: map[string]string{}}
}

func person(id string, n int) string {
	return fmt.Sprintf(`{"type":"identify","userId":%q,"traits":{"name":"%d"}}`, id, n)
}

func TestRunKeepsTheOrderOfCallsForEachKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := newTally()
		r := newRunner(t, runner.Options{Transport: calls})
		var all sync.WaitGroup
		began := time.Now()
		for n := range 3 {
			for _, id := range []string{"a", "b"} {
				all.Go(func() { run(t, r, person(id, n)) })
				synctest.Wait()
			}
		}
		all.Wait()
		if calls.most["a"] != 1 || calls.most["b"] != 1 || calls.most["all"] != 2 {
			t.Errorf("at most at once: %v", calls.most)
		}
		if calls.seen["a"] != "012" || calls.seen["b"] != "012" {
			t.Errorf("order %v", calls.seen)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestRunIsCutByItsContextBetweenCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(t, runner.Options{Transport: reply(429, "", "Retry-After: 60")})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		outcome, err := r.Run(ctx, []byte(track))
		if !errors.Is(err, context.DeadlineExceeded) || outcome.Status != engine.Unfinished {
			t.Errorf("outcome %s: %s, error %v", outcome.Status, outcome.Reason, err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestRunFinishesTheCallInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := newRunner(t, runner.Options{Transport: scripted(func(q *http.Request) (*http.Response, error) {
			cancel()
			time.Sleep(time.Second)
			if err := q.Context().Err(); err != nil {
				t.Errorf("the call was torn: %v", err)
			}
			return reply(200, `{}`)(q)
		})})
		outcome, err := r.Run(ctx, []byte(track))
		if outcome.Status != engine.Delivered || err != nil {
			t.Errorf("outcome %s: %s, error %v", outcome.Status, outcome.Reason, err)
		}
		outcome, err = r.Run(ctx, []byte(track))
		if outcome.Status != engine.Unfinished || !errors.Is(err, context.Canceled) || outcome.Reason != "not tried: the run was interrupted" {
			t.Errorf("afterwards: outcome %s: %s, error %v", outcome.Status, outcome.Reason, err)
		}
	})
}

func TestRunCancelledInACallBetweenOthers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newRunner(t, runner.Options{Transport: scripted(func(q *http.Request) (*http.Response, error) {
		cancel()
		return reply(200, `{"teams":[]}`)(q)
	})})
	outcome, err := r.Run(ctx, []byte(group))
	if outcome.Status != engine.Unfinished || !errors.Is(err, context.Canceled) || len(outcome.Requests) != 1 || outcome.Reason != "given up: the run was interrupted" {
		t.Errorf("outcome %+v, error %v", outcome, err)
	}
}

func TestAStopIsForGood(t *testing.T) {
	calls := 0
	r := newRunner(t, runner.Options{Transport: scripted(func(q *http.Request) (*http.Response, error) {
		calls++
		return reply(401, `{"message":"no"}`)(q)
	})})
	outcome, err := r.Run(t.Context(), []byte(track))
	first, ok := errors.AsType[*runner.StopError](err)
	if !ok || outcome.Status != engine.Unfinished || first.Status != 401 {
		t.Fatalf("outcome %s: %s, error %v", outcome.Status, outcome.Reason, err)
	}
	const want = "Acme CRM refused the credentials (status 401): check the setting token, then run again; what was not tried is unfinished"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	outcome, err = r.Run(t.Context(), []byte(identify))
	if second, ok := errors.AsType[*runner.StopError](err); !ok || second != first || calls != 1 {
		t.Errorf("afterwards %d calls, error %v", calls, err)
	}
	if outcome.Status != engine.Unfinished || outcome.Reason != "not tried: Acme CRM refused the credentials (status 401)" {
		t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
	}
	if outcome, err = r.Run(t.Context(), []byte(`{"type":"page"}`)); outcome.Status != engine.Ignored || err != nil {
		t.Errorf("an event that needs no call: %s, error %v", outcome.Status, err)
	}
}

// A buggy is a Memory with a bug where it is read, or else where it is changed.
type buggy struct{ reading bool }

func (b buggy) Recall(string) (json.RawMessage, bool) {
	if b.reading {
		note(nil)
	}
	return nil, false
}
func (buggy) Apply([]engine.Fact) { panic("ann@example.com") }

func note(people map[string]int) { people["ann@example.com"]++ }

func TestAPanicIsTheFailureOfOneEvent(t *testing.T) {
	for reading, want := range map[bool]string{
		true:  "a bug, please report it: assignment to entry in nil map in github.com/deskrules/deskrules/runner_test.note (line",
		false: "a bug, please report it: a panic (string) in github.com/deskrules/deskrules/runner_test.buggy.Apply (line",
	} {
		r := newRunner(t, runner.Options{Memory: buggy{reading}, Transport: reply(200, `{"teams":[]}`)})
		outcome := run(t, r, group)
		if outcome.Status != engine.Failed || !strings.HasPrefix(outcome.Reason, want) {
			t.Errorf("outcome %s: %s", outcome.Status, outcome.Reason)
		}
		if strings.Contains(outcome.Reason, "ann@") {
			t.Errorf("the reason tells of the event: %s", outcome.Reason)
		}
		if outcome := run(t, r, identify); outcome.Status != engine.Delivered {
			t.Errorf("the next event: %s: %s", outcome.Status, outcome.Reason)
		}
	}
}

// What was done before a panic is told, and a call that may have been taken is
// not repeated without being asked for.
func TestAPanicKeepsWhatWasDone(t *testing.T) {
	bug := scripted(func(*http.Request) (*http.Response, error) { panic("ann@example.com") })
	for _, c := range []struct {
		name, event string
		options     runner.Options
		status      engine.Status
		rule        string
		requests    int
	}{
		{"after a call that only reads", group, runner.Options{Memory: buggy{}, Transport: reply(200, `{"teams":[]}`)}, engine.Failed, "join", 1},
		{"in a call that may be repeated", identify, runner.Options{Transport: bug}, engine.Failed, "save", 0},
		{"in a call that may not", track, runner.Options{Transport: bug}, engine.Uncertain, "note", 0},
	} {
		outcome := run(t, newRunner(t, c.options), c.event)
		if outcome.Status != c.status || fmt.Sprint(outcome.Rules) != "["+c.rule+"]" || len(outcome.Requests) != c.requests {
			t.Errorf("%s: %+v", c.name, outcome)
		}
	}
}

// A spoiled is a Memory that has an unusable value for every key.
type spoiled struct{}

func (spoiled) Recall(string) (json.RawMessage, bool) { return json.RawMessage(`[1`), true }
func (spoiled) Apply([]engine.Fact)                   {}

func TestAValueThatIsNoJSONIsNotRecalled(t *testing.T) {
	r := newRunner(t, runner.Options{Memory: spoiled{}, Transport: reply(200, `{"teams":[]}`)})
	if outcome := run(t, r, group); outcome.Status != engine.Delivered || len(outcome.Requests) != 2 {
		t.Errorf("outcome %+v", outcome)
	}
}

// A call whose answer was lost is to be looked for; a run that ends before
// that must not call it untried.
func TestALostAnswerStaysUncertainWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newRunner(t, runner.Options{Transport: scripted(func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, io.ErrUnexpectedEOF
	})})
	outcome, err := r.Run(ctx, []byte(`{"type":"buy","userId":"ann"}`))
	if outcome.Status != engine.Uncertain || !errors.Is(err, context.Canceled) || len(outcome.Requests) != 1 {
		t.Errorf("outcome %+v, error %v", outcome, err)
	}
}

func TestLogsHoldNoEventDataAndNoCredentials(t *testing.T) {
	var log bytes.Buffer
	for _, last := range []int{200, 401} {
		r := newRunner(t, runner.Options{
			Clock: &leap{}, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Transport: replies(broken(errors.New("s3cret Paid ann")), reply(503, "ann"), reply(last, `{"message":"ann"}`)),
		})
		if _, err := r.Run(t.Context(), []byte(identify)); (err != nil) != (last == 401) {
			t.Errorf("error %v", err)
		}
	}
	if got := strings.Count(log.String(), "\n"); got != 5 {
		t.Errorf("%d lines", got)
	}
	for _, secret := range []string{"s3cret", "Paid", "ann", "Ann"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s:\n%s", secret, &log)
		}
	}
	if !strings.Contains(log.String(), "method=POST rule=save step=save status=503 failure=\"\" attempt=2 wait=") {
		t.Errorf("log:\n%s", &log)
	}
}
