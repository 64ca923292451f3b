package zendesksim_test

import (
	"os"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func TestTags(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"users":[{"id":7,"name":"Ann","tags":["vip"]}],"organizations":[{"id":8,"name":"Acme"}]}`)
	const user, organization = "users/7/tags.json", "organizations/8/tags.json"
	a.get(user).has("tags", `["vip"]`)
	a.put(user, `{"tags":["churned","vip"]}`).refuses(200, `{"tags":["vip","churned"]}`)
	a.get("users/7").has("user.tags", `["vip","churned"]`).has("user.updated_at", "2026-08-01T12:00:00Z")
	a.send("DELETE", user, `{"tags":["vip","nothing"]}`).wants(200).has("tags", `["churned"]`)
	a.post(user, `{"tags":["new","new"]}`).refuses(201, `{"tags":["new"]}`)
	a.get(organization).refuses(200, `{"tags":[]}`)
	a.put(organization, `{"tags":["partner"]}`).wants(200)
	a.get("organizations/8").has("organization.tags", `["partner"]`)
	a.put(user, `{"user":{"tags":["x"]}}`).refuses(400, wrongType("tags", "must be present", "users/tags"))
	a.put(user, `{"tags":"x"}`).refuses(400, wrongType("tags", "must be an array", "users/tags"))
	a.put(user, `{"tags":[1]}`).refuses(400, wrongType("tags.0", "must be a string", "users/tags"))
	a.put("users/404/tags", `{"tags":["x"]}`).refuses(404, notFound)
	a.send("GET", "organizations/7/tags", "").refuses(404, notFound)
	a.get(user).has("tags", `["new"]`)
}

func TestTagsThatAreOff(t *testing.T) {
	const account = `{"users":[{"id":7,"name":"Ann"},{"id":9,"name":"Bob","role":"agent"}],"organizations":[{"id":8,"name":"Acme"}]}`
	off := newAPI(t, zendesksim.Options{NoUserTagging: true, NoOrganizationTagging: true}, account)
	off.put("users/7/tags", `{"tags":["x"]}`).refuses(200, `{"tags":[]}`)
	off.put("organizations/8/tags", `{"tags":["x"]}`).refuses(200, `{"tags":[]}`)
	agent := newAPI(t, zendesksim.Options{Role: zendesksim.Agent}, account)
	agent.put("users/7/tags", `{"tags":["x"]}`).wants(200)
	agent.put("users/9/tags", `{"tags":["x"]}`).wants(403)
	agent.get("users/9/tags").has("tags", "[]")
}

// TestEndpointsAreListed compares the list in the documentation with the table of routes.
func TestEndpointsAreListed(t *testing.T) {
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "<!-- endpoints of the simulator -->\n```\n")
	list, _, _ = strings.Cut(list, "```\n")
	var want strings.Builder
	for _, path := range byPath(zendesksim.Endpoints()) {
		want.WriteString(path + "\n")
	}
	if list != want.String() {
		t.Errorf("docs/testing.md has\n%s\nand the simulator\n%s", list, want.String())
	}
}

// byPath writes the methods of a path in one line.
func byPath(endpoints []string) (lines []string) {
	last := ""
	for _, endpoint := range endpoints {
		method, path, _ := strings.Cut(endpoint, " ")
		if path == last {
			lines[len(lines)-1] += " " + method
			continue
		}
		last = path
		lines = append(lines, path+" "+method)
	}
	return lines
}
