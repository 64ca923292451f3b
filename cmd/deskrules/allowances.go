package main

import (
	"fmt"
	"io"
	"os"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner/mutation"
	"github.com/deskrules/deskrules/runner/ruletest"
)

func readAllowances(name string) (ruletest.Allowances, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--allow %s: %w", name, pathError(err))
	}
	allowed, err := ruletest.ReadAllowances(text)
	if err != nil {
		return nil, fmt.Errorf("--allow %s: %w", name, err)
	}
	return allowed, nil
}

// A staleReport is an allowance that is not needed.
type staleReport struct {
	Allow string `json:"allow"` // the file that it stands in
	Line  int    `json:"line"`
	File  string `json:"file"`
	What  string `json:"what"`
}

func (r staleReport) print(w io.Writer) {
	place := fmt.Sprintf("%s:%d: this allows nothing any more:", r.Allow, r.Line)
	fmt.Fprintln(w, saidOf(place, printable(r.File+": "+r.What)))
}

// stale lists the allowances that are not needed. Only what was looked at can
// show that: changes of lines need --mutate.
func (o testOptions) stale(b bench, r testReport, seen *engine.Coverage) ([]staleReport, error) {
	if o.coverage == "" && r.Mutation == nil {
		return nil, nil
	}
	gaps := ruletest.PointGaps(b.program, seen)
	if r.Mutation != nil {
		gaps = append(gaps, r.Mutation.gaps...)
	} else {
		untried, err := mutation.List(r.files.fsys, r.files.dir)
		if err != nil {
			return nil, err
		}
		gaps = append(gaps, mutation.Report{Tried: untried, Survivors: untried}.Gaps()...)
	}
	allowed, err := o.only.allowances(r.files, b.allowed)
	if err != nil {
		return nil, err
	}
	var all []staleReport
	for _, a := range allowed.Stale(gaps) {
		all = append(all, staleReport{o.allow, a.Line, a.File, a.What})
	}
	return all, nil
}
