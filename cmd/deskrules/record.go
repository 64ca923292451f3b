package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// recordOptions are the flags of record.
type recordOptions struct {
	sources
	account string
	baseURL string
	live    bool
	title   string
}

func newRecord(sh shell) *cobra.Command {
	var o recordOptions
	verb := &cobra.Command{
		Use:   "record EVENT",
		Short: "Write a golden case of what an event does",
		Long: `Deliver an event, and write the golden case of it to standard output: the event,
what answered it, and everything that came of it. A simulator answers, empty at
the start or with what --account holds; with --base-url it is a server, and with
--live the account of the config, which the event then changes.

Names, addresses, telephone numbers and tokens are masked, each by the same mask
wherever it stands, and the case is played once more with the masks before it is
written. Ids and all other values stay: read the case before you keep it.

Exit status:
  0  the case is written
  2  it is not: the message says why`,
		Example: `  head -n 1 examples/events.ndjson | deskrules record -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("record takes one file, or - for standard input")
			}
			return nil
		},
		RunE: func(verb *cobra.Command, args []string) error { return o.run(verb.Context(), sh, args[0]) },
	}
	o.declare(verb)
	flags := verb.Flags()
	flags.StringVar(&o.account, "account", "", "start the simulator with what `FILE` (JSON) holds")
	flags.StringVar(&o.baseURL, "base-url", "", "deliver to `URL`")
	flags.BoolVar(&o.live, "live", false, "deliver to the account of the config")
	flags.StringVar(&o.title, "title", "What a recorded event does.", "open the case with `SENTENCE`")
	verb.MarkFlagsMutuallyExclusive("account", "base-url", "live")
	return verb
}

func (o recordOptions) run(ctx context.Context, sh shell, name string) error {
	events, err := readRecords(ctx, sh, name)
	if err != nil {
		return err
	}
	write := o.simulatedCase
	if o.baseURL != "" || o.live {
		write = o.answeredCase
	}
	made, text, err := write(ctx, sh, events)
	if err != nil {
		return err
	}
	filled, err := ruletest.Fill(ctx, made.program, []byte(text), caseOptions(made.program))
	if err != nil {
		return fmt.Errorf("the case does not pass with its masks: %w", err)
	}
	_, err = sh.out.Write(filled)
	return err
}

func readRecords(ctx context.Context, sh shell, name string) ([]runner.Record, error) {
	in, err := findInput(name, sh.in)
	if err != nil {
		return nil, err
	}
	text, err := readPasted(ctx, in)
	if err != nil {
		return nil, in.wrong(err)
	}
	var events []runner.Record
	for record, err := range runner.ReadEvents(text, evalOptions{}.limits()) {
		if err != nil {
			return nil, in.wrong(err)
		}
		events = append(events, record)
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("events %s: there is no event in it", in.name)
	}
	return events, nil
}

// simulatedCase has the simulator answer, each time that the case is played.
func (o recordOptions) simulatedCase(_ context.Context, sh shell, events []runner.Record) (setup, string, error) {
	o.unset = omitUnset
	made, err := o.load(sh)
	if err != nil {
		return made, "", err
	}
	if made.program.Name() != simulated {
		return made, "", fmt.Errorf("there is no simulator for %q: use --base-url or --live", made.program.Name())
	}
	account := []byte("{}")
	if o.account != "" {
		if account, err = os.ReadFile(o.account); err != nil {
			return made, "", fmt.Errorf("account %s: %w", o.account, pathError(err))
		}
	}
	m := newMasker()
	m.learn(account)
	m.learnEvents(events)
	text := o.beginning(m, made, events) + "-- account.json --\n" + strings.TrimSpace(m.json(string(account))) + "\n"
	return made, text, nil
}

// answeredCase has the answers of a server in the case.
func (o recordOptions) answeredCase(ctx context.Context, sh shell, events []runner.Record) (setup, string, error) {
	target, err := (&runOptions{sources: o.sources, baseURL: o.baseURL}).target(sh)
	if err != nil {
		return setup{}, "", err
	}
	heard := &overheard{next: http.DefaultTransport, base: o.baseURL}
	if config, err := target.program.Configure(target.settings); err == nil && heard.base == "" {
		heard.base = config.BaseURL()
	}
	delivers, err := runner.New(target.program, runner.Options{
		Settings: target.settings, BaseURL: o.baseURL, Transport: heard, Concurrency: 1, RetryUncertain: true,
	})
	if err != nil {
		return setup{}, "", err
	}
	if err := delivers.Deliver(ctx, eachOf(events), func(runner.Result) {}); err != nil {
		return setup{}, "", err
	}
	m := newMasker()
	m.learnEvents(events)
	m.learnSecrets(target, heard)
	for _, answer := range heard.heard {
		m.learn([]byte(answer.body))
	}
	config, err := target.program.Configure(target.program.Examples())
	if err != nil {
		return setup{}, "", err
	}
	text := o.beginning(m, target.setup, events) + "-- replies.http --\n" + heard.write(m, config.BaseURL())
	return target.setup, m.withoutSecrets(text), nil
}

// learnSecrets takes in the settings that are secret, and what requests were
// authenticated with, which may have been fetched.
func (m *masker) learnSecrets(to target, heard *overheard) {
	for _, name := range secretSettings(to.program) {
		if value, isText := to.settings[name].(string); isText {
			m.hide(value)
		}
	}
	for _, credential := range heard.credentials {
		m.hide(credential)
	}
}

// beginning writes what every case has: its sentence, settings and events.
func (o recordOptions) beginning(m *masker, made setup, events []runner.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", o.title)
	if settings := recordedSettings(made); settings != "" {
		fmt.Fprintf(&b, "-- settings.yaml --\n%s", settings)
	}
	if len(events) == 1 {
		fmt.Fprintf(&b, "-- event.json --\n%s\n", strings.TrimSpace(m.json(string(events[0].Event))))
		return b.String()
	}
	b.WriteString("-- events.ndjson --\n")
	for _, event := range events {
		b.WriteString(m.json(oneLine(string(event.Event))) + "\n")
	}
	return b.String()
}

// recordedSettings are those of the config that say what rules do, and not
// where the account is and how to get in.
func recordedSettings(made setup) string {
	kept := map[string]any{}
	access := secretSettings(made.program)
	for _, way := range made.program.Describe().Authentication {
		access = append(access, way.Needs...)
	}
	for name, value := range made.config.settings {
		if _, example := made.program.Examples()[name]; !example && !slices.Contains(access, name) {
			kept[name] = value
		}
	}
	if len(kept) == 0 {
		return ""
	}
	text, err := yaml.Marshal(kept)
	if err != nil {
		return ""
	}
	return string(text)
}

func secretSettings(program *engine.Program) (names []string) {
	for _, declared := range program.Settings() {
		if declared.Secret {
			names = append(names, declared.Name)
		}
	}
	return names
}

// A recorded answer is one that a server gave.
type recorded struct {
	method, path, query string
	status, retryAfter  string
	body                string
}

// An overheard passes requests on, and keeps what is answered. What the rules know
// nothing of fetches a token, and is no part of a case.
type overheard struct {
	next  http.RoundTripper
	base  string
	heard []recorded
	// credentials are what requests were authenticated with.
	credentials []string
}

func (a *overheard) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := a.next.RoundTrip(request)
	if _, asked := runner.Asked(request.Context()); !asked {
		return response, err
	}
	_, credential, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	a.credentials = append(a.credentials, credential)
	heard := recorded{method: request.Method, status: "reset", query: request.URL.RawQuery}
	whole := request.URL.Scheme + "://" + request.URL.Host + request.URL.EscapedPath()
	heard.path = strings.TrimPrefix(whole, a.base)
	if err == nil {
		var body []byte
		body, err = io.ReadAll(response.Body)
		err = errors.Join(err, response.Body.Close())
		response.Body = io.NopCloser(bytes.NewReader(body))
		heard.status, heard.retryAfter, heard.body = fmt.Sprint(response.StatusCode), response.Header.Get("Retry-After"), string(body)
	}
	a.heard = append(a.heard, heard)
	return response, err
}

// write gives the section replies.http, of the account that cases are of.
func (a *overheard) write(m *masker, base string) string {
	var b strings.Builder
	for _, heard := range a.heard {
		fmt.Fprintf(&b, "%s %s?%s\n%s\n", heard.method, m.text(heard.path), m.query(heard.query), heard.status)
		if heard.retryAfter != "" {
			fmt.Fprintf(&b, "Retry-After: %s\n", heard.retryAfter)
		}
		if body := oneLine(heard.body); body != "" {
			b.WriteString(m.json(a.moved(body, base)) + "\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// moved has links lead to the account that cases are of: to its pages, too, which
// are not below the base URL.
func (a *overheard) moved(body, base string) string {
	return strings.NewReplacer(a.base, base, originOf(a.base), originOf(base)).Replace(body)
}

// originOf gives the scheme and the host of a URL, with the slash that ends them.
func originOf(whole string) string {
	scheme, rest, _ := strings.Cut(whole, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + "/"
}

// oneLine takes the line breaks out of JSON, and the blank lines out of all else.
func oneLine(text string) string {
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(text)) == nil {
		return compact.String()
	}
	lines := strings.Split(text, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" }), "\n")
}
