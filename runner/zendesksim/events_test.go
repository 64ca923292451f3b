package zendesksim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

const people = `{"users":[{"id":1,"name":"Ann","email":"ann@acme.org","external_id":"a"},{"id":2,"name":"Bob","email":"bob@acme.org","external_id":"b"},{"id":3,"name":"Cid"}]}`

// eventBody is a valid request, whose parts can be replaced.
func eventBody(event, profile string) string {
	if event == "" {
		event = `{"source":"shop","type":"checkout","properties":{}}`
	}
	if profile == "" {
		profile = `{"source":"shop","type":"customer","identifiers":[{"type":"email","value":"ann@acme.org"}]}`
	}
	return `{"event":` + event + `,"profile":` + profile + `}`
}

func identified(identifiers string) string {
	return eventBody("", `{"source":"shop","type":"customer","identifiers":[`+identifiers+`]}`)
}

func TestCreateEvent(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, people)
	body := eventBody(`{"source":"shop","type":"Order placed","description":"d","created_at":"2020-01-31T00:44:07.250+05:30",
		"properties":{"total":9007199254740993.10,"items":[{"id":1}]}}`, "")
	first := a.post("users/1/events.json", body).wants(202)
	first.has("status", "received").has("user_id", "1")
	if id := first.value("profile_id"); len(id) != 26 || id != a.post("users/1/events", body).value("profile_id") {
		t.Errorf("profile_id %s", id)
	}
	// A repeated post is a second event.
	a.get("users/1/events").has("events.#", "2").
		has("events.0", `{"created_at":"2020-01-30T19:14:07.25Z","description":"d","id":"01E1DPYA000000000000000001",`+
			`"properties":{"items":[{"id":1}],"total":9007199254740993.10},"received_at":"2026-08-01T12:00:00Z","source":"shop","type":"Order placed"}`)
	a.post("users/2/events", identified(`{"type":"email","value":"BOB@acme.org"},{"type":"external_id","value":"B"}`)).wants(202)
	a.get("users/2/events").has("events.0.created_at", "2026-08-01T12:00:00Z").has("events.0.description", "null")
	a.get("users/3/events").refuses(200, `{"events":[],"links":[{"next":""}],"meta":{"has_more":false}}`)
}

func TestEventValidation(t *testing.T) {
	a := newAPI(t, zendesksim.Options{MaxProperties: 20}, people)
	long := strings.Repeat("x", 41)
	for _, test := range []struct{ body, code string }{
		{`{}`, "ProfileNotValid"},
		{`{"profile":{}}`, "EventNotValid"},
		{`{"profile":[],"event":{}}`, "ProfileNotValid"},
		{eventBody(`{"type":"t","properties":{}}`, ""), "SourceNotValid"},
		{eventBody(`{"source":5,"type":"t","properties":{}}`, ""), "SourceNotValid"},
		{eventBody(`{"source":"ZenDesk","type":"t","properties":{}}`, ""), "SourceNotValid"},
		{eventBody(`{"source":"`+long+`","type":"t","properties":{}}`, ""), "SourceNotValid"},
		{eventBody(`{"source":"s","properties":{}}`, ""), "TypeNotValid"},
		{eventBody(`{"source":"s","type":"`+long+`","properties":{}}`, ""), "TypeNotValid"},
		{eventBody(`{"source":"s","type":"t"}`, ""), "PropertiesNotValid"},
		{eventBody(`{"source":"s","type":"t","properties":[]}`, ""), "PropertiesNotValid"},
		{eventBody(`{"source":"s","type":"t","properties":{},"description":{}}`, ""), "DescriptionNotValid"},
		{eventBody(`{"source":"s","type":"t","properties":{},"created_at":"soon"}`, ""), "CreatedAtNotValid"},
		{eventBody("", `{"source":"zendesk","type":"t","identifiers":[{"type":"x","value":"y"}]}`), "SourceNotValid"},
		{eventBody("", `{"source":"s","type":"t"}`), "IdentifiersNotValid"},
		{eventBody("", `{"source":"s","type":"t","identifiers":[]}`), "IdentifiersNotValid"},
		{eventBody("", `{"source":"s","type":"t","identifiers":[{"type":"x","value":"y"}],"name":5}`), "NameNotValid"},
		{eventBody("", `{"source":"s","type":"t","identifiers":[{"type":"x","value":"y"}],"attributes":{"n":1}}`), "AttributesNotValid"},
		{identified(`{"type":"x"}`), "ValueNotValid"},
		{identified(`{"type":"x","value":5}`), "ValueNotValid"},
		{identified(`{"type":"` + strings.Repeat("x", 61) + `","value":"y"}`), "TypeNotValid"},
		{identified(strings.Repeat(`{"type":"x","value":"y"},`, 20) + `{"type":"x","value":"y"}`), "IdentifiersNotValid"},
		{identified(`{"type":"email","value":"y"}`), "ValueNotValid"},
	} {
		got := a.post("users/1/events", test.body).wants(400).has("errors.0.code", test.code)
		if got.value("errors.0.id") != got.header.Get("X-Request-Id") {
			t.Errorf("id %s", got.value("errors.0.id"))
		}
	}
	a.post("users/1/events", eventBody(`{"source":"s","type":"t","properties":{"text":"long enough"}}`, "")).wants(413)
	a.post("users/404/events", eventBody("", "")).wants(404).has("errors.0.code", "UserNotFound")
	a.send("GET", "users/404/events", "").wants(404).has("errors.0.code", "UserNotFound")
	a.send("GET", "users/x/events", "").wants(400).has("error.title", "Invalid attribute")
	if got := len(a.sim.Account().Events); got != 0 {
		t.Errorf("refused requests made %d events", got)
	}
}

