package zendesksim_test

import (
	"strings"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func TestCreateOrganizationAnswersAsRecorded(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	got := a.post("organizations.json", `{"organization":{"name":"x","deleted":true,"url":"https://x.org"}}`)
	got.refuses(201, `{"organization":{"url":"https://acme.zendesk.com/api/v2/organizations/26140000000001.json","id":26140000000001,
		"name":"x","shared_tickets":false,"shared_comments":false,"external_id":null,"created_at":"2026-08-01T12:00:00Z",
		"updated_at":"2026-08-01T12:00:00Z","domain_names":[],"details":null,"notes":null,"group_id":null,"tags":[],"organization_fields":{}}}`)
	if got.header.Get("Location") != got.value("organization.url") {
		t.Errorf("Location %s", got.header.Get("Location"))
	}
}

func TestCreateOrUpdateOrganization(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"organizations":[{"id":1,"name":"By hand"},{"id":2,"name":"Other","external_id":"o"}]}`)
	const path = "organizations/create_or_update.json"
	created := a.post(path, `{"organization":{"name":"Acme","external_id":"g1","domain_names":["acme.org"],"tags":["a"]}}`).wants(201)
	id := created.value("organization.id")
	a.post(path, `{"organization":{"external_id":"G1","notes":"n"}}`).wants(200).has("organization.id", id).
		has("organization.name", "Acme").has("organization.external_id", "G1").has("organization.tags", `["a"]`)
	a.post(path, `{"organization":{"id":"1","external_id":"h"}}`).wants(200).has("organization.id", "1").has("organization.external_id", "h")
	a.post(path, `{"organization":{"id":404,"name":"x"}}`).refuses(404, notFound)
	a.post(path, `{"organization":{"id":1,"external_id":"O"}}`).refuses(422, invalid("external_id", "DuplicateValue", "External has already been taken"))
	a.post(path, `{"organization":{"name":"BY hand","external_id":"new"}}`).refuses(422, invalid("name", "DuplicateValue", "Name: BY hand has already been taken"))
	a.post(path, `{"organization":{"name":"other","external_id":"g1"}}`).refuses(422, invalid("name", "DuplicateValue", "Name: other has already been taken"))
	a.post(path, `{"organization":{"external_id":"nobody"}}`).refuses(422, invalid("name", "BlankValue", "Name: cannot be blank"))
	a.post(path, `{"organization":{"external_id":"g1","name":""}}`).refuses(422, invalid("name", "BlankValue", "Name: cannot be blank"))
	a.post(path, `{"organization":{"external_id":"g1","name":"`+strings.Repeat("x", 256)+`"}}`).
		refuses(422, invalid("name", "ValueTooLong", "Name: is too long (maximum is 255 characters)"))
	a.get("organizations").has("organizations.*.name", "By hand,Other,Acme")
}

func TestUpdateAndDeleteOrganization(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"organizations":[{"id":1,"name":"One","external_id":"e","domain_names":["a.org"]},{"id":2,"name":"Two"}],
		"users":[{"id":9,"name":"Ann","organization_id":1}],"organization_memberships":[{"user_id":9,"organization_id":2}]}`)
	a.put("organizations/1.json", `{"organization":{"name":"Uno","external_id":null,"domain_names":["b.org","c.org"],"details":"d"}}`).wants(200).
		has("organization.name", "Uno").has("organization.external_id", "null").has("organization.domain_names", `["b.org","c.org"]`)
	a.organization(`{"name":"One","external_id":"E"}`) // Both are free again.
	a.put("organizations/2", `{"organization":{"name":"ONE"}}`).wants(422)
	a.put("organizations/2", `{"organization":{"name":"TWO"}}`).wants(200)
	a.put("organizations/404", `{"organization":{}}`).refuses(404, notFound)
	a.get("users/9").has("user.organization_id", "1")
	a.get("users/9/organizations").has("organizations.*.name", "Uno,TWO")
	a.delete("organizations/1").wants(204)
	a.get("users/9").has("user.organization_id", "2")
	a.send("GET", "organizations/1", "").refuses(404, notFound)
	a.delete("organizations/1").refuses(404, notFound)
}

