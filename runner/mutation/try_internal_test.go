package mutation

import (
	"testing"
	"testing/fstest"

	"github.com/deskrules/deskrules/engine"
)

// TestNoYAMLIsNotCaught has a change that leaves no YAML behind: that is a mistake
// of this package, and nothing that cases notice.
func TestNoYAMLIsNotCaught(t *testing.T) {
	b := &bench{Options: Options{FS: fstest.MapFS{}, Dir: "crm"}}
	at := engine.Position{File: "crm/destination.yaml", Line: 1}
	mutants := []Mutant{
		{At: at, Line: "rules: [a", Change: "no YAML", Text: "rules: [a"},
		{At: at, Line: "rules: a", Change: "no rules", Text: "rules: a"},
	}
	verdicts := b.tryAll(t.Context(), mutants)
	if verdicts[0] != untried || verdicts[1] != unloadable {
		t.Fatalf("the verdicts are %v", verdicts)
	}
	report := newReport(mutants, verdicts)
	if len(report.Untried) != 1 || report.Untried[0].Change != "no YAML" || report.Unloadable != 1 || len(report.Survivors) != 0 {
		t.Errorf("the report is %+v", report)
	}
	if gaps := report.Gaps(); !gaps[0].Closed || gaps[1].Closed {
		t.Errorf("the gaps are %+v", gaps)
	}
}
