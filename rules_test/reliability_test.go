package rules_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/zendesksim"
)

// The proof that nothing is lost: events are delivered to a simulator whose
// calls fail in every way there is, and afterwards the account has to hold what
// it holds where none fails. A few rounds run always; SOAK=N runs N of each
// kind: make soak.

// soak is how many rounds of each kind to run.
func soak(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SOAK")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SOAK is %q, which is no number of rounds", text)
	}
	return n
}

// A world is an account, the faults on the way to it, and what came of a run.
type world struct {
	server   *zendesksim.Server
	log      zendesksim.Log
	faults   map[zendesksim.Fault]int
	handler  http.Handler
	program  *engine.Program
	outcomes map[engine.Status]int
	reasons  []string
	letters  bytes.Buffer
}

func newWorld(t *testing.T, program *engine.Program, o zendesksim.Options, plan zendesksim.Plan) *world {
	t.Helper()
	w := &world{program: program, faults: map[zendesksim.Fault]int{}}
	o.Observe = w.log.Add
	server, err := zendesksim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.server, w.handler = server, server
	if plan != nil {
		faults := zendesksim.Faults{Plan: w.counted(plan), Identity: server.Identity, RetryAfter: 2 * time.Second}
		w.handler = faults.Handler(server)
	}
	return w
}

// counted counts the faults of a plan, which is asked for one request at a time.
func (w *world) counted(plan zendesksim.Plan) zendesksim.Plan {
	return func(try zendesksim.Try) zendesksim.Fault {
		fault := plan(try)
		w.faults[fault]++
		return fault
	}
}

// deliver runs events against the world, through its faults or past them.
func (w *world) deliver(t *testing.T, events []byte, handler http.Handler, o runner.Options) error {
	t.Helper()
	o.Settings, o.Transport = w.program.Examples(), runner.InProcess(handler)
	o.Settings["removeUsersFromOrganization"] = true
	r, err := runner.New(w.program, o)
	if err != nil {
		t.Fatal(err)
	}
	w.outcomes, w.reasons = map[engine.Status]int{}, nil
	w.letters.Reset()
	letters := runner.NewDeadLetters(&w.letters)
	return r.Deliver(t.Context(), runner.ReadEvents(bytes.NewReader(events), engine.Limits{}), func(got runner.Result) {
		w.outcomes[got.Outcome.Status]++
		if got.Outcome.Status != engine.Delivered {
			w.reasons = append(w.reasons, fmt.Sprintf("line %d %s: %s", got.Record.Line, got.Outcome.Status, got.Outcome.Reason))
		}
		if err := letters.Write(got); err != nil {
			t.Error(err)
		}
	})
}

// replay delivers the dead letters, past the faults, as an operator would do
// when the trouble is over.
func (w *world) replay(t *testing.T) {
	t.Helper()
	letters := slices.Clone(w.letters.Bytes())
	if err := w.deliver(t, letters, w.server, runner.Options{Unlimited: true, RetryUncertain: true}); err != nil {
		t.Error(err)
	}
}

// once reports writes that may not be repeated and took effect twice.
func (w *world) once(t *testing.T) {
	t.Helper()
	for identity, times := range w.twice() {
		t.Errorf("took effect %d times: %s", times, identity)
	}
}

// twice gives the tracked events that are there more than once.
func (w *world) twice() map[string]int {
	times := map[string]int{}
	for identity, entries := range w.log.Repeated() {
		if entries[0].Method == http.MethodPost && strings.HasPrefix(entries[0].Action, "users/events") {
			times[identity] = len(entries)
		}
	}
	return times
}

