package runner_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// Whoever listens gets answers as the rules do, without the credentials that
// they repeat, and calls that had none.
func TestListen(t *testing.T) {
	for _, test := range []struct {
		transport scripted
		status    int
		failure   engine.Failure
		body      string
	}{
		{reply(422, `{"message":"you sent s3cret-of-crm"}`, "Retry-After: 7"), 422, engine.Answered, `{"message":"you sent ***"}`},
		{broken(syscall.ECONNREFUSED), 0, engine.Refused, ""},
		{broken(errors.New("gone")), 0, engine.Reset, ""},
	} {
		var heard []runner.Attempt
		r := newRunner(t, runner.Options{
			Settings: map[string]any{"token": "s3cret-of-crm"}, Transport: test.transport, Clock: &leap{},
			Listen: func(a runner.Attempt) { heard = append(heard, a) },
		})
		if _, err := r.Run(t.Context(), []byte(identify)); err != nil {
			t.Fatal(err)
		}
		if len(heard) == 0 {
			t.Fatal("nothing was heard")
		}
		first := heard[0]
		if first.Status != test.status || first.Failure != test.failure || string(first.Body) != test.body {
			t.Errorf("heard %+v", first)
		}
		if first.Path == "" || strings.Contains(first.Path, r.BaseURL()) || test.status > 0 && first.RetryAfter != "7" {
			t.Errorf("path %q, Retry-After %q", first.Path, first.RetryAfter)
		}
	}
}
