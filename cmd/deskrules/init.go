package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// Where init puts what is not at the root of its folder.
const (
	initRules  = "rules"
	initCases  = "cases"
	firstCase  = initCases + "/first.txtar"
	firstEvent = "events.ndjson"
)

// initOptions are the flags of init.
type initOptions struct{ destination string }

func newInit(sh shell) *cobra.Command {
	var o initOptions
	verb := &cobra.Command{
		Use:   "init DIR",
		Short: "Begin a folder with rules of your own",
		Long: `Write everything that it takes to change rules: a copy of those that are built
in, a deskrules.yaml that explains the settings, an event, a golden case, and
schemas with which editors that know the YAML language server (VS Code with the
extension redhat.vscode-yaml) complete and explain keys. All of it passes check
and test. Nothing that is there is overwritten.

Exit status:
  0  everything is written
  2  nothing is written, or not all: the message says why`,
		Example: `  deskrules init my-rules`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("init takes the folder to write to, which may be . for this one")
			}
			return nil
		},
		RunE: func(verb *cobra.Command, args []string) error { return o.run(verb.Context(), sh, args[0]) },
	}
	verb.Flags().StringVar(&o.destination, "destination", "", "begin with the rules for `NAME` (default: the first built in)")
	return verb
}

func (o initOptions) run(ctx context.Context, sh shell, dir string) error {
	program, err := loadEmbedded(o.destination)
	if err != nil {
		return err
	}
	files, err := beginning(ctx, program)
	if err != nil {
		return err
	}
	if err := files.vacant(dir); err != nil {
		return err
	}
	if err := files.write(dir); err != nil {
		return err
	}
	fmt.Fprintf(sh.out, "%s for %s:\n", count(len(files), "file"), program.Title())
	for _, file := range files {
		fmt.Fprintln(sh.out, "  "+filepath.Join(dir, filepath.FromSlash(file.name)))
	}
	fmt.Fprint(sh.out, nextSteps(program, dir))
	return nil
}

// A newFile is one to be written. Its name has slashes.
type newFile struct{ name, text string }

type newFiles []newFile

// beginning makes the files of a folder to begin with.
func beginning(ctx context.Context, program *engine.Program) (newFiles, error) {
	files := newFiles{
		{defaultConfig, firstConfig(program)},
		{firstEvent, sampleEvent()},
	}
	copied, err := embeddedFiles(program.Name())
	if err != nil {
		return nil, err
	}
	written, err := writeFirstCase(ctx, program)
	if err != nil {
		return nil, err
	}
	files = append(append(files, copied...), newFile{firstCase, written})
	return append(files, editorFiles(program, copied)...), nil
}

