// Command bench measures Deskrules against what it could be at best, and against
// what people write instead. docs/performance.md says how to read its tables.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
)

func main() {
	only := flag.String("table", "", "measure only the tables whose name matches this regular expression")
	asJSON := flag.Bool("json", false, "print one JSON object for each table")
	once := flag.Bool("quick", false, "see that everything works; the figures mean nothing")
	e := effort{}
	flag.Uint64Var(&e.seed, "seed", 1, "what the events are made from")
	flag.IntVar(&e.events, "events", 1000, "how many events of each kind")
	flag.IntVar(&e.turn, "turn", 500, "how many events a contender takes in a row")
	flag.IntVar(&e.rounds, "rounds", 40, "how many turns each contender has")
	flag.Parse()
	if *once {
		e = quick()
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
