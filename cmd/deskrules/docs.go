package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/spell"
)

// docsOptions are the flags of docs.
type docsOptions struct {
	sources
	output string
	part   string
}

// docsParts are what --part knows.
func docsParts() []string { return []string{"settings", "fields", "steps", "flow"} }

func newDocs(sh shell) *cobra.Command {
	var o docsOptions
	verb := &cobra.Command{
		Use:   "docs [RULE...]",
		Short: "Print what rules do, for people to read",
		Long: `Print documentation of the rules of a folder, made from the rules alone: which
field of an event becomes which field of the destination, the settings, the
calls in their order, and a picture of the steps of each rule. With the name of
a rule, only that rule and what it uses.

The Markdown shows well on GitHub, which draws the pictures (Mermaid), and reads
well in a terminal. --part prints one part without headings, to stand in a page
of your own: settings, fields, steps or flow.

Exit status:
  0  the documentation was printed
  2  rules or arguments are wrong`,
		Example: `  deskrules docs
  deskrules docs identify
  deskrules docs --rules examples/intercom --part fields identify
  deskrules docs --output json`,
		RunE: func(_ *cobra.Command, args []string) error { return o.run(sh, args) },
	}
	o.declare(verb)
	declareChoice(verb, &o.output, "output", "o", "markdown", "write `FORMAT` to stdout: markdown, or json for programs", []string{"markdown", "json"})
	declareChoice(verb, &o.part, "part", "", "", "print one `PART` only: settings, fields, steps or flow", docsParts())
	return verb
}

// declareChoice declares a flag that takes one of several words.
func declareChoice(verb *cobra.Command, into *string, name, short, fallback, usage string, known []string) {
	verb.Flags().StringVarP(into, name, short, fallback, usage)
	// The flag was declared above, the one thing that could fail.
	_ = verb.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
}

func (o docsOptions) run(sh shell, rules []string) error {
	if err := o.check(); err != nil {
		return err
	}
	program, err := o.load(sh)
	if err != nil {
		return err
	}
	described := program.Describe()
	if err := knownRules(program, rules); err != nil {
		return err
	}
	if len(rules) > 0 {
		described = only(described, rules)
	}
	if o.output == "json" {
		return printJSON(sh.out, described)
	}
	_, err = io.WriteString(sh.out, o.page(described, len(rules) > 0))
	return err
}

// load compiles the rules. The config has a say only in which these are: whether
// its settings are right is no question here.
func (o docsOptions) load(sh shell) (*engine.Program, error) {
	o.unset = omitUnset
	config, err := o.loadConfig(sh)
	if _, err := gather(nil, err); err != nil {
		return nil, err
	}
	made, err := o.loadRules(sh, config)
	return made.program, err
}

func (o docsOptions) check() error {
	if o.output != "markdown" && o.output != "json" {
		return usagef("--output %s: the formats are markdown and json", o.output)
	}
	if o.part != "" && !slices.Contains(docsParts(), o.part) {
		return usagef("--part %s: the parts are %s", o.part, listed(docsParts(), "and"))
	}
	if o.part != "" && o.output == "json" {
		return usagef("--part is for markdown: the JSON has everything")
	}
	return nil
}

// knownRules refuses a rule that is not there.
func knownRules(program *engine.Program, rules []string) error {
	for _, name := range rules {
		if !slices.Contains(program.Rules(), name) {
			problem := fmt.Sprintf("there is no rule %q", name)
			if near := spell.Nearest(name, program.Rules()); near != "" {
				problem += "; did you mean " + near + "?"
			}
			return usagef("%s; the rules are %s", problem, strings.Join(program.Rules(), ", "))
		}
	}
	return nil
}

// only keeps some rules, in the order in which they run, and what they use.
func only(d engine.Description, rules []string) engine.Description {
	d.Rules = slices.DeleteFunc(d.Rules, func(r engine.RuleDescription) bool { return !slices.Contains(rules, r.Name) })
	used := usage{lookups: map[string]bool{}, procedures: map[string]bool{}}
	for _, r := range d.Rules {
		used.steps(d, r.Steps)
	}
	d.Lookups = slices.DeleteFunc(d.Lookups, func(l engine.LookupDescription) bool { return !used.lookups[l.Name] })
	d.Procedures = slices.DeleteFunc(d.Procedures, func(p engine.ProcedureDescription) bool { return !used.procedures[p.ID] })
	return d
}

// A usage is what steps use, directly and through others.
type usage struct {
	lookups    map[string]bool
	procedures map[string]bool
}

func (u usage) steps(d engine.Description, steps []engine.StepDescription) {
	for _, s := range steps {
		switch {
		case s.Find != nil && !u.lookups[s.Find.Lookup]:
			u.lookups[s.Find.Lookup] = true
			u.lookup(d, s.Find.Lookup)
		case s.Use != nil && !u.procedures[s.Use.ID]:
			u.procedures[s.Use.ID] = true
			u.procedure(d, s.Use.ID)
		}
	}
}

func (u usage) lookup(d engine.Description, name string) {
	for _, l := range d.Lookups {
		for _, w := range l.Ways {
			if l.Name == name {
				u.steps(d, w.Steps)
			}
		}
	}
}

func (u usage) procedure(d engine.Description, id string) {
	for _, p := range d.Procedures {
		if p.ID == id {
			u.steps(d, p.Steps)
		}
	}
}

// page writes the documentation, or one part of it.
func (o docsOptions) page(d engine.Description, some bool) string {
	if o.part != "" {
		return partOf(d, o.part)
	}
	var b strings.Builder
	b.WriteString(introduction(d, some))
	for _, r := range d.Rules {
		b.WriteString("\n" + ruleSection(r))
	}
	for _, l := range d.Lookups {
		b.WriteString("\n" + lookupSection(l))
	}
	for _, p := range d.Procedures {
		b.WriteString("\n" + procedureSection(p))
	}
	if !some {
		b.WriteString("\n" + retrySection(d.Retry, d.Circuit) + limitsSection(d.RateLimits))
	}
	return b.String()
}

// partOf writes one part without headings, apart from the names of rules where
// there are several.
func partOf(d engine.Description, part string) string {
	if part == "settings" {
		return settingsTable(d)
	}
	var texts []string
	for _, r := range d.Rules {
		text := rulePart(r, part)
		if len(d.Rules) > 1 {
			text = "### " + prose(r.Name) + "\n\n" + text
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}

// rulePart is a part of one rule. Which events the fields are from has to be
// said where there is nothing around them.
func rulePart(r engine.RuleDescription, part string) string {
	switch part {
	case "fields":
		return paragraph(takes(r)) + "\n" + fieldsPart(r)
	case "steps":
		return stepsPart(r)
	default:
		return ruleChart(r)
	}
}
