package engine

import "encoding/json"

// A Description says what a program does, for documentation: everything that a
// reader of the rules would want to know, as the compiler understood it, and
// nothing that only an event can tell. Texts of expressions and templates are
// those of the rules, with the constants of procedures put in. It shares no
// memory that anybody may not modify.
type Description struct {
	Name  string           `json:"name"`
	Title string           `json:"title"`
	URL   string           `json:"url"` // where paths begin, a template of settings
	Match MatchDescription `json:"match"`
	// Order lists what gives an event its ordering keys, each the first present
	// one of some paths.
	Order          [][]string                  `json:"order,omitempty"`
	Settings       []SettingDescription        `json:"settings,omitempty"`
	Authentication []AuthenticationDescription `json:"authentication"`
	Rules          []RuleDescription           `json:"rules"`
	Lookups        []LookupDescription         `json:"lookups,omitempty"`
	// Procedures are listed once for each set of constants that they are used
	// with.
	Procedures []ProcedureDescription `json:"procedures,omitempty"`
	Retry      RetryDescription       `json:"retry"`
	RateLimits []RateLimitDescription `json:"rate_limits,omitempty"`
	Circuit    CircuitDescription     `json:"circuit"`
}

// A MatchDescription says how rules are chosen.
type MatchDescription struct {
	By         string `json:"by"` // a path, as event.type
	ID         string `json:"id,omitempty"`
	IgnoreCase bool   `json:"ignore_case,omitempty"`
}

// A SettingDescription is one declared setting.
type SettingDescription struct {
	Name     string          `json:"name"`
	Type     string          `json:"type"`
	Title    string          `json:"title,omitempty"`
	Required bool            `json:"required,omitempty"`
	Secret   bool            `json:"secret,omitempty"`
	Default  json.RawMessage `json:"default,omitempty"`
	Pattern  string          `json:"pattern,omitempty"`
	Check    string          `json:"check,omitempty"`
	Message  string          `json:"message,omitempty"` // what check allows
}

// An AuthenticationDescription is one way to authenticate.
type AuthenticationDescription struct {
	Needs []string `json:"needs"` // settings
	// Kind is bearer, client_credentials, basic or headers; Headers are the
	// names of the latter.
	Kind    string   `json:"kind"`
	Headers []string `json:"headers,omitempty"`
	Warning string   `json:"warning,omitempty"`
}

// A RuleDescription is one rule.
type RuleDescription struct {
	Name     string                   `json:"name"`
	At       Position                 `json:"at"`
	Events   []string                 `json:"events"`
	After    string                   `json:"after,omitempty"` // the earlier rule whose result it reads
	When     string                   `json:"when,omitempty"`
	Vars     []NamedSource            `json:"vars,omitempty"`
	Requires []RequirementDescription `json:"requires,omitempty"`
	Mappings []MappingDescription     `json:"mappings,omitempty"`
	Steps    []StepDescription        `json:"steps"`
	Result   []NamedSource            `json:"result,omitempty"`
}

// A NamedSource is a value with a name: a var, a result or an input.
type NamedSource struct {
	Name string `json:"name"`
	SourceDescription
}

// A RequirementDescription is what an event cannot do without: one of several
// values.
type RequirementDescription struct {
	At      Position          `json:"at"`
	From    []PathDescription `json:"from"`
	When    string            `json:"when,omitempty"`
	Message string            `json:"message"`
}

// A PathDescription is a path of a rule.
type PathDescription struct {
	// Path is the path as the rule writes it, such as traits.email.
	Path string `json:"path"`
	// Event lists the places in the event that the value is from, such as
	// event.traits.email: several where a name stands for one of several values
	// or for one that is computed; none for what an event does not say.
	Event []string `json:"event,omitempty"`
}

// A SourceDescription says where a value is from, and what is done to it.
// Exactly one of From, Value and Expr is there, unless it is a line with rest.
type SourceDescription struct {
	At    Position          `json:"at,omitzero"`
	From  []PathDescription `json:"from,omitempty"` // the first that is there and fits
	Value json.RawMessage   `json:"value,omitempty"`
	Expr  string            `json:"expr,omitempty"`
	// Reads lists the paths that Expr reads.
	Reads []PathDescription `json:"reads,omitempty"`
	// As is the type that the value has to have or gets; Fits says in words
	// what does.
	As       string          `json:"as,omitempty"`
	Fits     string          `json:"fits,omitempty"`
	Table    string          `json:"table,omitempty"`
	Default  json.RawMessage `json:"default,omitempty"`
	When     string          `json:"when,omitempty"`
	Required bool            `json:"required,omitempty"`
	Keep     []string        `json:"keep,omitempty"` // null, empty
	Except   []string        `json:"except,omitempty"`
}

// A MappingDescription is a named mapping.
type MappingDescription struct {
	Name  string            `json:"name"`
	Lines []LineDescription `json:"lines"`
}

