package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

// What is in the account, in the event and in the environment, and may not be in
// a case.
const (
	liveToken   = `l1ve+to"ken/`
	liveAccount = `{"users": [
		{"id": 7, "name": "Ada Lovelace", "email": "ada@lovelace.org", "phone": "+44 20 7946 0000", "external_id": "u1"},
		{"id": 8, "name": "Grace Hopper", "email": "ada@lovelace.org.uk", "external_id": "u8"}],
		"organizations": [{"id": 9, "name": "Analytical Engines", "external_id": "g9"}]}`
	liveEvents = `{"type":"track","userId":"u1","event":"Order Completed","timestamp":"2026-01-02T03:04:05Z",` +
		`"properties":{"note":"Ada Lovelace, call 442079460000. By ADA@lovelace.org","phone":442079460000,"shippingCity":"London","city":"Marylebone"},` +
		`"context":{"traits":{"email":"ada@lovelace.org","name":"Ada Lovelace"}}}
{"type":"group","userId":"u1","groupId":"g9","traits":{"name":"Analytical Engines","motto":"for Ada Lovelace"},"context":{"traits":{"email":"ada@lovelace.org"}}}
`
)

// A liveServer is an account on this machine that only its token opens. It
// repeats the token in what it answers, as servers do that want to help.
type liveServer struct {
	account http.Handler
	mu      sync.Mutex
	asked   []string
}

func (s *liveServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+liveToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer := httptest.NewRecorder()
	s.account.ServeHTTP(answer, r)
	var body map[string]any
	if json.Unmarshal(answer.Body.Bytes(), &body) == nil {
		body["debug"] = map[string]string{"sent_with": r.Header.Get("Authorization"), "see": "https://" + r.Host + "/agent/users"}
		answer.Body.Reset()
		_ = json.NewEncoder(answer.Body).Encode(body)
	}
	w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
	w.WriteHeader(answer.Code)
	_, _ = io.Copy(w, answer.Body)
}

// TestRecordLive records from the account that the config names, with the token of
// the environment. The case passes by itself, and shows neither what the account
// is nor who is in it.
func TestRecordLive(t *testing.T) {
	live, sim := newLive(t)
	dir := liveFolder(t)
	text := live.record(t, dir)
	for _, hidden := range []string{
		"l1ve", "acme-live", "Lovelace", "lovelace", "Hopper", "Analytical", "7946", "442079460000", "Marylebone",
	} {
		if strings.Contains(text, hidden) {
			t.Errorf("the case holds %q:\n%s", hidden, text)
		}
	}
	if len(sim.Account().Events) != 1 || len(sim.Account().Memberships) != 1 {
		t.Errorf("the account was not written to: %v", live.asked)
	}
	asked := len(live.asked)
	passes(t, filepath.Join(dir, "recorded.txtar"), text)
	if len(live.asked) != asked {
		t.Errorf("the case asked the account: %v", live.asked[asked:])
	}
}

// newLive serves the account to all requests of this process.
func newLive(t *testing.T) (*liveServer, *zendesksim.Server) {
	t.Helper()
	account, err := zendesksim.ReadAccount(strings.NewReader(liveAccount))
	if err != nil {
		t.Fatal(err)
	}
	sim, err := zendesksim.New(zendesksim.Options{Account: account})
	if err != nil {
		t.Fatal(err)
	}
	live := &liveServer{account: sim}
	goesTo(t, httptest.NewTLSServer(live))
	return live, sim
}

// goesTo has all requests of this process go to a server, whatever their host is.
// No test of this package runs beside another one.
func goesTo(t *testing.T, server *httptest.Server) {
	t.Helper()
	before := http.DefaultTransport
	t.Cleanup(func() {
		http.DefaultTransport = before
		server.Close()
	})
	client, is := server.Client().Transport.(*http.Transport)
	if !is {
		t.Fatalf("the client of the server has a %T", server.Client().Transport)
	}
	transport := client.Clone()
	transport.TLSClientConfig.ServerName = "example.com" // which the certificate is of
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server.Listener.Addr().String())
	}
	http.DefaultTransport = transport
}

// liveFolder has a config that names the account, and events.
func liveFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"deskrules.yaml": "destination: zendesk\nsettings: {domain: acme-live, accessToken: '${LIVE_TOKEN}', sourceName: Shop}\n",
		"events.ndjson":  liveEvents,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (s *liveServer) record(t *testing.T, dir string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	token := func(name string) (string, bool) { return liveToken, name == "LIVE_TOKEN" }
	args := []string{"record", "--live", "--config", filepath.Join(dir, "deskrules.yaml"), filepath.Join(dir, "events.ndjson")}
	status := run(t.Context(), args, shell{out: &out, err: &complaints, env: token})
	if status != statusDone || complaints.Len() > 0 {
		t.Fatalf("status %d: %s\nasked: %v", status, &complaints, s.asked)
	}
	return out.String()
}

// passes plays a case as deskrules test does, without the config.
func passes(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if status := run(t.Context(), []string{"test", file}, shell{out: &out, err: &out, env: os.LookupEnv}); status != statusDone {
		t.Errorf("status %d\n%s\n%s", status, &out, text)
	}
}
