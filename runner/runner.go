package runner

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/deskrules/deskrules/engine"
)

const (
	defaultTimeout     = 30 * time.Second
	defaultConcurrency = 8
)

// MaxConcurrency is the most that Options.Concurrency may be: no destination
// takes more calls at once, and each costs a connection and memory.
const MaxConcurrency = 1000

// Options says how a [Runner] works. The zero value of every field is its
// default.
type Options struct {
	// Settings are the destination's, by name, as its rules declare them. Nil
	// is none, which suffices where the rules require none.
	Settings map[string]any

	// BaseURL replaces scheme, host and path of the destination's own URL. It
	// is https, or http to a loopback address. Empty is the destination's own.
	BaseURL string

	// Transport makes the calls. Nil is one of the Runner's own that verifies
	// certificates and uses the proxy of the environment. Redirects are not
	// followed with any. [InProcess] makes a transport of an http.Handler.
	Transport http.RoundTripper

	// Timeout is how long one call may take, with its answer. 0 is 30 seconds.
	Timeout time.Duration

	// Memory keeps what answers taught. Nil is one in the process for this
	// Runner alone, of 100,000 keys: see [NewMemory].
	Memory Memory

	// Clock is the time by which the Runner waits between calls and forgets.
	// The timeout of a call is real time always. Nil is the system's.
	Clock Clock

	// Concurrency is how many events [Runner.Deliver] works on at once; what
	// waits for an earlier event is not counted. 0 is 8, and
	// [MaxConcurrency] is the most. [Runner.Run] has no limit.
	Concurrency int

	// Unlimited takes no account of the destination's rate limits, for one that
	// has none, such as a simulator. False keeps below them.
	Unlimited bool

	// Limits bound events, answers and requests; each zero is its default.
	Limits engine.Limits

	// RetryUncertain makes Deliver send dead letters again that ended as
	// [engine.Uncertain], which may do a thing twice. False reports them as
	// uncertain again and sends nothing.
	RetryUncertain bool

	// Journal lets Deliver be killed at any moment and go on where it stopped:
	// see [OpenJournal]. It serves one Runner, and Run does not use it. Nil
	// keeps none.
	Journal *Journal

	// Explain makes Deliver give each result an explanation of what the rules
	// did, at some cost. False gives none.
	Explain bool

	// Coverage is told which lines of the rules the events come to. Nil is
	// nobody.
	Coverage *engine.Coverage

	// Logger is told of waits and stops: of statuses, methods, rules, steps,
	// attempts and waits, never of event data or credentials. Nil is silent.
	Logger *slog.Logger

	// Observe is called after each call and its retries, for counts. It is
	// called from several goroutines at once. Nil is nothing.
	Observe func(Call)

	// Listen is given each attempt at a call with its answer, as the rules get
	// it: credentials have been taken out. It is called from several goroutines
	// at once. Nil is nothing.
	Listen func(Attempt)
}

// String hides the settings, of which some are secret.
func (Options) String() string { return "(options of a runner)" }

// GoString hides the settings, too.
func (o Options) GoString() string { return o.String() }

// A Call is one request that has been made, with its retries.
type Call struct {
	// Rule and Step name what asked for it. They come from the rules alone and
	// suit as labels; Path does not.
	Rule, Step string
	Method     string
	// Path is relative to the base URL and without its query. It may hold ids.
	// A following page has the path of its link.
	Path string
	// Status is the last answer's; 0 where Failure left none.
	Status  int
	Failure engine.Failure
	// Attempts is how often the call was made, 1 or more.
	Attempts int
	// Took is the time from the first attempt to the last answer, waits included.
	Took time.Duration
}

// A Runner delivers events to one account of a destination. It is safe for
// concurrent use.
type Runner struct {
	program  *engine.Program
	config   *engine.Config
	settings map[string]any
	options  Options // with the defaults in place
	caller   *caller
	memory   Memory
	clock    Clock
	log      *slog.Logger
	idle     *executions
	order    *order
	limits   *limits
	circuit  *circuit
	waits    *waits
	inputs   atomic.Int64 // how many times Deliver was called

	halted context.Context // done once the run has stopped; its cause is the *StopError
	stop   context.CancelCauseFunc
}

// String names the destination, and hides the settings.
func (r *Runner) String() string { return "(runner for " + r.program.Name() + ")" }

// GoString hides the settings, too.
func (r *Runner) GoString() string { return r.String() }

