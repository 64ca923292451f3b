package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing/fstest"

	"github.com/deskrules/deskrules/engine"
)

// harbor is a made-up destination of one rule.
func harbor(rule string) fstest.MapFS {
	return fstest.MapFS{
		"harbor/destination.yaml": {Data: []byte(`destination: harbor
title: Harbor
rules: [contact]
match: {by: event.type}
settings:
  account: {type: string, required: true, pattern: '[a-z0-9-]+', title: Account name}
  token:   {type: string, secret: true, title: Access token}
url: https://{config.account}.harbor.example/api/
authentication:
  - needs: [token]
    bearer: '{config.token}'
`)},
		"harbor/contact.yaml": {Data: []byte(rule)},
	}
}

const contactRule = `rule: contact
event: identify
steps:
  - name: groups
    get: groups
    pick: map(reply.groups, .id)
    remember: {for: 10m}
  - put: contacts/{event.userId}
    body:
      - {to: name,   from: event.traits.name}
      - {to: groups, from: groups}
`

// What is wrong with rules is found on loading, all of it at once.
func ExampleLoad() {
	_, err := engine.Load(harbor("rule: contact\nevent: identify\nsteps:\n  - put: contacts/{evnt.userId}\n"), "harbor")
	if findings, ok := errors.AsType[engine.Diagnostics](err); ok {
		for _, finding := range findings {
			fmt.Println(finding)
			fmt.Println("an editor goes to", finding.At.File, "line", finding.At.Line)
		}
	}
	// Output:
	// harbor/contact.yaml:4:20: error: unknown name "evnt"
	//     4 |   - put: contacts/{evnt.userId}
	//       |                    ^^^^
	//   Did you mean "event"?
	// an editor goes to harbor/contact.yaml line 4
}

// What is wrong with settings is a SettingsError, which names each.
func ExampleProgram_Configure() {
	program, err := engine.Load(harbor(contactRule), "harbor")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = program.Configure(map[string]any{"acount": "acme"})
	if wrong, ok := errors.AsType[engine.SettingsError](err); ok {
		for _, setting := range wrong {
			fmt.Printf("%q: %s\n", setting.Name, setting.Problem)
		}
	}
	// Output:
	// "acount": there is no such setting. Did you mean "account"?
	// "account": is required: Account name
	// "": no way to authenticate is complete: set token
}

// A host with a client, a queue or a memory of its own drives executions itself.
func ExampleExecution() {
	program, err := engine.Load(harbor(contactRule), "harbor")
	if err != nil {
		fmt.Println(err)
		return
	}
	config, err := program.Configure(map[string]any{"account": "acme", "token": "a-token"})
	if err != nil {
		fmt.Println(err)
		return
	}
	known := memory{}
	for _, event := range []string{
		`{"type": "identify", "userId": "u1", "traits": {"name": "Ann"}}`,
		`{"type": "identify", "userId": "u2", "traits": {"name": "Bob"}}`,
	} {
		x := config.Start([]byte(event))
		for {
			request, more := x.Next()
			if !more {
				break
			}
			if key, value, ok := known.recall(request.Recall); ok {
				x.Recall(key, value)
			} else {
				x.Respond(perform(config, request))
			}
			known.apply(x.Facts())
		}
		fmt.Println(x.Outcome().Status)
	}
	// Output:
	// GET https://acme.harbor.example/api/groups
	// PUT https://acme.harbor.example/api/contacts/u1 {"name":"Ann","groups":[1,2]}
	// delivered
	// PUT https://acme.harbor.example/api/contacts/u2 {"name":"Bob","groups":[1,2]}
	// delivered
}

// An execution that is begun by Explain tells the line behind each field of each
// request, and what became of each member of the event.
func ExampleConfig_Explain() {
	program, err := engine.Load(harbor(contactRule), "harbor")
	if err != nil {
		fmt.Println(err)
		return
	}
	config, err := program.Configure(map[string]any{"account": "acme", "token": "a-token"})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := config.Explain([]byte(`{"type": "identify", "userId": "u1", "traits": {"name": "Ann", "age": 41}}`))
	for request, more := x.Next(); more; request, more = x.Next() {
		x.Respond(perform(config, request))
	}
	for _, rule := range x.Explanation().Rules {
		for _, step := range rule.Steps {
			for _, request := range step.Requests {
				for _, field := range request.Fields {
					fmt.Printf("%s is %s, from %s at %s\n", field.To, field.Value, field.From, field.At)
				}
			}
		}
		for _, member := range rule.Members {
			fmt.Println(strings.TrimSpace(fmt.Sprint(member.Path, " ", member.Went, " ", member.Why)))
		}
	}
	// Output:
	// GET https://acme.harbor.example/api/groups
	// PUT https://acme.harbor.example/api/contacts/u1 {"name":"Ann","groups":[1,2]}
	// name is "Ann", from event.traits.name at harbor/contact.yaml:10:9
	// groups is [1,2], from groups at harbor/contact.yaml:11:9
	// event.type [] says which rules take the event
	// event.userId [the URL of PUT contacts/u1]
	// event.traits.name [name]
	// event.traits.age [] no line of the rule reads it
}

// perform makes one request. A real one sends it with config.Credential(),
// follows request.Link (a next page) only to the scheme and host of the base
// URL, and repeats it while program.Judge(response).Retry says so and either
// request.Idempotent or the verdict's NotTaken holds.
func perform(config *engine.Config, request engine.Request) engine.Response {
	fmt.Print(request.Method, " ", config.BaseURL(), request.Path)
	if request.Body != nil {
		fmt.Print(" ", string(request.Body))
	}
	fmt.Println()
	if request.Method == http.MethodGet {
		return engine.Response{Status: 200, Body: []byte(`{"groups": [{"id": 1}, {"id": 2}]}`)}
	}
	return engine.Response{Status: 204}
}

// A memory keeps facts. This one never forgets by time, as it should do after
// fact.For.
type memory map[string]json.RawMessage

func (m memory) recall(keys []string) (key string, value json.RawMessage, ok bool) {
	for _, key := range keys {
		if value, ok := m[key]; ok {
			return key, value, true
		}
	}
	return "", nil, false
}

func (m memory) apply(facts []engine.Fact) {
	for _, fact := range facts {
		switch fact.Op {
		case engine.Learn:
			m[fact.Key] = fact.Value
		case engine.Forget:
			delete(m, fact.Key)
		case engine.Extend:
			var list []json.RawMessage
			if json.Unmarshal(m[fact.Key], &list) == nil {
				m[fact.Key], _ = json.Marshal(append(list, fact.Value))
			}
		}
	}
}
