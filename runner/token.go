package runner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/deskrules/deskrules/engine"
)

// tokens fetches the access token that a client's credentials are good for, and
// a new one shortly before it expires or when it is refused. All calls share
// one token and wait for one renewal.
type tokens struct {
	config  clientcredentials.Config
	client  *http.Client
	title   string        // of the destination
	renewal chan struct{} // holds a value while nobody fetches

	mu    sync.Mutex
	token *oauth2.Token // nil for none that is good
}

// newTokens returns nil for a credential that needs no token.
func newTokens(c engine.Credential, base *url.URL, o Options, title string) *tokens {
	if c.Client == nil {
		return nil
	}
	t := &tokens{
		config: clientcredentials.Config{
			ClientID: c.Client.ID, ClientSecret: c.Client.Secret, Scopes: strings.Fields(c.Client.Scope),
			// The host is that of all calls: credentials go nowhere else.
			TokenURL:  (&url.URL{Scheme: base.Scheme, Host: base.Host, Path: c.Client.Path}).String(),
			AuthStyle: oauth2.AuthStyleInParams,
		},
		client: &http.Client{
			Transport: o.Transport, Timeout: o.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		title: title, renewal: make(chan struct{}, 1),
	}
	t.renewal <- struct{}{}
	return t
}

// get gives a token that is good, as far as one can know. The answer is that of
// a call that is not made because there is none.
func (t *tokens) get(ctx context.Context) (string, *answer) {
	select {
	case <-t.renewal:
		defer func() { t.renewal <- struct{}{} }()
	case <-ctx.Done():
		return "", t.failed(ctx.Err())
	}
	if token := t.current(); token != "" {
		return token, nil
	}
	token, err := t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
	if err != nil {
		return "", t.failed(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token = token
	return token.AccessToken, nil
}

// current is the token at hand; empty for none, or one that is about to expire.
func (t *tokens) current() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.token.Valid() {
		return ""
	}
	return t.token.AccessToken
}

// drop forgets a token that was refused, unless another has taken its place.
func (t *tokens) drop(refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != nil && t.token.AccessToken == refused {
		t.token = nil
	}
}

// failed words why there is no token. Neither the library's text nor the answer
// is repeated, which could hold what was sent.
func (t *tokens) failed(err error) *answer {
	refusal, answered := errors.AsType[*oauth2.RetrieveError](err)
	if !answered || refusal.Response.StatusCode >= 500 || refusal.Response.StatusCode == 429 {
		a := failure(engine.Refused, "no access token could be fetched from "+t.title)
		if answered {
			a.retryAfter = parseRetryAfter(refusal.Response.Header.Get("Retry-After"), time.Now())
			a.Detail += fmt.Sprintf(" (status %d)", refusal.Response.StatusCode)
		}
		return &a
	}
	status := refusal.Response.StatusCode
	a := failure(engine.Refused, fmt.Sprintf("%s gives no access token for the client (status %d)", t.title, status))
	a.stop = &StopError{
		Status: status, Problem: a.Detail,
		Advice: "check the client's id, secret and scope, then run again; what was not tried is unfinished",
	}
	return &a
}
