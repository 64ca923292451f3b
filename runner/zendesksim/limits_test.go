package zendesksim_test

import (
	"cmp"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

const accountLimitText = "Number of allowed API requests per minute exceeded"

// A step is a request and what it has to get.
type step struct {
	wait       time.Duration // before the request
	request    string        // method, path, and a body if there is one
	status     int
	retryAfter string // of an answer with status 429
}

// take sends the requests of a case one after the other.
func (a api) take(steps []step) {
	a.t.Helper()
	for i, step := range steps {
		time.Sleep(step.wait)
		method, rest, _ := strings.Cut(step.request, " ")
		path, body, _ := strings.Cut(rest, " ")
		got := a.send(method, path, body)
		if got.status != step.status || got.header.Get("Retry-After") != step.retryAfter {
			a.t.Errorf("step %d, %s: status %d, Retry-After %q, want %d and %q: %s",
				i, step.request, got.status, got.header.Get("Retry-After"), step.status, step.retryAfter, got.text)
		}
	}
}

// upsert is the request that creates or updates a user.
func upsert(user string) string { return "POST users/create_or_update " + `{"user":` + user + `}` }

func event() string {
	return "POST users/1/events " + `{"profile":{"source":"s","type":"t","identifiers":[{"type":"x","value":"1"}]},` +
		`"event":{"source":"s","type":"t","properties":{}}}`
}

func TestLimits(t *testing.T) {
	const seed = `{"users":[{"id":1,"name":"Ann","email":"ann@x.org","external_id":"A"},{"id":2,"name":"Bob"}],
		"organizations":[{"id":3,"name":"Acme","external_id":"acme"},{"id":4,"name":"Other"}]}`
	const rename = `{"user":{"name":"New"}}`
	const organization = `{"organization":{"notes":"n"}}`
	two := zendesksim.Limit{Requests: 2}
	for name, test := range map[string]struct {
		limits zendesksim.Limits
		steps  []step
	}{
		"account": {zendesksim.Limits{Requests: two}, []step{
			{request: "GET users", status: 200},
			{wait: 10 * time.Second, request: "GET nowhere", status: 404}, // counts, too
			{wait: 20500 * time.Millisecond, request: "GET users", status: 429, retryAfter: "30"},
			{request: "GET nowhere", status: 429, retryAfter: "30"}, // before the route is looked at
			{request: event(), status: 202},
			{wait: 29 * time.Second, request: "GET users", status: 429, retryAfter: "1"},
			{wait: time.Second, request: "GET users", status: 200},
			{request: "GET users", status: 200},
			{request: "GET users", status: 429, retryAfter: "60"}, // the window began anew
		}},
		"events": {zendesksim.Limits{Events: two}, []step{
			{request: event(), status: 202},
			{request: "GET users/1/events", status: 200},
			{request: event(), status: 429, retryAfter: "60"},
			{request: "GET users", status: 200},
		}},
		"events of a month": {zendesksim.Limits{EventsKept: zendesksim.Limit{Requests: 1, Window: 30 * 24 * time.Hour}}, []step{
			{request: event(), status: 202},
			{wait: 24 * time.Hour, request: event(), status: 429, retryAfter: "2505600"},
			{request: "GET users/1/events", status: 200},
			{wait: 29 * 24 * time.Hour, request: event(), status: 202},
		}},
		"search": {zendesksim.Limits{Searches: two}, []step{
			{request: "GET users/search?query=x", status: 200},
			{request: "GET search?query=x", status: 200},
			{request: "GET search?query=x", status: 429, retryAfter: "60"},
			{request: "GET users/search?query=x", status: 429, retryAfter: "60"},
			{request: "GET users/search?external_id=x", status: 200}, // not by the index
		}},
		"writes of one user": {zendesksim.Limits{WritesPerUser: two}, []step{
			{request: "PUT users/1 " + rename, status: 200},
			{request: upsert(`{"external_id":"a","name":1}`), status: 400}, // counts, too
			{request: upsert(`{"email":"ANN@x.org"}`), status: 429, retryAfter: "60"},
			{request: "PUT users/1 {", status: 422}, // JSON comes before
			{request: "PUT users/1 {}", status: 429, retryAfter: "60"},
			{request: "PUT users/2 " + rename, status: 200},
			{request: "POST users " + `{"user":{"name":"x"}}`, status: 201},
			{request: "GET users/1", status: 200},
		}},
		"writes of a new user": {zendesksim.Limits{WritesPerUser: two}, []step{
			{request: upsert(`{"external_id":"N","email":"n@x.org","name":""}`), status: 422},
			{request: upsert(`{"external_id":"n","email":"n@x.org","name":"New"}`), status: 201},
			{request: upsert(`{"email":"n@x.org"}`), status: 429, retryAfter: "60"}, // what was counted moved to the id
			{request: upsert(`{"name":"Nobody"}`), status: 201},
			{request: upsert(`{"name":"Nobody"}`), status: 201},
			{request: upsert(`{"name":"Nobody"}`), status: 201},
		}},
		"writes of a new user by email": {zendesksim.Limits{WritesPerUser: two}, []step{
			{request: upsert(`{"email":"n@x.org","name":""}`), status: 422},
			{request: upsert(`{"email":"N@x.org","name":""}`), status: 422},
			{request: upsert(`{"email":"n@x.org"}`), status: 429, retryAfter: "60"},
		}},
		"writes of users": {zendesksim.Limits{UserWrites: zendesksim.Limit{Requests: 1, Window: time.Second}}, []step{
			{request: "PUT users/1 " + rename, status: 200},
			{request: "PUT users/2 " + rename, status: 429, retryAfter: "1"},
			{wait: 999 * time.Millisecond, request: upsert(`{"name":"x"}`), status: 429, retryAfter: "1"},
			{wait: time.Millisecond, request: upsert(`{"name":"x"}`), status: 201},
		}},
		"what one limit refuses counts in none": {
			zendesksim.Limits{
				UserWrites:    zendesksim.Limit{Requests: 2, Window: time.Hour},
				WritesPerUser: zendesksim.Limit{Requests: 1},
			}, []step{
				{request: "PUT users/1 " + rename, status: 200},
				{request: "PUT users/1 " + rename, status: 429, retryAfter: "60"},
				{request: "PUT users/2 " + rename, status: 200},
				{wait: time.Minute, request: "PUT users/1 " + rename, status: 429, retryAfter: "3540"},
			}},
		"writes of an organization": {zendesksim.Limits{WritesPerOrganization: two}, []step{
			{request: "PUT organizations/3 " + organization, status: 200},
			{request: "PUT organizations/3 " + organization, status: 200},
			{request: "PUT organizations/3 " + organization, status: 429, retryAfter: "60"},
			{request: "PUT organizations/4 " + organization, status: 200},
			{request: `POST organizations/create_or_update {"organization":{"external_id":"acme"}}`, status: 200},
		}},
		"upserts of an organization": {zendesksim.Limits{WritesPerOrganization: two, OrganizationUpserts: true}, []step{
			{request: "PUT organizations/3 " + organization, status: 200},
			{request: `POST organizations/create_or_update {"organization":{"external_id":"ACME"}}`, status: 200},
			{request: `POST organizations/create_or_update {"organization":{"id":3}}`, status: 429, retryAfter: "60"},
			{request: `POST organizations/create_or_update {"organization":{"name":"New"}}`, status: 201},
			{request: `POST organizations/create_or_update {"organization":{"name":"Newer"}}`, status: 201},
			{request: `POST organizations/create_or_update {"organization":{"name":"Newest"}}`, status: 201},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				newAPI(t, zendesksim.Options{Limits: test.limits, Now: time.Now}, seed).take(test.steps)
			})
		})
	}
}

