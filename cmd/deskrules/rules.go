package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
)

// sources are the flags that every verb has: where its rules and its settings
// come from.
type sources struct {
	rules  string // folder that holds destination.yaml; empty for those of the config, else the embedded ones
	config string // config file; empty for deskrules.yaml, if there is one
	unset  unsetVariables
}

func (s *sources) declare(verb *cobra.Command) {
	flags := verb.Flags()
	flags.StringVar(&s.rules, "rules", "", "take the rules from `DIR`, which holds destination.yaml, or those built in for the destination of that name (default: rules: of the config, else those built in)")
	flags.StringVar(&s.config, "config", "", "read settings and the folder of the rules from `FILE` (default: deskrules.yaml, if there)")
	// The flags were declared above, the one thing that could fail.
	_ = verb.MarkFlagDirname("rules")
	_ = verb.MarkFlagFilename("config", "yaml", "yml")
}

// A setup is what the verbs work with: checked rules, and the settings that
// were given for them.
type setup struct {
	program *engine.Program
	config  configFile
	folder  string // where the rules come from, as the user named it; empty for the embedded ones
}

// load reads the rules and the config, which has a say in which rules. A value
// that cannot be read, such as a variable that is not set, does not hide what
// else is wrong.
func (s sources) load(sh shell) (setup, error) {
	config, err := s.loadConfig(sh)
	findings, err := gather(nil, err)
	if err != nil {
		return setup{}, err
	}
	made, err := s.loadRules(sh, config)
	if findings, err = gather(findings, err); err != nil || made.program == nil {
		return setup{}, errors.Join(asError(findings), err)
	}
	if findings, err = gather(findings, made.checkDestination()); err == nil && len(findings) > 0 && made.fits() {
		findings, err = gather(findings, made.checkGiven())
	}
	return made, errors.Join(asError(findings), err)
}

// fits reports whether the settings are meant for these rules.
func (s setup) fits() bool {
	wanted := s.config.destination.text
	return wanted == "" || wanted == s.program.Name()
}

// checkDestination refuses settings that are meant for other rules.
func (s setup) checkDestination() error {
	wanted := s.config.destination
	if s.fits() {
		return nil
	}
	return engine.Diagnostics{s.config.finding(wanted.at, fmt.Sprintf("the rules are for %q", s.program.Name()),
		"Change the destination, or name other rules with --rules.")}
}

// checkSettings asks the rules about the settings. What they say is placed in
// the config file, where the setting is.
func (s setup) checkSettings() error {
	return s.placeSettings(s.problems(), "Write that file, or try --simulate, which needs none.")
}

// checkConfigured is checkSettings of a config that is meant to be complete. One
// that names a destination and no settings is for simulating.
func (s setup) checkConfigured() error {
	if s.config.hasSettings || s.config.destination.text == "" {
		return s.checkSettings()
	}
	return s.checkGiven()
}

// checkGiven is checkSettings where settings may be missing.
func (s setup) checkGiven() error {
	given := slices.DeleteFunc(s.problems(), func(wrong engine.SettingError) bool {
		_, placed := s.config.places[wrong.Name]
		return !placed
	})
	return s.placeSettings(given, "")
}

// problems is what the rules say of the settings, apart from those that could
// not be read and have a finding of their own: they count as given.
func (s setup) problems() engine.SettingsError {
	if s.config.incomplete {
		return nil
	}
	settings := maps.Clone(s.config.settings)
	for name := range s.config.unreadable {
		if settings == nil {
			settings = map[string]any{}
		}
		settings[name] = "unreadable"
	}
	_, err := s.program.Configure(settings)
	wrong, _ := errors.AsType[engine.SettingsError](err)
	return slices.DeleteFunc(wrong, func(wrong engine.SettingError) bool { return s.config.unreadable[wrong.Name] })
}

// rehearsal gives settings for a run that nothing real depends on: those of the
// config, and the rules' own examples for what is missing. More than needed may
// not be added: a second way to authenticate would be one too many.
func (s setup) rehearsal() (settings map[string]any, err error) {
	examples := s.program.Examples()
	required := maps.Clone(examples)
	maps.DeleteFunc(required, func(name string, _ any) bool { return !s.isRequired(name) })
	for _, added := range []map[string]any{nil, required, examples} {
		settings = maps.Clone(added)
		if settings == nil {
			settings = map[string]any{}
		}
		maps.Copy(settings, s.config.settings)
		if _, err = s.program.Configure(settings); err == nil {
			return settings, nil
		}
	}
	wrong, ok := errors.AsType[engine.SettingsError](err)
	if !ok {
		return nil, err
	}
	return nil, s.placeSettings(wrong, "Write that file, or give each required setting an example: in destination.yaml.")
}

func (s setup) isRequired(name string) bool {
	return slices.ContainsFunc(s.program.Settings(), func(declared engine.Setting) bool {
		return declared.Name == name && declared.Required
	})
}

// placeSettings turns what is wrong with settings into findings in the config
// file. Without a config file there is no place, but something to be said, and
// advice that suits the verb.
func (s setup) placeSettings(wrong engine.SettingsError, advice string) error {
	if len(wrong) == 0 {
		return nil
	}
	if s.config.name == "" {
		return withoutConfig(wrong, advice)
	}
	var findings engine.Diagnostics
	for _, setting := range wrong {
		findings = append(findings, s.placeSetting(setting))
	}
	return findings
}

