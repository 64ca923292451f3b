package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// defaultCases is the folder of golden cases that is looked into without being
// named.
const defaultCases = "rules_test"

// testOptions are the flags of test.
type testOptions struct {
	sources
	update   bool
	failFast bool
	mutates  bool
	watches  bool
	filter   string
	output   string
	junit    string
	allow    string
	only     onlyFiles // of the rules, for coverage and mutants
	coverage string    // empty for none, coverageTable or coverageListing
	least    float64   // percent of coverage
}

// What --coverage shows.
const (
	coverageTable   = "table"
	coverageListing = "annotate"
)

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

--coverage tells what the cases show of each line of the rules: a value set and
absent, each place that it may be from, a condition both ways, a step run and
passed over, each answer. --coverage=annotate shows it in the rule files.

--mutate changes one line of the rules at a time, in memory: it takes away a
line, a condition, one of several places, and so on. Where all cases still pass,
no test notices the mistake, and the change is shown.

--file NAME keeps both to a rule file, such as the one that you have written.

--allow FILE lists what no case can show or notice, with the reason:
  - {file: group.yaml, what: 'value name: absent', because: it is required}
For a change, what is the line, a colon, and the change as --mutate shows it. An
entry that allows nothing any more is an error: of a point with --coverage, of a
change with --mutate. With --file, entries for other files are not looked at.

--watch runs the cases again whenever the rules or the cases are saved. It looks
at them five times a second, until it is interrupted; its exit status is then 0.

