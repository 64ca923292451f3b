package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// watchEvery is how often files are looked at: soon enough for a person, and
// cheap.
const watchEvery = 200 * time.Millisecond

// watch does something now, and again whenever a file has changed, until ctx
// ends. What went wrong is said, and waits for the next save.
func watch(ctx context.Context, verb *cobra.Command, sh shell, files func() []string, do func() error) error {
	for {
		before := stateOf(files())
		if err := do(); err != nil && !isStatus(err) {
			if errors.Is(err, context.Canceled) {
				return nil
			}
			conclude(verb, err, sh.err)
		}
		fmt.Fprintln(sh.err, "deskrules: waiting for a change")
		for slices.Equal(stateOf(files()), before) {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(watchEvery):
			}
		}
	}
}

// stateOf is what tells that files were saved.
func stateOf(files []string) []string {
	var all []string
	for _, name := range files {
		state := name
		if info, err := os.Stat(name); err == nil {
			state += fmt.Sprint(info.ModTime().UnixNano(), info.Size())
		}
		all = append(all, state)
	}
	return all
}

// watched are the files that the outcome of an evaluation depends on.
func (o evalOptions) watched(event string) []string {
	config := o.config
	if config == "" {
		config = defaultConfig
	}
	files := []string{event, config, o.account, o.replies}
	if o.rules == "" {
		return files
	}
	found, err := fs.Glob(os.DirFS(o.rules), "*.yaml")
	if err != nil {
		return files // cannot happen: the pattern is one
	}
	for _, name := range found {
		files = append(files, filepath.Join(o.rules, name))
	}
	return files
}

// watched are the files that the outcome of cases depends on.
func (o testOptions) watched(args []string) (files []string) {
	if len(args) == 0 {
		args = []string{defaultCases}
	}
	for _, name := range append([]string{o.rules, o.allow, o.config, defaultConfig}, args...) {
		if name == "" {
			continue
		}
		// The walk itself has nothing to report: files come and go.
		_ = filepath.WalkDir(name, func(path string, entry fs.DirEntry, _ error) error {
			if entry != nil && !entry.IsDir() && !o.isReport(path) {
				files = append(files, path)
			}
			return nil
		})
	}
	return files
}
