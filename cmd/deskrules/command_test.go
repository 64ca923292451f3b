package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// A destination that refuses the credentials is told of at once, and the end of
// an input is not waited for that is still being written.
func TestAStopEndsALiveInput(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(refuse))
	defer server.Close()
	reader, writer := io.Pipe()
	defer writer.Close()
	go func() {
		for i := range 3 {
			fmt.Fprintf(writer, `{"type":"identify","userId":"u-%d","traits":{"name":"Ada"}}`+"\n", i)
		}
		fmt.Fprint(writer, `{"type":"iden`)
	}()
	var out, complaints bytes.Buffer
	status := run(t.Context(), []string{"run", "--base-url", server.URL, "-", "command_test.go"},
		shell{in: reader, out: &out, err: &complaints, env: os.LookupEnv})
	if status != statusWrong || strings.Count(complaints.String(), "refused the credentials") != 1 {
		t.Errorf("status %d\n%s", status, &complaints)
	}
	if !strings.Contains(complaints.String(), "what comes after line 3 of stdin was not tried; not begun:\n") {
		t.Errorf("the place is not told:\n%s", &complaints)
	}
	if !strings.HasPrefix(out.String(), "3 events: 3 unfinished\n") {
		t.Errorf("the summary is\n%s", &out)
	}
}

// A pipe that nobody writes to must not hold a run that is to end.
func TestAPipeWithoutAWriterCanBeInterrupted(t *testing.T) {
	for _, args := range [][]string{
		{"run", "--simulate", "PIPE"},
		{"run", "--simulate", "command_test.go", "--report", "PIPE"},
		{"eval", "PIPE"},
	} {
		// Each has a pipe of its own, or one would write to the other.
		pipe := filepath.Join(t.TempDir(), "pipe")
		if err := exec.Command("mkfifo", pipe).Run(); err != nil {
			t.Skip("there are no named pipes here")
		}
		args[len(args)-1] = pipe
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		ended := make(chan int, 1)
		go func() { ended <- run(ctx, args, shell{out: io.Discard, err: io.Discard, env: os.LookupEnv}) }()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Errorf("%q hangs", args)
		}
		cancel()
	}
}

// Thousands of inputs are no reason for thousands of open files, nor for all of
// them in memory.
func TestInputsAreOpenedOneAfterTheOther(t *testing.T) {
	name := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(name, []byte(`{"type":"page"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := findInputs(slices.Repeat([]string{name}, 100), nil)
	if err != nil {
		t.Fatal(err)
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil && len(open) > 80 {
		t.Errorf("%d files are open", len(open))
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := files[0].open(t.Context(), nil); err == nil {
		t.Error("the file was open already")
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
