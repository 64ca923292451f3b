package engine

import "time"

// A Program is the compiled form of a destination's rule files. It never
// changes and is safe for any number of goroutines.
type Program struct {
	name, title string
	warnings    Diagnostics
	fingerprint string // of the files it comes from

	by       path  // of the event: what its kind is
	id       *path // of the event: what its source calls it; nil for none
	fold     bool
	kinds    []string // of all rules, for messages
	rules    []*rule
	order    [][]read
	settings []*setting
	url      *template
	headers  []header
	auth     []*authentication
	// lookups and procedures are all that the destination declares, in the order
	// in which they were compiled.
	lookups    []*lookup
	procedures []*procedure
	errorCode  *sourced
	errorText  *sourced
	nextPage   *expression
	maxPages   int
	rateLimits []*rateLimit
	retry      Retry
	circuit    Circuit
	policy     policy
	scopeSize  int // slots that settings templates and policies use
}

type header struct {
	name  string
	value *template
}

// The slots that every frame has.
const (
	slotEvent = iota
	slotConfig
	slotReply
	firstFreeSlot
)

// A rule is one rule file, compiled.
type rule struct {
	name     string
	number   int // of the rule in its program
	at       Position
	events   []string
	after    []*binding // slots that take the results of earlier rules
	vars     []*binding
	when     *expression
	requires []*requirement
	mappings []*mappingBinding
	block    *block
	result   []resultField
}

// A binding fills a slot from a source.
type binding struct {
	slot   int
	name   string
	source *sourced
	rule   *rule // the earlier rule, for bindings of results
}

type mappingBinding struct {
	slot    int
	name    string
	mapping *mapping
}

type requirement struct {
	at      Position
	reads   []read
	message *template
	when    *expression
}

type resultField struct {
	name   string
	source *sourced
}

// A block is a list of steps with the slots they use: the steps of a rule, of
// a procedure, or of one way of a lookup.
type block struct {
	name  string
	slots int
	steps []*step
	// constants are the slots of constant inputs, as JSON.
	constants []constantSlot
	undone    []bool // one false for each step
}

// A constantSlot is a slot and what is always in it.
type constantSlot struct {
	slot  int
	value value
}

// A step is one step of a block.
type step struct {
	name  string
	kind  string // the key that says what it does
	index int
	at    Position
	slot  int // for its value; -1 for none
	when  *expression
	list  bool  // the value is a list: [] where the step did not run
	sets  []int // every slot that it fills
	// redo lists the later steps that have to be done again when this one is.
	redo []bool
	op   operation
}

// An operation is what a step does.
type operation interface {
	// run advances the execution by this step. It either ends the step, sets a
	// pending request, or pushes a frame.
	run(x *Execution, f *frame, s *step)
}

// A call is a get, post, put, patch or delete.
type call struct {
	method     string
	path       *template
	query      []queryPart
	body       *mapping
	each       *expression
	itemSlot   int
	sentSlot   int
	pagesSlot  int
	pages      *path
	pick       *expression
	remember   time.Duration
	label      string // of what is remembered
	key        string // of it where the path is the same for every event
	counted    []int  // the rate limits that it counts against, where the path is the same for every event
	learn      []*teaching
	forget     []*teaching
	idempotent bool
	onlyReads  bool // though its method is POST
	reads      bool
	expects    [][]string // what is read of a whole answer, by the keys of its paths
	arms       []*arm
	confirm    *confirm
}

type queryPart struct {
	name    string
	encoded string // the name as it stands in a query
	value   *template
}

// A teaching names values to be learned or forgotten, and where.
type teaching struct {
	lookup *lookup // facts of a lookup
	step   *step   // or an element for what an earlier step remembers
	reads  []read
}

// An arm is one line of on.
type arm struct {
	at       Position
	statuses statusSet
	when     *expression
	then     string
	bind     int    // slot for skip; -1 for none
	as       string // the name of what skip binds
	message  *template
	remember time.Duration
	target   *step // of relook
	number   int
}

// A confirm is the call that settles whether another had its effect.
type confirm struct {
	at    Position
	when  *expression
	path  *template
	query []queryPart
	pages *path
	there *expression
	arms  []*arm
}

// A find is a lookup with its inputs.
type find struct {
	lookup *lookup
	inputs map[string][]read
}

// A lookup finds one record in one of several ways.
type lookup struct {
	name     string
	keep     []string
	remember time.Duration
	fold     bool
	ways     []*way
	used     bool // by a rule; settled while compiling
}

type way struct {
	by    string
	at    Position
	slot  int // of the input in the block
	when  *expression
	block *block
	found *expression
}

// A use runs a procedure.
type use struct {
	procedure *procedure
	inputs    []*binding
}

// A procedure is compiled for one set of constants.
type procedure struct {
	name   string
	inputs []input
	block  *block
	result *sourced
}

// An input is what a procedure is given: a constant, as JSON, or a value that
// has to fit a type.
type input struct {
	name, as, constant string
	slot               int // in the block
}

// A let names a value.
type let struct {
	name   string
	source *sourced
}

// A stop is a reject, a fail or a warn.
type stop struct {
	kind    string
	message *template
}

// A setting is one declared setting of the destination.
type setting struct {
	Setting
	pattern  func(string) bool
	wants    string // the pattern as written
	check    *expression
	message  string
	fallback string // JSON
	example  string // JSON
}

type authentication struct {
	needs          []string
	bearer         *template
	headers        []header
	user, password *template
	client         *clientTemplates // nil for none
	warn           string
}

type clientTemplates struct{ url, id, secret, scope *template }

// Name gives the name of the destination, such as the folder's.
func (p *Program) Name() string { return p.name }

// Title gives the name of the destination as people write it.
func (p *Program) Title() string { return p.title }

// Warnings gives what Load found that does not keep the rules from running.
func (p *Program) Warnings() Diagnostics { return p.warnings }

// Rules gives the names of the rules in the order in which they run.
func (p *Program) Rules() []string {
	names := make([]string, len(p.rules))
	for i, r := range p.rules {
		names[i] = r.name
	}
	return names
}

// Retry gives the policy for repeating calls.
func (p *Program) Retry() Retry { return p.retry }

// Circuit gives when a run pauses as a whole.
func (p *Program) Circuit() Circuit { return p.circuit }

// A compiler holds what the compilation of one destination shares.
type compiler struct {
	*collector
	vocabulary *vocabulary
	program    *Program
	config     *name // the settings, without secrets
	secrets    *name // the settings with secrets, for authentication only
	tables     map[string]*table
	lookups    map[string]*lookup
	procedures map[string]*procedureNode
	instances  map[string]*procedure
	compiling  []string     // procedures, to find one that uses itself
	touched    map[int]bool // slots that the step at hand reads; nil outside steps
	rests      []pendingRest
	targets    map[*target]span // where each target is first written
	rules      map[string]*ruleInfo
	lost       []string // rules of which nothing is known
	// blind is set where destination.yaml is unreadable: what it declares may
	// be there.
	blind bool
	// readSettings names the settings that anything reads.
	readSettings map[string]bool
}

// A ruleInfo is what later rules may know of an earlier one.
type ruleInfo struct {
	rule   *rule
	node   *ruleFile
	writes bool
}
