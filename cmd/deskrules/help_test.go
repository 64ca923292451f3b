package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestExamples runs every example of every help text at the root of the
// repository, so that what people copy works.
func TestExamples(t *testing.T) {
	t.Chdir("../..")
	for _, verb := range newRoot(shell{}).Commands() {
		for _, line := range examples(verb) {
			t.Run(line, func(t *testing.T) { runExample(t, line) })
		}
	}
}

// examples are the commands of a help text, one a line.
func examples(verb *cobra.Command) []string {
	if verb.Example == "" || !strings.Contains(verb.Example, "deskrules ") || verb.Parent().Name() != "deskrules" {
		return nil
	}
	joined := strings.ReplaceAll(verb.Example, "\\\n", " ")
	var commands []string
	for line := range strings.Lines(joined) {
		commands = append(commands, strings.Join(strings.Fields(line), " "))
	}
	return commands
}

// runExample runs one command. What comes before a pipe is taken for granted:
// it feeds the first event.
func runExample(t *testing.T, line string) {
	t.Helper()
	events, err := os.ReadFile(filepath.FromSlash("examples/events.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(events, []byte("\n"))
	_, line, _ = strings.Cut("| "+line, "deskrules ")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	args := strings.Fields(line)
	switch args[0] {
	case "sim":
		cancel()
	case "init":
		t.Chdir(t.TempDir())
	}
	var out, complaints bytes.Buffer
	status := run(ctx, args, shell{in: bytes.NewReader(first), out: &out, err: &complaints, env: os.LookupEnv})
	if status != statusDone && status != statusUndelivered {
		t.Errorf("status %d\n%s%s", status, &out, &complaints)
	}
	if out.Len() == 0 {
		t.Error("nothing on stdout")
	}
}

// TestHelpFitsTheScreen keeps every help text within 80 columns. Those of the
// completions are cobra's.
func TestHelpFitsTheScreen(t *testing.T) {
	for _, verb := range append(newRoot(shell{}).Commands(), newRoot(shell{})) {
		var out bytes.Buffer
		args := []string{verb.Name(), "--help"}
		if !verb.HasParent() {
			args = nil
		}
		run(t.Context(), args, shell{out: &out, err: &out, env: os.LookupEnv})
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > columns {
				t.Errorf("%s: %d columns: %s", verb.Name(), n, line)
			}
		}
	}
}
