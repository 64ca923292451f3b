package ruletest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// A played event is what one event of a case came to.
type played struct {
	calls   []call
	outcome engine.Outcome
	stop    *runner.StopError // nil where the run went on
}

// render writes the section want.
func render(events []played) string {
	var b strings.Builder
	stopped := false
	for i, e := range events {
		if i > 0 {
			b.WriteString("\n")
		}
		if len(events) > 1 {
			fmt.Fprintf(&b, "event %d\n", i+1)
		}
		for _, c := range e.calls {
			b.WriteString(c.String() + "\n")
		}
		writeOutcome(&b, e.outcome)
		if e.stop != nil && !stopped {
			stopped = true
			writeLine(&b, "stops the run", e.stop.Error())
		}
	}
	return b.String()
}

// refusedSetting begins each line of a want that is about settings which the
// destination does not take.
const refusedSetting = "setting refused"

// wantsRefusal reports whether a case is about settings. Any other case has
// settings that are wrong by mistake, which no update may write down.
func (c *scenario) wantsRefusal() bool {
	return c.want != nil && strings.HasPrefix(*c.want, refusedSetting+":")
}

// renderRefusal writes the section want where nothing is sent at all.
func renderRefusal(wrong engine.SettingsError) string {
	var b strings.Builder
	for _, one := range wrong {
		writeLine(&b, refusedSetting, one.Error())
	}
	return b.String()
}

// String shows a call as in want: request line, body, results.
func (c call) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", c.method, c.target)
	if len(c.body) > 0 {
		b.WriteString(indented(c.body) + "\n")
	}
	for _, result := range c.results {
		fmt.Fprintf(&b, "=> %s\n", result)
	}
	return b.String()
}

// indented puts every member on a line of its own, where a diff shows it, and
// keeps the order: it is the order of the mapping's lines.
func indented(body []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return string(body)
	}
	return strings.TrimSpace(b.String())
}

func writeOutcome(b *strings.Builder, o engine.Outcome) {
	writeLine(b, "outcome", string(o.Status))
	if o.Status == engine.Delivered {
		writeLine(b, "rules", strings.Join(o.Rules, ", "))
	} else {
		writeLine(b, "rule", o.Rule)
		writeLine(b, "step", kindOrName(o.Step))
	}
	writeLine(b, "reason", o.Reason)
	for _, w := range o.Warnings {
		writeLine(b, "warning", w.Text)
	}
}

// kindOrName takes the line off a step without a name ("fail:12"): a case must
// not change with every line that is put above a step.
func kindOrName(step string) string {
	kind, _, _ := strings.Cut(step, ":")
	return kind
}

// writeLine leaves out what is empty and indents what continues.
func writeLine(b *strings.Builder, name, text string) {
	if text != "" {
		fmt.Fprintf(b, "%s: %s\n", name, strings.ReplaceAll(text, "\n", "\n  "))
	}
}

// masked returns a replacer that hides the values of secret settings, however a
// request may spell them: where a token is fetched, they are in its body.
func masked(program *engine.Program, settings map[string]any) *strings.Replacer {
	var pairs []string
	for _, s := range program.Settings() {
		value, ok := settings[s.Name].(string)
		if !s.Secret || !ok || value == "" {
			continue
		}
		for _, spelling := range []string{value, url.QueryEscape(value), quoted(value)} {
			pairs = append(pairs, spelling, "***")
		}
	}
	return strings.NewReplacer(pairs...)
}

// quoted returns the value as it stands inside a JSON string.
func quoted(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		return value // cannot happen: every string can be marshalled
	}
	return strings.Trim(string(text), `"`)
}
