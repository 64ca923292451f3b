package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
)

// An Allowance is something that cases need not show, with the reason: a point
// of the rules that no event can come to, or a change of a line that makes no
// difference.
type Allowance struct {
	// File is the rule file, without its folder.
	File string `yaml:"file"`
	// What is the text that the report shows for it, but for the place.
	What string `yaml:"what"`
	// Because is the reason.
	Because string `yaml:"because"`
	// Line is where the allowance begins in its file.
	Line int `yaml:"-"`
}

// Allowances are a list of them.
type Allowances []Allowance

// ReadAllowances reads a YAML list of allowances, each with all of its keys.
func ReadAllowances(text []byte) (Allowances, error) {
	var list Allowances
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for i, line := range linesOf(text) {
		list[i].Line = line
	}
	for i, a := range list {
		if a.File == "" || a.What == "" || strings.TrimSpace(a.Because) == "" {
			return nil, fmt.Errorf("entry %d needs file, what and because", i+1)
		}
	}
	return list, nil
}

// linesOf gives the lines where the elements of a list begin.
func linesOf(text []byte) (lines []int) {
	var root yaml.Node
	if yaml.Unmarshal(text, &root) != nil || len(root.Content) == 0 {
		return nil
	}
	for _, element := range root.Content[0].Content {
		lines = append(lines, element.Line)
	}
	return lines
}

// Reason gives why something in a rule file is allowed; empty if it is not.
func (l Allowances) Reason(file, what string) string {
	for _, a := range l {
		if a.What == what && a.File == path.Base(file) {
			return a.Because
		}
	}
	return ""
}

// A Gap is something that an allowance can be of.
type Gap struct {
	// File is the rule file, with or without its folder.
	File string
	// What is the text that the report shows for it, but for the place.
	What string
	// Closed means that the cases show or notice it. What nobody has looked at
	// is not closed.
	Closed bool
}

// PointGaps are the points of coverage of a program. Without coverage nobody has
// looked.
func PointGaps(program *engine.Program, seen *engine.Coverage) []Gap {
	var gaps []Gap
	for _, point := range program.CoveragePoints() {
		gaps = append(gaps, Gap{point.At.File, point.String(), seen != nil && seen.Times(point) > 0})
	}
	return gaps
}

// Stale gives the allowances that excuse nothing any more: there is no such gap,
// or all that are named so are closed.
func (l Allowances) Stale(gaps []Gap) Allowances {
	open := map[[2]string]bool{}
	for _, gap := range gaps {
		if !gap.Closed {
			open[[2]string{path.Base(gap.File), gap.What}] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(l), func(a Allowance) bool { return open[[2]string{a.File, a.What}] })
}
