package rules_test

import (
	"testing"

	"github.com/deskrules/deskrules/rules"
	"github.com/deskrules/deskrules/runner/mutation"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// TestMutation changes one line of the rules at a time: a case notices, or
// allow.yaml has the reason why none can. What is allowed there is needed.
func TestMutation(t *testing.T) {
	if raceDetector {
		t.Skip("eight times slower with the race detector, which it is not about: make check runs it without")
	}
	program, allowed := load(t), readAllowances(t)
	report, err := mutation.Run(t.Context(), mutation.Options{
		FS: rules.FS(), Dir: program.Name(), Cases: findCases(t),
		Test: ruletest.Options{Simulator: simulate, Dump: dump},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d changes, %d of them no rules any more, %d unnoticed", len(report.Tried), report.Unloadable, len(report.Survivors))
	for _, m := range report.Survivors {
		if allowed.Reason(m.At.File, m.String()) == "" {
			t.Errorf("%s: no case notices: %s", m.At, m)
		}
	}
	for _, stale := range allowed.Stale(append(ruletest.PointGaps(program, nil), report.Gaps()...)) {
		t.Errorf("allow.yaml:%d: this allows nothing any more: %s: %s", stale.Line, stale.File, stale.What)
	}
}
