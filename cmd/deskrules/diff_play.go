package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// A comparison runs events through two versions of rules.
//
// Each version has an account of its own, both begin with the same, and each
// event meets what earlier ones have written in its version. So an event is
// judged as a run would treat it, and what differs is compared event by event.
//
// That takes memory for all that the events write. Therefore the events are cut
// into batches, and both accounts begin anew with each: memory is that of a batch,
// however long the input is, batches can be worked on at once, and the result is
// the same whatever finishes first.
type comparison struct {
	old, new version
	declared []declared // what no event shows
	answers  answers
	limits   engine.Limits
	batch    int // events
	show     bool
	advance  *advance
}

// answers say what answers in the place of the destination.
type answers struct {
	account []byte  // of the simulator; nil for an empty one
	replies []byte  // nil for none; they come before the simulator
	made    bool    // there is no simulator: what no reply answers is made up
	hints   *hinter // says what the simulator does not have
}

// batchBytes bounds a batch of long events.
const batchBytes = 32 << 20

// A placedRecord is an event with its place in the inputs.
type placedRecord struct {
	runner.Record
	at place
}

// A batch is the events that are run on one account.
type batch struct {
	number int
	events []placedRecord
}

// run compares all events. Batches are worked on at once, and counted in their
// order.
func (c comparison) run(ctx context.Context, records iter.Seq2[placedRecord, error]) (*differences, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches, results := make(chan batch), make(chan counted)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() { c.work(ctx, cancel, batches, results) })
	}
	go func() {
		defer close(batches)
		if err := c.cut(ctx, records, batches); err != nil {
			cancel(err)
		}
	}()
	go func() {
		workers.Wait()
		close(results)
	}()
	total := inOrder(results)
	return total, context.Cause(ctx)
}

// A counted is what a batch came to.
type counted struct {
	number int
	found  *differences
}

// inOrder adds up what batches came to, in the order of the batches.
func inOrder(results <-chan counted) *differences {
	total, waiting := newDifferences(), map[int]*differences{}
	for result := range results {
		waiting[result.number] = result.found
		for next := total.batches; waiting[next] != nil; next = total.batches {
			total.add(waiting[next])
			delete(waiting, next)
		}
	}
	return total
}

// work compares batches until there are no more. A read that is under way when
// ctx ends is not waited for.
func (c comparison) work(ctx context.Context, cancel context.CancelCauseFunc, batches <-chan batch, results chan<- counted) {
	for {
		select {
		case <-ctx.Done():
			return
		case b, more := <-batches:
			if !more {
				return
			}
			found, err := c.one(ctx, b)
			if err != nil {
				cancel(err)
				return
			}
			results <- counted{b.number, found}
		}
	}
}

