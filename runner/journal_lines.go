package runner

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/deskrules/deskrules/engine"
)

// The kinds of lines behind the header.
const (
	// lineFiles names files that are written from the results.
	lineFiles = "files"
	// lineRead says that the records up to this one were read, where the last of
	// them have no line of their own: it tells an input that has lost its end.
	lineRead = "read"
	// lineSent says that a call is about to be made that must not be repeated.
	lineSent = "sent"
	// lineUntaken says that the destination has refused that call and not done
	// it, so that it may be made again.
	lineUntaken = "untaken"
	// lineAnswer is the answer to a request after which the event went on.
	lineAnswer = "answer"
	// lineRecall is what the memory answered in place of the destination.
	lineRecall = "recall"
	// lineFinished is how an event ended. No other line of it counts then.
	lineFinished = "finished"
)

// A journalLine is any line behind the header.
type journalLine struct {
	Kind string `json:"kind"`
	journalPlace
	Names    []string         `json:"names,omitempty"` // of files
	Request  *journalRequest  `json:"request,omitempty"`
	Response *journalResponse `json:"response,omitempty"`
	Key      string           `json:"key,omitempty"` // of what was recalled
	Value    *journalBytes    `json:"value,omitempty"`
	Outcome  *journalOutcome  `json:"outcome,omitempty"`
}

// A journalPlace says which event a line is about.
type journalPlace struct {
	Input  int    `json:"input,omitempty"` // the how manieth Deliver, from 0
	Record int    `json:"record"`          // the how manieth of its records, from 0
	Event  string `json:"event,omitempty"` // a hash of its bytes
}

// A journalRequest is enough to know a request again.
type journalRequest struct {
	Rule   string `json:"rule"`
	Step   string `json:"step"`
	Method string `json:"method"`
	Digest string `json:"digest"`
}

func newJournalRequest(q engine.Request) *journalRequest {
	return &journalRequest{
		Rule: q.Rule, Step: q.Step, Method: q.Method,
		Digest: digest([]byte(q.Method), []byte(q.Path), []byte(q.Query), []byte(q.Link), q.Body),
	}
}

// String names the request without event data.
func (q journalRequest) String() string {
	return "a " + q.Method + " of step " + q.Step + " of rule " + q.Rule
}

// A journalResponse is an answer as the engine was given it.
type journalResponse struct {
	Status   int            `json:"status"`
	Body     journalBytes   `json:"body,omitzero"`
	Failure  engine.Failure `json:"failure,omitempty"`
	Detail   string         `json:"detail,omitempty"`
	Attempts int            `json:"attempts"`
}

func newJournalResponse(r engine.Response) *journalResponse {
	return &journalResponse{r.Status, r.Body, r.Failure, r.Detail, r.Attempts}
}

func (r journalResponse) response() engine.Response {
	return engine.Response{Status: r.Status, Body: r.Body, Failure: r.Failure, Detail: r.Detail, Attempts: r.Attempts}
}

// A journalOutcome is everything that a result tells.
type journalOutcome struct {
	Status    engine.Status    `json:"status"`
	Type      string           `json:"type,omitempty"`
	MessageID string           `json:"message_id,omitempty"`
	Rules     []string         `json:"rules,omitempty"`
	Rule      string           `json:"rule,omitempty"`
	Step      string           `json:"step,omitempty"`
	At        engine.Position  `json:"at,omitzero"`
	Reason    string           `json:"error,omitempty"`
	Answer    journalBytes     `json:"answer,omitzero"`
	Warnings  []journalWarning `json:"warnings,omitempty"`
	Requests  []reportRequest  `json:"requests,omitempty"`
}

type journalWarning struct {
	Rule string          `json:"rule"`
	Text string          `json:"text"`
	At   engine.Position `json:"at,omitzero"`
}

// newJournalOutcome keeps of an answer what dead letters show of it.
func newJournalOutcome(id engine.Identity, o engine.Outcome) *journalOutcome {
	kept := &journalOutcome{
		Status: o.Status, Type: id.Type, MessageID: id.MessageID, Rules: o.Rules, Rule: o.Rule, Step: o.Step, At: o.At,
		Reason: o.Reason, Answer: o.Answer[:min(len(o.Answer), mostAnswer)],
	}
	for _, w := range o.Warnings {
		kept.Warnings = append(kept.Warnings, journalWarning(w))
	}
	for _, s := range o.Requests {
		kept.Requests = append(kept.Requests, reportRequest(s))
	}
	return kept
}

func (k journalOutcome) outcome() engine.Outcome {
	o := engine.Outcome{
		Status: k.Status, Rules: append([]string{}, k.Rules...), Rule: k.Rule, Step: k.Step, At: k.At,
		Reason: k.Reason, Answer: k.Answer,
	}
	for _, w := range k.Warnings {
		o.Warnings = append(o.Warnings, engine.Warning(w))
	}
	for _, s := range k.Requests {
		o.Requests = append(o.Requests, engine.Sent(s))
	}
	return o
}

// journalBytes are bytes that come back exactly as they were: they go into
// later requests. They are text in the file where they are text.
type journalBytes []byte

// MarshalJSON implements [json.Marshaler].
func (b journalBytes) MarshalJSON() ([]byte, error) {
	if utf8.Valid(b) {
		return encode(string(b))
	}
	return encode(map[string][]byte{"base64": b})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (b *journalBytes) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		var text string
		err := json.Unmarshal(data, &text)
		*b = []byte(text)
		return err
	}
	var wrapped struct {
		Base64 []byte `json:"base64"`
	}
	err := json.Unmarshal(data, &wrapped)
	*b = wrapped.Base64
	return err
}

// IsZero leaves out what is not there.
func (b journalBytes) IsZero() bool { return len(b) == 0 }

// encode writes a value as one line of JSON.
func encode(value any) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return line.Bytes(), err
}
