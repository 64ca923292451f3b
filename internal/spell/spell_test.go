package spell

import "testing"

func TestAdvice(t *testing.T) {
	for _, test := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"traitz", []string{"event", "traits"}, `Did you mean "traits"?`},
		{"form", []string{"from", "forum"}, `Did you mean "from"?`},
		{"EMAIL", []string{"name", "email"}, `Did you mean "email"?`},
		{"xyzzy", []string{"name", "email"}, "Known here: name, email."},
		{"xyzzy", nil, ""},
		{"", []string{"a-long-name"}, "Known here: a-long-name."},
	} {
		if got := Advice(test.name, test.candidates); got != test.want {
			t.Errorf("Advice(%q, %q) = %q, want %q", test.name, test.candidates, got, test.want)
		}
	}
}
