package rules_test

import (
	"encoding/json"
	"io/fs"
	"net/http/httptest"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/rules"
	"github.com/deskrules/deskrules/runner/zendesksim"
)

// TestTimeZones compares the whole table with the list of Zendesk: the first name
// of each zone, and all other names as they are. Golden cases show only some of
// them.
func TestTimeZones(t *testing.T) {
	text, err := fs.ReadFile(rules.FS(), "zendesk/time_zones.yaml")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]string{}
	if err := yaml.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	for name, want := range wantedZones(t) {
		if table[name] != want {
			t.Errorf("%s is %q, and Zendesk says %q", name, table[name], want)
		}
		delete(table, name)
	}
	for name := range table {
		t.Errorf("%s is no zone of Zendesk's list", name)
	}
}

// wantedZones gives the table as Zendesk's list makes it. A name that stands for
// a zone needs no line of its own.
func wantedZones(t *testing.T) map[string]string {
	t.Helper()
	wanted := map[string]string{}
	for _, zone := range listTimeZones(t) {
		if _, taken := wanted[zone.IANA]; taken {
			wanted[zone.Name] = zone.Name
		} else {
			wanted[zone.IANA] = zone.Name
		}
	}
	return wanted
}

type timeZone struct {
	Name string
	IANA string `json:"iana_name"`
}

func listTimeZones(t *testing.T) []timeZone {
	t.Helper()
	simulator, err := zendesksim.New(zendesksim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	simulator.ServeHTTP(answer, httptest.NewRequest("GET", "/api/v2/time_zones.json", nil))
	var list struct {
		Zones []timeZone `json:"time_zones"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil || len(list.Zones) == 0 {
		t.Fatalf("no time zones: %v in %s", err, answer.Body)
	}
	return list.Zones
}
