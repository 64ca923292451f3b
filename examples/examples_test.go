// Package examples_test proves the destinations beside this file: each folder
// with a destination.yaml, by the golden cases in its folder cases.
package examples_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner/ruletest"
)

var update = flag.Bool("update", false, "rewrite what the golden cases want")

// TestGolden loads every destination and runs its cases: go test ./examples
// -update rewrites what they want.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("*/destination.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no destination: %v", err)
	}
	for _, file := range files {
		folder := filepath.Dir(file)
		t.Run(folder, func(t *testing.T) {
			program, err := engine.Load(os.DirFS(folder), ".")
			if err != nil {
				t.Fatal(err)
			}
			for _, warning := range program.Warnings() {
				t.Error(warning)
			}
			ruletest.Run(t, program, filepath.Join(folder, "cases"), ruletest.Options{Update: *update})
		})
	}
}
