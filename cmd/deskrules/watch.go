package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// watchInterval is how often --watch looks. Asking for the times of some hundred
// files costs next to nothing, and works on every file system, so that a library
// for notifications is not worth having.
const watchInterval = 500 * time.Millisecond

// watch runs the cases, and again whenever a file has changed, until ctx ends.
func (o testOptions) watch(ctx context.Context, sh shell, args []string) error {
	for {
		before := o.stamp(args)
		if err := o.run(ctx, sh, args); err != nil && ctx.Err() == nil && !isStatus(err) {
			complain(sh.err, err.Error())
		}
		fmt.Fprintln(sh.out, styleFor(sh.out, sh.env).dim("waiting for changes"))
		if !o.wait(ctx, args, before) {
			return nil
		}
	}
}

// wait returns once a file has changed; false when ctx ended first.
func (o testOptions) wait(ctx context.Context, args []string, before string) bool {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
			if o.stamp(args) != before {
				return true
			}
		}
	}
}

// stamp tells one state of the rules and cases from another. What cannot be read
// at the moment, such as a file that is being replaced, is left out.
func (o testOptions) stamp(args []string) string {
	if len(args) == 0 {
		args = []string{defaultCases}
	}
	text := ""
	for _, name := range append([]string{o.rules, o.allow, o.config, defaultConfig}, args...) {
		if name == "" {
			continue
		}
		// The walk itself has nothing to report: files come and go.
		_ = filepath.WalkDir(name, func(path string, _ fs.DirEntry, _ error) error {
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				text += fmt.Sprintln(path, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return text
}