// embeddedFiles copies the rules of a destination.
func embeddedFiles(destination string) (newFiles, error) {
	entries, err := fs.ReadDir(rules.FS(), destination)
	if err != nil {
		return nil, err
	}
	var files newFiles
	for _, entry := range entries {
		text, err := fs.ReadFile(rules.FS(), path.Join(destination, entry.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, newFile{path.Join(initRules, entry.Name()), string(text)})
	}
	return files, nil
}

// editorFiles are the schemas of the files, and what makes an editor use them.
// They are found by the names of files and not by a line in each, so that the
// rules stay what they are a copy of.
func editorFiles(program *engine.Program, copied newFiles) newFiles {
	var files newFiles
	var tables, others []string
	for _, file := range copied {
		switch name := strings.TrimSuffix(path.Base(file.name), ".yaml"); {
		case slices.Contains(program.Rules(), name):
			continue
		case name != "destination":
			tables = append(tables, file.name)
		}
		others = append(others, "!"+file.name)
	}
	patterns := map[string][]string{
		"rule":        append([]string{initRules + "/*.yaml"}, others...),
		"destination": {initRules + "/destination.yaml"},
		"table":       tables,
	}
	found := map[string][]string{}
	for _, name := range schemaNames() {
		if len(patterns[name]) > 0 {
			files = append(files, newFile{"schemas/" + name + ".json", indentedJSON(schemaOf(name))})
			found["./schemas/"+name+".json"] = patterns[name]
		}
	}
	return append(files, newFile{".vscode/settings.json", indentedJSON(map[string]any{"yaml.schemas": found})})
}

func indentedJSON(value any) string {
	var text strings.Builder
	if err := printJSON(&text, value); err != nil {
		panic("deskrules: a value of its own that does not encode: " + err.Error())
	}
	return text.String()
}

// sampleEvent is one that every destination has a rule for.
func sampleEvent() string {
	return `{"type": "identify", "userId": "u1", "traits": {"name": "Ann", "email": "ann@example.com", "plan": "pro"}}` + "\n"
}

// writeFirstCase lets the case be filled by what the rules do.
func writeFirstCase(ctx context.Context, program *engine.Program) (string, error) {
	text := "A user who is identified is written.\n\n-- event.json --\n" + sampleEvent()
	filled, err := ruletest.Fill(ctx, program, []byte(text), caseOptions(program))
	return string(filled), err
}

// caseOptions hands the simulator to cases, where the destination has one.
func caseOptions(program *engine.Program) ruletest.Options {
	if program.Name() != simulated {
		return ruletest.Options{}
	}
	return ruletest.Options{Simulator: caseSimulator, Dump: dumpSimulator}
}

// vacant refuses a folder that has one of the files, before any is written.
func (files newFiles) vacant(dir string) error {
	var there []string
	for _, file := range files {
		name := filepath.Join(dir, filepath.FromSlash(file.name))
		if _, err := os.Lstat(name); err == nil {
			there = append(there, name)
		}
	}
	if len(there) > 0 {
		return fmt.Errorf("nothing is overwritten, and these are there already:\n  %s", strings.Join(there, "\n  "))
	}
	return nil
}

func (files newFiles) write(dir string) error {
	for _, file := range files {
		name := filepath.Join(dir, filepath.FromSlash(file.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return fmt.Errorf("folder %s: %w", filepath.Dir(name), pathError(err))
		}
		if err := file.create(name); err != nil {
			return fmt.Errorf("file %s: %w", name, pathError(err))
		}
	}
	return nil
}

// create writes a file that must not be there: another program may have been
// faster than the look before.
func (f newFile) create(name string) error {
	created, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = created.WriteString(f.text)
	return errors.Join(err, created.Close())
}

// nextSteps are commands to be copied, in the order in which somebody who has
// just begun would want them.
func nextSteps(program *engine.Program, dir string) string {
	var b strings.Builder
	b.WriteString("\nNext:\n\n")
	if clean := filepath.Clean(dir); clean != "." {
		fmt.Fprintf(&b, "  cd %s\n", shellWord(clean))
	}
	b.WriteString(`  deskrules check rules
  deskrules test --rules rules cases
  deskrules eval --rules rules --explain cases/first.txtar
`)
	if program.Name() == simulated {
		b.WriteString("  deskrules run --rules rules --simulate events.ndjson\n")
	}
	fmt.Fprintf(&b, "\nTo deliver to %s, take the # off the settings in %s, and run\n\n", program.Title(), defaultConfig)
	for _, name := range neededSecrets(program) {
		fmt.Fprintf(&b, "  export %s=...\n", variableOf(program, name))
	}
	b.WriteString("  deskrules run --rules rules events.ndjson\n")
	return b.String()
}

// neededSecrets are the credentials of the first way to authenticate, which is
// the one that the config shows.
func neededSecrets(program *engine.Program) []string {
	secret := func(name string) bool {
		return slices.ContainsFunc(program.Settings(), func(s engine.Setting) bool { return s.Name == name && s.Secret })
	}
	needs := slices.Clone(program.Describe().Authentication[0].Needs)
	return slices.DeleteFunc(needs, func(name string) bool { return !secret(name) })
}

// jsonText writes a value as JSON, which YAML takes as it is.
func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "..." // cannot happen: settings are texts, numbers and booleans
	}
	return string(text)
}
