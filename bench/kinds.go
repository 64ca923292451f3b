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
			unit:    rate,
			prepare: func(e effort) (measure.Contest, func(), error) { return prepareKind(kind, e) },
		})
	}
	return all
}

// prepareKind checks that all contenders make the same before any is timed.
func prepareKind(kind corpus.Kind, e effort) (c measure.Contest, _ func(), err error) {
	events := corpus.Make(kind, e.events, e.seed)
	contenders, err := contender.New(kind, events)
	if err == nil {
		err = contender.Check(contenders, events)
	}
	return measure.Contest{Entries: entries(contenders, events), Plan: e.plan()}, nil, err
}

func entries(contenders []contender.Contender, events [][]byte) []measure.Entry {
	list := make([]measure.Entry, len(contenders))
	size := float64(corpus.Size(events)) / float64(len(events))
	for i, c := range contenders {
		list[i] = measure.Entry{Name: c.Name, Units: size, Peer: !c.Ours(), Do: func(i int) { mustMake(c, events[i]) }}
	}
	return list
}

// mustMake makes a body that has been made before.
func mustMake(c contender.Contender, event []byte) {
	if _, err := c.Make(event); err != nil {
		panic(err)
	}
}
