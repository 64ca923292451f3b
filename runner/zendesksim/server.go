package zendesksim

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a [Server]. The zero value is an empty account that answers on every host name to every credential.
type Options struct {
	// Account is what exists at the start. Zero: nothing.
	Account Account

	// Subdomain makes {Subdomain}.zendesk.com the only host name that is answered. Empty: any host name.
	Subdomain string

	// AccessToken is an OAuth token to insist on (Authorization: Bearer). Email and APIToken are an API token
	// to insist on (Authorization: Basic, user "{Email}/token", password "{APIToken}"). ClientID and ClientSecret are
	// an OAuth client whose tokens, from POST /oauth/tokens, are to be insisted on. Where several kinds are set, each
	// is accepted. All empty: any credential in one of the two forms, and tokens for any client.
	AccessToken  string
	Email        string
	APIToken     string
	ClientID     string
	ClientSecret string

	// TokenLifetime is how long the tokens of POST /oauth/tokens are good; a request may ask for less.
	// Zero: 48 hours, the most that Zendesk documents.
	TokenLifetime time.Duration

	// Role is the role of whoever holds the credential. Zero: [Admin].
	Role Role

	// Now is the clock. Nil: time.Now.
	Now func() time.Time

	// AcceptIANATimeZones accepts names such as "Europe/Berlin" as the time_zone of a user.
	// False: only the names of GET /api/v2/time_zones, and 422 for every other.
	AcceptIANATimeZones bool

	// Locales are the locales that are enabled beside en-US. Nil: none.
	Locales []Locale

	// SingleOrganization allows a user to be a member of one organization only. False: of several.
	SingleOrganization bool

	// NoDomainJoining keeps users from joining the organization of their email's domain.
	// False: a user joins it when an email address of that domain is verified.
	NoDomainJoining bool

	// NoUserTagging and NoOrganizationTagging switch the tags of users and organizations off:
	// they are ignored in requests. False: tags are kept.
	NoUserTagging         bool
	NoOrganizationTagging bool

	// NoEvents answers the events endpoints as on a plan without them, with 403. False: events are available.
	NoEvents bool

	// NoLocation leaves the Location header out of the answers of users/create_or_update. False: it is sent.
	NoLocation bool

	// ReuseDeletedKeys allows a new custom field to have the key of a deleted one. False: 422.
	ReuseDeletedKeys bool

	// MaxBody is the largest request body in bytes, beyond it 413. Zero: 2 MiB. Negative: no limit.
	MaxBody int

	// MaxProperties is the largest size in bytes of the properties of an event, beyond it 413.
	// Zero: 32 KiB. Negative: no limit.
	MaxProperties int

	// MaxNameLength is the greatest number of characters of the name, external_id and alias of a user
	// and of the name of an organization, beyond it 422. Zero: 255. Negative: no limit.
	MaxNameLength int

	// Limits are the rate limits. Zero: none.
	Limits Limits

	// UpsertConflicts answers a users/create_or_update with 409 where another one is creating the same user.
	// False: the later one updates that user.
	UpsertConflicts bool

	// IndexDelay is how long a new user, and a new address of a user, is not found by users/search?query= and by
	// search. What was there at the start is found at once. Zero: everything is.
	IndexDelay time.Duration

	// Latency is how long each request takes: its answer waits, after the request took effect. Unlike Now it is
	// measured with a timer, and the end of the request's context cuts it short. Zero: no time.
	Latency time.Duration

	// Observe is told of every request before its answer is sent, by whichever goroutine serves it. It may ask the
	// Server, but not send requests to it. Nil: nobody is told.
	Observe func(Entry)
}

// A Role is what the holder of the credential may do.
type Role int

const (
	// Admin may call every endpoint.
	Admin Role = iota
	// Agent may not manage custom fields and organizations, and may write end users only.
	Agent
)

// A Locale is a language that an account has enabled.
type Locale struct {
	ID  int64
	Tag string // BCP 47, such as "de"
}

const (
	defaultMaxBody       = 2 << 20
	defaultMaxProperties = 32 << 10
	defaultMaxNameLength = 255
)

// limit resolves an option whose zero value stands for a default and whose negative value for no limit.
func limit(option, byDefault int) int {
	switch {
	case option == 0:
		return byDefault
	case option < 0:
		return int(^uint(0) >> 1)
	default:
		return option
	}
}

// A Server is a simulated Zendesk account. It is safe for concurrent use.
type Server struct {
	opts      Options
	routes    []route
	requests  atomic.Int64 // how many were received, which numbers them
	limiter   *limiter
	tokens    tokens
	creations creations

	mu      sync.Mutex // guards store and effects
	store   *store
	effects int64 // how many requests changed something, which numbers those
}

// New returns a Server that holds opts.Account. The error says what is wrong with that account.
func New(opts Options) (*Server, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{opts: opts}
	s.store = newStore(&s.opts)
	if err := s.store.seed(opts.Account); err != nil {
		return nil, fmt.Errorf("zendesksim: account: %w", err)
	}
	s.opts.Account = Account{} // The state lives in the store from here on.
	clear(s.store.unindexed)   // It was there before.
	s.limiter = newLimiter(opts.Limits, opts.Now)
	s.routes = s.routeTable()
	return s, nil
}

// Account returns a copy of everything the simulator knows, each list in the order of its ids.
func (s *Server) Account() Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.dump()
}

