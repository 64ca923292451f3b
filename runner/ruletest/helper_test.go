package ruletest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// A checked case is a result and the file it is about.
type checked struct{ ruletest.Result }

// text returns the file as it is now.
func (c checked) text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(c.File)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// check writes a case to a file and runs it.
func check(t *testing.T, program *engine.Program, text string, o ruletest.Options) checked {
	t.Helper()
	file := filepath.Join(t.TempDir(), "case.txtar")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	results := ruletest.Check(t.Context(), program, []string{file}, o)
	if len(results) != 1 {
		t.Fatalf("want 1 result, got %d", len(results))
	}
	return checked{results[0]}
}

func compare(t *testing.T, what, got, want string) {
	t.Helper()
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("%s (-want +got):\n%s", what, difference)
	}
}
