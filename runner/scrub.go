package runner

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// leastSecret is how long a credential must be to be taken out of answers. A
// shorter one protects nothing, and taking it out would tear ordinary words.
const leastSecret = 6

// A scrubber takes credentials out of answers. Some servers repeat what they
// were sent when they complain about it, and answers go into reasons, reports
// and dead letters, which other people read than those who hold the credentials.
type scrubber []string // every form of every credential, the longest first

func newScrubber(credential engine.Credential, secrets []string) scrubber {
	var s scrubber
	for _, secret := range append(credentials(credential, secrets), secrets...) {
		if len(secret) >= leastSecret {
			s = append(s, written(secret)...)
		}
	}
	slices.SortFunc(s, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(s)
}

// credentials lists what a call proves with who it is from. The padding of
// base64 is left off, since JSON may write it in several ways. Of several headers
// some may be mere names: those count that have a secret in them, if any has.
func credentials(c engine.Credential, secrets []string) []string {
	list := []string{c.Bearer, c.Password}
	if c.Password != "" {
		basic := base64.StdEncoding.EncodeToString([]byte(c.User + ":" + c.Password))
		list = append(list, strings.TrimRight(basic, "="))
	}
	for _, value := range c.Header {
		holds := func(secret string) bool { return strings.Contains(value, secret) }
		if len(secrets) == 0 || slices.ContainsFunc(secrets, holds) {
			list = append(list, value)
		}
	}
	return list
}

// written gives the ways in which JSON, queries and paths write a text.
func written(text string) []string {
	forms := []string{text, url.QueryEscape(text), url.PathEscape(text), strings.ReplaceAll(text, "/", `\/`)}
	if quoted, err := json.Marshal(text); err == nil {
		forms = append(forms, string(quoted[1:len(quoted)-1]))
	}
	return forms
}

// clean gives body without credentials, and body itself where it has none.
func (s scrubber) clean(body []byte) []byte {
	for _, secret := range s {
		if bytes.Contains(body, []byte(secret)) {
			body = bytes.ReplaceAll(body, []byte(secret), []byte("***"))
		}
	}
	return body
}
