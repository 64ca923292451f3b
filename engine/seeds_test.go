package engine

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// goldenEvents gives the events of all golden cases, as they stand there.
func goldenEvents(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"../rules_test/*/*.txtar", "../examples/*/cases/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no golden cases in %s: %v", pattern, err)
		}
		for _, name := range files {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, eventsOf(archive)...)
		}
	}
	return all
}

func eventsOf(archive *txtar.Archive) (all []string) {
	for _, file := range archive.Files {
		switch file.Name {
		case "event.json":
			all = append(all, string(file.Data))
		case "events.ndjson":
			for line := range strings.Lines(string(file.Data)) {
				all = append(all, line)
			}
		}
	}
	return all
}
