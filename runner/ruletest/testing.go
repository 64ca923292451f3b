package ruletest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/engine"
)

// Run runs every case below a folder as a subtest named after its file, such as
// "members/new". A folder without cases fails: it is most likely misspelt.
func Run(t *testing.T, program *engine.Program, dir string, o Options) {
	t.Helper()
	files, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("%s holds no cases: no file in it ends in .txtar", dir)
	}
	for _, file := range files {
		t.Run(testName(dir, file), func(t *testing.T) {
			for _, r := range Check(t.Context(), program, []string{file}, o) {
				report(t, r)
			}
		})
	}
}

func testName(dir, file string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(file, filepath.Clean(dir)), string(filepath.Separator))
	return strings.TrimSuffix(filepath.ToSlash(name), ".txtar")
}

func report(t *testing.T, r Result) {
	t.Helper()
	switch r.Status {
	case Failed:
		t.Errorf("%s: %s\n%s", r.File, r.Title, r.Message)
	case Updated:
		t.Logf("%s: updated: %s; review the change", r.File, strings.Join(r.Changes, ", "))
	}
}
