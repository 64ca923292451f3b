package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskrules/deskrules/internal/spell"
)

// A Setting is a declared setting of a destination.
type Setting struct {
	Name string
	// Type is string, integer or boolean.
	Type  string
	Title string
	// Required settings have to be given; Secret ones are credentials, which
	// nothing prints.
	Required, Secret bool
	// Default is the value of a setting that is not given; nil for none.
	Default any
}

// A SettingError is one wrong setting.
type SettingError struct {
	// Name is the setting; empty where the finding is about several.
	Name string
	// Problem says what is wrong and what to do, without any value of a secret.
	Problem string
}

func (e SettingError) Error() string {
	if e.Name == "" {
		return e.Problem
	}
	return e.Name + ": " + e.Problem
}

// A SettingsError lists everything that is wrong with the settings.
type SettingsError []SettingError

func (e SettingsError) Error() string {
	parts := make([]string, len(e))
	for i, one := range e {
		parts[i] = one.Error()
	}
	return strings.Join(parts, "\n")
}

// A Credential is how requests are authenticated: by a bearer token (RFC 6750),
// by User and Password (RFC 7617), by headers of the destination's own, or by
// a bearer token that has to be fetched with the credentials of a client.
type Credential struct {
	Bearer         string
	User, Password string
	Header         map[string]string // not to be modified
	// Client is nil for every other way.
	Client *ClientCredentials
	// Warning is to be said once to whoever operates the run; empty for none.
	Warning string
}

// ClientCredentials are how a client gets a token that expires, by the grant of
// RFC 6749, section 4.4.
type ClientCredentials struct {
	// Path is where tokens are given, from the root of the base URL's host.
	Path string
	// Scope is what the token has to be good for, as the destination words it;
	// empty for what the client may do.
	ID, Secret, Scope string
}

// String hides what the credential holds.
func (ClientCredentials) String() string { return "(credential)" }

// GoString hides what the credential holds.
func (c ClientCredentials) GoString() string { return c.String() }