// manyEvents are events of some users and groups, of every kind, whose effect does
// not depend on which user's comes first.
func manyEvents(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	for i := range n {
		user := random.IntN(1 + n/8)
		id := fmt.Sprintf("u-%d", user)
		at := time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC).Format(time.RFC3339)
		person := fmt.Sprintf(`"name":"User %d","email":"user%d@example.com","plan":"plan %d","score_%d":%d`, user, user, random.IntN(9), random.IntN(6), i)
		switch random.IntN(10) {
		case 0, 1, 2, 3:
			fmt.Fprintf(&b, `{"type":"identify","messageId":"m%d","userId":%q,"traits":{%s}}`, i, id, person)
		case 4, 5, 6, 7:
			fmt.Fprintf(&b, `{"type":"track","messageId":"m%d","userId":%q,"event":"Paid","timestamp":%q,"properties":{"n":%d},"context":{"traits":{%s}}}`, i, id, at, i, person)
		case 8:
			group := user % (1 + n/40)
			fmt.Fprintf(&b, `{"type":"group","messageId":"m%d","userId":%q,"groupId":"g-%d","traits":{"name":"Group %d","seats_%d":"%d"},"context":{"traits":{%s}}}`, i, id, group, group, user%3, i, person)
		default:
			fmt.Fprintf(&b, `{"type":"identify","messageId":"m%d","userId":%q,"traits":{%s,"company":{"id":"g-%d","remove":true}}}`, i, id, person, user%(1+n/40))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// undisturbed is what an account holds after the events, where no call fails.
func undisturbed(t *testing.T, program *engine.Program, events []byte) string {
	w := newWorld(t, program, zendesksim.Options{}, nil)
	if err := w.deliver(t, events, w.handler, runner.Options{Unlimited: true}); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(events, []byte("\n")); w.outcomes[engine.Delivered] != n {
		t.Fatalf("undisturbed, of %d events: %v\n%s", n, w.outcomes, strings.Join(w.reasons, "\n"))
	}
	w.once(t)
	return w.server.Account().Canonical()
}

// A trouble is a way in which many calls fail.
type trouble struct {
	name string
	plan func(seed uint64) zendesksim.Plan
}

func troubles() []trouble {
	seeded := func(rates zendesksim.Rates) func(uint64) zendesksim.Plan {
		return func(seed uint64) zendesksim.Plan {
			return zendesksim.Seeded{Seed: seed, Rates: rates, MostInARow: 3}.Plan()
		}
	}
	all := []trouble{{"all", seeded(zendesksim.Overall(0.3))}}
	for _, fault := range zendesksim.AllFaults() {
		if fault != zendesksim.Unauthorized {
			all = append(all, trouble{fault.String(), seeded(zendesksim.Rates{fault: 0.2})})
		}
	}
	return all
}

// TestNothingIsLost delivers events through each kind of trouble.
func TestNothingIsLost(t *testing.T) {
	program := load(t)
	for _, c := range troubles() {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(soak(t)) {
				size := 200
				if c.name == "all" || soak(t) > 1 {
					size = 1000
				}
				synctest.Test(t, func(t *testing.T) {
					events := manyEvents(seed, size)
					w := newWorld(t, program, zendesksim.Options{}, c.plan(seed))
					if err := w.deliver(t, events, w.handler, runner.Options{Unlimited: true}); err != nil {
						t.Errorf("seed %d: %v", seed, err)
					}
					w.concludes(t, fmt.Sprintf("%s, seed %d", c.name, seed), size, undisturbed(t, program, events))
				})
			}
		})
	}
}

// concludes checks the account after a run, and after the replay of its dead
// letters.
func (w *world) concludes(t *testing.T, name string, size int, want string) {
	t.Helper()
	w.once(t)
	left := w.outcomes[engine.Unfinished] + w.outcomes[engine.Uncertain]
	if w.outcomes[engine.Delivered]+left != size {
		t.Errorf("%s: %v\n%s", name, w.outcomes, strings.Join(w.reasons, "\n"))
	}
	t.Logf("%s: %v of %d calls failed: %v", name, sumFaults(w.faults)-w.faults[zendesksim.NoFault], sumFaults(w.faults), w.outcomes)
	if left > 0 {
		w.replay(t)
	}
	if diff := gocmp.Diff(want, w.server.Account().Canonical()); diff != "" {
		t.Errorf("%s: the account (-undisturbed +got):\n%s", name, diff)
	}
}

