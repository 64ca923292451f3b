package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/plain"
	"github.com/deskrules/deskrules/runner"
)

// printer writes rehearsed events for a person, in the form of a golden case.
func printer(w io.Writer, look style) func(rehearsed) error {
	first := true
	return func(heard rehearsed) error {
		if !first {
			fmt.Fprintln(w)
		}
		first = false
		fmt.Fprintln(w, look.bold(title(heard.result)))
		for _, made := range heard.exchanges {
			fmt.Fprintln(w)
			printExchange(w, look, made)
		}
		fmt.Fprintln(w)
		printOutcome(w, look, heard.result.Outcome)
		printExplanation(w, look, heard.result.Explanation)
		return nil
	}
}

func title(result runner.Result) string {
	text := fmt.Sprintf("# line %d", result.Record.Line)
	if result.Record.Element > 0 {
		text = fmt.Sprintf("# element %d", result.Record.Element)
	}
	if result.Type != "" {
		text += ": " + printable(result.Type)
	}
	if result.MessageID != "" {
		text += " " + printable(result.MessageID)
	}
	return text
}

func printExchange(w io.Writer, look style, made exchange) {
	address := made.Path
	if made.Query != "" {
		address += "?" + made.Query
	}
	fmt.Fprintf(w, "%s %s\n", look.bold(made.Method), printable(address))
	if len(made.Body) > 0 {
		var indented bytes.Buffer
		if json.Indent(&indented, made.Body, "", "  ") != nil {
			indented.Reset()
			indented.Write(made.Body)
		}
		fmt.Fprintln(w, string(plain.JSON(indented.Bytes())))
	}
	paint := look.green
	if made.Status >= 300 || made.Status == 0 {
		paint = look.yellow
	}
	fmt.Fprint(w, paint(fmt.Sprintf("=> %d", made.Status)))
	if made.MadeUp != nil {
		fmt.Fprint(w, look.dim(" made up: "+short(printable(string(made.MadeUp)))))
	}
	fmt.Fprintln(w)
}

// printOutcome says how the event ended, and which line of the rules is behind
// it.
func printOutcome(w io.Writer, look style, outcome engine.Outcome) {
	fmt.Fprintf(w, "outcome: %s\n", paintStatus(look, outcome.Status, string(outcome.Status)))
	if len(outcome.Rules) > 0 {
		fmt.Fprintf(w, "rules: %s\n", strings.Join(outcome.Rules, ", "))
	}
	if outcome.Reason != "" {
		fmt.Fprintln(w, wrap("reason: "+printable(outcome.Reason)+behind(outcome.At), "  "))
	}
	for _, warning := range outcome.Warnings {
		fmt.Fprintln(w, wrap(look.yellow("warning:")+" "+printable(warning.Text)+behind(warning.At), "  "))
	}
}

// behind adds the line of the rules that is behind a reason.
func behind(at engine.Position) string {
	if at.Line == 0 {
		return ""
	}
	return " (" + at.String() + ")"
}

// A rehearsedJSON is a rehearsed event for programs.
type rehearsedJSON struct {
	Line      int           `json:"line"`
	Element   int           `json:"element,omitempty"`
	MessageID string        `json:"message_id"`
	Type      string        `json:"type"`
	Rules     []string      `json:"rules"`
	Outcome   engine.Status `json:"outcome"`
	Error     string        `json:"error"`
	At        string        `json:"at,omitempty"`
	Warnings  []string      `json:"warnings"`
	Requests  []exchange    `json:"requests"`

	Explanation *engine.Explanation `json:"explanation,omitempty"`
}

// jsonPrinter writes rehearsed events as one line each, like a report.
func jsonPrinter(w io.Writer) func(rehearsed) error {
	encoder := json.NewEncoder(plain.JSONWriter(w))
	encoder.SetEscapeHTML(false)
	return func(heard rehearsed) error {
		outcome := heard.result.Outcome
		shown := rehearsedJSON{
			Line: heard.result.Record.Line, Element: heard.result.Record.Element, MessageID: heard.result.MessageID, Type: heard.result.Type,
			Rules: append([]string{}, outcome.Rules...), Outcome: outcome.Status, Error: outcome.Reason,
			At: outcome.At.String(), Warnings: []string{}, Requests: append([]exchange{}, heard.exchanges...), Explanation: heard.result.Explanation,
		}
		for _, warning := range outcome.Warnings {
			shown.Warnings = append(shown.Warnings, warning.Text)
		}
		return encoder.Encode(shown)
	}
}
