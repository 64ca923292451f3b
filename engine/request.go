package engine

import (
	"encoding/json"
	"time"
)

// A Request is one call that an Execution wants made. It is plain data: who
// performs it joins it to a base URL, authenticates it and decides about
// retries, and hands the result to [Execution.Respond].
type Request struct {
	// Rule and Step name the rule and the step that ask. A step without a
	// name is named after its kind and line, such as "post:12".
	Rule, Step string

	// Method is GET, POST, PUT, PATCH or DELETE.
	Method string

	// Path is relative to the base URL and has no leading slash. Every value
	// that came from an event or a reply is percent-encoded in it.
	Path string

	// Query is the encoded query without the question mark; empty for none.
	Query string

	// Link is the URL of a following page as the destination's reply gave it,
	// and empty for every other request. Path and Query are empty beside it.
	// It is the destination's word: whoever performs the request must refuse
	// a link that leads away from the base URL's scheme and host.
	Link string

	// Header holds what the destination's file asks to be sent with every
	// call, beside content type and credentials. Not to be modified.
	Header map[string]string

	// Body is valid JSON, or nil for a request without a body.
	Body []byte

	// Counts lists the rate limits that the call counts against. Not to be
	// modified.
	Counts []Count

	// Idempotent reports whether repeating the call does no harm. A call that
	// is not may be repeated only where [Verdict.NotTaken] holds.
	Idempotent bool

	// OnlyReads reports that the call changes nothing although its method is
	// POST: a search whose terms are in its body.
	OnlyReads bool

	// Reads reports whether a later part of the rule reads the reply. Where
	// it does, a 2xx reply that is not JSON counts as [Unreadable]; where it
	// does not, the status alone tells.
	Reads bool

	// Recall lists the memory keys under which the answer may be known. Who
	// keeps a memory may answer the first key it has a value for with
	// [Execution.Recall] in place of sending the request.
	Recall []string

	expects expectation
}

// Write reports whether the request can change something at the destination.
func (r Request) Write() bool { return r.Method != "GET" && !r.OnlyReads }

// A Failure says why a call got no usable answer.
type Failure string

const (
	// Answered is the zero value: a complete answer arrived.
	Answered Failure = ""
	// Refused means that no connection was made: the call was not taken.
	Refused Failure = "refused"
	// Reset means that the connection broke before the answer was complete.
	Reset Failure = "reset"
	// Timeout means that no answer came in time.
	Timeout Failure = "timeout"
	// Unreadable means that the answer is no JSON, too large or too deep.
	Unreadable Failure = "unreadable"
)

// A Response is what became of a [Request] after all retries.
type Response struct {
	// Status is the HTTP status; 0 where Failure left none.
	Status int
	// Body is the answer as it came. It is not modified, and not kept beyond
	// the execution.
	Body []byte
	// Failure is empty where an answer came.
	Failure Failure
	// Detail is a sentence about the failure for the outcome, such as the
	// error of the HTTP client. It must hold no credentials.
	Detail string
	// Attempts is how often the call was made; 0 counts as 1.
	Attempts int
}

// An Op says what a [Fact] does to a memory.
type Op int

const (
	// Learn sets the value of a key. The zero value is deliberately no Op.
	Learn Op = iota + 1
	// Extend appends the value to the list that the key holds. A memory that
	// does not hold the key leaves it so. The time to keep does not change.
	Extend
	// Forget removes the key.
	Forget
)

// A Fact is one change to the memory that an answer implies. The memory
// belongs to whoever runs the executions; the engine only names keys.
type Fact struct {
	Op  Op
	Key string
	// Value is a JSON value: the picked part of an answer, or for Extend one
	// element. Nil for Forget.
	Value json.RawMessage
	// For is how long the value holds after a Learn.
	For time.Duration
}
