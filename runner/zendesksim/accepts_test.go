package zendesksim

import "testing"

func TestFieldAccepts(t *testing.T) {
	for _, test := range []struct {
		kind, raw string
		want      bool
	}{
		{fieldInteger, `7`, true}, {fieldInteger, `"7"`, true}, {fieldInteger, `"seven"`, false},
		{fieldCheckbox, `true`, true}, {fieldCheckbox, `"pro"`, false},
		{fieldDate, `"2026-01-31"`, true}, {fieldDate, `"soon"`, false}, {"text", `"pro"`, true}, {"text", `{"a":1}`, false},
	} {
		if got := (Field{Type: test.kind}).Accepts([]byte(test.raw)); got != test.want {
			t.Errorf("a field of type %s accepts %s: %t", test.kind, test.raw, got)
		}
	}
}
