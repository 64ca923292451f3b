package zendesksim_test

import (
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func TestIdentities(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"users":[{"id":1,"name":"Ann","email":"ann@example.com"},{"id":2,"name":"Bob","email":"bob@acme.org"}]}`)
	const path = "users/1/identities"
	created := a.post(path+".json", `{"identity":{"type":"email","value":"Two@Acme.org","verified":true}}`).wants(201)
	created.has("identity.value", "two@acme.org").has("identity.primary", "false").has("identity.verified", "true").
		has("identity.deliverable_state", "deliverable").has("identity.user_id", "1")
	id := created.value("identity.id")
	if created.header.Get("Location") != created.value("identity.url") {
		t.Errorf("Location %s", created.header.Get("Location"))
	}
	a.post(path, `{"identity":{"type":"phone_number","value":"+1"}}`).wants(201).
		has("identity.primary", "true").has("identity.deliverable_state", "absent")
	list := a.get(path)
	list.has("identities.*.type", "email,email,phone_number").has("identities.*.primary", "true,false,true").
		has("identities.0.deliverable_state", "reserved_example").has("count", "3")
	a.get(path+"?type[]=email&page[size]=1").has("identities.#", "1").has("meta.has_more", "true")
	a.get(path+"/"+id).has("identity.value", "two@acme.org")
	a.get("users/1").has("user.phone", "+1").has("user.verified", "true")

	// make_primary works on any identity and moves the email of the user.
	a.put(path+"/"+id+"/make_primary.json", "").wants(200).has("identities.*.primary", "false,true,true")
	a.get("users/1").has("user.email", "two@acme.org")
	a.post(path, `{"identity":{"type":"email","value":"three@acme.org","primary":true}}`).wants(201).has("identity.primary", "true")
	a.get(path).has("identities.*.primary", "false,false,true,true")

	// Deleting the primary one promotes none.
	a.delete(path + "/" + a.get(path).value("identities.3.id")).wants(204)
	a.get("users/1").has("user.email", "null")
	a.get(path).has("identities.*.primary", "false,false,true")

	other := a.get("users/2/identities").value("identities.0.id")
	for _, got := range []answer{
		a.send("GET", path+"/"+other, ""), a.delete(path + "/" + other), a.put(path+"/"+other, `{"identity":{}}`),
		a.put(path+"/"+other+"/make_primary", ""), a.send("GET", "users/3/identities", ""), a.post("users/3/identities", `{"identity":{}}`),
	} {
		got.refuses(404, notFound)
	}
}

func TestIdentityValue(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"users":[{"id":1,"name":"Ann","email":"ann@acme.org","verified":true},{"id":2,"name":"Bob","email":"bob@acme.org"}]}`)
	path := "users/1/identities/" + a.get("users/1/identities").value("identities.0.id")
	a.put(path, `{"identity":{"type":"email","value":"new@acme.org"}}`).wants(200).
		has("identity.value", "new@acme.org").has("identity.verified", "false").has("identity.verification_method", "none").has("identity.primary", "true")
	a.get("users/1").has("user.email", "new@acme.org").has("user.verified", "false")
	a.put(path, `{"identity":{"value":"ann@acme.org","verified":true}}`).wants(200).has("identity.verified", "true")
	a.put(path, `{"identity":{"value":"ANN@acme.org"}}`).wants(200).has("identity.verified", "true") // The same value.
	a.put(path, `{"identity":{"value":"bob@acme.org"}}`).
		refuses(422, invalid("value", "DuplicateValue", "Value: bob@acme.org is already being used by another user"))
	a.put(path, `{"identity":{"value":"x"}}`).refuses(422, invalid("value", "InvalidValue", "Value: x is not properly formatted"))
	a.get("users/1").has("user.email", "ann@acme.org")
	a.user(`{"name":"Cid","email":"new@acme.org"}`) // The old value is free.
}

func TestIdentityVerification(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"users":[{"id":1,"name":"Ann","email":"ann@acme.org"}]}`)
	path := "users/1/identities/" + a.get("users/1/identities").value("identities.0.id")
	a.put(path+"/verify", "").wants(200).has("identity.verified", "true").has("identity.verified_at", "2026-08-01T12:00:00Z")
	a.put(path, `{"identity":{"verification_method":"none"}}`).wants(200).has("identity.verified", "false").has("identity.verified_at", "null")
	a.put(path, `{"identity":{"verification_method":"low","primary":false}}`).wants(200).has("identity.verified", "true").has("identity.primary", "true")
	a.put(path, `{"identity":{"verification_method":"full"}}`).
		refuses(400, wrongType("identity.verification_method", "must be low or none", "identities/update"))
	a.put(path+"/request_verification", "").wants(200)
}

func TestIdentityValidation(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"users":[{"id":1,"name":"Ann","email":"ann@acme.org"}]}`)
	for _, test := range []struct{ identity, want string }{
		{`{"type":"email","value":"ann@acme.org"}`, invalid("value", "DuplicateValue", "Value: ann@acme.org is already being used by another user")},
		{`{"type":"email","value":"ann"}`, invalid("value", "InvalidValue", "Value: ann is not properly formatted")},
		{`{"type":"email"}`, invalid("value", "BlankValue", "Value: cannot be blank")},
		{`{"type":"telegram","value":"x"}`, invalid("type", "InvalidValue", "Type: is invalid")},
	} {
		a.post("users/1/identities", `{"identity":`+test.identity+`}`).refuses(422, test.want)
	}
	a.post("users/1/identities", `{"identity":{"type":"email","value":5}}`).
		refuses(400, wrongType("identity.value", "must be a string", "identities/create"))
	for _, email := range []string{"a b@x.org", "a@b", "@x.org", "a@x.org.", "a@@x.org", "a@x_y.org", "<a@x.org>"} {
		a.post("users/1/identities", `{"identity":{"type":"email","value":"`+email+`"}}`).wants(422)
	}
	for _, email := range []string{"a+b@x.org", "o'neil@x.org", "ä@ö.example"} {
		a.post("users/1/identities", `{"identity":{"type":"email","value":"`+email+`"}}`).wants(201)
	}
}

func TestIdentitiesOfNewUser(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	id := a.user(`{"name":"Ann","identities":[{"type":"email","value":"ann@acme.org","verified":true},{"type":"twitter","value":"Ann"}]}`)
	a.get("users/"+id).has("user.email", "ann@acme.org").has("user.verified", "true")
	a.get("users/"+id+"/identities").has("identities.*.value", "ann@acme.org,ann")
}
