package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A lockedBuffer may be read while somebody writes.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// TestWatchedCases saves a case that then passes, and sees it run again.
func TestWatchedCases(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.txtar")
	const passing = "A page event is ignored.\n\n-- event.json --\n{\"type\":\"page\"}\n-- want --\n" +
		"outcome: ignored\nreason: no rule takes \"page\" events, only identify, track, group\n"
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.Replace(passing, "ignored\n", "delivered\n", 1))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out lockedBuffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"test", "--watch", filepath.Dir(file)}, shell{out: &out, err: &out, env: os.LookupEnv})
	}()
	awaitText(t, &out, "0 passed, 1 failed\nrules: built in\ndeskrules: waiting for a change\n")
	write(passing)
	awaitText(t, &out, "1 passed, 0 failed\nrules: built in\ndeskrules: waiting for a change\n")
	stop()
	if status := <-ended; status != statusDone {
		t.Errorf("status %d", status)
	}
}

// TestWatchedReport shows that a report in the folder that is watched is no
// reason to run the cases again.
func TestWatchedReport(t *testing.T) {
	folder := t.TempDir()
	const passing = "A case.\n\n-- event.json --\n{\"type\":\"page\"}\n-- want --\n"
	if err := os.WriteFile(filepath.Join(folder, "page.txtar"), []byte(passing), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out lockedBuffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"test", "--watch", "--junit", filepath.Join(folder, "report.xml"), folder}, shell{out: &out, err: &out, env: os.LookupEnv})
	}()
	awaitText(t, &out, "waiting for a change\n")
	time.Sleep(3 * watchEvery)
	stop()
	<-ended
	if n := strings.Count(out.String(), "waiting"); n != 1 {
		t.Errorf("the cases ran %d times", n)
	}
}

func awaitText(t *testing.T, out *lockedBuffer, text string) {
	t.Helper()
	if out.await(text, 0) < 0 {
		t.Fatalf("%q does not come:\n%s", text, out.String())
	}
}

// await waits until a text stands behind a place, and gives the place behind it;
// -1 where it does not come in time, or the place is none.
func (b *lockedBuffer) await(text string, from int) int {
	for deadline := time.Now().Add(20 * time.Second); from >= 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if i := strings.Index(b.String()[from:], text); i >= 0 {
			return from + i + len(text)
		}
	}
	return -1
}