// cut puts the events into batches.
func (c comparison) cut(ctx context.Context, records iter.Seq2[placedRecord, error], batches chan<- batch) error {
	next, bytes := batch{}, 0
	send := func() error {
		select {
		case batches <- next:
			next, bytes = batch{number: next.number + 1}, 0
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for record, err := range records {
		if err != nil {
			return err
		}
		next.events = append(next.events, record)
		bytes += len(record.Event)
		if len(next.events) >= c.batch || bytes > batchBytes && c.batch < math.MaxInt {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if len(next.events) == 0 {
		return nil
	}
	return send()
}

// one runs a batch through both versions, event by event.
func (c comparison) one(ctx context.Context, b batch) (*differences, error) {
	old, err := c.answers.side(c.old, runner.Options{Limits: c.limits})
	if err != nil {
		return nil, err
	}
	new, err := c.answers.side(c.new, runner.Options{Limits: c.limits})
	if err != nil {
		return nil, err
	}
	judge := newJudge(c, old.held)
	olds, news := old.all(ctx, b.events), new.all(ctx, b.events)
	for _, event := range b.events {
		was, is := <-olds, <-news
		if err := cmp.Or(was.err, is.err, ctx.Err()); err != nil {
			return nil, err
		}
		judge.event(event, &was.played, &is.played)
	}
	judge.found.batches = 1
	return judge.found, nil
}

// A side is one version with what answers it.
type side struct {
	version  version
	runner   *runner.Runner
	listener *listener
	held     []byte // what the account holds at the start; nil where there is none
}

// side gives a version an account, with options beside those that all have. Its
// time stands still, but for waits: nobody wants to wait for them, and both
// versions see the same times.
func (a answers) side(v version, options runner.Options) (side, error) {
	config, err := v.program.Configure(v.settings)
	if err != nil {
		return side{}, err
	}
	base, err := url.Parse(config.BaseURL())
	if err != nil {
		return side{}, fmt.Errorf("the destination's URL: %w", err)
	}
	clock := ruletest.NewClock()
	made := side{version: v, listener: &listener{base: base.EscapedPath()}}
	if made.listener.next, made.held, err = a.transport(config.BaseURL(), clock); err != nil {
		return side{}, err
	}
	options.Settings, options.Transport, options.Clock = v.settings, made.listener, clock
	options.Concurrency, options.Unlimited, options.RetryUncertain = 1, true, true
	made.runner, err = runner.New(v.program, options)
	return made, err
}

// transport is what answers, and what it holds.
func (a answers) transport(base string, clock *ruletest.Clock) (http.RoundTripper, []byte, error) {
	given := standIn{base: base}
	var err error
	if a.replies != nil {
		if given.replies, err = ruletest.ReadReplies(a.replies); err != nil {
			return nil, nil, err
		}
	}
	if a.made {
		return madeUpElse{given}, nil, nil
	}
	simulator, err := a.hints.cases(a.account, clock.Now)
	if err != nil {
		return nil, nil, err
	}
	held, err := dumpSimulator(simulator)
	given.below = signedIn{direct{simulator}}
	return given, held, err
}

// A direct transport calls a handler in the caller's goroutine. It is for handlers
// that answer at once and do not break connections: [runner.InProcess] is for all,
// and takes a goroutine for each call.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(request *http.Request) (*http.Response, error) {
	served := request.WithContext(request.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	served.RequestURI, served.Host = request.URL.RequestURI(), request.URL.Host
	recorded := httptest.NewRecorder()
	d.handler.ServeHTTP(recorded, served)
	return recorded.Result(), nil
}

// signedIn asks as somebody who may do all: whose credentials the rules send is
// compared as they are written, and is none of the events' business.
type signedIn struct{ next http.RoundTripper }

func (s signedIn) RoundTrip(request *http.Request) (*http.Response, error) {
	if _, ofRules := runner.Asked(request.Context()); !ofRules { // it is for an access token
		return answerOf(request, madeUpAnswer(request)), nil
	}
	signed := request.Clone(request.Context())
	signed.Header.Set("Authorization", "Bearer simulated")
	return s.next.RoundTrip(signed)
}

// madeUpElse answers what a stand-in has no answer to.
type madeUpElse struct{ standIn }

func (m madeUpElse) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := m.standIn.RoundTrip(request)
	if errors.Is(err, errNoReply) {
		return answerOf(request, madeUpAnswer(request)), nil
	}
	return answer, err
}

// A played event is what a version made of it.
type played struct {
	result      runner.Result
	calls       []call
	by          *side
	explained   bool
	explanation *engine.Explanation // nil where there is none
}

// explain says why the event ended as it did. Of most events nobody asks, and to
// explain an event takes as long as to deliver it.
func (p *played) explain() *engine.Explanation {
	if !p.explained {
		p.explained, p.explanation = true, p.by.runner.Explain(p.result)
		explainCalls(p.calls, p.explanation)
	}
	return p.explanation
}

// line gives the line that is behind a place of a call and its value.
func (p *played) line(of int, field []string, raw string) fieldLine {
	p.explain()
	return p.calls[of].behind(field, raw, p.by.version.origins)
}

// passed gives the line for which the event was ignored: that of the condition of a
// rule, or of its events. Of several rules it is the first that took the event in
// the other version. Where this version has no such rule, it is that of its rules.
func (p *played) passed(other engine.Outcome) engine.Position {
	of := &p.by.version
	if at := p.unmet(other.Rules); at.Line > 0 || len(other.Rules) == 0 {
		return at
	}
	for _, r := range of.rules {
		if slices.Contains(other.Rules, r.Name) {
			return of.texts.line(r.At.File, "event")
		}
	}
	return of.texts.line(destinationFile, "rules")
}

// unmet gives the line of the condition that kept a rule from the event: one of those
// named, or any where none is.
func (p *played) unmet(rules []string) engine.Position {
	e := p.explain()
	if e == nil {
		return engine.Position{}
	}
	for _, r := range e.Rules {
		if strings.HasPrefix(r.Why, "when: ") && (len(rules) == 0 || slices.Contains(rules, r.Rule)) {
			return p.by.version.texts.line(r.At.File, "when")
		}
	}
	return engine.Position{}
}

func (s *side) one(ctx context.Context, record runner.Record) (played, error) {
	result, err := s.runner.One(ctx, record)
	return played{result: result, calls: s.listener.take(), by: s}, err
}

// playsAhead is how many events one version may be ahead of the other.
const playsAhead = 16

// A playing is a played event, or why it could not be played.
type playing struct {
	played
	err error
}

// all plays events one after the other, until ctx is done: then there are fewer.
func (s *side) all(ctx context.Context, events []placedRecord) <-chan playing {
	all := make(chan playing, playsAhead)
	go func() {
		defer close(all)
		for _, event := range events {
			made, err := s.one(ctx, event.Record)
			select {
			case all <- playing{made, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return all
}

// placed reads the events of all inputs, one after the other.
func (all inputs) placed(ctx context.Context, limits engine.Limits) iter.Seq2[placedRecord, error] {
	return func(yield func(placedRecord, error) bool) {
		for i, in := range all {
			if !in.placed(ctx, i, limits, yield) {
				return
			}
		}
	}
}

// placed reads the events of an input, and reports whether to go on.
func (in input) placed(ctx context.Context, number int, limits engine.Limits, yield func(placedRecord, error) bool) bool {
	opened, err := in.open(ctx, nil)
	if err != nil {
		yield(placedRecord{}, fmt.Errorf("events %w", in.wrong(err)))
		return false
	}
	defer opened.close()
	for record, err := range runner.ReadEvents(opened, limits) {
		at := place{input: number, file: in.name, line: record.Line, last: record.LastLine, element: record.Element}
		if err != nil {
			err = fmt.Errorf("events %w", in.wrong(err))
		}
		if !yield(placedRecord{record, at}, err) || err != nil {
			return false
		}
	}
	return true
}
