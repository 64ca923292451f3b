package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// A survey is what rules would make of a sample of events.
type survey struct {
	version version
	rules   []*ruleSurvey
	fields  map[string]accountField // of the account to compare with
	events  int
	ignored int              // no rule took them
	refused map[tellable]int // by the destination
	warned  map[tellable]int

	rejected   int                      // by a rule, or before any could look at them
	unread     int                      // of these, the latter
	unreadable map[string]*someRejected // and these by the reason
	names      ruleNames
}

// A tellable is something that happened with a reason, for counts.
type tellable struct{ what, why string }

// note counts something. Too many different things, of which keys of events are a
// part, are not kept.
func note(counts map[tellable]int, what tellable) {
	if _, known := counts[what]; known || len(counts) < mostPaths {
		counts[what]++
	}
}

// A ruleSurvey is the part of one rule.
type ruleSurvey struct {
	described engine.RuleDescription
	rests     map[engine.Position]bool
	shape     shape
	events    int // for the rule
	took      int
	rejected  map[tellable]int
	made      map[string]map[string]int // custom fields with their types
	lost      map[tellable]int          // keys that became none
	misfits   map[tellable]int          // values that the account's field does not take
}

// runSurvey checks the rules, and says what they make of a sample. Rules with
// mistakes make nothing.
func (o checkOptions) runSurvey(ctx context.Context, sh shell) error {
	asJSON, err := wantsJSON(o.output)
	switch {
	case err != nil:
		return usagef("--output %s: with --events the formats are text and json", o.output)
	case len(o.events) == 0:
		return usagef("--against and --replies are for --events")
	}
	checked, findings, err := o.check(sh)
	if err != nil {
		return err
	}
	if len(findings.Errors()) > 0 {
		return o.show(sh, checked, findings)
	}
	s, err := o.surveyed(ctx, sh, checked)
	if err != nil {
		return err
	}
	shown := s.forPrograms()
	if asJSON {
		err := printJSON(sh.out, struct {
			Findings []findingJSON `json:"findings"`
			surveyJSON
		}{forPrograms(findings), shown})
		return errors.Join(err, s.verdict())
	}
	checked.printFindings(sh, findings)
	printSurvey(sh.out, styleFor(sh.out, sh.env), shown)
	return s.verdict()
}

// verdict refuses a sample of which nothing could be read: it is no sample.
func (s *survey) verdict() error {
	if s.unread < s.events {
		return nil
	}
	return errors.New("no event of the sample could be read")
}

// surveyed runs the sample through the rules.
func (o checkOptions) surveyed(ctx context.Context, sh shell, made setup) (*survey, error) {
	settings, err := made.rehearsal()
	if err != nil {
		return nil, err
	}
	described := made.program.Describe()
	s := &survey{
		version: version{setup: made, name: made.folder, settings: settings, calls: namesOf(described)},
		refused: map[tellable]int{}, warned: map[tellable]int{}, unreadable: map[string]*someRejected{}, names: namesIn(described),
	}
	for _, r := range described.Rules {
		s.rules = append(s.rules, &ruleSurvey{
			described: r, rests: restLines(r), shape: shape{}, rejected: map[tellable]int{},
			made: map[string]map[string]int{}, lost: map[tellable]int{}, misfits: map[tellable]int{},
		})
	}
	from, err := readAnswers(made.program.Name(), o.against, o.replies, newHinter(sh.err))
	if err == nil && from.account != nil {
		s.fields, err = accountFields(from.account)
	}
	if err != nil {
		return nil, err
	}
	events, err := findInputs(o.events, sh.in)
	if err != nil {
		return nil, err
	}
	return s, s.run(ctx, events, from)
}

