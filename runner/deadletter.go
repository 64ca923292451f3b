package runner

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/plain"
)

const (
	deadLetterMarker = `"deskrules_dead_letter"`

	// mostAnswer is how much of the destination's answer a dead letter keeps.
	mostAnswer = 64 << 10

	// mostCut is how much it keeps of an event that was too long to be read.
	mostCut = 4 << 10
)

// mostLetter is how long a dead letter of an event may be: text with escapes
// takes less than three bytes for one, or base64 is used, and the answer and
// the reason come on top.
func mostLetter(eventBytes int) int { return 3*eventBytes + 1<<20 }

// DeadLetters writes one JSON line for each result that is neither delivered
// nor ignored. [ReadEvents] reads them as the events they hold. It is safe for
// concurrent use.
//
// A line has the event as it came, without the space between its tokens. Where
// it is not JSON, its text is in "raw" instead, or, where that is not UTF-8 or
// is mostly control characters, in "raw_base64". With "cut" it is only the
// beginning. All other texts have escapes for what could deceive somebody who
// looks at them.
type DeadLetters struct{ lines lineWriter }

// NewDeadLetters returns DeadLetters that write to w, each line with one Write.
func NewDeadLetters(w io.Writer) *DeadLetters { return &DeadLetters{lineWriter{w: w}} }

type deadLetter struct {
	Marker    int             `json:"deskrules_dead_letter"`
	Event     json.RawMessage `json:"event,omitempty"`
	Raw       *shownText      `json:"raw,omitempty"`
	RawBase64 []byte          `json:"raw_base64,omitempty"`
	Cut       bool            `json:"cut,omitempty"`
	Outcome   engine.Status   `json:"outcome"`
	Error     shownText       `json:"error"`
	Rule      string          `json:"rule,omitempty"`
	Step      string          `json:"step,omitempty"`
	At        string          `json:"at,omitempty"`
	File      shownText       `json:"file,omitempty"`
	Line      int             `json:"line"`
	Element   int             `json:"element,omitempty"` // of a JSON array, from 1
	Answer    json.RawMessage `json:"answer,omitempty"`
}

// Write writes the line of one result, if it needs one. Its error is that of
// the writer: as long as it is not nil the event is not safe. It is for good:
// every later Write returns it.
func (d *DeadLetters) Write(r Result) error {
	if r.Outcome.Status.Done() {
		return nil
	}
	letter := deadLetter{
		Marker: 1, Outcome: r.Outcome.Status, Error: shownText(r.Outcome.Reason), File: shownText(r.Record.File), Line: r.Record.Line, Element: r.Record.Element,
		Rule: r.Outcome.Rule, Step: r.Outcome.Step, Answer: answerValue(r.Outcome.Answer),
	}
	if r.Outcome.At.Line > 0 {
		letter.At = place(r.Outcome.At)
	}
	letter.enclose(r.Record)
	return d.lines.write(letter)
}

// enclose puts the event in, in the most readable way that loses nothing.
func (l *deadLetter) enclose(r Record) {
	event := r.Event
	if r.TooLong {
		event, l.Cut = event[:min(len(event), mostCut)], true
	}
	switch text := string(event); {
	case !utf8.Valid(event), controls(text) > len(text)/5:
		l.RawBase64 = event
	case l.Cut, !json.Valid(event):
		raw := shownText(text)
		l.Raw = &raw
	default:
		l.Event = event
	}
}

// controls counts the characters that take six bytes in JSON text.
func controls(text string) int {
	n := 0
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0x7f {
			n++
		}
	}
	return n
}

// answerValue is an answer as a JSON value: itself where it is JSON, else its text.
func answerValue(answer []byte) json.RawMessage {
	switch {
	case len(answer) == 0:
		return nil
	case len(answer) <= mostAnswer && utf8.Valid(answer) && json.Valid(answer):
		return plain.JSON(answer)
	}
	text := strings.ToValidUTF8(string(answer[:min(len(answer), mostAnswer)]), "\uFFFD")
	value, err := json.Marshal(text)
	if err != nil {
		return nil // a string always has JSON
	}
	return plain.JSON(value)
}

// A shownText is a text that people look at: see [plain.JSON].
type shownText string

// MarshalJSON implements [json.Marshaler].
func (t shownText) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(string(t))
	return plain.JSON(text.Bytes()), err
}
