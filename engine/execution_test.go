package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/deskrules/deskrules/engine"
)

// Each case holds a rule, an event and the answers of a destination, and shows
// everything that goes back and forth.
func TestExecutions(t *testing.T) {
	archives(t, "executions", func(t *testing.T, sections map[string]string) string {
		config := configure(t, sections)
		var b strings.Builder
		for _, line := range strings.Split(strings.TrimSpace(sections["events"]), "\n") {
			if b.Len() > 0 {
				b.WriteString("\n")
			}
			b.WriteString(play(t, config.Start([]byte(line)), sections["answers"]))
		}
		return b.String()
	})
}

const simpleRule = `rule: sync
event: sync
mappings:
  m:
    - {to: id, from: event.userId, as: string, required: true}
    - {to: fields, rest: event.traits, keys: identifier}
steps:
  - put: things/{m.id}
    body:
      - {to: thing, from: m}
`

func TestProgramIsSharedByGoroutines(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": simpleRule})
	want := play(t, config.Start([]byte(`{"type":"sync","userId":7,"traits":{"a b":1}}`)), "200 {}")
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 100 {
				x := config.Start([]byte(`{"type":"sync","userId":7,"traits":{"a b":1}}`))
				if request, _ := x.Next(); string(request.Body) != `{"thing":{"id":"7","fields":{"a_b":1}}}` {
					t.Errorf("body is %s", request.Body)
				}
				x.Respond(engine.Response{Status: 200})
				if _, more := x.Next(); more || outcomeText(x.Outcome()) != outcomeText(engine.Outcome{Status: engine.Delivered}) {
					t.Errorf("outcome is %+v, want as in %s", x.Outcome(), want)
				}
			}
		})
	}
	wait.Wait()
}

func TestNextRepeatsUntilAnswered(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": simpleRule})
	x := config.Start([]byte(`{"type":"sync","userId":"u"}`))
	first, _ := x.Next()
	second, more := x.Next()
	if !more || requestText(first) != requestText(second) {
		t.Errorf("Next gave %q, then %q", requestText(first), requestText(second))
	}
	x.Respond(engine.Response{Status: 204})
	x.Respond(engine.Response{Status: 500}) // without a request: no effect
	if _, more := x.Next(); more || x.Outcome().Status != engine.Delivered || len(x.Outcome().Requests) != 1 {
		t.Errorf("outcome is %+v", x.Outcome())
	}
}

func TestOrderKeys(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": simpleRule})
	for event, want := range map[string]string{
		`{"type":"sync","userId":7,"groupId":"g"}`:             "0:7 1:g",
		`{"type":"sync","userId":"7"}`:                         "0:7",
		`{"type":"sync","userId":"","anonymousId":"a"}`:        "0:a",
		`{"type":"sync","userId":{},"groupId":12345678901234}`: "1:12345678901234",
		`{"type":"sync","userId":{"a":1},"anonymousId":"a"}`:   "0:a",
		`{"type":"page"}`: "",
		`{"type":"sync"`:  "",
	} {
		if got := strings.Join(config.Identify([]byte(event)).Order, " "); got != want {
			t.Errorf("Order of %s is %q, want %q", event, got, want)
		}
	}
}

func TestIdentify(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": simpleRule})
	for event, want := range map[string][2]string{
		`{"type":"sync","messageId":"m-1"}`: {"sync", "m-1"},
		`{"type":"page"}`:                   {"page", ""},
		`{"type":"sync","type":"sync"}`:     {"", ""},
	} {
		if got := config.Identify([]byte(event)); got.Type != want[0] || got.MessageID != want[1] {
			t.Errorf("%s is type %q, message id %q", event, got.Type, got.MessageID)
		}
	}
}

func TestAbort(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": simpleRule})
	x := config.Start([]byte(`{"type":"sync","userId":"u","messageId":"m-1"}`))
	x.Next()
	x.Abort("the run stopped")
	if o := x.Outcome(); o.Status != engine.Unfinished || o.Reason != "the run stopped" || o.Rule != "sync" {
		t.Errorf("outcome is %+v", o)
	}
}

