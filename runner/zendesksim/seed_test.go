package zendesksim_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func dump(t *testing.T, account zendesksim.Account) string {
	t.Helper()
	var buffer bytes.Buffer
	if err := account.WriteJSON(&buffer); err != nil {
		t.Fatal(err)
	}
	return buffer.String()
}

func TestDumpSeedsTheSameAccount(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"user_fields":`+everyFieldType+`,"organization_fields":`+everyFieldType+`,
		"organizations":[{"id":5,"name":"One <&>","domain_names":["one.org"],"organization_fields":{"day":"2020-01-02"}}]}`)
	ann := a.user(`{"name":"Ann","email":"ann@one.org","verified":true,"external_id":"A","phone":"+1","tags":["t"],
		"user_fields":{"txt":"x","box":true,"day":"2012-07-23","int":1234567890123456789,"dec":5.10,"one":"a","many":["c"]}}`)
	a.user(`{"name":"Bob","phone":"+1"}`)
	a.put("users/"+ann, `{"user":{"email":"two@one.org"}}`).wants(200)
	a.organization(`{"name":"Two","external_id":"2"}`)
	a.post("users/"+ann+"/events", eventBody(`{"source":"s","type":"t","properties":{"n":1.0,"deep":[{"a":null}]},"created_at":"2020-01-01T00:00:00.5Z"}`,
		`{"source":"s","type":"t","identifiers":[{"type":"external_id","value":"A"}]}`)).wants(202)
	cid := a.user(`{"name":"Cid","email":"cid@one.org","external_id":"c"}`)
	a.delete("users/" + cid).wants(200)
	dan := a.user(`{"name":"Dan","email":"dan@one.org"}`)
	a.put("users/"+dan, `{"user":{"email":"dan2@one.org"}}`).wants(200)
	a.delete("users/" + dan + "/identities/" + a.get("users/"+dan+"/identities").value("identities.0.id")).wants(204)
	a.delete("user_fields/area").wants(204)

	want := dump(t, a.sim.Account())
	// Another clock, so that a time that is not in the dump would show.
	again := newAPI(t, zendesksim.Options{Now: func() time.Time { return time.Unix(0, 0) }}, want)
	if got := dump(t, again.sim.Account()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := again.user(`{"name":"New"}`); got <= dan {
		t.Errorf("the next id %s does not follow %s", got, dan)
	}
	again.post("users/"+ann+"/events", eventBody("", `{"source":"s","type":"t","identifiers":[{"type":"external_id","value":"A"}]}`)).wants(202)
	again.get("users/"+ann+"/events").has("events.*.id", "01E1DPYA000000000000000001,01E1DPYA000000000000000002")
}

func TestSeedMayBeSparse(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{
		"users":[{"name":"Ann","email":"Ann@Acme.org","phone":"+1","verified":true,"time_zone":"America/New_York","chat_only":false},
			{"id":1234567890123456789,"email":"bob@acme.org","organization_id":3,"shared_phone_number":true,"phone":"+2"}],
		"organizations":[{"id":3,"name":"One"}],
		"identities":[{"user_id":1234567890123456789,"type":"email","value":"other@acme.org"}],
		"user_fields":[{"key":"plan"}],
		"events":[{"user_id":1234567890123456789,"source":"s","type":"t"}]}`)
	account := a.sim.Account()
	if len(account.Identities) != 4 || len(account.Memberships) != 1 || len(account.Events) != 1 {
		t.Errorf("%s", dump(t, account))
	}
	a.get("users").has("users.*.name", "Ann,bob@acme.org").has("users.*.email", "ann@acme.org,bob@acme.org").
		has("users.*.id", "26140000000002,1234567890123456789").has("users.0.verified", "true").
		has("users.*.shared_phone_number", "false,true").has("users.0.iana_time_zone", "America/New_York")
	a.get("users/1234567890123456789/identities").has("identities.*.primary", "false,true")
	a.get("user_fields/plan").has("user_field.title", "plan").has("user_field.active", "true").has("user_field.type", "text")
}

