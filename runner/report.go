package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/plain"
)

// A Report writes one JSON line for each result. It is safe for concurrent use.
// An error of the writer is for good: every later Write returns it.
type Report struct{ lines lineWriter }

// NewReport returns a Report that writes to w, each line with one Write.
//
// What could deceive somebody who looks at a line, such as a control character,
// is an escape in it.
func NewReport(w io.Writer) *Report { return &Report{lineWriter{w: plain.JSONWriter(w)}} }

type reportLine struct {
	File      string          `json:"file,omitempty"`
	Line      int             `json:"line"`
	Element   int             `json:"element,omitempty"` // of a JSON array, from 1
	MessageID string          `json:"message_id"`
	Type      string          `json:"type"`
	Rules     []string        `json:"rules"`
	Outcome   engine.Status   `json:"outcome"`
	Error     string          `json:"error"`
	Warnings  []string        `json:"warnings"`
	Requests  []reportRequest `json:"requests"`
}

type reportRequest struct {
	Method   string         `json:"method"`
	Path     string         `json:"path"`
	Status   int            `json:"status"`
	Failure  engine.Failure `json:"failure,omitempty"`
	Attempts int            `json:"attempts"`
}

// Write writes the line of one result. Its error is that of the writer.
func (p *Report) Write(r Result) error {
	line := reportLine{
		File: r.Record.File, Line: r.Record.Line, Element: r.Record.Element, MessageID: r.MessageID, Type: r.Type,
		Rules: append([]string{}, r.Outcome.Rules...), Outcome: r.Outcome.Status, Error: r.Outcome.Reason,
		Warnings: []string{}, Requests: []reportRequest{},
	}
	for _, w := range r.Outcome.Warnings {
		line.Warnings = append(line.Warnings, w.Text)
	}
	for _, s := range r.Outcome.Requests {
		line.Requests = append(line.Requests, reportRequest{s.Method, s.Path, s.Status, s.Failure, max(1, s.Attempts)})
	}
	return p.lines.write(line)
}

// A lineWriter writes values as JSON lines. Each is one Write, so that a crash
// leaves at most one line incomplete. After an error nothing is written any
// more: it could end up in the rest of a line that is torn.
type lineWriter struct {
	mu     sync.Mutex
	w      io.Writer
	failed error
}

func (l *lineWriter) write(value any) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		_, l.failed = line.WriteTo(l.w)
	}
	return l.failed
}

// place is a position as reports show it.
func place(at engine.Position) string { return fmt.Sprintf("%s:%d", at.File, at.Line) }