func TestEventIdentifiers(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, people)
	conflict := func(path, identifiers string) {
		t.Helper()
		a.post(path, identified(identifiers)).wants(400).has("errors.0.code", "IdentifierConflict")
	}
	conflict("users/1/events", `{"type":"email","value":"new@acme.org"},{"type":"email","value":"bob@acme.org"}`)
	conflict("users/1/events", `{"type":"external_id","value":"B"}`)
	conflict("users/1/events", `{"type":"external_id","value":"free"}`) // Ann has another one.
	conflict("users/3/events", `{"type":"external_id","value":"a"}`)
	conflict("users/3/events", `{"type":"external_id","value":"x"},{"type":"external_id","value":"y"}`)
	a.get("users/1/identities").has("identities.#", "1") // Nothing was stored.
	a.get("users/1/events").has("events.#", "0")

	a.post("users/3/events", identified(`{"type":"external_id","value":"C"},{"type":"external_id","value":"c"},
		{"type":"email","value":"Cid@acme.org"},{"type":"phone_number","value":"+1"},{"type":"my_id","value":"7"}`)).wants(202)
	a.get("users/3").has("user.external_id", "C").has("user.email", "cid@acme.org").has("user.phone", "+1").has("user.verified", "false")
	a.get("users/3/identities").has("identities.*.type", "email,phone_number")
	a.post("users/1/events", identified(`{"type":"email","value":"second@acme.org"}`)).wants(202)
	a.get("users/1").has("user.email", "ann@acme.org")
	a.get("users/1/identities").has("identities.*.value", "ann@acme.org,second@acme.org").has("identities.*.verified", "false,false")
}

func TestEventLimits(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, people)
	send := func(source, kind string) answer {
		return a.post("users/1/events", eventBody(fmt.Sprintf(`{"source":%q,"type":%q,"properties":{}}`, source, kind), ""))
	}
	for i := range 50 {
		send(fmt.Sprint("source ", i), "t").wants(202)
	}
	send("source 50", "t").wants(400).has("errors.0.code", "SourceNotValid")
	for i := range 2450 {
		send("source 0", fmt.Sprint("type ", i)).wants(202)
	}
	send("source 0", "one more").wants(400).has("errors.0.code", "TypeNotValid")
	send("source 0", "type 7").wants(202)
}

func TestListEvents(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, people)
	for i, event := range []string{`"source":"s","type":"x"`, `"source":"s","type":"y"`, `"source":"r","type":"x"`} {
		a.post("users/1/events", eventBody(fmt.Sprintf(`{%s,"properties":{"n":%d},"created_at":"2020-01-0%d"}`, event, i, i+1), "")).wants(202)
	}
	for query, numbers := range map[string]string{
		"":                                   "0,1,2",
		"filter[source]=s":                   "0,1",
		"filter[source]=s&filter[type]=y":    "1",
		"filter[start_time]=2020-01-02":      "1,2",
		"filter[end_time]=2020-01-02T00:00Z": "0,1",
		"filter[source]=none":                "",
	} {
		a.get("users/1/events?"+query).has("events.*.properties.n", numbers)
	}
	first := a.get("users/1/events.json?page[size]=2").has("events.*.properties.n", "0,1").has("meta.has_more", "true")
	a.get("users/1/events?page[size]=2&page[after]="+first.value("meta.after_cursor")).has("events.*.properties.n", "2").
		has("meta.has_more", "false").has("links.0.next", "")
	a.get(strings.TrimPrefix(first.value("links.0.next"), "https://acme.zendesk.com/api/v2/")).has("events.*.properties.n", "2")
	a.send("GET", "users/1/events?filter[type]=x", "").wants(400).has("errors.0.code", "SourceNotValid")
	a.send("GET", "users/1/events?filter[start_time]=x", "").wants(400).has("errors.0.code", "StartTimestampNotValid").has("errors.0.title", "Start Timestamp not valid")
	a.send("GET", "users/1/events?filter[end_time]=x", "").wants(400).has("errors.0.code", "EndTimestampNotValid")
	a.send("GET", "users/1/events?page[size]=0", "").wants(400)
}

func TestPlanWithoutEvents(t *testing.T) {
	a := newAPI(t, zendesksim.Options{NoEvents: true}, people)
	a.post("users/1/events", eventBody("", "")).wants(403).has("errors.0.code", "APIUnavailable").
		has("errors.0.title", "API is unavailable for this account")
	a.send("GET", "users/1/events", "").wants(403)
}
