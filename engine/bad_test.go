package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/engine"
)

// plainRule is what a destination file of testdata/bad goes with.
const plainRule = "rule: sync\nevent: sync\nsteps:\n  - put: things\n"

// Each file of testdata/bad holds one kind of mistake. A comment behind three
// hashes says what is found on its line: a part of the message, or several with
// three hashes between them. What is found and not expected fails as well as
// what is expected and not found.
func TestBad(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "bad", "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			bad, sections := "sync.yaml", map[string]string{"sync.yaml": string(data)}
			if strings.Contains("\n"+string(data), "\ndestination:") {
				bad, sections = "destination.yaml", map[string]string{"destination.yaml": string(data), "sync.yaml": plainRule}
			}
			want := expectedFindings(string(data))
			if len(want) == 0 {
				t.Error("the file expects nothing")
			}
			for _, d := range findings(t, sections) {
				if d.At.File != bad {
					t.Errorf("found elsewhere: %s", d)
				} else if !takeFinding(want, d) {
					t.Errorf("not expected:\n%s", d)
				}
			}
			for line, parts := range want {
				for _, part := range parts {
					t.Errorf("%s:%d: not found: %s", name, line, part)
				}
			}
		})
	}
}

// expectedFindings gives the parts of messages by their lines.
func expectedFindings(file string) map[int][]string {
	want := map[int][]string{}
	for i, line := range strings.Split(file, "\n") {
		for _, part := range strings.Split(line, " ### ")[1:] {
			want[i+1] = append(want[i+1], strings.TrimSpace(part))
		}
	}
	return want
}

// findings loads the files and gives everything that is found.
func findings(t *testing.T, sections map[string]string) engine.Diagnostics {
	t.Helper()
	program, err := engine.Load(files(sections), ".")
	if err == nil {
		return program.Warnings()
	}
	var found engine.Diagnostics
	if !errors.As(err, &found) {
		t.Fatal(err)
	}
	return found
}

// takeFinding takes what expects a finding out of what is wanted.
func takeFinding(want map[int][]string, d engine.Diagnostic) bool {
	message := d.Severity.String() + ": " + d.Summary + " " + d.Detail
	for i, part := range want[d.At.Line] {
		if strings.Contains(message, part) {
			want[d.At.Line] = append(want[d.At.Line][:i:i], want[d.At.Line][i+1:]...)
			return true
		}
	}
	return false
}
