package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/deskrules/deskrules/runner/mutation"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// A mutationReport says which lines of the rules no case holds in place.
type mutationReport struct {
	Tried      int               `json:"tried"`
	Caught     int               `json:"caught"`
	Unloadable int               `json:"unloadable"` // of those caught
	Allowed    int               `json:"allowed"`
	Survivors  []mutation.Mutant `json:"survivors"`
	NotTried   []mutation.Mutant `json:"not_tried"` // no YAML came of the change
	Seconds    float64           `json:"seconds"`

	gaps []ruletest.Gap
}

// mutate changes the rules, one line at a time, and runs the cases on each.
func (o testOptions) mutate(ctx context.Context, b bench, files ruleFiles, test ruletest.Options) (*mutationReport, error) {
	start := time.Now()
	var cases []string
	for _, file := range b.files {
		if b.picks(file) {
			cases = append(cases, file)
		}
	}
	test.Coverage = nil
	if test.Simulator != nil {
		test.Simulator = caseSimulator // what a mutant asks it for is no hint for anybody
	}
	tried, err := mutation.Run(ctx, mutation.Options{FS: files.fsys, Dir: files.dir, Cases: cases, Test: test, Only: func(file string) bool { return o.only.fits(files, file) }})
	if err != nil {
		return nil, err
	}
	r := &mutationReport{
		Tried: len(tried.Tried), Unloadable: tried.Unloadable, Caught: len(tried.Tried) - len(tried.Survivors),
		Survivors: []mutation.Mutant{}, NotTried: append([]mutation.Mutant{}, tried.Untried...), Seconds: time.Since(start).Seconds(),
		gaps: tried.Gaps(),
	}
	for _, m := range tried.Survivors {
		if b.allowed.Reason(m.At.File, m.String()) != "" {
			r.Allowed++
			continue
		}
		r.Survivors = append(r.Survivors, m)
	}
	return r, nil
}

// print shows the survivors, each with its line.
func (r *mutationReport) print(w io.Writer, from ruleFiles) {
	fmt.Fprintln(w)
	printMutants(w, from, "no test notices this", r.Survivors)
	printMutants(w, from, "not tried, since no YAML comes of this", r.NotTried)
	line := fmt.Sprintf("%s of lines: %s caught", count(r.Tried, "change"), thousands(r.Caught))
	if r.Allowed > 0 {
		line += fmt.Sprintf(", %s allowed", thousands(r.Allowed))
	}
	if len(r.NotTried) > 0 {
		line += fmt.Sprintf(", %s not tried", thousands(len(r.NotTried)))
	}
	fmt.Fprintf(w, "%s, %s unnoticed, in %.1f s\n", line, thousands(len(r.Survivors)), r.Seconds)
}

// printMutants shows changes with their lines.
func printMutants(w io.Writer, from ruleFiles, what string, mutants []mutation.Mutant) {
	for _, m := range mutants {
		fmt.Fprintln(w, saidOf(from.place(m.At)+": "+what+":", printable(m.Change)))
		fmt.Fprintf(w, "%5d | %s\n", m.At.Line, printable(m.Line))
	}
}
