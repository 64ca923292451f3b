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

// rulesNow is the folder that the rules would be taken from now; empty where they
// are built in. What is wrong with the config is said where it is loaded.
func (s sources) rulesNow(sh shell) string {
	config, err := s.loadConfig(sh)
	if err != nil {
		return s.rules
	}
	return s.folder(config)
}

// watched are the files that the outcome of an evaluation depends on.
func (o evalOptions) watched(sh shell, event string) []string {
	config := o.config
	if config == "" {
		config = defaultConfig
	}
	files := []string{event, config, o.account, o.replies}
	dir := o.rulesNow(sh)
	if dir == "" {
		return files
	}
	found, err := fs.Glob(os.DirFS(dir), "*.yaml")
	if err != nil {
		return files // cannot happen: the pattern is one
	}
	for _, name := range found {
		files = append(files, filepath.Join(dir, name))
	}
	return files
}

// watched are the files that the outcome of cases depends on.
func (o testOptions) watched(sh shell, args []string) (files []string) {
	if len(args) == 0 {
		args = []string{defaultCases}
	}
	for _, name := range append([]string{o.rulesNow(sh), o.allow, o.config, defaultConfig}, args...) {
		if name == "" {
			continue
		}
		// The walk itself has nothing to report: files come and go.
		_ = filepath.WalkDir(name, func(path string, entry fs.DirEntry, _ error) error {
			if entry != nil && !entry.IsDir() {
				files = append(files, path)
			}
			return nil
		})
	}
	return files
}
