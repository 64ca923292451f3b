package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A StopError means that no further event can do better: the destination does
// not accept the credentials, or cannot be trusted to be the destination. The
// Runner sends nothing any more; put right what the error says, make a new
// Runner, and replay the unfinished events.
type StopError struct {
	// Status is the HTTP status behind it; 0 where no answer came.
	Status int
	// Problem says what was wrong, and Advice what to do.
	Problem, Advice string
}

func (e *StopError) Error() string { return e.Problem + ": " + e.Advice }

// halt remembers the first StopError for good.
func (r *Runner) halt(stop *StopError) {
	r.log.Error("the run stops", "status", stop.Status)
	r.stop(stop)
}

// Stopped says why the Runner sends nothing any more; nil while it does. It
// tells so as soon as the result is there of the event that was refused, which
// is long before an input ends that is still being written.
func (r *Runner) Stopped() *StopError {
	stop, _ := errors.AsType[*StopError](context.Cause(r.halted))
	return stop
}

// interrupted says why nothing more may be sent; nil where it may. A stop
// comes first: it tells the caller more than a cancelled context.
func (r *Runner) interrupted(ctx context.Context) error {
	if stop := context.Cause(r.halted); stop != nil {
		return stop
	}
	return ctx.Err()
}

// untilHalted returns a context for waiting that ends with ctx and with the
// run. Its cancel function must be called.
func (r *Runner) untilHalted(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(r.halted, cancel)
	return ctx, func() { release(); cancel() }
}

// refusedBy is the StopError for an answer on which the policy stops the run.
func (r *Runner) refusedBy(status int) *StopError {
	switch status {
	case 401, 403:
		return &StopError{
			Status:  status,
			Problem: fmt.Sprintf("%s refused the credentials (status %d)", r.program.Title(), status),
			Advice:  "check " + r.secrets() + ", then run again; what was not tried is unfinished",
		}
	default:
		return &StopError{
			Status:  status,
			Problem: fmt.Sprintf("%s answered with status %d, which stops the run by its retry policy", r.program.Title(), status),
			Advice:  "see what the status means there, then run again; what was not tried is unfinished",
		}
	}
}

// secrets names the settings that the credentials come from, not their values.
func (r *Runner) secrets() string {
	var names []string
	for _, s := range r.program.Settings() {
		if _, given := r.settings[s.Name]; s.Secret && given {
			names = append(names, s.Name)
		}
	}
	switch len(names) {
	case 0:
		return "the settings for authentication"
	case 1:
		return "the setting " + names[0]
	default:
		return "the settings " + strings.Join(names, ", ")
	}
}

// reasonOf says in an outcome why an event was given up.
func reasonOf(err error) string {
	var stop *StopError
	switch {
	case errors.As(err, &stop):
		return stop.Problem
	case errors.Is(err, context.DeadlineExceeded):
		return "the time for it was over"
	default:
		return "the run was interrupted"
	}
}
