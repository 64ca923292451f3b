package runner

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// InProcess returns a transport that has requests served by h, without a
// network. As over a network, h runs in a goroutine of its own, its answer is
// read while it is written, a cancelled request ends the exchange at once, and
// a panic of h (http.ErrAbortHandler, say) breaks the connection.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	reader, writer := io.Pipe()
	w := &pipedResponse{header: http.Header{}, body: writer, started: make(chan *http.Response, 1)}
	reply := &http.Response{Request: request, Body: &pipedBody{
		PipeReader: reader,
		release:    context.AfterFunc(ctx, func() { writer.CloseWithError(ctx.Err()) }),
	}}
	go t.serve(w, served(request), reply)
	select {
	case reply, ok := <-w.started:
		if ok {
			return reply, nil
		}
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the handler gave no answer: %w", io.ErrUnexpectedEOF)
}

// served is the request as a server sees it.
func served(request *http.Request) *http.Request {
	r := request.Clone(request.Context())
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = "in-process"
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	return r
}

// serve runs the handler. A panic is what a server would make of it: the end
// of the connection. An answer that comes too late is none.
func (t inProcess) serve(w *pipedResponse, r *http.Request, reply *http.Response) {
	w.reply = reply
	defer close(w.started)
	defer r.Body.Close()
	defer func() {
		if recover() != nil {
			w.body.CloseWithError(io.ErrUnexpectedEOF)
			return
		}
		if err := r.Context().Err(); err != nil {
			w.body.CloseWithError(err)
			return
		}
		w.WriteHeader(http.StatusOK)
		w.body.Close()
	}()
	t.handler.ServeHTTP(w, r)
}

// A pipedResponse is an http.ResponseWriter whose body is read as it is written.
type pipedResponse struct {
	header  http.Header
	body    *io.PipeWriter
	reply   *http.Response
	once    sync.Once
	started chan *http.Response // gets reply with the header; closed at the end
}

func (w *pipedResponse) Header() http.Header { return w.header }

// WriteHeader starts the answer. The header is copied, since the handler keeps
// its own. Like a server's, a second call does nothing.
func (w *pipedResponse) WriteHeader(status int) {
	if status >= 100 && status <= 199 {
		return // an informational answer, which callers here do not see
	}
	w.once.Do(func() {
		w.reply.StatusCode = status
		w.reply.Status = fmt.Sprintf("%d %s", status, http.StatusText(status))
		w.reply.Proto, w.reply.ProtoMajor, w.reply.ProtoMinor = "HTTP/1.1", 1, 1
		w.reply.Header = w.header.Clone()
		w.reply.ContentLength = -1
		w.started <- w.reply
	})
}

func (w *pipedResponse) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Flush sends the header; there is no buffer for the body.
func (w *pipedResponse) Flush() { w.WriteHeader(http.StatusOK) }

// A pipedBody stops watching the request's context once it is closed.
type pipedBody struct {
	*io.PipeReader
	release func() bool
}

func (b *pipedBody) Close() error {
	b.release()
	return b.PipeReader.Close()
}
