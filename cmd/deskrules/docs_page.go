package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// introduction names the destination, its rules and its settings. Where only
// some rules are asked for, it is a heading.
func introduction(d engine.Description, some bool) string {
	title := d.Title
	if title == "" {
		title = d.Name
	}
	text := "# " + strings.ReplaceAll(prose(title), kept, " ") + "\n"
	if some {
		return text
	}
	by := "Which rules take an event is said by " + code(d.Match.By)
	if d.Match.IgnoreCase {
		by += ", in upper or lower case"
	}
	text += "\n" + paragraph(by+". They run in this order:") + "\n" + rulesTable(d.Rules)
	if len(d.Order) > 0 {
		text += "\n" + paragraph("An event waits for every earlier one with the same "+ordering(d.Order)+".")
	}
	return text + "\n## Settings\n\n" + settingsTable(d) + "\n" + authenticationList(d.Authentication)
}

func ordering(order [][]string) string {
	var keys []string
	for _, paths := range order {
		keys = append(keys, alternatives(codes(paths)))
	}
	return strings.Join(keys, ", and for every one with the same ")
}

func rulesTable(rules []engine.RuleDescription) string {
	var rows [][]string
	for _, r := range rules {
		rows = append(rows, []string{code(r.Name), strings.Join(codes(r.Events), ", "), code(path.Base(r.At.File))})
	}
	return grid([]string{"Rule", "Events", "File"}, rows)
}

func settingsTable(d engine.Description) string {
	var rows [][]string
	for _, s := range d.Settings {
		row := []string{code(s.Name), s.Type, "", "", settingNotes(s)}
		if s.Required {
			row[2] = "yes"
		}
		if len(s.Default) > 0 {
			row[3] = literal(s.Default)
		}
		rows = append(rows, row)
	}
	return grid([]string{"Setting", "Type", "Required", "Default", "What it is"}, rows)
}

func settingNotes(s engine.SettingDescription) string {
	var notes []string
	if s.Title != "" {
		notes = append(notes, prose(s.Title))
	}
	if s.Secret {
		notes = append(notes, "secret")
	}
	if s.Pattern != "" {
		notes = append(notes, "has to match "+code(s.Pattern))
	}
	if s.Message != "" {
		notes = append(notes, prose(s.Message))
	}
	return strings.Join(notes, "; ")
}

func authenticationList(ways []engine.AuthenticationDescription) string {
	text := "To authenticate, exactly one of these has to be complete:\n\n"
	if len(ways) == 1 {
		text = "To authenticate:\n\n"
	}
	for _, w := range ways {
		way := map[string]string{
			"bearer": "as a bearer token", "client_credentials": "as a client that gets a token by itself", "basic": "as user and password", "headers": "in the header " + listed(codes(w.Headers), "and"),
		}[w.Kind]
		needs := listed(codes(w.Needs), "and")
		if w.Warning != "" {
			way += ". " + prose(w.Warning)
		}
		text += item("", "-", strings.TrimSpace(needs+", "+way))
	}
	return text
}

func ruleSection(r engine.RuleDescription) string {
	text := fmt.Sprintf("## Rule %s\n\n", heading(r.Name)) + paragraph(takes(r))
	text += "\n### Fields of " + heading(r.Name) + "\n\n" + fieldsPart(r)
	text += "\n### Steps of " + heading(r.Name) + "\n\n" + stepsPart(r)
	return text + "\n" + ruleChart(r)
}

func heading(text string) string { return strings.ReplaceAll(prose(text), kept, " ") }

// takes says which events a rule is for, and which it refuses.
func takes(r engine.RuleDescription) string {
	text := "Takes " + listed(codes(r.Events), "and") + " events"
	if r.When != "" {
		text += " where " + code(r.When)
	}
	text += " (" + code(path.Base(r.At.File)) + ")."
	if r.After != "" {
		text += " It follows the rule " + code(r.After) + ", and reads its result."
	}
	return text
}

func lookupSection(l engine.LookupDescription) string {
	text := "## Lookup " + heading(l.Name) + "\n\n"
	about := "Finds one record, of which " + listed(codes(l.Keep), "and") + " are kept. Several fail the event."
	if len(l.Keep) == 1 {
		about = strings.Replace(about, " are kept", " is kept", 1)
	}
	if l.Remember != "" {
		about += " Who was found is remembered for " + l.Remember + "."
	}
	text += paragraph(about) + "\n"
	var tables []string
	for i, w := range l.Ways {
		way := "by " + code(w.By)
		if w.When != "" {
			way += ", where " + code(w.When)
		}
		text += item("", fmt.Sprintf("%d.", i+1), way+":") + stepsList("   ", "-", w.Steps, asWritten())
		text += item("   ", "-", "Found is "+code(w.Found)+".")
		tables = append(tables, bodies(engine.RuleDescription{}, asWritten(), w.Steps)...)
	}
	return strings.Join(slices.Concat([]string{text}, tables, []string{lookupChart(l)}), "\n")
}

