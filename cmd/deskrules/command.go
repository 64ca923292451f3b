package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/spell"
)

// The exit statuses. Every verb's help explains them in its own words.
const (
	statusDone        = 0 // everything was delivered or ignored, or is right
	statusUndelivered = 1 // the verb did its work, and not all of it ended well
	statusWrong       = 2 // rules, config or arguments are wrong, the run stopped, or results could not be written
	statusInterrupted = 3 // a signal came; what was in flight is finished
)

// A shell is what a verb may touch of the world it was started in, beside
// files.
type shell struct {
	in       io.Reader
	out, err io.Writer
	env      func(name string) (string, bool)
}

// An exitStatus ends a verb that has already said all there is to say.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// isStatus reports whether an error says no more than how to exit.
func isStatus(err error) bool {
	_, is := errors.AsType[exitStatus](err)
	return is
}

// A usageError is a mistake on the command line. Its cure is the verb's help.
type usageError struct{ problem string }

func (e usageError) Error() string { return e.problem }

func usagef(format string, args ...any) error {
	return usageError{problem: fmt.Sprintf(format, args...)}
}

// run carries out one command line and gives the status to exit with.
func run(ctx context.Context, args []string, sh shell) int {
	out := &output{Writer: sh.out}
	sh.out = out
	root := newRoot(sh)
	root.SetArgs(args)
	root.SetIn(sh.in)
	root.SetOut(sh.out)
	root.SetErr(sh.err)
	verb, err := root.ExecuteContextC(ctx)
	status := conclude(verb, err, sh.err)
	if out.failed != nil && (status == statusDone || status == statusUndelivered) {
		complain(sh.err, "the results could not be written: "+pathError(out.failed).Error())
		return statusWrong
	}
	return status
}

// conclude says what went wrong, once and in one place, and picks the status.
func conclude(verb *cobra.Command, err error, w io.Writer) int {
	var status exitStatus
	var findings engine.Diagnostics
	var usage usageError
	switch {
	case err == nil:
		return statusDone
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, context.Canceled):
		complain(w, "interrupted")
		return statusInterrupted
	case errors.As(err, &findings):
		fmt.Fprintln(w, printableLines(findings.Error()))
	case errors.As(err, &usage):
		complain(w, usage.problem)
		fmt.Fprintf(w, "Run %q for help.\n", verb.CommandPath()+" --help")
	default:
		complain(w, err.Error())
	}
	return statusWrong
}

// newRoot builds the tree of verbs.
func newRoot(sh shell) *cobra.Command {
	root := &cobra.Command{
		Use:   "deskrules",
		Short: "Deliver customer-data events by rules in YAML",
		Long: `Deskrules takes customer-data events (identify, track, group) and makes the API
calls of a destination from them, by rules in YAML that anyone can read and
change. Rules for ` + embedded() + ` are built in.

See it work, without an account and without a network:

  deskrules run --simulate examples/events.ndjson

Then look at what a single event becomes (eval), write rules of your own (check,
test), and deliver for real (run with a deskrules.yaml).`,
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		Args:                       knownVerb,
		RunE:                       func(root *cobra.Command, _ []string) error { return root.Help() },
	}
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(printUsage)
	addGroup(root, "deliver", "Deliver events:", newRun(sh), newEval(sh))
	addGroup(root, "write", "Write rules:", newInit(sh), newCheck(sh), newTest(sh), newDiff(sh), newRecord(sh), newDocs(sh), newSchema(sh), newFmt(sh), newSim(sh))
	root.AddGroup(&cobra.Group{ID: "more", Title: "More:"})
	root.SetHelpCommandGroupID("more")
	root.SetCompletionCommandGroupID("more")
	version := newVersion(sh)
	version.GroupID = "more"
	root.AddCommand(version)
	return root
}

// knownVerb is what the root is asked with a word that is none of its verbs.
func knownVerb(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	problem := fmt.Sprintf("there is no verb %q", args[0])
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		problem += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError{problem: problem}
}

// flagError makes a complaint about a flag a usage error, and names the flag
// that was probably meant.
func flagError(verb *cobra.Command, err error) error {
	problem := err.Error()
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if near := nearestFlag(verb, unknown.GetSpecifiedName()); near != "" {
			problem += "; did you mean --" + near + "?"
		}
	}
	return usageError{problem: problem}
}

// nearestFlag gives the flag that was probably meant; empty if none was.
func nearestFlag(verb *cobra.Command, name string) string {
	var known []string
	verb.Flags().VisitAll(func(flag *pflag.Flag) { known = append(known, flag.Name) })
	return spell.Nearest(name, known)
}

// addGroup adds verbs under a common heading of the overview.
func addGroup(root *cobra.Command, id, title string, verbs ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, verb := range verbs {
		verb.GroupID = id
		root.AddCommand(verb)
	}
}

// printUsage is the part of a help text below the description. Cobra's own
// does the same, but runs past 80 columns.
func printUsage(verb *cobra.Command) error {
	w := verb.OutOrStderr()
	if verb.HasAvailableSubCommands() {
		fmt.Fprintf(w, "Usage:\n  %s VERB [flags]\n", verb.CommandPath())
	} else {
		fmt.Fprintf(w, "Usage:\n  %s\n", verb.UseLine())
	}
	for _, group := range verb.Groups() {
		fmt.Fprintf(w, "\n%s\n", group.Title)
		printVerbs(w, verb, group.ID)
	}
	if len(verb.Groups()) == 0 && verb.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nVerbs:\n")
		printVerbs(w, verb, "")
	}
	if verb.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", verb.Example)
	}
	if verb.HasAvailableLocalFlags() && verb.HasParent() {
		fmt.Fprintf(w, "\nFlags:\n%s", verb.LocalFlags().FlagUsagesWrapped(columns))
	}
	if verb.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%q explains a verb.\n", verb.CommandPath()+" VERB --help")
	}
	return nil
}

func printVerbs(w io.Writer, parent *cobra.Command, group string) {
	for _, verb := range parent.Commands() {
		if verb.GroupID == group && (verb.IsAvailableCommand() || verb.Name() == "help") {
			fmt.Fprintf(w, "  %-12s%s\n", verb.Name(), verb.Short)
		}
	}
}

// outputFlag declares --output, which is the same for all verbs that have it,
// apart from formats that only some verbs know.
func outputFlag(verb *cobra.Command, output *string, more ...string) {
	usage := "write `FORMAT` to stdout: text, or json for programs"
	for _, format := range more {
		usage += ", or " + format
	}
	verb.Flags().StringVarP(output, "output", "o", "text", usage)
	known := cobra.FixedCompletions(append([]string{"text", "json"}, more...), cobra.ShellCompDirectiveNoFileComp)
	// The flag was declared above, the one thing that could fail.
	_ = verb.RegisterFlagCompletionFunc("output", known)
}

// eventBytesFlag declares --max-event-bytes, which is the same for all verbs that
// read events.
func eventBytesFlag(verb *cobra.Command, most *int) {
	verb.Flags().IntVar(most, "max-event-bytes", defaultEventBytes(), "reject events of more than `N` bytes")
}

func defaultEventBytes() int { return engine.Limits{}.WithDefaults().EventBytes }

// wantsJSON reads --output.
func wantsJSON(output string) (bool, error) {
	switch output {
	case "text", "json":
		return output == "json", nil
	default:
		return false, usagef("--output %s: the formats are text and json", output)
	}
}
