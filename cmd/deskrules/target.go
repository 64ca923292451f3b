package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// A target is where a run delivers to.
type target struct {
	setup
	settings  map[string]any
	simulator *simulator        // nil for a destination outside the command
	inFront   http.Handler      // what answers in place of the simulator, or the simulator itself
	replies   *ruletest.Replies // answer before that; nil for none
}

// target reads rules and config, and decides with which settings to deliver.
func (o *runOptions) target(sh shell) (target, error) {
	if o.simulate.isOn() {
		o.unset = omitUnset
	}
	made, err := o.load(sh)
	if err != nil {
		return target{}, err
	}
	printWarnings(sh, made)
	switch {
	case o.simulate.isOn():
		return made.simulated(o)
	case isLocal(o.baseURL):
		settings, err := made.rehearsal()
		goal := target{setup: made, settings: settings}
		goal.printPlaceholders(sh)
		return goal, err
	default:
		return target{setup: made, settings: made.config.settings}, made.checkSettings()
	}
}

// simulated is the target of a run that leaves the machine alone.
func (s setup) simulated(o *runOptions) (target, error) {
	settings, err := s.rehearsal()
	if err != nil {
		return target{}, err
	}
	sim, err := simulatorWith(o.simulate.options(), s.program.Name(), o.account)
	if err != nil {
		return target{}, err
	}
	replies, _, err := readReplies(o.replies)
	return target{setup: s, settings: settings, simulator: &sim, inFront: o.inFront(sim), replies: replies}, err
}

// printPlaceholders says what was made up for an address of this machine: it
// may be the way to somewhere else.
func (t target) printPlaceholders(sh shell) {
	var names []string
	for _, declared := range t.missing() {
		names = append(names, declared.Name)
	}
	if len(names) > 0 {
		complain(sh.err, "placeholders are used for the settings that are missing: "+strings.Join(names, ", "))
	}
}

// isLocal reports whether a URL leads to this machine. What listens there is a
// simulator or somebody's test server, so placeholders do for credentials.
func isLocal(baseURL string) bool {
	base, err := url.Parse(baseURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(base.Hostname())
	return base.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// printWarnings says what the rules' author may want to know.
func printWarnings(sh shell, made setup) {
	for _, warning := range below(made.folder, made.program.Warnings()) {
		fmt.Fprintln(sh.err, printableLines(warning.String()))
	}
}

// runner makes the runner that delivers to the target. Its log goes to w.
func (t target) runner(o *runOptions, journal *runner.Journal, w io.Writer) (*runner.Runner, error) {
	options := runner.Options{
		Settings: t.settings, BaseURL: o.baseURL, Concurrency: o.concurrency,
		Unlimited:      o.unlimited || o.simulate == plainMode, // the plain simulator has no limits
		RetryUncertain: o.retryUncertain, Limits: o.limits(), Journal: journal, Logger: slog.New(newTeller(w)),
	}
	if t.simulator != nil {
		config, err := t.program.Configure(t.settings)
		if err != nil {
			return nil, err
		}
		options.Transport = standIn{t.replies, config.BaseURL(), runner.InProcess(newHinter(w).over(t.inFront))}
	}
	return runner.New(t.program, options)
}

// advice tells somebody who has tried a run how to do it for real.
func (t target) advice(command string) string {
	var b strings.Builder
	missing := t.missing()
	t.adviseConfig(&b, missing)
	for _, declared := range missing {
		if declared.Secret {
			fmt.Fprintf(&b, "  export %s=...\n", t.variable(declared))
		}
	}
	return b.String() + "  " + command
}

// adviseConfig says what to write into which config file.
func (t target) adviseConfig(w io.Writer, missing []engine.Setting) {
	start := "Nothing left this machine. To deliver to " + t.program.Title()
	switch {
	case len(missing) == 0:
		fmt.Fprintf(w, "%s, run\n\n", start)
		return
	case t.config.name == "":
		fmt.Fprintf(w, "%s, write %s\n\n  destination: %s\n  settings:\n", start, defaultConfig, t.program.Name())
	case t.config.hasSettings:
		fmt.Fprintf(w, "%s\n\n", wrap(start+", add under settings: in "+t.config.name, ""))
	default:
		fmt.Fprintf(w, "%s\n\n  settings:\n", wrap(start+", add to "+t.config.name, ""))
	}
	for _, declared := range missing {
		if declared.Secret {
			fmt.Fprintf(w, "    %s: ${%s}\n", declared.Name, t.variable(declared))
		} else {
			fmt.Fprintf(w, "    %s: ...   # %s\n", declared.Name, declared.Title)
		}
	}
	fmt.Fprint(w, "\nand run\n\n")
}

// missing lists the settings that a real run needs and the config does not
// have: those that the rehearsal had to make up.
func (t target) missing() []engine.Setting {
	var missing []engine.Setting
	for _, declared := range t.program.Settings() {
		_, used := t.settings[declared.Name]
		if _, given := t.config.settings[declared.Name]; used && !given {
			missing = append(missing, declared)
		}
	}
	return missing
}

// variable is the environment variable to keep a secret in, such as
// CRM_API_TOKEN.
func (t target) variable(declared engine.Setting) string { return variableOf(t.program, declared.Name) }

func variableOf(program *engine.Program, setting string) string {
	return variableName(program.Name()) + "_" + variableName(setting)
}

// variableName writes a name as environment variables are: apiToken becomes
// API_TOKEN.
func variableName(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}