func procedureSection(p engine.ProcedureDescription) string {
	text := "## Procedure " + heading(p.Name)
	var inputs []string
	for _, in := range p.Inputs {
		given := code(in.Name)
		if len(in.Constant) > 0 {
			given += " is " + code(string(in.Constant))
			text += constantTitle(string(in.Constant))
		}
		inputs = append(inputs, given)
	}
	text += "\n\n"
	if len(inputs) > 0 {
		text += paragraph("Its inputs: "+strings.Join(inputs, ", ")+".") + "\n"
	}
	text += stepsList("", "", p.Steps, asWritten())
	if p.Result != nil {
		text += "\n" + paragraph("Its result is "+asWritten().source(*p.Result)+".")
	}
	tables := bodies(engine.RuleDescription{}, asWritten(), p.Steps)
	return strings.Join(slices.Concat([]string{text}, tables, []string{procedureChart(p)}), "\n")
}

// constantTitle tells procedures of one name apart in their headings.
func constantTitle(constant string) string {
	if !strings.HasPrefix(constant, `"`) {
		return ""
	}
	return ": " + heading(strings.Trim(constant, `"`))
}

func retrySection(r engine.RetryDescription, c engine.CircuitDescription) string {
	text := "## When a call is refused\n\n"
	text += paragraph(fmt.Sprintf("A call is made at most %d times, within %s. It waits %s at first, then twice as long each time, up to %s. "+
		"A call that must not happen twice is tried again only where it was certainly not taken. Any other refusal that no step names fails the event.", r.Attempts, r.Elapsed, r.First, r.Most)) + "\n"
	var rows [][]string
	for _, one := range r.When {
		rows = append(rows, []string{answer(one), "tried again, " + waiting(one)})
	}
	for _, one := range r.NotTaken {
		rows = append(rows, []string{answer(one), "was certainly not taken"})
	}
	for _, one := range r.Stop {
		rows = append(rows, []string{answer(one), "ends the run"})
	}
	return text + grid([]string{"Answer", "What it means"}, rows) + "\n" + circuitText(c)
}

func answer(o engine.OutcomeDescription) string {
	if len(o.Network) > 0 {
		return "network: " + strings.Join(o.Network, ", ")
	}
	text := strings.Join(o.Status, ", ")
	if len(o.Except) > 0 {
		text += " except " + strings.Join(o.Except, ", ")
	}
	if len(o.Codes) > 0 {
		text += " with " + listed(codes(o.Codes), "or")
	}
	return text
}

func waiting(o engine.OutcomeDescription) string {
	text := "after such a wait"
	if o.Wait == "retry-after" {
		text = "after the time that `Retry-After` says"
	}
	if o.Attempts > 0 {
		text += fmt.Sprintf(", at most %d times", o.Attempts)
	}
	return text
}

// circuitText says when a run pauses as a whole.
func circuitText(c engine.CircuitDescription) string {
	var down []string
	for _, one := range c.When {
		down = append(down, answer(one))
	}
	return paragraph(fmt.Sprintf("After %d calls in a row that are answered so (%s), the run pauses as a whole: %s at first, then up to %s. "+
		"It ends where that lasts for %s.", c.After, strings.Join(down, "; "), c.First, c.Most, c.Stop))
}

// limitsSection has the rate limits, which a run keeps by itself.
func limitsSection(limits []engine.RateLimitDescription) string {
	if len(limits) == 0 {
		return ""
	}
	var rows [][]string
	for _, l := range limits {
		of := "every call"
		if len(l.Of) > 0 {
			of = strings.Join(codes(l.Of), ", ")
		}
		if len(l.Except) > 0 {
			of += "; not " + strings.Join(codes(l.Except), ", ")
		}
		rows = append(rows, []string{prose(l.Name), calls(l.Calls) + " in " + l.Per, of, alternatives(codes(l.Each))})
	}
	return "\n## Rate limits\n\n" + paragraph("A run keeps below these by itself:") + "\n" +
		grid([]string{"Limit", "Calls", "Of", "For each"}, rows)
}

// calls gives a number of calls, which may be a setting.
func calls(text string) string {
	if setting, isSetting := strings.CutPrefix(text, "{config."); isSetting {
		return code(strings.TrimSuffix(setting, "}"))
	}
	return text
}
