package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// soundRule is YAML. Each case of TestNotYAML spoils one place of it.
const soundRule = `rule: sync
event: sync

vars:
  name: {from: event.name, as: string}
  tags:
    from: [event.tags,
      event.labels]

require:
  - {from: name, message: a name is needed}

mappings:
  user:
    - {to: name, from: name}
    - {to: tags, from: tags, as: array}
    - {to: loud, expr: upper(name), when: name != nil}

steps:
  # The first one's comment: it has "everything", even a {bracket.
  - name: known
    when: >-
      name != nil
      && event.a == "b: c"
    get: users
    query: {q: '{name}'}
    pick: find(reply.users,
      .name == name)
  - name: other
    get: others
    query: {
      q: '{name}'
    }
  - name: made
    when: known == nil
    post: users
    idempotent: true
    body:
      - {to: user, from: user}
    on:
      - {status: 422, then: accept}
  - put: users/{name}
    body:
      - to: user
        from: user
`

// In each case ‸ stands before the character that is reported.
func TestNotYAML(t *testing.T) {
	for _, test := range []struct{ old, spoilt, says string }{
		{`get: users`, `get: ‸{name}/users`, "what stands in these brackets is the whole value"},
		{`put: users/{name}`, `put: ‸{name}/users`, "what stands in these brackets is the whole value"},
		{`message: a name is`, `message: ‸{event.userId} is`, "what stands in these brackets is the whole value"},
		{`'{name}'`, `‸'{name}`, "a quote is not closed"},
		{`{to: name, from: name}`, `{to: ‸"name, from: name}`, "a quote is not closed"},
		{`post: users`, `post: ‸"users" there`, "the quotes end the value"},
		{`upper(name)`, `‸'name == 'x' ? 1 : 2'`, "the quotes end the value"},
		{`    - {to: tags`, `      ‸- {to: tags`, "expected '-' indicator"},
		{`    post: users`, `      ‸post: users`, "not allowed"},
		{`    body:
      - {to: user,`, `  ‸body:
      - {to: user,`, "expected '-' indicator"},
		{`- {to: tags`, `‸-{to: tags`, "a dash without a space"},
		{`post: users`, `post‸:users`, "a colon without a space"},
		{`    idempotent: true`, `    ‸idempotent true`, "could not find expected ':'"},
		{`from: tags, as: array`, `from: tags as‸: array`, `a second ": "`},
		{`message: a name is`, `message: needed‸: a name is`, `a second ": "`},
		{`upper(name)`, `name == nil ? a‸: b`, `a second ": "`},
		{`    - {to: tags, from: tags, as: array}`, `    - ‸{to: tags, from: tags, as: array`, "a bracket is not closed"},
		{`      - {to: user, from: user}`, `      - ‸{to: user, from: user`, "a bracket is not closed"},
		{`event: sync`, `event: ‸[sync`, "a bracket is not closed"},
		{`upper(name)`, `upper(name‸, "x")`, "a comma ends the value"},
		{`from: name}`, `from: traits‸['name']}`, "a bracket within a value"},
		{`known == nil`, `‸@known == nil`, "cannot begin with @"},
		{`known == nil`, "‸`known` == nil", "cannot begin with `"},
		{`from: user}`, `from: ‸%user}`, "cannot begin with %"},
		{`    when: known`, "‸\t when: known", "a tab"},
		{`      event.labels]`, `      ‸event.labels, 'x]`, "expected ',' or ']'"},
		{`    get: users`, `    ‸- get: users`, "expected key"},
		{`        from: user`, `       ‸from: user`, "expected"},
	} {
		text := strings.Replace(soundRule, test.old, test.spoilt, 1)
		before, after, _ := strings.Cut(text, "‸")
		found := findings(t, map[string]string{"sync.yaml": before + after})
		line, column := strings.Count(before, "\n")+1, len(before)-strings.LastIndex(before, "\n")
		if len(found) != 1 || found[0].At.Line != line || found[0].At.Column != column || !strings.Contains(found[0].Summary, test.says) {
			t.Errorf("%s: want %d:%d %s, got\n%v", test.spoilt, line, column, test.says, found)
		}
	}
}

// A file is looked through once, however long it is and wherever it ends to be
// YAML.
func TestNotYAMLIsFoundInTime(t *testing.T) {
	for _, text := range []string{
		soundRule + "tables:\n" + strings.Repeat("  a: b\n", 100_000) + " c: d\n",
		soundRule + strings.Repeat("{a: [\n", 100_000),
		soundRule + strings.Repeat(" ", 2_000_000) + "'" + strings.Repeat("\n  - {", 50_000),
		soundRule + "x: '" + strings.Repeat("''\n y: z", 50_000),
	} {
		start := time.Now()
		if found := findings(t, map[string]string{"sync.yaml": text}); len(found) == 0 || found[0].Severity != engine.SeverityError {
			t.Errorf("found %v", found)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
	}
}
