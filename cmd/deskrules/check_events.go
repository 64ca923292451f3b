package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/mask"
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
		return printJSON(sh.out, struct {
			Findings []findingJSON `json:"findings"`
			surveyJSON
		}{forPrograms(findings), shown})
	}
	checked.printFindings(sh, findings)
	printSurvey(sh.out, styleFor(sh.out, sh.env), shown)
	return nil
}

// surveyed runs the sample through the rules.
func (o checkOptions) surveyed(ctx context.Context, sh shell, made setup) (*survey, error) {
	settings, err := made.rehearsal()
	if err != nil {
		return nil, err
	}
	described := made.program.Describe()
	s := &survey{version: version{setup: made, name: made.folder, settings: settings, calls: namesOf(described)}, refused: map[tellable]int{}, warned: map[tellable]int{}}
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
			if stage, err = from.side(s.version, engine.Limits{}); err != nil {
				return err
			}
		}
		heard, err := stage.one(ctx, event.Record)
		if err != nil {
			return err
		}
		s.add(event.Record, heard)
	}
	if s.events == 0 {
		return fmt.Errorf("there is no event in %s", listed(events.names(), "and"))
	}
	return nil
}

func (s *survey) add(record runner.Record, heard played) {
	s.events++
	if heard.result.Outcome.Status == engine.Ignored {
		s.ignored++
	}
	for _, c := range heard.calls {
		if c.status >= 400 {
			note(s.refused, tellable{s.version.calls.of(c).String(), refusal(c)})
		}
	}
	for _, w := range heard.result.Outcome.Warnings {
		note(s.warned, tellable{w.Rule, mask.Quoted(w.Text)})
	}
	if heard.result.Explanation == nil {
		return
	}
	for _, e := range heard.result.Explanation.Rules {
		at := slices.IndexFunc(s.rules, func(r *ruleSurvey) bool { return r.described.Name == e.Rule })
		s.rules[at].add(record, e, s.fields)
	}
}

// refusal is what the destination said. It names keys, which have to be seen.
func refusal(c call) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", c.status, mask.Loose(shorten(string(c.Answer), 3*columns))))
}

func (r *ruleSurvey) add(record runner.Record, e *engine.RuleExplanation, fields map[string]accountField) {
	r.events++
	r.shape.add(record.Event)
	switch {
	case e.Took:
		r.took++
	case e.Rejected:
		note(r.rejected, tellable{why: mask.Quoted(e.Why)})
	}
	for _, f := range mappedFields(e.Mappings) {
		if f.Absent == "" {
			r.field(f, fields)
		}
	}
	for _, m := range e.Members {
		if r.rests[m.At] && len(m.Went) == 0 {
			note(r.lost, tellable{m.Path, mask.Quoted(m.Why)})
		}
	}
}

// field notes a field that a rest line made, and one that the account has with
// another type.
func (r *ruleSurvey) field(f engine.FieldExplanation, fields map[string]accountField) {
	kind := typeOf(gjson.ParseBytes(f.Value))
	if r.rests[f.At] {
		if r.made[f.To] == nil && len(r.made) < mostPaths {
			r.made[f.To] = map[string]int{}
		}
		if r.made[f.To] != nil {
			r.made[f.To][kind]++
		}
	}
	if has, known := fields[belowMapping(f.To)]; known && !has.accepts(f.Value) {
		note(r.misfits, tellable{f.To, fmt.Sprintf("%s, and the account has %s", kind, has.kind)})
	}
}
