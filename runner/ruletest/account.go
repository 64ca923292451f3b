package ruletest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// readableAccount lays out a simulator's state. What is null, false or empty is
// left out: of all that a destination knows about a record, this is most.
func readableAccount(state []byte) (string, error) {
	if !json.Valid(state) {
		return "", fmt.Errorf("%s: the simulator's state is not JSON", wantAccountSection)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(filled(gjson.ParseBytes(state))), "", "  "); err != nil {
		return "", fmt.Errorf("%s: %w", wantAccountSection, err)
	}
	return b.String() + "\n", nil
}

// filled returns a value without its empty parts, in the same order and with
// the same numbers.
func filled(value gjson.Result) string {
	if !value.IsObject() && !value.IsArray() {
		return value.Raw
	}
	var parts []string
	value.ForEach(func(key, part gjson.Result) bool {
		text := filled(part)
		switch {
		case value.IsArray():
			parts = append(parts, text)
		case !empty(text):
			parts = append(parts, key.Raw+":"+text)
		}
		return true
	})
	if value.IsArray() {
		return "[" + strings.Join(parts, ",") + "]"
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func empty(text string) bool {
	switch text {
	case "null", "false", `""`, "[]", "{}":
		return true
	default:
		return false
	}
}
