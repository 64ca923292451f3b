package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// How much of each list a summary shows. The report has the rest.
const (
	maxShownReasons   = 10
	maxShownWarnings  = 5
	maxShownEndpoints = 16
)

// A summary is what is said at the end of a run.
type summary struct {
	tally       *tally
	rules       string    // where they come from
	holdings    []holding // what the simulated account holds; nil without one
	stopped     string    // why the run ended before its events did; empty if it did not
	interrupted bool
	unread      unread // what it did not get to
	report      string // file with a line for each event; empty if there is none
	again       string // what to do about events that were not delivered; empty for nothing
	advice      string // what to do next; empty for nothing
}

// write writes the summary at once, so that it is there whole or not at all.
func (s summary) write(w io.Writer, env func(string) (string, bool), asJSON bool) error {
	var text bytes.Buffer
	if asJSON {
		if err := printJSON(&text, s.forPrograms()); err != nil {
			return err
		}
	} else {
		s.print(&text, styleFor(w, env))
	}
	_, err := text.WriteTo(w)
	return err
}

// print writes the summary for a person.
func (s summary) print(w io.Writer, look style) {
	fmt.Fprintln(w, s.headline(look))
	fmt.Fprintf(w, "Rules: %s\n", printable(s.rules))
	s.printResumed(w)
	s.printReasons(w, look)
	s.printWarnings(w, look)
	s.printCalls(w, look)
	s.printHoldings(w, look)
	s.printAgain(w)
	if s.advice != "" {
		fmt.Fprintf(w, "\n%s\n", printableLines(s.advice))
	}
}

// headline is the run in one line: "21 events: 14 delivered, 1 failed".
func (s summary) headline(look style) string {
	var parts []string
	for _, status := range statuses() {
		if n := s.tally.outcomes[status]; n > 0 {
			parts = append(parts, paintStatus(look, status, thousands(n)+" "+string(status)))
		}
	}
	if len(parts) == 0 {
		return look.bold("No events")
	}
	return look.bold(count(s.tally.events, "event")+":") + " " + strings.Join(parts, ", ")
}

// printResumed says what the run did not have to do.
func (s summary) printResumed(w io.Writer) {
	switch {
	case s.tally.resumed == 0:
	case s.tally.resumed == s.tally.events:
		fmt.Fprintln(w, "All of them by earlier runs of this journal: nothing was left to do.")
	default:
		fmt.Fprintf(w, "%s of them by an earlier run of this journal.\n", thousands(s.tally.resumed))
	}
}

func paintStatus(look style, status engine.Status, text string) string {
	switch status {
	case engine.Delivered:
		return look.green(text)
	case engine.Ignored:
		return look.dim(text)
	case engine.Unfinished, engine.Uncertain:
		return look.yellow(text)
	default:
		return look.red(text)
	}
}

// printReasons shows why events were not delivered, each reason once with the
// first event that met it. Those that no rule takes are not to be worried about
// and come apart.
func (s summary) printReasons(w io.Writer, look style) {
	all := s.tally.reasons.sorted()
	ignored := func(reason *remark) bool { return reason.status == engine.Ignored }
	undelivered := slices.DeleteFunc(slices.Clone(all), ignored)
	all = slices.DeleteFunc(all, func(reason *remark) bool { return !ignored(reason) })
	s.printReasonList(w, look, "Not delivered", undelivered, s.tally.reasons.more)
	s.printReasonList(w, look, "Ignored", all, 0)
}

func (s summary) printReasonList(w io.Writer, look style, title string, list []*remark, more int) {
	shown := min(len(list), maxShownReasons)
	if shown > 0 {
		fmt.Fprintf(w, "\n%s\n", look.bold(title))
	}
	for _, reason := range list[:shown] {
		printRemark(w, reason, string(reason.status), func(text string) string {
			return paintStatus(look, reason.status, text)
		})
	}
	s.printMore(w, len(list)-shown+more, "reason")
}

func (s summary) printWarnings(w io.Writer, look style) {
	shown := min(len(s.tally.warnings.list), maxShownWarnings)
	if shown > 0 {
		fmt.Fprintf(w, "\n%s\n", look.bold("Warnings"))
	}
	for _, warning := range s.tally.warnings.sorted()[:shown] {
		printRemark(w, warning, "warning", look.yellow)
	}
	s.printMore(w, len(s.tally.warnings.list)-shown+s.tally.warnings.more, "warning")
}

// printRemark writes a reason or a warning as "events.ndjson:12 rejected: why".
func printRemark(w io.Writer, made *remark, label string, paint func(string) string) {
	text := printable(fmt.Sprintf("%s %s: %s%s", made.at, label, made.text, behind(made.rule)))
	if made.times > 1 {
		text += fmt.Sprintf(" (%s more like it)", thousands(made.times-1))
	}
	wrapped := wrap("  "+text, "    ")
	// Colours come last: they have no width.
	fmt.Fprintln(w, strings.Replace(wrapped, " "+label+":", " "+paint(label)+":", 1))
}

// printMore says that a list goes on, and where to read on.
func (s summary) printMore(w io.Writer, n int, noun string) {
	switch {
	case n == 0:
	case s.report != "":
		fmt.Fprintf(w, "  %s more: see %s\n", count(n, noun), printable(s.report))
	default:
		fmt.Fprintf(w, "  %s more: --report FILE keeps them all\n", count(n, noun))
	}
}

