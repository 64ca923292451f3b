package zendesksim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func TestAuthentication(t *testing.T) {
	const (
		unknown = `{"error":"Couldn't authenticate you"}`
		expired = `{"error":"invalid_token","error_description":"The access token provided is expired, revoked, malformed or invalid for other reasons."}`
	)
	strict := zendesksim.Options{AccessToken: "secret", Email: "me@acme.org", APIToken: "key"}
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	for name, test := range map[string]struct {
		opts    zendesksim.Options
		login   func(*http.Request)
		refusal string
	}{
		"no header":             {zendesksim.Options{}, func(*http.Request) {}, unknown},
		"any bearer":            {zendesksim.Options{}, bearer("x"), ""},
		"any basic":             {zendesksim.Options{}, basic("a@b.c/token", "x"), ""},
		"empty bearer":          {zendesksim.Options{}, bearer(""), unknown},
		"another scheme":        {zendesksim.Options{}, func(r *http.Request) { r.Header.Set("Authorization", "Digest x") }, unknown},
		"broken basic":          {zendesksim.Options{}, func(r *http.Request) { r.Header.Set("Authorization", "Basic x") }, unknown},
		"the bearer":            {strict, bearer("secret"), ""},
		"wrong bearer":          {strict, bearer("other"), expired},
		"the API token":         {strict, basic("ME@acme.org/token", "key"), ""},
		"wrong API token":       {strict, basic("me@acme.org/token", "other"), unknown},
		"password not token":    {strict, basic("me@acme.org", "key"), unknown},
		"bearer where API only": {zendesksim.Options{Email: "a@b.c", APIToken: "k"}, bearer("k"), expired},
		"basic where OAuth":     {zendesksim.Options{AccessToken: "k"}, basic("/token", ""), unknown},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, test.opts, "")
			r := httptest.NewRequest("GET", "https://acme.zendesk.com/api/v2/users", nil)
			test.login(r)
			got := a.serve(r)
			if test.refusal == "" {
				got.wants(200)
			} else {
				got.refuses(401, test.refusal)
			}
		})
	}
}

func TestSelf(t *testing.T) {
	a := newAPI(t, zendesksim.Options{Email: "me@acme.org", APIToken: "key"}, "")
	me := func(user, password string) answer {
		r := httptest.NewRequest("GET", "/api/v2/users/me.json", nil)
		if user != "" {
			r.SetBasicAuth(user, password)
		}
		return a.serve(r)
	}
	me("me@acme.org/token", "key").wants(200).has("user.email", "me@acme.org").has("user.role", "admin")
	me("", "").wants(200).has("user.id", "null").has("user.name", "Anonymous user")
	me("me@acme.org", "password").wants(200).has("user.name", "Anonymous user")
	me("me@acme.org/token", "wrong").wants(401)
}

func TestHostName(t *testing.T) {
	a := newAPI(t, zendesksim.Options{Subdomain: "acme"}, "")
	for host, status := range map[string]int{"acme.zendesk.com": 200, "ACME.zendesk.com:443": 200, "other.zendesk.com": 404, "acme.example.com": 404} {
		r := httptest.NewRequest("GET", "https://"+host+"/api/v2/users", nil)
		r.Header.Set("Authorization", "Bearer x")
		got := a.serve(r).wants(status)
		if status == 404 {
			got.has("error.title", "No help desk at "+host)
		}
	}
}

func TestUnknownEndpoints(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	for _, path := range []string{"GET tickets", "PATCH users/1", "DELETE users", "GET users//identities", "POST user_fields/1", "GET users/1/2/3/4"} {
		method, path, _ := strings.Cut(path, " ")
		a.send(method, path, "").wants(404).has("error", "InvalidEndpoint")
	}
	for path, named := range map[string]string{
		"users/7/skips.json": "PUT users/{id}/skips.json", "objects/a-b/c?q=ann": "PUT objects/{id}/c", "x/ann%40b.json": "PUT x/{id}.json",
	} {
		got := a.put(path, "{}")
		got.refuses(404, `{"error":"InvalidEndpoint","description":"the simulator does not have `+named+
			`: give its answer by --replies (docs/testing.md)"}`)
		if told := got.header.Get(zendesksim.LacksHeader); told != named {
			t.Errorf("%s: %s", path, told)
		}
	}
	r := httptest.NewRequest("GET", "https://acme.zendesk.com/tickets", nil)
	r.Header.Set("Authorization", "Bearer x")
	a.serve(r).refuses(404, noEndpoint)
	r.Header.Del("Authorization")
	a.serve(r).wants(401) // Authentication comes before the route.
}

