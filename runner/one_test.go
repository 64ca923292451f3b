package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// A heard is a transport that notes the calls it is asked for.
type heard struct {
	next  http.RoundTripper
	calls []string
}

func (h *heard) RoundTrip(r *http.Request) (*http.Response, error) {
	h.calls = append(h.calls, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/"))
	return h.next.RoundTrip(r)
}

const (
	teams = `{"teams":[{"id":7},{"id":8}]}`
	buy   = `{"type":"buy","messageId":"m4","userId":"ann"}`
)

// oneCases are records that are delivered one by one.
var oneCases = []struct {
	name    string
	options runner.Options
	records []runner.Record
	replies []scripted
	calls   []string
	ends    []string // how the records end, and why
}{
	{
		name: "an event is delivered", records: []runner.Record{{Event: []byte(identify)}}, replies: []scripted{reply(200, "{}")},
		calls: []string{"POST people.json"}, ends: []string{"identify m1 delivered"},
	},
	{
		name: "no rule takes it", records: []runner.Record{{Event: []byte(`{"type":"page","messageId":"m"}`)}},
		ends: []string{`page m ignored: no rule takes "page" events, only identify, track, group, buy`},
	},
	{
		name: "it is rejected", records: []runner.Record{{Event: []byte(`{"type":"track","messageId":"m"}`)}},
		ends: []string{"track m rejected: track needs a userId"},
	},
	{
		name: "it is no JSON", records: []runner.Record{{Event: []byte(`{"type":`)}},
		ends: []string{"rejected: the event is not usable JSON: byte 9: the value ends too early"},
	},
	{
		name: "it was cut", records: []runner.Record{{Event: []byte(`{"type"`), TooLong: true}},
		ends: []string{"rejected: the event is longer than the limit and was cut after 7 bytes: send less in one event, or raise the limit"},
	},
	{
		name: "it may have been taken before", records: []runner.Record{{Event: []byte(track), Before: engine.Uncertain}},
		ends: []string{"uncertain: not sent again, since it may have been taken before: look at the destination, then replay uncertain events on request"},
	},
	{
		name: "that is no matter", options: runner.Options{RetryUncertain: true}, records: []runner.Record{{Event: []byte(track), Before: engine.Uncertain}},
		replies: []scripted{reply(200, "{}")}, calls: []string{"POST people/ann/notes.json"}, ends: []string{"track m2 delivered"},
	},
	{
		name: "a call is made again", records: []runner.Record{{Event: []byte(identify)}}, replies: []scripted{reply(503, ""), reply(200, "{}")},
		calls: []string{"POST people.json", "POST people.json"}, ends: []string{"identify m1 delivered"},
	},
	{
		name: "what one taught is known to the next", records: []runner.Record{{Event: []byte(group)}, {Event: []byte(group)}}, replies: []scripted{reply(200, teams)},
		calls: []string{"GET teams.json", "POST members.json", "POST members.json"}, ends: []string{"group m3 delivered", "group m3 delivered"},
	},
	{
		name: "a lost answer is looked for", records: []runner.Record{{Event: []byte(buy)}},
		replies: []scripted{broken(errors.New("reset")), reply(200, `{"found":true}`)},
		calls:   []string{"POST purchases.json", "GET purchases.json"}, ends: []string{"buy m4 delivered"},
	},
	{
		name: "a bug ends one event", records: []runner.Record{{Event: []byte(group)}, {Event: []byte(identify)}},
		replies: []scripted{reply(200, teams), func(*http.Request) (*http.Response, error) { panic("oh") }, reply(200, "{}")},
		calls:   []string{"GET teams.json", "POST members.json", "POST people.json"}, ends: []string{"group m3 failed: a bug, please report it: a panic (string)", "identify m1 delivered"},
	},
}

func TestOne(t *testing.T) {
	for _, c := range oneCases {
		t.Run(c.name, func(t *testing.T) {
			r, to := oneByOne(t, c.options, c.replies)
			var ends []string
			for _, record := range c.records {
				result, err := r.One(t.Context(), record)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(result.Record.Event, record.Event) || result.Explanation != nil {
					t.Errorf("the result is of %s, explained: %v", result.Record.Event, result.Explanation)
				}
				ends = append(ends, ending(result))
			}
			if !slices.Equal(ends, c.ends) {
				t.Errorf("got  %q\nwant %q", ends, c.ends)
			}
			if !slices.Equal(to.calls, c.calls) {
				t.Errorf("calls %q, want %q", to.calls, c.calls)
			}
		})
	}
}

// TestOneIsExplainedLater wants the same explanation from one who asks for it when
// the event is over, and no call for it.
func TestOneIsExplainedLater(t *testing.T) {
	for _, c := range oneCases {
		t.Run(c.name, func(t *testing.T) {
			plain, to := oneByOne(t, c.options, c.replies)
			c.options.Explain = true
			explaining, _ := oneByOne(t, c.options, c.replies)
			var results, explained []runner.Result
			for _, record := range c.records {
				result, _ := plain.One(t.Context(), record)
				results = append(results, result)
				result, _ = explaining.One(t.Context(), record)
				explained = append(explained, result)
			}
			for i := range results { // after what came later
				got, want := asJSON(t, plain.Explain(results[i])), asJSON(t, explained[i].Explanation)
				if got != want {
					t.Errorf("explained later\n%s\nat once\n%s", got, want)
				}
				if again := asJSON(t, explaining.Explain(explained[i])); again != want {
					t.Errorf("explained twice\n%s\nonce\n%s", again, want)
				}
			}
			if len(to.calls) != len(c.calls) {
				t.Errorf("calls %q, want %q", to.calls, c.calls)
			}
		})
	}
}

// TestOneEnds is about what keeps a run from going on.
func TestOneEnds(t *testing.T) {
	r, to := oneByOne(t, runner.Options{}, []scripted{reply(401, "")})
	for range 2 {
		result, err := r.One(t.Context(), runner.Record{Event: []byte(identify)})
		if _, stopped := errors.AsType[*runner.StopError](err); !stopped || result.Outcome.Status != engine.Unfinished {
			t.Errorf("refused credentials: %v, %s", err, ending(result))
		}
	}
	if len(to.calls) != 1 {
		t.Errorf("calls %q", to.calls)
	}
	r, to = oneByOne(t, runner.Options{}, []scripted{reply(200, "{}")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	result, err := r.One(ctx, runner.Record{Event: []byte(identify)})
	if !errors.Is(err, context.Canceled) || result.Outcome.Status != engine.Unfinished || len(to.calls) > 0 {
		t.Errorf("interrupted: %v, %s, %q", err, ending(result), to.calls)
	}
	// Nobody has to wait for an event that was given up.
	if result, err := r.One(t.Context(), runner.Record{Event: []byte(identify)}); err != nil || !result.Outcome.Status.Done() {
		t.Errorf("the next one: %v, %s", err, ending(result))
	}
}

// TestOneKeepsNoJournal delivers an event twice that a journal would know.
func TestOneKeepsNoJournal(t *testing.T) {
	journal, err := runner.OpenJournal(filepath.Join(t.TempDir(), "run.journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	r, to := oneByOne(t, runner.Options{Journal: journal}, []scripted{reply(200, "{}")})
	for range 2 {
		if result, err := r.One(t.Context(), runner.Record{Event: []byte(track)}); err != nil || result.Resumed || result.Open {
			t.Errorf("%v, %+v", err, result)
		}
	}
	if len(to.calls) != 2 {
		t.Errorf("calls %q", to.calls)
	}
}

// oneByOne is a Runner whose waits take no time, and what it calls.
func oneByOne(t *testing.T, o runner.Options, answers []scripted) (*runner.Runner, *heard) {
	t.Helper()
	to := &heard{}
	if len(answers) > 0 {
		to.next = replies(answers...)
	}
	o.Transport, o.Clock = to, &leap{now: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)}
	return newRunner(t, o), to
}

// ending says how a record ended; of a bug only what is the same in each build.
func ending(r runner.Result) string {
	text := strings.TrimSpace(r.Type + " " + r.MessageID + " " + string(r.Outcome.Status))
	if r.Outcome.Reason != "" {
		text += ": " + r.Outcome.Reason
	}
	text, _, _ = strings.Cut(text, " in github.com/")
	return text
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
