package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// A scene is what a rehearsal plays: events, settings, and what answers in the
// place of the destination. Where nothing does, answers are made up.
type scene struct {
	name        string
	destination string
	records     iter.Seq2[runner.Record, error]
	settings    map[string]any
	simulator   http.Handler      // nil for none
	live        bool              // the account of the settings is asked what it holds
	replies     *ruletest.Replies // nil for none
}

// madeUp reports whether every answer is.
func (s scene) madeUp() bool { return s.simulator == nil && s.replies == nil && !s.live }

func eachOf(records []runner.Record) iter.Seq2[runner.Record, error] {
	return func(yield func(runner.Record, error) bool) {
		for _, record := range records {
			if !yield(record, nil) {
				return
			}
		}
	}
}

// A rehearsal delivers events to a stand-in and listens.
type rehearsal struct {
	runner   *runner.Runner
	recorder *recorder
}

// rehearse prepares a rehearsal. Time stands still for replies and for what is
// made up: nobody wants to wait for them.
func (s setup) rehearse(play scene, o evalOptions) (rehearsal, error) {
	config, err := s.program.Configure(play.settings)
	if err != nil {
		return rehearsal{}, err
	}
	base, err := url.Parse(config.BaseURL())
	if err != nil {
		return rehearsal{}, fmt.Errorf("the destination's URL: %w", err)
	}
	answering := standIn{replies: play.replies, base: config.BaseURL()}
	options := runner.Options{
		Settings: play.settings, Concurrency: 1, Unlimited: !play.live, RetryUncertain: true, Explain: o.explain, Limits: o.limits(),
	}
	switch {
	case play.live:
		answering.below = onlyReads{http.DefaultTransport}
	case play.simulator != nil:
		answering.below = runner.InProcess(play.simulator)
	}
	if !play.live && (play.simulator == nil || play.replies != nil) {
		options.Clock = ruletest.NewClock()
	}
	heard := &recorder{base: base.EscapedPath(), next: answering}
	options.Transport = heard
	delivers, err := runner.New(s.program, options)
	return rehearsal{runner: delivers, recorder: heard}, err
}

// A rehearsed event is what it sent, and how it ended.
type rehearsed struct {
	result    runner.Result
	exchanges []exchange
}

// all evaluates the events of a scene, each with a delivery of its own, so that
// what is heard belongs to it.
func (r rehearsal) all(ctx context.Context, play scene, show func(rehearsed) error) error {
	seen, status := 0, statusDone
	for record, err := range play.records {
		if err != nil {
			return fmt.Errorf("events %s: %w", play.name, err)
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
		return fmt.Errorf("events %s: there is no event in it", play.name)
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
	var heard rehearsed
	err := r.runner.Deliver(ctx, eachOf([]runner.Record{record}), func(result runner.Result) { heard.result = result })
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
	MadeUp json.RawMessage `json:"made_up,omitempty"` // the answer, where nobody gave one
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
	if errors.Is(err, errNoReply) {
		made.MadeUp = madeUpAnswer(request)
		answer, err = answerOf(request, made.MadeUp), nil
	}
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

// errNoReply is what a stand-in says of a request that it has no answer to.
var errNoReply = errors.New("there is no reply to this request")

// A standIn answers with the replies that it was given, perhaps none, and else with
// what is below them.
type standIn struct {
	replies *ruletest.Replies
	base    string
	below   http.RoundTripper // nil for none
}

func (s standIn) RoundTrip(request *http.Request) (*http.Response, error) {
	if s.replies != nil {
		if response, found, err := s.replies.Answer(request, s.base); found {
			return response, err
		}
	}
	if s.below == nil {
		return nil, errNoReply
	}
	return s.below.RoundTrip(request)
}

// onlyReads sends on what changes nothing: GET requests of the rules, and what the
// rules know nothing of, which asks for an access token.
type onlyReads struct{ account http.RoundTripper }

func (o onlyReads) RoundTrip(request *http.Request) (*http.Response, error) {
	if _, byRules := runner.Asked(request.Context()); byRules && request.Method != http.MethodGet {
		return nil, errNoReply
	}
	return o.account.RoundTrip(request)
}

// madeUpAnswer is by what the rules read of the answer. What the rules know
// nothing of asks for an access token.
func madeUpAnswer(request *http.Request) []byte {
	if asked, ok := runner.Asked(request.Context()); ok {
		return asked.ExampleAnswer()
	}
	return []byte(`{"access_token":"made-up","token_type":"bearer","expires_in":3600}`)
}

func answerOf(request *http.Request, body []byte) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Request: request,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// decodedQuery is a query as a person would write it.
func decodedQuery(u *url.URL) string {
	decoded, err := url.QueryUnescape(u.RawQuery)
	if err != nil {
		return u.RawQuery
	}
	return decoded
}
