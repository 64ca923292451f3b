package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskrules/deskrules/internal/spell"
	"github.com/deskrules/deskrules/runner/zendesksim"
)

// The times that the simulator gives its clients. Nobody should need longer
// for a request of a few kilobytes.
const (
	headerTimeout   = 10 * time.Second
	shutdownTimeout = 5 * time.Second
)

// mostFaultsInARow is after how many faults a request gets through: anybody
// who tries again comes to an end.
const mostFaultsInARow = 2

// A simMode is how the simulator of a run behaves; empty where there is none.
type simMode string

const (
	plainMode     simMode = "plain"     // it answers everything at once
	realisticMode simMode = "realistic" // it makes its clients wait, as an account does
)

// String and Type make a simMode a flag's value.
func (m *simMode) String() string { return string(*m) }
func (m *simMode) Type() string   { return "MODE" }

// Set reads the value of the flag.
func (m *simMode) Set(text string) error {
	known := []string{string(plainMode), string(realisticMode)}
	if !slices.Contains(known, text) {
		return fmt.Errorf("there is no such mode. %s", spell.Advice(text, known))
	}
	*m = simMode(text)
	return nil
}

// simulateFlag declares --simulate, which may go without a mode.
func simulateFlag(verb *cobra.Command, mode *simMode) {
	flags := verb.Flags()
	flags.Var(mode, "simulate",
		"deliver to a simulator inside the command: plain, or realistic with an account's limits and delays")
	flags.Lookup("simulate").NoOptDefVal = string(plainMode)
	known := cobra.FixedCompletions([]string{string(plainMode), string(realisticMode)}, cobra.ShellCompDirectiveNoFileComp)
	// The flag was declared above, the one thing that could fail.
	_ = verb.RegisterFlagCompletionFunc("simulate", known)
}

func (m simMode) isOn() bool { return m != "" }

// check refuses a mode that stands where the first file belongs: after the flag
// it needs an equals sign.
func (m simMode) check(names []string) error {
	var meant simMode
	if !m.isOn() || meant.Set(names[0]) != nil {
		return nil
	}
	if _, err := os.Stat(names[0]); err == nil {
		return nil
	}
	return usagef("--simulate %[1]s: write --simulate=%[1]s", names[0])
}

// words are the flag as it is written on a command line.
func (m simMode) words() []string {
	switch m {
	case "":
		return nil
	case plainMode:
		return []string{"--simulate"}
	default:
		return []string{"--simulate=" + string(m)}
	}
}

// options are those of the simulator.
func (m simMode) options() zendesksim.Options {
	if m == realisticMode {
		return zendesksim.Realistic()
	}
	return zendesksim.Options{}
}

// A faultRates is the value of --faults.
type faultRates struct {
	text  string // as it was given
	rates zendesksim.Rates
}

func (f *faultRates) String() string { return f.text }
func (f *faultRates) Type() string   { return "rates" }

// Set reads the value of the flag.
func (f *faultRates) Set(text string) (err error) {
	f.text = text
	f.rates, err = zendesksim.ParseRates(text)
	return err
}

// faultFlags say which requests a simulator has fail.
type faultFlags struct {
	faults faultRates
	seed   uint64
}

func (o *faultFlags) declare(flags *pflag.FlagSet) {
	flags.Var(&o.faults, "faults", "let requests to the simulator fail: `KIND=RATE,...` such as 429=0.1, or all=RATE")
	flags.Uint64Var(&o.seed, "fault-seed", 0, "let other requests fail for each `N`, and the same ones for the same")
}

// inFront gives what answers in place of a simulator.
func (o faultFlags) inFront(sim simulator) http.Handler {
	if len(o.faults.rates) == 0 {
		return sim
	}
	plan := zendesksim.Seeded{Seed: o.seed, Rates: o.faults.rates, MostInARow: mostFaultsInARow}
	return zendesksim.Faults{
		Plan:     plan.Plan(),
		Identity: sim.Identity,
		Observe:  func(try zendesksim.Try, fault zendesksim.Fault) { noteFault(try.Request, fault.String()) },
	}.Handler(sim)
}

// words are the flags as they are written on a command line.
func (o faultFlags) words() []string {
	if o.faults.text == "" {
		return nil
	}
	return []string{"--faults " + shellWord(o.faults.text), fmt.Sprintf("--fault-seed %d", o.seed)}
}

