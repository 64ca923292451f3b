package ruletest

import (
	"net/http"
	"regexp"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// Options say how cases are run. The zero value runs them all, compares, and
// has no simulator.
type Options struct {
	// Simulator returns a fresh simulator that holds the account, which is the
	// text of the section account.json, or nil for an empty one. Whatever it
	// makes up, such as ids, must be the same each time, and its clock is now.
	// Nil: cases with an account.json fail, and cases without replies.http may
	// send nothing.
	Simulator func(account []byte, now func() time.Time) (http.Handler, error)

	// Dump returns what a simulator holds as JSON, for want-account.json.
	// Nil: cases with that section fail.
	Dump func(simulator http.Handler) ([]byte, error)

	// Run picks the cases whose file name it matches. Nil: all.
	Run *regexp.Regexp

	// Update rewrites what the cases want in place of failing them.
	Update bool

	// Coverage is told which lines of the rules the cases come to. Nil: nobody.
	Coverage *engine.Coverage

	// FailFast leaves out the cases behind the first that fails.
	FailFast bool

	// Color paints differences for a terminal.
	Color bool

	// Limits bound events and replies. Zero: the engine's.
	Limits engine.Limits
}

// A Status is how a case ended. Its zero value is deliberately none.
type Status int

const (
	// Passed means that everything was as the case wants it.
	Passed Status = iota + 1
	// Failed means that it was not, or that the case itself is wrong.
	Failed
	// Updated means that the file was rewritten.
	Updated
)

// String returns the status as a word.
func (s Status) String() string {
	switch s {
	case Passed:
		return "passed"
	case Failed:
		return "failed"
	case Updated:
		return "updated"
	default:
		return "no status"
	}
}

// A Result tells how one case ended.
type Result struct {
	// File is the file of the case as it was given.
	File string
	// Title is the sentence that the case shows; empty where it has none.
	Title string
	// Status is never zero.
	Status Status
	// Message says why a case failed, in as many lines as it takes; otherwise
	// empty.
	Message string
	// Changes says in a few words each what an update has changed: outcomes
	// first. It is empty for a case that was not updated.
	Changes []string
	// Duration is the real time it took.
	Duration time.Duration
}
