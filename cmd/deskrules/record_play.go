package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/alias"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// A recording is what a case is made of.
type recording struct {
	setup
	title    string
	events   []runner.Record
	account  []byte         // of the simulator; nil where a server answers
	settings map[string]any // of the server's account
	baseURL  string         // of the server; empty for that of the settings
	hints    *hinter        // says what the simulator does not have
}

// A deed is what an event came to.
type deed struct {
	outcome engine.Outcome
	calls   []runner.Attempt
}

// delivered is what all events came to, and where they went.
type delivered struct {
	deeds []deed
	base  string
}

// deliver delivers the events as they are.
func (r *recording) deliver(ctx context.Context) (delivered, error) {
	if r.account == nil {
		return r.heard(ctx, r.events, runner.Options{Settings: r.settings, BaseURL: r.baseURL, Transport: http.DefaultTransport})
	}
	return r.played(ctx, ruletest.Scene{Records: r.events, Account: r.account}, r.settingsAsPlayed())
}

// played delivers the events of a scene as cases are played: time stands still.
func (r *recording) played(ctx context.Context, s ruletest.Scene, settings map[string]any) (delivered, error) {
	config, err := r.program.Configure(settings)
	if err != nil {
		return delivered{}, err
	}
	clock := ruletest.NewClock()
	options := runner.Options{Settings: settings, Clock: clock, Transport: standIn{replies: s.Replies, base: config.BaseURL()}}
	if s.Replies == nil {
		simulator, err := r.hints.cases(s.Account, clock.Now)
		if err != nil {
			return delivered{}, err
		}
		options.Transport = runner.InProcess(simulator)
	}
	return r.heard(ctx, s.Records, options)
}

// heard delivers events one by one, and listens above everything that takes
// credentials out of answers.
func (r *recording) heard(ctx context.Context, events []runner.Record, o runner.Options) (delivered, error) {
	var calls []runner.Attempt
	o.Concurrency, o.RetryUncertain = 1, true
	o.Listen = func(a runner.Attempt) { calls = append(calls, a) }
	delivers, err := runner.New(r.program, o)
	if err != nil {
		return delivered{}, err
	}
	all := delivered{base: delivers.BaseURL()}
	for _, event := range events {
		calls = nil
		result, err := delivers.One(ctx, event)
		if err != nil {
			return all, err
		}
		all.deeds = append(all.deeds, deed{result.Outcome, calls})
	}
	return all, nil
}

// A maskedCase is a case, and what in it is not as with the real event; empty
// for nothing.
type maskedCase struct{ text, differs string }

// masked writes the case with masks, plays it, and compares that with what
// really happened.
func (r *recording) masked(ctx context.Context, real delivered, o alias.Options) (maskedCase, error) {
	masks, err := r.learned(real, o)
	if err != nil {
		return maskedCase{}, err
	}
	text, err := r.caseText(real, masks)
	if err != nil {
		return maskedCase{}, err
	}
	scene, err := ruletest.ReadScene([]byte(text))
	if err != nil {
		return maskedCase{}, fmt.Errorf("the case could not be read again: %w", err)
	}
	again, err := r.played(ctx, scene, scene.Settings(r.program))
	if err != nil {
		return maskedCase{}, fmt.Errorf("the case could not be played with its masks: %w", err)
	}
	return maskedCase{text, unlike(real.deeds, again.deeds, masks)}, nil
}

// learned knows what to mask in everything that the case is made of.
func (r *recording) learned(real delivered, o alias.Options) (*alias.Aliases, error) {
	masks := alias.New(o)
	for _, declared := range r.program.Settings() {
		for _, settings := range []map[string]any{r.config.settings, r.settings} {
			if text, is := settings[declared.Name].(string); is && declared.Secret {
				masks.Secret(text)
			}
		}
	}
	config, err := r.program.Configure(r.settingsAsPlayed())
	if err != nil {
		return nil, err
	}
	masks.Replace(placesOf(real.base, config.BaseURL())...)
	masks.Learn(r.account)
	for i, event := range r.events {
		masks.Learn(event.Event)
		for _, call := range real.deeds[i].calls {
			masks.Learn(call.Body)
		}
	}
	return masks, nil
}

// placesOf pairs where the events went with where those of a case go: the name
// of an account may be in each link of an answer.
func placesOf(real, inCase string) []string {
	pairs := []string{real, inCase}
	from, errFrom := url.Parse(real)
	to, errTo := url.Parse(inCase)
	if errFrom == nil && errTo == nil {
		pairs = append(pairs, from.Scheme+"://"+from.Host, to.Scheme+"://"+to.Host, from.Host, to.Host)
	}
	return pairs
}