// ServeHTTP answers one API request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{request: r, id: fmt.Sprintf("5e0f0000-0000-4000-8000-%012x", s.requests.Add(1)), header: w.Header()}
	defer c.end()
	// https://developer.zendesk.com/api-reference/introduction/requests/ names both headers.
	w.Header().Set("X-Request-Id", c.id)
	w.Header().Set("X-Zendesk-Request-Id", c.id)
	answer, err := s.answer(c)
	if err != nil {
		answer = replyTo(err)
	}
	s.observe(c, answer.status)
	pause(r.Context(), s.opts.Latency)
	answer.write(w)
}

// pause lets time go by, or ends with the context.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// answer runs the checks of a request in their order and then its endpoint.
//
// Zendesk does not document the order of its checks. The simulator's is: host name, authentication, the limit of the
// account, route, role and scope, JSON; then: the limits of the endpoint, attribute types (400), the records that are
// named (404), validation (422). The route is looked up first and judged later, because a few endpoints need no
// authentication.
func (s *Server) answer(c *call) (reply, error) {
	endpoint, path := s.match(c.request)
	c.action, c.path, c.query = endpoint.action, path, c.request.URL.Query()
	if err := s.checkHost(c.request); err != nil {
		return reply{}, err
	}
	if err := s.authenticate(c.request); err != nil && !endpoint.public {
		return reply{}, err
	}
	if err := s.admit(c, endpoint); err != nil {
		return reply{}, err
	}
	if err := s.readBody(c, endpoint); err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Observe != nil {
		c.identity = s.store.identityOf(c.request, c.raw)
	}
	return s.carryOut(c, endpoint)
}

// admit checks what does not need the body.
func (s *Server) admit(c *call, endpoint route) error {
	if !endpoint.free {
		if err := s.limiter.pass(c.header, s.accountToll(c, endpoint)); err != nil {
			return err
		}
	}
	switch {
	case endpoint.handle == nil:
		return lacking(c)
	case endpoint.adminOnly && s.opts.Role != Admin, !endpoint.public && !s.inScope(c):
		return forbidden()
	}
	return nil
}

// carryOut runs the endpoint. The state is locked.
func (s *Server) carryOut(c *call, endpoint route) (reply, error) {
	if endpoint.limit != nil {
		if err := endpoint.limit(c); err != nil {
			return reply{}, err
		}
	}
	answer, err := endpoint.handle(c)
	if err == nil && c.request.Method != http.MethodGet && !endpoint.free {
		s.effects++
		c.effect = s.effects
	}
	return answer, err
}

// checkHost refuses a host name that is not the account's. Zendesk does not document the body.
func (s *Server) checkHost(r *http.Request) error {
	if s.opts.Subdomain == "" {
		return nil
	}
	host := requestHost(r)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, s.opts.Subdomain+".zendesk.com") {
		return nil
	}
	return noHelpDesk(host)
}

// authenticate checks the Authorization header.
// https://developer.zendesk.com/api-reference/introduction/security-and-auth/
func (s *Server) authenticate(r *http.Request) error {
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	credential = strings.TrimSpace(credential)
	switch {
	case strings.EqualFold(scheme, "Bearer") && credential != "":
		if s.isAccessToken(credential) {
			return nil
		}
		return invalidToken()
	case strings.EqualFold(scheme, "Basic"):
		user, password, ok := r.BasicAuth()
		if ok && (s.acceptsAny() || s.isAPIToken(user, password)) {
			return nil
		}
	}
	return notAuthenticated()
}

func (s *Server) acceptsAny() bool {
	return s.opts.AccessToken == "" && s.opts.APIToken == "" && s.opts.ClientID == ""
}

// isAccessToken reports whether a token is good. One that was issued and has expired never is.
func (s *Server) isAccessToken(text string) bool {
	if issued, found := s.tokens.find(text); found {
		return s.opts.Now().Before(issued.expires)
	}
	return s.acceptsAny() || s.opts.AccessToken != "" && same(text, s.opts.AccessToken)
}

func (s *Server) isAPIToken(user, password string) bool {
	return s.opts.APIToken != "" &&
		strings.EqualFold(user, s.opts.Email+"/token") && same(password, s.opts.APIToken)
}

// same compares secrets in constant time, because a simulator may be reachable by others.
func same(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// readBody reads and parses the body of a request. Bodies that are not JSON objects come out empty, so that
// the endpoint misses its root object in them.
//
// Zendesk does not document a limit of the size; the simulator answers 413 beyond [Options.MaxBody].
func (s *Server) readBody(c *call, endpoint route) error {
	r := c.request
	if r.Body == nil || r.Method == http.MethodGet {
		return nil
	}
	most := limit(s.opts.MaxBody, defaultMaxBody)
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, int64(most)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return bodyTooLarge()
	case err != nil:
		return err
	}
	c.raw = data
	if endpoint.takesForm && isForm(r) {
		c.body, err = parseForm(data)
	} else {
		c.body, err = parseObject(data)
	}
	return err
}

// parseObject parses a JSON object.
func parseObject(data []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	var document any
	if err := decodeJSON(data, &document); err != nil {
		return nil, unparsable()
	}
	object, _ := document.(map[string]any)
	return object, nil
}

// decodeJSON decodes one JSON document and keeps the exact text of its numbers.
func decodeJSON(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("more than one JSON document")
	}
	return nil
}

// encodeJSON encodes a value as people write JSON, without escapes for HTML.
func encodeJSON(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}
