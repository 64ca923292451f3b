package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
)

func TestInterruptedVerbs(t *testing.T) {
	t.Chdir("../..")
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"run", "--simulate", "examples/events.ndjson"},
		{"eval", "examples/events.ndjson"},
		{"test", "rules_test"},
	} {
		var out bytes.Buffer
		if status := run(interrupted, args, shell{out: &out, err: &out, env: os.LookupEnv}); status != statusInterrupted {
			t.Errorf("%s: status %d\n%s", args[0], status, &out)
		}
	}
}

func TestOpenPath(t *testing.T) {
	for path, want := range map[string]string{
		"users/create_or_update.json":              "users/create_or_update.json",
		"users/26140000000001/events":              "users/{id}/events",
		"users/7.json":                             "users/{id}.json",
		"people/u-1815-ab/notes":                   "people/{id}/notes",
		"api/v2/search.json":                       "api/v2/search.json",
		"orders/5e0f0000-0000-4000-8000-0000/line": "orders/{id}/line",
		"": "",
	} {
		if got := openPath(path); got != want {
			t.Errorf("openPath(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"events.ndjson": "events.ndjson",
		"my events":     "'my events'",
		"it's":          `'it'\''s'`,
		"$(reboot)":     "'$(reboot)'",
		"":              "''",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", word, got, want)
		}
	}
}

// TestRemarks shows that the first event in the input is named, in whichever
// order events end, and that memory is bounded.
func TestRemarks(t *testing.T) {
	var made remarks
	for _, at := range []place{{file: "a", line: 9}, {file: "a", line: 2}, {input: 1, file: "b", line: 1}} {
		made.add(remark{at: at, status: engine.Failed, text: "no"})
	}
	if first := made.sorted()[0]; first.at.String() != "a:2" || first.times != 3 {
		t.Errorf("%s, %d times", first.at, first.times)
	}
	for i := range 2 * maxReasons {
		made.add(remark{text: strings.Repeat("x", i)})
	}
	if len(made.list) != maxReasons || made.more != maxReasons+1 {
		t.Errorf("%d kept, %d more", len(made.list), made.more)
	}
}

// TestTeller shows that waits are told now and then, and errors never: the
// command itself does.
func TestTeller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told bytes.Buffer
		log := slog.New(newTeller(&told))
		log.Error("the run stops")
		for range 3 {
			log.Warn("waiting to call again", "status", 429, "failure", "", "wait", 30*time.Second)
		}
		time.Sleep(tellEvery)
		log.Warn("waiting to call again", "failure", "timeout")
		want := "deskrules: waiting to call again (status 429, wait 30s)\ndeskrules: waiting to call again (failure timeout)\n"
		if told.String() != want {
			t.Errorf("got:\n%swant:\n%s", &told, want)
		}
	})
}

// TestSimulatorLog shows that neither ids nor queries get into the log.
func TestSimulatorLog(t *testing.T) {
	var told bytes.Buffer
	handler := logged(shell{err: &told}, http.NotFoundHandler())
	request := httptest.NewRequest(http.MethodGet, "/api/v2/users/26140000000001?query=ada@example.com", nil)
	handler.ServeHTTP(httptest.NewRecorder(), request)
	if want := "404 GET /api/v2/users/{id}\n"; told.String() != want {
		t.Errorf("%q, want %q", &told, want)
	}
}