// A host may use the bytes of an answer again once the event has ended.
func TestAnswerIsTheOutcomesOwn(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": simpleRule})
	for _, status := range []int{400, 401, 500} {
		x := config.Start([]byte(`{"type":"sync","userId":"u"}`))
		x.Next()
		body := []byte(`{"text":"no"}`)
		x.Respond(engine.Response{Status: status, Body: body})
		x.Next()
		clear(body)
		if got := string(x.Outcome().Answer); got != `{"text":"no"}` {
			t.Errorf("the answer to %d is %q", status, got)
		}
	}
}

// What a memory holds and no fact taught is as good as nothing.
func TestRecallTakesWhatFactsTeach(t *testing.T) {
	config := configure(t, map[string]string{"more.yaml": `lookups:
  person:
    keep: [id]
    remember: {for: 10m}
    not_found: nil
    several: fail
    ways:
      - by: mail
        steps:
          - {name: list, get: users, pick: reply.users}
        found: list
`, "sync.yaml": `rule: sync
event: sync
steps:
  - {name: who, find: person, with: {mail: event.mail}}
  - put: users/{who.id}
    on: [{status: 422, then: warn, message: no, remember: {for: 1m}}]
  - put: end
`})
	for _, test := range []struct{ found, refusal, want string }{
		{" {\"id\":1}\n", ` "no (422)" `, "PUT end"},
		{"null", "", "GET users"},
		{`"text"`, "", "GET users"},
		{"[]", "", "GET users"},
		{"", "", "GET users"},
		{`{"id":1}`, "{}", "PUT users/1"},
		{`{"id":1}`, "null", "PUT users/1"},
	} {
		x := config.Start([]byte(`{"type":"sync","mail":"a"}`))
		r, _ := x.Next()
		for _, remembered := range []string{test.found, test.refusal} {
			if len(r.Recall) > 0 {
				x.Recall(r.Recall[0], json.RawMessage(remembered))
			}
			r, _ = x.Next()
		}
		if got := r.Method + " " + r.Path; got != test.want || len(r.Recall) > 0 {
			t.Errorf("with %q and %q in memory the request is %s, want %s", test.found, test.refusal, got, test.want)
		}
	}
}

func TestUnreadableAnswerIsReportedAsSuch(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": "rule: sync\nevent: sync\nsteps:\n  - {name: a, get: a}\n  - put: b/{a.id}\n"})
	x := config.Start([]byte(`{"type":"sync"}`))
	x.Next()
	x.Respond(engine.Response{Status: 200, Body: []byte("no json")})
	if sent := x.Outcome().Requests; len(sent) != 1 || sent[0].Failure != engine.Unreadable || sent[0].Status != 200 {
		t.Errorf("sent: %+v", sent)
	}
}

func TestLimits(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": simpleRule})
	limits := config.WithLimits(engine.Limits{EventBytes: 200, Depth: 4, Keys: 3})
	for event, want := range map[string]string{
		`{"type":"sync","userId":"` + strings.Repeat("x", 200) + `"}`: "the event has 227 bytes, and 200 are allowed",
		`{"type":"sync","userId":"u","a":[[[[1]]]]}`:                  "the event is not usable JSON: byte 36: nested deeper than 4 levels",
		`{"type":"sync","userId":"u","c":1,"d":2}`:                    "the event is not usable JSON: byte 38: an object has more than 3 keys",
		`{"type":"sync","userId":"u","type":"x"}`:                     `the event is not usable JSON: byte 29: an object has the key "type" twice`,
		`{"type":"sync","userId":"u","\u0074ype":"x"}`:                `the event is not usable JSON: byte 29: an object has the key "type" twice`,
		`["sync"]`:                   "the event is an array, not an object",
		"":                           "the event is not usable JSON: byte 1: the value ends too early",
		"{\"type\":\"sync\xff\"}":    "the event is not usable JSON: byte 14: the text is not UTF-8",
		`{"type":"sync","userId":1]`: "the event is not usable JSON: byte 26: a comma or the end is missing",
	} {
		x := limits.Start([]byte(event))
		if _, more := x.Next(); more {
			t.Errorf("%s: caused a request", event)
		}
		if o := x.Outcome(); o.Status != engine.Rejected || o.Reason != want {
			t.Errorf("%s: %s %q, want %q", event, o.Status, o.Reason, want)
		}
	}
}

