package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
)

// A version is one of the two folders of rules that are compared.
type version struct {
	setup
	name     string // as the user gave it
	settings map[string]any
	calls    endpointNames
	texts    ruleTexts
	words    *ruleWords
	origins  *origins
	rules    []engine.RuleDescription
	kinds    []string // of events, in the order in which sentences list them
}

// loadVersion reads rules from a folder, a revision of git such as HEAD:rules, or
// those that are built in.
func loadVersion(ctx context.Context, name string, config configFile) (version, error) {
	program, files, err := loadNamed(ctx, name)
	if err != nil {
		return version{}, err
	}
	v := version{name: name, setup: setup{program: program, config: knownSettings(config, program), folder: name}}
	if err := v.checkDestination(); err != nil {
		return v, err
	}
	d := program.Describe()
	v.calls, v.texts, v.words = namesOf(d), readTexts(files, d), wordsOf(d)
	v.origins, v.rules = originsOf(d, v.texts), d.Rules
	v.kinds = kindsOf(d.Rules)
	v.settings, err = v.withCredentials(d.Authentication).rehearsal()
	return v, err
}

// kindsOf lists the types of events that rules take.
func kindsOf(rules []engine.RuleDescription) []string {
	var kinds []string
	for _, r := range rules {
		for _, kind := range r.Events {
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

// loadNamed gives the rules of a name, with their files.
func loadNamed(ctx context.Context, name string) (*engine.Program, fs.FS, error) {
	info, err := os.Stat(name)
	rev, dir, isRev := strings.Cut(name, ":")
	builtIn, _ := embeddedNames()
	switch {
	case err == nil && info.IsDir():
		program, err := loadFolder(name)
		return program, os.DirFS(name), err
	case err == nil:
		return nil, nil, fmt.Errorf("no rules in %s: this is a file, name the folder that holds destination.yaml", name)
	case isRev && rev != "":
		return loadRevision(ctx, rev, dir)
	case slices.Contains(builtIn, name):
		return loadBelow(rules.FS(), name)
	default:
		return nil, nil, fmt.Errorf("no rules in %s: %w; a revision of git is written as REVISION:FOLDER, such as HEAD:rules", name, pathError(err))
	}
}

// loadBelow compiles the rules of a folder of files, which are then named from
// that folder on.
func loadBelow(files fs.FS, dir string) (*engine.Program, fs.FS, error) {
	folder, err := fs.Sub(files, dir)
	if err != nil {
		return nil, nil, err
	}
	program, err := engine.Load(folder, ".")
	return program, folder, err
}

// knownSettings leaves out the settings that rules do not have: one version may
// have more of them than the other, and both get what they know.
func knownSettings(config configFile, program *engine.Program) configFile {
	config.settings = maps.Clone(config.settings)
	maps.DeleteFunc(config.settings, func(name string, _ any) bool { return !declares(program, name) })
	return config
}

func declares(program *engine.Program, setting string) bool {
	return slices.ContainsFunc(program.Settings(), func(s engine.Setting) bool { return s.Name == setting })
}

// checkKnown refuses settings that neither version has: they are misspelled.
func checkKnown(config configFile, old, new version) error {
	config.settings = maps.Clone(config.settings)
	config.places = maps.Clone(config.places)
	for name := range config.places {
		if declares(old.program, name) || declares(new.program, name) {
			delete(config.settings, name)
			delete(config.places, name)
		}
	}
	return setup{program: new.program, config: config}.checkGiven()
}

// withCredentials gives a version credentials of its own, which nothing looks at: the
// versions may authenticate otherwise, and the config can suit only one of them.
func (s setup) withCredentials(ways []engine.AuthenticationDescription) setup {
	chosen, examples := s.easiest(ways).Needs, s.program.Examples()
	settings := s.withoutWays(ways, chosen)
	for _, name := range chosen {
		_, given := settings[name]
		example, there := examples[name]
		switch {
		case !given && there:
			settings[name] = example
		case !given:
			settings[name] = "made-up"
		}
	}
	s.config.settings = settings
	return s
}

// withoutWays gives the settings of the config but for those that other ways to
// authenticate need than the chosen one.
func (s setup) withoutWays(ways []engine.AuthenticationDescription, chosen []string) map[string]any {
	settings := map[string]any{}
	maps.Copy(settings, s.config.settings)
	for _, way := range ways {
		maps.DeleteFunc(settings, func(name string, _ any) bool {
			return slices.Contains(way.Needs, name) && !slices.Contains(chosen, name) && !s.isRequired(name)
		})
	}
	return settings
}

// easiest picks the way to authenticate for which least has to be made up.
func (s setup) easiest(ways []engine.AuthenticationDescription) engine.AuthenticationDescription {
	examples := s.program.Examples()
	const impossible = 100
	lacking := func(way engine.AuthenticationDescription) (n int) {
		for _, name := range way.Needs {
			_, given := s.config.settings[name]
			_, there := examples[name]
			switch {
			case !given && there:
				n++
			case !given:
				n += impossible
			}
		}
		return n
	}
	return slices.MinFunc(ways, func(a, b engine.AuthenticationDescription) int { return cmp.Compare(lacking(a), lacking(b)) })
}
