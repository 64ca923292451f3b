package rules_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/ruletest"
	"github.com/deskrules/deskrules/runner/zendesksim"
)

// TestCorpus delivers a folder's events.ndjson to a simulator that holds its
// account.json, and tells what came of it: CORPUS=FOLDER go test -v -run
// TestCorpus ./rules_test. It fails where an event has no result or ends
// neither delivered, ignored nor rejected, for the simulator refuses nothing
// without a reason.
func TestCorpus(t *testing.T) {
	folder := os.Getenv("CORPUS")
	if folder == "" {
		t.Skip("CORPUS names no folder")
	}
	server := seeded(t, filepath.Join(folder, "account.json"))
	c := &corpus{outcomes: map[string]int{}, reasons: map[string]int{}, calls: map[string]int{}, results: map[int]int{}}
	c.deliver(t, server, filepath.Join(folder, "events.ndjson"))
	c.check(t)
	t.Logf("\n%s", c.summary(server.Account()))
}

// A corpus counts what became of its events.
type corpus struct {
	outcomes map[string]int
	reasons  map[string]int // of the outcomes that have one
	results  map[int]int    // by line; every one must be 1
	lines    []int          // of the records, in order

	mu    sync.Mutex
	calls map[string]int // attempts, by method and path without ids
}

func seeded(t *testing.T, file string) *zendesksim.Server {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := simulate(text, ruletest.NewClock().Now)
	if err != nil {
		t.Fatal(err)
	}
	return handler.(*zendesksim.Server)
}

func (c *corpus) deliver(t *testing.T, server *zendesksim.Server, file string) {
	t.Helper()
	program := load(t)
	r, err := runner.New(program, runner.Options{
		Settings:  program.Examples(),
		Transport: runner.InProcess(server),
		Clock:     ruletest.NewClock(),
		Observe:   c.observe,
		Unlimited: true, // its clock leaps over every wait, for all events at once
	})
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := r.Deliver(t.Context(), c.reading(runner.ReadEvents(in, engine.Limits{})), c.done); err != nil {
		t.Error(err)
	}
}

// reading notes every record that is taken.
func (c *corpus) reading(records func(func(runner.Record, error) bool)) func(func(runner.Record, error) bool) {
	return func(yield func(runner.Record, error) bool) {
		for record, err := range records {
			if err == nil {
				c.lines = append(c.lines, record.Line)
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

func (c *corpus) done(r runner.Result) {
	c.results[r.Record.Line]++
	kind := r.Type + " " + string(r.Outcome.Status)
	c.outcomes[kind]++
	if r.Outcome.Reason != "" {
		c.reasons[kind+": "+r.Outcome.Reason]++
	}
	for _, w := range r.Outcome.Warnings {
		c.reasons[kind+", warning: "+w.Text]++
	}
}

func (c *corpus) observe(call runner.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[call.Method+" "+regexp.MustCompile(`\d+`).ReplaceAllString(call.Path, "{id}")] += call.Attempts
}

func (c *corpus) check(t *testing.T) {
	t.Helper()
	if len(c.lines) == 0 || len(c.results) != len(c.lines) {
		t.Errorf("%d events were read and %d have a result", len(c.lines), len(c.results))
	}
	for line, times := range c.results {
		if times != 1 {
			t.Errorf("the event of line %d has %d results", line, times)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(c.outcomes)) {
		status := engine.Status(kind[strings.LastIndex(kind, " ")+1:])
		if !status.Done() && status != engine.Rejected {
			t.Errorf("%d events ended %s", c.outcomes[kind], kind)
		}
	}
}

func (c *corpus) summary(account zendesksim.Account) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d events, %d calls\n", len(c.lines), sum(c.calls))
	table(&b, "outcomes", c.outcomes)
	table(&b, "reasons and warnings", c.reasons)
	table(&b, "calls", c.calls)
	table(&b, "at the end", map[string]int{
		"users":               len(account.Users),
		"user fields":         len(account.UserFields),
		"organization fields": len(account.OrganizationFields),
		"organizations":       len(account.Organizations),
		"memberships":         len(account.Memberships),
		"events":              len(account.Events),
	})
	return b.String()
}

// table lists the counts, greatest first, and no more than a screen of them.
func table(b *strings.Builder, title string, counts map[string]int) {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
	fmt.Fprintf(b, "\n%s\n", title)
	for _, name := range names[:min(len(names), 40)] {
		fmt.Fprintf(b, "  %6d  %s\n", counts[name], name)
	}
}

func sum(counts map[string]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}
