package contender_test

import (
	"testing"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/corpus"
)

// A contender that makes something else is no measure of anything.
func TestBodiesAreTheSame(t *testing.T) {
	for _, kind := range corpus.Kinds() {
		events := corpus.Make(kind, 1000, 1)
		contenders, err := contender.New(kind, events)
		if err != nil {
			t.Fatal(err)
		}
		if err := contender.Check(contenders, events); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
