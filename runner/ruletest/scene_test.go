package ruletest_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/runner/ruletest"
)

func TestReadScene(t *testing.T) {
	scene, err := ruletest.ReadScene([]byte(`Two events.

-- settings.yaml --
season: 2
-- events.ndjson --
{"type": "seek"}

{"type": "join"}
-- replies.http --
GET clubs
200
`))
	if err != nil {
		t.Fatal(err)
	}
	records := scene.Records
	if len(records) != 2 || records[0].Line != 6 || records[1].Line != 8 || string(records[1].Event) != `{"type": "join"}` {
		t.Errorf("records %+v", records)
	}
	settings := scene.Settings(club(t))
	if settings["season"] != 2 || settings["token"] != "s3cret" || scene.Replies == nil || scene.Account != nil {
		t.Errorf("settings %v, scene %+v", settings, scene)
	}
	if _, err := ruletest.ReadScene([]byte("Nothing.\n")); err == nil {
		t.Error("a case without an event is read")
	}
}

func TestReadReplies(t *testing.T) {
	replies, err := ruletest.ReadReplies([]byte("\ufeffGET clubs\r\n200\r\n{\"clubs\": []}\r\n\r\nPOST clubs\r\ntimeout\r\n\r\nPUT clubs\n200\n"))
	if err != nil {
		t.Fatal(err)
	}
	const base = "https://club.example/api/"
	ask := func(method string) (*http.Response, bool, error) {
		request, err := http.NewRequestWithContext(t.Context(), method, base+"clubs?name=chess", nil)
		if err != nil {
			t.Fatal(err)
		}
		return replies.Answer(request, base)
	}
	response, found, err := ask("GET")
	if err != nil || !found {
		t.Fatalf("found %t, error %v", found, err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != `{"clubs": []}` {
		t.Errorf("%q, error %v", body, err)
	}
	if _, found, _ := ask("GET"); found {
		t.Error("a reply was given twice")
	}
	if _, found, err := ask("POST"); !found || err == nil {
		t.Errorf("no timeout: found %t", found)
	}
	if left := replies.Left(); !slices.Equal(left, []string{"PUT clubs => 200 (line 8)"}) {
		t.Errorf("left %q", left)
	}
	if _, err := ruletest.ReadReplies([]byte("nonsense\n")); err == nil || !strings.Contains(err.Error(), "line 1: ") {
		t.Errorf("nonsense: %v", err)
	}
}
