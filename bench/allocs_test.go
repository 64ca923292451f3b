package main

import (
	"testing"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/corpus"
	"github.com/deskrules/deskrules/bench/synthetic"
)

// What the engine allocates, exactly, for the ten first events of a kind together
// once its memory is warm, and for events of other sorts from nothing.
const (
	mostIdentify = 0
	mostTrack    = 10
	mostGroup    = 10
	most1KB      = 26
	most500KB    = 26
	most10Lines  = 35
	most1000     = 53
)

// An allowance is a thing with the allocations that it may make.
type allowance struct {
	name string
	most float64
	do   func()
}

func TestAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates, too")
	}
	for _, a := range allowances(t) {
		t.Run(a.name, func(t *testing.T) {
			if got := testing.AllocsPerRun(50, a.do); got != a.most {
				t.Errorf("%v allocations, and %v are written down", got, a.most)
			}
		})
	}
}

func allowances(t *testing.T) []allowance {
	return []allowance{
		{"identify", mostIdentify, tenBodies(t, corpus.Identify)},
		{"track", mostTrack, tenBodies(t, corpus.Track)},
		{"group", mostGroup, tenBodies(t, corpus.Group)},
		{"1 KB", most1KB, firstOf(t, 0, synthetic.Sized(1<<10))},
		{"500 KB", most500KB, firstOf(t, 0, synthetic.Sized(500<<10))},
		{"10 lines", most10Lines, firstOf(t, 10, synthetic.Event())},
		{"1000 lines", most1000, firstOf(t, 1000, synthetic.Event())},
	}
}

// tenBodies has the engine make the bodies of ten events.
func tenBodies(t *testing.T, kind corpus.Kind) func() {
	events := corpus.Make(kind, 10, 1)
	body, err := contender.NewEngine(kind, events, contender.Begin)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		for _, event := range events {
			if _, err := body(event); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// firstOf takes an event up to its first request, by a rule of so many lines.
func firstOf(t *testing.T, lines int, event []byte) func() {
	config, err := synthetic.Rules(synthetic.Applies, lines)
	if err != nil {
		t.Fatal(err)
	}
	return func() { first(config, event) }
}
