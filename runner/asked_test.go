package runner_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/deskrules/deskrules/runner"
)

// A stand-in for a destination can answer by what the rules read.
func TestAskedTellsATransportWhatARequestIsFor(t *testing.T) {
	r := newRunner(t, runner.Options{Transport: runner.InProcess(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		asked, ok := runner.Asked(request.Context())
		if !ok || asked.Method != request.Method || asked.Rule == "" {
			t.Errorf("%s %s is for %+v", request.Method, request.URL, asked)
		}
		_, _ = w.Write(asked.ExampleAnswer())
	}))})
	if _, err := r.Run(t.Context(), []byte(identify)); err != nil {
		t.Error(err)
	}
	if _, ok := runner.Asked(context.Background()); ok {
		t.Error("nobody asked")
	}
}
