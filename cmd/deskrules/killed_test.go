package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

// workers is how many events a run works on at once.
const workers = 8

// A witness is an account that outlives the processes which use it, and notes
// what every call did to it.
type witness struct {
	account *zendesksim.Server
	log     zendesksim.Log
	server  *httptest.Server
}

// newWitness has an account whose calls take a while, or no kill would find one.
func newWitness(t *testing.T, latency time.Duration) *witness {
	t.Helper()
	w := &witness{}
	account, err := zendesksim.New(zendesksim.Options{Observe: w.log.Add})
	if err != nil {
		t.Fatal(err)
	}
	w.account = account
	w.server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		time.Sleep(latency)
		account.ServeHTTP(out, r)
	}))
	t.Cleanup(w.server.Close)
	return w
}

// deliver starts this test's binary as the command, with a journal: see TestMain.
func (w *witness) deliver(t *testing.T, folder string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	command := exec.Command(program)
	command.Args = []string{
		"deskrules", "run", "--base-url", w.server.URL + "/api/v2/", "--unlimited", "--concurrency", fmt.Sprint(workers),
		"--journal", "run.journal", "--report", "report.ndjson", "--dead-letter", "dead.ndjson", "events.ndjson",
	}
	command.Dir, command.Stdout, command.Stderr = folder, &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command, &output
}

// kill runs the command until a random moment, and reports false where it ended
// before.
func (w *witness) kill(t *testing.T, folder string, most time.Duration) bool {
	t.Helper()
	command, _ := w.deliver(t, folder)
	timer := time.AfterFunc(time.Duration(rand.Int64N(int64(most))), func() { _ = command.Process.Kill() })
	defer timer.Stop()
	_ = command.Wait()
	return !command.ProcessState.Exited()
}

// A run that is killed at random moments, and run again each time, leaves the
// account as a run without them. No write that was known to have succeeded is
// made again: what is, was in flight, of which there is one for each worker.
func TestKilledRunsLeaveTheSameAccount(t *testing.T) {
	events, kills, latency := 500, 8, 5*time.Millisecond
	if os.Getenv("SOAK") != "" {
		events, kills, latency = 10_000, 200, 20*time.Millisecond
	}
	const most = 400 * time.Millisecond // until a kill
	folder := t.TempDir()
	writeMixed(t, filepath.Join(folder, "events.ndjson"), events)
	disturbed, calm := newWitness(t, latency), newWitness(t, 0)
	killed := 0
	for range kills {
		if disturbed.kill(t, folder, most) {
			killed++
		}
	}
	disturbed.end(t, folder)
	uncertain := uncertainLines(t, folder, events)
	calmFolder := t.TempDir()
	writeMixed(t, filepath.Join(calmFolder, "events.ndjson"), events)
	calm.end(t, calmFolder)
	if diff := gocmp.Diff(calm.holds(uncertain), disturbed.holds(uncertain)); diff != "" {
		t.Errorf("the account (-undisturbed +got):\n%s", diff)
	}
	again := disturbed.repeated(t)
	if again > workers*killed {
		t.Errorf("%d writes were made again by %d kills", again, killed)
	}
	t.Logf("%d kills of %d runs, %d writes made again, %d of %d events uncertain", killed, kills, again, len(uncertain), events)
}

// end runs the command to its end.
func (w *witness) end(t *testing.T, folder string) {
	t.Helper()
	command, output := w.deliver(t, folder)
	err := command.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != statusUndelivered) {
		t.Fatalf("%v\n%s", err, output)
	}
}

// repeated counts the writes that took effect again. Tracked events must not.
func (w *witness) repeated(t *testing.T) (again int) {
	t.Helper()
	for identity, entries := range w.log.Repeated() {
		again += len(entries) - 1
		if entries[0].Method == http.MethodPost && strings.HasPrefix(entries[0].Action, "users/events") {
			t.Errorf("took effect %d times: %s", len(entries), identity)
		}
	}
	return again
}

// holds is what the account holds, without the events that may or may not be
// there.
func (w *witness) holds(uncertain map[int]bool) string {
	account := w.account.Account()
	account.Events = slices.DeleteFunc(account.Events, func(e zendesksim.Event) bool {
		for line := range uncertain {
			if fmt.Sprint(e.Properties["line"]) == fmt.Sprint(line) {
				return true
			}
		}
		return false
	})
	return account.Canonical()
}

// uncertainLines reads the report, in which each event stands once.
func uncertainLines(t *testing.T, folder string, events int) map[int]bool {
	t.Helper()
	uncertain, seen := map[int]bool{}, map[int]bool{}
	for _, line := range jsonLines(t, filepath.Join(folder, "report.ndjson")) {
		switch {
		case seen[line.Line]:
			t.Errorf("line %d is in the report twice", line.Line)
		case line.Outcome == "uncertain":
			uncertain[line.Line] = true
		case line.Outcome != "delivered":
			t.Errorf("line %d ended %s", line.Line, line.Outcome)
		}
		seen[line.Line] = true
	}
	if len(seen) != events {
		t.Errorf("the report has %d of %d events", len(seen), events)
	}
	return uncertain
}

// writeMixed writes events of every kind, no two of them alike.
func writeMixed(t *testing.T, name string, n int) {
	t.Helper()
	var lines strings.Builder
	for i := range n {
		user := i * 7 % (1 + n/10)
		traits := fmt.Sprintf(`{"name":"User %d","email":"user%d@example.com","step":"%d"}`, user, user, i)
		switch i % 4 {
		case 0:
			fmt.Fprintf(&lines, `{"type":"identify","userId":"u-%d","traits":%s}`, user, traits)
		case 3:
			fmt.Fprintf(&lines, `{"type":"group","userId":"u-%d","groupId":"g-%d","traits":{"name":"Group %d","step":"%d"},"context":{"traits":%s}}`,
				user, user%5, user%5, i, traits)
		default:
			at := time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC).Format(time.RFC3339)
			fmt.Fprintf(&lines, `{"type":"track","userId":"u-%d","event":"Paid","timestamp":%q,"properties":{"line":"%d"},"context":{"traits":%s}}`, user, at, i+1, traits)
		}
		lines.WriteByte('\n')
	}
	if err := os.WriteFile(name, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
