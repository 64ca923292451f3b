package runner_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// readAll writes each record as line:event, with a + for one that was cut, and
// the error as the last.
func readAll(r io.Reader, limits engine.Limits) []string {
	got := []string{}
	for record, err := range runner.ReadEvents(r, limits) {
		if err != nil {
			got = append(got, "error: "+err.Error())
			continue
		}
		text := fmt.Sprintf("%d:%s", record.Line, record.Event)
		if record.LastLine != 0 {
			text = fmt.Sprintf("%d-%d:%s", record.Line, record.LastLine, record.Event)
		}
		if record.TooLong {
			text += "+"
		}
		if record.Before != "" {
			text += " was " + string(record.Before)
		}
		got = append(got, text)
	}
	return got
}

func TestReadEvents(t *testing.T) {
	const isUTF16 = "this is UTF-16, and events are UTF-8: convert the file first, as with iconv -f UTF-16 -t UTF-8"
	const notClosed = "the array of events is not closed by ]: the input may be cut off"
	for _, c := range []struct {
		name, input string
		want        []string
	}{
		{"empty", "", []string{}},
		{"only space", " \r\n\n\t", []string{}},
		{"only a mark", "\ufeff", []string{}},
		{"lines", "{\"a\":1}\n{\"b\":2}\n", []string{`1:{"a":1}`, `2:{"b":2}`}},
		{"no newline at the end", "{\"a\":1}\n{\"b\":2}", []string{`1:{"a":1}`, `2:{"b":2}`}},
		{"CRLF", "{\"a\":1}\r\n\r\n{\"b\":2}\r\n", []string{`1:{"a":1}`, `3:{"b":2}`}},
		{"byte order mark", "\ufeff{\"a\":1}\n", []string{`1:{"a":1}`}},
		{"marks of files put together", "\ufeff{\"a\":1}\n\ufeff{\"b\":2}\n\ufeff{\n}\n", []string{`1:{"a":1}`, `2:{"b":2}`, "3-4:{\n}"}},
		{"UTF-16", "\xff\xfe{\x00}\x00", []string{"error: line 1: " + isUTF16}},
		{"UTF-16, the other end first", "\xfe\xff\x00{\x00}", []string{"error: line 1: " + isUTF16}},
		{"UTF-16 without a mark", "{\x00}\x00", []string{"error: line 1: " + isUTF16}},
		{"zero bytes", "\x00\x00\x00\x00{}\n{}", []string{"1:\x00\x00\x00\x00{}", "2:{}"}},
		{"events over lines", "{\n  \"a\": 1\n}\n{\r\n  \"b\": [\r\n    {}\r\n  ]\r\n}\r\n\n{\"c\":3}\n", []string{"1-3:{\n  \"a\": 1\n}", "4-8:{\r\n  \"b\": [\r\n    {}\r+", `10:{"c":3}`}},
		{"a mistake in an event over lines", "{\n \"a\":1,}\n{\"b\":2}\n", []string{"1-2:{\n \"a\":1,}", `3:{"b":2}`}},
		{"an event over lines that is cut off", "{\n \"a\":{\n{\n \"b\":2\n}\n{\"c\":", []string{"1-2:{\n \"a\":{", "3-5:{\n \"b\":2\n}", `6:{"c":`}},
		{"indented lines", "  {\"a\":\n  {\"b\":\n   {\"c\":3}\n  {\"d\":4}\n", []string{`1:{"a":`, "2-3:{\"b\":\n   {\"c\":3}", `4:{"d":4}`}},
		{"a text over lines", "{\"a\":\"b\n\"}\n{\"c\":3}\n", []string{`1:{"a":"b`, `2:"}`, `3:{"c":3}`}},
		{"something open that is no object", "[\"a\",{\n1]\n", []string{"1:\"a\"", "1:{\n1]\n", "error: line 3: " + notClosed}},
		{"no event over lines", "x {\n}\n", []string{"1:x {", "2:}"}},
		{"a value behind the last line", "{\n} {\"b\":2}\n{}", []string{"1-2:{\n} {\"b\":2}", "3:{}"}},
		{"blank lines", "\n\n{\"a\":1}\n  \n{\"b\":2}", []string{`3:{"a":1}`, `5:{"b":2}`}},
		{"malformed line", "{\"a\":\n{\"b\":2}\n", []string{`1:{"a":`, `2:{"b":2}`}},
		{"not UTF-8", "{\"a\":\"\xff\"}\n", []string{"1:{\"a\":\"\xff\"}"}},
		{"too long", "{\"a\":\"0123456789012345\"}\n{\"b\":2}\n", []string{`1:{"a":"01234567890123+`, `2:{"b":2}`}},
		{"just long enough", "{\"a\":\"012345678901\"}\r\n", []string{`1:{"a":"012345678901"}`}},
		{"array", `[{"a":1},{"b":2}]`, []string{`1:{"a":1}`, `1:{"b":2}`}},
		{"array over lines", "\ufeff\n[\n  {\"a\":1},\r\n  {\"b\":\n2}\n]\n", []string{`3:{"a":1}`, "4:{\"b\":\n2}"}},
		{"empty array", "[ ]", []string{}},
		{"brackets in strings", `[{"a":"]}\",["},2]`, []string{`1:{"a":"]}\",["}`, `1:2`}},
		{"array in array", `[[1,2],{"a":[3]}]`, []string{`1:[1,2]`, `1:{"a":[3]}`}},
		{"malformed element", `[{"a":1,{"b":2}},nope,{"c":3}]`, []string{`1:{"a":1,{"b":2}}`, `1:nope`, `1:{"c":3}`}},
		{"missing element", `[{"a":1},,2]`, []string{`1:{"a":1}`, `1:`, `1:2`}},
		{"too long element", `[{"a":"0123456789012345"},2]`, []string{`1:{"a":"01234567890123+`, `1:2`}},
		{"array not closed", "[{\"a\":1},\n{\"b\":", []string{`1:{"a":1}`, `2:{"b":`, "error: line 2: " + notClosed}},
		{
			"something after the array", "[1]\n{\"a\":1}",
			[]string{"1:1", "error: line 2: something follows the array of events: give one array, or one event a line"},
		},
		{
			"dead letters",
			`{"deskrules_dead_letter":1,"event":{"a":1},"outcome":"failed","error":"a reason that is longer than an event"}` + "\n" +
				`{"outcome":"uncertain","raw":"{\"a\":","deskrules_dead_letter":1}` + "\n" +
				`{"deskrules_dead_letter":1,"raw_base64":"/wA=","outcome":"rejected"}` + "\n" +
				`{"deskrules_dead_letter":1,"raw":"{\"a\":\"01","cut":true,"outcome":"rejected"}` + "\n" +
				`{"deskrules_dead_letter":1,"event":{"a":"01234567890123456789"},"outcome":"failed"}`,
			[]string{
				`1:{"a":1} was failed`, `2:{"a": was uncertain`, "3:\xff\x00 was rejected",
				`4:{"a":"01+ was rejected`, `5:{"a":"01234567890123+ was failed`,
			},
		},
		{"not a dead letter", `{"deskrules_dead_letter":1}`, []string{`1:{"deskrules_dead_let+`}},
		{"dead letters in an array", `[{"deskrules_dead_letter":1,"event":{"a":1}}]`, []string{`1:{"a":1}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readAll(iotest.OneByteReader(strings.NewReader(c.input)), engine.Limits{EventBytes: 20})
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// All elements of an array may be in one line; their numbers tell them apart,
// and so do the lines of report and dead letters.
func TestElementsOfAnArrayAreNumbered(t *testing.T) {
	var report, letters bytes.Buffer
	for record, err := range runner.ReadEvents(strings.NewReader(`[{"a":1},,{"b":2}]`), engine.Limits{}) {
		result := runner.Result{Record: record, Outcome: engine.Outcome{Status: engine.Failed}}
		err = errors.Join(err, runner.NewReport(&report).Write(result), runner.NewDeadLetters(&letters).Write(result))
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{`"line":1,"element":1`, `"line":1,"element":2`, `"line":1,"element":3`} {
		for _, lines := range []string{report.String(), letters.String()} {
			if line := strings.Split(lines, "\n")[i]; !strings.Contains(line, want) {
				t.Errorf("%s is not in %s", want, line)
			}
		}
	}
	for record := range runner.ReadEvents(strings.NewReader(`{"a":1}`), engine.Limits{}) {
		if record.Element != 0 {
			t.Errorf("a line is element %d", record.Element)
		}
	}
}

func TestReadEventsStopsAtAnUnreadableInput(t *testing.T) {
	for _, start := range []string{"{\"a\":1}\n{\"b\"", "[{\"a\":1},\n{\"b\""} {
		input := io.MultiReader(strings.NewReader(start), iotest.ErrReader(errors.New("disk on fire")))
		got := readAll(input, engine.Limits{})
		want := `["1:{\"a\":1}" "error: line 2: disk on fire"]`
		if fmt.Sprintf("%q", got) != want {
			t.Errorf("got  %q\nwant %s", got, want)
		}
	}
}

func TestReadEventsCanBeLeftEarly(t *testing.T) {
	for _, input := range []string{"1\n2\n3\n", "[1,2,3]"} {
		for record := range runner.ReadEvents(strings.NewReader(input), engine.Limits{}) {
			if string(record.Event) != "1" {
				t.Errorf("read on to %s", record.Event)
			}
			break
		}
	}
}

// endless is a line, or an element, of so many bytes.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

func TestReadEventsDoesNotHoldWhatIsTooLong(t *testing.T) {
	const size = 24 << 20
	for _, start := range []string{"", "["} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		input := io.MultiReader(strings.NewReader(start), &endless{size}, strings.NewReader("\n"))
		for record, err := range runner.ReadEvents(input, engine.Limits{EventBytes: 1000}) {
			if err == nil && (!record.TooLong || len(record.Event) != 1000) {
				t.Errorf("a record of %d bytes, TooLong %t", len(record.Event), record.TooLong)
			}
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > size/2 {
			t.Errorf("reading %d bytes that start with %q took %d bytes of memory", size, start, used)
		}
	}
}
