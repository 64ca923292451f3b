package zendesksim_test

import (
	"strings"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func TestCreateUserAnswersAsRecorded(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	got := a.post("users.json", `{"user":{"name":"testUser"}}`).wants(201)
	got.refuses(201, `{"user":{"id":26140000000001,"url":"https://acme.zendesk.com/api/v2/users/26140000000001.json",
		"name":"testUser","email":null,"created_at":"2026-08-01T12:00:00Z","updated_at":"2026-08-01T12:00:00Z",
		"time_zone":"Eastern Time (US & Canada)","iana_time_zone":"America/New_York","phone":null,"shared_phone_number":null,
		"photo":null,"locale_id":1,"locale":"en-US","organization_id":null,"role":"end-user","verified":false,
		"external_id":null,"tags":[],"alias":null,"active":true,"shared":false,"shared_agent":false,"last_login_at":null,
		"two_factor_auth_enabled":false,"signature":null,"details":null,"notes":null,"role_type":null,"custom_role_id":null,
		"moderator":false,"ticket_restriction":"requested","only_private_comments":false,"restricted_agent":true,
		"suspended":false,"default_group_id":null,"report_csv":false,"user_fields":{}}}`)
	if got.header.Get("Location") != got.value("user.url") || got.header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", got.header)
	}
}