// New joins a program to its settings and to the world. The error is an
// [engine.SettingsError] where settings are wrong, and otherwise says which
// option is.
func New(p *engine.Program, o Options) (*Runner, error) {
	config, err := p.Configure(o.Settings)
	if err != nil {
		return nil, err
	}
	o, err = o.withDefaults()
	if err != nil {
		return nil, err
	}
	own := o.Transport == nil
	if own {
		o.Transport = newTransport(o.Concurrency)
	}
	c, err := newCaller(config, o, secretValues(p, o.Settings), p.Title())
	if err != nil {
		return nil, err
	}
	c.own = own
	r := &Runner{
		program: p, config: config.WithLimits(o.Limits).Cover(o.Coverage), settings: o.Settings, options: o, caller: c,
		memory: o.Memory, clock: o.Clock, log: o.Logger, order: newOrder(), idle: &executions{},
		limits: newLimits(config.RateLimits(), o.Clock), circuit: newCircuit(p.Circuit(), o.Clock), waits: newWaits(),
	}
	r.halted, r.stop = context.WithCancelCause(context.Background())
	if o.Journal != nil {
		if err := o.Journal.bind(newJournalHeader(p, o.Settings, c.base)); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (o Options) withDefaults() (Options, error) {
	switch {
	case o.Timeout < 0:
		return o, fmt.Errorf("runner: option Timeout is %s: give 0 for %s, or more", o.Timeout, defaultTimeout)
	case o.Concurrency < 0:
		return o, fmt.Errorf("runner: option Concurrency is %d: give 0 for %d, or more", o.Concurrency, defaultConcurrency)
	case o.Concurrency > MaxConcurrency:
		return o, fmt.Errorf("runner: option Concurrency is %d: give %d at most", o.Concurrency, MaxConcurrency)
	}
	o.Timeout = orDefault(o.Timeout, defaultTimeout)
	o.Concurrency = orDefault(o.Concurrency, defaultConcurrency)
	o.Limits = o.Limits.WithDefaults()
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Memory == nil {
		o.Memory = NewMemory(0, o.Clock)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func orDefault[T int | time.Duration](given, usual T) T {
	if given == 0 {
		return usual
	}
	return given
}

// secretValues lists the settings that nobody may get to see.
func secretValues(p *engine.Program, settings map[string]any) (values []string) {
	for _, s := range p.Settings() {
		if text, ok := settings[s.Name].(string); ok && s.Secret {
			values = append(values, text)
		}
	}
	return values
}

func newCaller(config *engine.Config, o Options, secrets []string, title string) (*caller, error) {
	text := o.BaseURL
	if text == "" {
		text = config.BaseURL()
	}
	base, err := parseBase(text)
	if err != nil {
		return nil, fmt.Errorf("runner: %w", err)
	}
	bearer := config.Credential().Bearer
	if bearer != "" {
		bearer = "Bearer " + bearer
	}
	return &caller{
		base: base, root: base.String(), credential: config.Credential(), bearer: bearer, transport: o.Transport,
		tokens:   newTokens(config.Credential(), base, o, title),
		scrubber: newScrubber(config.Credential(), secrets),
		patience: patience{limit: o.Timeout}, replyBytes: o.Limits.ReplyBytes, clock: o.Clock, listen: o.Listen,
	}, nil
}

// BaseURL is where all calls go: it ends in a slash, however it was given.
func (r *Runner) BaseURL() string { return r.caller.base.String() }

// Warning is what the rules want said once a run about the way to authenticate
// that the settings choose; empty for nothing.
func (r *Runner) Warning() string { return r.caller.credential.Warning }

// Run delivers one event. Events that share an ordering key go one after the
// other, in the order of the calls; others do not wait for each other.
//
// An event that could not be delivered is no error: its outcome says so. The
// error is a [*StopError] where the run must end, and then for each later call
// at once; it is ctx.Err() where ctx ended the event. The outcome beside an
// error is unfinished or uncertain. A call in flight when ctx is cancelled is
// waited for, at most for Options.Timeout, since tearing it would leave in
// doubt whether it was taken; a wait between calls is cut.
func (r *Runner) Run(ctx context.Context, event []byte) (engine.Outcome, error) {
	j := r.enter(event)
	defer j.turn.leave()
	j.turn.wait(ctx, r.halted)
	defer r.release(j)
	return r.execute(ctx, j)
}

// A job is one event on its way.
type job struct {
	execution *engine.Execution // nil where starting it panicked, and after the end
	broken    bool              // it panicked
	bug       engine.Outcome    // of that panic
	event     []byte
	turn      *turn
	slot      *slots // of the delivery that it belongs to; nil for none
	id        engine.Identity
	doubtful  bool // a call that may not be repeated may have been taken
	recording *recording
	told      *transcript
}

// admit gives an event its place in the order, and leaves it at that.
func (r *Runner) admit(event []byte, by *engine.Identifier) *job {
	j := &job{event: event}
	j.identify(func() engine.Identity { return by.Identify(event) })
	j.turn = r.order.join(j.id.Order)
	return j
}

// enter starts an event, and gives it its place by what was read of it. Nothing
// is asked for before its turn.
func (r *Runner) enter(event []byte) *job {
	j := &job{event: event}
	r.begin(j)
	if j.execution != nil {
		j.identify(j.execution.Identity)
	} else {
		j.identify(func() engine.Identity { return r.config.Identify(event) })
	}
	j.turn = r.order.join(j.id.Order)
	return j
}

func (j *job) identify(identity func() engine.Identity) {
	defer j.recoverTo(&j.bug)
	j.id = identity()
}

func (r *Runner) begin(j *job) {
	defer j.recoverTo(&j.bug)
	if r.options.Explain {
		j.execution = r.config.Explain(j.event)
	} else {
		j.execution = r.idle.start(r.config, j.event)
	}
}

// execute asks the engine for requests and answers them until the event ends,
// or the run is interrupted and the event has more to ask for.
func (r *Runner) execute(ctx context.Context, j *job) (outcome engine.Outcome, _ error) {
	if j.execution == nil && j.bug.Status == "" {
		r.begin(j)
	}
	if j.bug.Status != "" {
		return j.bug, nil
	}
	defer j.recoverTo(&outcome)
	r.replay(j)
	x := j.execution
	prefix := "not tried: "
	if j.recording.begun() {
		prefix = "given up: "
	}
	for {
		q, more := x.Next()
		err := r.interrupted(ctx)
		if more && err != nil {
			j.recording.givenUp()
			x.Abort(prefix + reasonOf(err))
			more = false
		}
		if !more {
			r.learn(j) // the end of a rule may teach, too
			return ended(x.Outcome(), err)
		}
		if r.answer(ctx, j, q) {
			prefix = "given up: "
		}
	}
}

// ended leaves out the error beside an event that it did not keep from its end.
func ended(outcome engine.Outcome, err error) (engine.Outcome, error) {
	outcome = ownOutcome(outcome)
	if outcome.Status == engine.Unfinished || outcome.Status == engine.Uncertain {
		return outcome, err
	}
	return outcome, nil
}

// answer gives one request its answer, from memory or from the destination,
// and keeps what the answer teaches. It reports false where there is none,
// since the run was interrupted before the request went out.
func (r *Runner) answer(ctx context.Context, j *job, q engine.Request) bool {
	x := j.execution
	if !r.recall(j, q) {
		response, sent := r.send(ctx, j, q)
		if !sent {
			return false
		}
		j.told.answered(response)
		x.Respond(response)
	}
	r.learn(j)
	return true
}

// learn keeps what the last answer taught.
func (r *Runner) learn(j *job) {
	if facts := j.execution.Facts(); len(facts) > 0 {
		r.memory.Apply(facts)
	}
}

// send makes a request, and keeps account of whether the event could be sent
// again without harm. While the call is under way it could not.
func (r *Runner) send(ctx context.Context, j *job, q engine.Request) (engine.Response, bool) {
	before := j.doubtful
	j.doubtful = before || q.Write() && !q.Idempotent
	a, sent := r.perform(ctx, j, q)
	if !sent || a.verdict.NotTaken {
		j.doubtful = before
	}
	if sent {
		j.recording.answered(q, a.Response, a.verdict)
	}
	return a.Response, sent
}

// recall answers from memory, and reports whether it did.
func (r *Runner) recall(j *job, q engine.Request) bool {
	for _, key := range q.Recall {
		if value, ok := r.memory.Recall(key); ok {
			j.recording.recalled(key, value)
			j.told.recalled(key, value)
			j.execution.Recall(key, value)
			return true
		}
	}
	return false
}

func (r *Runner) observe(t *trial) {
	if r.options.Observe == nil || t.last.Attempts == 0 {
		return
	}
	q, a := t.request, t.last
	r.options.Observe(Call{
		Rule: q.Rule, Step: q.Step, Method: q.Method, Path: strings.Clone(r.caller.path(q)),
		Status: a.Status, Failure: a.Failure, Attempts: a.Attempts, Took: r.clock.Now().Sub(t.began),
	})
}

// recoverTo, when deferred, makes a panic the end of one event, so that the
// others go on. It tells where, and of the panic's text only the Go runtime's:
// any other could repeat the event. What was done before it stays in the
// outcome.
func (j *job) recoverTo(outcome *engine.Outcome) {
	value := recover()
	if value == nil {
		return
	}
	what := fmt.Sprintf("a panic (%T)", value)
	if err, ok := value.(runtime.Error); ok {
		what = err.Error()
	}
	j.broken = true
	*outcome = j.soFar()
	outcome.Reason = "a bug, please report it: " + what + " in " + panickedIn()
}

// soFar is the outcome of an event that a panic ended.
func (j *job) soFar() (outcome engine.Outcome) {
	if j.execution != nil {
		outcome = ownOutcome(j.execution.Outcome())
	}
	outcome.Status = engine.Failed
	if j.doubtful {
		outcome.Status = engine.Uncertain
	}
	return outcome
}

// panickedIn is the place of the panic that is being recovered from: the first
// frame below the runtime's own that raised it.
func panickedIn() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	raised := false
	for {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if raised && !inRuntime {
			return fmt.Sprintf("%s (line %d)", f.Function, f.Line)
		}
		raised = raised || f.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}
