package main

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner/mutation"
	"github.com/deskrules/deskrules/runner/ruletest"
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

// allowances are those for the files: of all others nobody has looked whether they
// are needed.
func (only onlyFiles) allowances(from ruleFiles, all ruletest.Allowances) (ruletest.Allowances, error) {
	if len(only) == 0 {
		return all, nil
	}
	files, err := mutation.Files(from.fsys, from.dir)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(a ruletest.Allowance) bool {
		return !slices.ContainsFunc(files, func(file string) bool { return path.Base(file) == a.File && only.fits(from, file) })
	}), nil
}

// check refuses a name that no file of the rules has: it would show that all is
// well.
func (only onlyFiles) check(from ruleFiles) error {
	if len(only) == 0 {
		return nil
	}
	files, err := mutation.Files(from.fsys, from.dir)
	if err != nil {
		return err
	}
	var names []string
	for _, file := range files {
		names = append(names, path.Base(file))
	}
	for _, name := range only {
		if !slices.ContainsFunc(files, func(file string) bool { return onlyFiles{name}.fits(from, file) }) {
			return usagef("--file %s: the files of the rules are %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}
