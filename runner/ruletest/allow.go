package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
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
	for i, a := range list {
		if a.File == "" || a.What == "" || strings.TrimSpace(a.Because) == "" {
			return nil, fmt.Errorf("entry %d needs file, what and because", i+1)
		}
	}
	return list, nil
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
