package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestWatchSaysWhatChanged names the file and the time, and does not repeat what
// comes out as before.
func TestWatchSaysWhatChanged(t *testing.T) {
	dir := t.TempDir()
	files := []string{filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var said bytes.Buffer
	done := 0
	err := watch(ctx, nil, shell{out: &said, err: &said}, func() []string { return files }, func(sh shell) error {
		if done++; done == 4 {
			cancel()
			return nil
		}
		fmt.Fprintln(sh.out, "outcome", done/3)
		saved, text := files[done%2], bytes.Repeat([]byte("x"), done)
		// At once, or half of it would be a change of its own.
		time.AfterFunc(2*watchEvery, func() {
			_ = os.WriteFile(saved+".new", text, 0o600)
			_ = os.Rename(saved+".new", saved)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^outcome 0\ndeskrules: waiting for a change\n` +
		`\ndeskrules: \d\d:\d\d:\d\d \S*b.yaml changed\ndeskrules: unchanged\ndeskrules: waiting for a change\n` +
		`\ndeskrules: \d\d:\d\d:\d\d \S*a.yaml changed\noutcome 1\ndeskrules: waiting for a change\n\ndeskrules: .*b.yaml changed\n`)
	if text := strings.ReplaceAll(said.String(), "\n  ", " "); !want.MatchString(text) {
		t.Errorf("said\n%s", text)
	}
}

// TestWatch evaluates once at the start and once for each save, whatever goes
// wrong in between.
func TestWatch(t *testing.T) {
	name := filepath.Join(t.TempDir(), "event.json")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var said bytes.Buffer
	done := 0
	err := watch(ctx, nil, shell{out: &said, err: &said}, func() []string { return []string{name} }, func(shell) error {
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
