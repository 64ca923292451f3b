package main

import (
	"fmt"
	"testing"

	"github.com/deskrules/deskrules/internal/compare"
)

// TestBatchesAreCountedInTheirOrder has the last batch be the first that is done:
// the samples are those of the first all the same.
func TestBatchesAreCountedInTheirOrder(t *testing.T) {
	what := difference{subject: aField, kind: compare.Added, field: "plan"}
	results := make(chan counted)
	go func() {
		defer close(results)
		for _, number := range []int{3, 1, 2, 0} {
			found := newDifferences()
			found.batches, found.events = 1, 1
			found.note(what, sample{at: place{file: "events.ndjson", line: number + 1}})
			results <- counted{number, found}
		}
	}()
	total := inOrder(results)
	if got := total.found[what]; total.events != 4 || total.batches != 4 || got.events != 4 {
		t.Errorf("%d events in %d batches, %d of them differ", total.events, total.batches, got.events)
	}
	var at []string
	for _, s := range total.found[what].samples {
		at = append(at, s.at.String())
	}
	if got, want := fmt.Sprint(at), "[events.ndjson:1 events.ndjson:2 events.ndjson:3]"; got != want {
		t.Errorf("the samples are %s, not %s", got, want)
	}
}
