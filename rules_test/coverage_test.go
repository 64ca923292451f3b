package rules_test

import (
	"os"
	"testing"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// TestCoverage keeps a case for everything that the rules can do. What no case
// can show is in allow.yaml, with the reason.
func TestCoverage(t *testing.T) {
	program, seen, allowed := load(t), &engine.Coverage{}, readAllowances(t)
	ruletest.Check(t.Context(), program, findCases(t), ruletest.Options{Simulator: simulate, Dump: dump, Coverage: seen})
	for _, point := range program.CoveragePoints() {
		shown, reason := seen.Times(point) > 0, allowed.Reason(point.At.File, point.String())
		switch {
		case !shown && reason == "":
			t.Errorf("%s: no case shows %s", point.At, point)
		case shown && reason != "":
			t.Errorf("%s: %s is allowed not to be shown, and a case shows it", point.At, point)
		}
	}
}

func readAllowances(t *testing.T) ruletest.Allowances {
	t.Helper()
	text, err := os.ReadFile("allow.yaml")
	if err != nil {
		t.Fatal(err)
	}
	allowed, err := ruletest.ReadAllowances(text)
	if err != nil {
		t.Fatal(err)
	}
	return allowed
}
