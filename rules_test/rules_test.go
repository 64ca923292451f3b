// Package rules_test proves the embedded rules: by the golden cases in the
// folders beside this file, by recorded conversations (conformance_test.go) and
// by whole streams of events (corpus_test.go).
package rules_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
	"github.com/deskrules/deskrules/runner/ruletest"
	"github.com/deskrules/deskrules/runner/zendesksim"
)

var update = flag.Bool("update", false, "rewrite what the golden cases want")

// TestGolden runs every case beside this file: go test ./rules_test -update
// rewrites what they want.
func TestGolden(t *testing.T) {
	ruletest.Run(t, load(t), ".", ruletest.Options{Simulator: simulate, Dump: dump, Update: *update})
}

func load(t *testing.T) *engine.Program {
	t.Helper()
	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func simulate(account []byte, now func() time.Time) (http.Handler, error) {
	if account == nil {
		return zendesksim.New(zendesksim.Options{Now: now})
	}
	seed, err := zendesksim.ReadAccount(bytes.NewReader(account))
	if err != nil {
		return nil, err
	}
	return zendesksim.New(zendesksim.Options{Account: seed, Now: now})
}

func dump(simulator http.Handler) ([]byte, error) {
	server, ok := simulator.(*zendesksim.Server)
	if !ok {
		return nil, fmt.Errorf("cannot tell the state of a %T", simulator)
	}
	var text bytes.Buffer
	err := server.Account().WriteJSON(&text)
	return text.Bytes(), err
}
