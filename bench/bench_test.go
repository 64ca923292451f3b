package main

import (
	"testing"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/corpus"
)

// BenchmarkBody is for benchstat, which compares revisions: within one run the
// command's interleaved tables are the better measure.
func BenchmarkBody(b *testing.B) {
	for _, kind := range corpus.Kinds() {
		events := corpus.Make(kind, 1000, 1)
		contenders, err := contender.New(kind, events)
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range contenders {
			b.Run(string(kind)+"/"+c.Name, func(b *testing.B) { makeAll(b, c, events) })
		}
	}
}

func makeAll(b *testing.B, c contender.Contender, events [][]byte) {
	b.ReportAllocs()
	b.SetBytes(int64(corpus.Size(events) / len(events)))
	i := 0
	for b.Loop() {
		mustMake(c, events[i%len(events)])
		i++
	}
}
