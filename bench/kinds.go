package main

import (
	"fmt"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/corpus"
	"github.com/deskrules/deskrules/bench/measure"
)

// kindTables has one table for each kind of event: from its bytes to the body of
// the request that it becomes.
func kindTables() []table {
	var all []table
	for _, kind := range corpus.Kinds() {
		all = append(all, table{
			name:    string(kind),
			title:   fmt.Sprintf("%s events to the bodies of their requests", kind),
			unit:    "byte",
			measure: func(e effort) ([]measure.Result, error) { return measureKind(kind, e) },
		})
	}
	return all
}

// measureKind checks that all contenders make the same before any is timed.
func measureKind(kind corpus.Kind, e effort) ([]measure.Result, error) {
	events := corpus.Make(kind, e.events, e.seed)
	contenders, err := contender.New(kind, events)
	if err != nil {
		return nil, err
	}
	if err := contender.Check(contenders, events); err != nil {
		return nil, err
	}
	return measure.Interleave(entries(contenders, events), e.plan()), nil
}

func entries(contenders []contender.Contender, events [][]byte) []measure.Entry {
	list := make([]measure.Entry, len(contenders))
	size := float64(corpus.Size(events)) / float64(len(events))
	for i, c := range contenders {
		list[i] = measure.Entry{Name: c.Name, Units: size, Do: func(i int) { mustMake(c, events[i]) }}
	}
	return list
}

// mustMake makes a body that has been made before.
func mustMake(c contender.Contender, event []byte) {
	if _, err := c.Make(event); err != nil {
		panic(err)
	}
}
