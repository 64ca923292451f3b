package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/wholefile"
	"github.com/deskrules/deskrules/rules"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// Where init puts what is not at the root of its folder.
const (
	initRules  = "rules"
	initCases  = "cases"
	firstCase  = initCases + "/first.txtar"
	firstEvent = "events.ndjson"
	firstUsers = "account.json"
	gitIgnore  = ".gitignore"
)

// initOptions are the flags of init.
type initOptions struct{ destination string }

func newInit(sh shell) *cobra.Command {
	var o initOptions
	verb := &cobra.Command{
		Use:   "init DIR",
		Short: "Begin a folder with rules of your own",
		Long: `Write everything that it takes to change rules: a copy of those that are built
in, a deskrules.yaml that explains the settings, an event, an account for the
simulator, a golden case, a .gitignore for what runs leave, and schemas with
which editors that know the YAML language server (VS Code with the extension
redhat.vscode-yaml) complete and explain keys. All of it passes check and test.
Nothing that is there is overwritten.

Exit status:
  0  everything is written
  2  nothing is written, or not all: the message says why`,
		Example: `  deskrules init my-rules`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("init takes the folder to write to, which may be . for this one")
			}
			if args[0] == "" {
				return usagef("the folder has no name; . is this one")
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
	files = files.withoutIgnored(dir)
	if err := files.vacant(dir); err != nil {
		return err
	}
	if err := files.write(dir); err != nil {
		return err
	}
	fmt.Fprintf(sh.out, "%s for %s:\n%s", count(len(files), "file"), printable(program.Title()), files.listed(dir))
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
		{gitIgnore, "# What runs leave behind holds personal data.\nreport.ndjson\ndead.ndjson\n*.journal\nresults.xml\n"},
	}
	if program.Name() == simulated {
		files = append(files, newFile{firstUsers, sampleAccount()})
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

// sampleEvent is one that every destination has a rule for. The domain of its
// address is nobody's (RFC 6761), and none that the first rule of somebody's own
// leaves out, as example.com may be.
func sampleEvent() string {
	return `{"type": "identify", "userId": "u1", "traits": {"name": "Ann", "email": "ann@acme.test", "plan": "pro"}}` + "\n"
}

// sampleAccount is what the simulator holds before the sample event: its user,
// before the change of the plan, and somebody whom it must leave alone.
func sampleAccount() string {
	return `{
  "users": [
    {"id": 1001, "name": "Ann", "email": "ann@acme.test", "external_id": "u1"},
    {"id": 1002, "name": "Ben", "email": "ben@acme.test", "external_id": "u2"}
  ]
}
`
}

// writeFirstCase lets the case be filled by what the rules do.
func writeFirstCase(ctx context.Context, program *engine.Program) (string, error) {
	text := "A user who is identified is written.\n\n-- event.json --\n" + sampleEvent()
	if program.Name() == simulated {
		text += "-- " + firstUsers + " --\n" + sampleAccount()
	}
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

// withoutIgnored leaves out the .gitignore where there is one: it is the only file
// that a folder may well have before it has rules.
func (files newFiles) withoutIgnored(dir string) newFiles {
	return slices.DeleteFunc(files, func(file newFile) bool {
		_, err := os.Lstat(filepath.Join(dir, gitIgnore))
		return file.name == gitIgnore && err == nil
	})
}

// vacant looks at all that is in the way, before any file is written.
func (files newFiles) vacant(dir string) error {
	var there, obstacles []string
	for _, file := range files {
		name := filepath.Join(dir, filepath.FromSlash(file.name))
		if _, err := os.Lstat(name); err == nil {
			there = append(there, name)
		}
		if obstacle := obstacleTo(filepath.Dir(name)); obstacle != "" && !slices.Contains(obstacles, obstacle) {
			obstacles = append(obstacles, obstacle)
		}
	}
	switch {
	case len(obstacles) > 0:
		return fmt.Errorf("nothing is written: a folder has to be where there is a file\n  %s", strings.Join(obstacles, "\n  "))
	case len(there) > 0:
		return fmt.Errorf("nothing is overwritten, and these are there already:\n  %s", strings.Join(there, "\n  "))
	}
	return nil
}

// obstacleTo gives what keeps a folder from being made; empty for nothing.
func obstacleTo(folder string) string {
	for ; ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		switch {
		case err == nil && !info.IsDir():
			return folder
		case err == nil, folder == filepath.Dir(folder):
			return ""
		}
	}
}

// write says where it could not go on, and what is there by then.
func (files newFiles) write(dir string) error {
	for i, file := range files {
		name := filepath.Join(dir, filepath.FromSlash(file.name))
		err := os.MkdirAll(filepath.Dir(name), 0o777)
		if err == nil {
			err = wholefile.Create(name, []byte(file.text))
		}
		if err != nil {
			return fmt.Errorf("file %s: %w\n%s", name, pathError(err), files[:i].told(dir))
		}
	}
	return nil
}

func (files newFiles) told(dir string) string {
	if len(files) == 0 {
		return "Nothing was written before it."
	}
	return "Written before it:\n" + strings.TrimRight(files.listed(dir), "\n")
}

// listed has a line for each file.
func (files newFiles) listed(dir string) string {
	var b strings.Builder
	for _, file := range files {
		b.WriteString("  " + printable(filepath.Join(dir, filepath.FromSlash(file.name))) + "\n")
	}
	return b.String()
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
  deskrules test cases
  deskrules eval --explain cases/first.txtar
`)
	if program.Name() == simulated {
		b.WriteString("  deskrules run --simulate --account account.json events.ndjson\n")
	}
	fmt.Fprintf(&b, "\nTo deliver to %s, take the # off the settings in %s, and run\n\n", program.Title(), defaultConfig)
	for _, name := range neededSecrets(program) {
		fmt.Fprintf(&b, "  export %s=...\n", variableOf(program, name))
	}
	b.WriteString("  deskrules run events.ndjson\n")
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
