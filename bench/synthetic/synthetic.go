// Package synthetic makes rules and events of a given size or shape, to see how
// costs grow.
package synthetic

import (
	"fmt"
	"strings"
	"testing/fstest"

	"github.com/deskrules/deskrules/engine"
)

// Traits is how many traits [Event] has.
const Traits = 20

// Event has twenty traits, t0 to t19.
func Event() []byte { return Events(1)[0] }

// Events are n of them, each of another user.
func Events(n int) [][]byte {
	events := make([][]byte, n)
	for i := range events {
		events[i] = fmt.Appendf(nil, `{"type":"identify","userId":"u%d","traits":{%s}}`, i, traits())
	}
	return events
}

func traits() string {
	var traits []string
	for i := range Traits {
		traits = append(traits, fmt.Sprintf(`"t%d":"value %d"`, i, i))
	}
	return strings.Join(traits, ",")
}

// A Line is a kind of line that rules can be made of.
type Line string

const (
	// Applies copies a trait that is there.
	Applies Line = "{to: field%d, from: event.traits.t%d}"
	// Lacks reads a trait that is not there.
	Lacks Line = "{to: field%d, from: event.traits.missing%d}"
	// Off has a condition that does not hold.
	Off Line = "{to: field%d, from: event.traits.t%d, when: config.off}"
)

const destination = `destination: synthetic
title: Synthetic
rules: [copy]
match: {by: event.type}
order: [event.userId]
url: https://synthetic.example/
settings:
  token: {type: string, secret: true, title: Token, example: token}
  off: {type: boolean, default: false, title: Off}
authentication:
  - needs: [token]
    bearer: '{config.token}'
`

// Rules gives [Program] with its settings.
func Rules(line Line, n int) (*engine.Config, error) {
	program, err := Program(line, n)
	if err != nil {
		return nil, err
	}
	return program.Configure(program.Examples())
}

// Program gives a destination with one rule, of n lines of a kind behind ten
// that apply.
func Program(line Line, n int) (*engine.Program, error) {
	var b strings.Builder
	b.WriteString("rule: copy\nevent: identify\nmappings:\n  copied:\n")
	for i := range 10 {
		fmt.Fprintf(&b, "    - {to: first%d, from: event.traits.t%d}\n", i, i)
	}
	for i := range n {
		fmt.Fprintf(&b, "    - "+string(line)+"\n", i, i%Traits)
	}
	if line != Off {
		b.WriteString("    - {to: last, from: event.traits.t0, when: config.off}\n")
	}
	b.WriteString("steps:\n  - post: copies\n    idempotent: true\n    body:\n      - {to: copied, from: copied}\n")
	return load(b.String())
}

func load(rule string) (*engine.Program, error) {
	files := fstest.MapFS{
		"destination.yaml": {Data: []byte(destination)},
		"copy.yaml":        {Data: []byte(rule)},
	}
	return engine.Load(files, ".")
}

// Sized is an identify event of about so many bytes, most of them in objects
// that a rule copies nothing of.
func Sized(bytes int) []byte {
	return around(repeat(`{"sku":"45790-32","name":"Monopoly: 3rd Edition","price":19.5,"categories":["games","board games"]}`, bytes))
}

// A Shape is something that an event should not be made of.
type Shape struct {
	Name string
	Make func(bytes int) []byte
}

// Shapes lists them. All are within the limits, but for the key that is there
// twice, which ends the event at its very end.
func Shapes() []Shape {
	return []Shape{
		{"plain", Sized},
		{"deep", func(n int) []byte { return around(repeat(strings.Repeat("[", 100)+strings.Repeat("]", 100), n)) }},
		{"wide", func(n int) []byte { return around(repeat(wide(900), n)) }},
		{"traits", func(n int) []byte { return withTraits(wideOf(n/290, 290)) }},
		{"long keys", func(n int) []byte { return around(repeat(`{"`+strings.Repeat("k", 8000)+`":1}`, n)) }},
		{"escapes", func(n int) []byte { return withTraits(`{"note":"` + strings.Repeat(`\u00e9\"`, n/8) + `"}`) }},
		{"escaped keys", func(n int) []byte { return around(repeat(`{"`+strings.Repeat(`\u00e9`, 100)+`":1}`, n)) }},
		{"same key", func(n int) []byte { return around(repeat(wide(900), n-8) + `,{"a":1,"a":2}`) }},
	}
}

// repeat gives elements of about so many bytes.
func repeat(element string, bytes int) string {
	return strings.TrimSuffix(strings.Repeat(element+",", max(1, bytes/(len(element)+1))), ",")
}

func around(elements string) []byte {
	return []byte(`{"type":"identify","userId":"u1","list":[` + elements + `],"traits":{"name":"Ann","plan":"pro"}}`)
}

func withTraits(traits string) []byte {
	return []byte(`{"type":"identify","userId":"u1","traits":{"name":"Ann",` + traits[1:] + `}`)
}

func wide(members int) string { return wideOf(members, 12) }

// wideOf is an object of so many members of about so many bytes each.
func wideOf(members, bytes int) string {
	parts := make([]string, members)
	for i := range parts {
		parts[i] = fmt.Sprintf(`"m%d":"%s"`, i, strings.Repeat("v", max(1, bytes-10)))
	}
	return "{" + strings.Join(parts, ",") + "}"
}
