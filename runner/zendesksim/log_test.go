package zendesksim_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func TestObserve(t *testing.T) {
	var log zendesksim.Log
	a := newAPI(t, zendesksim.Options{Observe: log.Add}, "")
	id := a.user(`{"name":"x","external_id":"U1"}`)
	a.get("users/" + id + ".json?a=b")
	a.put("users/"+id, `{"user":{"name":""}}`).wants(422)
	a.put("users/"+id, `{ "user":{"external_id":"U2"}} `).wants(200)
	a.delete("users/" + id).wants(200)
	a.delete("users/" + id).wants(404)
	a.send("GET", "nowhere", "").wants(404)
	a.serve(httptest.NewRequest("GET", "/api/v2/users", nil)).wants(401)
	var got []string
	for _, entry := range log.Entries() {
		path := strings.ReplaceAll(entry.Path, id, "ID")
		got = append(got, fmt.Sprintf("%d %d %s | %s %s | %s",
			entry.Effect, entry.Status, entry.Action, entry.Method, path, entry.Identity))
		if entry.RequestID == "" {
			t.Error("an entry has no request id")
		}
	}
	want := []string{
		`1 201 users/create_or_update | POST /api/v2/users/create_or_update | POST /api/v2/users/create_or_update {"user":{"name":"x","external_id":"U1"}}`,
		`0 200 users/show | GET /api/v2/users/ID.json?a=b | GET /api/v2/users/<user u1>.json?a=b `,
		`0 422 users/update | PUT /api/v2/users/ID | PUT /api/v2/users/<user u1> {"user":{"name":""}}`,
		`2 200 users/update | PUT /api/v2/users/ID | PUT /api/v2/users/<user u1> { "user":{"external_id":"U2"}}`,
		`3 200 users/destroy | DELETE /api/v2/users/ID | DELETE /api/v2/users/<user u1> `,
		`0 404 users/destroy | DELETE /api/v2/users/ID | DELETE /api/v2/users/<user u1> `,
		`0 404  | GET /api/v2/nowhere | `,
		`0 401 users/index | GET /api/v2/users | `,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What is asked within Observe must not wait for the request that it is told of.
func TestObserveMayAsk(t *testing.T) {
	var sim *zendesksim.Server
	users := -1
	a := newAPI(t, zendesksim.Options{Observe: func(zendesksim.Entry) { users = len(sim.Account().Users) }}, "")
	sim = a.sim
	a.user(`{"name":"x"}`)
	if users != 1 {
		t.Errorf("%d users", users)
	}
}

func TestRepeated(t *testing.T) {
	var log zendesksim.Log
	a := newAPI(t, zendesksim.Options{Observe: log.Add}, `{"users":[{"id":1,"name":"Ann"}]}`)
	event := func(kind string) {
		a.post("users/1/events", `{"profile":{"source":"s","type":"t","identifiers":[{"type":"x","value":"1"}]},`+
			`"event":{"source":"s","type":"`+kind+`","properties":{}}}`).wants(202)
	}
	event("once")
	event("twice")
	for range 2 {
		a.get("users")
		a.put("users/1", `{"user":{"name":""}}`).wants(422)
	}
	if repeated := log.Repeated(); len(repeated) != 0 {
		t.Errorf("%v", repeated)
	}
	event("twice")
	repeated := log.Repeated()
	if len(repeated) != 1 {
		t.Fatalf("%v", repeated)
	}
	for identity, entries := range repeated {
		if !strings.Contains(identity, `"type":"twice"`) || len(entries) != 2 ||
			entries[0].Effect != 2 || entries[1].Effect != 3 || entries[0].Action != "users/events" {
			t.Errorf("%s: %+v", identity, entries)
		}
	}
}

// Each kind of record is called by what it was given.
func TestIdentity(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"users":[{"id":7,"name":"Seeded","external_id":"s"}]}`)
	user := a.user(`{"name":"Ann Lee","email":"Ann@x.org"}`)
	phone := a.user(`{"name":"Bob","phone":"+1 555"}`)
	nobody := a.user(`{"name":"Nobody"}`)
	byName := a.organization(`{"name":"Acme"}`)
	organization := a.organization(`{"name":"Other","external_id":"O1"}`)
	membership := a.post("organization_memberships",
		`{"organization_membership":{"user_id":`+user+`,"organization_id":`+organization+`}}`).value("organization_membership.id")
	identity := a.get("users/" + user + "/identities").value("identities.0.id")
	field := a.userField(`{"key":"plan","title":"Plan"}`)
	for id, want := range map[string]string{
		user:                     "<user ann@x.org>",
		phone:                    "<user +1555>",
		nobody:                   "<user named Nobody>",
		byName:                   "<organization named acme>",
		organization:             "<organization o1>",
		membership:               "<membership of user ann@x.org in organization o1>",
		identity:                 "<email ann@x.org of user ann@x.org>",
		field:                    "<field plan>",
		"7":                      "7",
		"26149999999999":         "26149999999999",
		"9999999999999999999999": "9999999999999999999999",
	} {
		r := httptest.NewRequest("PUT", "https://acme.zendesk.com/api/v2/x/"+id+"?y="+id, nil)
		got := a.sim.Identity(r, []byte(` {"id":`+id+"}\n"))
		if want := "PUT /api/v2/x/" + want + "?y=" + want + ` {"id":` + want + `}`; got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}