func TestUserValidation(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"users":[{"name":"Ann","email":"ann@acme.org","external_id":"A1"}]}`)
	long := strings.Repeat("ä", 256)
	for _, test := range []struct{ attributes, want string }{
		{`{}`, invalid("name", "ValueTooShort", "Name: is too short (minimum is 1 characters)")},
		{`{"name":" "}`, invalid("name", "ValueTooShort", "Name: is too short (minimum is 1 characters)")},
		{`{"name":"x","email":"ANN@acme.org"}`, invalid("email", "DuplicateValue", "Email: ANN@acme.org is already being used by another user")},
		{`{"name":"x","email":"ann"}`, invalid("email", "InvalidValue", "Email: ann is not properly formatted")},
		{`{"name":"x","external_id":"a1"}`, invalid("external_id", "DuplicateValue", "External has already been taken")},
		{`{"name":"x","role":"king"}`, invalid("role", "InvalidValue", "Role: king is invalid")},
		{`{"name":"x","time_zone":"Europe/Berlin"}`, invalid("time_zone", "InvalidValue", "Time zone: Europe/Berlin is invalid")},
		{`{"name":"x","time_zone":"berlin"}`, invalid("time_zone", "InvalidValue", "Time zone: berlin is invalid")},
		{`{"name":"x","locale":"xx"}`, invalid("locale", "InvalidValue", "Locale: is invalid")},
		{`{"name":"x","locale_id":99}`, invalid("locale", "InvalidValue", "Locale: is invalid")},
		{`{"name":"x","organization":{"name":"none"}}`, invalid("organization", "BlankValue", "Organization cannot be blank")},
		{`{"name":"` + long + `"}`, invalid("name", "ValueTooLong", "Name: is too long (maximum is 255 characters)")},
		{`{"name":"x","identities":[{"type":"email","value":"ann@acme.org"}]}`, invalid("value", "DuplicateValue", "Value: ann@acme.org is already being used by another user")},
	} {
		a.post("users", `{"user":`+test.attributes+`}`).refuses(422, test.want)
	}
	a.post("users", `{"user":{"name":"x","organization_id":404}}`).refuses(404, notFound)
	a.post("users", `{"user":{"external_id":"a1","email":"ann@acme.org"}}`).wants(422).
		has("details.name.0.error", "ValueTooShort").has("details.email.0.error", "DuplicateValue").has("details.external_id.0.error", "DuplicateValue")
	if got := len(a.sim.Account().Users); got != 1 {
		t.Errorf("%d users", got)
	}
}

func TestUserOptions(t *testing.T) {
	a := newAPI(t, zendesksim.Options{
		AcceptIANATimeZones: true, NoUserTagging: true, NoLocation: true, MaxNameLength: 3,
		Locales: []zendesksim.Locale{{ID: 8, Tag: "de"}},
	}, `{"user_fields":[{"key":"vip","type":"checkbox","tag":"is_vip"}]}`)
	got := a.post("users/create_or_update", `{"user":{"name":"x","time_zone":"Europe/Berlin","tags":["a"],"locale_id":1,"locale":"DE","user_fields":{"vip":true}}}`)
	got.wants(201).has("user.time_zone", "Europe/Berlin").has("user.iana_time_zone", "Europe/Berlin").has("user.tags", "[]").
		has("user.locale", "de").has("user.locale_id", "8").has("user.user_fields.vip", "true")
	if got.header.Get("Location") != "" {
		t.Error("Location is sent")
	}
	a.post("users", `{"user":{"name":"long"}}`).wants(422)
}

func TestCreateOrUpdateUser(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	const path = "users/create_or_update.json"
	created := a.post(path, `{"user":{"name":"Ann","email":"Ann@Acme.org","external_id":"ian1","id":5}}`).wants(201)
	created.has("user.email", "ann@acme.org").has("user.external_id", "ian1").has("user.verified", "false")
	id := created.value("user.id")
	if created.header.Get("Location") != created.value("user.url") {
		t.Errorf("Location %s", created.header.Get("Location"))
	}

	updated := a.post(path, `{"user":{"external_id":"IAN1","notes":"n"}}`).wants(200)
	updated.has("user.id", id).has("user.name", "Ann").has("user.external_id", "IAN1").has("user.notes", "n")
	if updated.header.Get("Location") != created.value("user.url") {
		t.Errorf("Location %s", updated.header.Get("Location"))
	}

	// Another email becomes a secondary one, by which the user is found too.
	a.post(path, `{"user":{"external_id":"ian1","email":"second@acme.org"}}`).wants(200).has("user.email", "ann@acme.org")
	a.post(path, `{"user":{"email":"SECOND@acme.org","external_id":"new"}}`).wants(200).
		has("user.id", id).has("user.external_id", "new").has("user.email", "ann@acme.org")
	a.get("users/"+id+"/identities").has("identities.*.value", "ann@acme.org,second@acme.org").has("identities.*.primary", "true,false")

	// Without a key there is always a new user.
	a.post(path, `{"user":{"name":"Ann"}}`).wants(201)
	a.post(path, `{"user":{"name":"Ann","email":"","external_id":null}}`).wants(201)
	a.post(path, `{"user":{"email":"nobody@acme.org"}}`).wants(422).has("details.name.0.error", "ValueTooShort")
	a.post(path, `{"user":{"external_id":"new","name":""}}`).wants(422).has("details.name.0.error", "ValueTooShort")
}

func TestCreateOrUpdateOfTwoUsersIsRefused(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	ann := a.user(`{"name":"Ann","external_id":"a","email":"ann@acme.org"}`)
	a.user(`{"name":"Bob","external_id":"b","email":"bob@acme.org"}`)
	a.post("users/create_or_update", `{"user":{"external_id":"A","email":"bob@acme.org","name":"Changed"}}`).
		refuses(422, invalid("email", "DuplicateValue", "Email: bob@acme.org is already being used by another user"))
	a.get("users/"+ann).has("user.name", "Ann").has("user.external_id", "a")
}

func TestVerified(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	ann := "users/" + a.user(`{"name":"Ann","email":"ann@acme.org","verified":true}`)
	a.get(ann).has("user.verified", "true")
	a.put(ann, `{"user":{"email":"two@acme.org","verified":true}}`).wants(200)
	a.put(ann, `{"user":{"email":"three@acme.org"}}`).wants(200)
	a.get(ann+"/identities").has("identities.*.verified", "true,true,false").has("identities.*.primary", "true,false,false")
	a.put(ann, `{"user":{"verified":false}}`).wants(200).has("user.verified", "true") // two@ still is.
	a.get(ann+"/identities").has("identities.*.verified", "false,true,false")
}

func TestClearing(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	ann := "users/" + a.user(`{"name":"Ann","email":"ann@acme.org","external_id":"e","alias":"a","notes":"n","phone":"+1 555"}`)
	a.put(ann, `{"user":{"external_id":"","alias":null,"notes":"","email":"","phone":""}}`).wants(200).
		has("user.external_id", "null").has("user.alias", "null").has("user.notes", "null").
		has("user.email", "ann@acme.org").has("user.phone", "null").has("user.shared_phone_number", "null")
	a.user(`{"name":"Bob","external_id":"E"}`) // The external id is free again.

	bob := "users/" + a.user(`{"name":"Bob","phone":"1"}`)
	a.put(bob, `{"user":{"phone":null}}`).
		refuses(422, invalid("phone", "InvalidValue", "Phone: cannot be blank for a user without an email address"))
	a.put(bob, `{"user":{"name":null}}`).wants(422)
}

func TestPhones(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	ann := "users/" + a.user(`{"name":"Ann","phone":"+1 (555) 123"}`)
	a.get(ann).has("user.phone", "+1 (555) 123").has("user.shared_phone_number", "false")
	bob := "users/" + a.user(`{"name":"Bob","phone":"+1555123"}`)
	a.get(bob).has("user.phone", "+1555123").has("user.shared_phone_number", "true")
	a.get(bob+"/identities").has("identities.#", "0")
	a.put(bob, `{"user":{"phone":"+2"}}`).wants(200).has("user.phone", "+2").has("user.shared_phone_number", "false")
	a.put(bob, `{"user":{"phone":"+3"}}`).wants(200).has("user.phone", "+2")
	a.get(bob+"/identities").has("identities.*.type", "phone_number,phone_number").has("identities.*.primary", "true,false")
	a.put(bob, `{"user":{"phone":"+1555123"}}`).wants(200).has("user.phone", "+2")
	a.user(`{"name":"Malformed","phone":"ask me"}`)
}

func TestOrganizationOfUser(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"organizations":[{"id":1,"name":"One"},{"id":2,"name":"Two"},{"id":3,"name":"Three"}],
		"users":[{"id":9,"name":"Ann"}],"organization_memberships":[{"user_id":9,"organization_id":1},{"user_id":9,"organization_id":2}]}`)
	a.get("users/9").has("user.organization_id", "1")
	a.put("users/9", `{"user":{"organization_id":"3"}}`).wants(200).has("user.organization_id", "3")
	a.get("users/9/organization_memberships").has("organization_memberships.*.organization_id", "3")
	a.put("users/9", `{"user":{"organization_id":404,"name":"Changed"}}`).refuses(404, notFound)
	a.get("users/9").has("user.name", "Ann")
	a.put("users/9", `{"user":{"organization_id":null}}`).wants(200).has("user.organization_id", "null")
	a.post("users", `{"user":{"name":"Bob","organization":{"name":"tWO"}}}`).wants(201).has("user.organization_id", "2")
	a.post("users", `{"user":{"name":"Cid","organization_id":1}}`).wants(201).has("user.organization_id", "1")
	a.get("organizations/2/users").has("users.*.name", "Bob")
}

