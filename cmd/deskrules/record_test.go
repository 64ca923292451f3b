package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recordedFolder is a folder with files, in which a verb is started.
func recordedFolder(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// runVerb gives what a command line wrote, and its status.
func runVerb(t *testing.T, args ...string) (out, complaints string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), args, shell{in: strings.NewReader(""), out: &o, err: &e, env: os.LookupEnv})
	return o.String(), e.String(), status
}

// echo answers with everything that it was sent, as a server might that helps
// its developers.
func echo(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/oauth/") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":3600}`, fetchedToken)
			return
		}
		user, password, _ := r.BasicAuth()
		body, _ := json.Marshal(map[string]any{
			"user": map[string]any{"id": 7}, "said": r.Header.Get("Authorization"), "plain": []string{user, password}, "url": "http://" + r.Host + r.URL.String(),
		})
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const recordedEvent = `{"type": "identify", "userId": "u1", "traits": {"name": "Ada Lovelace", "email": "ada@lovelace.org"}}`

// A server that repeats credentials leaves none in a case.
func TestRecordedAnswersHoldNoCredentials(t *testing.T) {
	t.Setenv("STATIC", staticToken)
	t.Setenv("API", apiToken)
	t.Setenv("CLIENT", clientSecret)
	for _, settings := range []string{
		"accessToken: ${STATIC}", "email: me@example.com\n  apiToken: ${API}", "clientId: it\n  clientSecret: ${CLIENT}",
	} {
		recordedFolder(t, map[string]string{
			"event.json":     recordedEvent,
			"deskrules.yaml": "destination: zendesk\nsettings:\n  domain: example\n  " + settings + "\n",
		})
		out, complaints, status := runVerb(t, "record", "event.json", "--base-url", echo(t)+"/api/v2")
		if status != statusDone || !strings.Contains(out, "***") {
			t.Errorf("status %d\n%s\n%s", status, complaints, out)
		}
		for what, form := range credentialForms(t) {
			if strings.Contains(out, form) {
				t.Errorf("the case holds a credential, %s:\n%s", what, out)
			}
		}
		if strings.Contains(out, "127.0.0.1") || strings.Contains(out, "lovelace") {
			t.Errorf("the case says where it was recorded, or of whom:\n%s", out)
		}
	}
}

// A folder of rules whose settings are of every kind that a case must treat in
// its own way.
func ownRules(settings string) map[string]string {
	return map[string]string{
		"event.json": recordedEvent,
		"rules/destination.yaml": `destination: crm
title: CRM
rules: [save]
match: {by: event.type}
settings:
` + settings + `
url: https://{config.domain}.crm.example/api/
headers:
  X-Partner: '{config.partner}'
authentication:
  - needs: [token]
    bearer: '{config.token}'
`,
		"rules/save.yaml": `rule: save
event: identify
steps:
  - post: people
    idempotent: true
    body:
      - {to: id, from: event.userId}
      - {to: list, from: config.list}
`,
		"deskrules.yaml": "settings:\n  domain: acme\n  token: t0ken-of-acme\n  partner: p4rtner-of-acme\n  list: 12\n",
	}
}

// Settings that are secret are never in a case, needed for a way in or not.
func TestRecordedSettingsHoldNoSecrets(t *testing.T) {
	recordedFolder(t, ownRules(`  domain: {type: string, required: true, example: example, title: Domain}
  token: {type: string, secret: true, example: s3cret, title: Token}
  partner: {type: string, secret: true, title: Partner}
  list: {type: integer, title: List}`))
	out, complaints, status := runVerb(t, "record", "event.json", "--rules", "rules", "--base-url", echo(t))
	if status != statusDone || strings.Contains(out, "acme") || strings.Contains(out, "t0ken") || strings.Contains(out, "p4rtner") {
		t.Errorf("status %d\n%s\n%s", status, complaints, out)
	}
	if !strings.Contains(out, "-- settings.yaml --\nlist: 12\npartner: simulated\n") {
		t.Errorf("other settings are gone:\n%s", out)
	}
}

// What a case lacks is told before the first request, and with or without its
// slash a URL is the same.
func TestRecordChecksBeforeItSends(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		_, _ = w.Write([]byte(`{"next":"http://` + r.Host + `/api/x"}`))
	}))
	defer server.Close()
	recordedFolder(t, ownRules(`  domain: {type: string, title: Domain}
  token: {type: string, secret: true, example: s3cret, title: Token}
  partner: {type: string, title: Partner}
  list: {type: integer, title: List}`))
	_, complaints, status := runVerb(t, "record", "event.json", "--rules", "rules", "--base-url", server.URL)
	if status != statusWrong || asked != 0 || !strings.Contains(complaints, "example:") {
		t.Errorf("status %d, %d requests\n%s", status, asked, complaints)
	}
	var cases []string
	for _, slash := range []string{"", "/"} {
		recordedFolder(t, map[string]string{"event.json": recordedEvent})
		out, complaints, status := runVerb(t, "record", "event.json", "--base-url", server.URL+"/api"+slash)
		if status != statusDone || !strings.Contains(out, `"next":"https://example.zendesk.com/api/v2/x"`) {
			t.Errorf("status %d\n%s\n%s", status, complaints, out)
		}
		cases = append(cases, out)
	}
	if cases[0] != cases[1] {
		t.Errorf("a slash makes another case:\n%s\n%s", cases[0], cases[1])
	}
}

// A connection that is not made is recorded as that.
func TestRecordedRefusal(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	files := ownRules(`  domain: {type: string, required: true, example: example, title: Domain}
  token: {type: string, secret: true, example: s3cret, title: Token}
  partner: {type: string, example: p, title: Partner}
  list: {type: integer, title: List}`)
	files["rules/destination.yaml"] += "retry:\n  attempts: 1\n"
	recordedFolder(t, files)
	out, complaints, status := runVerb(t, "record", "event.json", "--rules", "rules", "--base-url", server.URL)
	if status != statusDone || !strings.Contains(out, "POST people?\nrefused\n") {
		t.Errorf("status %d\n%s\n%s", status, complaints, out)
	}
}

// An answer that is no JSON, or that looks like the lines of a case, is no harm.
func TestRecordedAnswersThatAreNoJSON(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "of ada@lovelace.org")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte("Ada: Lovelace\n\n-- want --\nada@lovelace.org\n"))
	}))
	defer server.Close()
	recordedFolder(t, map[string]string{"event.json": recordedEvent})
	out, complaints, status := runVerb(t, "record", "event.json", "--base-url", server.URL)
	if status != statusDone || strings.Contains(strings.ToLower(out), "lovelace") || strings.Count(out, "-- want --") != 1 {
		t.Errorf("status %d\n%s\n%s", status, complaints, out)
	}
}
