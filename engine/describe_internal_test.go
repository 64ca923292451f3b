package engine

import (
	"slices"
	"testing"
	"time"
)

// What a description shows as a path is one that a rule may write, and means the
// same.
func TestWrittenPaths(t *testing.T) {
	for _, text := range []string{
		"a", "a.b", "list.0.x", "list.#.name", "object.@values.0", `a\.b`, `a\\b`, `\@values`, `a\|b.c`, `with\ space`, `\#`, `\*\?`, `a@b`, "é",
	} {
		segments, bad := parsePath(text)
		if bad != nil {
			t.Fatalf("%s: %s", text, bad.summary)
		}
		written := newPath(segments).written()
		again, bad := parsePath(written)
		if bad != nil {
			t.Errorf("%s is written as %s: %s", text, written, bad.summary)
			continue
		}
		same := func(a, b segment) bool { return a.key == b.key && a.each == b.each && a.modifier == b.modifier }
		if !slices.EqualFunc(segments, again, same) {
			t.Errorf("%s is written as %s, which means something else", text, written)
		}
	}
}

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "", time.Second: "1s", 90 * time.Second: "1m30s", 10 * time.Minute: "10m", time.Hour: "1h", 90 * time.Minute: "1h30m",
		500 * time.Millisecond: "500ms", time.Hour + time.Second: "1h0m1s",
	} {
		if got := durationText(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
