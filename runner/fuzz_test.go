package runner_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// Whatever an event is, its dead letter gives it back.
func FuzzDeadLetters(f *testing.F) {
	for _, seed := range []string{
		identify, "", " ", "null", `{"a":1.0,"b":"é\u00e9\\"}`, `{"a":`, "\xff", "\x00\x01", "{\r\n\t}", `{"a":"\u2028<"}`, "\u2028",
		`{"deskrules_dead_letter":1,"event":{}}`, "[1]", "\ufeff{}",
	} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, event, answer []byte) {
		var line bytes.Buffer
		err := runner.NewDeadLetters(&line).Write(runner.Result{
			Record:  runner.Record{Event: event},
			Outcome: engine.Outcome{Status: engine.Failed, Reason: string(event), Answer: answer},
		})
		if err != nil || bytes.Count(line.Bytes(), []byte("\n")) != 1 {
			t.Fatalf("%q, error %v", line.Bytes(), err)
		}
		want := event
		var compact bytes.Buffer
		if json.Compact(&compact, event) == nil {
			want = compact.Bytes()
		}
		records := 0
		for record, err := range runner.ReadEvents(&line, engine.Limits{}) {
			records++
			if err != nil || record.TooLong || !bytes.Equal(record.Event, want) && !bytes.Equal(record.Event, event) {
				t.Errorf("%q came back as %q (error %v)", event, record.Event, err)
			}
		}
		if records != 1 {
			t.Errorf("%d records came back", records)
		}
	})
}

// Any input ends, and holds no record longer than the limit.
func FuzzReadEvents(f *testing.F) {
	for _, seed := range []string{"", "{}\n{}\r\n\n", "\ufeff[{},\n[1],\"]\\\"\"]", "[", "[,]", "[1]2", `{"deskrules_dead_letter":1,"raw":"0123456789"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		var failed error
		for record, err := range runner.ReadEvents(bytes.NewReader(input), engine.Limits{EventBytes: 8}) {
			if failed != nil {
				t.Errorf("a record or error after the error %v", failed)
			}
			failed = err
			if record.LastLine != 0 && record.LastLine <= record.Line {
				t.Errorf("record %+v", record)
			}
			if len(record.Event) > 8 || err == nil && (record.Line < 1 || record.Line > bytes.Count(input, []byte("\n"))+1) {
				t.Errorf("record %+v", record)
			}
		}
	})
}

// Whatever is between two events that stand in a line of their own, both are
// read; and however they are laid out, they are read as they are.
func FuzzReadEventsApart(f *testing.F) {
	for _, seed := range []string{"", "{", "{\n\"a\": [", "{\"a\":\n {\n", "\"", "{\"a\": \"\\", "}\n{\"b\":{\"c\":[1,2]}}", "[[", "\ufeff{"} {
		f.Add([]byte(seed), byte(2))
	}
	f.Fuzz(func(t *testing.T, between []byte, indent byte) {
		const before, after = `{"before":{"a":[{"b":1},{}]}}`, `{"after":"{"}`
		input := slices.Concat([]byte(before+"\n"), between, []byte("\n"+after+"\n"))
		if got := compacted(input); !slices.Contains(got, before) || !slices.Contains(got, after) {
			t.Errorf("%q gave %q", input, got)
		}
		var laidOut bytes.Buffer
		spaces := strings.Repeat(" ", 1+int(indent%8))
		for _, event := range []string{before, string(between), after} {
			if json.Indent(&laidOut, []byte(event), "", spaces) != nil || event[0] != '{' {
				return
			}
			laidOut.WriteByte('\n')
		}
		if got := compacted(laidOut.Bytes()); len(got) != 3 || got[0] != before || got[2] != after {
			t.Errorf("%q gave %q", laidOut.Bytes(), got)
		}
	})
}

// compacted reads events and takes the space out of those that are JSON.
func compacted(input []byte) (events []string) {
	for record := range runner.ReadEvents(bytes.NewReader(input), engine.Limits{}) {
		var line bytes.Buffer
		if json.Compact(&line, record.Event) == nil {
			events = append(events, line.String())
		}
	}
	return events
}
