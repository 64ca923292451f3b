package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

func errRefused() error { return syscall.ECONNREFUSED }

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// An issuer gives tokens that last for a while and lets no other pass.
type issuer struct {
	life    time.Duration
	refuses func(url.Values) *http.Response // nil gives a token

	mu     sync.Mutex
	given  int
	until  time.Time
	calls  int
	asked  url.Values
	hosts  map[string]bool
	denied int
}

func (s *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts == nil {
		s.hosts = map[string]bool{}
	}
	s.hosts[r.URL.Host] = true
	if r.URL.Path == "/oauth/tokens" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.asked, _ = url.ParseQuery(string(body))
		if s.refuses != nil {
			return s.refuses(s.asked), nil
		}
		s.given++
		s.until = time.Now().Add(s.life)
		return reply(200, fmt.Sprintf(`{"access_token":"token-%d","token_type":"bearer","expires_in":%d}`, s.given, int(s.life.Seconds())), "Content-Type: application/json")(r)
	}
	s.calls++
	if r.Header.Get("Authorization") != fmt.Sprintf("Bearer token-%d", s.given) || !time.Now().Before(s.until) {
		s.denied++
		return reply(401, `{"message":"`+r.Header.Get("Authorization")+` is not good any more"}`)(r)
	}
	return reply(200, "{}")(r)
}

func newClientRunner(t *testing.T, o runner.Options) *runner.Runner {
	t.Helper()
	files := crm()
	own := string(files["crm/destination.yaml"].Data)
	own = strings.Replace(own, "authentication:\n", `authentication:
  - needs: [id, secret]
    client_credentials: {url: /oauth/tokens, id: '{config.id}', secret: '{config.secret}', scope: read write}
`, 1)
	own = strings.Replace(own, "settings:\n", `settings:
  id:     {type: string, title: Client}
  secret: {type: string, secret: true, title: Client secret}
`, 1)
	own = strings.Replace(own, "required: true, secret: true, title: Access token", "secret: true, title: Access token", 1)
	files["crm/destination.yaml"] = &fstest.MapFile{Data: []byte(own)}
	program, err := engine.Load(files, "crm")
	if err != nil {
		t.Fatal(err)
	}
	o.Settings = map[string]any{"id": "deskrules", "secret": "client-s3cret"}
	r, err := runner.New(program, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Tokens are renewed before they expire, once for all events that need them.
func TestTokensAreRenewedBeforeTheyExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		destination := &issuer{life: time.Minute}
		r := newClientRunner(t, runner.Options{Transport: destination, Concurrency: 4})
		results, err := deliver(t.Context(), r, people(1200, func(i int) string { return fmt.Sprint(i) }))
		if ended := count(t, results, 1200); err != nil || ended[engine.Delivered] != 1200 {
			t.Errorf("outcomes %v, error %v", ended, err)
		}
		// 300 seconds of calls, and a new token each 50.
		if destination.denied != 0 || destination.given < 6 || destination.given > 7 {
			t.Errorf("%d tokens were given, %d calls denied", destination.given, destination.denied)
		}
		if len(destination.hosts) != 1 || !destination.hosts["crm.example"] {
			t.Errorf("hosts %v", destination.hosts)
		}
		want := url.Values{"grant_type": {"client_credentials"}, "client_id": {"deskrules"}, "client_secret": {"client-s3cret"}, "scope": {"read write"}}
		if destination.asked.Encode() != want.Encode() {
			t.Errorf("asked with %v", destination.asked)
		}
	})
}

// A token that is refused before its time is renewed once for all events.
func TestARefusedTokenIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		destination := &issuer{life: time.Hour}
		r := newClientRunner(t, runner.Options{Transport: destination, Concurrency: 4})
		go func() {
			time.Sleep(20 * time.Second)
			destination.mu.Lock()
			defer destination.mu.Unlock()
			destination.until = time.Now()
		}()
		results, err := deliver(t.Context(), r, people(200, func(i int) string { return fmt.Sprint(i) }))
		if ended := count(t, results, 200); err != nil || ended[engine.Delivered] != 200 {
			t.Errorf("outcomes %v, error %v", ended, err)
		}
		if destination.given != 2 || destination.denied > 4 {
			t.Errorf("%d tokens were given, %d calls denied", destination.given, destination.denied)
		}
	})
}

func TestANewTokenThatIsRefusedStopsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		destination := &issuer{}
		r := newClientRunner(t, runner.Options{Transport: destination, Concurrency: 1})
		results, err := deliver(t.Context(), r, people(20, func(i int) string { return fmt.Sprint(i) }))
		stop, ok := errors.AsType[*runner.StopError](err)
		if !ok || stop.Status != 401 || destination.calls != 2 {
			t.Errorf("%d calls, error %v", destination.calls, err)
		}
		if reason := results[0].Outcome.Reason; strings.Contains(reason, "token-") {
			t.Errorf("the reason repeats the token: %s", reason)
		}
	})
}

func TestNoToken(t *testing.T) {
	answer := func(status int, body string) func(url.Values) *http.Response {
		return func(asked url.Values) *http.Response {
			a, _ := reply(status, strings.ReplaceAll(body, "SECRET", asked.Get("client_secret")), "Content-Type: application/json", "Location: https://elsewhere.example/")(nil)
			return a
		}
	}
	for _, c := range []struct {
		name    string
		refuses func(url.Values) *http.Response
		stops   string
		took    time.Duration
	}{
		{"the client is refused", answer(401, `{"error":"invalid_client","error_description":"SECRET is wrong"}`),
			"Acme CRM gives no access token for the client (status 401): check the client's id, secret and scope, then run again; what was not tried is unfinished", 0},
		{"the scope is refused", answer(400, `{"error":"invalid_scope"}`),
			"Acme CRM gives no access token for the client (status 400): check the client's id, secret and scope, then run again; what was not tried is unfinished", 0},
		{"led elsewhere", answer(302, `{}`), "Acme CRM gives no access token for the client (status 302): check the client's id, secret and scope, then run again; what was not tried is unfinished", 0},
		{"out of order", answer(500, `SECRET`),
			"", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				destination := &issuer{refuses: c.refuses}
				r := newClientRunner(t, runner.Options{Transport: destination})
				outcome, err := r.Run(t.Context(), []byte(identify))
				if got := fmt.Sprint(err); err != nil && got != c.stops || err == nil && c.stops != "" {
					t.Errorf("error %v", err)
				}
				if outcome.Status != engine.Unfinished || strings.Contains(outcome.Reason+fmt.Sprint(err), "s3cret") || destination.hosts["elsewhere.example"] {
					t.Errorf("outcome %+v", outcome)
				}
			})
		})
	}
}
