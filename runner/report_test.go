package runner_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// full is a result with something in every field.
func full() runner.Result {
	return runner.Result{
		Record: runner.Record{Line: 12, Event: []byte("{\"n\": 12345678901234567890,\n \"t\":\"<\\u00e9>\"}")},
		Type:   "identify", MessageID: "m1",
		Outcome: engine.Outcome{
			Status: engine.Failed, Rules: []string{"save", "note"}, Rule: "note", Step: "post:7",
			At: engine.Position{File: "crm/note.yaml", Line: 7, Column: 3}, Reason: "no such <person>",
			Answer:   []byte(`{"error": 404}`),
			Warnings: []engine.Warning{{Rule: "save", Text: "left out"}},
			Requests: []engine.Sent{
				{Method: "POST", Path: "people.json", Status: 200, Attempts: 2},
				{Method: "POST", Path: "notes.json", Failure: engine.Timeout},
			},
		},
	}
}

func TestReport(t *testing.T) {
	var out bytes.Buffer
	report := runner.NewReport(&out)
	for _, r := range []runner.Result{full(), {Record: runner.Record{Line: 13}, Outcome: engine.Outcome{Status: engine.Ignored}}} {
		if err := report.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"line":12,"message_id":"m1","type":"identify","rules":["save","note"],"outcome":"failed","error":"no such <person>","warnings":["left out"],` +
		`"requests":[{"method":"POST","path":"people.json","status":200,"attempts":2},{"method":"POST","path":"notes.json","status":0,"failure":"timeout","attempts":1}]}` + "\n" +
		`{"line":13,"message_id":"","type":"","rules":[],"outcome":"ignored","error":"","warnings":[],"requests":[]}` + "\n"
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
}

func TestDeadLetters(t *testing.T) {
	with := func(event, answer string) runner.Result {
		r := full()
		r.Record.Event = []byte(event)
		r.Outcome.Answer = []byte(answer)
		return r
	}
	cut := with(`{"a":"`+strings.Repeat("x", 5000), "")
	cut.Record.TooLong = true
	const end = `"outcome":"failed","error":"no such <person>","rule":"note","step":"post:7","at":"crm/note.yaml:7","line":12`
	for _, c := range []struct {
		name   string
		result runner.Result
		want   string
	}{
		{"an event", full(), `{"deskrules_dead_letter":1,"event":{"n":12345678901234567890,"t":"<\u00e9>"},` + end + `,"answer":{"error":404}}`},
		{"an answer in text", with(`{}`, "Slow down"), `{"deskrules_dead_letter":1,"event":{},` + end + `,"answer":"Slow down"}`},
		{"an answer that is not UTF-8", with(`{}`, "\xff"), `{"deskrules_dead_letter":1,"event":{},` + end + `,"answer":"` + "\uFFFD" + `"}`},
		{"a long answer", with(`{}`, `["`+strings.Repeat("x", 70_000)+`"]`), `{"deskrules_dead_letter":1,"event":{},` + end + `,"answer":"[\"` + strings.Repeat("x", 65_536-2) + `"}`},
		{"a malformed line", with(`{"a":`, ""), `{"deskrules_dead_letter":1,"raw":"{\"a\":",` + end + `}`},
		{"nothing", with(``, ""), `{"deskrules_dead_letter":1,"raw":"",` + end + `}`},
		{"not UTF-8", with("\"\xff\"", ""), `{"deskrules_dead_letter":1,"raw_base64":"Iv8i",` + end + `}`},
		{"control characters", with("\x00\x00\x00", ""), `{"deskrules_dead_letter":1,"raw_base64":"AAAA",` + end + `}`},
		{"an event that was cut", cut, `{"deskrules_dead_letter":1,"raw":"{\"a\":\"` + strings.Repeat("x", 4096-6) + `","cut":true,` + end + `}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := runner.NewDeadLetters(&out).Write(c.result); err != nil {
				t.Fatal(err)
			}
			if out.String() != c.want+"\n" {
				t.Errorf("got  %s\nwant %s", out.String(), c.want)
			}
		})
	}
}

func TestDeadLettersLeaveOutWhatIsDone(t *testing.T) {
	var out bytes.Buffer
	letters := runner.NewDeadLetters(&out)
	for _, status := range []engine.Status{engine.Delivered, engine.Ignored} {
		if err := letters.Write(runner.Result{Outcome: engine.Outcome{Status: status}}); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() > 0 {
		t.Errorf("wrote %s", out.String())
	}
}

func TestDeadLettersAreReadAsTheirEvents(t *testing.T) {
	events := []string{
		`{"n":1.10,"t":"é\u00e9\\"}`, `{"a":`, "not\xffUTF-8", "\x00\x01", `"text"`, `null`, `{"deskrules_dead_letter":0}`,
		strings.Repeat(`"\`, 300<<9), strings.Repeat("\x01aaaa", 50_000),
	}
	var out bytes.Buffer
	letters := runner.NewDeadLetters(&out)
	for _, event := range events {
		result := runner.Result{Record: runner.Record{Event: []byte(event)}, Outcome: engine.Outcome{Status: engine.Failed}}
		result.Outcome.Answer = bytes.Repeat([]byte("\x01"), 1<<20)
		if err := letters.Write(result); err != nil {
			t.Fatal(err)
		}
	}
	i := 0
	for record, err := range runner.ReadEvents(&out, engine.Limits{}) {
		if err != nil || string(record.Event) != events[i] || record.TooLong || record.Before != engine.Failed {
			t.Errorf("event %d came back as %.60q (%+v, error %v)", i, record.Event, record.Before, err)
		}
		i++
	}
	if i != len(events) {
		t.Errorf("%d of %d came back", i, len(events))
	}
}

// A fullDisk takes so many bytes and then no more.
type fullDisk struct {
	kept bytes.Buffer
	left int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.left)
	d.left -= n
	d.kept.Write(p[:n])
	if n < len(p) {
		d.left = 1000 // somebody makes room
		return n, errors.New("no space left")
	}
	return n, nil
}

// A line behind a torn one would be lost with it, so none is written.
func TestNothingIsWrittenBehindATornLine(t *testing.T) {
	for name, open := range map[string]func(io.Writer) interface{ Write(runner.Result) error }{
		"report":       func(w io.Writer) interface{ Write(runner.Result) error } { return runner.NewReport(w) },
		"dead letters": func(w io.Writer) interface{ Write(runner.Result) error } { return runner.NewDeadLetters(w) },
	} {
		disk := &fullDisk{left: 100}
		lines := open(disk)
		for range 3 {
			if err := lines.Write(full()); err == nil || err.Error() != "no space left" {
				t.Errorf("%s: error %v", name, err)
			}
		}
		if disk.kept.Len() != 100 {
			t.Errorf("%s: kept %s", name, disk.kept.String())
		}
	}
}

// The largest event there may be comes back from a dead letter with the longest
// reason and answer, in whichever way it is written.
func TestTheLargestDeadLetterIsReadBack(t *testing.T) {
	limit := engine.Limits{}.WithDefaults().EventBytes
	fill := func(unit string) []byte { return []byte(strings.Repeat(unit, limit/len(unit)+1)[:limit]) }
	asJSON := append(append([]byte(`{"a":"`), fill("x")[:limit-8]...), `"}`...)
	for name, event := range map[string][]byte{
		"event": asJSON, "raw": fill(`"\`), "raw with control characters": fill("\x01\"\"\"\"\""), "base64": fill("\xff"), "zeros": fill("\x00"),
	} {
		result := runner.Result{Record: runner.Record{Event: event, File: strings.Repeat("\x01", 4096)}, Outcome: engine.Outcome{
			Status: engine.Failed, Reason: strings.Repeat("\x01", 8<<10), Answer: bytes.Repeat([]byte("\x01"), 4<<20),
		}}
		var out bytes.Buffer
		if err := runner.NewDeadLetters(&out).Write(result); err != nil {
			t.Fatal(err)
		}
		for record, err := range runner.ReadEvents(&out, engine.Limits{}) {
			if err != nil || !bytes.Equal(record.Event, event) || record.TooLong || record.Before != engine.Failed {
				t.Errorf("%s came back as %.60q (%d bytes, %s), error %v", name, record.Event, len(record.Event), record.Before, err)
			}
		}
	}
}
