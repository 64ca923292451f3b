package ruletest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/wholefile"
)

// Find returns the cases below a folder: every file that ends in ".txtar", in
// the order of their names.
func Find(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".txtar") {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// Check runs the cases in the given files, one after the other, and returns a
// result for each that [Options.Run] picks, up to the first that fails with
// [Options.FailFast]. When ctx ends, the cases that are
// left fail.
func Check(ctx context.Context, program *engine.Program, files []string, o Options) []Result {
	var results []Result
	for _, file := range files {
		if o.Run != nil && !o.Run.MatchString(filepath.ToSlash(file)) {
			continue
		}
		r := check(ctx, program, file, o)
		results = append(results, r)
		if o.FailFast && r.Status == Failed {
			break
		}
	}
	return results
}

// check runs the case in one file.
func check(ctx context.Context, program *engine.Program, file string, o Options) Result {
	start := time.Now()
	r := Result{File: file, Status: Passed}
	changes, err := r.run(ctx, program, o)
	switch {
	case err != nil:
		r.Status, r.Message = Failed, err.Error()
	case len(changes) > 0:
		r.Status, r.Changes = Updated, changes
	}
	r.Duration = time.Since(start)
	return r
}

// run takes a case through its stages: read, play, compare, update. The error
// is for the user; it says everything.
func (r *Result) run(ctx context.Context, program *engine.Program, o Options) (changes []string, err error) {
	text, err := os.ReadFile(r.File)
	if err != nil {
		return nil, err
	}
	c, err := parse(text)
	if err != nil {
		return nil, err
	}
	r.Title = c.title
	comparisons, err := c.play(ctx, program, o)
	if err != nil {
		return nil, err
	}
	return settle(r.File, text, comparisons, o)
}

// settle reports the differences, or writes what happened into the file, and
// gives what of it is new.
func settle(file string, text []byte, comparisons []comparison, o Options) (changes []string, err error) {
	var differences []error
	for _, c := range comparisons {
		if !c.equal() {
			differences = append(differences, errors.New(c.unified(o.Color)))
			changes = append(changes, c.changes()...)
		}
	}
	if len(differences) == 0 || !o.Update {
		return nil, errors.Join(differences...)
	}
	return changes, overwrite(file, updated(text, comparisons))
}

// overwrite leaves the case as it was where the disk is full.
func overwrite(file string, text []byte) error {
	if err := wholefile.Replace(file, text); err != nil {
		return fmt.Errorf("updating the case: %w", err)
	}
	return nil
}
