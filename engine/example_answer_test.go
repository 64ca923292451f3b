package engine_test

import (
	"strings"
	"testing"

	"github.com/deskrules/deskrules/engine"
)

// An example answer has what the rule goes on with, and nothing that it did not
// ask for.
func TestExampleAnswers(t *testing.T) {
	config := configure(t, map[string]string{
		"more.yaml": `lookups:
  person:
    keep: [id, email]
    not_found: nil
    several: fail
    ways:
      - by: email
        steps:
          - name: hits
            post: people/search
            only_reads: true
            body:
              - {to: email, from: email}
            pages: data.people
        found: hits
`,
		"sync.yaml": `rule: sync
event: sync
steps:
  - name: person
    find: person
    with: {email: event.email}
  - name: known
    get: fields
    pick: reply.fields
  - name: made
    post: people
    idempotent: true
    body:
      - {to: person.email, from: event.email}
      - {to: person.id,    value: null, keep: [null]}
    learn: {person: reply.person}
    on:
      - {status: 422, when: 'reply.errors[0].code == "taken"', then: accept}
  - put: people/{made.person.id}
    when: known == nil
  - name: more
    post: more
    idempotent: true
    body:
      - {to: list, from: event.list}
  - {warn: 'made {more.list.1.id} and {more.tags.0.id}'}
`,
	})
	x := config.Start([]byte(`{"type":"sync","email":"a@b.example","list":[{"id":1},{"b":2}]}`))
	var got []string
	for request, more := x.Next(); more; request, more = x.Next() {
		answer := request.ExampleAnswer()
		got = append(got, request.Method+" "+request.Path+" "+string(answer))
		x.Respond(engine.Response{Status: 200, Body: answer})
	}
	want := []string{
		`POST people/search {"data":{"people":[]}}`,
		`GET fields {}`,
		`POST people {"person":{"email":"a@b.example","id":"made-up"}}`,
		`PUT people/made-up {}`,
		`POST more {"list":[{"id":1},{"b":2,"id":"made-up"}],"tags":[{"id":"made-up"}]}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || x.Outcome().Status != engine.Delivered {
		t.Errorf("got\n%s\n%+v", strings.Join(got, "\n"), x.Outcome())
	}
}
