package runner_test

import (
	"bytes"
	"context"
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

// A stream of events: several at once, each with exactly one result.
func ExampleRunner_Deliver() {
	program, err := engine.Load(crm(), "crm")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := runner.New(program, runner.Options{Settings: program.Examples(), Transport: runner.InProcess(created())})
	if err != nil {
		fmt.Println(err)
		return
	}
	input := strings.NewReader(`{"type": "identify", "userId": "u1", "traits": {"name": "Ann"}}
{"type": "identify"}
{"type": "page", "userId": "u1"}
`)
	var dead bytes.Buffer
	letters := runner.NewDeadLetters(&dead)
	counts := map[engine.Status]int{}

	records := runner.ReadEvents(input, engine.Limits{})
	err = r.Deliver(context.Background(), records, func(result runner.Result) {
		counts[result.Outcome.Status]++
		if err := letters.Write(result); err != nil {
			panic(err) // an event that is neither delivered nor written down would be lost
		}
	})
	fmt.Println(err, counts)
	fmt.Print(dead.String())
	// Output:
	// <nil> map[delivered:1 ignored:1 rejected:1]
	// {"deskrules_dead_letter":1,"event":{"type":"identify"},"outcome":"rejected","error":"identify needs a userId","rule":"save","at":"crm/save.yaml:5","line":2}
}

// created stands in for a destination that makes whatever it is told to.
func created() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusCreated) })
}

// A test, or a dry run, has a handler of its own answer in place of the network.
func ExampleInProcess() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Printf("%s %s %s\n", r.Method, r.URL.Path, body)
		w.WriteHeader(http.StatusCreated)
	})
	program, err := engine.Load(crm(), "crm")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := runner.New(program, runner.Options{Settings: program.Examples(), Transport: runner.InProcess(handler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	outcome, err := r.Run(context.Background(), []byte(`{"type": "identify", "userId": "u1", "traits": {"name": "Ann"}}`))
	fmt.Println(outcome.Status, err)
	// Output:
	// POST /api/people.json {"person":{"id":"u1","name":"Ann"}}
	// delivered <nil>
}