func sumFaults(faults map[zendesksim.Fault]int) (n int) {
	for _, count := range faults {
		n += count
	}
	return n
}

// TestNothingIsLostUnderLimits delivers events to an account with all limits of
// a real one: the runner has to keep below them by itself.
func TestNothingIsLostUnderLimits(t *testing.T) {
	program := load(t)
	for seed := range uint64(soak(t)) {
		synctest.Test(t, func(t *testing.T) {
			events := manyEvents(seed, 300)
			o := zendesksim.Realistic()
			o.IndexDelay = 0 // what it does to lookups by email has a test of its own
			w := newWorld(t, program, o, nil)
			began := time.Now()
			if err := w.deliver(t, events, w.handler, runner.Options{}); err != nil {
				t.Error(err)
			}
			refused := 0
			for _, entry := range w.log.Entries() {
				if entry.Status == http.StatusTooManyRequests {
					refused++
				}
			}
			t.Logf("seed %d: %d calls in %s, %d refused for a limit: %v", seed, len(w.log.Entries()), time.Since(began).Round(time.Second), refused, w.outcomes)
			if refused > len(w.log.Entries())/100 {
				t.Errorf("%d of %d calls were refused for a limit", refused, len(w.log.Entries()))
			}
			w.concludes(t, fmt.Sprintf("limits, seed %d", seed), 300, undisturbed(t, program, events))
		})
	}
}

// TestRefusedCredentialsLoseNothing ends the credentials in the middle.
func TestRefusedCredentialsLoseNothing(t *testing.T) {
	program := load(t)
	synctest.Test(t, func(t *testing.T) {
		events := manyEvents(1, 200)
		w := newWorld(t, program, zendesksim.Options{}, func(try zendesksim.Try) zendesksim.Fault {
			if try.Number > 150 {
				return zendesksim.Unauthorized
			}
			return zendesksim.NoFault
		})
		err := w.deliver(t, events, w.handler, runner.Options{Unlimited: true})
		if _, stopped := errors.AsType[*runner.StopError](err); !stopped {
			t.Errorf("error %v", err)
		}
		w.concludes(t, "refused credentials", 200, undisturbed(t, program, events))
	})
}

// A played case is a golden case against the simulator.
type playedCase struct {
	account  zendesksim.Account
	events   []byte
	settings map[string]any
}

// playedCases are the golden cases by name. Those with replies of their own are
// played against an empty account: their events take other ways there, which
// can fail as well.
func playedCases(t *testing.T) map[string]playedCase {
	t.Helper()
	files, err := filepath.Glob("*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	cases := map[string]playedCase{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(txtar.Format(archive), []byte("\n-- want --\nsetting refused:")) {
			continue // it sends nothing, whatever happens
		}
		var c playedCase
		for _, f := range archive.Files {
			switch f.Name {
			case "event.json":
				c.events = onOneLine(f.Data)
			case "events.ndjson":
				c.events = f.Data
			case "settings.yaml":
				err = yaml.Unmarshal(f.Data, &c.settings)
			case "account.json":
				c.account, err = zendesksim.ReadAccount(bytes.NewReader(f.Data))
			}
			if err != nil {
				t.Fatalf("%s: %s: %v", file, f.Name, err)
			}
		}
		cases[strings.TrimSuffix(file, ".txtar")] = c
	}
	return cases
}

// onOneLine writes an event as ReadEvents takes it, if it is JSON at all.
func onOneLine(event []byte) []byte {
	var line bytes.Buffer
	if err := json.Compact(&line, event); err != nil {
		return event
	}
	return line.Bytes()
}

