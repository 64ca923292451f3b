package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// A call is one request as it reached the destination, and what each attempt
// of it got.
type call struct {
	method  string
	target  target
	body    []byte
	results []string // a status, or "refused", "reset", "timeout"
}

// same reports whether the call is another attempt of the other one.
func (c call) same(other call) bool {
	return c.method == other.method && c.target.String() == other.target.String() && bytes.Equal(c.body, other.body)
}

// errUnexpected is what a runner is told about a request that the case does not
// expect. What the user is told is made of the wire's field unexpected.
var errUnexpected = errors.New("the case expects no such request")

// A wire is the http.RoundTripper between the runner and the destination, which
// is a script or a simulator. It notes everything that passes.
type wire struct {
	base      string            // base URL, ends in a slash
	script    *script           // nil where there is a simulator
	simulator http.RoundTripper // nil where there is a script

	mu         sync.Mutex
	calls      []call // of the event that runs
	unexpected *call  // the first request that has no reply
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := call{method: request.Method, target: sentTarget(request.URL, w.base)}
	forward, err := c.readBody(request)
	if err != nil {
		return nil, err
	}
	response, err := w.answer(forward, c)
	if !errors.Is(err, errUnexpected) {
		w.note(c, resultOf(response, err))
	}
	return response, err
}

// readBody keeps the body and returns a request that still has it: a
// RoundTripper must not change the one it was given.
func (c *call) readBody(request *http.Request) (*http.Request, error) {
	if request.Body == nil {
		return request, nil
	}
	defer request.Body.Close()
	var err error
	if c.body, err = io.ReadAll(request.Body); err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	forward := request.Clone(request.Context())
	forward.Body = io.NopCloser(bytes.NewReader(c.body))
	return forward, nil
}

// answer gives no reply any more after a request that the script does not
// expect: retries and arms of the rules must not use up what the message about
// it shows as left.
func (w *wire) answer(request *http.Request, c call) (*http.Response, error) {
	if w.script == nil {
		return w.simulator.RoundTrip(request)
	}
	if w.unexpected != nil {
		return nil, errUnexpected
	}
	r := w.script.reply(c.method, c.target)
	if r == nil {
		w.unexpected = &c
		return nil, errUnexpected
	}
	return r.response(request)
}

func (w *wire) note(c call, result string) {
	if last := len(w.calls) - 1; last >= 0 && w.calls[last].same(c) {
		w.calls[last].results = append(w.calls[last].results, result)
		return
	}
	c.results = []string{result}
	w.calls = append(w.calls, c)
}

// take returns the calls since the last time.
func (w *wire) take() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

// transportError makes the error that a real connection would give.
func transportError(failure string) error {
	switch failure {
	case "refused":
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case "timeout":
		return &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
	default:
		return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
}

func resultOf(response *http.Response, err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return strconv.Itoa(response.StatusCode)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	default:
		return "reset"
	}
}