func TestSeedErrors(t *testing.T) {
	const user = `"users":[{"id":1,"name":"Ann","email":"ann@acme.org"}]`
	for _, test := range []struct{ seed, want string }{
		{`{`, "unexpected EOF"},
		{`[]`, "cannot unmarshal array"},
		{`{} {}`, "more than one JSON document"},
		{`{"user":[]}`, `unknown member "user". Did you mean "users"?`},
		{`{"memberships":[]}`, `Did you mean "organization_memberships"?`},
		{`{"users":{}}`, "users: must be an array"},
		{`{"users":[{"name":"x"},{"name":"y","exernal_id":"z"}]}`, `users[1]: unknown attribute "exernal_id"; did you mean "external_id"?`},
		{`{"users":[{"name":"x","external_id":5}]}`, "users[0]: "},
		{`{"users":[{}]}`, "users[0]: a user needs a name; without one, an email or external_id is the name"},
		{`{"users":[{"id":1,"name":"x"},{"id":1,"name":"y"}]}`, "users[1]: id 1 is the id of users[0]"},
		{`{"users":[{"id":-1,"name":"x"}]}`, "users[0]: id -1 is not positive"},
		{`{"users":[{"name":"x","external_id":"A"},{"name":"y","external_id":"a"}]}`, "users[1]: External has already been taken"},
		{`{"users":[{"name":"x","email":"a@b.org"},{"name":"y","email":"A@b.org"}]}`, "users[1]: Email: A@b.org is already being used"},
		{`{"users":[{"name":"x","email":"a"}]}`, "users[0]: Email: a is not properly formatted"},
		{`{"users":[{"name":"x","role":"king"}]}`, "users[0]: Role: king is invalid"},
		{`{"users":[{"name":"x","time_zone":"Atlantis"}]}`, `users[0]: time_zone: there is no time zone "Atlantis"`},
		{`{"users":[{"name":"x","organization_id":4}]}`, "users[0]: organization_id: there is no organization 4"},
		{`{"users":[{"name":"x","user_fields":{"plan":"gold"}}]}`, `users[0]: user_fields has no field with the key "plan"`},
		{`{"user_fields":[{"key":"n","type":"integer"}],"users":[{"name":"x","user_fields":{"n":"gold"}}]}`, "users[0]: n: is invalid"},
		{`{"user_fields":[{"key":"a"},{"key":"A"}]}`, "user_fields[1]: Key: A has already been taken"},
		{`{"organization_fields":[{"key":"1"}]}`, "organization_fields[0]: Key: 1 may only contain"},
		{`{"organizations":[{"name":"One"},{"name":"oNE"}]}`, "organizations[1]: Name: oNE has already been taken"},
		{`{"organizations":[{}]}`, "organizations[0]: Name: cannot be blank"},
		{`{"identities":[{"user_id":1,"type":"email","value":"a@b.org"}]}`, "identities[0]: user_id: there is no user 1"},
		{`{` + user + `,"identities":[{"user_id":1,"type":"mail","value":"a@b.org"}]}`, "identities[0]: Type: is invalid"},
		{`{` + user + `,"identities":[{"user_id":1,"type":"email","value":"a@b.org","primary":true}]}`, "users[0]: email: the primary email identity"},
		{`{` + user + `,"identities":[{"user_id":1,"type":"sdk","value":"a","primary":true},{"user_id":1,"type":"sdk","value":"b","primary":true}]}`, "identities[1]: primary: user 1 has the primary sdk identity"},
		{`{"organization_memberships":[{"user_id":1,"organization_id":1}]}`, "organization_memberships[0]: user_id: there is no user 1"},
		{`{` + user + `,"organization_memberships":[{"user_id":1,"organization_id":2}]}`, "organization_memberships[0]: organization_id: there is no organization 2"},
		{`{` + user + `,"organizations":[{"id":2,"name":"x"}],"organization_memberships":[{"user_id":1,"organization_id":2},{"user_id":1,"organization_id":2}]}`,
			"organization_memberships[1]: user 1 is a member of organization 2 already"},
		{`{"users":[{"id":1,"name":"x","organization_id":3}],"organizations":[{"id":2,"name":"x"},{"id":3,"name":"y"}],"organization_memberships":[{"user_id":1,"organization_id":2,"default":true}]}`,
			"users[0]: organization_id: the default membership"},
		{`{` + user + `,"organizations":[{"id":2,"name":"x"},{"id":3,"name":"y"}],"organization_memberships":[{"user_id":1,"organization_id":2,"default":true},{"user_id":1,"organization_id":3,"default":true}]}`,
			"users[0]: has two default memberships"},
		{`{"events":[{"user_id":1,"source":"s","type":"t"}]}`, "events[0]: user_id: there is no user 1"},
		{`{` + user + `,"events":[{"user_id":1,"type":"t"}]}`, "events[0]: source and type must be present"},
		{`{` + user + `,"events":[{"id":"x","user_id":1,"source":"s","type":"t"},{"id":"x","user_id":1,"source":"s","type":"t"}]}`, "events[1]: id x is the id of another event"},
	} {
		account, err := zendesksim.ReadAccount(strings.NewReader(test.seed))
		if err == nil {
			_, err = zendesksim.New(zendesksim.Options{Account: account})
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %s", test.seed, err, test.want)
		}
	}
}

func TestAccountIsACopy(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"user_fields":[{"key":"plan"}],"users":[{"id":1,"name":"Ann","tags":["a"],"user_fields":{"plan":"gold"}}]}`)
	account := a.sim.Account()
	account.Users[0].Name = "changed"
	account.Users[0].Tags[0] = "changed"
	account.Users[0].UserFields["plan"] = "changed"
	a.get("users/1").has("user.name", "Ann").has("user.tags", `["a"]`).has("user.user_fields.plan", "gold")
}
