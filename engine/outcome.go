package engine

// A Status is how an event ended.
type Status string

const (
	// Delivered means that every rule that took the event is done.
	Delivered Status = "delivered"
	// Ignored means that no rule takes the event: none is for its kind, or the
	// conditions of those that are do not hold.
	Ignored Status = "ignored"
	// Rejected means that the event can never be sent as it is. Nothing was
	// written.
	Rejected Status = "rejected"
	// Failed means that the destination refused, or that its answer makes no
	// sense. Sending the event again would fail again.
	Failed Status = "failed"
	// Unfinished means that retries ran out or the run stopped. Replay it.
	Unfinished Status = "unfinished"
	// Uncertain means that replaying the event may do something twice: a call
	// that is not idempotent was taken and a later one was not, or its answer was
	// lost and looking did not settle whether it was taken.
	Uncertain Status = "uncertain"
)

// Done reports whether nothing is left to do for the event.
func (s Status) Done() bool { return s == Delivered || s == Ignored }

// An Outcome is the end of an event, with everything a report needs. It may
// hold personal data (in Reason, Warnings, Answer and the requests' paths):
// keep it out of logs.
type Outcome struct {
	Status Status
	// Rules names the rules that took the event, in the order they ran.
	Rules []string
	// Rule and Step name where a status other than Delivered came about;
	// empty where no rule is to blame.
	Rule, Step string
	// At is the line of the rule file behind Reason; its zero value means
	// that there is none.
	At Position
	// Reason says what was wrong; empty for Delivered.
	Reason string
	// Answer is the destination's own reply behind a Failed, Unfinished or
	// Uncertain status, as it came; nil where there is none.
	Answer []byte
	// Warnings lists what was left out or passed over.
	Warnings []Warning
	// Requests lists what was sent, in order.
	Requests []Sent
}

// A Warning is something the event's sender or the rule's author may want to
// know about an event that went on nevertheless.
type Warning struct {
	Rule string
	Text string
	At   Position
}

// Sent is one request as it went out, for reports.
type Sent struct {
	Method   string
	Path     string // without the query
	Status   int    // 0 where no answer came
	Failure  Failure
	Attempts int
}
