package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/engine"
)

// Each case holds rules, events, and the answers to each event after an empty
// line, and shows how often which point of the rules was seen.
func TestCoverage(t *testing.T) {
	archives(t, "coverage", func(t *testing.T, sections map[string]string) string {
		program, err := engine.Load(files(sections), ".")
		if err != nil {
			t.Fatal(err)
		}
		coverage := &engine.Coverage{}
		answers := strings.Split(sections["answers"], "\n\n")
		for i, event := range strings.Split(strings.TrimSpace(sections["events"]), "\n") {
			x := configure(t, sections).Cover(coverage).Start([]byte(event))
			said := play(t, x, answers[min(i, len(answers)-1)])
			if strings.Contains(said, "(no answer left)") || strings.Contains(said, "answer not asked for") {
				t.Errorf("event %d:\n%s", i+1, said)
			}
		}
		return coverageText(program, coverage)
	})
}

func coverageText(program *engine.Program, coverage *engine.Coverage) string {
	var b strings.Builder
	for _, point := range program.CoveragePoints() {
		fmt.Fprintf(&b, "%d %s %s\n", coverage.Times(point), point.At, point)
	}
	return b.String()
}

// Coverages of several runs add up.
func TestCoverageAdds(t *testing.T) {
	sections := map[string]string{"sync.yaml": simpleRule}
	whole, half := &engine.Coverage{}, &engine.Coverage{}
	for range 2 {
		play(t, configure(t, sections).Cover(half).Start([]byte(`{"type":"sync","userId":7}`)), "200 {}")
	}
	whole.Add(half)
	whole.Add(half)
	program, err := engine.Load(files(sections), ".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, point := range program.CoveragePoints() {
		seen += half.Times(point)
		if whole.Times(point) != 2*half.Times(point) {
			t.Errorf("%s: %d times, want twice %d", point, whole.Times(point), half.Times(point))
		}
	}
	if seen == 0 {
		t.Error("nothing was seen")
	}
}
