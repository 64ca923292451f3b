package ruletest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A script answers requests with the replies of a case.
type script struct {
	replies []*reply
}

// reply returns the reply to a request, or nil: the case does not expect it.
func (s *script) reply(method string, t target) *reply {
	for _, r := range s.replies {
		if r.answers(method, t) {
			r.given++
			return r
		}
	}
	return nil
}

// left describes the replies that are still to be given, one a line.
func (s *script) left() []string {
	var lines []string
	for _, r := range s.replies {
		switch {
		case r.given == r.times:
		case r.given == 0:
			lines = append(lines, r.String())
		default:
			lines = append(lines, fmt.Sprintf("%s, given %d of %d times", r, r.given, r.times))
		}
	}
	return lines
}

// response turns the reply into what an http.RoundTripper returns.
func (r *reply) response(request *http.Request) (*http.Response, error) {
	if r.failure != "" {
		return nil, transportError(r.failure)
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)),
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        r.header.Clone(),
		Body:          io.NopCloser(strings.NewReader(r.body)),
		ContentLength: int64(len(r.body)),
		Request:       request,
	}, nil
}
