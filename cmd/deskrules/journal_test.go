package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// An eventCounter is an account that outlives the processes that use it, and
// counts how often it was given each event that must not be given twice.
type eventCounter struct {
	account http.Handler

	mu    sync.Mutex
	seen  map[string]int
	until int           // so many calls, when full is closed
	full  chan struct{} // nil where nobody waits for it
}

// after gives a channel that is closed when so many more calls have come.
func (c *eventCounter) after(calls int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until, c.full = calls, make(chan struct{})
	return c.full
}

func (c *eventCounter) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until--; c.until == 0 {
		close(c.full)
	}
}

func (c *eventCounter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.count()
	time.Sleep(5 * time.Millisecond)
	if body, err := io.ReadAll(r.Body); err == nil {
		c.note(body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	c.account.ServeHTTP(w, r)
}

func (c *eventCounter) note(body []byte) {
	var sent struct {
		Event struct {
			Properties struct{ Number string }
		}
	}
	if json.Unmarshal(body, &sent) != nil || sent.Event.Properties.Number == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[sent.Event.Properties.Number]++
}

// A run that is killed again and again, by SIGKILL, comes to its end all the
// same. Nothing is sent twice, and report and dead letters are as of one run.
func TestKilledRunsGoOn(t *testing.T) {
	const events, kills = 150, 10
	folder := t.TempDir()
	accountFile := filepath.Join(folder, "account.json")
	writeUsers(t, accountFile)
	account, err := newSimulator(simulated, accountFile)
	if err != nil {
		t.Fatal(err)
	}
	counter := &eventCounter{account: account, seen: map[string]int{}}
	server := httptest.NewServer(counter)
	defer server.Close()
	writeTracks(t, filepath.Join(folder, "events.ndjson"), events)
	for range kills {
		full := counter.after(1 + rand.IntN(15))
		command, output := journaledRun(t, folder, server.URL)
		ended := make(chan struct{})
		go func() {
			select {
			case <-full:
			case <-ended:
			}
			_ = command.Process.Kill()
		}()
		_ = command.Wait()
		close(ended)
		if command.ProcessState.Exited() {
			t.Fatalf("it ended before it was killed\n%s", output)
		}
	}
	command, output := journaledRun(t, folder, server.URL)
	var ended *exec.ExitError
	if err := command.Wait(); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	uncertain := checkReport(t, folder, events, counter)
	if command.ProcessState.ExitCode() > statusUndelivered || uncertain > 8*kills {
		t.Errorf("%d uncertain, status %d\n%s", uncertain, command.ProcessState.ExitCode(), output)
	}
	t.Logf("%d of %d uncertain after %d kills", uncertain, events, kills)
}

// writeUsers writes an account that has the users of the events, as they take a
// second each to be made.
func writeUsers(t *testing.T, name string) {
	t.Helper()
	var users []string
	for i := range 20 {
		users = append(users, fmt.Sprintf(`{"name":"User %d","external_id":"u-%d"}`, i, i))
	}
	if err := os.WriteFile(name, []byte(`{"users":[`+strings.Join(users, ",")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeTracks(t *testing.T, name string, n int) {
	t.Helper()
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, `{"type":"track","messageId":"m-%d","userId":"u-%d","event":"Paid","properties":{"number":"n-%d"}}`+"\n", i, i%20, i)
	}
	if err := os.WriteFile(name, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// journaledRun starts this test's binary as the command: see TestMain.
func journaledRun(t *testing.T, folder, url string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	command := exec.Command(program)
	command.Args = []string{
		"deskrules", "run", "--base-url", url + "/api/v2/", "--journal", "run.journal",
		"--report", "report.ndjson", "--dead-letter", "dead.ndjson", "events.ndjson",
	}
	command.Dir, command.Stdout, command.Stderr = folder, &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command, &output
}

// checkReport compares the report with what the account was given, and gives
// how many events stayed uncertain.
func checkReport(t *testing.T, folder string, events int, counter *eventCounter) (uncertain int) {
	t.Helper()
	counter.mu.Lock() // calls of killed runs may still be coming
	defer counter.mu.Unlock()
	outcomes := map[int]string{}
	for _, line := range jsonLines(t, filepath.Join(folder, "report.ndjson")) {
		if outcomes[line.Line] != "" {
			t.Errorf("the report has line %d twice", line.Line)
		}
		outcomes[line.Line] = line.Outcome
	}
	for line := 1; line <= events; line++ {
		number := fmt.Sprintf("n-%d", line-1)
		switch outcome, n := outcomes[line], counter.seen[number]; {
		case outcome == "uncertain" && n <= 1:
			uncertain++
		case outcome != "delivered" || n != 1:
			t.Errorf("line %d is %q and was sent %d times", line, outcome, n)
		}
	}
	letters := jsonLines(t, filepath.Join(folder, "dead.ndjson"))
	if len(outcomes) != events || len(letters) != uncertain {
		t.Errorf("%d lines in the report, %d dead letters for %d", len(outcomes), len(letters), uncertain)
	}
	return uncertain
}

type recordLine struct {
	Line    int
	Outcome string
}

func jsonLines(t *testing.T, name string) (lines []recordLine) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var one recordLine
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatalf("%s: %v: %s", name, err, line)
		}
		lines = append(lines, one)
	}
	return lines
}