func TestBodies(t *testing.T) {
	a := newAPI(t, zendesksim.Options{MaxBody: 100}, "")
	const path = "users/create_or_update"
	unparsable := `{"error":"Unprocessable Entity","message":"Server could not parse JSON"}`
	a.post(path, `{"user":`).refuses(422, unparsable)
	a.post(path, `{"user":{}} {}`).refuses(422, unparsable)
	a.post("users/x/unknown", `{`).wants(404) // The route comes before JSON.
	for _, body := range []string{``, `{}`, `[]`, `{"user":null}`, `"user"`} {
		a.post(path, body).refuses(400, wrongType("user", "must be present", path))
	}
	a.post(path, `{"user":[]}`).refuses(400, wrongType("user", "must be a hash", path))
	a.post(path, `{"user":{"name":"`+strings.Repeat("x", 100)+`"}}`).refuses(413, `{"error":"RequestEntityTooLarge"}`)
	newAPI(t, zendesksim.Options{}, "").post(path, strings.Repeat(" ", 2<<20+1)).wants(413)
	newAPI(t, zendesksim.Options{MaxBody: -1}, "").post(path, strings.Repeat(" ", 2<<20+1)).wants(400)
}

func TestWrongTypes(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	for _, test := range []struct{ attributes, attribute, problem string }{
		{`"name":1`, "name", "must be a string"},
		{`"email":true`, "email", "must be a string"},
		{`"external_id":12`, "external_id", "must be a string"},
		{`"phone":15551234567`, "phone", "must be a string"},
		{`"organization_id":"x"`, "organization_id", "must be an integer"},
		{`"organization_id":1.5`, "organization_id", "must be an integer"},
		{`"verified":"yes"`, "verified", "must be a boolean"},
		{`"verified":2`, "verified", "must be a boolean"},
		{`"tags":"a"`, "tags", "must be an array"},
		{`"tags":null`, "tags", "must be an array"},
		{`"tags":["a",1]`, "tags.1", "must be a string"},
		{`"user_fields":[]`, "user_fields", "must be a hash"},
		{`"id":null`, "id", "must be an integer"},
		{`"identities":[{"type":1}]`, "identities.0.type", "must be a string"},
		{`"organization":{"name":1}`, "organization.name", "must be a string"},
	} {
		a.post("users", `{"user":{"name":"x",`+test.attributes+`}}`).
			refuses(400, wrongType("user."+test.attribute, test.problem, "users/create"))
	}
	if got := len(a.sim.Account().Users); got != 0 {
		t.Errorf("refused requests made %d users", got)
	}
	for _, attributes := range []string{
		`"verified":"true"`, `"verified":1`, `"verified":null`, `"organization_id":null`, `"id":"12"`, `"notes":null`,
		`"user_fields":null`, `"user_id":"anything"`, `"nothing_known":{}`, `"created_at":5`,
	} {
		a.post("users", `{"user":{"name":"x",`+attributes+`}}`).wants(201)
	}
	a.post("organizations", `{"organization":{"name":"x","domain_names":"a.org"}}`).
		refuses(400, wrongType("organization.domain_names", "must be an array", "organizations/create"))
	a.post("organizations/create_or_update", `{"organization":{"name":"x","id":null}}`).
		refuses(400, wrongType("organization.id", "must be an integer", "organizations/create_or_update"))
	a.get("users.json?page=1")
	a.send("GET", "users/abc", "").refuses(400, wrongType("id", "must be an integer", "users/show"))
}

func TestAgentRole(t *testing.T) {
	a := newAPI(t, zendesksim.Options{Role: zendesksim.Agent}, `{
		"users":[{"id":1,"name":"Agent","role":"agent"},{"id":2,"name":"End user"}],
		"organizations":[{"id":3,"name":"Acme"}]}`)
	for _, got := range []answer{
		a.post("user_fields", `{"user_field":{"key":"k","title":"t"}}`),
		a.post("organizations", `{"organization":{"name":"x"}}`),
		a.post("users/create_or_update", `{"user":{"name":"x"}}`),
		a.put("users/1", `{"user":{"name":"x"}}`),
		a.post("users", `{"user":{"name":"x","role":"admin"}}`),
	} {
		got.wants(403).has("error.title", "Forbidden")
	}
	a.put("users/2", `{"user":{"name":"Renamed"}}`).wants(200)
	a.put("organizations/3", `{"organization":{"name":"x","notes":"n"}}`).wants(200).
		has("organization.name", "Acme").has("organization.notes", "n")
}

