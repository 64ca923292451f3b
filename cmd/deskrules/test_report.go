package main

import (
	"fmt"

	"github.com/deskrules/deskrules/runner/ruletest"
)

// A testReport is everything that a run of the cases has to tell.
type testReport struct {
	Rules    string          `json:"rules"` // the folder, or "built in"
	Cases    []caseReport    `json:"cases"`
	Passed   int             `json:"passed"`
	Updated  int             `json:"updated,omitempty"`
	Failed   int             `json:"failed"`
	Coverage *coverageReport `json:"coverage,omitempty"`
	Mutation *mutationReport `json:"mutation,omitempty"` // nil where cases failed, too

	// Stale are the entries of --allow that allow nothing any more.
	Stale []staleReport `json:"stale,omitempty"`

	results []ruletest.Result
	files   ruleFiles
}

type caseReport struct {
	File    string   `json:"file"`
	Title   string   `json:"title,omitempty"`
	Status  string   `json:"status"`
	Message string   `json:"message,omitempty"`
	Changes []string `json:"changes,omitempty"` // that an update made
	Seconds float64  `json:"seconds"`
}

// finish shows a report in every form that was asked for, and says how to exit.
func (o testOptions) finish(sh shell, r testReport) error {
	r.tally()
	if err := o.print(sh, r); err != nil {
		return err
	}
	if o.junit != "" {
		if err := writeJUnit(o.junit, r.results); err != nil {
			return err
		}
	}
	lacking := r.Coverage != nil && r.Coverage.Percent < o.least
	if lacking {
		complain(sh.err, fmt.Sprintf("%s %% of the rules are covered, and --coverage-min is %v", percentText(r.Coverage.Percent), o.least))
	}
	unnoticed := r.Mutation != nil && len(r.Mutation.Survivors) > 0
	if r.Failed > 0 || lacking || unnoticed || len(r.Stale) > 0 {
		return exitStatus(statusUndelivered)
	}
	return nil
}

func (o testOptions) print(sh shell, r testReport) error {
	if o.output == "json" {
		return printJSON(sh.out, r)
	}
	printResults(sh, r.results)
	fmt.Fprintf(sh.out, "rules: %s\n", printable(r.Rules))
	if o.coverage == coverageListing {
		if err := r.Coverage.annotate(sh.out, r.files); err != nil {
			return err
		}
	}
	if r.Coverage != nil {
		r.Coverage.print(sh.out, r.files)
	}
	if r.Mutation != nil {
		r.Mutation.print(sh.out, r.files)
	}
	if len(r.Stale) > 0 {
		fmt.Fprintln(sh.out)
	}
	for _, stale := range r.Stale {
		stale.print(sh.out)
	}
	return nil
}

// tally counts the results, and puts them in words.
func (r *testReport) tally() {
	r.Cases = []caseReport{}
	for _, one := range r.results {
		switch one.Status {
		case ruletest.Failed:
			r.Failed++
		case ruletest.Updated:
			r.Updated++
		default:
			r.Passed++
		}
		r.Cases = append(r.Cases, caseReport{one.File, one.Title, one.Status.String(), one.Message, one.Changes, one.Duration.Seconds()})
	}
}
