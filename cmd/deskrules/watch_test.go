package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWatch evaluates once at the start and once for each save, whatever goes
// wrong in between.
func TestWatch(t *testing.T) {
	name := filepath.Join(t.TempDir(), "event.json")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var said bytes.Buffer
	done := 0
	err := watch(ctx, nil, shell{err: &said}, func() []string { return []string{name} }, func() error {
		if done++; done == 4 {
			cancel()
			return context.Canceled
		}
		text := bytes.Repeat([]byte("x"), done)
		time.AfterFunc(2*watchEvery, func() { _ = os.WriteFile(name, text, 0o600) })
		if done == 2 {
			return errors.New("half a file")
		}
		return exitStatus(statusUndelivered)
	})
	if err != nil || done != 4 {
		t.Errorf("%d evaluations, %v", done, err)
	}
	if !bytes.Contains(said.Bytes(), []byte("deskrules: half a file\n")) {
		t.Errorf("said %q", &said)
	}
}
