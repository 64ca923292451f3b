package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
)

// checkOptions are the flags of check.
type checkOptions struct {
	sources
	output  string
	events  []string
	against string
	replies string
}

func newCheck(sh shell) *cobra.Command {
	var o checkOptions
	verb := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Find mistakes in rules and config",
		Long: `Find mistakes in the rules of a folder (the one that holds destination.yaml) and
in the config. Everything that is wrong is said at once, with its place. Nothing
is sent. --output github writes the findings so that GitHub Actions, and other
CI services that know its form, show each at its line.

--events runs a sample of events, too, without sending anything: which paths of
the rules no event has, and what was probably meant; the types of values; which
keys become custom fields; what each rule takes and rejects; and what the
simulator refuses. --against compares with the fields of an account.

Exit status:
  0  no mistakes; there may be warnings
  2  there are mistakes, or no event of the sample can be read`,
		Example: `  deskrules check
  deskrules check rules/zendesk
  deskrules check rules/zendesk --output json
  deskrules check --events examples/events.ndjson \
    --against examples/account.json`,
		Args: checkArgs,
		RunE: func(verb *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.rules = args[0]
			}
			if len(o.events) > 0 || o.against != "" || o.replies != "" {
				return o.runSurvey(verb.Context(), sh)
			}
			return o.run(sh)
		},
	}
	o.declare(verb)
	verb.Flags().StringArrayVar(&o.events, "events", nil, "say what the rules make of the events of `FILE`; may be given again")
	verb.Flags().StringVar(&o.against, "against", "", "compare with the fields of the account in `FILE` (JSON)")
	verb.Flags().StringVar(&o.replies, "replies", "", "answer the events with the replies of `FILE` where one fits, before the simulator")
	outputFlag(verb, &o.output, "github")
	return verb
}

func checkArgs(verb *cobra.Command, args []string) error {
	switch {
	case len(args) > 1:
		return usagef("one folder can be checked at a time, and there are %d", len(args))
	case len(args) == 1 && verb.Flags().Changed("rules"):
		return usagef("the folder is given twice: %s and --rules", args[0])
	}
	return nil
}

func (o checkOptions) run(sh shell) error {
	if _, err := wantsJSON(o.output); err != nil && o.output != "github" {
		return usagef("--output %s: the formats are text, json and github", o.output)
	}
	checked, findings, err := o.check(sh)
	if err != nil {
		return err
	}
	return o.show(sh, checked, findings)
}

// show writes what was found in the form that was asked for.
func (o checkOptions) show(sh shell, checked setup, findings engine.Diagnostics) (err error) {
	switch {
	case o.output == "json":
		err = printJSON(sh.out, forPrograms(findings))
	case o.output == "github":
		err = printAnnotations(sh.out, findings)
	default:
		checked.printFindings(sh, findings)
	}
	if err == nil && len(findings.Errors()) > 0 {
		err = exitStatus(statusWrong)
	}
	return err
}

// check looks at rules and config, and gives what it looked at, without a program
// where the rules did not load. A mistake in one does not hide those in the other.
func (o checkOptions) check(sh shell) (setup, engine.Diagnostics, error) {
	var findings engine.Diagnostics
	config, err := o.loadConfig(sh)
	findings, err = gather(findings, err)
	if err != nil {
		return setup{}, nil, err
	}
	made, err := o.loadRules(sh, config)
	findings, err = gather(findings, err)
	if err != nil || made.program == nil {
		return made, findings, err
	}
	findings = append(findings, below(made.folder, made.program.Warnings())...)
	findings, err = gather(findings, made.checkDestination())
	if err == nil && config.name != "" && made.fits() {
		findings, err = gather(findings, made.checkConfigured())
	}
	return made, findings, err
}

// gather adds an error to the findings if it consists of some.
func gather(findings engine.Diagnostics, err error) (engine.Diagnostics, error) {
	var more engine.Diagnostics
	if errors.As(err, &more) {
		return append(findings, more...), nil
	}
	return findings, err
}

// asError is findings as an error, nil where there are none.
func asError(findings engine.Diagnostics) error {
	if len(findings) == 0 {
		return nil
	}
	return findings
}

// printFindings writes findings one below the other, or that there are none.
func (s setup) printFindings(sh shell, findings engine.Diagnostics) {
	for _, found := range findings {
		fmt.Fprintln(sh.out, printableLines(found.String()))
	}
	errorCount, warningCount := findings.Errors().Len(), findings.Warnings().Len()
	switch {
	case errorCount > 0:
		fmt.Fprintf(sh.err, "%s, %s\n", count(errorCount, "error"), count(warningCount, "warning"))
	case warningCount > 0:
		fmt.Fprintf(sh.out, "%s: no errors, %s\n", s.subject(), count(warningCount, "warning"))
	default:
		fmt.Fprintf(sh.out, "%s: no problems\n", s.subject())
	}
}

// subject says what was checked: "5 rules for Zendesk (built in) and
// deskrules.yaml".
func (s setup) subject() string {
	subject := fmt.Sprintf("%s for %s (%s)", count(len(s.program.Rules()), "rule"), s.program.Title(), s.origin())
	if s.config.name != "" {
		subject += " and " + s.config.name
	}
	return printable(subject)
}

// A findingJSON is a diagnostic for programs.
type findingJSON struct {
	Severity string `json:"severity"`
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`   // from 1
	Column   int    `json:"column,omitempty"` // from 1, in characters
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
}

func forPrograms(findings engine.Diagnostics) []findingJSON {
	shown := []findingJSON{}
	for _, d := range findings {
		shown = append(shown, findingJSON{
			Severity: d.Severity.String(), File: d.At.File, Line: d.At.Line, Column: d.At.Column,
			Summary: d.Summary, Detail: d.Detail,
		})
	}
	return shown
}

// printAnnotations writes findings as workflow commands: a CI service shows each
// at its line of a change.
func printAnnotations(w io.Writer, findings engine.Diagnostics) error {
	for _, d := range findings {
		place := "file=" + annotationProperty(d.At.File)
		if d.At.Line > 0 {
			place += fmt.Sprintf(",line=%d,col=%d", d.At.Line, d.At.Column)
		}
		text := d.Detail
		if text == "" {
			text = d.Summary
		}
		if _, err := fmt.Fprintf(w, "::%s %s,title=%s::%s\n",
			d.Severity, place, annotationProperty(d.Summary), annotationText(text)); err != nil {
			return err
		}
	}
	return nil
}

// annotationText escapes what would end a workflow command.
func annotationText(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// annotationProperty escapes what would end a property of one, too.
func annotationProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(annotationText(text))
}
