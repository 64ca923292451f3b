package runner

import (
	"net/http"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// An Attempt is one HTTP call as it went out, and what came of it. What the
// answer repeats of credentials is *** in it: whoever keeps attempts keeps none.
// It may hold personal data.
type Attempt struct {
	Request engine.Request
	// Path is relative to the base URL, and escaped; a whole URL where the call
	// led elsewhere. Query is as it was sent.
	Path, Query string
	// Status is the answer's; with a Failure that kept it from being complete
	// it may be 0.
	Status  int
	Failure engine.Failure
	// Detail says more about the Failure.
	Detail string
	// RetryAfter is the header of that name; empty for none.
	RetryAfter string
	// Body is what the rules get. Where they get nothing of an answer, such as
	// of one that is no JSON to a call whose answer nobody reads, it is nil.
	Body []byte
}

// tell gives an attempt to whoever listens.
func (c *caller) tell(q engine.Request, sent *http.Request, a answer) {
	if c.listen == nil {
		return
	}
	whole := sent.URL.Scheme + "://" + sent.URL.Host + sent.URL.EscapedPath()
	c.listen(Attempt{
		Request: ownRequest(q), Path: strings.TrimPrefix(whole, c.root), Query: sent.URL.RawQuery,
		Status: a.Status, Failure: a.Failure, Detail: a.Detail,
		RetryAfter: a.header.Get("Retry-After"), Body: a.Body,
	})
}