func TestDeletedUser(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"organizations":[{"id":1,"name":"One"}]}`)
	id := a.user(`{"name":"Ann","email":"ann@acme.org","external_id":"a","phone":"+1","organization_id":1}`)
	a.delete("users/"+id).wants(200).has("user.active", "false")
	a.get("users/"+id).has("user.active", "false").has("user.organization_id", "null")
	a.put("users/"+id, `{"user":{"name":"x"}}`).refuses(404, notFound)
	a.delete("users/"+id).refuses(404, notFound)
	a.send("GET", "users/"+id+"/identities", "").refuses(404, notFound)
	a.get("users").has("users.#", "0")
	a.get("users/search?query=Ann").has("users.#", "0")
	a.get("users?external_id=a").has("users.#", "0")
	a.get("users/show_many?ids="+id).has("users.#", "0")
	if again := a.user(`{"name":"Ann","email":"ann@acme.org","external_id":"a","phone":"+1"}`); again == id {
		t.Error("the deleted user came back")
	}
}

func TestFindUsers(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"users":[{"id":1,"name":"Ann","external_id":"Ian1"},{"id":2,"name":"Bob","role":"agent","external_id":"b"}]}`)
	for path, names := range map[string]string{
		"users":                                "Ann,Bob",
		"users?role[]=agent&role[]=admin":      "Bob",
		"users?external_id=IAN1":               "Ann",
		"users?external_id=ian":                "",
		"users?external_id=ian1&page[size]=10": "Ann",
		"users/search?external_id=iAN1":        "Ann",
		"users/search.json?external_id=no":     "",
		"users/show_many?ids=2,1,77":           "Bob,Ann",
		"users/show_many?external_ids=B,x":     "Bob",
	} {
		a.get(path).has("users.*.name", names)
	}
	a.get("users/search?external_id=b").has("count", "1").has("next_page", "null").has("previous_page", "null")
	a.get("users/1.json").has("user.name", "Ann")
	a.send("GET", "users/3", "").refuses(404, notFound)
	a.send("GET", "users/show_many?ids="+strings.Repeat("1,", 100)+"1", "").wants(400).has("error", "TooManyValues")
	a.send("GET", "users/show_many?ids=x", "").refuses(400, wrongType("ids", "must be an integer", "users/show_many"))
	a.send("GET", "users/show_many", "").refuses(400, wrongType("ids", "must be present", "users/show_many"))
}
