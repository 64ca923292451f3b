package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/engine"
)

// Each case holds rules, and shows what is said of them.
func TestDescriptions(t *testing.T) {
	archives(t, "descriptions", func(t *testing.T, sections map[string]string) string {
		program, err := engine.Load(files(sections), ".")
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", " ")
		if err := encoder.Encode(described(program.Describe(), sections["part"])); err != nil {
			t.Fatal(err)
		}
		return b.String()
	})
}

// described gives the part of a description that a case is about.
func described(d engine.Description, part string) any {
	switch strings.TrimSpace(part) {
	case "mappings":
		return d.Rules[0].Mappings
	case "steps":
		return []any{d.Rules[0].Steps, d.Lookups, d.Procedures}
	default:
		return d
	}
}
