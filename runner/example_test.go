package runner_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// A service that takes events by HTTP and answers with what became of them.
func Example() {
	program, err := engine.Load(crm(), "crm") // or rules.FS(), or os.DirFS of a folder of your own
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := runner.New(program, runner.Options{
		Settings: map[string]any{"token": "a token"},
		// In place of the network, so that the example runs anywhere.
		Transport: runner.InProcess(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Println("the CRM gets", r.Method, r.URL)
			w.WriteHeader(http.StatusCreated)
		})),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	service := httptest.NewServer(events(r))
	defer service.Close()

	for _, event := range []string{
		`{"type": "identify", "userId": "u1", "traits": {"name": "Ann"}}`,
		`{"type": "identify", "traits": {"name": "Ann"}}`,
	} {
		answer, err := http.Post(service.URL, "application/json", strings.NewReader(event))
		if err != nil {
			fmt.Println(err)
			return
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		fmt.Print(answer.StatusCode, " ", string(text))
	}
	// Output:
	// the CRM gets POST https://crm.example/api/people.json
	// 200 delivered
	// 422 rejected: identify needs a userId
}

// events delivers what is posted. Its answer tells the sender whether to post
// the event again.
func events(r *runner.Runner) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		event, err := io.ReadAll(http.MaxBytesReader(w, request.Body, 512<<10))
		if err != nil {
			http.Error(w, "the event cannot be read", http.StatusBadRequest)
			return
		}
		outcome, err := r.Run(request.Context(), event)
		if _, ok := errors.AsType[*runner.StopError](err); ok {
			http.Error(w, "out of service until its settings are put right", http.StatusServiceUnavailable)
			return
		}
		switch outcome.Status {
		case engine.Delivered, engine.Ignored:
			fmt.Fprintln(w, outcome.Status)
		case engine.Unfinished: // post it again later
			http.Error(w, fmt.Sprintf("%s: %s", outcome.Status, outcome.Reason), http.StatusServiceUnavailable)
		default:
			http.Error(w, fmt.Sprintf("%s: %s", outcome.Status, outcome.Reason), http.StatusUnprocessableEntity)
		}
	}
}