// withoutConfig says what is missing to somebody who may not know yet that
// there is such a thing as a config.
func withoutConfig(wrong engine.SettingsError, advice string) error {
	lines := []string{"there is no " + defaultConfig + ", and settings are missing:"}
	for _, setting := range wrong {
		lines = append(lines, "  "+setting.Error())
	}
	return errors.New(strings.Join(append(lines, advice), "\n"))
}

func (s setup) placeSetting(wrong engine.SettingError) engine.Diagnostic {
	summary := wrong.Problem
	if wrong.Name != "" {
		summary = fmt.Sprintf("setting %q: %s", wrong.Name, wrong.Problem)
	}
	at, placed := s.config.places[wrong.Name]
	if !placed {
		at = engine.Position{File: s.config.name}
	}
	return s.config.finding(at, summary, s.adviceFor(wrong.Name))
}

// adviceFor helps those who write yes or on, which YAML takes for text.
func (s setup) adviceFor(name string) string {
	_, isText := s.config.settings[name].(string)
	for _, declared := range s.program.Settings() {
		if declared.Name == name && declared.Type == "boolean" && isText {
			return "Write true or false, without quotes."
		}
	}
	return ""
}

// loadRules compiles the rules that the command line names, else those that the
// config names, else those built in.
func (s sources) loadRules(sh shell, config configFile) (setup, error) {
	made := setup{config: config, folder: s.folder(config)}
	var err error
	if made.folder == "" {
		made.program, err = loadEmbedded(cmp.Or(s.rules, config.destination.text))
		s.tellUnused(sh, made)
		return made, err
	}
	made.program, err = loadFolder(made.folder)
	if _, findings := errors.AsType[engine.Diagnostics](err); err != nil && !findings && s.rules == "" {
		return made, engine.Diagnostics{config.finding(config.rules.at, err.Error(), "The path is seen from the folder of this file.")}
	}
	return made, err
}

// folder is where the rules are; empty for those built in. A name of those is
// understood where there is no such folder.
func (s sources) folder(config configFile) string {
	if s.rules == "" {
		return config.rules.text
	}
	known, _ := embeddedNames()
	if _, err := os.Stat(s.rules); err != nil && slices.Contains(known, s.rules) {
		return ""
	}
	return s.rules
}

// tellUnused says where rules lie that nobody has named: whoever has changed
// them may think that they are the ones that are used.
func (s sources) tellUnused(sh shell, made setup) {
	beside := filepath.Join(filepath.Dir(made.config.name), initRules)
	for _, dir := range []string{initRules, beside} {
		if _, err := os.Stat(filepath.Join(dir, "destination.yaml")); err == nil && s.rules == "" {
			complain(sh.err, fmt.Sprintf("the built-in rules are used, not those in %s; see --rules", dir))
			return
		}
	}
}

// origin says where the rules come from, for a person.
func (s setup) origin() string { return cmp.Or(s.folder, "built in") }

// loadFolder compiles the rules of a folder. What the engine says of a file is
// relative to the folder; people want a path that their editor opens.
func loadFolder(dir string) (*engine.Program, error) {
	if _, err := os.Stat(filepath.Join(dir, "destination.yaml")); err != nil {
		return nil, noRules(dir, pathError(err))
	}
	program, err := engine.Load(os.DirFS(dir), ".")
	var findings engine.Diagnostics
	if errors.As(err, &findings) {
		return nil, below(dir, findings)
	}
	return program, err
}

// noRules says what keeps a folder from being one of rules.
func noRules(dir string, err error) error {
	if _, misnamed := os.Stat(filepath.Join(dir, "destination.yml")); misnamed == nil {
		return fmt.Errorf("no rules in %s: rename destination.yml to destination.yaml", dir)
	}
	if folder, statErr := os.Stat(dir); statErr == nil && folder.IsDir() && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no rules in %s: the folder has no destination.yaml", dir)
	}
	return fmt.Errorf("no rules in %s: %w", dir, err)
}

// below gives the findings with the paths of their files seen from where the
// command was started.
func below(dir string, findings engine.Diagnostics) engine.Diagnostics {
	moved := slices.Clone(findings)
	for i := range moved {
		moved[i].At.File = filepath.Join(dir, filepath.FromSlash(moved[i].At.File))
	}
	return moved
}

// loadEmbedded compiles the embedded rules of a destination; without a name
// the only ones, or the first.
func loadEmbedded(destination string) (*engine.Program, error) {
	known, err := embeddedNames()
	if err != nil {
		return nil, err
	}
	if destination == "" {
		destination = known[0]
	}
	if !slices.Contains(known, destination) {
		return nil, fmt.Errorf("no rules for the destination %q are built in (only for %s): name their folder by --rules, or by rules: in "+defaultConfig,
			destination, strings.Join(known, ", "))
	}
	return engine.Load(rules.FS(), destination)
}

// embeddedNames lists the destinations whose rules are built in.
func embeddedNames() ([]string, error) {
	found, err := fs.Glob(rules.FS(), "*/destination.yaml")
	if err != nil || len(found) == 0 {
		return nil, errors.Join(errors.New("no rules are built in"), err)
	}
	for i, file := range found {
		found[i] = path.Dir(file)
	}
	return found, nil
}

// pathError drops the operation and the path from an error about a file, for
// sentences that name the file themselves.
func pathError(err error) error {
	var about *fs.PathError
	if errors.As(err, &about) {
		return about.Err
	}
	return err
}

// embedded names the destinations whose rules are built in, in a sentence.
func embedded() string {
	names, err := embeddedNames()
	if err != nil {
		return "no destination"
	}
	return strings.Join(names, ", ")
}
