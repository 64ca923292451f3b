package rules_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/deskrules/deskrules/engine"
)

// TestPermit shows which differences from a recording count and which do not:
// a comparison that let too much pass would prove nothing.
func TestPermit(t *testing.T) {
	tests := []struct {
		name, want, got string
		differs         bool
	}{
		{"equal", `{"user":{"name":"A"}}`, `{"user":{"name":"A"}}`, false},
		{"user_id", `{"user":{"name":"A"}}`, `{"user":{"name":"A","user_id":"7"}}`, false},
		{"user_id recorded, too", `{"user":{"user_id":"8"}}`, `{"user":{"user_id":"7"}}`, true},
		{"user_id elsewhere", `{"profile":{}}`, `{"profile":{"user_id":"7"}}`, true},
		{"created_at", `{"event":{}}`, `{"event":{"created_at":"2026-01-01T00:00:00Z"}}`, false},
		{"type of a user field", `{"user_field":{"key":"a"}}`, `{"user_field":{"key":"a","type":"text"}}`, false},
		{"type of an organization field", `{"organization_field":{}}`, `{"organization_field":{"type":"text"}}`, false},
		{"type elsewhere", `{"identity":{}}`, `{"identity":{"type":"email"}}`, true},
		{"domain in an array", `{"organization":{"domain_names":"a.example"}}`, `{"organization":{"domain_names":["a.example"]}}`, false},
		{"another domain", `{"organization":{"domain_names":"a.example"}}`, `{"organization":{"domain_names":["b.example"]}}`, true},
		{"two domains", `{"organization":{"domain_names":"a.example"}}`, `{"organization":{"domain_names":["a.example","b.example"]}}`, true},
		{"tags in an array", `{"organization":{"tags":"a"}}`, `{"organization":{"tags":["a"]}}`, true},
		{"id as a string", `{"m":{"user_id":900113780483}}`, `{"m":{"user_id":"900113780483"}}`, false},
		{"id as a number", `{"user":{"external_id":"12"}}`, `{"user":{"external_id":12}}`, false},
		{"other digits", `{"user":{"external_id":"012"}}`, `{"user":{"external_id":12}}`, true},
		{"number elsewhere", `{"user":{"phone":"12"}}`, `{"user":{"phone":12}}`, true},
		{"missing", `{"user":{"name":"A","email":"a@b.c"}}`, `{"user":{"name":"A"}}`, true},
		{"more", `{"user":{"name":"A"}}`, `{"user":{"name":"A","email":"a@b.c"}}`, true},
		{"in an array", `{"profile":{"identifiers":[{"id":1}]}}`, `{"profile":{"identifiers":[{"id":"1"}]}}`, false},
		{"body and none", `{"user":{}}`, `null`, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := write{Method: "POST", Path: "users.json", Body: value(t, test.want)}
			got := write{Method: "POST", Path: "users", Body: value(t, test.got)}
			if difference := want.differs(got); (difference != "") != test.differs {
				t.Errorf("want a difference: %t, got %q", test.differs, difference)
			}
		})
	}
}

// TestAnswers shows which exchange is taken for a request.
func TestAnswers(t *testing.T) {
	search := exchange{Method: http.MethodGet, Path: "users/search.json", Query: map[string]any{"query": "a+b@c.example"}}
	list := exchange{Method: http.MethodGet, Path: "user_fields.json"}
	create := exchange{Method: http.MethodPost, Path: "users/create_or_update", Body: value(t, `{"user":{"name":"A","tags":["x"]}}`)}
	tests := []struct {
		name     string
		exchange exchange
		request  request
		want     bool
	}{
		{"term in quotes", search, get("users/search", `query=email:%22a%2Bb@c.example%22`), true},
		{"term with a type", search, get("users/search.json", `query=type:user+email:a%2Bb@c.example`), true},
		{"another term", search, get("users/search.json", `query=a@c.example`), false},
		{"no term", search, get("users/search.json", `external_id=7`), false},
		{"a page of a list", list, get("user_fields", `page[size]=100`), true},
		{"another path", list, get("organization_fields.json", ``), false},
		{"another method", list, request{write: write{Method: http.MethodPost, Path: "user_fields.json"}}, false},
		{"contained", create, post(t, `{"user":{"name":"A","email":"a@b.c","tags":["x"]}}`), true},
		{"another value", create, post(t, `{"user":{"name":"B","tags":["x"]}}`), false},
		{"more in an array", create, post(t, `{"user":{"name":"A","tags":["x","y"]}}`), false},
		{"no body", create, request{write: write{Method: http.MethodPost, Path: "users/create_or_update"}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.exchange.answers(test.request); got != test.want {
				t.Errorf("%s: want %t, got %t", test.request, test.want, got)
			}
		})
	}
}

