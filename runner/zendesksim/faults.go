package zendesksim

import (
	"bytes"
	"context"
	"hash/maphash"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Faults make requests fail on their way to a handler, or the answers on their way back. The zero value has none fail.
//
//	faulty := zendesksim.Faults{
//		Plan:     zendesksim.Seeded{Seed: 1, Rates: zendesksim.Overall(0.1), MostInARow: 2}.Plan(),
//		Identity: sim.Identity,
//	}.Handler(sim)
//
// They work behind a listener as well as in process, where a panic with [http.ErrAbortHandler] is to break the
// connection, and a request whose client has given up is to end the context of the request.
type Faults struct {
	// Plan says which requests fail and how. Nil: none fail.
	Plan Plan

	// Identity tells requests apart: it returns the same text for a request and its repetition. [Server.Identity] does
	// so whichever ids a simulator assigns. Nil: method, address below the host, and body as they are.
	Identity func(r *http.Request, body []byte) string

	// RetryAfter is the wait that answers ask for, in whole seconds. Zero: 1 second.
	RetryAfter time.Duration

	// Delay is how late slow answers are. Zero: 2 seconds.
	Delay time.Duration

	// MaxHang is after which time a request without an answer has its connection broken. Zero: when its context ends,
	// which is when its client gives up.
	MaxHang time.Duration

	// Observe is told of each request that fails, before it does, by whichever goroutine serves it. Nil: nobody is.
	Observe func(Try, Fault)
}

// Handler returns a handler that has requests fail on their way to next. It is safe for concurrent use if next is.
// It remembers every request that came, in a few bytes each.
func (f Faults) Handler(next http.Handler) http.Handler {
	if f.RetryAfter <= 0 {
		f.RetryAfter = time.Second
	}
	if f.Delay <= 0 {
		f.Delay = 2 * time.Second
	}
	if f.Identity == nil {
		f.Identity = plainIdentity
	}
	return &faulty{Faults: f, next: next, seed: maphash.MakeSeed(), tries: map[uint64]tries{}}
}

func plainIdentity(r *http.Request, body []byte) string {
	return r.Method + " " + r.URL.RequestURI() + " " + string(body)
}

// faulty is a handler with faults.
type faulty struct {
	Faults
	next http.Handler
	seed maphash.Seed // of the keys of tries

	mu     sync.Mutex // guards what follows, and keeps the calls of Plan apart
	number int
	tries  map[uint64]tries // by the hash of an identity, since identities hold whole bodies
}

// tries are how often a request came, and how many of the last times it failed.
type tries struct {
	n, row int
}

func (h *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.Plan == nil {
		h.next.ServeHTTP(w, r)
		return
	}
	try, fault := h.decide(r)
	if fault != NoFault && h.Observe != nil {
		h.Observe(try, fault)
	}
	switch {
	case fault == NoFault:
		h.next.ServeHTTP(w, r)
	case fault.TakesEffect():
		h.after(w, r, fault)
	default:
		h.before(w, r, fault)
	}
}

// decide asks the plan how a request fails.
func (h *faulty) decide(r *http.Request) (Try, Fault) {
	identity := h.Identity(r, peekBody(r))
	key := maphash.String(h.seed, identity)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.number++
	seen := h.tries[key]
	seen.n++
	try := Try{Request: r, Number: h.number, Identity: identity, Nth: seen.n, Row: seen.row}
	fault := h.Plan(try)
	seen.row++
	if fault == NoFault {
		seen.row = 0
	}
	h.tries[key] = seen
	return try, fault
}

// maxPeek is how much of a body counts for the identity of its request.
const maxPeek = 4 << 20

// peekBody reads the body of a request and puts it back. It is read even where nobody needs it: before that, a server
// does not notice that a client has given up.
func peekBody(r *http.Request) []byte {
	if r.Body == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPeek))
	rest := io.Reader(r.Body)
	if err != nil {
		rest = failingReader{err}
	}
	r.Body = readCloser{io.MultiReader(bytes.NewReader(body), rest), r.Body}
	return body
}

