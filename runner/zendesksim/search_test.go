package zendesksim_test

import (
	"net/url"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func TestSearchUsers(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{
		"user_fields":[{"key":"plan_2"}],
		"organizations":[{"id":7,"name":"Acme Inc"}],
		"users":[
			{"id":1,"name":"Ann Lee","email":"a+b@x.org","external_id":"u-1","notes":"likes tea","tags":["vip"],"organization_id":7},
			{"id":2,"name":"Bob Lee","email":"z.a+b@x.org","external_id":"U-12","role":"agent","phone":"+1 555","user_fields":{"plan_2":"gold"}}],
		"identities":[{"user_id":1,"type":"email","value":"second@acme.org"}]}`)
	for query, names := range map[string]string{
		`email:"a+b@x.org"`:                 "Ann Lee,Bob Lee", // Parts match: callers have to look.
		`email:"z.a+b@x.org"`:               "Bob Lee",
		`email:"A+B@X.ORG" -name:bob`:       "Ann Lee",
		`email:second@acme.org`:             "Ann Lee",
		`second@acme.org`:                   "Ann Lee",
		`email:"a b"`:                       "Ann Lee,Bob Lee",
		`email:b@`:                          "Ann Lee,Bob Lee",
		`email:nobody@x.org`:                "",
		`email:""`:                          "",
		`type:user email:"a+b@x.org" lee`:   "Ann Lee,Bob Lee",
		`type:organization lee`:             "",
		`-type:organization lee role:agent`: "Bob Lee",
		`"ann lee"`:                         "Ann Lee",
		`"lee ann"`:                         "",
		`lee`:                               "Ann Lee,Bob Lee",
		`le`:                                "",
		`le*`:                               "Ann Lee,Bob Lee",
		`email:z.*`:                         "Bob Lee",
		`name:*`:                            "Ann Lee,Bob Lee",
		`external_id:u-1`:                   "Ann Lee",
		`external_id:U-12`:                  "Bob Lee",
		`tags:vip`:                          "Ann Lee",
		`organization:acme`:                 "Ann Lee",
		`notes:tea`:                         "Ann Lee",
		`phone:555`:                         "Bob Lee",
		`plan_2:gold`:                       "Bob Lee",
		`unclosed:"x`:                       "",
	} {
		a.get("users/search.json?query="+url.QueryEscape(query)).has("users.*.name", names)
		a.get("search.json?query="+url.QueryEscape("type:user "+query)).has("results.*.name", names)
	}
	// A secondary email finds its user, who is shown with the primary one.
	a.get("users/search?query=second&per_page=1").has("users.0.email", "a+b@x.org").
		has("count", "1").has("next_page", "null").has("previous_page", "null")
	a.get("users/search?query=lee&page[size]=1").has("count", "2") // There are no cursors here.
	a.send("GET", "users/search", "").refuses(400, wrongType("query", "must be present", "users/search"))
	a.get("search?query=type:user").has("results.*.result_type", "user,user").has("facets", "null").has("count", "2")
	a.send("GET", "search?query=x&page[size]=5", "").refuses(400, wrongType("page", "must be an integer", "search/index"))
	a.send("GET", "search?query=x&page=11", "").wants(422)
}

// TestSearchFollowsAddresses looks by email for users whose addresses come, change and go.
func TestSearchFollowsAddresses(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{
		"users":[{"id":1,"name":"Ann","email":"ann@acme.org"},{"id":2,"name":"Bob","email":"bob@acme.org"}],
		"identities":[{"user_id":1,"type":"email","value":"second@acme.org"}]}`)
	found := func(words, names string) {
		t.Helper()
		a.get("users/search?query="+url.QueryEscape("email:"+words)).has("users.*.name", names)
	}
	found("acme.org", "Ann,Bob") // Once each, be it for two addresses.
	found("ann", "Ann")
	a.user(`{"name":"Cid","email":"cid@acme.org"}`)
	found("acme.org", "Ann,Bob,Cid")
	found("acme.org -email:cid", "Ann,Bob")
	path := "users/2/identities/" + a.get("users/2/identities").value("identities.0.id")
	a.put(path, `{"identity":{"value":"robert@acme.org"}}`).wants(200)
	found("bob", "")
	found("robert", "Bob")
	a.delete(path).wants(204)
	found("robert", "")
	found("acme.org", "Ann,Cid")
	a.delete("users/1").wants(200)
	found("acme.org", "Cid")
	found(`second email:acme.org`, "")
}