func (s summary) printCalls(w io.Writer, look style) {
	endpoints := s.tally.endpoints()
	if len(endpoints) == 0 {
		return
	}
	calls, repeats := s.tally.totals()
	title := count(calls, "call")
	if repeats > 0 {
		title += ", " + count(repeats, "repetition")
	}
	fmt.Fprintf(w, "\n%s\n", look.bold(title))
	rest := 0
	for i, endpoint := range endpoints {
		if i < maxShownEndpoints {
			counted := s.tally.calls[endpoint]
			printRow(w, counted.calls, fmt.Sprintf("%-6s %s%s", endpoint.method, endpoint.path, refusals(counted)))
		} else {
			rest += s.tally.calls[endpoint].calls
		}
	}
	if rest > 0 {
		printRow(w, rest, "others")
	}
}

// refusals tells the statuses of calls that did not go well: " (2 x 422)".
func refusals(counted *callCount) string {
	var parts []string
	for _, status := range sortedKeys(counted.statuses) {
		switch n := counted.statuses[status]; {
		case status == 0:
			parts = append(parts, thousands(n)+" x no answer")
		case status >= 300:
			parts = append(parts, thousands(n)+" x "+strconv.Itoa(status))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "  (" + strings.Join(parts, ", ") + ")"
}

func sortedKeys(counts map[int]int) []int {
	keys := make([]int, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (s summary) printHoldings(w io.Writer, look style) {
	if s.holdings != nil {
		fmt.Fprintf(w, "\n%s\n", look.bold("The simulated account now holds"))
		printHoldings(w, s.holdings)
	}
}

// printHoldings lists what an account holds, with the first names of each kind.
func printHoldings(w io.Writer, holdings []holding) {
	for _, held := range holdings {
		row := held.what
		if names := strings.Join(held.names, ", "); names != "" {
			row = fmt.Sprintf("%-20s %s", row, printable(names))
		}
		printRow(w, held.n, shorten(row, columns-11))
	}
}

// printAgain says what to do about events that were not delivered.
func (s summary) printAgain(w io.Writer) {
	if s.again == "" || s.tally.done() {
		return
	}
	fmt.Fprintf(w, "\n%s\n", printableLines(s.again))
	if s.tally.outcomes[engine.Uncertain] > 0 {
		fmt.Fprintf(w, "\nUncertain events may have arrived: only --retry-uncertain sends them again.\n")
	}
}

// A summaryJSON is the summary for programs.
type summaryJSON struct {
	Rules       string                `json:"rules"` // the folder, or "built in"
	Events      int                   `json:"events"`
	Resumed     int                   `json:"resumed,omitempty"` // of them, by an earlier run of the journal
	Outcomes    map[engine.Status]int `json:"outcomes"`
	Reasons     []remarkJSON          `json:"reasons"`
	Warnings    []remarkJSON          `json:"warnings"`
	Calls       []callsJSON           `json:"calls"`
	Account     map[string]int        `json:"account,omitempty"`
	Stopped     string                `json:"stopped,omitempty"`
	Interrupted bool                  `json:"interrupted"`
	Unread      *unreadJSON           `json:"unread,omitempty"` // where all was read, nothing
}

// An unreadJSON says where to go on. What is not there was read and has an
// outcome.
type unreadJSON struct {
	File         string   `json:"file,omitempty"`          // the input that was not read to its end
	AfterLine    int      `json:"after_line"`              // the last that has an outcome; 0 for none
	AfterElement int      `json:"after_element,omitempty"` // the same in a JSON array
	NotBegun     []string `json:"not_begun"`               // the inputs behind it
}

func (u unread) forPrograms() *unreadJSON {
	if u.after.file == "" && len(u.notBegun) == 0 {
		return nil
	}
	return &unreadJSON{
		File: u.after.file, AfterLine: u.after.end(), AfterElement: u.after.element,
		NotBegun: append([]string{}, u.notBegun...),
	}
}

type remarkJSON struct {
	First  string        `json:"first"` // event it is about, as file:line
	Status engine.Status `json:"outcome,omitempty"`
	Text   string        `json:"text"`
	At     string        `json:"at,omitempty"` // line of the rules behind it
	Times  int           `json:"times"`
}

type callsJSON struct {
	Method      string      `json:"method"`
	Path        string      `json:"path"`
	Calls       int         `json:"calls"`
	Repetitions int         `json:"repetitions"`
	Statuses    map[int]int `json:"statuses"`
}

// forPrograms gives the summary in its JSON form. All outcomes are there, also
// those that no event had.
func (s summary) forPrograms() summaryJSON {
	shown := summaryJSON{
		Rules: s.rules, Events: s.tally.events, Resumed: s.tally.resumed, Outcomes: map[engine.Status]int{},
		Reasons: s.tally.reasons.forPrograms(), Warnings: s.tally.warnings.forPrograms(), Calls: []callsJSON{},
		Stopped: s.stopped, Interrupted: s.interrupted, Unread: s.unread.forPrograms(),
	}
	for _, status := range statuses() {
		shown.Outcomes[status] = s.tally.outcomes[status]
	}
	for _, key := range s.tally.endpoints() {
		counted := s.tally.calls[key]
		shown.Calls = append(shown.Calls, callsJSON{
			Method: key.method, Path: key.path, Calls: counted.calls, Repetitions: counted.repeats, Statuses: counted.statuses,
		})
	}
	for _, held := range s.holdings {
		if shown.Account == nil {
			shown.Account = map[string]int{}
		}
		shown.Account[strings.ReplaceAll(held.what, " ", "_")] = held.n
	}
	return shown
}

func (r remarks) forPrograms() []remarkJSON {
	shown := []remarkJSON{}
	for _, made := range r.sorted() {
		shown = append(shown, remarkJSON{
			First: made.at.String(), Status: made.status, Text: made.text, At: made.rule.String(), Times: made.times,
		})
	}
	return shown
}
