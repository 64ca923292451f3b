package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/deskrules/deskrules/bench/measure"
)

// An effort says how long to measure.
type effort struct {
	seed   uint64
	events int // of each kind
	turn   int
	rounds int
}

// quick is enough to see that everything works.
func quick() effort { return effort{seed: 1, events: 100, turn: 20, rounds: 2} }

// plan is for tables of one event for each item.
func (e effort) plan() measure.Plan {
	return measure.Plan{Items: e.events, Turn: e.turn, Rounds: e.rounds}
}

// few is for tables whose items take long.
func (e effort) few() measure.Plan {
	return measure.Plan{Items: 200, Turn: 10, Rounds: max(2, e.rounds/2)}
}

// batch is for tables of which an item is all events.
func (e effort) batch() measure.Plan {
	return measure.Plan{Items: 1, Turn: 1, Rounds: e.rounds}
}

// A table is one thing that is measured.
type table struct {
	name  string
	title string
	unit  string // of which an item has many; [rate] for bytes a second
	// prepare makes what is compared. close, where it is not nil, ends it.
	prepare func(effort) (c measure.Contest, close func(), err error)
	// judge makes the rows; nil is a row for each entry, relative to the first.
	judge func(effort, measure.Contest) ([]measure.Result, error)
}

// rate is the unit of what is told in megabytes a second.
const rate = "MB/s"

func tables() []table {
	return slices.Concat(kindTables(), costTables(), growthTables(), deliveryTables())
}

func (t table) measure(e effort) ([]measure.Result, error) {
	c, done, err := t.prepare(e)
	if err != nil {
		return nil, err
	}
	if done != nil {
		defer done()
	}
	if t.judge == nil {
		return c.Run(), nil
	}
	return t.judge(e, c)
}

func (t table) print(results []measure.Result, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"table": t.name, "title": t.title, "unit": t.unit, "results": results})
	}
	fmt.Printf("\n%s: %s\n\n", t.name, t.title)
	fmt.Printf("%-24s %7s %13s %9s %8s %7s %6s\n", "", "ratio", "quartiles", "ns", t.column(), "B", "allocs")
	for _, r := range results {
		fmt.Printf("%-24s %7.2f %6.2f-%6.2f %9.0f %8.2f %7.0f %6.0f\n",
			r.Name, r.Ratio, r.Low, r.High, r.Nanoseconds, t.each(r), r.Bytes, r.Allocations)
	}
	for _, r := range results {
		if r.Note != "" {
			fmt.Printf("%s: %s\n", r.Name, r.Note)
		}
	}
	return nil
}

// column names what stands beside the time of an item.
func (t table) column() string {
	if t.unit == rate {
		return rate
	}
	return "ns/" + t.unit
}

func (t table) each(r measure.Result) float64 {
	if t.unit == rate {
		return 1000 / r.Each
	}
	return r.Each
}
