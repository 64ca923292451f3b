package zendesksim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

// fill makes the same account in one order or the other, at a time of its own.
func fill(t *testing.T, at time.Time, backwards bool) api {
	t.Helper()
	a := newAPI(t, zendesksim.Options{Now: func() time.Time { at = at.Add(time.Minute); return at }}, "")
	tags := `["a","b"]`
	if backwards {
		tags = `["b","a"]`
	}
	steps := []func(){
		func() {
			a.userField(`{"key":"plan","title":"Plan","type":"dropdown","custom_field_options":[{"name":"Gold","value":"g"}]}`)
		},
		func() { a.userField(`{"key":"seats","title":"Seats"}`) },
		func() { a.organization(`{"name":"Acme","external_id":"O1","domain_names":["acme.org"]}`) },
		func() { a.organization(`{"name":"Other"}`) },
		func() { a.user(`{"name":"Ann","external_id":"U1","email":"ann@x.org","tags":` + tags + `}`) },
		func() { a.user(`{"name":"Bob","email":"bob@x.org","verified":true}`) },
		func() { a.user(`{"name":"Eve","external_id":"U3"}`) },
	}
	order := []int{0, 1, 2, 3, 4, 5, 6}
	if backwards {
		order = []int{6, 5, 4, 3, 2, 1, 0}
	}
	for _, i := range order {
		steps[i]()
	}
	a.user(`{"external_id":"U1","user_fields":{"plan":"g"}}`)
	id := a.get("users?external_id=U1").value("users.0.id")
	organization := a.get("organizations/search?external_id=O1").value("organizations.0.id")
	a.put("users/"+id, `{"user":{"organization_id":`+organization+`}}`).wants(200)
	kinds := []string{"first", "second"}
	if backwards {
		kinds = []string{"second", "first"}
	}
	for _, kind := range kinds {
		a.event(id, kind, "2026-08-01T10:00:00Z")
	}
	gone := a.get("users?external_id=U3").value("users.0.id")
	a.delete("users/" + gone).wants(200)
	return a
}

func (a api) event(user, kind, at string) {
	a.t.Helper()
	a.post("users/"+user+"/events", `{"profile":{"source":"s","type":"t","identifiers":[{"type":"x","value":"1"}]},`+
		`"event":{"source":"s","type":"`+kind+`","created_at":"`+at+`","properties":{"n":1.50}}}`).wants(202)
}

func TestCanonicalForgetsIDsTimesAndOrder(t *testing.T) {
	one := fill(t, time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC), false)
	other := fill(t, time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC), true)
	if diff := cmp.Diff(one.sim.Account().Canonical(), other.sim.Account().Canonical()); diff != "" {
		t.Error(diff)
	}
	if got := one.sim.Account().Canonical(); strings.Contains(got, "2614") || strings.Contains(got, "2026-08-01T12") {
		t.Errorf("ids or times are left:\n%s", got)
	}
}

// Whatever an account holds makes a difference.
func TestCanonicalKeepsTheRest(t *testing.T) {
	at := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	base := fill(t, at, false).sim.Account().Canonical()
	for name, change := range map[string]func(a api, user, organization string){
		"a name":           func(a api, user, _ string) { a.put("users/"+user, `{"user":{"name":"Other"}}`) },
		"an external id":   func(a api, user, _ string) { a.put("users/"+user, `{"user":{"external_id":"U9"}}`) },
		"a field's value":  func(a api, user, _ string) { a.put("users/"+user, `{"user":{"user_fields":{"plan":null}}}`) },
		"no organization":  func(a api, user, _ string) { a.put("users/"+user, `{"user":{"organization_id":null}}`) },
		"a second email":   func(a api, user, _ string) { a.put("users/"+user, `{"user":{"email":"second@x.org"}}`) },
		"a verified email": func(a api, user, _ string) { a.put("users/"+user, `{"user":{"verified":true}}`) },
		"a second event":   func(a api, user, _ string) { a.event(user, "first", "2026-08-01T10:00:00Z") },
		"a user":           func(a api, _, _ string) { a.user(`{"name":"x"}`) },
		"a deleted user":   func(a api, user, _ string) { a.delete("users/" + user) },
		"an organization":  func(a api, _, _ string) { a.organization(`{"name":"x"}`) },
		"a renamed one": func(a api, _, organization string) {
			a.put("organizations/"+organization, `{"organization":{"name":"New"}}`)
		},
		"its domains": func(a api, _, organization string) {
			a.put("organizations/"+organization, `{"organization":{"domain_names":[]}}`)
		},
		"a field":         func(a api, _, _ string) { a.userField(`{"key":"x","title":"x"}`) },
		"a field's title": func(a api, _, _ string) { a.put("user_fields/seats", `{"user_field":{"title":"x"}}`) },
		"a field's options": func(a api, _, _ string) {
			a.put("user_fields/plan", `{"user_field":{"custom_field_options":[{"name":"Gold","value":"g"},{"name":"Tin","value":"t"}]}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := fill(t, at, false)
			user := a.get("users?external_id=U1").value("users.0.id")
			change(a, user, a.get("organizations/search?external_id=O1").value("organizations.0.id"))
			if a.sim.Account().Canonical() == base {
				t.Error("makes no difference")
			}
		})
	}
}

func TestCanonicalKeepsTheTimeOfEvents(t *testing.T) {
	one := newAPI(t, zendesksim.Options{}, `{"users":[{"id":1,"name":"Ann"}]}`)
	other := newAPI(t, zendesksim.Options{}, `{"users":[{"id":1,"name":"Ann"}]}`)
	one.event("1", "x", "2026-08-01T10:00:00Z")
	other.event("1", "x", "2026-08-01T10:00:01Z")
	if one.sim.Account().Canonical() == other.sim.Account().Canonical() {
		t.Error("another time makes no difference")
	}
}

// The whole form, to see what it is like.
func TestCanonicalForm(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	a.organization(`{"name":"Acme","external_id":"O1","tags":["b","a"]}`)
	got := a.sim.Account().Canonical()
	want := `{
  "organization_fields": [],
  "organizations": [
    {
      "details": null,
      "domain_names": [],
      "external_id": "O1",
      "group_id": null,
      "name": "Acme",
      "notes": null,
      "organization_fields": {},
      "reference": "organization o1",
      "shared_comments": false,
      "shared_tickets": false,
      "tags": [
        "a",
        "b"
      ]
    }
  ],
  "user_fields": [],
  "users": []
}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