// A LineDescription is one line of a mapping or of a body, in the order in which
// they are written.
type LineDescription struct {
	To string `json:"to"` // a dot for the object itself
	SourceDescription
	// Otherwise is set where an earlier line has the same target: then this one
	// counts where those before give nothing.
	Otherwise bool             `json:"otherwise,omitempty"`
	Rest      *RestDescription `json:"rest,omitempty"`
	// Requires lists the rule's requirements that are about the same places of
	// the event, by their index.
	Requires []int `json:"requires,omitempty"`
}

// A RestDescription takes every scalar member of an object that no other line
// reads. What it excepts and keeps stands in the line.
type RestDescription struct {
	Of PathDescription `json:"of"`
	// Identifier is set where keys are rewritten to letters, digits and
	// underscores.
	Identifier bool `json:"identifier,omitempty"`
}

// A StepDescription is one step. Which of the last members is there follows from
// Kind.
type StepDescription struct {
	Name string             `json:"name,omitempty"`
	Kind string             `json:"kind"` // the key that says what it does, such as get
	At   Position           `json:"at"`
	When string             `json:"when,omitempty"`
	Call *CallDescription   `json:"call,omitempty"`
	Find *FindDescription   `json:"find,omitempty"`
	Use  *UseDescription    `json:"use,omitempty"`
	Let  *SourceDescription `json:"let,omitempty"`
	// Message is what a reject, fail or warn says, a template.
	Message string `json:"message,omitempty"`
}

// A CallDescription is a request, or one for each element of a list.
type CallDescription struct {
	Method     string                `json:"method"`
	Path       string                `json:"path"` // a template
	Query      []NamedText           `json:"query,omitempty"`
	Each       string                `json:"each,omitempty"`
	Body       []LineDescription     `json:"body,omitempty"`
	Pages      string                `json:"pages,omitempty"`
	Pick       string                `json:"pick,omitempty"`
	Idempotent bool                  `json:"idempotent"`
	OnlyReads  bool                  `json:"only_reads,omitempty"`
	Remember   string                `json:"remember,omitempty"` // for how long
	Learn      []TeachingDescription `json:"learn,omitempty"`
	Forget     []TeachingDescription `json:"forget,omitempty"`
	On         []ArmDescription      `json:"on,omitempty"`
	Confirm    *ConfirmDescription   `json:"confirm,omitempty"`
}

// A NamedText is a name with a template, such as a part of a query.
type NamedText struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A TeachingDescription is what is learned or forgotten of a lookup or a step.
type TeachingDescription struct {
	Of   string            `json:"of"`
	From []PathDescription `json:"from"`
}

// An ArmDescription says what becomes of a refusal.
type ArmDescription struct {
	At       Position `json:"at"`
	Status   []string `json:"status"` // statuses, and classes such as 5xx
	When     string   `json:"when,omitempty"`
	Then     string   `json:"then"`
	To       string   `json:"to,omitempty"` // the step that a relook goes back to
	As       string   `json:"as,omitempty"` // the name that a skip gives the refusal
	Message  string   `json:"message,omitempty"`
	Remember string   `json:"remember,omitempty"`
}

// A ConfirmDescription is the call that settles whether another had its effect.
type ConfirmDescription struct {
	At    Position         `json:"at"`
	When  string           `json:"when,omitempty"`
	Path  string           `json:"path"`
	Query []NamedText      `json:"query,omitempty"`
	Pages string           `json:"pages,omitempty"`
	There string           `json:"there"`
	On    []ArmDescription `json:"on,omitempty"`
}

// A FindDescription is a lookup with the paths that it is given.
type FindDescription struct {
	Lookup string             `json:"lookup"`
	With   []InputDescription `json:"with"`
}

// An InputDescription is what a way of a lookup is given.
type InputDescription struct {
	By   string            `json:"by"`
	From []PathDescription `json:"from"`
}

// A UseDescription is a procedure with its inputs.
type UseDescription struct {
	ID        string        `json:"id"` // of the procedure
	Procedure string        `json:"procedure"`
	With      []NamedSource `json:"with,omitempty"`
}

// A LookupDescription finds one record in one of several ways.
type LookupDescription struct {
	Name       string           `json:"name"`
	Keep       []string         `json:"keep"`
	Remember   string           `json:"remember,omitempty"`
	IgnoreCase bool             `json:"ignore_case,omitempty"` // of what is remembered
	Ways       []WayDescription `json:"ways"`
}

// A WayDescription is one way of a lookup.
type WayDescription struct {
	By    string            `json:"by"`
	At    Position          `json:"at"`
	When  string            `json:"when,omitempty"`
	Steps []StepDescription `json:"steps"`
	Found string            `json:"found"`
}

// A ProcedureDescription is a procedure for one set of constants.
type ProcedureDescription struct {
	// ID tells it from the same procedure with other constants.
	ID     string                      `json:"id"`
	Name   string                      `json:"name"`
	Inputs []ProcedureInputDescription `json:"inputs,omitempty"`
	Steps  []StepDescription           `json:"steps"`
	Result *SourceDescription          `json:"result,omitempty"`
}

// A ProcedureInputDescription is a constant, or what a value has to be.
type ProcedureInputDescription struct {
	Name     string          `json:"name"`
	As       string          `json:"as,omitempty"`
	Constant json.RawMessage `json:"constant,omitempty"`
}

