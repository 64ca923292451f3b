package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/internal/rulefmt"
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
is. Of a folder, the *.yaml files in it are laid out; without arguments those of
this folder.

Exit status:
  0  every file is laid out
  1  with --check: some are not
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
	if len(args) == 0 {
		args = []string{"."}
	}
	files, err := findRuleFiles(args)
	if err != nil {
		return err
	}
	changed := 0
	for _, name := range files {
		differs, err := o.one(sh, name)
		if err != nil {
			return fmt.Errorf("file %s: %w", name, pathError(err))
		}
		if differs {
			changed++
		}
	}
	switch {
	case o.check && changed > 0:
		fmt.Fprintf(sh.err, "%d of %s not laid out\n", changed, count(len(files), "file"))
		return exitStatus(statusUndelivered)
	case changed == 0:
		fmt.Fprintf(sh.out, "%s: nothing to lay out\n", count(len(files), "file"))
	}
	return nil
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
		found, err := filepath.Glob(filepath.Join(name, "*.yaml"))
		if err == nil && len(found) == 0 {
			err = errors.New("there is no *.yaml file in it")
		}
		if err != nil {
			return nil, fmt.Errorf("folder %s: %w", name, err)
		}
		files = append(files, found...)
	}
	return files, nil
}

// one lays out a file, or says that it is not.
func (o fmtOptions) one(sh shell, name string) (differs bool, err error) {
	before, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	after := []byte(rulefmt.Format(string(before)))
	if string(after) == string(before) {
		return false, nil
	}
	if o.diff {
		_, err = sh.out.Write(diff.Diff(name, before, name+" laid out", after))
		return true, err
	}
	fmt.Fprintln(sh.out, name)
	if o.check {
		return true, nil
	}
	return true, rewrite(name, after)
}

// rewrite puts a file in the place of another one as a whole: a program that is
// killed leaves one of the two.
func rewrite(name string, text []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	beside, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = beside.Write(text)
	err = errors.Join(err, beside.Chmod(info.Mode().Perm()), beside.Close())
	if err == nil {
		err = os.Rename(beside.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside.Name()))
	}
	return nil
}
