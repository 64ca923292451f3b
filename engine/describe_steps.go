package engine

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The parts of a description that are about what is done.

func (b *block) describe() []StepDescription {
	steps := []StepDescription{}
	for _, s := range b.steps {
		steps = append(steps, s.describe())
	}
	return steps
}

func (s *step) describe() StepDescription {
	d := StepDescription{Name: s.given(), Kind: s.kind, At: s.at, When: s.when.written()}
	switch op := s.op.(type) {
	case *call:
		d.Call = op.describe()
	case *find:
		d.Find = op.describe()
	case *use:
		d.Use = op.describe()
	case *let:
		source := op.source.describe()
		d.Name, d.Let = op.name, &source
	case *stop:
		d.Message = op.message.written()
	}
	return d
}

// given is the name that the rule gives the step. One that was made up for the
// reports has a colon in it.
func (s *step) given() string {
	if strings.Contains(s.name, ":") {
		return ""
	}
	return s.name
}

func (c *call) describe() *CallDescription {
	d := &CallDescription{
		Method: c.method, Path: c.path.written(), Query: describeQuery(c.query), Each: c.each.written(), Pick: c.pick.written(),
		Idempotent: c.idempotent, OnlyReads: c.onlyReads, Remember: durationText(c.remember),
		Learn: describeTeachings(c.learn), Forget: describeTeachings(c.forget), On: describeArms(c.arms), Confirm: c.confirm.describe(),
	}
	if c.body != nil {
		d.Body = c.body.describe()
	}
	if c.pages != nil {
		d.Pages = c.pages.written()
	}
	return d
}

func describeQuery(parts []queryPart) []NamedText {
	var all []NamedText
	for _, part := range parts {
		all = append(all, NamedText{part.name, part.value.written()})
	}
	return all
}

func describeTeachings(teachings []*teaching) []TeachingDescription {
	var all []TeachingDescription
	for _, t := range teachings {
		d := TeachingDescription{From: pathsOf(t.reads)}
		if t.lookup != nil {
			d.Of = t.lookup.name
		} else {
			d.Of = t.step.name
		}
		all = append(all, d)
	}
	return all
}

func describeArms(arms []*arm) []ArmDescription {
	var all []ArmDescription
	for _, a := range arms {
		d := ArmDescription{
			At: a.at, Status: a.statuses.written(), When: a.when.written(), Then: a.then, As: a.as,
			Message: a.message.written(), Remember: durationText(a.remember),
		}
		if a.target != nil {
			d.To = a.target.name
		}
		all = append(all, d)
	}
	return all
}

func (c *confirm) describe() *ConfirmDescription {
	if c == nil {
		return nil
	}
	d := &ConfirmDescription{
		At: c.at, When: c.when.written(), Path: c.path.written(), Query: describeQuery(c.query),
		There: c.there.written(), On: describeArms(c.arms),
	}
	if c.pages != nil {
		d.Pages = c.pages.written()
	}
	return d
}

func (f *find) describe() *FindDescription {
	d := &FindDescription{Lookup: f.lookup.name}
	for _, w := range f.lookup.ways {
		if reads := f.inputs[w.by]; len(reads) > 0 {
			d.With = append(d.With, InputDescription{w.by, pathsOf(reads)})
		}
	}
	return d
}

// describe lists the inputs as the procedure does, constants among them.
func (u *use) describe() *UseDescription {
	d := &UseDescription{ID: u.procedure.id(), Procedure: u.procedure.name}
	for _, in := range u.procedure.inputs {
		given := NamedSource{Name: in.name, SourceDescription: SourceDescription{Value: rawJSON(in.constant)}}
		for _, b := range u.inputs {
			if b.name == in.name {
				given.SourceDescription = b.source.describe()
			}
		}
		d.With = append(d.With, given)
	}
	return d
}

func (l *lookup) describe() LookupDescription {
	d := LookupDescription{Name: l.name, Keep: slices.Clone(l.keep), Remember: durationText(l.remember), IgnoreCase: l.fold}
	for _, w := range l.ways {
		d.Ways = append(d.Ways, WayDescription{
			By: w.by, At: w.at, When: w.when.written(), Steps: w.block.describe(), Found: w.found.written(),
		})
	}
	return d
}

func (p *procedure) describe() ProcedureDescription {
	d := ProcedureDescription{ID: p.id(), Name: p.name, Steps: p.block.describe()}
	for _, in := range p.inputs {
		d.Inputs = append(d.Inputs, ProcedureInputDescription{in.name, in.as, rawJSON(in.constant)})
	}
	if p.result != nil {
		source := p.result.describe()
		d.Result = &source
	}
	return d
}

// id is the name with the constants, of which there is one procedure each.
func (p *procedure) id() string {
	id := p.name
	for _, in := range p.inputs {
		if in.constant != "" {
			id += " " + in.constant
		}
	}
	return id
}

func (p *Program) describeRetry() RetryDescription {
	d := RetryDescription{
		Attempts: p.retry.Attempts, Elapsed: durationText(p.retry.Elapsed),
		First: durationText(p.retry.First), Most: durationText(p.retry.Most), Jitter: p.retry.Jitter,
	}
	for _, r := range p.policy.retry {
		when := r.outcomeRule.describe()
		when.Wait = "backoff"
		if r.wait == WaitRetryAfter {
			when.Wait = "retry-after"
		}
		when.Attempts = r.attempts
		d.When = append(d.When, when)
	}
	for _, r := range p.policy.notTaken {
		d.NotTaken = append(d.NotTaken, r.describe())
	}
	for _, r := range p.policy.stop {
		d.Stop = append(d.Stop, r.describe())
	}
	return d
}

func (r outcomeRule) describe() OutcomeDescription {
	d := OutcomeDescription{Status: r.statuses.written(), Except: r.except.written(), Codes: slices.Clone(r.codes)}
	for _, failure := range r.network {
		d.Network = append(d.Network, string(failure))
	}
	return d
}

func (p *Program) describeCircuit() CircuitDescription {
	c := p.circuit
	d := CircuitDescription{After: c.After, First: durationText(c.First), Most: durationText(c.Most), Stop: durationText(c.Stop)}
	for _, r := range p.policy.down {
		d.When = append(d.When, r.describe())
	}
	return d
}

func (l *rateLimit) describe() RateLimitDescription {
	return RateLimitDescription{
		Name: l.Name, Calls: l.calls.written(), Per: durationText(l.Per), Each: readTextsOf(l.each),
		Of: describeCalls(l.of), Except: describeCalls(l.except), Remaining: l.Remaining, Reset: l.Reset,
	}
}

func describeCalls(patterns []callPattern) []string {
	var all []string
	for _, p := range patterns {
		all = append(all, strings.TrimSpace(p.method+" "+p.path))
	}
	return all
}

// written lists single statuses, then classes.
func (s statusSet) written() []string {
	var all []string
	for _, status := range s.exact {
		all = append(all, strconv.Itoa(status))
	}
	for _, class := range s.classes {
		all = append(all, strconv.Itoa(class)+"xx")
	}
	return all
}

// durationText writes a duration as rules do, 10m for ten minutes; empty for
// none.
func durationText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