func TestFindOrganizations(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"organizations":[{"id":1,"name":"Acme Inc","external_id":"A-1"},{"id":2,"name":"Acme"}]}`)
	for path, names := range map[string]string{
		"organizations":                            "Acme Inc,Acme",
		"organizations?page[size]=1":               "Acme Inc",
		"organizations/search?external_id=a-1":     "Acme Inc",
		"organizations/search.json?name=aCME":      "Acme",
		"organizations/search?name=Acm":            "",
		"organizations/show_many?ids=2,1":          "Acme,Acme Inc",
		"organizations/show_many?external_ids=a-1": "Acme Inc",
		"organizations/autocomplete?name=acme":     "Acme Inc,Acme",
	} {
		a.get(path).has("organizations.*.name", names)
	}
	a.get("organizations/search?name=acme").has("count", "1").has("next_page", "null").has("previous_page", "null")
	a.send("GET", "organizations/search?name=a&external_id=b", "").
		refuses(400, wrongType("name", "must not be given together with external_id", "organizations/search"))
	a.send("GET", "organizations/search", "").refuses(400, wrongType("external_id", "must be present", "organizations/search"))
	a.send("GET", "organizations/autocomplete", "").wants(400).has("errors.0.code", "QueryError")
	a.get("organizations/1").has("organization.external_id", "A-1")
}

func TestOrganizationTagging(t *testing.T) {
	for off, want := range map[bool]string{false: `["t"]`, true: `[]`} {
		a := newAPI(t, zendesksim.Options{NoOrganizationTagging: off}, "")
		a.post("organizations", `{"organization":{"name":"x","tags":["t"]}}`).wants(201).has("organization.tags", want)
	}
}

func TestMemberships(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"users":[{"id":9,"name":"Ann"},{"id":8,"name":"Bob"}],
		"organizations":[{"id":1,"name":"Zeta"},{"id":2,"name":"Beta"},{"id":3,"name":"alpha"}]}`)
	const path = "organization_memberships.json"
	join := func(organization, more string) answer {
		return a.post(path, `{"organization_membership":{"user_id":9,"organization_id":`+organization+more+`}}`)
	}
	first := join("1", "").wants(201)
	first.has("organization_membership.default", "true").has("organization_membership.organization_name", "Zeta").
		has("organization_membership.user_id", "9").has("organization_membership.view_tickets", "true")
	if first.header.Get("Location") != first.value("organization_membership.url") {
		t.Errorf("Location %s", first.header.Get("Location"))
	}
	join(`"2"`, "").wants(201).has("organization_membership.default", "null")
	a.get("users/9").has("user.organization_id", "1")
	join("3", `,"default":true`).wants(201).has("organization_membership.default", "true")
	a.get("users/9").has("user.organization_id", "3")
	a.get("users/9/organization_memberships").has("organization_memberships.*.organization_name", "alpha,Beta,Zeta").
		has("organization_memberships.*.default", "true,null,null")
	a.get("users/9/organization_memberships?page[size]=2").has("organization_memberships.#", "2").has("meta.has_more", "true")
	a.get("organization_memberships").has("organization_memberships.*.organization_id", "1,2,3")
	a.get("organizations/2/organization_memberships").has("organization_memberships.*.user_id", "9")

	// Deleting the default one promotes the oldest.
	a.delete("users/9/organizations/3").wants(204)
	a.get("users/9").has("user.organization_id", "1")
	id := first.value("organization_membership.id")
	a.get("organization_memberships/"+id).has("organization_membership.default", "true")
	a.get("users/9/organization_memberships/"+id).has("organization_membership.default", "true")
	a.put("users/9/organizations/2/make_default", "").wants(200).has("organization_memberships.*.organization_id", "2,1")
	a.put("users/9/organization_memberships/"+id+"/make_default", "").wants(200).has("organization_memberships.*.organization_id", "1,2")
	a.send("GET", "users/8/organization_memberships/"+id, "").refuses(404, notFound)
	a.delete("users/8/organization_memberships/"+id).refuses(404, notFound)
	a.delete("users/9/organization_memberships/" + id + ".json").wants(204)
	a.delete("organization_memberships/"+id).refuses(404, notFound)
	a.delete("users/9/organizations/1").refuses(404, notFound)
	a.delete("organization_memberships/" + a.get("organization_memberships").value("organization_memberships.0.id")).wants(204)
	a.get("users/9").has("user.organization_id", "null")
}

