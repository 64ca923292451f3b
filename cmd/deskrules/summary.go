package main

import (
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
	holdings    []holding // what the simulated account holds; nil without one
	stopped     string    // why the run ended before its events did; empty if it did not
	interrupted bool
	report      string // file with a line for each event; empty if there is none
	again       string // what to do about events that were not delivered; empty for nothing
	advice      string // what to do next; empty for nothing
}

// print writes the summary for a person.
func (s summary) print(w io.Writer, look style) {
	fmt.Fprintln(w, s.headline(look))
	s.printReasons(w, look)
	s.printWarnings(w, look)
	s.printCalls(w, look)
	s.printHoldings(w, look)
	s.printAgain(w)
	if s.advice != "" {
		fmt.Fprintf(w, "\n%s\n", s.advice)
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
// first event that met it.
func (s summary) printReasons(w io.Writer, look style) {
	shown := min(len(s.tally.reasons.list), maxShownReasons)
	if shown > 0 {
		fmt.Fprintf(w, "\n%s\n", look.bold("Not delivered"))
	}
	for _, reason := range s.tally.reasons.sorted()[:shown] {
		printRemark(w, reason, string(reason.status), func(text string) string {
			return paintStatus(look, reason.status, text)
		})
	}
	s.printMore(w, len(s.tally.reasons.list)-shown+s.tally.reasons.more, "reason")
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
	text := fmt.Sprintf("%s %s: %s", made.at, label, printable(made.text))
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
		fmt.Fprintf(w, "  %s more: see %s\n", count(n, noun), s.report)
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
	fmt.Fprintf(w, "\n%s\n", s.again)
	if s.tally.outcomes[engine.Uncertain] > 0 {
		fmt.Fprintf(w, "\nUncertain events may have arrived: only --retry-uncertain sends them again.\n")
	}
}

// A summaryJSON is the summary for programs.
type summaryJSON struct {
	Events      int                   `json:"events"`
	Outcomes    map[engine.Status]int `json:"outcomes"`
	Reasons     []remarkJSON          `json:"reasons"`
	Warnings    []remarkJSON          `json:"warnings"`
	Calls       []callsJSON           `json:"calls"`
	Account     map[string]int        `json:"account,omitempty"`
	Stopped     string                `json:"stopped,omitempty"`
	Interrupted bool                  `json:"interrupted"`
}

type remarkJSON struct {
	First  string        `json:"first"` // event it is about, as file:line
	Status engine.Status `json:"outcome,omitempty"`
	Text   string        `json:"text"`
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
		Events: s.tally.events, Outcomes: map[engine.Status]int{},
		Reasons: s.tally.reasons.forPrograms(), Warnings: s.tally.warnings.forPrograms(), Calls: []callsJSON{},
		Stopped: s.stopped, Interrupted: s.interrupted,
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
		shown = append(shown, remarkJSON{First: made.at.String(), Status: made.status, Text: made.text, Times: made.times})
	}
	return shown
}
