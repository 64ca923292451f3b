package zendesksim_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

// token asks for a token. The body is JSON, or a form where it does not begin with a brace.
func (a api) token(body string) answer {
	a.t.Helper()
	r := httptest.NewRequest("POST", "https://acme.zendesk.com/oauth/tokens", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if !strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	return a.serve(r)
}

// as sends a request with a token.
func (a api) as(token, method, path, body string) answer {
	a.t.Helper()
	r := httptest.NewRequest(method, "https://acme.zendesk.com/api/v2/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	return a.serve(r)
}

const grant = `"grant_type":"client_credentials","client_id":"it","client_secret":"s3cret"`

func oauthOptions() zendesksim.Options {
	return zendesksim.Options{ClientID: "it", ClientSecret: "s3cret"}
}

func TestTokens(t *testing.T) {
	a := newAPI(t, oauthOptions(), "")
	got := a.token(`{` + grant + `,"scope":"read write"}`).wants(200)
	got.has("token_type", "bearer").has("scope", "read write").has("expires_in", "172800")
	first := got.value("access_token")
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"it"}, "client_secret": {"s3cret"}, "scope": {"read"}}
	second := a.token(form.Encode()).wants(200).value("access_token")
	if first == second || len(first) < 20 {
		t.Errorf("tokens %s and %s", first, second)
	}
	a.as(first, "GET", "users", "").wants(200)
	a.as(second, "GET", "users", "").wants(200)
	a.as("another", "GET", "users", "").wants(401).has("error", "invalid_token")
	r := httptest.NewRequest("GET", "/api/v2/users", nil)
	r.SetBasicAuth("a@b.c/token", "any")
	a.serve(r).wants(401)                                         // Only the client's tokens are good.
	a.as(first, "POST", "oauth/tokens", "{"+grant+"}").wants(404) // That is below /api/v2.
	r = httptest.NewRequest("GET", "/oauth/tokens", nil)
	r.Header.Set("Authorization", "Bearer "+first)
	a.serve(r).refuses(404, noEndpoint)
}

func TestTokenRefusals(t *testing.T) {
	a := newAPI(t, oauthOptions(), "")
	for body, want := range map[string]string{
		`{"grant_type":"client_credentials","client_id":"it","client_secret":"other"}`:     "401 invalid_client",
		`{"grant_type":"client_credentials","client_id":"other","client_secret":"s3cret"}`: "401 invalid_client",
		`{}`: "401 invalid_client",
		`{"grant_type":"password","client_id":"it","client_secret":"s3cret"}`:        "400 unsupported_grant_type",
		`{"client_id":"it","client_secret":"s3cret"}`:                                "400 unsupported_grant_type",
		`{"grant_type":"client_credentials","client_id":1,"client_secret":"s3cret"}`: "400 invalid_request",
		`{` + grant + `,"expires_in":299}`:                                           "400 invalid_request",
		`{` + grant + `,"expires_in":172801}`:                                        "400 invalid_request",
		`{` + grant + `,"expires_in":"soon"}`:                                        "400 invalid_request",
		`{`:                                                                          "422 Unprocessable Entity",
		`grant_type=%zz`:                                                             "422 Unprocessable Entity",
	} {
		got := a.token(body)
		if text := fmt.Sprint(got.status, " ", got.value("error")); text != want {
			t.Errorf("%s: %s, want %s", body, text, want)
		}
	}
	a.token(`{"grant_type":"client_credentials"}`).has("error_description", "Client authentication failed due to "+
		"unknown client, no client authentication included, or unsupported authentication method.")
	elsewhere := newAPI(t, zendesksim.Options{Subdomain: "other"}, "")
	elsewhere.token(`{`+grant+`}`).wants(404).has("error.title", "No help desk at acme.zendesk.com")
}

func TestTokensExpire(t *testing.T) {
	const expired = `{"error":"invalid_token","error_description":"The access token provided is expired, revoked, malformed or invalid for other reasons."}`
	for name, test := range map[string]struct {
		client   string
		lifetime time.Duration // of the options
		asked    string
		want     time.Duration
	}{
		"default":       {"it", 0, "", 48 * time.Hour},
		"option":        {"it", time.Hour, "", time.Hour},
		"asked for":     {"it", time.Hour, `,"expires_in":600`, 10 * time.Minute},
		"not so long":   {"it", time.Minute, `,"expires_in":"600"`, time.Minute},
		"of any client": {"", time.Hour, "", time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opts := zendesksim.Options{ClientID: test.client, TokenLifetime: test.lifetime, Now: time.Now}
				if test.client != "" {
					opts.ClientSecret = "s3cret"
				}
				a := newAPI(t, opts, "")
				got := a.token(`{` + grant + test.asked + `,"scope":"read"}`).wants(200)
				got.has("expires_in", fmt.Sprint(int(test.want.Seconds())))
				token := got.value("access_token")
				time.Sleep(test.want - 1)
				a.as(token, "GET", "users", "").wants(200)
				time.Sleep(time.Nanosecond)
				a.as(token, "GET", "users", "").refuses(401, expired)
				again := a.token(`{` + grant + `,"scope":"read"}`).value("access_token")
				a.as(again, "GET", "users", "").wants(200)
			})
		})
	}
}

// A scope that is missing, or misspelt, is a token that is good for nothing.
func TestScopes(t *testing.T) {
	a := newAPI(t, oauthOptions(), `{"users":[{"id":1,"name":"Ann"}]}`)
	requests := []struct{ method, path, body string }{
		{"GET", "users", ""},
		{"PUT", "users/1", `{"user":{"name":"x"}}`},
		{"GET", "users/1/identities", ""},
		{"GET", "users/1/events", ""},
		{"GET", "user_fields", ""},
		{"GET", "organizations", ""},
		{"GET", "organization_memberships", ""},
		{"GET", "search?query=x", ""},
	}
	for scope, allowed := range map[string]string{
		"read write":                     "11111111",
		"read":                           "10111111",
		"write":                          "01000000",
		"users:read":                     "10111000",
		"users:read users:write":         "11111000",
		"organizations:read users:write": "01000110",
		"raed":                           "00000000",
		"":                               "00000000",
	} {
		token := a.token(`{` + grant + `,"scope":"` + scope + `"}`).wants(200).value("access_token")
		got := ""
		for _, request := range requests {
			switch answer := a.as(token, request.method, request.path, request.body); answer.status {
			case 200:
				got += "1"
			case 403:
				got += "0"
				answer.has("error.title", "Forbidden")
			default:
				t.Errorf("%s: status %d", answer.what, answer.status)
			}
		}
		if got != allowed {
			t.Errorf("scope %q allows %s, want %s", scope, got, allowed)
		}
	}
}

// Tokens are no part of the API: they count in no limit, and change nothing of the account.
func TestTokensAreFree(t *testing.T) {
	var log zendesksim.Log
	opts := zendesksim.Options{Limits: zendesksim.Limits{Requests: zendesksim.Limit{Requests: 1}}, Observe: log.Add}
	a := newAPI(t, opts, "")
	for range 3 {
		a.token(`{` + grant + `,"scope":"read"}`).wants(200)
	}
	a.get("users")
	for _, entry := range log.Entries() {
		if entry.Effect != 0 {
			t.Errorf("%+v", entry)
		}
	}
}
