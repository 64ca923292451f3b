package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/internal/rulefmt"
	"github.com/deskrules/deskrules/internal/wholefile"
)

// fmtOptions are the flags of fmt.
type fmtOptions struct{ check, diff bool }

func newFmt(sh shell) *cobra.Command {
	var o fmtOptions
	verb := &cobra.Command{
		Use:   "fmt [FILES or DIR...]",
		Short: "Lay out rule files",
		Long: `Lay out rule files: keys in the order of the reference, one space within braces,
lines of a mapping in columns, one blank line at most. Comments stay. A file
never means anything else afterwards: what cannot be laid out safely stays as it
is, and is named with the reason. Of a folder, the *.yaml files in it are laid
out; without arguments those of this folder, or of rules where the rules are.

Exit status:
  0  every file is laid out
  1  with --check: some are not, or could not be looked at
  2  a file cannot be read or written`,
		Example: `  deskrules fmt --check rules/zendesk
  deskrules fmt --check --diff examples/intercom/track.yaml`,
		RunE: func(_ *cobra.Command, args []string) error { return o.run(sh, args) },
	}
	verb.Flags().BoolVar(&o.check, "check", false, "write nothing, and list the files that are not laid out")
	verb.Flags().BoolVar(&o.diff, "diff", false, "write nothing, and show what would change")
	return verb
}

func (o fmtOptions) run(sh shell, args []string) error {
	subject := ""
	if len(args) == 0 {
		args = []string{ownFolder()}
		subject = strings.TrimSuffix(" in "+args[0], " in .")
	}
	files, err := findRuleFiles(args)
	if err != nil {
		return err
	}
	var became [unfit + 1]int
	for _, name := range files {
		one, err := o.one(sh, name)
		if err != nil {
			return fmt.Errorf("file %s: %w", name, pathError(err))
		}
		became[one]++
	}
	return o.conclude(sh, became[differs]+became[unfit], count(len(files), "file"), subject)
}

// conclude says how many files are not as they should be.
func (o fmtOptions) conclude(sh shell, open int, files, subject string) error {
	switch {
	case o.check && open > 0:
		fmt.Fprintf(sh.err, "%d of %s not laid out\n", open, files)
		return exitStatus(statusUndelivered)
	case open == 0:
		fmt.Fprintf(sh.out, "%s%s: nothing to lay out\n", files, subject)
	}
	return nil
}

// ownFolder is the one that is laid out without being named: this one, or where
// this one has none, its rules as init puts them.
func ownFolder() string {
	isThere := func(name string) bool { _, err := os.Stat(name); return err == nil }
	if !isThere("destination.yaml") && isThere(filepath.Join(initRules, "destination.yaml")) {
		return initRules
	}
	return "."
}

// findRuleFiles lists the files that were named, and those in folders that were.
func findRuleFiles(args []string) ([]string, error) {
	var files []string
	for _, name := range args {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("files %s: %w", name, pathError(err))
		}
		if !info.IsDir() {
			files = append(files, name)
			continue
		}
		found, err := fs.Glob(os.DirFS(name), "*.yaml")
		if err == nil && len(found) == 0 {
			err = errors.New("there is no *.yaml file in it")
		}
		if err != nil {
			return nil, fmt.Errorf("folder %s: %w", name, err)
		}
		for _, file := range found {
			files = append(files, filepath.Join(name, file))
		}
	}
	return files, nil
}

// A layout is what became of a file.
type layout int

const (
	same    layout = iota // it is laid out
	differs               // it was not
	unfit                 // it cannot be looked at
)

// one lays out a file, or says that it is not.
func (o fmtOptions) one(sh shell, name string) (layout, error) {
	before, err := os.ReadFile(name)
	if err != nil {
		return same, err
	}
	if reason := rulefmt.Unfit(string(before)); reason != "" {
		complain(sh.err, name+": left as it is, because "+reason)
		return unfit, nil
	}
	after := []byte(rulefmt.Format(string(before)))
	if string(after) == string(before) {
		return same, nil
	}
	if o.diff {
		_, err = sh.out.Write(diff.Diff(name, before, name+" laid out", after))
		return differs, err
	}
	if !o.check {
		if err := wholefile.Replace(name, after); err != nil {
			return differs, err
		}
	}
	fmt.Fprintln(sh.out, printable(name))
	return differs, nil
}