// TestUnknown shows that a request which the recording does not have is held
// against the rules, unless it only reads.
func TestUnknown(t *testing.T) {
	account := &replayed{}
	if status, _ := account.answer(get("users.json", "")); status != http.StatusOK || len(account.unknown) != 0 {
		t.Errorf("a GET: want 200 and nothing held against it, got %d and %q", status, account.unknown)
	}
	if status, _ := account.answer(post(t, `{"user":{}}`)); status != http.StatusBadRequest || len(account.unknown) != 1 {
		t.Errorf("a POST: want 400 and one complaint, got %d and %q", status, account.unknown)
	}
}

// TestOutcome shows what satisfies an expectation.
func TestOutcome(t *testing.T) {
	tests := []struct {
		got   engine.Status
		want  string
		wrote bool
		ok    bool
	}{
		{engine.Delivered, "delivered", true, true},
		{engine.Ignored, "delivered", false, false},
		{engine.Rejected, "rejected", false, true},
		{engine.Ignored, "rejected", false, true},
		{engine.Ignored, "rejected", true, false},
		{engine.Failed, "rejected", false, false},
		{engine.Failed, "failed", true, true},
		{engine.Unfinished, "failed", true, true},
		{engine.Uncertain, "failed", true, true},
		{engine.Rejected, "failed", false, false},
	}
	for _, test := range tests {
		if ok := satisfies(test.got, test.want, test.wrote); ok != test.ok {
			t.Errorf("%s for %s, with writes: %t: want %t, got %t", test.got, test.want, test.wrote, test.ok, ok)
		}
	}
}

// TestWords shows that the words of the recorded error must be in the reason.
func TestWords(t *testing.T) {
	r := &recording{}
	r.Expect.Outcome, r.Expect.Error = "rejected", "UserId is a mandatory field for group"
	if problems := r.compareOutcome(engine.Outcome{Status: engine.Rejected, Reason: "group needs a USERID"}, nil); len(problems) != 0 {
		t.Errorf("want no problem, got %q", problems)
	}
	if problems := r.compareOutcome(engine.Outcome{Status: engine.Rejected, Reason: "group needs a user"}, nil); len(problems) != 1 {
		t.Errorf("want one problem, got %q", problems)
	}
}

func TestEmptyList(t *testing.T) {
	tests := map[string]string{
		"users/search.json":                  "users",
		"users.json":                         "users",
		"users/7/identities":                 "identities",
		"users/7/events":                     "events",
		"users/7/organization_memberships":   "organization_memberships",
		"organizations/search":               "organizations",
		"user_fields.json":                   "user_fields",
		"organization_fields":                "organization_fields",
		"search.json":                        "results",
		"organizations/7/organization_merge": "organizations",
	}
	for path, want := range tests {
		if got := listName(bare(path)); got != want {
			t.Errorf("%s: want %s, got %s", path, want, got)
		}
	}
}

func value(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := decode([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func get(path, query string) request {
	values, _ := url.ParseQuery(query) // The tests are well-formed.
	return request{write: write{Method: http.MethodGet, Path: path}, query: values}
}

func post(t *testing.T, body string) request {
	t.Helper()
	return request{write: write{Method: http.MethodPost, Path: "users/create_or_update.json", Body: value(t, body)}}
}