// unlike tells the first thing that is not the same with masks: where the
// rules look at what is masked, the case would show another way through them.
func unlike(real, again []deed, masks *alias.Aliases) string {
	for i := range real {
		was, is := real[i].shape(masks.JSON), again[i].shape(func(text string) string { return text })
		for n := range max(len(was), len(is)) {
			a, b := lineAt(was, n), lineAt(is, n)
			if a != b {
				return fmt.Sprintf("the case would show something else than event %d does, as rules look at what is masked:\n"+
					"  the event: %s\n  with masks: %s", i+1, a, b)
			}
		}
	}
	return ""
}

func lineAt(lines []string, n int) string {
	if n < len(lines) {
		return lines[n]
	}
	return "nothing more"
}

// shape is what of a deed must not depend on masks: the requests with the fields
// that they have, and the outcome.
func (d deed) shape(hide func(string) string) []string {
	var lines []string
	for _, call := range d.calls {
		query, _ := url.ParseQuery(call.Query)
		result := fmt.Sprint(call.Status)
		if call.Failure != engine.Answered {
			result = string(call.Failure)
		}
		line := fmt.Sprintf("%s %s => %s", call.Request.Method, openPath(strings.Split(call.Path, "/")[0]), result)
		line += fmt.Sprintf(" (rule %s, step %s, %s)", call.Request.Rule, call.Request.Step, count(len(strings.Split(call.Path, "/")), "part")+" of the path")
		line += wordsAfter(" with ", slices.Sorted(maps.Keys(query)))
		line += wordsAfter(" of ", fieldsOf("", gjson.Parse(hide(string(call.Request.Body)))))
		lines = append(lines, line)
	}
	outcome := fmt.Sprintf("outcome %s, %s", d.outcome.Status, count(len(d.outcome.Warnings), "warning"))
	return append(lines, outcome+wordsAfter(" by ", d.outcome.Rules)+wordsAfter(" in ", nonEmpty(d.outcome.Rule, d.outcome.Step)))
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

func wordsAfter(before string, words []string) string {
	if len(words) == 0 {
		return ""
	}
	return before + strings.Join(words, ", ")
}

// fieldsOf lists the fields of a body with the types of their values.
func fieldsOf(at string, value gjson.Result) []string {
	if !value.IsObject() && !value.IsArray() {
		return nonEmpty(strings.TrimPrefix(at+" ("+strings.ToLower(value.Type.String())+")", " (null)"))
	}
	var fields []string
	value.ForEach(func(key, member gjson.Result) bool {
		fields = append(fields, fieldsOf(strings.TrimPrefix(at+"."+key.String(), "."), member)...)
		return true
	})
	return fields
}

// advice says how the case can be written all the same: which single thing that
// is left as it is makes it the same.
func (r *recording) advice(ctx context.Context, real delivered, o alias.Options) string {
	for _, try := range r.remedies(o) {
		if made, err := r.masked(ctx, real, try.options); err == nil && made.differs == "" {
			return try.flag + " makes it the same; look whether what it leaves may be told, or change the event before you record it"
		}
	}
	return "Leave what the rules look at as it is, with --keep KEY or --keep-domain, or change the event before you record it"
}

// A remedy leaves one thing more as it is.
type remedy struct {
	flag    string
	options alias.Options
}

func (r *recording) remedies(o alias.Options) []remedy {
	all := []remedy{{"--keep-domain", alias.Options{Keep: o.Keep, KeepDomains: true}}}
	for _, key := range r.keys() {
		all = append(all, remedy{"--keep " + shellWord(key), alias.Options{Keep: append(slices.Clone(o.Keep), key), KeepDomains: o.KeepDomains}})
	}
	return all
}

// keys lists those of the events that do not say that their values are somebody's.
func (r *recording) keys() []string {
	found := map[string]bool{}
	var look func(key string, value gjson.Result)
	look = func(key string, value gjson.Result) {
		if !value.IsObject() && !value.IsArray() {
			found[key] = !strings.Contains(key, "@") && !alias.Tells(key)
			return
		}
		value.ForEach(func(name, member gjson.Result) bool {
			if value.IsObject() {
				look(name.String(), member)
			} else {
				look(key, member)
			}
			return true
		})
	}
	for _, event := range r.events {
		look("", gjson.ParseBytes(event.Event))
	}
	maps.DeleteFunc(found, func(_ string, tellable bool) bool { return !tellable })
	return slices.Sorted(maps.Keys(found))
}
