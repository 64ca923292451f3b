package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/deskrules/deskrules/engine"
)

// A tattler repeats whatever it was sent with, in answers of every kind, as
// servers do that want to help. It gives tokens, and takes none of them for long.
type tattler struct{ calls atomic.Int64 }

func (s *tattler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	credential := r.Header.Get("Authorization")
	if user, password, ok := r.BasicAuth(); ok {
		credential += " " + user + " " + password
	}
	w.Header().Set("X-Sent", credential)
	if strings.HasPrefix(r.URL.Path, "/oauth/") {
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":3600,"hint":%q}`, fetchedToken, r.Form.Encode())
		return
	}
	body, _ := json.Marshal(map[string]any{"error": "Bad", "description": "you sent " + credential, "details": map[string]any{
		"base": []map[string]string{{"description": credential, "error": "Bad"}},
	}})
	switch s.calls.Add(1) % 6 {
	case 0:
		w.WriteHeader(422)
	case 1:
		w.WriteHeader(400)
		body = []byte("<html>" + credential + "</html>")
	case 2:
		http.Redirect(w, r, "https://elsewhere.example/?was="+url.QueryEscape(credential), http.StatusFound)
		return
	case 3:
		w.WriteHeader(403)
	case 4:
		body = []byte(`{"users":"` + credential + `","next_page":"https://elsewhere.example/` + url.PathEscape(credential) + `"}`)
	case 5:
		w.WriteHeader(410)
	}
	_, _ = w.Write(body)
}

const (
	staticToken  = `st4tic+to"ken/=`
	apiToken     = "4pi-tok3n/+é"
	clientSecret = "cl13nt-s3cret+/"
	fetchedToken = "f3tched-t0ken+/="
)

// However a destination answers, credentials are in nothing that the command
// writes: not in what it prints, in reports, dead letters or journals.
func TestCredentialsAreNowhere(t *testing.T) {
	t.Setenv("STATIC", staticToken)
	t.Setenv("API", apiToken)
	t.Setenv("CLIENT", clientSecret)
	events, err := filepath.Abs("../../examples/events.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	for name, settings := range map[string]string{
		"token":     "accessToken: ${STATIC}",
		"api token": "email: me@example.com\n  apiToken: ${API}",
		"client":    "clientId: it\n  clientSecret: ${CLIENT}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			server := httptest.NewServer(&tattler{})
			defer server.Close()
			config := "destination: zendesk\nsettings:\n  domain: example\n  " + settings + "\n"
			if err := os.WriteFile("deskrules.yaml", []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, output := range []string{"text", "json"} {
				var screen bytes.Buffer
				status := run(t.Context(), []string{
					"run", "--base-url", server.URL + "/api/v2/", "--unlimited", "--output", output,
					"--journal", output + ".journal", "--report", output + ".report", "--dead-letter", output + ".dead", events,
				}, shell{out: &screen, err: &screen, env: os.LookupEnv})
				if status != statusUndelivered {
					t.Errorf("status %d\n%s", status, &screen)
				}
				if err := os.WriteFile(output+".screen", screen.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			grepAll(t, ".")
		})
	}
}

// grepAll looks into every file for every form of every credential.
func grepAll(t *testing.T, folder string) {
	t.Helper()
	looked := 0
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "deskrules.yaml" {
			return err
		}
		looked++
		text, err := os.ReadFile(filepath.Join(folder, name))
		for what, form := range credentialForms(t) {
			if bytes.Contains(text, []byte(form)) {
				t.Errorf("%s holds a credential, %s", name, what)
			}
		}
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, error %v", name, info.Mode(), err)
		}
		return err
	})
	if err != nil || looked != 8 {
		t.Errorf("%d files, error %v", looked, err)
	}
}

func credentialForms(t *testing.T) map[string]string {
	t.Helper()
	forms := map[string]string{}
	for name, secret := range map[string]string{"static": staticToken, "api": apiToken, "client": clientSecret, "fetched": fetchedToken} {
		quoted, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		forms[name] = secret
		forms[name+" in JSON"] = string(quoted[1 : len(quoted)-1])
		forms[name+" in a query"] = url.QueryEscape(secret)
		forms[name+" in a path"] = url.PathEscape(secret)
	}
	basic := base64.StdEncoding.EncodeToString([]byte("me@example.com/token:" + apiToken))
	forms["basic"] = strings.TrimRight(basic, "=")
	return forms
}

// A panic says where it happened, and a runner that is printed, nothing.
func TestPrintedSettingsHideCredentials(t *testing.T) {
	made, err := (sources{}).load(shell{out: &bytes.Buffer{}, err: &bytes.Buffer{}, env: os.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	config, err := made.program.Configure(map[string]any{"domain": "example", "accessToken": staticToken})
	if err != nil {
		t.Fatal(err)
	}
	var credential engine.Credential = config.Credential()
	for _, printed := range []string{fmt.Sprint(credential), fmt.Sprintf("%+v", credential), fmt.Sprintf("%#v", credential), fmt.Sprintf("%+v", config)} {
		if strings.Contains(printed, staticToken) {
			t.Errorf("printed: %s", printed)
		}
	}
}
