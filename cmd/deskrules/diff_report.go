package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/compare"
)

// A diffReport shows what a comparison found.
type diffReport struct {
	comparison
	found *differences
}

// write writes the report at once, so that it is there whole or not at all.
func (r diffReport) write(sh shell, format string) error {
	var text bytes.Buffer
	switch format {
	case "json":
		if err := printJSON(&text, r.forPrograms()); err != nil {
			return err
		}
	case "markdown":
		text.WriteString(r.markdown())
	default:
		r.print(&text, styleFor(sh.out, sh.env))
	}
	_, err := text.WriteTo(sh.out)
	return err
}

// mostShown is how many differences of a kind a screen has.
const mostShown = 20

// print writes the report for a person.
func (r diffReport) print(w io.Writer, look style) {
	fmt.Fprintln(w, look.bold(r.headline()))
	r.printDeclared(w, look)
	for _, part := range r.parts() {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", look.bold(part.title))
		for _, what := range part.list[:min(len(part.list), mostShown)] {
			r.printDifference(w, look, what)
		}
		if more := len(part.list) - mostShown; more > 0 {
			fmt.Fprintf(w, "  %s more: --output json has them all\n", thousands(more))
		}
	}
	if r.found.more > 0 {
		fmt.Fprintf(w, "\n%s more are not counted apart: there were too many different ones.\n", count(r.found.more, "difference"))
	}
	r.printCalls(w, look)
}

// headline says in one line whether anything changes.
func (r diffReport) headline() string {
	switch nothing := fmt.Sprintf("Nothing changes for %s", count(r.found.events, "event")); {
	case r.found.nothing() && len(r.declared) > 0:
		return nothing + ", but settings or the connection do"
	case r.found.nothing():
		return nothing
	}
	verb := "change"
	if r.found.changed == 1 {
		verb = "changes"
	}
	return fmt.Sprintf("%s of %s %s", thousands(r.found.changed), count(r.found.events, "event"), verb)
}

// A reportPart is a list of differences with its title.
type reportPart struct {
	title string
	list  []difference
}

func (r diffReport) parts() []reportPart {
	return []reportPart{
		{"Events that end otherwise", r.found.of(anOutcome)},
		{"Requests", r.found.of(aRequest)},
		{"Fields", r.found.of(aField)},
		{"Warnings", r.found.of(aWarning)},
	}
}

// declarationsTitle stands above of what no event shows.
const declarationsTitle = "Settings and connection"

func (r diffReport) printDeclared(w io.Writer, look style) {
	if len(r.declared) > 0 {
		fmt.Fprintf(w, "\n%s\n", look.bold(declarationsTitle))
	}
	for _, what := range r.declared {
		fmt.Fprintln(w, wrap("  "+what.sentence(), "    "))
		fmt.Fprintln(w, wrap("    "+look.dim(r.linesOf(what.old, what.new)), "      "))
	}
}

// sentence says what is declared otherwise, in the words of the rules.
func (d declared) sentence() string {
	text := printable(fmt.Sprintf("%s %s", d.name, d.kind))
	switch d.kind {
	case compare.Changed:
		return text + ": " + printable(d.was) + " -> " + printable(d.is)
	default:
		return text + ": " + printable(d.was+d.is)
	}
}

func (r diffReport) printDifference(w io.Writer, look style, what difference) {
	found := r.found.found[what]
	printRowWrapped(w, found.events, r.sentence(what))
	if lines := r.lines(what); lines != "" {
		fmt.Fprintln(w, wrap(indented+look.dim(lines), indented+"  "))
	}
	for _, s := range found.samples {
		fmt.Fprintln(w, wrap(indented+found.sampleText(s), indented+"  "))
	}
}

// indented puts a text below that of a row.
const indented = "           "

// printRowWrapped writes a number, and a text that may need several lines.
func printRowWrapped(w io.Writer, n int, text string) {
	fmt.Fprintln(w, wrap(fmt.Sprintf("  %7s  %s", thousands(n), text), indented))
}

// sentence says what differs.
func (r diffReport) sentence(what difference) string {
	switch what.subject {
	case anOutcome:
		return outcomeSentence(what, r.found.found[what].reason)
	case aRequest:
		return fmt.Sprintf("%s %s", what.endpoint, what.kind)
	case aField:
		return fmt.Sprintf("%s: %s %s", what.endpoint, printable(what.field), what.kind)
	default:
		return fmt.Sprintf("%s: %s", what.kind, printable(r.found.found[what].reason))
	}
}

