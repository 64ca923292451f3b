package runner_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// upgrade answers with 101 and keeps the connection, as a WebSocket server does.
func upgrade(released <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
		<-released
	}
}

func TestAnAnswerThatChangesTheProtocolEndsTheCall(t *testing.T) {
	released := make(chan struct{})
	server := httptest.NewServer(upgrade(released))
	defer server.Close()
	defer close(released)
	var calls []runner.Call
	r := newRunner(t, runner.Options{
		BaseURL: server.URL, Clock: &leap{}, Observe: func(call runner.Call) { calls = append(calls, call) },
	})
	ended := make(chan engine.Outcome, 1)
	go func() { ended <- run(t, r, track) }()
	select {
	case outcome := <-ended:
		if outcome.Status != engine.Uncertain || calls[0].Failure != engine.Unreadable || calls[0].Status != 101 {
			t.Errorf("outcome %s: %s, calls %+v", outcome.Status, outcome.Reason, calls)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it hangs")
	}
}

// The body gives nothing until it is closed.
func TestABodyWithoutAnEndEndsWithTheTimeout(t *testing.T) {
	r := newRunner(t, runner.Options{
		Clock: &leap{}, Timeout: 50 * time.Millisecond, Transport: scripted(func(q *http.Request) (*http.Response, error) {
			reader, _ := io.Pipe()
			return &http.Response{StatusCode: 200, Body: reader, Request: q}, nil
		}),
	})
	outcome := run(t, r, group)
	if outcome.Requests[0].Failure != engine.Timeout {
		t.Errorf("outcome %s: %s, requests %+v", outcome.Status, outcome.Reason, outcome.Requests)
	}
}

// A refusal whose body does not arrive whole is still that refusal. One that
// broke off is asked for again before, since its words may matter.
func TestTheStatusLineOfARefusalDecides(t *testing.T) {
	torn := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(422)
		_, _ = io.WriteString(w, `{"message":`)
	}
	long := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(422)
		_, _ = io.WriteString(w, `{"message":"`+strings.Repeat("x", 100)+`"}`)
	}
	for name, handler := range map[string]http.HandlerFunc{"torn": torn, "too long": long} {
		attempts := map[string]int{"torn": 4, "too long": 1}[name]
		for _, event := range []string{identify, group} {
			var calls []runner.Call
			r := newRunner(t, runner.Options{
				BaseURL: faulty(t, handler), Clock: &leap{}, Limits: engine.Limits{ReplyBytes: 90},
				Observe: func(call runner.Call) { calls = append(calls, call) },
			})
			outcome := run(t, r, event)
			if outcome.Status != engine.Failed || len(calls) != 1 || calls[0].Status != 422 || calls[0].Attempts != attempts {
				t.Errorf("%s: %s (%s), calls %+v", name, outcome.Status, outcome.Reason, calls)
			}
		}
	}
}

// Some servers repeat the credentials when they complain about them.
func TestCredentialsInAnswersAreTakenOut(t *testing.T) {
	const token = "s3cr/t+value=="
	basic := base64.StdEncoding.EncodeToString([]byte("ann:" + token))
	for name, authentication := range map[string]string{
		"bearer": `{needs: [token], bearer: '{config.token}'}`,
		"basic":  `{needs: [token], basic: {user: ann, password: '{config.token}'}}`,
		"header": `{needs: [token], headers: {X-Api-Key: 'Key {config.token}', X-Partner: acme-crm}}`,
	} {
		for _, body := range []string{
			`{"code":"X","message":"bad header Authorization: %s"}`, "<p>Authorization: %s</p>",
		} {
			t.Run(name, func(t *testing.T) {
				r := newRunnerWith(t, authentication, token, scripted(func(q *http.Request) (*http.Response, error) {
					sent := q.Header.Get("Authorization") + q.Header.Get("X-Api-Key")
					escaped := strings.ReplaceAll(sent, "/", `\/`) + " acme-crm"
					return reply(400, fmt.Sprintf(body, sent+" "+escaped))(q)
				}))
				outcome := run(t, r, identify)
				var kept bytes.Buffer
				if err := runner.NewDeadLetters(&kept).Write(runner.Result{Outcome: outcome}); err != nil {
					t.Fatal(err)
				}
				for _, secret := range []string{"s3cr", basic[:20]} {
					if strings.Contains(outcome.Reason+kept.String(), secret) {
						t.Errorf("%s shows: %s\n%s", secret, outcome.Reason, kept.String())
					}
				}
				if !strings.Contains(kept.String(), "***") || !strings.Contains(kept.String(), "acme-crm") {
					t.Errorf("the answer is %s", kept.String())
				}
			})
		}
	}
}

// newRunnerWith is a Runner of the made-up destination with another way to
// authenticate.
func newRunnerWith(t *testing.T, authentication, token string, transport http.RoundTripper) *runner.Runner {
	t.Helper()
	files := crm()
	own := string(files["crm/destination.yaml"].Data)
	before, _, _ := strings.Cut(own, "authentication:")
	_, after, _ := strings.Cut(own, "errors:")
	changed := before + "authentication:\n  - " + authentication + "\nerrors:" + after
	files["crm/destination.yaml"] = &fstest.MapFile{Data: []byte(changed)}
	program, err := engine.Load(files, "crm")
	if err != nil {
		t.Fatal(err)
	}
	r, err := runner.New(program, runner.Options{Settings: map[string]any{"token": token}, Transport: transport, Clock: &leap{}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
