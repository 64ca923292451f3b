package main

import (
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
	masks map[string]string // by the value in lower case
	order []string          // the values, as they were found
}

func newMasker() *masker { return &masker{masks: map[string]string{}} }

var (
	jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(\s*:)?`)
	anEmail    = regexp.MustCompile(`[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)
	aName      = regexp.MustCompile(`(?i)^(name|first_?name|last_?name|full_?name|user_?name|nick_?name|alias|phone|phone_?number|mobile|street|address\d?|birthday|avatar|ip)$`)
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
	if json.Unmarshal(text, &value) == nil {
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
	case string:
		switch {
		case value == "" || anEmail.MatchString(value):
		case aSecret.MatchString(key):
			m.add(value, "secret-%d")
		case strings.Contains(strings.ToLower(key), "phone") || strings.EqualFold(key, "mobile"):
			m.add(value, "+1555010%04d")
		case aName.MatchString(key):
			m.add(value, "Masked %d")
		}
	}
}

func (m *masker) add(value, form string) {
	lower := strings.ToLower(value)
	if m.masks[lower] == "" {
		m.masks[lower] = fmt.Sprintf(form, len(m.order)+1)
		m.order = append(m.order, value)
	}
}

// json masks the texts of JSON that are values, whole, and the addresses within
// them. All else keeps its spelling.
func (m *masker) json(text string) string {
	return jsonString.ReplaceAllStringFunc(text, func(token string) string {
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
	return anEmail.ReplaceAllStringFunc(value, func(email string) string {
		if mask := m.masks[strings.ToLower(email)]; mask != "" {
			return mask
		}
		return email
	})
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
	longest := slices.SortedFunc(slices.Values(m.order), func(a, b string) int { return len(b) - len(a) })
	var parts []string
	for part := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(value)
		if err != nil || part == "" {
			continue
		}
		plain = m.value(plain)
		for _, found := range longest {
			plain = strings.ReplaceAll(plain, `"`+found+`"`, `"`+m.masks[strings.ToLower(found)]+`"`)
		}
		name, _ := url.QueryUnescape(key)
		parts = append(parts, strings.NewReplacer("%", "%25", "&", "%26", "=", "%3D").Replace(name)+"="+strings.NewReplacer("%", "%25", "&", "%26").Replace(plain))
	}
	return strings.Join(parts, "&")
}