func (e endpoint) String() string { return e.method + " " + printable(e.path) }

func outcomeSentence(what difference, reason string) string {
	text := fmt.Sprintf("%s -> %s", what.from, what.to)
	if what.from == what.to {
		text = string(what.to) + " for another reason"
	}
	if reason != "" {
		text += ": " + printable(reason)
	}
	return text
}

// lines names the lines behind a difference.
func (r diffReport) lines(what difference) string { return r.linesOf(what.old, what.new) }

func (r diffReport) linesOf(before, after engine.Position) string {
	old, new := inRules(r.old, before), inRules(r.new, after)
	switch {
	case old != "" && new != "":
		return "by " + new + ", before " + old
	case new != "":
		return "by " + new
	case old != "":
		return "before by " + old
	default:
		return ""
	}
}

// inRules is a line as its version names it; empty for none.
func inRules(v version, at engine.Position) string {
	if at.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", inVersion(v.name, at.File), at.Line)
}

// sampleText names an event with what it shows beside what has been said of all.
func (o *occurrence) sampleText(s sample) string {
	text := printable(s.at.String())
	switch {
	case s.was != "" && s.is != "":
		text += "  " + printable(short(s.was)) + " -> " + printable(short(s.is))
	case s.was != "" || s.is != "":
		text += "  " + printable(short(s.was+s.is))
	case s.reason != o.reason:
		text += "  " + printable(s.reason)
	}
	return text
}

// printCalls compares how many calls the versions make.
func (r diffReport) printCalls(w io.Writer, look style) {
	counts := r.calls()
	title := fmt.Sprintf("%s -> %s", thousands(counts.old), count(counts.new, "call"))
	fmt.Fprintf(w, "\n%s\n", look.bold(title+inWords(counts.new-counts.old)))
	for _, c := range counts.list {
		if c.Old != c.New {
			printRowWrapped(w, c.New-c.Old, fmt.Sprintf("%s %s  (%s -> %s)", c.Method, printable(c.Path), thousands(c.Old), thousands(c.New)))
		}
	}
}

// inWords says how many calls more or less.
func inWords(n int) string {
	switch {
	case n > 0:
		return ": " + thousands(n) + " added"
	case n < 0:
		return ": " + thousands(-n) + " saved"
	default:
		return ": as many"
	}
}

// callCounts compares the calls of two versions.
type callCounts struct {
	old, new int
	list     []endpointJSON
}

type endpointJSON struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Old    int    `json:"old"`
	New    int    `json:"new"`
}

func (r diffReport) calls() (counts callCounts) {
	all := maps.Clone(r.found.old)
	maps.Copy(all, r.found.new)
	for _, e := range slices.SortedFunc(maps.Keys(all), endpoint.compare) {
		old, new := r.found.old[e], r.found.new[e]
		counts.old, counts.new = counts.old+old, counts.new+new
		counts.list = append(counts.list, endpointJSON{e.method, e.path, old, new})
	}
	return counts
}

// A diffJSON is the report for programs.
type diffJSON struct {
	Old      sideJSON         `json:"old"`
	New      sideJSON         `json:"new"`
	Events   int              `json:"events"`
	Changed  int              `json:"changed"`
	Masked   bool             `json:"masked"`
	Declared []declaredJSON   `json:"declared"`
	Outcomes []differenceJSON `json:"outcomes"`
	Requests []differenceJSON `json:"requests"`
	Fields   []differenceJSON `json:"fields"`
	Warnings []differenceJSON `json:"warnings"`
	More     int              `json:"more"` // not listed, because there were too many different ones
	Calls    []endpointJSON   `json:"calls"`
}

type sideJSON struct {
	Rules       string                `json:"rules"`
	Fingerprint string                `json:"fingerprint"`
	Calls       int                   `json:"calls"`
	Outcomes    map[engine.Status]int `json:"outcomes"`
}

type differenceJSON struct {
	Kind    compare.Kind  `json:"kind"`
	Method  string        `json:"method,omitempty"`
	Path    string        `json:"path,omitempty"`
	Field   string        `json:"field,omitempty"`
	From    engine.Status `json:"from,omitempty"`
	To      engine.Status `json:"to,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	OldLine string        `json:"old_line,omitempty"`
	NewLine string        `json:"new_line,omitempty"`
	Events  int           `json:"events"`
	Times   int           `json:"times"`
	Samples []sampleJSON  `json:"samples"`
}

// A sampleJSON has values as texts: masked ones are no JSON.
type sampleJSON struct {
	Event string `json:"event"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
	// Reason is that of the event, where it is not that of all.
	Reason string `json:"reason,omitempty"`
}