// The documented numbers, as a client meets them.
func TestRealisticLimits(t *testing.T) {
	const seed = `{"users":[{"id":1,"name":"Ann"}],"organizations":[{"id":3,"name":"Acme"}]}`
	for _, test := range []struct {
		request string
		wait    time.Duration // between requests
		allowed int           // in the first minute
	}{
		{"GET users", 0, 200},
		{event(), 0, 250},
		{`PUT users/1 {"user":{"name":"x"}}`, time.Second, 5},
		{upsert(`{"name":"x"}`), 0, 1},
		{upsert(`{"name":"x"}`), 999 * time.Millisecond, 1},
		{upsert(`{"name":"x"}`), time.Second, 60},
		{`PUT organizations/3 {"organization":{"notes":"x"}}`, 0, 5},
	} {
		t.Run(fmt.Sprint(test.request, " every ", test.wait), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opts := zendesksim.Realistic()
				opts.Now, opts.Latency = time.Now, 0
				a := newAPI(t, opts, seed)
				method, rest, _ := strings.Cut(test.request, " ")
				path, body, _ := strings.Cut(rest, " ")
				for n := range 251 {
					got := a.send(method, path, body)
					if over := n == test.allowed; over != (got.status == 429) {
						t.Fatalf("request %d: status %d", n+1, got.status)
					} else if over {
						return
					}
					if time.Sleep(test.wait); n == 59 && test.wait == time.Second {
						return // The minute is over.
					}
				}
				t.Error("all requests were allowed")
			})
		})
	}
}

