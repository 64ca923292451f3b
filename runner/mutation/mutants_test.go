package mutation_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/runner/mutation"
)

var update = flag.Bool("update", false, "rewrite the want section of the test data")

// TestMutants shows every change of some files, as the lines that differ. Lines
// keep their numbers, and what comes of a change is YAML.
func TestMutants(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { compareMutants(t, file) })
	}
}

func compareMutants(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(archive.Files[0].Data)
	mutants, err := mutation.Mutants(archive.Files[0].Name, text)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, m := range mutants {
		fmt.Fprintf(&b, "%s: %s\n%s", m.At, m.Change, changedLines(t, text, m))
	}
	if *update {
		archive.Files[1].Data = []byte(b.String())
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.String(); got != string(archive.Files[1].Data) {
		t.Errorf("got:\n%s", got)
	}
}

func changedLines(t *testing.T, text string, m mutation.Mutant) string {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(m.Text), &node); err != nil {
		t.Errorf("%s: %s: %v", m.At, m, err)
	}
	was, is := strings.Split(text, "\n"), strings.Split(m.Text, "\n")
	if len(was) != len(is) {
		t.Fatalf("%s: %s: %d lines became %d", m.At, m, len(was), len(is))
	}
	var b strings.Builder
	for i := range was {
		if was[i] != is[i] {
			fmt.Fprintf(&b, "%5d |%s\n", i+1, strings.TrimRight(" "+is[i], " "))
		}
	}
	return b.String()
}
