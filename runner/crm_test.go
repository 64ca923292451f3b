package runner_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// crm is a made-up destination: identify saves a person, track notes
// something that must not be noted twice, buy looks whether a purchase came
// through if it is not told, and group reads the list of teams, over all its
// pages, before it joins one.
func crm() fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"destination.yaml": `
destination: crm
title: Acme CRM
rules: [save, note, join, buy]
match: {by: event.type, case: ignore, id: event.messageId}
order: [event.userId, event.groupId]
settings:
  token: {type: string, required: true, secret: true, title: Access token, example: an-example}
url: https://crm.example/api/
authentication:
  - needs: [token]
    bearer: '{config.token}'
    warn: Tokens end one day.
errors:
  code: {from: reply.code, as: string}
  text: {from: reply.message, as: string}
paging:
  next: reply.next
  most: 10
retry:
  attempts: 4
  elapsed: 10m
  backoff: {first: 1s, most: 8s, jitter: 0.5}
  when:
    - {status: [429, 503], wait: retry-after}
    - {status: [408, 409, 5xx], wait: backoff}
    - {network: [refused, reset, timeout, unreadable], wait: backoff}
  not_taken:
    - {status: 4xx, except: [408, 409]}
    - {network: refused}
  stop:
    - {status: 401}
`,
		"save.yaml": `
rule: save
event: identify
require:
  - {from: event.userId, message: identify needs a userId}
steps:
  - name: save
    post: people.json
    idempotent: true
    body:
      - {to: person.id,   from: event.userId}
      - {to: person.name, from: event.traits.name, as: string}
`,
		"note.yaml": `
rule: note
event: track
require:
  - {from: event.userId, message: track needs a userId}
steps:
  - name: note
    post: people/{event.userId}/notes.json
    idempotent: false
    query: {source: '{event.event}'}
    body:
      - {to: note.text, from: event.event, as: string}
`,
		"buy.yaml": `
rule: buy
event: buy
steps:
  - name: buy
    post: purchases.json
    idempotent: false
    body:
      - {to: purchase.by, from: event.userId}
    confirm:
      get: purchases.json
      there: reply.found == true
`,
		"join.yaml": `
rule: join
event: group
require:
  - {from: event.groupId, message: group needs a groupId}
steps:
  - name: teams
    get: teams.json
    query: {per_page: '2'}
    pages: teams
    pick: map(pages, .id)
    remember: {for: 10m}
  - name: joined
    post: members.json
    idempotent: true
    body:
      - {to: member.team, from: event.groupId}
      - {to: member.of,   expr: len(teams)}
`,
	} {
		files["crm/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

const (
	identify = `{"type":"identify","messageId":"m1","userId":"ann","traits":{"name":"Ann"}}`
	track    = `{"type":"track","messageId":"m2","userId":"ann","event":"Paid"}`
	group    = `{"type":"group","messageId":"m3","groupId":"g1"}`
)

// newRunner is a Runner of the made-up destination.
func newRunner(t *testing.T, o runner.Options) *runner.Runner {
	t.Helper()
	program, err := engine.Load(crm(), "crm")
	if err != nil {
		t.Fatal(err)
	}
	if o.Settings == nil {
		o.Settings = map[string]any{"token": "s3cret"}
	}
	r, err := runner.New(program, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run delivers one event and wants no error.
func run(t *testing.T, r *runner.Runner, event string) engine.Outcome {
	t.Helper()
	outcome, err := r.Run(t.Context(), []byte(event))
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return outcome
}

// A scripted is a transport that needs no network, so that synctest's time
// passes while it is waited for.
type scripted func(*http.Request) (*http.Response, error)

func (s scripted) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

// replies answers the first call with the first reply, and so on, and every
// call after the last reply with that one.
func replies(each ...scripted) scripted {
	var mu sync.Mutex
	next := 0
	return func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		reply := each[min(next, len(each)-1)]
		next++
		mu.Unlock()
		return reply(r)
	}
}

// reply is an answer with a status, a body and header lines like "Retry-After: 7".
func reply(status int, body string, header ...string) scripted {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			h.Set(name, value)
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func broken(err error) scripted {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// A leap is a clock that never waits: sleeping moves it on.
type leap struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *leap) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *leap) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}
