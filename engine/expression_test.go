package engine

import "testing"

// expressionWorld is what the expressions of the benchmark name, by slot: an
// event as [benchEvent] is, and what the steps of a lookup leave behind.
func expressionWorld() (*scope, []value) {
	in := newScope()
	var slots []value
	for _, named := range []struct{ name, json string }{
		{"event", `{"type":"track","userId":"12345678","n":3,"price":9.90,"plan":"Pro","tags":["a","b"],"items":[{"sku":"x","qty":2},{"sku":"y","qty":0}],` +
			`"context":{"locale":"en-GB","page":{"url":"https://example.com/?a=1"}},"timestamp":"2026-01-31T12:00:00Z"}`},
		{"config", `{"loud":true,"minutes":200,"name":"Rudder"}`},
		{"user", `{"id":9007199254740993,"external_id":"12345678","email":"johnwick@example.com"}`},
		{"email", `"johnwick@example.com"`},
		{"found", `null`},
		{"hits", `[{"id":1,"email":"JohnWick@example.com","external_id":null},{"id":2,"email":"other@example.com","external_id":"x"}]`},
		{"equal", `[{"id":1,"email":"JohnWick@example.com","external_id":null}]`},
		{"owners", `[]`},
		{"fields", `{"country":"UK","plan":"pro","seats":5,"customer_since":2017,"score":0.5,"vip":true}`},
		{"except", `["name","email","phone"]`},
		{"wanted", `[{"key":"plan","name":"plan","value":"pro"},{"key":"seats","name":"seats","value":5}]`},
		{"known", `["country","plan","seats","customer_since","score","vip"]`},
		{"created", `[]`},
		{"pages", `[{"id":1,"key":"country"},{"id":2,"key":"plan"},{"id":3,"key":"seats"},{"id":4,"key":"score"}]`},
		{"reply", `{"users":[],"meta":{"has_more":false},"links":{"next":null}}`},
	} {
		n := in.declare(named.name, span{})
		if named.name == "config" {
			n.shape = &shape{members: map[string]*shape{"loud": {boolean: true}, "minutes": {kind: "number"}, "name": {kind: "string"}}}
		}
		if named.name == "except" {
			n.constant = &literal{json: named.json}
		}
		slots = append(slots, ownValue(named.json))
	}
	return in, slots
}

func compiledExpression(t testing.TB, expression string, in *scope, condition bool) *expression {
	t.Helper()
	c := &compiler{collector: &collector{}, vocabulary: newVocabulary()}
	e := c.expression(text{value: expression, at: span{newSource("test", expression), 0, len(expression)}}, in, condition)
	if e == nil {
		t.Fatalf("%s: %v", expression, c.diagnostics())
	}
	return e
}

// conditions are of the kind that rules ask for each event.
func conditions() []string {
	return []string{
		`user.email != nil`, `config.loud`, `not (email contains "\"" or email contains "\\")`, `found == nil && email == nil`, `len(wanted) > 0`,
		`event.n >= 1 && event.n <= 100000`, `same_id(user.external_id, event.userId)`, `event.plan in ["pro", "team", "Pro"]`,
		`any(hits, .id == 2 && same_text(.email, email))`, `event.plan matches "^P.o$"`,
	}
}

func TestConditionsAllocateNothing(t *testing.T) {
	in, slots := expressionWorld()
	w := &workspace{}
	for _, condition := range conditions() {
		e := compiledExpression(t, condition, in, true)
		allocations := testing.AllocsPerRun(100, func() {
			if _, err := e.holds(w, slots); err != nil {
				t.Error(err)
			}
		})
		if allocations > 0 {
			t.Errorf("%s allocates %v times", condition, allocations)
		}
	}
}

func BenchmarkExpressions(b *testing.B) {
	in, slots := expressionWorld()
	w := &workspace{}
	for _, condition := range append(conditions(), `lower(event.plan) in ["pro", "team"]`) {
		e := compiledExpression(b, condition, in, true)
		b.Run(condition, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.holds(w, slots); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, expression := range []string{
		`absent(members(fields), except)`, `absent(wanted, known)`, `respell(fields, concat(known, created))`, `map(pages, .key)`, `concat(equal, owners)`,
		`filter(hits, same_text(.email, email))`, `reply.meta == nil ? reply.next_page : reply.meta.has_more == true ? (reply.links.next ?? reply.links[0].next) : nil`,
		`user.email`, `event.price * 3`, `event.plan + "-" + text(event.n)`, `{"id": user.id, "plan": event.plan}`, `event.nick ?? event.plan`, `unix(event.timestamp)`,
	} {
		e := compiledExpression(b, expression, in, false)
		b.Run(expression, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.evalValue(w, slots); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
