package main

import (
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
}

// loadVersion reads rules from a folder, a revision of git such as HEAD:rules, or
// those that are built in.
func (o *diffOptions) loadVersion(ctx context.Context, name string, config configFile) (version, error) {
	program, err := loadNamed(ctx, name)
	if err != nil {
		return version{}, err
	}
	v := version{name: name, setup: setup{program: program, config: knownSettings(config, program), folder: name}}
	if err := v.checkDestination(); err != nil {
		return v, err
	}
	v.calls = namesOf(program.Describe())
	v.settings, err = v.rehearsal()
	return v, err
}

func loadNamed(ctx context.Context, name string) (*engine.Program, error) {
	info, err := os.Stat(name)
	rev, dir, isRev := strings.Cut(name, ":")
	builtIn, _ := embeddedNames()
	switch {
	case err == nil && info.IsDir():
		return loadFolder(name)
	case err == nil:
		return nil, fmt.Errorf("no rules in %s: this is a file, name the folder that holds destination.yaml", name)
	case isRev && rev != "":
		return loadRevision(ctx, rev, dir)
	case slices.Contains(builtIn, name):
		return loadBelow(rules.FS(), name)
	default:
		return nil, fmt.Errorf("no rules in %s: %w; a revision of git is written as REVISION:FOLDER, such as HEAD:rules", name, pathError(err))
	}
}

// loadBelow compiles the rules of a folder of files, which are then named from
// that folder on.
func loadBelow(files fs.FS, dir string) (*engine.Program, error) {
	folder, err := fs.Sub(files, dir)
	if err != nil {
		return nil, err
	}
	return engine.Load(folder, ".")
}

// knownSettings leaves out the settings that rules do not have: one version may
// have more of them than the other, and both get what they know.
func knownSettings(config configFile, program *engine.Program) configFile {
	config.settings = maps.Clone(config.settings)
	maps.DeleteFunc(config.settings, func(name string, _ any) bool {
		return !slices.ContainsFunc(program.Settings(), func(s engine.Setting) bool { return s.Name == name })
	})
	return config
}