// run takes the events one by one. The account begins anew from time to time, so
// that memory does not grow with the sample.
func (s *survey) run(ctx context.Context, events inputs, from answers) error {
	var stage side
	for event, err := range events.placed(ctx, engine.Limits{}) {
		if err != nil {
			return err
		}
		if s.events == 0 || s.events%defaultBatch == 0 && from.replies == nil {
			if stage, err = from.side(s.version, runner.Options{Explain: true}); err != nil {
				return err
			}
		}
		heard, err := stage.one(ctx, event.Record)
		if err != nil {
			return err
		}
		s.add(event, heard)
	}
	if s.events == 0 {
		return fmt.Errorf("there is no event in %s", listed(events.names(), "and"))
	}
	return nil
}

func (s *survey) add(event placedRecord, heard played) {
	s.events++
	s.count(event, heard.result.Outcome)
	for _, c := range heard.calls {
		if c.status >= 400 {
			note(s.refused, tellable{s.version.calls.of(c).String(), s.refusal(c, event)})
		}
	}
	for _, w := range heard.result.Outcome.Warnings {
		note(s.warned, tellable{w.Rule, s.names.quoted(w.Text)})
	}
	if heard.result.Explanation == nil {
		return
	}
	for _, e := range heard.result.Explanation.Rules {
		at := slices.IndexFunc(s.rules, func(r *ruleSurvey) bool { return r.described.Name == e.Rule })
		s.rules[at].add(event.Record, e, s)
		s.rules[at].end(e, heard.result.Outcome, s.names)
	}
}

// count counts how an event ended. One that no rule is to blame for is no event
// that a rule can take.
func (s *survey) count(event placedRecord, outcome engine.Outcome) {
	switch {
	case outcome.Status == engine.Ignored:
		s.ignored++
		return
	case outcome.Status != engine.Rejected:
		return
	}
	s.rejected++
	if outcome.Rule != "" {
		return
	}
	s.unread++
	why := s.names.quoted(outcome.Reason)
	some := s.unreadable[why]
	if some == nil {
		some = &someRejected{Why: why}
	}
	if len(s.unreadable) < mostPaths {
		s.unreadable[why] = some
	}
	some.Times++
	if len(some.At) < mostPlaces {
		some.At = append(some.At, event.at.String())
	}
}

// refusal is what the destination said. It names keys, which have to be seen.
func (s *survey) refusal(c call, event placedRecord) string {
	said := s.names.answer(string(c.Answer), event.Event, []byte(c.Body))
	return strings.TrimSpace(fmt.Sprintf("%d %s", c.status, shorten(said, 3*columns)))
}

// end counts what a rule made of an event in the end: a step may reject it, too.
func (r *ruleSurvey) end(e *engine.RuleExplanation, outcome engine.Outcome, names ruleNames) {
	switch {
	case e.Rejected:
		note(r.rejected, tellable{why: names.quoted(e.Why)})
	case outcome.Status == engine.Rejected && outcome.Rule == e.Rule:
		note(r.rejected, tellable{why: names.quoted(outcome.Reason)})
	case e.Took:
		r.took++
	}
}

func (r *ruleSurvey) add(record runner.Record, e *engine.RuleExplanation, s *survey) {
	r.events++
	r.shape.add(record.Event)
	for _, f := range mappedFields(e.Mappings) {
		if f.Absent == "" {
			r.field(f, s.fields)
		}
	}
	for _, m := range e.Members {
		if r.rests[m.At] && len(m.Went) == 0 {
			note(r.lost, tellable{maskedPath(m.Path), s.names.quoted(m.Why)})
		}
	}
}

// field notes a field that a rest line made, and one that the account has with
// another type.
func (r *ruleSurvey) field(f engine.FieldExplanation, fields map[string]accountField) {
	kind, to := typeOf(gjson.ParseBytes(f.Value)), f.To
	if r.rests[f.At] {
		to = maskedField(f)
		if r.made[to] == nil && len(r.made) < mostPaths {
			r.made[to] = map[string]int{}
		}
		if r.made[to] != nil {
			r.made[to][kind]++
		}
	}
	if has, known := fields[belowMapping(f.To)]; known && !has.accepts(f.Value) {
		note(r.misfits, tellable{to, fmt.Sprintf("%s, and the account has %s", kind, has.kind)})
	}
}
