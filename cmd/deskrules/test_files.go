package main

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// onlyFiles are the rule files that --file names; none of them stands for all.
type onlyFiles []string

// fits reports whether a rule file is one of them: by its name, or by its path as
// it is shown.
func (only onlyFiles) fits(from ruleFiles, file string) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(name string) bool {
		return name == path.Base(file) || filepath.Clean(name) == from.shown(file)
	})
}

// points are those of the files.
func (only onlyFiles) points(from ruleFiles, all []engine.CoveragePoint) []engine.CoveragePoint {
	return slices.DeleteFunc(slices.Clone(all), func(p engine.CoveragePoint) bool { return !only.fits(from, p.At.File) })
}

// check refuses a name that no file of the rules has: it would show that all is
// well.
func (only onlyFiles) check(from ruleFiles, program *engine.Program) error {
	files := []string{"destination.yaml"}
	for _, rule := range program.Rules() {
		files = append(files, rule+".yaml")
	}
	for _, name := range only {
		named := func(file string) bool { return onlyFiles{name}.fits(from, path.Join(from.dir, file)) }
		if !slices.ContainsFunc(files, named) {
			return usagef("--file %s: the files of the rules are %s", name, strings.Join(files, ", "))
		}
	}
	return nil
}
