// Command bench measures Deskrules against what it could be at best, and against
// what people write instead. docs/performance.md says how to read its tables.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
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

// plan is for tables of one event for each item.
func (e effort) plan() measure.Plan {
	return measure.Plan{Items: e.events, Turn: e.turn, Rounds: e.rounds}
}

// few is for tables whose items take long.
func (e effort) few() measure.Plan {
	return measure.Plan{Items: 200, Turn: 10, Rounds: max(2, e.rounds/2)}
}

// A table is one thing that is measured.
type table struct {
	name    string
	title   string
	unit    string // of which an item has many
	measure func(effort) ([]measure.Result, error)
}

func tables() []table {
	return slices.Concat(kindTables(), costTables(), growthTables(), deliveryTables())
}

func main() {
	only := flag.String("table", "", "measure only the tables whose name matches this regular expression")
	asJSON := flag.Bool("json", false, "print one JSON object for each table")
	quick := flag.Bool("quick", false, "see that everything works; the figures mean nothing")
	e := effort{}
	flag.Uint64Var(&e.seed, "seed", 1, "what the events are made from")
	flag.IntVar(&e.events, "events", 1000, "how many events of each kind")
	flag.IntVar(&e.turn, "turn", 500, "how many events a contender takes in a row")
	flag.IntVar(&e.rounds, "rounds", 40, "how many turns each contender has")
	flag.Parse()
	if *quick {
		e.events, e.turn, e.rounds = 100, 20, 2
	}
	if err := run(e, *only, *asJSON); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(e effort, only string, asJSON bool) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	for _, t := range tables() {
		if !wanted.MatchString(t.name) {
			continue
		}
		results, err := t.measure(e)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		if err := t.print(results, asJSON); err != nil {
			return err
		}
	}
	return nil
}

func (t table) print(results []measure.Result, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"table": t.name, "title": t.title, "unit": t.unit, "results": results})
	}
	fmt.Printf("\n%s: %s\n\n", t.name, t.title)
	fmt.Printf("%-24s %7s %13s %9s %8s %7s %6s\n", "", "ratio", "quartiles", "ns", "ns/"+t.unit, "B", "allocs")
	for _, r := range results {
		fmt.Printf("%-24s %7.2f %6.2f-%6.2f %9.0f %8.2f %7.0f %6.0f\n",
			r.Name, r.Ratio, r.Low, r.High, r.Nanoseconds, r.Each, r.Bytes, r.Allocations)
	}
	for _, r := range results {
		if r.Note != "" {
			fmt.Printf("%s: %s\n", r.Name, r.Note)
		}
	}
	return nil
}
