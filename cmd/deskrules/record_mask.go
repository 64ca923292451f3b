package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/runner"
)

// A masker hides personal data and credentials in texts of JSON. A value has the
// same mask wherever it stands, whatever its case, so that what was equal stays
// equal.
type masker struct {
	masks   map[string]string // by the value in lower case
	order   []known           // the values, as they were found
	secrets []string          // credentials, which go wherever they stand
}

// A known value is to be masked, within texts too: where it is a word or several,
// and not part of a path, a key or a host, which have to stay what they are.
type known struct {
	value  string
	within *regexp.Regexp
}

func newKnown(value string) known {
	const edge = `[\s"'(),;:!?<>]`
	return known{value, regexp.MustCompile(`(?i)(^|` + edge + `)` + regexp.QuoteMeta(value) + `($|` + edge + `|\.(?:\s|$))`)}
}

func newMasker() *masker { return &masker{masks: map[string]string{}} }

var (
	jsonScalar = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(\s*:)?|-?[0-9][0-9.eE+-]*`)
	anEmail    = regexp.MustCompile(`[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)
	aName      = regexp.MustCompile(`(?i)^(name|first_?name|last_?name|full_?name|user_?name|nick_?name|alias|phone|phone_?number|mobile|street|city|zip|postal_?code|address\d?|birthday|avatar|ip)$`)
	aSecret    = regexp.MustCompile(`(?i)(token|secret|password|authorization|api_?key)`)
)

func (m *masker) learnEvents(events []runner.Record) {
	for _, event := range events {
		m.learn(event.Event)
	}
}

// learn looks for what has to be masked.
func (m *masker) learn(text []byte) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&value) == nil {
		m.look("", value)
	}
	for _, email := range anEmail.FindAllString(string(text), -1) {
		m.add(email, "person%d@example.com")
	}
}

func (m *masker) look(key string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			m.look(name, value[name])
		}
	case []any:
		for _, element := range value {
			m.look(key, element)
		}
	case json.Number:
		// A short number counts something, and may stand elsewhere for another thing.
		if isPhone(key) && len(value) >= 7 {
			m.add(value.String(), "1555010%04d")
		}
	case string:
		switch {
		case value == "" || anEmail.MatchString(value):
		case aSecret.MatchString(key):
			m.add(value, "secret-%d")
		case isPhone(key):
			m.add(value, "+1555010%04d")
		case aName.MatchString(key):
			m.add(value, "Masked %d")
		}
	}
}

func isPhone(key string) bool {
	return strings.Contains(strings.ToLower(key), "phone") || strings.EqualFold(key, "mobile")
}

// hide takes in a credential. An empty one hides nothing.
func (m *masker) hide(secret string) {
	if secret != "" && !slices.Contains(m.secrets, secret) {
		m.secrets = append(m.secrets, secret)
	}
}

// withoutSecrets takes the credentials out of a case, however they are spelled:
// servers repeat what they were sent with.
func (m *masker) withoutSecrets(text string) string {
	var pairs []string
	for i, secret := range m.secrets {
		mask := fmt.Sprintf("hidden-%d", i+1)
		quoted := strings.Trim(jsonText(secret), `"`)
		for _, spelling := range []string{secret, quoted, url.QueryEscape(secret), url.PathEscape(secret)} {
			pairs = append(pairs, spelling, mask)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func (m *masker) add(value, form string) {
	lower := strings.ToLower(value)
	if m.masks[lower] == "" {
		m.masks[lower] = fmt.Sprintf(form, len(m.order)+1)
		m.order = append(m.order, newKnown(value))
	}
}

// json masks the texts of JSON that are values, whole, and what is known within
// them. All else keeps its spelling.
func (m *masker) json(text string) string {
	return jsonScalar.ReplaceAllStringFunc(text, func(token string) string {
		if token[0] != '"' {
			return cmp.Or(m.masks[token], token)
		}
		var value string
		if strings.HasSuffix(token, ":") || json.Unmarshal([]byte(token), &value) != nil {
			return token
		}
		if masked := m.value(value); masked != value {
			return jsonText(masked)
		}
		return token
	})
}

func (m *masker) value(value string) string {
	if mask := m.masks[strings.ToLower(value)]; mask != "" {
		return mask
	}
	value = anEmail.ReplaceAllStringFunc(value, func(email string) string {
		return cmp.Or(m.masks[strings.ToLower(email)], email)
	})
	for _, known := range m.longest() {
		value = known.within.ReplaceAllString(value, "${1}"+m.masks[strings.ToLower(known.value)]+"${2}")
	}
	return value
}

// longest gives what may stand within texts, the longer ones first: a name may be
// part of another one.
func (m *masker) longest() []known {
	return slices.SortedStableFunc(slices.Values(m.order), func(a, b known) int { return len(b.value) - len(a.value) })
}

// text masks what stands within a path.
func (m *masker) text(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if plain, err := url.PathUnescape(part); err == nil && m.value(plain) != plain {
			parts[i] = url.PathEscape(m.value(plain))
		}
	}
	return strings.Join(parts, "/")
}

// query masks the values of parameters, in which others may stand in quotes, and
// writes them as cases have them.
func (m *masker) query(raw string) string {
	var parts []string
	for part := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(value)
		if err != nil || part == "" {
			continue
		}
		plain = m.value(plain)
		name, _ := url.QueryUnescape(key)
		parts = append(parts, strings.NewReplacer("%", "%25", "&", "%26", "=", "%3D").Replace(name)+"="+strings.NewReplacer("%", "%25", "&", "%26").Replace(plain))
	}
	return strings.Join(parts, "&")
}