func TestBodiesOfLimits(t *testing.T) {
	one := zendesksim.Limit{Requests: 1}
	limits := zendesksim.Limits{
		Requests: zendesksim.Limit{Requests: 100}, Events: one, Searches: one,
		WritesPerUser: one, UserWrites: zendesksim.Limit{Requests: 3}, WritesPerOrganization: one,
	}
	const seed = `{"users":[{"id":1,"name":"Ann","email":"ann@x.org","external_id":"A"},{"id":2,"name":"Bob"}],
		"organizations":[{"id":3,"name":"Acme"}]}`
	const perUser = "You have exceeded the rate limit for updating a single unique user. "
	for _, test := range []struct {
		request string
		times   int // zero: once more than allowed
		kind    string
		body    string // of which this is a part
	}{
		{"GET users/search?query=x", 2, "text/plain", accountLimitText},
		{event(), 2, "application/json", `{"errors":[{"code":"TooManyRequests","id":"5e0f0000-`},
		{`PUT users/1 {"user":{}}`, 2, "text/plain", perUser + "user email: ann@x.org id: 1 external_id: A"},
		{upsert(`{"email":"n@x.org","external_id":"n","name":""}`), 2, "text/plain", perUser + "user email: n@x.org id:  external_id: n"},
		{upsert(`{"name":"x"}`), 4, "text/plain", accountLimitText},
		{`PUT organizations/3 {"organization":{}}`, 2, "application/json",
			`{"errors":[{"code":"TooManyRequests","title":"Too many requests to update"}]}`},
		{"GET users", 101, "text/plain", accountLimitText},
	} {
		a := newAPI(t, zendesksim.Options{Limits: limits}, seed)
		method, rest, _ := strings.Cut(test.request, " ")
		path, body, _ := strings.Cut(rest, " ")
		var got answer
		for range test.times {
			got = a.send(method, path, body)
		}
		got.wants(429)
		if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, test.kind) || !strings.HasPrefix(got.text, test.body) {
			t.Errorf("%s: %s\n%s\nwant %s\n%s", test.request, kind, got.text, test.kind, test.body)
		}
	}
}

func TestHeadersOfLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := zendesksim.Options{Limits: zendesksim.SuiteTeam(), Now: time.Now}
		a := newAPI(t, opts, `{"users":[{"id":1,"name":"Ann"}]}`)
		a.get("users")
		time.Sleep(20 * time.Second)
		a.get("users").shows("X-Rate-Limit: 200", "X-Rate-Limit-Remaining: 198",
			"ratelimit-limit: 200", "ratelimit-remaining: 198", "ratelimit-reset: 40")
		a.send("POST", "users/1/events", "{}").shows("X-Rate-Limit: 250", "ratelimit-remaining: 249")
		a.get("users/search?query=x").shows("Zendesk-RateLimit-search-index: total=2500; remaining=2499; resets=60")
		a.get("users/search?external_id=x").shows("Zendesk-RateLimit-search-index: ")
		a.put("users/1", `{"user":{}}`).shows("Zendesk-RateLimit-create-update-user: total=5; remaining=4; resets=60",
			"ratelimit-remaining: 195")
	})
	plain := newAPI(t, zendesksim.Options{}, "").get("users/search?query=x")
	plain.shows("X-Rate-Limit: 100000", "X-Rate-Limit-Remaining: 99999", "ratelimit-limit: 100000",
		"ratelimit-remaining: 99999", "ratelimit-reset: 60", "Zendesk-RateLimit-search-index: ")
	full := newAPI(t, zendesksim.Options{Limits: zendesksim.Limits{Requests: zendesksim.Limit{Requests: 1}}}, "")
	full.get("users")
	full.send("GET", "users", "").wants(429).shows("ratelimit-remaining: 0", "Retry-After: 60")
}

// shows checks headers, each as "Name: value"; an empty value is that of a header which is not there.
func (a answer) shows(headers ...string) {
	a.t.Helper()
	for _, header := range headers {
		name, want, _ := strings.Cut(header, ": ")
		if got := a.header.Get(name); got != want {
			a.t.Errorf("%s: %s is %q, want %q", a.what, name, got, want)
		}
	}
}

// Whoever is not authenticated takes nothing away from those who are.
func TestLimitsAreForTheAuthenticated(t *testing.T) {
	a := newAPI(t, zendesksim.Options{Limits: zendesksim.Limits{Requests: zendesksim.Limit{Requests: 1}}}, "")
	for range 3 {
		a.serve(httptest.NewRequest("GET", "/api/v2/users", nil)).wants(401)
	}
	a.get("users")
	a.serve(httptest.NewRequest("GET", "/api/v2/users", nil)).wants(401) // This check comes first.
}

