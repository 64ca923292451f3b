package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// Only GET requests go to the account; what would write is made up.
func TestEvalLiveOnlyReads(t *testing.T) {
	live, _ := newLive(t)
	dir := liveFolder(t)
	var out, complaints bytes.Buffer
	token := func(name string) (string, bool) { return liveToken, name == "LIVE_TOKEN" }
	args := []string{"eval", "--live", "--config", filepath.Join(dir, "deskrules.yaml"), filepath.Join(dir, "events.ndjson")}
	status := run(t.Context(), args, shell{out: &out, err: &complaints, env: token})
	if status != statusDone || strings.Contains(out.String()+complaints.String(), "l1ve") {
		t.Fatalf("status %d: %s\n%s", status, &complaints, &out)
	}
	if len(live.asked) == 0 || !strings.Contains(out.String(), "POST users/7/events") {
		t.Errorf("asked %v\n%s", live.asked, &out)
	}
	for _, asked := range live.asked {
		if !strings.HasPrefix(asked, "GET ") {
			t.Errorf("the account got %s", asked)
		}
	}
}