func TestMembershipValidation(t *testing.T) {
	seed := `{"users":[{"id":9,"name":"Ann","organization_id":1}],"organizations":[{"id":1,"name":"One"},{"id":2,"name":"Two"}]}`
	a := newAPI(t, zendesksim.Options{}, seed)
	join := func(a api, path, attributes string) answer {
		return a.post(path, `{"organization_membership":{`+attributes+`}}`)
	}
	taken := invalid("user_id", "DuplicateValue", "User has already been taken")
	join(a, "organization_memberships", `"user_id":9,"organization_id":1`).refuses(422, taken)
	join(a, "organization_memberships", `"user_id":9,"organization_id":404`).refuses(422, invalid("organization", "BlankValue", "Organization cannot be blank"))
	join(a, "organization_memberships", `"user_id":404,"organization_id":1`).refuses(422, invalid("user", "BlankValue", "User cannot be blank"))
	join(a, "organization_memberships", `"user_id":"Ann","organization_id":1`).
		refuses(400, wrongType("organization_membership.user_id", "must be an integer", "organization_memberships/create"))
	join(a, "users/404/organization_memberships", `"organization_id":1`).refuses(404, notFound)
	join(a, "users/9/organization_memberships", `"organization_id":2`).wants(201)

	single := newAPI(t, zendesksim.Options{SingleOrganization: true}, seed)
	join(single, "organization_memberships", `"user_id":9,"organization_id":2`).refuses(422, taken)
	single.put("users/9", `{"user":{"organization_id":2}}`).wants(200).has("user.organization_id", "2")
}

func TestJoiningByDomain(t *testing.T) {
	seed := `{"organizations":[{"id":1,"name":"One","domain_names":["Acme.org"]},{"id":2,"name":"Two"}]}`
	a := newAPI(t, zendesksim.Options{}, seed)
	id := a.user(`{"name":"Ann","external_id":"a","email":"ann@acme.org"}`)
	a.get("users/"+id).has("user.organization_id", "null") // Not verified yet.
	a.user(`{"external_id":"a","email":"ann@acme.org","verified":true}`)
	a.get("users/"+id).has("user.organization_id", "1")
	a.delete("users/" + id + "/organizations/1").wants(204)
	a.user(`{"external_id":"a","email":"ann@acme.org","verified":true}`)
	a.get("users/"+id).has("user.organization_id", "null") // Nothing was verified anew.

	both := a.user(`{"name":"Bob","email":"bob@acme.org","verified":true,"organization_id":2}`)
	a.get("users/"+both+"/organization_memberships").has("organization_memberships.*.organization_id", "2,1")
	a.put("users/"+both, `{"user":{"email":"b@acme.org","verified":true,"organization_id":2}}`).wants(200)
	a.get("users/"+both+"/organization_memberships").has("organization_memberships.*.organization_id", "2")

	off := newAPI(t, zendesksim.Options{NoDomainJoining: true}, seed)
	off.get("users/"+off.user(`{"name":"Ann","email":"ann@acme.org","verified":true}`)).has("user.organization_id", "null")
	single := newAPI(t, zendesksim.Options{SingleOrganization: true}, seed)
	id = single.user(`{"name":"Ann","email":"ann@acme.org","verified":true,"organization_id":2}`)
	single.get("users/"+id+"/organization_memberships").has("organization_memberships.*.organization_id", "2")
}
