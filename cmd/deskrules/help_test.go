package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// TestHelp compares the whole help of every verb, so that a change of a flag is
// seen as people see it: DESKRULES_UPDATE=1 rewrites testdata/help. No line is
// longer than the screen.
func TestHelp(t *testing.T) {
	for _, verb := range verbNames() {
		t.Run(verb, func(t *testing.T) {
			text := helpOf(t, verb)
			fitsTheScreen(t, text)
			file := filepath.Join("testdata", "help", verb+".txt")
			if os.Getenv("DESKRULES_UPDATE") != "" {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if difference := cmp.Diff(readFile(t, file), text); difference != "" {
				t.Errorf("(-file +help):\n%s", difference)
			}
		})
	}
}

// TestHelpOfNothing has no file of a verb that is gone.
func TestHelpOfNothing(t *testing.T) {
	files, err := filepath.Glob("testdata/help/*")
	if err != nil || len(files) != len(verbNames()) {
		t.Errorf("%d files for %d verbs: %v", len(files), len(verbNames()), err)
	}
}

// verbNames lists deskrules itself and its verbs, with those that cobra adds. Of
// the completions of the single shells the texts are cobra's own.
func verbNames() []string {
	root := newRoot(shell{})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	names := []string{root.Name()}
	for _, verb := range root.Commands() {
		names = append(names, verb.Name())
	}
	return names
}

// helpOf asks in both ways.
func helpOf(t *testing.T, verb string) string {
	t.Helper()
	flagged, asked := []string{verb, "--help"}, []string{"help", verb}
	if verb == "deskrules" {
		flagged, asked = []string{"--help"}, []string{"help"}
	}
	text := said(t, flagged...)
	if difference := cmp.Diff(text, said(t, asked...)); difference != "" {
		t.Errorf("(-%s +%s):\n%s", flagged, asked, difference)
	}
	return text
}

func said(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if status := run(t.Context(), args, shell{out: &out, err: &out, env: os.LookupEnv}); status != statusDone {
		t.Errorf("%s: status %d", args, status)
	}
	return out.String()
}

// fitsTheScreen wants no line that a terminal would break, and no control
// character.
func fitsTheScreen(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if n := len([]rune(line)); n > columns {
			t.Errorf("%d columns: %s", n, line)
		}
		if line != printable(line) {
			t.Errorf("control characters: %q", line)
		}
	}
}
