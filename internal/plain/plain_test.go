package plain_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/deskrules/deskrules/internal/plain"
)

func TestJSON(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"a":"é 😀 日本"}`, `{"a":"é 😀 日本"}`},
		{"[\n\t1\r]", "[\n\t1\r]"},
		{"\"\x7f\u0080\u009b31m\"", `"\u007f\u0080\u009b31m"`},
		{"\"a\u202eb\u2066c\u061c\"", `"a\u202eb\u2066c\u061c"`},
		{"\"\u2028\u2029\u200b\ufeff\u00ad\"", `"\u2028\u2029\u200b\ufeff\u00ad"`},
		{"\"\U000e0041\"", `"\udb40\udc41"`},
		{"\"می\u200cخواهم 👩\u200d🚀\"", "\"می\u200cخواهم 👩\u200d🚀\""},
		{"\"\xff\x9b\"", "\"\xff\x9b\""},
	} {
		if got := string(plain.JSON([]byte(c.text))); got != c.want {
			t.Errorf("%q became %q, not %q", c.text, got, c.want)
		}
	}
}

func TestLine(t *testing.T) {
	if got := plain.Line("a\x1b[2J\nb\u009b\u202ec\t"); got != "a\ufffd[2J b\ufffd\ufffdc " {
		t.Errorf("%q", got)
	}
}

// Escaping changes no value.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":"\u009b"}`, "\"\u009b\u202e\\\u0022\"", "\"\U000e0041\"", "[1e5, null]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) || !utf8.Valid(text) {
			return
		}
		var want, got any
		if json.Unmarshal(text, &want) != nil {
			return
		}
		escaped := plain.JSON(text)
		if err := json.Unmarshal(escaped, &got); err != nil {
			t.Fatalf("%q became %q: %v", text, escaped, err)
		}
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(got)
		if !bytes.Equal(a, b) {
			t.Errorf("%q became %q", text, escaped)
		}
	})
}
