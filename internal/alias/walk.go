package alias

import (
	"encoding/json"
	"regexp"
	"strings"
)

// A place is where a token of a JSON text stands.
type place struct {
	// keys lists the key of each object and array around it, as normal writes
	// them, and last its own. An element of an array has the array's.
	keys []string
	// key is set where the token is a key itself.
	key bool
}

// own is the key of a value.
func (p place) own() string { return p.keys[len(p.keys)-1] }

var aJSONToken = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[0-9.eE+-]*|[{}\[\]]`)

// walk copies a JSON text, with what change makes of each key, text and number.
// What is no JSON stays as it is.
func walk(text string, change func(at place, token string) string) string {
	if !json.Valid([]byte(text)) {
		return text
	}
	var out strings.Builder
	keys, done := []string{""}, 0
	for _, at := range aJSONToken.FindAllStringSubmatchIndex(text, -1) {
		start, end, isKey := at[0], at[1], at[2] >= 0
		if isKey {
			end = at[2]
		}
		found := text[start:end]
		switch found[0] {
		case '{', '[':
			keys = append(keys, keys[len(keys)-1])
			continue
		case '}', ']':
			keys = keys[:len(keys)-1]
			continue
		}
		if isKey {
			keys[len(keys)-1] = normal(plainOf(found))
		}
		out.WriteString(text[done:start] + change(place{keys, isKey}, found))
		done = end
	}
	return out.String() + text[done:]
}
