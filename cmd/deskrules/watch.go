package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
// ends. What went wrong is said, and waits for the next save. What comes out as it
// did before is not said again.
func watch(ctx context.Context, verb *cobra.Command, sh shell, files func() []string, do func(shell) error) error {
	last := ""
	for {
		before := stateOf(files())
		out, err := &held{behind: sh.out}, &held{behind: sh.err}
		if failed := do(shell{in: sh.in, out: out, err: err, env: sh.env}); failed != nil && !isStatus(failed) {
			if errors.Is(failed, context.Canceled) {
				return nil
			}
			conclude(verb, failed, err)
		}
		if said := out.String() + err.String(); said == last && said != "" {
			complain(sh.err, "unchanged")
		} else {
			last = said
			fmt.Fprint(sh.out, out.String())
			fmt.Fprint(sh.err, err.String())
		}
		complain(sh.err, "waiting for a change")
		changed := awaitChange(ctx, files, before)
		if len(changed) == 0 {
			return nil
		}
		fmt.Fprintln(sh.err)
		complain(sh.err, time.Now().Format(time.TimeOnly)+" "+listed(changed, "and")+" changed")
	}
}

// awaitChange gives the files that have changed, none where ctx ends before.
func awaitChange(ctx context.Context, files func() []string, before map[string]string) []string {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchEvery):
		}
		if changed := changedFiles(before, stateOf(files())); len(changed) > 0 {
			return changed
		}
	}
}

// changedFiles are those that are new, gone, or not as they were.
func changedFiles(before, now map[string]string) []string {
	all := maps.Clone(before)
	maps.Copy(all, now)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool {
		was, there := before[name]
		is, stays := now[name]
		return was == is && there == stays
	})
}

// stateOf is what tells that files were saved.
func stateOf(files []string) map[string]string {
	all := map[string]string{}
	for _, name := range files {
		all[name] = ""
		if info, err := os.Stat(name); err == nil {
			all[name] = fmt.Sprint(info.ModTime().UnixNano(), info.Size())
		}
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
			if entry != nil && !entry.IsDir() && !o.isReport(path) {
				files = append(files, path)
			}
			return nil
		})
	}
	return files
}