// The counters give up the windows of users who were not written for long.
func TestManyUsersAreLimitedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := zendesksim.Limits{WritesPerUser: zendesksim.Limit{Requests: 1}}
		a := newAPI(t, zendesksim.Options{Limits: limits, Now: time.Now}, "")
		for i := range 1500 {
			if i == 700 {
				time.Sleep(time.Minute)
			}
			a.user(fmt.Sprintf(`{"external_id":"u%d","name":"n"}`, i))
		}
		for i, status := range map[int]int{0: 200, 699: 200, 700: 429, 1499: 429} {
			a.post("users/create_or_update", fmt.Sprintf(`{"user":{"external_id":"u%d"}}`, i)).wants(status)
		}
	})
}

// Requests that create one user overlap while the answer of the first is on its way.
func TestConflicts(t *testing.T) {
	const conflict = `{"error":"DatabaseConflict","description":"Database collision"}`
	for name, test := range map[string]struct {
		first, second string
		wait          time.Duration
		plain         bool
		status        int
	}{
		"same external id": {`{"external_id":"A","name":"x"}`, `{"external_id":"a","name":"y"}`, time.Second / 2, false, 409},
		"same email":       {`{"external_id":"a","email":"a@x.org","name":"x"}`, `{"email":"A@x.org","name":"y"}`, time.Second / 2, false, 409},
		"others":           {`{"external_id":"a","name":"x"}`, `{"external_id":"b","name":"y"}`, time.Second / 2, false, 201},
		"without keys":     {`{"name":"x"}`, `{"name":"x"}`, time.Second / 2, false, 201},
		"after each other": {`{"external_id":"a","name":"x"}`, `{"external_id":"a","name":"y"}`, 2 * time.Second, false, 200},
		"of a known user":  {`{"external_id":"known","name":"x"}`, `{"external_id":"known","name":"y"}`, time.Second / 2, false, 200},
		"plain":            {`{"external_id":"a","name":"x"}`, `{"external_id":"a","name":"y"}`, time.Second / 2, true, 200},
		"wrong types":      {`{"external_id":"a","name":"x"}`, `{"external_id":"a","name":1}`, time.Second / 2, false, 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opts := zendesksim.Options{UpsertConflicts: !test.plain, Latency: time.Second, Now: time.Now}
				a := newAPI(t, opts, `{"users":[{"name":"Known","external_id":"known"}]}`)
				done := make(chan answer)
				go func() { done <- a.post("users/create_or_update", `{"user":`+test.first+`}`) }()
				time.Sleep(test.wait)
				got := a.post("users/create_or_update", `{"user":`+test.second+`}`).wants(test.status)
				if test.status == 409 {
					got.refuses(409, conflict)
				}
				if first := <-done; first.status/100 != 2 {
					t.Errorf("first: %d %s", first.status, first.text)
				}
			})
		})
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, zendesksim.Options{Latency: time.Second, Now: time.Now}, "")
		began := time.Now()
		a.get("users")
		if took := time.Since(began); took != time.Second {
			t.Errorf("an answer took %s", took)
		}
	})
}

func TestIndexDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := zendesksim.Options{IndexDelay: time.Minute, Now: time.Now}
		a := newAPI(t, opts, `{"users":[{"id":1,"name":"Old","email":"old@x.org"}]}`)
		finds := func(query, names string) {
			t.Helper()
			a.get("users/search?query="+query).has("users.*.name", names)
			a.get("search?query="+query).has("results.*.name", names)
		}
		finds("old@x.org", "Old")
		id := a.user(`{"name":"New","external_id":"n","email":"new@x.org"}`)
		a.post("users/1/identities", `{"identity":{"type":"email","value":"second@x.org"}}`).wants(201)
		time.Sleep(time.Minute - 1)
		finds("new@x.org", "")
		finds("second@x.org", "")
		finds("role:end-user", "Old")
		a.get("users/search?external_id=N").has("users.*.name", "New") // That is not the index.
		a.get("users?external_id=N").has("users.*.name", "New")
		a.get("users/"+id).has("user.name", "New")
		time.Sleep(time.Nanosecond)
		finds("new@x.org", "New")
		finds("second@x.org", "Old")
		identity := a.get("users/1/identities").value("identities.1.id")
		a.put("users/1/identities/"+identity, `{"identity":{"value":"third@x.org"}}`).wants(200)
		finds("third@x.org", "")
		time.Sleep(time.Minute)
		finds("third@x.org", "Old")
	})
}

func TestRealisticOptions(t *testing.T) {
	opts := zendesksim.Realistic()
	if !opts.UpsertConflicts || opts.IndexDelay <= 0 || opts.Latency <= 0 || opts.Limits != zendesksim.SuiteTeam() {
		t.Errorf("%+v", opts)
	}
	if cmp.Or(opts.AccessToken, opts.ClientID, opts.Subdomain) != "" {
		t.Error("a realistic simulator insists on something")
	}
}