// simulatorWith starts a simulator as newSimulator does, with options beside
// its account.
func simulatorWith(options zendesksim.Options, destination, accountFile string) (simulator, error) {
	seeded, err := newSimulator(destination, accountFile)
	if err != nil {
		return simulator{}, err
	}
	options.Account = seeded.Account()
	server, err := zendesksim.New(options)
	return simulator{Server: server}, err
}

// simOptions are the flags of sim.
type simOptions struct {
	sources
	faultFlags
	addr       string
	account    string
	dump       string
	realistic  bool
	indexDelay span // not given: that of the mode
	client     clientFlags
}

// clientFlags describe the one OAuth client that the simulator knows.
type clientFlags struct {
	id       string // empty: any credential is taken
	variable string // the environment variable that holds its secret
	lifetime span
}

// A span is a flag's value: a length of time that may be left out.
type span struct {
	time.Duration
	given bool
}

// String is empty for a span that was left out, so that no help shows it as
// a default.
func (s *span) String() string {
	if !s.given {
		return ""
	}
	return s.Duration.String()
}

func (s *span) Type() string { return "time" }

// Set reads the value of the flag.
func (s *span) Set(text string) (err error) {
	s.given = true
	s.Duration, err = time.ParseDuration(text)
	if err == nil && s.Duration < 0 {
		return errors.New("it cannot be negative")
	}
	return err
}

// secretVariable is where a run finds the secret, too, if the config takes it
// from there.
const secretVariable = "ZENDESK_CLIENT_SECRET"

func newSim(sh shell) *cobra.Command {
	o := simOptions{sources: sources{unset: omitUnset}}
	verb := &cobra.Command{
		Use:   "sim",
		Short: "Serve the simulator over HTTP",
		Long: `Serve a simulated Zendesk account over HTTP, for other programs and for repeated
runs: what one run writes, the next one finds. It keeps everything in memory and
is gone when it ends (Ctrl-C); --dump keeps the account.

It takes any credential, unless --client-id names an OAuth client: then it takes
the tokens that POST /oauth/tokens gives to that client.

--realistic makes it as slow to please as an account: rate limits, conflicts,
and a search index that lags behind. --faults has requests fail, a part of them
of each kind; with --fault-seed the same requests fail again. Nothing fails more
than twice in a row. The kinds are

  before the request takes effect
` + kindLines(false) + `
  after it took effect
` + kindLines(true) + `
and all, for every kind that is not named, apart from 401.

Exit status:
  0  it was ended by a signal
  2  the address, the account or another flag is wrong`,
		Example: `  deskrules sim --account examples/account.json
  deskrules sim --realistic --faults 429=0.1,timeout-after=0.02 --fault-seed 7`,
		Args: noArgs,
		RunE: func(verb *cobra.Command, _ []string) error {
			return o.run(verb.Context(), sh)
		},
	}
	o.declare(verb)
	return verb
}

// kindLines lists the kinds of faults of requests that take effect, or of those
// that do not.
func kindLines(takingEffect bool) string {
	var names []string
	for _, fault := range zendesksim.AllFaults() {
		if fault.TakesEffect() == takingEffect {
			names = append(names, fault.String())
		}
	}
	return wrap("    "+strings.Join(names, ", "), "    ") + "\n"
}

func (o *simOptions) declare(verb *cobra.Command) {
	o.sources.declare(verb)
	flags := verb.Flags()
	o.faultFlags.declare(flags)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8350", "listen on `HOST:PORT`; port 0 takes a free one")
	flags.StringVar(&o.account, "account", "", "start with what `FILE` (JSON) holds")
	flags.StringVar(&o.dump, "dump", "", "write the account to `FILE` at the end, for --account")
	flags.BoolVar(&o.realistic, "realistic", false, "have the limits and delays of an account")
	flags.Var(&o.indexDelay, "index-delay", "let searches find new users only after `TIME`, such as 30s")
	flags.StringVar(&o.client.id, "client-id", "", "take only the tokens of the OAuth client `ID`")
	flags.StringVar(&o.client.variable, "client-secret-env", secretVariable, "the variable `NAME` holds the client's secret")
	flags.Var(&o.client.lifetime, "token-lifetime", "let tokens expire after `TIME`, such as 10m (default 48h)")
}

// options are those of the simulator.
func (o simOptions) options(sh shell) (zendesksim.Options, error) {
	mode := plainMode
	if o.realistic {
		mode = realisticMode
	}
	options := mode.options()
	if o.indexDelay.given {
		options.IndexDelay = o.indexDelay.Duration
	}
	err := o.client.apply(&options, sh)
	return options, err
}