Exit status:
  0  every case passed
  1  some failed, there is less coverage than --coverage-min, a change of
     --mutate went unnoticed, or an entry of --allow allows nothing
  2  rules or arguments are wrong, or there is no case`,
		Example: `  deskrules test
  deskrules test rules_test --run group
  deskrules test --rules rules/zendesk rules_test
  deskrules test --coverage --coverage-min 90
  deskrules test --mutate --allow rules_test/allow.yaml --run nobody
  deskrules test --fail-fast`,
		RunE: func(verb *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if o.watches {
				files := func() []string { return o.watched(sh, args) }
				return watch(verb.Context(), verb, sh, files, func(sh shell) error { return o.run(verb.Context(), sh, args) })
			}
			return o.run(verb.Context(), sh, args)
		},
	}
	o.declare(verb)
	o.declareOwn(verb)
	return verb
}

func (o *testOptions) declareOwn(verb *cobra.Command) {
	flags := verb.Flags()
	flags.BoolVar(&o.update, "update", false, "write what happens into the cases")
	flags.StringVar(&o.filter, "run", "", "only the cases whose file name matches `REGEXP`")
	flags.BoolVar(&o.failFast, "fail-fast", false, "stop at the first case that fails")
	flags.StringVar(&o.junit, "junit", "", "write the results to `FILE`, as JUnit XML for CI")
	flags.StringVar(&o.coverage, "coverage", "", "tell what the cases show of the rules, as a `FORM`: table or annotate")
	flags.Lookup("coverage").NoOptDefVal = coverageTable
	flags.Float64Var(&o.least, "coverage-min", 0, "fail below `PERCENT` of coverage")
	flags.BoolVar(&o.mutates, "mutate", false, "change lines of the rules, and tell what no case notices")
	flags.StringArrayVar((*[]string)(&o.only), "file", nil, "tell of --coverage and --mutate only what is about the rule file `NAME`; may be given again")
	flags.BoolVar(&o.watches, "watch", false, "run again whenever rules or cases are saved")
	flags.StringVar(&o.allow, "allow", "", "read from `FILE` what cases need not show or notice, and why")
	outputFlag(verb, &o.output)
}

// check looks at the flags, and draws what one says of others.
func (o *testOptions) check() error {
	if _, err := wantsJSON(o.output); err != nil {
		return err
	}
	if !(o.least >= 0 && o.least <= 100) { // which is nothing that is no number
		return usagef("--coverage-min %v: give a number from 0 to 100", o.least)
	}
	if o.update && (o.mutates || o.watches) {
		return usagef("--update does not go with --mutate and --watch")
	}
	if o.least > 0 && o.coverage == "" {
		o.coverage = coverageTable
	}
	if len(o.only) > 0 && o.coverage == "" && !o.mutates {
		return usagef("--file is for --coverage and --mutate; --run picks cases")
	}
	if !slices.Contains([]string{"", coverageTable, coverageListing}, o.coverage) {
		return usagef("--coverage=%s: write --coverage alone, or --coverage=%s", o.coverage, coverageListing)
	}
	return nil
}

// A bench is everything that a run of the cases needs.
type bench struct {
	setup
	files   []string // of the cases
	filter  *regexp.Regexp
	allowed ruletest.Allowances
}

func (o testOptions) prepare(sh shell, args []string) (bench, error) {
	filter, err := regexp.Compile(o.filter)
	if err != nil {
		return bench{}, usagef("--run: %s", err)
	}
	o.unset = omitUnset
	made, err := o.load(sh)
	if err != nil {
		return bench{}, err
	}
	files, err := findCases(args)
	if err != nil {
		return bench{}, err
	}
	allowed, err := readAllowances(o.allow)
	if err == nil {
		err = o.checkJUnit(made, files)
	}
	return bench{made, files, filter, allowed}, err
}

func (o testOptions) run(ctx context.Context, sh shell, args []string) error {
	b, err := o.prepare(sh, args)
	if err != nil {
		return err
	}
	report := testReport{Rules: b.origin(), files: b.ruleFiles()}
	if err := o.only.check(report.files); err != nil {
		return err
	}
	options := o.options(sh, b.setup, b.filter)
	if o.coverage != "" {
		options.Coverage = &engine.Coverage{}
	}
	report.results = ruletest.Check(ctx, b.program, b.files, options)
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(report.results) == 0 {
		return fmt.Errorf("no case matches --run %s, of %s such as %s", o.filter, count(len(b.files), "case"), b.files[0])
	}
	if err := o.measure(ctx, b, &report, options); err != nil {
		return err
	}
	return o.finish(sh, report)
}

// measure tells what the cases show and notice, as far as that was asked for.
func (o testOptions) measure(ctx context.Context, b bench, r *testReport, options ruletest.Options) (err error) {
	if o.coverage != "" {
		r.Coverage = newCoverageReport(o.only.points(r.files, b.program.CoveragePoints()), options.Coverage, b.allowed)
	}
	if o.mutates && !failed(r.results) {
		if r.Mutation, err = o.mutate(ctx, b, r.files, options); err != nil {
			return err
		}
	}
	r.Stale, err = o.stale(b, *r, options.Coverage)
	return err
}

// picks reports whether a case is to be run.
func (b bench) picks(file string) bool { return b.filter.MatchString(filepath.ToSlash(file)) }

func failed(results []ruletest.Result) bool {
	return slices.ContainsFunc(results, func(r ruletest.Result) bool { return r.Status == ruletest.Failed })
}

// options hands the simulator to the cases, where the destination has one.
func (o testOptions) options(sh shell, made setup, filter *regexp.Regexp) ruletest.Options {
	options := ruletest.Options{Run: filter, Update: o.update, FailFast: o.failFast, Color: styleFor(sh.out, sh.env).colours}
	if made.program.Name() == simulated {
		options.Simulator, options.Dump = newHinter(sh.err).cases, dumpSimulator
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
func printResults(sh shell, results []ruletest.Result) {
	look := styleFor(sh.out, sh.env)
	counts := map[ruletest.Status]int{}
	for _, result := range results {
		counts[result.Status]++
		switch result.Status {
		case ruletest.Failed:
			fmt.Fprintf(sh.out, "%s %s\n", look.red("failed"), printable(result.File))
			if result.Title != "" {
				fmt.Fprintln(sh.out, look.dim(wrap("  "+printable(result.Title), "  ")))
			}
			fmt.Fprintf(sh.out, "%s\n\n", printablePainted(strings.TrimRight(result.Message, "\n")))
		case ruletest.Updated:
			fmt.Fprintf(sh.out, "updated %s: %s\n", printable(result.File), printable(strings.Join(result.Changes, ", ")))
		}
	}
	fmt.Fprintln(sh.out, tallyLine(counts))
}

// tallyLine is "12 passed, 1 updated, 0 failed".
func tallyLine(counts map[ruletest.Status]int) string {
	line := thousands(counts[ruletest.Passed]) + " passed"
	if n := counts[ruletest.Updated]; n > 0 {
		line += ", " + thousands(n) + " updated"
	}
	return line + ", " + thousands(counts[ruletest.Failed]) + " failed"
}