// play delivers the events of a case one after the other.
func (c playedCase) play(t *testing.T, program *engine.Program, plan zendesksim.Plan) *world {
	t.Helper()
	// The clock stands, since it dates the events that have no time of their own.
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := newWorld(t, program, zendesksim.Options{Account: c.account, Now: func() time.Time { return now }}, plan)
	settings := w.program.Examples()
	maps.Copy(settings, c.settings)
	maps.DeleteFunc(settings, func(_ string, value any) bool { return value == nil })
	r, err := runner.New(w.program, runner.Options{Settings: settings, Transport: runner.InProcess(w.handler), Unlimited: true})
	if err != nil {
		t.Fatal(err)
	}
	w.outcomes = map[engine.Status]int{}
	for record, err := range runner.ReadEvents(bytes.NewReader(c.events), engine.Limits{}) {
		if err != nil {
			t.Fatal(err)
		}
		outcome, _ := r.Run(t.Context(), record.Event)
		w.outcomes[outcome.Status]++
		w.reasons = append(w.reasons, fmt.Sprintf("%s: %s", outcome.Status, outcome.Reason))
	}
	return w
}

// TestEveryCallOfEveryCaseFailsInTurn runs each golden case again and again: in
// each run one call fails in one way. The events have to end as they did
// without it and to leave the same account, or to end uncertain or unfinished
// and say so. Only what may have been taken, and cannot be looked for, may be
// uncertain; only refused credentials end unfinished.
func TestEveryCallOfEveryCaseFailsInTurn(t *testing.T) {
	faults := zendesksim.AllFaults()
	program, cases := load(t), playedCases(t)
	runs, doubts := 0, map[string]int{}
	for i, name := range slices.Sorted(maps.Keys(cases)) {
		if os.Getenv("SOAK") == "" && i%6 != 0 {
			continue // a few always, all in the long form
		}
		synctest.Test(t, func(t *testing.T) {
			c := cases[name]
			calm := c.play(t, program, nil)
			if len(calm.twice()) > 0 {
				// Events that are alike to the second cannot be told apart: that one
				// of them is there passes for the other.
				return
			}
			want, calls := calm.server.Account().Canonical(), len(calm.log.Entries())
			for n := range calls {
				for _, fault := range faults {
					runs++
					w := c.play(t, program, zendesksim.Nth(n+1, fault, nil))
					w.once(t)
					where := fmt.Sprintf("%s, call %d of %d, %s", name, n+1, calls, fault)
					w.endsAsSpecified(t, where, fault, calm, want, doubts)
				}
			}
		})
	}
	t.Logf("%d runs; ended otherwise than without a fault: %v", runs, doubts)
}

func (w *world) endsAsSpecified(t *testing.T, where string, fault zendesksim.Fault, calm *world, want string, doubts map[string]int) {
	t.Helper()
	same := slices.Equal(w.reasons, calm.reasons)
	switch got := w.server.Account().Canonical(); {
	case same && got == want:
		return
	case fault == zendesksim.Unauthorized && w.outcomes[engine.Unfinished] > 0:
		doubts["unfinished after 401"]++
		return
	case w.outcomes[engine.Uncertain] > calm.outcomes[engine.Uncertain] && !notTaken(fault):
		doubts["uncertain after "+fault.String()]++
		return
	case same || maps.Equal(w.outcomes, calm.outcomes) && got == want:
		if got == want {
			return // told in other words
		}
		t.Errorf("%s: the account (-calm +got):\n%s", where, gocmp.Diff(want, got))
	default:
		t.Errorf("%s:\n%s\nwant\n%s", where, strings.Join(w.reasons, "\n"), strings.Join(calm.reasons, "\n"))
	}
}

// notTaken reports a fault that proves that the call had no effect.
func notTaken(fault zendesksim.Fault) bool {
	return slices.Contains([]zendesksim.Fault{zendesksim.TooMany, zendesksim.TooManyText, zendesksim.TooManyBare}, fault)
}
