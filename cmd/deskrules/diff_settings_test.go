package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/deskrules/deskrules/engine"
)

// TestDeclarations compares texts of destination.yaml.
func TestDeclarations(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"layout", "headers: {a: x, b: 'y'}", "headers:\n  b: y\n  a: \"x\"", ""},
		{"a list of one", "order: [[event.userId]]", "order:\n- event.userId", ""},
		{"what readers are told", "settings: {a: {type: string, title: A, example: x}}", "settings: {a: {type: string, title: B}}", ""},
		{"a setting of that name", "settings: {title: {type: string}}", "settings: {title: {type: integer}}", `settings.title.type changed: "string" -> "integer"`},
		{"a header of that name", "headers: {title: x}", "headers: {title: y}", `headers.title changed: "x" -> "y"`},
		{"a text is no number", "paging: {most: 10}", "paging: {most: '10'}", `paging.most changed: 10 -> "10"`},
		{"the order of conditions", "retry: {when: [{status: 429}, {status: 5xx}]}", "retry: {when: [{status: 5xx}, {status: 429}]}",
			`retry.when changed: [{status: 429}, {status: "5xx"}] -> [{status: "5xx"}, {status: 429}]`},
		{"one condition more", "retry: {stop: [{status: 401}]}", "retry: {stop: [{status: 403}, {status: 401}]}", `retry.stop added: {status: 403}`},
		{"an alias", "circuit: {when: &w [{status: 5xx}]}", "retry: {when: &w [{status: 5xx}]}\ncircuit: {when: *w}", `retry added: {when: {status: "5xx"}}`},
		{"what events show", "rules: [a, b]\ntables: {t: {entries: {a: b}}}", "rules: [b, a]\ntitle: T", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, d := range declarations(destinationText(test.old), destinationText(test.new)) {
				got = append(got, d.sentence())
			}
			if said := strings.Join(got, "\n"); said != test.want {
				t.Errorf("got\n%s\nwant\n%s", said, test.want)
			}
		})
	}
}

func destinationText(text string) ruleTexts {
	return readTexts(fstest.MapFS{destinationFile: {Data: []byte(text)}}, engine.Description{})
}

// TestHas looks for values within what rules have.
func TestHas(t *testing.T) {
	for _, test := range []struct {
		value, keys, raw string
		want             bool
	}{
		{`"a"`, "", `"a"`, true},
		{`"a"`, "", `"b"`, false},
		{`1`, "", `"1"`, false},
		{``, "", `null`, false},
		{`{"a":{"b":"c"}}`, "a b", `"c"`, true},
		{`{"a":{"b":"c"}}`, "a", `"c"`, false},
		{`["x","y"]`, "#", `"y"`, true},
		{`{"#":"y"}`, "#", `"z"`, false},
		{`"\u0061"`, "", `"a"`, true},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			if got := has(test.value, strings.Fields(test.keys), test.raw); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