// apply has the simulator insist on the client. What stands where the name of a
// variable belongs may be the secret itself, and is not repeated.
func (c clientFlags) apply(options *zendesksim.Options, sh shell) error {
	options.ClientID, options.TokenLifetime = c.id, c.lifetime.Duration
	if c.id == "" {
		return nil
	}
	options.ClientSecret, _ = sh.env(c.variable)
	if options.ClientSecret == "" && c.variable == secretVariable {
		return usagef("--client-id needs the client's secret in the environment variable %s", secretVariable)
	}
	if options.ClientSecret == "" {
		return usagef("--client-secret-env names an environment variable, which is not set or empty")
	}
	return nil
}

func (o simOptions) run(ctx context.Context, sh shell) error {
	made, err := o.load(sh)
	if err != nil {
		return err
	}
	options, err := o.options(sh)
	if err != nil {
		return err
	}
	sim, err := simulatorWith(options, made.program.Name(), o.account)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", o.addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w", o.addr, err)
	}
	o.greet(sh, listener.Addr())
	if err := serve(ctx, listener, logged(sh, o.inFront(sim))); err != nil {
		return err
	}
	return o.farewell(sh, sim)
}

// greet says how to use the simulator, with commands that can be copied.
func (o simOptions) greet(sh shell, addr net.Addr) {
	host := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		complain(sh.err, "warning: other machines can reach this address"+o.openness())
		if tcp.IP.IsUnspecified() {
			host = fmt.Sprintf("localhost:%d", tcp.Port)
		}
	}
	fmt.Fprintf(sh.out, `The simulator listens on http://%[1]s/api/v2/

Deliver events to it from another terminal:

  deskrules run --base-url http://%[1]s/api/v2/%[3]s examples/events.ndjson

%[2]s

Ctrl-C ends it.
`, host, o.inspection(host), o.pace())
}

// pace is the flag for a run to an account that has no limits to keep below.
func (o simOptions) pace() string {
	if o.realistic {
		return ""
	}
	return " --unlimited"
}

// openness says who is let in, where anybody is.
func (o simOptions) openness() string {
	if o.client.id == "" {
		return ", and the simulator takes any credential"
	}
	return ""
}

// inspection says how to look at the account, or how to get a token for that.
func (o simOptions) inspection(host string) string {
	if o.client.id == "" {
		return "Look at what it holds:\n\n  curl -u any/token:any http://" + host + "/api/v2/users"
	}
	return fmt.Sprintf(`Ask it for a token:

  curl http://%s/oauth/tokens -d grant_type=client_credentials \
    -d client_id=%s --data-urlencode client_secret="$%s" \
    -d scope='read write'`, host, shellWord(o.client.id), o.client.variable)
}

// farewell says what the account held, and keeps it if that was asked for.
func (o simOptions) farewell(sh shell, sim simulator) error {
	fmt.Fprintln(sh.out, "\nThe account held")
	printHoldings(sh.out, sim.holdings())
	if o.dump == "" {
		return nil
	}
	file, err := createPrivate(o.dump)
	if err != nil {
		return fmt.Errorf("--dump %s: %w", o.dump, pathError(err))
	}
	return errors.Join(sim.Account().WriteJSON(file), file.Close())
}

// serve answers requests until ctx ends, and then those that have begun. Those
// that were to get no answer, or a late one, need not wait for it any longer.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	return server.Shutdown(grace)
}

// logged shows each request as it is answered. Ids and queries stay out of it:
// the events may be those of real people.
func logged(sh shell, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &statusWriter{ResponseWriter: w, status: "200"}
		defer func() {
			fmt.Fprintf(sh.err, "%s %s %s%s\n", answer.status, printable(r.Method), printable(openPath(r.URL.Path)), answer.fault)
		}()
		handler.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), answerKey{}, answer)))
		if lacked(answer.Header()) != "" {
			answer.fault = "  (the simulator does not have it)"
		}
	})
}

// A statusWriter remembers the status of an answer and why it is not the right
// one.
type statusWriter struct {
	http.ResponseWriter
	status string
	fault  string // with what sets it apart; empty where there is none
}

// answerKey is where a request's context has its statusWriter.
type answerKey struct{}

// noteFault has the log name a fault. Unless a status follows, there is no
// answer.
func noteFault(r *http.Request, name string) {
	if answer, ok := r.Context().Value(answerKey{}).(*statusWriter); ok {
		answer.status, answer.fault = "---", "  (fault "+name+")"
	}
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = strconv.Itoa(status)
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets faults get at the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
