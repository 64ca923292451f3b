package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// evalOptions are the flags of eval.
type evalOptions struct {
	sources
	account string
	output  string
	explain bool
}

func newEval(sh shell) *cobra.Command {
	o := evalOptions{sources: sources{unset: omitUnset}}
	verb := &cobra.Command{
		Use:   "eval EVENT",
		Short: "Show what an event would send",
		Long: `Show every request that an event makes, with its body and the answer's status,
and how the event ends. Nothing leaves this machine: a simulator answers. It is
empty at the start, or holds what --account says.

EVENT is a file with one event as it was pasted, or with several as for run; "-"
reads standard input. Later events meet what earlier ones have written.

--explain tells the line of the rules behind every field of every request, the
path that its value came from and what was done to it; why a field is absent;
why a step ran or did not; and where each trait went.

Exit status:
  0  every event would be delivered or ignored
  1  some would not
  2  rules, config or arguments are wrong`,
		Example: `  head -n 1 examples/events.ndjson | deskrules eval -
  deskrules eval examples/events.ndjson --config examples/deskrules.yaml \
    --account examples/account.json
  head -n 1 examples/events.ndjson | deskrules eval --explain -
  deskrules eval examples/events.ndjson --output json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("eval takes one file, or - for standard input")
			}
			return nil
		},
		RunE: func(verb *cobra.Command, args []string) error {
			return o.run(verb.Context(), sh, args[0])
		},
	}
	o.declare(verb)
	verb.Flags().BoolVar(&o.explain, "explain", false, "say which line is behind each field, why fields are absent and steps did not run, and where each trait went")
	verb.Flags().StringVar(&o.account, "account", "", "start the simulator with what `FILE` (JSON) holds")
	outputFlag(verb, &o.output)
	return verb
}

func (o evalOptions) run(ctx context.Context, sh shell, name string) error {
	asJSON, err := wantsJSON(o.output)
	if err != nil {
		return err
	}
	made, err := o.load(sh)
	if err != nil {
		return err
	}
	printWarnings(sh, made)
	handler, err := o.standIn(sh, made.program.Name())
	if err != nil {
		return err
	}
	heard, err := made.rehearse(handler, o.explain)
	if err != nil {
		return err
	}
	in, err := findInput(name, sh.in)
	if err != nil {
		return err
	}
	show := printer(sh.out, styleFor(sh.out, sh.env))
	if asJSON {
		show = jsonPrinter(sh.out)
	}
	return heard.all(ctx, in, show)
}

// A rehearsal delivers events to a stand-in and listens.
type rehearsal struct {
	runner   *runner.Runner
	recorder *recorder
}

// standIn gives what answers in the place of the destination: its simulator,
// or, where there is none, something that answers at all.
func (o evalOptions) standIn(sh shell, destination string) (http.Handler, error) {
	if destination == simulated || o.account != "" {
		return newSimulator(destination, o.account)
	}
	complain(sh.err, fmt.Sprintf("there is no simulator for %q: every request is answered with {}", destination))
	return blank(), nil
}

// rehearse prepares a rehearsal with a stand-in.
func (s setup) rehearse(standIn http.Handler, explain bool) (rehearsal, error) {
	settings, err := s.rehearsal()
	if err != nil {
		return rehearsal{}, err
	}
	config, err := s.program.Configure(settings)
	if err != nil {
		return rehearsal{}, err
	}
	base, err := url.Parse(config.BaseURL())
	if err != nil {
		return rehearsal{}, fmt.Errorf("the destination's URL: %w", err)
	}
	heard := &recorder{next: runner.InProcess(standIn), base: base.EscapedPath()}
	delivers, err := runner.New(s.program, runner.Options{
		Settings: settings, Transport: heard, Concurrency: 1, RetryUncertain: true, Explain: explain,
	})
	return rehearsal{runner: delivers, recorder: heard}, err
}

// A rehearsed event is what it sent, and how it ended.
type rehearsed struct {
	result    runner.Result
	exchanges []exchange
}

// all evaluates the events of an input, each with a delivery of its own, so
// that what is heard belongs to it.
func (r rehearsal) all(ctx context.Context, in input, show func(rehearsed) error) error {
	text, err := readPasted(ctx, in)
	if err != nil {
		return fmt.Errorf("events %s: %w", in.name, err)
	}
	seen, status := 0, statusDone
	for record, err := range runner.ReadEvents(text, engine.Limits{}) {
		if err != nil {
			return fmt.Errorf("events %s: %w", in.name, err)
		}
		heard, err := r.one(ctx, record)
		if err != nil {
			return err
		}
		if err := show(heard); err != nil {
			return err
		}
		if !heard.result.Outcome.Status.Done() {
			status = statusUndelivered
		}
		seen++
	}
	switch {
	case seen == 0:
		return fmt.Errorf("events %s: there is no event in it", in.name)
	case status != statusDone:
		return exitStatus(status)
	}
	return nil
}

// readPasted reads all of an input, which may come from somebody's keyboard.
func readPasted(ctx context.Context, in input) (io.Reader, error) {
	opened, err := in.open(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	return await(ctx, func() (io.Reader, error) { return pasted(opened) })
}

func (r rehearsal) one(ctx context.Context, record runner.Record) (rehearsed, error) {
	only := func(yield func(runner.Record, error) bool) { yield(record, nil) }
	var heard rehearsed
	err := r.runner.Deliver(ctx, only, func(result runner.Result) { heard.result = result })
	heard.exchanges = r.recorder.take()
	return heard, err
}

// An exchange is a request and its answer.
type exchange struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`  // relative to the base URL
	Query  string          `json:"query"` // decoded
	Body   json.RawMessage `json:"body,omitempty"`
	Status int             `json:"status"`
}

// A recorder passes requests on and remembers them. It is used by one event at
// a time.
type recorder struct {
	next  http.RoundTripper
	base  string
	heard []exchange
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	made := exchange{
		Method: request.Method,
		Path:   strings.TrimPrefix(request.URL.EscapedPath(), r.base),
		Query:  decodedQuery(request.URL),
	}
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		if made.Body, err = io.ReadAll(body); err != nil {
			return nil, err
		}
	}
	answer, err := r.next.RoundTrip(request)
	if err == nil {
		made.Status = answer.StatusCode
	}
	r.heard = append(r.heard, made)
	return answer, err
}

// take hands over what was heard since the last time.
func (r *recorder) take() []exchange {
	heard := r.heard
	r.heard = nil
	return heard
}

// decodedQuery is a query as a person would write it.
func decodedQuery(u *url.URL) string {
	decoded, err := url.QueryUnescape(u.RawQuery)
	if err != nil {
		return u.RawQuery
	}
	return decoded
}

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
		fmt.Fprintln(w, indented.String())
	}
	paint := look.green
	if made.Status >= 300 || made.Status == 0 {
		paint = look.yellow
	}
	fmt.Fprintln(w, paint(fmt.Sprintf("=> %d", made.Status)))
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
	encoder := json.NewEncoder(w)
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