type readCloser struct {
	io.Reader
	io.Closer
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// before has a request fail that is not carried out.
func (h *faulty) before(w http.ResponseWriter, r *http.Request, fault Fault) {
	switch fault {
	case TimeoutBefore:
		h.hang(r)
	case ResetBefore:
		reset(w)
	case TooMany, TooManyText, Unavailable:
		w.Header().Set("Retry-After", strconv.Itoa(wholeSeconds(h.RetryAfter)))
	}
	answerOf(fault).write(w)
}

// answerOf returns the answer of a fault that has one and keeps a request from taking effect. Zendesk documents
// statuses and headers. The body of the 409 is recorded from a real account and that of the 401 known of third parties;
// the others are made up, in the forms that Zendesk uses.
func answerOf(fault Fault) reply {
	switch fault {
	case TooMany, TooManyBare:
		return reply{status: http.StatusTooManyRequests,
			body: codedBody(map[string]any{"code": "TooManyRequests", "title": "Too many requests"})}
	case TooManyText:
		return reply{status: http.StatusTooManyRequests, body: plainText("Number of allowed API requests per minute exceeded")}
	case Conflict:
		return replyTo(databaseConflict())
	case InternalError:
		return replyTo(described(http.StatusInternalServerError, "InternalError", "Something went wrong"))
	case BadGateway:
		return reply{status: http.StatusBadGateway, body: page("<html><head><title>502 Bad Gateway</title></head></html>\n")}
	case Unauthorized:
		return replyTo(invalidToken())
	default:
		return reply{status: http.StatusServiceUnavailable, body: plainText("Service Unavailable")}
	}
}

// after carries a request out and has its answer fail.
func (h *faulty) after(w http.ResponseWriter, r *http.Request, fault Fault) {
	answer := recorded{header: http.Header{}}
	h.next.ServeHTTP(&answer, r)
	switch fault {
	case TimeoutAfter:
		h.hang(r)
	case ResetAfter:
		reset(w)
	case Truncated:
		answer.truncate(w)
	case NotJSON:
		answer.replace()
	case WrongType:
		answer.header.Set("Content-Type", "text/html; charset=utf-8")
	case Slow:
		pause(r.Context(), h.Delay)
	}
	answer.replay(w)
}

// hang gives no answer and does not return.
func (h *faulty) hang(r *http.Request) {
	ctx := r.Context()
	if h.MaxHang > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, h.MaxHang)
		defer cancel()
	}
	<-ctx.Done()
	panic(http.ErrAbortHandler)
}

// reset breaks the connection and does not return. Where it is one of TCP, its client sees a reset and not only an
// end. Go's own client repeats a GET by itself then, if the connection had carried another request before.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2, or no connection at all.
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // It is broken in any case.
	}
	_ = connection.Close()
	panic(http.ErrAbortHandler)
}

// A recorded answer has not been sent yet. It is an [http.ResponseWriter].
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *recorded) Header() http.Header { return a.header }

func (a *recorded) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *recorded) Write(data []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(data)
}

// replay sends the answer.
func (a *recorded) replay(w http.ResponseWriter) {
	a.start(w)
	_, _ = w.Write(a.body.Bytes()) // A client that went away is no concern of the simulator.
}

func (a *recorded) start(w http.ResponseWriter) {
	a.WriteHeader(http.StatusOK)
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
}

// truncate sends half of the body and breaks the connection. Of an answer without a body nothing is sent.
func (a *recorded) truncate(w http.ResponseWriter) {
	if a.body.Len() == 0 {
		reset(w)
	}
	a.header.Set("Content-Length", strconv.Itoa(a.body.Len()))
	a.start(w)
	_, _ = w.Write(a.body.Bytes()[:a.body.Len()/2])
	_ = http.NewResponseController(w).Flush() // What cannot be flushed is lost with the rest.
	panic(http.ErrAbortHandler)
}

// replace puts a page in the place of a success, as a proxy would that asks for a login. A refusal stays: a client
// could not find out that nothing took effect.
func (a *recorded) replace() {
	if a.status < 200 || a.status > 299 {
		return
	}
	kind, body := reply{body: page("<html><head><title>Welcome</title></head></html>\n")}.encode()
	a.status = http.StatusOK
	a.header.Set("Content-Type", kind)
	a.body.Reset()
	a.body.Write(body)
}
