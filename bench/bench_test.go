package main

import (
	"testing"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/corpus"
	"github.com/deskrules/deskrules/bench/measure"
)

// BenchmarkDeskrules is for benchstat, which compares revisions: within one
// revision the command's tables, whose rows take turns, tell more.
func BenchmarkDeskrules(b *testing.B) {
	benchmark(b, func(e measure.Entry) bool { return !e.Peer })
}

// BenchmarkPeers has what does not change with a revision.
func BenchmarkPeers(b *testing.B) {
	benchmark(b, func(e measure.Entry) bool { return e.Peer })
}

// benchmark prepares only the tables that are asked for.
func benchmark(b *testing.B, wanted func(measure.Entry) bool) {
	for _, t := range tables() {
		b.Run(t.name, func(b *testing.B) {
			c, done, err := t.prepare(effort{seed: 1, events: 1000, turn: 1, rounds: 1})
			if err != nil {
				b.Fatal(err)
			}
			if done != nil {
				defer done()
			}
			for _, entry := range c.Entries {
				if wanted(entry) {
					b.Run(entry.Name, func(b *testing.B) { repeat(b, entry, c.Plan.Items) })
				}
			}
		})
	}
}

func repeat(b *testing.B, e measure.Entry, items int) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.Do(i % items)
		i++
	}
}

// Every table can be made, so that none rots between two who look at it.
func TestTables(t *testing.T) {
	for _, table := range tables() {
		if _, err := table.measure(quick()); err != nil {
			t.Errorf("%s: %v", table.name, err)
		}
	}
}

// Eight goroutines share one program: the race detector sees every write.
func TestGoroutinesShareAProgram(t *testing.T) {
	for _, kind := range corpus.Kinds() {
		events := corpus.Make(kind, 64, 1)
		config, err := contender.Embedded()
		if err != nil {
			t.Fatal(err)
		}
		share(8, append(events, events...), func(event []byte) { first(config, event) })
	}
}
