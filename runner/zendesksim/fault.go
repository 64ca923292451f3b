package zendesksim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/internal/spell"
)

// A Fault is a way in which a request fails. The zero value is none.
type Fault int

// Faults that keep a request from taking effect. Bodies and headers are those that Zendesk documents, as far as it does:
// https://developer.zendesk.com/api-reference/introduction/requests/ and
// https://developer.zendesk.com/api-reference/introduction/rate-limits/
const (
	NoFault         Fault = iota
	TooMany               // "429": JSON, with Retry-After
	TooManyText           // "429-text": plain text, with Retry-After
	TooManyBare           // "429-bare": JSON, without Retry-After
	Conflict              // "409": JSON
	InternalError         // "500": JSON
	BadGateway            // "502": an HTML page
	Unavailable           // "503": plain text, with Retry-After
	UnavailableBare       // "503-bare": plain text, without Retry-After
	Unauthorized          // "401": JSON, as for a token that has expired
	TimeoutBefore         // "timeout-before": no answer
	ResetBefore           // "reset-before": the connection breaks
)

// Faults of requests that take effect.
const (
	TimeoutAfter Fault = iota + ResetBefore + 1 // "timeout-after": no answer
	ResetAfter                                  // "reset-after": the connection breaks
	Truncated                                   // "truncated": the connection breaks within the body
	NotJSON                                     // "not-json": an HTML page with status 200 in place of a success
	WrongType                                   // "wrong-type": the right body is called text/html
	Slow                                        // "slow": the right answer is late
)

// names are those of the faults, in their order.
func names() []string {
	return []string{
		NoFault: "none", TooMany: "429", TooManyText: "429-text", TooManyBare: "429-bare", Conflict: "409",
		InternalError: "500", BadGateway: "502", Unavailable: "503", UnavailableBare: "503-bare", Unauthorized: "401",
		TimeoutBefore: "timeout-before", ResetBefore: "reset-before",
		TimeoutAfter: "timeout-after", ResetAfter: "reset-after", Truncated: "truncated", NotJSON: "not-json",
		WrongType: "wrong-type", Slow: "slow",
	}
}

// String returns the name of the fault, as [ParseFault] takes it.
func (f Fault) String() string {
	if known := names(); f >= 0 && int(f) < len(known) {
		return known[f]
	}
	return fmt.Sprintf("Fault(%d)", int(f))
}

// TakesEffect reports whether a request that fails so is carried out.
func (f Fault) TakesEffect() bool {
	return f == NoFault || f >= TimeoutAfter
}

// AllFaults returns every fault but [NoFault].
func AllFaults() []Fault {
	var all []Fault
	for f := range names() {
		if Fault(f) != NoFault {
			all = append(all, Fault(f))
		}
	}
	return all
}

// ParseFault returns the fault of a name, which is not that of [NoFault]. The error names those that there are.
func ParseFault(name string) (Fault, error) {
	known := names()[NoFault+1:]
	if at := slices.Index(known, name); at >= 0 {
		return NoFault + 1 + Fault(at), nil
	}
	problem := fmt.Sprintf("there is no fault %q", name)
	if nearest := spell.Nearest(name, known); nearest != "" {
		problem += fmt.Sprintf("; did you mean %q?", nearest)
	}
	return NoFault, fmt.Errorf("%s (there are: %s)", problem, strings.Join(known, ", "))
}
