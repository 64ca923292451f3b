package runner

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"slices"
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
	prepared   atomic.Pointer[prepared]
	transport  http.RoundTripper
	own        bool // the transport is ours
	patience   patience
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
	ctx, end := c.timed(ctx)
	defer end()
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
	defer c.watch(ctx, reply)()
	a := c.read(ctx, q, reply)
	a.header, a.token = reply.Header, token
	if token != "" {
		a.Body = newScrubber(engine.Credential{Bearer: token}, nil).clean(a.Body)
	}
	c.tell(q, request, a)
	return a
}

// timed gives a context for one call, and what ends it. Only our own transport is
// known to hold on to none.
func (c *caller) timed(ctx context.Context) (context.Context, func()) {
	if c.own {
		return c.patience.begin(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), c.patience.limit)
}

// watch closes an answer that takes too long, until the function it returns is
// called. net/http does so itself, and other transports may not.
func (c *caller) watch(ctx context.Context, reply *http.Response) (release func() bool) {
	if c.own {
		return func() bool { return false }
	}
	return context.AfterFunc(ctx, func() { _ = reply.Body.Close() })
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
	if c.own {
		q.Body = bytes.Clone(q.Body) // the transport may read it when the event has ended
	} else {
		q = ownRequest(q)
		ctx = context.WithValue(ctx, askedKey{}, q)
	}
	request := (&http.Request{
		Method: q.Method, URL: u, Host: u.Host, Header: c.header(q), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if len(q.Body) > 0 {
		enclose(request, q.Body)
	}
	return request, nil
}

// enclose puts a body in as [http.NewRequest] does, so that net/http knows it to
// be in memory, and can send it again over another connection.
func enclose(request *http.Request, body []byte) {
	request.ContentLength = int64(len(body))
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	request.Body, _ = request.GetBody()
}

// A prepared header is what does not change from request to request.
type prepared struct {
	rules       map[string]string // the part of it that is the rules'
	plain, json http.Header       // without a body and with one
}

// header gives the header of a request, but for a token that is fetched. net/http's
// transport changes none, and so it may be the same for all; others get their own.
func (c *caller) header(q engine.Request) http.Header {
	p := c.prepared.Load()
	if p == nil || !maps.Equal(p.rules, q.Header) {
		p = c.prepare(q.Header)
		c.prepared.Store(p)
	}
	header := p.plain
	if q.Body != nil {
		header = p.json
	}
	if c.own && c.tokens == nil {
		return header
	}
	return header.Clone()
}

// prepare puts the rules' header over the defaults, and what they must not
// change over that.
func (c *caller) prepare(rules map[string]string) *prepared {
	plain := http.Header{"Accept": {"application/json"}, "User-Agent": {"deskrules"}}
	for name, value := range rules {
		plain.Set(name, value)
	}
	json := plain.Clone()
	json.Set("Content-Type", "application/json")
	c.prove(plain)
	c.prove(json)
	return &prepared{rules, plain, json}
}

// prove adds the credentials that do not change.
func (c *caller) prove(header http.Header) {
	switch {
	case c.tokens != nil:
	case c.bearer != "":
		header.Set("Authorization", c.bearer)
	case c.credential.User != "" || c.credential.Password != "":
		(&http.Request{Header: header}).SetBasicAuth(c.credential.User, c.credential.Password)
	default:
		for name, value := range c.credential.Header {
			header.Set(name, value)
		}
	}
}

// authenticate adds a token that is fetched, and gives it, or the answer of a
// call that has none and is not made.
func (c *caller) authenticate(request *http.Request) (token string, refused *answer) {
	if c.tokens == nil {
		return "", nil
	}
	token, refused = c.tokens.get(request.Context())
	request.Header.Set("Authorization", "Bearer "+token)
	return token, refused
}

// read takes the answer in. The status line decides wherever it can: where the
// call was refused, and where it succeeded and nobody reads the answer, the
// call ended so whatever the body is like.
func (c *caller) read(ctx context.Context, q engine.Request, reply *http.Response) answer {
	a := answer{Response: engine.Response{Status: reply.StatusCode}}
	if after := reply.Header.Get("Retry-After"); after != "" {
		a.retryAfter = parseRetryAfter(after, c.clock.Now())
	}
	if reply.StatusCode < 200 {
		// What follows is another protocol, and may have no end.
		return a.unreadable(fmt.Sprintf("the answer has status %d, which ends no call", reply.StatusCode))
	}
	body, err := readUpTo(reply.Body, c.replyBytes+1, reply.ContentLength)
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
		return c.failed(errors.Join(err, context.Cause(ctx)), false)
	case tooLong:
		return a.unreadable(fmt.Sprintf("the answer is longer than %d bytes", c.replyBytes))
	case !isJSON(a.Body):
		a.Failure, a.Detail = engine.Unreadable, "the answer is not JSON"
	}
	return a
}

// usualReply is how much is made room for where an answer does not say how long
// it is, or says that it is long.
const usualReply = 512

// readUpTo reads all, or as much as is asked for.
func readUpTo(r io.Reader, most int, expected int64) ([]byte, error) {
	if expected < 0 || expected > 64*usualReply {
		expected = usualReply
	}
	body := make([]byte, 0, expected+1) // one more, to see the end
	for len(body) < most {
		if len(body) == cap(body) {
			body = slices.Grow(body, cap(body))
		}
		n, err := r.Read(body[len(body):min(cap(body), most)])
		body = body[:len(body)+n]
		switch {
		case err == io.EOF:
			return body, nil
		case err != nil:
			return body, err
		}
	}
	return body, nil
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
		return failure(engine.Timeout, fmt.Sprintf("no complete answer within %s", c.patience.limit))
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
