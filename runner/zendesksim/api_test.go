package zendesksim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

// An api talks to a simulator through its public door.
type api struct {
	t   *testing.T
	sim *zendesksim.Server
}

// newAPI returns an api to a new simulator whose clock stands still. The seed is an account as JSON; empty: nothing.
func newAPI(t *testing.T, opts zendesksim.Options, seed string) api {
	t.Helper()
	if seed != "" {
		account, err := zendesksim.ReadAccount(strings.NewReader(seed))
		if err != nil {
			t.Fatal(err)
		}
		opts.Account = account
	}
	if opts.Now == nil {
		opts.Now = func() time.Time { return time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC) }
	}
	sim, err := zendesksim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return api{t, sim}
}

// An answer is what a request got.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	text   string
	body   any
}

// send sends a request with a credential. The path is below /api/v2/; the body is JSON, and empty for none.
func (a api) send(method, path, body string) answer {
	a.t.Helper()
	r := httptest.NewRequest(method, "https://acme.zendesk.com/api/v2/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	return a.serve(r)
}

func (a api) serve(r *http.Request) answer {
	a.t.Helper()
	return a.serveBy(a.sim, r)
}

// serveBy has a request served by a handler, such as one in front of the simulator.
func (a api) serveBy(h http.Handler, r *http.Request) answer {
	a.t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	got := answer{t: a.t, what: r.Method + " " + r.URL.String(), status: w.Code, header: w.Header(), text: w.Body.String()}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		decoder := json.NewDecoder(strings.NewReader(got.text))
		decoder.UseNumber()
		if err := decoder.Decode(&got.body); err != nil {
			a.t.Fatalf("%s: %v in %s", got.what, err, got.text)
		}
	}
	return got
}

func (a api) get(path string) answer {
	a.t.Helper()
	return a.send(http.MethodGet, path, "").wants(http.StatusOK)
}

func (a api) post(path, body string) answer {
	a.t.Helper()
	return a.send(http.MethodPost, path, body)
}

func (a api) put(path, body string) answer {
	a.t.Helper()
	return a.send(http.MethodPut, path, body)
}

func (a api) delete(path string) answer {
	a.t.Helper()
	return a.send(http.MethodDelete, path, "")
}

// user creates or updates a user and returns its id.
func (a api) user(attributes string) string {
	a.t.Helper()
	got := a.post("users/create_or_update", `{"user":`+attributes+`}`)
	if got.status != http.StatusOK && got.status != http.StatusCreated {
		a.t.Fatalf("%s: %d %s", got.what, got.status, got.text)
	}
	return got.value("user.id")
}

// organization creates or updates an organization and returns its id.
func (a api) organization(attributes string) string {
	a.t.Helper()
	got := a.post("organizations/create_or_update", `{"organization":`+attributes+`}`)
	if got.status != http.StatusOK && got.status != http.StatusCreated {
		a.t.Fatalf("%s: %d %s", got.what, got.status, got.text)
	}
	return got.value("organization.id")
}

func (a api) userField(attributes string) string {
	a.t.Helper()
	return a.post("user_fields", `{"user_field":`+attributes+`}`).wants(http.StatusCreated).value("user_field.id")
}

// wants checks the status.
func (a answer) wants(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.what, a.status, status, a.text)
	}
	return a
}

// has checks a value of the body: its JSON without quotes around a string.
func (a answer) has(path, want string) answer {
	a.t.Helper()
	if got := a.value(path); got != want {
		a.t.Errorf("%s: %s is %s, want %s\n%s", a.what, path, got, want, a.text)
	}
	return a
}

// value returns a value of the body, such as that of users.0.name; "#" is the length of a list,
// and "*.name" the names of all its elements.
func (a answer) value(path string) string {
	a.t.Helper()
	value := a.body
	parts := strings.Split(path, ".")
	for i, part := range parts {
		switch container := value.(type) {
		case map[string]any:
			member, found := container[part]
			if !found {
				return "absent"
			}
			value = member
		case []any:
			if part == "#" {
				return strconv.Itoa(len(container))
			}
			if part == "*" {
				return each(a, container, strings.Join(parts[i+1:], "."))
			}
			index, err := strconv.Atoi(part)
			if err != nil || index >= len(container) {
				return "absent"
			}
			value = container[index]
		default:
			return "absent"
		}
	}
	if text, isText := value.(string); isText {
		return text
	}
	data, err := json.Marshal(value)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(data)
}

func each(a answer, list []any, path string) string {
	values := make([]string, 0, len(list))
	for _, element := range list {
		values = append(values, answer{t: a.t, body: element}.value(path))
	}
	return strings.Join(values, ",")
}

// refuses checks a refusal: its status and its whole body.
func (a answer) refuses(status int, body string) {
	a.t.Helper()
	a.wants(status)
	var want any
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&want); err != nil {
		a.t.Fatal(err)
	}
	got, _ := json.Marshal(a.body)
	wanted, _ := json.Marshal(want)
	if string(got) != string(wanted) {
		a.t.Errorf("%s: body\n%s\nwant\n%s", a.what, got, wanted)
	}
}

// invalid is the body of a record that has one problem.
func invalid(attribute, code, description string) string {
	return fmt.Sprintf(`{"error":"RecordInvalid","description":"Record validation errors",`+
		`"details":{%q:[{"description":%q,"error":%q}]}}`, attribute, description, code)
}

// wrongType is the body of an attribute that has a wrong JSON type.
func wrongType(attribute, problem, action string) string {
	return fmt.Sprintf(`{"error":{"title":"Invalid attribute","message":"You passed an invalid value for the %s attribute. `+
		`Invalid parameter: %s %s from api/v2/%s"}}`, attribute, attribute, problem, action)
}

const (
	notFound   = `{"error":"RecordNotFound","description":"Not found"}`
	noEndpoint = `{"error":"InvalidEndpoint","description":"Not found"}`
)
