package runner

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// parseBase checks a base URL and makes it end in a slash. Its errors do not
// repeat the URL, which may hold a password.
func parseBase(text string) (*url.URL, error) {
	base, err := url.Parse(text)
	if err != nil || base.Host == "" {
		return nil, errors.New("the base URL is not a URL such as https://example.com/api/")
	}
	switch {
	case base.User != nil:
		return nil, errors.New("the base URL holds a user or password: give credentials in the settings")
	case base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("the base URL has a query or fragment: leave off what follows ? or #")
	case base.Scheme != "https" && (base.Scheme != "http" || !isLoopback(base.Hostname())):
		return nil, errors.New("the base URL must be https, or http to this machine (localhost): credentials would travel in the clear")
	}
	if !strings.HasSuffix(base.Path, "/") {
		base = base.JoinPath("/")
	}
	return base, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var (
	errForeignLink = errors.New("the next page is on another host")
	errBadAddress  = errors.New("the address of the request is not a valid URL")
)

// address is the URL of a request. A link is the destination's word, and would
// take the credentials along: it is followed only to where they belong.
func (c *caller) address(q engine.Request) (*url.URL, error) {
	if q.Link == "" {
		if c.base.RawPath == "" && isPlain(q.Path) && isPlain(q.Query) {
			u := *c.base
			u.Path, u.RawQuery = u.Path+q.Path, strings.Clone(q.Query)
			return &u, nil
		}
		u := c.root + q.Path
		if q.Query != "" {
			u += "?" + q.Query
		}
		parsed, err := url.Parse(u)
		if err != nil {
			return nil, errBadAddress
		}
		return parsed, nil
	}
	link, err := c.base.Parse(q.Link)
	if err != nil {
		return nil, errBadAddress
	}
	if link.User != nil || origin(link) != origin(c.base) {
		return nil, errForeignLink
	}
	return link, nil
}

// isPlain reports whether a part of a URL means what it says, so that there is
// nothing to read in it: reading takes as long as all else that is done to it.
func isPlain(part string) bool {
	for i := range len(part) {
		switch c := part[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '/' || c == '_' || c == '-' || c == '.' || c == '=' || c == '&':
		default:
			return false
		}
	}
	return true
}

// origin is scheme, host and port, so that equal ones compare equal.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// path is the path of a request for reports: relative to the base URL where it
// is below it, and without the query.
func (c *caller) path(q engine.Request) string {
	if q.Link == "" {
		return q.Path
	}
	link, err := c.base.Parse(q.Link)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(link.EscapedPath(), c.base.EscapedPath())
}
