package corpus_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/deskrules/deskrules/bench/corpus"
)

func TestEventsAreWhatTheyAreSaidToBe(t *testing.T) {
	for _, kind := range corpus.Kinds() {
		events := corpus.Make(kind, 1000, 1)
		again := corpus.Make(kind, 1000, 1)
		least, most := len(events[0]), 0
		for i, event := range events {
			if !json.Valid(event) || !bytes.Equal(event, again[i]) {
				t.Fatalf("%s is no JSON, or another one the second time", event)
			}
			least, most = min(least, len(event)), max(most, len(event))
		}
		if least < 800 || most > 2560 {
			t.Errorf("%s events have %d to %d bytes", kind, least, most)
		}
		t.Logf("%s: %d to %d bytes, %d on average", kind, least, most, corpus.Size(events)/len(events))
	}
}
