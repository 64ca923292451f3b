package runner

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// dialTimeout is how long a connection may take to be made.
const dialTimeout = 10 * time.Second

// A caller makes one HTTP call at a time of what the engine asks for. It never
// repeats one and never follows a redirect: both are decisions of others.
type caller struct {
	base       *url.URL
	root       string // base as text, where paths begin
	credential engine.Credential
	bearer     string  // the header of a token that does not change; empty for none
	tokens     *tokens // that are fetched; nil for none
	scrubber   scrubber
	transport  http.RoundTripper
	timeout    time.Duration
	replyBytes int
	clock      Clock
	listen     func(Attempt) // nil for nobody
}

// An answer is what became of one call.
type answer struct {
	engine.Response
	retryAfter time.Duration // as the answer asks; 0 where it does not
	torn       bool          // it is a refusal whose words broke off
	final      bool          // another call would meet the same
	stop       *StopError    // no other event can do better; else nil
	header     http.Header   // of the answer; nil for none
	token      string        // the fetched token that was sent, if one was
	verdict    engine.Verdict
}

// newTransport is the transport of a Runner whose host gives none.
func newTransport(connections int) http.RoundTripper {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: dialTimeout,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: connections,
		IdleConnTimeout:     90 * time.Second,
		ForceAttemptHTTP2:   true,
	}
}

// do makes the call. It is not torn by ctx, whose values alone it takes: half
// a call would leave in doubt whether it was taken, and it ends by its timeout.
func (c *caller) do(ctx context.Context, q engine.Request) answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	defer cancel()
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	request, err := c.request(httptrace.WithClientTrace(ctx, trace), q)
	if err != nil {
		return answer{final: true, Response: engine.Response{Failure: engine.Unreadable, Detail: err.Error()}}
	}
	token, refused := c.authenticate(request)
	if refused != nil {
		return *refused
	}
	reply, err := c.transport.RoundTrip(request)
	if err != nil {
		a := c.failed(err, c.neverSent(connected.Load()))
		c.tell(q, request, a)
		return a
	}
	defer reply.Body.Close()
	// A connection that has changed its protocol is no longer watched by
	// net/http, and other transports may not watch theirs at all.
	release := context.AfterFunc(ctx, func() { _ = reply.Body.Close() })
	defer release()
	a := c.read(ctx, q, reply)
	a.header, a.token = reply.Header, token
	if token != "" {
		a.Body = newScrubber(engine.Credential{Bearer: token}, nil).clean(a.Body)
	}
	c.tell(q, request, a)
	return a
}

// neverSent reports whether it is proven that a call found no connection. Only
// net/http's own transport is known to tell of its connections.
func (c *caller) neverSent(connected bool) bool {
	_, tells := c.transport.(*http.Transport)
	return tells && !connected
}

func (c *caller) request(ctx context.Context, q engine.Request) (*http.Request, error) {
	u, err := c.address(q)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if q.Body != nil {
		body = bytes.NewReader(q.Body)
	}
	request, err := http.NewRequestWithContext(context.WithValue(ctx, askedKey{}, q), q.Method, "", body)
	if err != nil {
		return nil, errBadAddress
	}
	request.URL, request.Host = u, u.Host // as read already: writing it out to read it again takes longer than all else here
	c.setHeader(request, q)
	return request, nil
}

// setHeader puts the rules' header over the defaults, and what they must not
// change over that.
func (c *caller) setHeader(request *http.Request, q engine.Request) {
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "deskrules")
	for name, value := range q.Header {
		request.Header.Set(name, value)
	}
	if q.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
}

// authenticate adds the credentials. It gives the token where one was fetched,
// or the answer of a call that has none and is not made.
func (c *caller) authenticate(request *http.Request) (token string, refused *answer) {
	switch {
	case c.tokens != nil:
		token, refused = c.tokens.get(request.Context())
		request.Header.Set("Authorization", "Bearer "+token)
	case c.bearer != "":
		request.Header.Set("Authorization", c.bearer)
	case c.credential.User != "" || c.credential.Password != "":
		request.SetBasicAuth(c.credential.User, c.credential.Password)
	default:
		for name, value := range c.credential.Header {
			request.Header.Set(name, value)
		}
	}
	return token, refused
}

// read takes the answer in. The status line decides wherever it can: where the
// call was refused, and where it succeeded and nobody reads the answer, the
// call ended so whatever the body is like.
func (c *caller) read(ctx context.Context, q engine.Request, reply *http.Response) answer {
	a := answer{Response: engine.Response{Status: reply.StatusCode}}
	a.retryAfter = parseRetryAfter(reply.Header.Get("Retry-After"), c.clock.Now())
	if reply.StatusCode < 200 {
		// What follows is another protocol, and may have no end.
		return a.unreadable(fmt.Sprintf("the answer has status %d, which ends no call", reply.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(reply.Body, int64(c.replyBytes)+1))
	tooLong := len(body) > c.replyBytes
	a.Body = c.scrubber.clean(body[:min(len(body), c.replyBytes)])
	switch {
	case reply.StatusCode > 299:
		a.torn = err != nil
	case !q.Reads:
		if err != nil || tooLong || !isJSON(a.Body) {
			a.Body = nil
		}
	case err != nil:
		return c.failed(errors.Join(err, ctx.Err()), false)
	case tooLong:
		return a.unreadable(fmt.Sprintf("the answer is longer than %d bytes", c.replyBytes))
	case !isJSON(a.Body):
		a.Failure, a.Detail = engine.Unreadable, "the answer is not JSON"
	}
	return a
}

// unreadable is an answer of whose body nothing counts.
func (a answer) unreadable(detail string) answer {
	a.Body, a.Failure, a.Detail = nil, engine.Unreadable, detail
	return a
}

// isJSON reports whether body is JSON; nothing at all counts as null.
func isJSON(body []byte) bool {
	return len(bytes.TrimSpace(body)) == 0 || json.Valid(body)
}

// failed says what kind of failure err is. Its texts are our own: those of
// net/http repeat addresses, and with them what is in queries.
func (c *caller) failed(err error, neverSent bool) answer {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return c.untrusted()
	}
	_, unknownHost := errors.AsType[*net.DNSError](err)
	switch {
	case unknownHost:
		return failure(engine.Refused, "the host "+c.base.Hostname()+" was not found")
	case neverSent, isDial(err):
		return failure(engine.Refused, "no connection to "+c.base.Host+because(err))
	case isTimeout(err):
		return failure(engine.Timeout, fmt.Sprintf("no complete answer within %s", c.timeout))
	default:
		return failure(engine.Reset, "the connection broke before the answer was complete"+because(err))
	}
}

// isDial reports whether err is of making a connection.
func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial" || errors.Is(err, syscall.ECONNREFUSED)
}

func failure(f engine.Failure, detail string) answer {
	return answer{Response: engine.Response{Failure: f, Detail: detail}}
}

// untrusted is the answer where the other side is not who it should be.
func (c *caller) untrusted() answer {
	a := failure(engine.Refused, "the certificate of "+c.base.Host+" is not trusted")
	a.stop = &StopError{
		Problem: a.Detail,
		Advice:  "check the address, the clock and the certificate authorities of this machine; nothing was sent",
	}
	return a
}

// because adds the operating system's word for an error, which holds no data.
func because(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return ": " + errno.Error()
	}
	if isTimeout(err) {
		return ": it took too long"
	}
	return ""
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}