func TestRequestLimit(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": `rule: sync
event: sync
steps:
  - each: event.list
    put: things/{item}
`})
	x := config.WithLimits(engine.Limits{Requests: 2}).Start([]byte(`{"type":"sync","list":[1,2,3]}`))
	got := play(t, x, "200\n200\n200")
	if !strings.Contains(got, "= unfinished") || !strings.Contains(got, "the event needs more than 2 requests") {
		t.Errorf("got\n%s", got)
	}
}

func TestSettings(t *testing.T) {
	program, err := engine.Load(files(map[string]string{"sync.yaml": simpleRule, "note": "with the setting loud"}), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		settings map[string]any
		want     string
	}{
		{map[string]any{"host": "a.b", "token": "s3cret"}, ""},
		{map[string]any{"host": "a.b/c", "token": "s3cret"}, "host: does not have the form [a-z.]+: Host"},
		{map[string]any{"hots": "a.b", "token": 7}, "hots: there is no such setting. Did you mean \"host\"?\n" +
			"token: has to be a string, not a number\nhost: is required: Host"},
		{map[string]any{"host": "a.b"}, "no way to authenticate is complete: set token"},
		{map[string]any{"host": "a.b", "token": "s3cret\r\nX: y"}, `{config.token} in "{config.token}": the setting holds a control character`},
		{map[string]any{"host": "a.b", "token": "t", "loud": "yes"}, "loud: has to be a boolean, not a string"},
	} {
		_, err := program.Configure(test.settings)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("Configure(%v):\n got %s\nwant %s", test.settings, got, test.want)
		}
		if strings.Contains(got, "s3cret") {
			t.Errorf("the error shows a secret: %s", got)
		}
	}
}

// Of several ways to authenticate nobody may guess which is meant.
func TestOneWayToAuthenticate(t *testing.T) {
	before, _, _ := strings.Cut(destination, "settings:\n")
	program, err := engine.Load(files(map[string]string{"sync.yaml": plainRule, "destination.yaml": before + `settings:
  token: {type: string, secret: true, title: Token}
  user:  {type: string, title: User}
  key:   {type: string, secret: true, title: Key}
url: https://crm.example/
authentication:
  - {needs: [token], bearer: '{config.token}'}
  - {needs: [user, key], basic: {user: '{config.user}', password: '{config.key}'}}
`}), ".")
	if err != nil {
		t.Fatal(err)
	}
	const none = "no way to authenticate is complete: set token, or user and key"
	for _, test := range []struct {
		settings map[string]any
		want     string
	}{
		{map[string]any{"token": "t"}, ""},
		{map[string]any{"user": "u", "key": "k"}, ""},
		{map[string]any{"token": "t", "user": "u", "key": ""}, ""},
		{map[string]any{"user": "u"}, none},
		{map[string]any{"token": "", "key": "k"}, none},
		{map[string]any{"token": "t", "user": "u", "key": "k"}, "several ways to authenticate are complete: keep only one of token, or user and key"},
	} {
		got := ""
		if _, err := program.Configure(test.settings); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("Configure(%v): %q, want %q", test.settings, got, test.want)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": simpleRule, "settings.json": `{"token":"s3cret"}`})
	if c := config.Credential(); c.Bearer != "s3cret" {
		t.Fatalf("the credential is %q", c.Bearer)
	}
	client := &engine.ClientCredentials{ID: "s3cret", Secret: "s3cret"}
	for _, v := range []any{
		config, *config, config.Credential(), engine.Credential{Client: client}, client, *client,
		struct{ C any }{config}, struct{ C any }{config.Credential()}, map[string]any{"c": client},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "s3cret") {
				t.Errorf("%s of %T shows the token: %s", verb, v, got)
			}
		}
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		if got := string(encoded) + log.String(); strings.Contains(got, "s3cret") {
			t.Errorf("%T shows the token: %s", v, got)
		}
	}
	if got := config.BaseURL(); got != "https://crm.example/v1/" {
		t.Errorf("base URL is %s", got)
	}
}
