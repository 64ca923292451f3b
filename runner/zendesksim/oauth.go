package zendesksim

import (
	"crypto/rand"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// OAuth tokens by the grant for programs, client_credentials:
// https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/
//
// Zendesk documents the path, the attributes of the request and the members of the answer. It does not document the
// refusals; the simulator sends those of RFC 6749, section 5.2. It does not document either that forms are read as
// well as JSON, which RFC 6749 asks for, nor whether these requests count in a limit; in the simulator they do not.

// tokenPath is below the host, and not below /api/v2.
const tokenPath = "/oauth/tokens"

// The bounds of expires_in in seconds, as documented.
const (
	minTokenLifetime = 5 * 60
	maxTokenLifetime = 48 * 60 * 60
)

func (s *Server) tokenRoute() route {
	return route{action: "oauth/tokens", handle: s.issueToken, public: true, free: true, takesForm: true}
}

// tokens are the tokens that were issued. They are safe for concurrent use. Those that have expired are kept:
// a server that takes any token would take them for good otherwise.
type tokens struct {
	mu     sync.Mutex
	issued map[string]token
}

// A token is what is known of an access token.
type token struct {
	expires time.Time
	scopes  []string
}

func (t *tokens) find(text string) (token, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.issued[text]
	return found, ok
}

func (t *tokens) add(text string, issued token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.issued == nil {
		t.issued = map[string]token{}
	}
	t.issued[text] = issued
}

func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// parseForm reads a form as the JSON object with the same members.
func parseForm(data []byte) (map[string]any, error) {
	form, err := url.ParseQuery(string(data))
	if err != nil {
		return nil, unparsable()
	}
	object := map[string]any{}
	for name := range form {
		object[name] = form.Get(name)
	}
	return object, nil
}

// A tokenRequest is what a client asks for.
type tokenRequest struct {
	grant, id, secret, scope string
	lifetime                 sent[int64] // seconds
}

func readTokenRequest(c *call) (tokenRequest, error) {
	var reader refusals
	reader.refuse = func(_, _ string) error { return invalidTokenRequest() }
	a := &attributes{values: c.body, refusals: &reader}
	in := tokenRequest{
		grant:    a.text("grant_type").value,
		id:       a.text("client_id").value,
		secret:   a.text("client_secret").value,
		scope:    a.text("scope").value,
		lifetime: a.integer("expires_in"),
	}
	if in.lifetime.present() && (in.lifetime.value < minTokenLifetime || in.lifetime.value > maxTokenLifetime) {
		return in, invalidTokenRequest()
	}
	return in, reader.err
}

// issueToken issues a token to the client of the options, or to any where there is none. A scope that is misspelt is
// as good as any: recorded from a real account, the token is issued and every request with it is refused.
func (s *Server) issueToken(c *call) (reply, error) {
	in, err := readTokenRequest(c)
	switch {
	case err != nil:
		return reply{}, err
	case !s.isClient(in):
		return reply{}, oauthRefusal(http.StatusUnauthorized, "invalid_client", "Client authentication failed due to "+
			"unknown client, no client authentication included, or unsupported authentication method.")
	case in.grant != "client_credentials":
		return reply{}, oauthRefusal(http.StatusBadRequest, "unsupported_grant_type",
			"The authorization grant type is not supported by the authorization server.")
	}
	text, lifetime := rand.Text()+rand.Text(), s.tokenLifetime(in)
	s.tokens.add(text, token{expires: s.opts.Now().Add(lifetime), scopes: strings.Fields(in.scope)})
	return ok(map[string]any{
		"access_token": text,
		"token_type":   "bearer",
		"scope":        in.scope,
		"expires_in":   int(lifetime.Seconds()),
	}), nil
}

func (s *Server) isClient(in tokenRequest) bool {
	if s.opts.ClientID == "" {
		return in.id != "" && in.secret != ""
	}
	return same(in.id, s.opts.ClientID) && same(in.secret, s.opts.ClientSecret)
}

// tokenLifetime returns the shorter of what is asked for and what the options give.
func (s *Server) tokenLifetime(in tokenRequest) time.Duration {
	most := s.opts.TokenLifetime
	if most <= 0 {
		most = maxTokenLifetime * time.Second
	}
	if !in.lifetime.present() {
		return most
	}
	return min(most, time.Duration(in.lifetime.value)*time.Second)
}

func invalidTokenRequest() error {
	return oauthRefusal(http.StatusBadRequest, "invalid_request", "The request is missing a required parameter, "+
		"includes an unsupported parameter value, or is otherwise malformed.")
}

func oauthRefusal(status int, code, description string) error {
	return &refusal{status, map[string]any{"error": code, "error_description": description}}
}

// inScope reports whether the scopes of a request's token cover it. Only the tokens that were issued have scopes.
// https://developer.zendesk.com/documentation/api-basics/authentication/creating-and-using-oauth-tokens-with-the-api/
func (s *Server) inScope(c *call) bool {
	_, text, _ := strings.Cut(c.request.Header.Get("Authorization"), " ")
	issued, found := s.tokens.find(strings.TrimSpace(text))
	if !found {
		return true
	}
	access := "write"
	if c.request.Method == http.MethodGet {
		access = "read"
	}
	covers := func(scope string) bool { return scope == access || scope == c.resource()+":"+access }
	return slices.ContainsFunc(issued.scopes, covers)
}

// resource returns what the scopes call the resource of an endpoint, where they have a name for it. Zendesk does not
// document the scopes of custom fields and memberships; the simulator takes those of the records that they belong to.
func (c *call) resource() string {
	root, _, _ := strings.Cut(c.action, "/")
	switch root {
	case "users", "identities", "user_fields":
		return "users"
	case "organizations", "organization_fields", "organization_memberships":
		return "organizations"
	}
	return root
}
