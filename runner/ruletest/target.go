package ruletest

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A target is what a request asks for: a path below the base URL, or a whole
// URL where it leads elsewhere, and the query.
type target struct {
	path  string // percent-encoded
	query []parameter
}

// A parameter is one part of a query, decoded.
type parameter struct{ key, value string }

// sentTarget reads the target of a request as it was sent.
func sentTarget(u *url.URL, base string) target {
	whole := u.Scheme + "://" + u.Host + u.EscapedPath()
	t := target{path: strings.TrimPrefix(whole, base)}
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		if key, value, _ := strings.Cut(part, "="); part != "" {
			t.query = append(t.query, parameter{unescape(key), unescape(value)})
		}
	}
	return t
}

// unescape leaves a text that is not well encoded as it is, to be seen.
func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// writtenTarget reads a target as a person writes it: with a readable query, in
// which a plus is a plus.
func writtenTarget(text string) (target, error) {
	path, query, _ := strings.Cut(text, "?")
	switch {
	case strings.HasPrefix(path, "/"):
		return target{}, errors.New("a path is relative to the base URL: leave out its leading slash")
	case path == "" || strings.ContainsFunc(path, unicode.IsSpace):
		return target{}, fmt.Errorf("%q is not METHOD and path", text)
	}
	t := target{path: path}
	for part := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(part, "=")
		k, errK := url.PathUnescape(key)
		v, errV := url.PathUnescape(value)
		if err := errors.Join(errK, errV); err != nil {
			return target{}, fmt.Errorf("query parameter %q: %w (a percent sign itself is %%25)", part, err)
		}
		if part != "" {
			t.query = append(t.query, parameter{k, v})
		}
	}
	return t, nil
}

// String is the inverse of writtenTarget.
func (t target) String() string {
	parts := make([]string, len(t.query))
	for i, p := range t.query {
		parts[i] = readable(p.key, "%&=") + "=" + readable(p.value, "%&")
	}
	if len(parts) == 0 {
		return t.path
	}
	return t.path + "?" + strings.Join(parts, "&")
}

// readable encodes only what would not come back as it was: the reserved
// characters, what does not print, and a space at either end.
func readable(text, reserved string) string {
	var b strings.Builder
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		outer := r == ' ' && (i == 0 || i == len(text)-1)
		if r != utf8.RuneError && unicode.IsPrint(r) && !strings.ContainsRune(reserved, r) && !outer {
			b.WriteRune(r)
			continue
		}
		for _, c := range []byte(text[i : i+size]) {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// samePath compares after decoding, part by part: an encoded slash is not one.
func (t target) samePath(other target) bool {
	return slices.EqualFunc(strings.Split(t.path, "/"), strings.Split(other.path, "/"), func(a, b string) bool {
		plainA, errA := url.PathUnescape(a)
		plainB, errB := url.PathUnescape(b)
		return a == b || errA == nil && errB == nil && plainA == plainB
	})
}

// sameQuery compares without regard to the order of the parameters.
func (t target) sameQuery(other target) bool {
	return slices.Equal(sorted(t.query), sorted(other.query))
}

func sorted(query []parameter) []parameter {
	return slices.SortedFunc(slices.Values(query), func(a, b parameter) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.value, b.value))
	})
}
