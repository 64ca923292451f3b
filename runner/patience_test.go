package runner_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// The runner's own transport ends calls whose answer, or its end, does not come
// in time, and the calls after that have all their time again.
func TestCallsOfTheOwnTransportEndInTime(t *testing.T) {
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case strings.Contains(string(body), "silent"):
			<-done
		case strings.Contains(r.URL.Path, "teams"):
			_, _ = io.WriteString(w, `{"teams":[`)
			w.(http.Flusher).Flush()
			<-done
		}
	}))
	defer server.Close()
	defer close(done)
	r := newRunner(t, runner.Options{BaseURL: server.URL, Timeout: 300 * time.Millisecond, Clock: &leap{}})
	silent := strings.Replace(identify, "Ann", "silent", 1)
	for range 2 {
		for event, want := range map[string]engine.Status{identify: engine.Delivered, silent: engine.Unfinished, group: engine.Unfinished} {
			outcome := run(t, r, event)
			late := strings.Contains(outcome.Reason, "no complete answer within 300ms")
			if outcome.Status != want || late == (want == engine.Delivered) {
				t.Errorf("%s ended %s: %s", event, outcome.Status, outcome.Reason)
			}
		}
	}
}