func TestBulkImportIsOff(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	for _, path := range []string{"users/create_many", "users/create_or_update_many"} {
		a.post(path, `{"users":[{"name":"x"}]}`).wants(403).has("error.title", "Forbidden")
	}
}

func TestTimeZonesNeedNoCredential(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	got := a.serve(httptest.NewRequest("GET", "/api/v2/time_zones.json", nil)).wants(200)
	got.has("time_zones.#", "151").has("time_zones.57.name", "Berlin").has("time_zones.57.iana_name", "Europe/Berlin")
}

func TestOffsetPages(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	for i := range 105 {
		a.user(fmt.Sprintf(`{"name":"user %d"}`, i))
	}
	first := a.get("users.json?per_page=1000&role=end-user")
	first.has("users.#", "100").has("count", "105").has("previous_page", "null").
		has("next_page", "https://acme.zendesk.com/api/v2/users.json?page=2&per_page=1000&role=end-user")
	second := a.get(strings.TrimPrefix(first.value("next_page"), "https://acme.zendesk.com/api/v2/"))
	second.has("users.#", "5").has("users.0.name", "user 100").has("next_page", "null").
		has("previous_page", "https://acme.zendesk.com/api/v2/users.json?page=1&per_page=1000&role=end-user")
	a.get("users?page=7").has("users.#", "0").has("next_page", "null")
	a.get("users?page=100").has("users.#", "0")
	a.send("GET", "users?page=101", "").wants(400).has("errors.0.code", "InvalidPaginationDepth")
	for _, query := range []string{"page=0", "page=x", "per_page=0"} {
		a.send("GET", "users?"+query, "").wants(400).has("errors.0.code", "InvalidPaginationParameter")
	}
}

func TestCursorPages(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	for i := range 5 {
		a.userField(fmt.Sprintf(`{"key":"k%d","title":"t"}`, i))
	}
	var keys []string
	path := "user_fields?page[size]=2&page=3&per_page=1"
	var last answer
	for pages := 0; path != ""; pages++ {
		last = a.get(path).has("count", "absent")
		keys = append(keys, last.value("user_fields.*.key"))
		path = ""
		if last.value("meta.has_more") == "true" {
			path = strings.TrimPrefix(last.value("links.next"), "https://acme.zendesk.com/api/v2/")
			if pages == 0 { // A cursor holds although its record goes away.
				a.delete("user_fields/k1").wants(204)
			}
		}
	}
	if got := strings.Join(keys, " "); got != "k0,k1 k2,k3 k4" {
		t.Errorf("pages %s", got)
	}
	if !strings.Contains(last.value("links.next"), "after") {
		t.Error("the last page has no links.next")
	}
	a.get("user_fields?page[size]=2&page[before]="+last.value("meta.before_cursor")).
		has("user_fields.*.key", "k2,k3").has("meta.has_more", "true")
	for _, query := range []string{"page[size]=0", "page[size]=101", "page[size]=x", "page[after]=%21", "page[after]=eA", "page[before]=x"} {
		name, _, _ := strings.Cut(query, "=")
		a.send("GET", "user_fields?"+query, "").
			refuses(400, `{"errors":[{"code":"InvalidPaginationParameter","title":"`+name+` is not valid"}]}`)
	}
	a.get("organizations?page[size]=1").has("organizations.#", "0").has("meta.has_more", "false").has("links.next", "null")
}

func TestLinksLeadBack(t *testing.T) {
	server := httptest.NewServer(newAPI(t, zendesksim.Options{}, "").sim)
	defer server.Close()
	r, err := http.NewRequest("POST", server.URL+"/api/v2/users.json", strings.NewReader(`{"user":{"name":"x"}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer x")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if location := response.Header.Get("Location"); !strings.HasPrefix(location, server.URL+"/api/v2/users/") {
		t.Errorf("Location %s", location)
	}
}

func TestConcurrentUse(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 20 {
				id := a.user(fmt.Sprintf(`{"name":"n","external_id":"u%d","email":"u%d@acme.org","tags":["w%d"]}`, i, i, worker))
				a.organization(fmt.Sprintf(`{"name":"o%d","external_id":"o%d"}`, i, i))
				a.get("users/search?query=email:u1@acme.org")
				a.get("users/" + id + "/identities")
				a.sim.Account()
			}
		})
	}
	group.Wait()
	account := a.sim.Account()
	if len(account.Users) != 20 || len(account.Identities) != 20 || len(account.Organizations) != 20 {
		t.Errorf("%d users, %d identities, %d organizations", len(account.Users), len(account.Identities), len(account.Organizations))
	}
}