// MarshalText hides what the credential holds from encoders, such as those of
// JSON, YAML and log/slog.
func (c ClientCredentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String hides what the credential holds.
func (Credential) String() string { return "(credential)" }

// GoString hides what the credential holds.
func (c Credential) GoString() string { return c.String() }

// MarshalText hides what the credential holds from encoders, such as those of
// JSON, YAML and log/slog.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// A Config is a Program with settings that were checked. It never changes and
// is safe for any number of goroutines.
type Config struct {
	program    *Program
	values     value // without secrets
	baseURL    string
	credential Credential
	headers    map[string]string
	rateLimits []RateLimit
	limits     Limits
	coverage   *Coverage // nil for none
}

// String names the destination: the URL, the headers and the credential may be
// made of secrets.
func (c Config) String() string {
	if c.program == nil {
		return "(configuration)"
	}
	return "(configuration of " + c.program.name + ")"
}

// GoString hides what String does.
func (c Config) GoString() string { return c.String() }

// BaseURL gives the URL that request paths are joined to; it ends in a slash.
func (c *Config) BaseURL() string { return c.baseURL }

// Credential gives how requests are authenticated.
func (c *Config) Credential() Credential { return c.credential }

// Limits gives the limits in force, without zeros.
func (c *Config) Limits() Limits { return c.limits }

// WithLimits gives the same configuration with other limits.
func (c *Config) WithLimits(l Limits) *Config {
	other := *c
	other.limits = l.WithDefaults()
	return &other
}

// Settings lists the settings that the destination declares, in its order.
func (p *Program) Settings() []Setting {
	all := make([]Setting, len(p.settings))
	for i, s := range p.settings {
		all[i] = s.Setting
	}
	return all
}

// Examples gives a value for each setting that a destination cannot be without
// (the required ones, and one way to authenticate): enough for a simulator, a
// dry run or a golden case, and nothing that any destination would accept.
func (p *Program) Examples() map[string]any {
	wanted := map[string]bool{}
	if len(p.auth) > 0 {
		for _, name := range p.auth[0].needs {
			wanted[name] = true
		}
	}
	examples := map[string]any{}
	for _, s := range p.settings {
		if s.example != "" && (s.Required || wanted[s.Name]) {
			examples[s.Name] = rawValue(s.example).decode()
		}
	}
	return examples
}

// Configure checks settings and joins them to the program. Values are strings,
// booleans and integers (of any Go integer type, a float64 without a fraction
// or a json.Number, so that decoded YAML and JSON both fit). The error is a
// SettingsError with everything that is wrong.
func (p *Program) Configure(settings map[string]any) (*Config, error) {
	var wrong SettingsError
	given := map[string]value{}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		s := p.setting(name)
		if s == nil {
			wrong = append(wrong, SettingError{name, strings.TrimSpace("there is no such setting. " + spell.Advice(name, p.settingNames()))})
			continue
		}
		v, problem := s.take(settings[name])
		if problem != "" {
			wrong = append(wrong, SettingError{name, problem})
			continue
		}
		given[name] = v
	}
	wrong = append(wrong, p.missing(settings)...)
	auth, problem := p.authentication(settings)
	if problem != "" {
		wrong = append(wrong, SettingError{"", problem})
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return p.configure(given, auth)
}

func (p *Program) missing(settings map[string]any) (wrong SettingsError) {
	for _, s := range p.settings {
		if _, there := settings[s.Name]; !there && s.Required && s.fallback == "" {
			wrong = append(wrong, SettingError{s.Name, "is required: " + s.Title})
		}
	}
	return wrong
}

// authentication picks the one way to authenticate that is complete.
func (p *Program) authentication(settings map[string]any) (*authentication, string) {
	var complete []*authentication
	var ways []string
	for _, a := range p.auth {
		ways = append(ways, strings.Join(a.needs, " and "))
		if a.complete(settings) {
			complete = append(complete, a)
		}
	}
	switch len(complete) {
	case 1:
		return complete[0], ""
	case 0:
		return nil, "no way to authenticate is complete: set " + strings.Join(ways, ", or ")
	default:
		return nil, "several ways to authenticate are complete: keep only one of " + strings.Join(ways, ", or ")
	}
}

func (a *authentication) complete(settings map[string]any) bool {
	for _, name := range a.needs {
		if v, there := settings[name]; !there || v == "" || v == nil {
			return false
		}
	}
	return true
}

// configure renders what depends on settings only.
func (p *Program) configure(given map[string]value, auth *authentication) (*Config, error) {
	var public, all []string
	for _, s := range p.settings {
		v, there := given[s.Name]
		if !there && s.fallback != "" {
			v = rawValue(s.fallback)
		}
		if v.missing() {
			continue
		}
		member := quote(s.Name) + ":" + v.raw
		all = append(all, member)
		if !s.Secret {
			public = append(public, member)
		}
	}
	c := &Config{program: p, values: ownValue("{" + strings.Join(public, ",") + "}").indexed(), limits: Limits{}.WithDefaults()}
	slots := make([]value, p.scopeSize)
	slots[slotConfig] = rawValue("{" + strings.Join(all, ",") + "}")
	if err := c.render(slots, auth); err != nil {
		return nil, SettingsError{{"", err.Error()}}
	}
	return c, nil
}

func (c *Config) render(slots []value, auth *authentication) (err error) {
	p := c.program
	if c.baseURL, err = p.url.render(slots, pathEscape); err != nil {
		return err
	}
	if u, err := url.Parse(c.baseURL); err != nil || u.Host == "" {
		return fmt.Errorf("the settings make no usable URL")
	}
	if !strings.HasSuffix(c.baseURL, "/") {
		c.baseURL += "/"
	}
	c.headers = map[string]string{}
	for _, h := range p.headers {
		if c.headers[h.name], err = h.value.render(slots, headerEscape); err != nil {
			return err
		}
	}
	c.credential.Warning, c.credential.Header = auth.warn, map[string]string{}
	for _, h := range auth.headers {
		if c.credential.Header[h.name], err = h.value.render(slots, headerEscape); err != nil {
			return err
		}
	}
	render := func(into *string, t *template) {
		if t != nil && err == nil {
			*into, err = t.render(slots, headerEscape)
		}
	}
	render(&c.credential.Bearer, auth.bearer)
	render(&c.credential.User, auth.user)
	render(&c.credential.Password, auth.password)
	if t := auth.client; t != nil {
		client := &ClientCredentials{}
		render(&client.Path, t.url)
		render(&client.ID, t.id)
		render(&client.Secret, t.secret)
		render(&client.Scope, t.scope)
		c.credential.Client = client
	}
	if err != nil {
		return err
	}
	c.rateLimits, err = p.renderRateLimits(slots)
	return err
}

// headerEscape refuses what would end a header line.
func headerEscape(s string) (string, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("the setting holds a control character")
	}
	return s, nil
}

func (p *Program) setting(name string) *setting {
	for _, s := range p.settings {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (p *Program) settingNames() []string {
	names := make([]string, len(p.settings))
	for i, s := range p.settings {
		names[i] = s.Name
	}
	return names
}

// take checks one value and gives it as JSON.
func (s *setting) take(given any) (value, string) {
	v, fits := s.convert(given)
	switch {
	case !fits:
		return v, fmt.Sprintf("has to be %s, not %s", article(s.Type), goKind(given))
	case s.Required && v.raw == `""`:
		return v, "is required and empty: " + s.Title
	case s.pattern != nil && !s.pattern(v.text()):
		return v, fmt.Sprintf("does not have the form %s: %s", s.wants, s.Title)
	}
	if s.check != nil {
		slots := make([]value, firstFreeSlot+1)
		slots[firstFreeSlot] = v
		if ok, err := s.check.holds(&workspace{}, slots); err != nil || !ok {
			return v, s.message
		}
	}
	return v, ""
}

func article(kind string) string {
	if kind == "integer" {
		return "an integer"
	}
	return "a " + kind
}

func (s *setting) convert(given any) (value, bool) {
	switch g := given.(type) {
	case string:
		return textValue(g), s.Type == "string"
	case bool:
		return rawValue(strconv.FormatBool(g)), s.Type == "boolean"
	case json.Number:
		n, err := g.Int64()
		return rawValue(strconv.FormatInt(n, 10)), s.Type == "integer" && err == nil
	case float64:
		return rawValue(strconv.FormatInt(int64(g), 10)), s.Type == "integer" && g == float64(int64(g))
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return rawValue(fmt.Sprint(g)), s.Type == "integer"
	default:
		return value{}, false
	}
}

func goKind(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case nil:
		return "nothing"
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	default:
		return "a number"
	}
}
