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

func awaitText(t *testing.T, out *lockedBuffer, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(out.String(), text); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q does not come:\n%s", text, out.String())
		}
	}
}