// A RetryDescription says when a call is repeated.
type RetryDescription struct {
	Attempts int                  `json:"attempts"`
	Elapsed  string               `json:"elapsed"`
	First    string               `json:"first"`
	Most     string               `json:"most"`
	Jitter   float64              `json:"jitter"`
	When     []OutcomeDescription `json:"when,omitempty"`
	NotTaken []OutcomeDescription `json:"not_taken,omitempty"`
	Stop     []OutcomeDescription `json:"stop,omitempty"`
}

// An OutcomeDescription matches answers.
type OutcomeDescription struct {
	Status  []string `json:"status,omitempty"`
	Except  []string `json:"except,omitempty"`
	Network []string `json:"network,omitempty"`
	Codes   []string `json:"codes,omitempty"` // the destination's own; none is any
	// Wait is backoff or retry-after, where the call is to be repeated;
	// Attempts is how often, where that is not as usual.
	Wait     string `json:"wait,omitempty"`
	Attempts int    `json:"attempts,omitempty"`
}

// A RateLimitDescription is how many calls the destination allows in a time.
type RateLimitDescription struct {
	Name  string `json:"name"`
	Calls string `json:"calls"` // a number, or a template of a setting
	Per   string `json:"per"`
	// Of and Except are calls, such as GET users/*; no Of is every call.
	Of     []string `json:"of,omitempty"`
	Except []string `json:"except,omitempty"`
	Each   []string `json:"each,omitempty"` // whose calls are counted together
	// Remaining and Reset are headers of answers.
	Remaining string `json:"remaining,omitempty"`
	Reset     string `json:"reset,omitempty"`
}

// A CircuitDescription says when a run pauses as a whole.
type CircuitDescription struct {
	After int                  `json:"after"` // calls in a row
	First string               `json:"first"`
	Most  string               `json:"most"`
	Stop  string               `json:"stop"`
	When  []OutcomeDescription `json:"when,omitempty"`
}

// Describe says what the program does. It works anew each time: loading rules
// costs nothing for it.
func (p *Program) Describe() Description {
	d := Description{
		Name: p.name, Title: p.title, URL: p.url.written(), Retry: p.describeRetry(), Circuit: p.describeCircuit(),
		Match: MatchDescription{By: "event." + p.by.written(), IgnoreCase: p.fold},
	}
	if p.id != nil {
		d.Match.ID = "event." + p.id.written()
	}
	for _, reads := range p.order {
		d.Order = append(d.Order, readTextsOf(reads))
	}
	for _, s := range p.settings {
		d.Settings = append(d.Settings, s.describe())
	}
	for _, a := range p.auth {
		d.Authentication = append(d.Authentication, a.describe())
	}
	for _, r := range p.rules {
		d.Rules = append(d.Rules, r.describe())
	}
	for _, l := range p.lookups {
		d.Lookups = append(d.Lookups, l.describe())
	}
	for _, one := range p.procedures {
		d.Procedures = append(d.Procedures, one.describe())
	}
	for _, l := range p.rateLimits {
		d.RateLimits = append(d.RateLimits, l.describe())
	}
	return d
}

func (s *setting) describe() SettingDescription {
	return SettingDescription{
		Name: s.Name, Type: s.Type, Title: s.Title, Required: s.Required, Secret: s.Secret,
		Default: rawJSON(s.fallback), Pattern: s.wants, Check: s.check.written(), Message: s.message,
	}
}

func (a *authentication) describe() AuthenticationDescription {
	d := AuthenticationDescription{Needs: append([]string{}, a.needs...), Kind: "headers", Warning: a.warn}
	switch {
	case a.bearer != nil:
		d.Kind = "bearer"
	case a.client != nil:
		d.Kind = "client_credentials"
	case a.user != nil:
		d.Kind = "basic"
	}
	for _, h := range a.headers {
		d.Headers = append(d.Headers, h.name)
	}
	return d
}

// describe needs the requirements before the lines that are about them.
func (r *rule) describe() RuleDescription {
	d := RuleDescription{Name: r.name, At: r.at, Events: append([]string{}, r.events...), When: r.when.written()}
	for _, b := range r.after {
		d.After = b.name
	}
	for _, v := range r.vars {
		d.Vars = append(d.Vars, NamedSource{v.name, v.source.describe()})
	}
	for _, q := range r.requires {
		d.Requires = append(d.Requires, q.describe())
	}
	for _, m := range r.mappings {
		described := MappingDescription{m.name, m.mapping.describe()}
		d.relate(described.Lines)
		d.Mappings = append(d.Mappings, described)
	}
	d.Steps = r.block.describe()
	for _, s := range d.Steps {
		if s.Call != nil {
			d.relate(s.Call.Body)
		}
	}
	for _, f := range r.result {
		d.Result = append(d.Result, NamedSource{f.name, f.source.describe()})
	}
	return d
}

func (q *requirement) describe() RequirementDescription {
	return RequirementDescription{At: q.at, From: pathsOf(q.reads), When: q.when.written(), Message: q.message.written()}
}