func (r diffReport) forPrograms() diffJSON {
	counts := r.calls()
	return diffJSON{
		Old:    sideJSON{r.old.name, r.old.program.Fingerprint(), counts.old, r.found.outcomes[0]},
		New:    sideJSON{r.new.name, r.new.program.Fingerprint(), counts.new, r.found.outcomes[1]},
		Events: r.found.events, Changed: r.found.changed, Masked: !r.show, More: r.found.more,
		Declared: r.declaredForPrograms(),
		Outcomes: r.listed(anOutcome), Requests: r.listed(aRequest), Fields: r.listed(aField), Warnings: r.listed(aWarning),
		Calls: counts.list,
	}
}

// A declaredJSON has values as one line of YAML.
type declaredJSON struct {
	Kind    compare.Kind `json:"kind"`
	Name    string       `json:"name"`
	Old     string       `json:"old,omitempty"`
	New     string       `json:"new,omitempty"`
	OldLine string       `json:"old_line,omitempty"`
	NewLine string       `json:"new_line,omitempty"`
}

func (r diffReport) declaredForPrograms() []declaredJSON {
	list := []declaredJSON{}
	for _, d := range r.declared {
		list = append(list, declaredJSON{d.kind, d.name, d.was, d.is, inRules(r.old, d.old), inRules(r.new, d.new)})
	}
	return list
}

func (r diffReport) listed(s subject) []differenceJSON {
	list := []differenceJSON{}
	for _, what := range r.found.of(s) {
		found := r.found.found[what]
		shown := differenceJSON{
			Kind: what.kind, Method: what.endpoint.method, Path: what.endpoint.path, Field: what.field,
			From: what.from, To: what.to, Reason: r.found.found[what].reason, OldLine: inRules(r.old, what.old), NewLine: inRules(r.new, what.new),
			Events: found.events, Times: found.times, Samples: []sampleJSON{},
		}
		for _, s := range found.samples {
			one := sampleJSON{Event: s.at.String(), Old: s.was, New: s.is}
			if s.reason != found.reason {
				one.Reason = s.reason
			}
			shown.Samples = append(shown.Samples, one)
		}
		list = append(list, shown)
	}
	return list
}

// markdown writes the report for a comment on a change.
func (r diffReport) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", heading(r.headline()))
	b.WriteString(paragraph(fmt.Sprintf("From %s to %s.", code(r.old.name), code(r.new.name))))
	b.WriteString(r.declaredTable())
	for _, part := range r.parts() {
		if len(part.list) > 0 {
			fmt.Fprintf(&b, "\n**%s**\n\n%s", part.title, r.table(part.list))
		}
	}
	counts := r.calls()
	fmt.Fprintf(&b, "\n%s -> %s%s.\n", thousands(counts.old), count(counts.new, "call"), inWords(counts.new-counts.old))
	return b.String()
}

// declaredTable lists what no event shows, in Markdown.
func (r diffReport) declaredTable() string {
	if len(r.declared) == 0 {
		return ""
	}
	var rows [][]string
	for _, d := range r.declared {
		rows = append(rows, []string{code(d.sentence()), code(r.linesOf(d.old, d.new))})
	}
	return fmt.Sprintf("\n**%s**\n\n%s", declarationsTitle, grid([]string{"what", "line"}, rows))
}

func (r diffReport) table(list []difference) string {
	var rows [][]string
	for _, what := range list[:min(len(list), mostShown)] {
		found := r.found.found[what]
		rows = append(rows, []string{thousands(found.events), r.cell(what), codeOrNothing(r.lines(what)), codeOrNothing(found.sampleText(found.samples[0]))})
	}
	text := grid([]string{"events", "what", "line", "such as"}, rows)
	if more := len(list) - mostShown; more > 0 {
		text += "\n" + thousands(more) + " more.\n"
	}
	return text
}

// cell says what differs, in Markdown.
func (r diffReport) cell(what difference) string {
	switch what.subject {
	case aRequest:
		return fmt.Sprintf("%s %s", code(what.endpoint.String()), what.kind)
	case aField:
		return fmt.Sprintf("%s: %s %s", code(what.endpoint.String()), code(what.field), what.kind)
	default:
		return prose(r.sentence(what))
	}
}

func codeOrNothing(text string) string {
	if text == "" {
		return ""
	}
	return code(text)
}
