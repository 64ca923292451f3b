package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/runner/ruletest"
)

// defaultCases is the folder of golden cases that is looked into without being
// named.
const defaultCases = "rules_test"

// testOptions are the flags of test.
type testOptions struct {
	sources
	update bool
	filter string
}

func newTest(sh shell) *cobra.Command {
	var o testOptions
	verb := &cobra.Command{
		Use:   "test [DIR or FILES...]",
		Short: "Run golden cases",
		Long: `Run golden cases: each is a *.txtar file with an event and everything that must
come of it, request by request. Folders are searched with all that is below
them; without arguments it is ` + defaultCases + `. Nothing leaves this machine: a case
brings the answers along (replies.http), or a simulator gives them.

--update writes what happens into the cases in place of comparing. Look at the
change before you keep it: it is the new truth.

Exit status:
  0  every case passed
  1  some failed
  2  rules or arguments are wrong, or there is no case`,
		Example: `  deskrules test
  deskrules test rules_test --run group
  deskrules test --rules rules/zendesk rules_test`,
		RunE: func(verb *cobra.Command, args []string) error {
			return o.run(verb.Context(), sh, args)
		},
	}
	o.declare(verb)
	verb.Flags().BoolVar(&o.update, "update", false, "write what happens into the cases")
	verb.Flags().StringVar(&o.filter, "run", "", "only the cases whose file name matches `REGEXP`")
	return verb
}

func (o testOptions) run(ctx context.Context, sh shell, args []string) error {
	filter, err := regexp.Compile(o.filter)
	if err != nil {
		return usagef("--run: %s", err)
	}
	o.unset = omitUnset
	made, err := o.load(sh)
	if err != nil {
		return err
	}
	files, err := findCases(args)
	if err != nil {
		return err
	}
	results := ruletest.Check(ctx, made.program, files, o.options(sh, made, filter))
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(results) == 0 {
		return fmt.Errorf("no case matches --run %s: there are %s, such as %s", o.filter, count(len(files), "case"), files[0])
	}
	return printResults(sh, results)
}

// options hands the simulator to the cases, where the destination has one.
func (o testOptions) options(sh shell, made setup, filter *regexp.Regexp) ruletest.Options {
	options := ruletest.Options{Run: filter, Update: o.update, Color: styleFor(sh.out, sh.env).colours}
	if made.program.Name() == simulated {
		options.Simulator, options.Dump = caseSimulator, dumpSimulator
	}
	return options
}

// findCases lists the cases that were named, or that are in folders that were.
func findCases(args []string) ([]string, error) {
	if len(args) == 0 {
		args = []string{defaultCases}
	}
	var files []string
	for _, name := range args {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("cases %s: %w", name, pathError(err))
		case !info.IsDir():
			files = append(files, name)
			continue
		}
		found, err := ruletest.Find(name)
		if err != nil {
			return nil, fmt.Errorf("cases %s: %w", name, pathError(err))
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no cases in %s: a case is a file whose name ends in .txtar, with a sentence, "+
			"the section event.json, and a section want, which --update fills", strings.Join(args, ", "))
	}
	return files, nil
}

// printResults shows what did not pass, and counts.
func printResults(sh shell, results []ruletest.Result) error {
	look := styleFor(sh.out, sh.env)
	counts := map[ruletest.Status]int{}
	for _, result := range results {
		counts[result.Status]++
		switch result.Status {
		case ruletest.Failed:
			fmt.Fprintf(sh.out, "%s %s\n", look.red("failed"), result.File)
			if result.Title != "" {
				fmt.Fprintln(sh.out, look.dim(wrap("  "+result.Title, "  ")))
			}
			fmt.Fprintf(sh.out, "%s\n\n", strings.TrimRight(result.Message, "\n"))
		case ruletest.Updated:
			fmt.Fprintf(sh.out, "updated %s\n", result.File)
		}
	}
	fmt.Fprintln(sh.out, tallyLine(counts))
	if counts[ruletest.Failed] > 0 {
		return exitStatus(statusUndelivered)
	}
	return nil
}

// tallyLine is "12 passed, 1 updated, 0 failed".
func tallyLine(counts map[ruletest.Status]int) string {
	line := thousands(counts[ruletest.Passed]) + " passed"
	if n := counts[ruletest.Updated]; n > 0 {
		line += ", " + thousands(n) + " updated"
	}
	return line + ", " + thousands(counts[ruletest.Failed]) + " failed"
}
