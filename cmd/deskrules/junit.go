package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/deskrules/deskrules/runner/ruletest"
)

// The form of reports that CI servers read, as JUnit writes it:
// https://github.com/testmoapp/junitxml
type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []*junitSuite
}

type junitSuite struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Seconds  string   `xml:"time,attr"`
	Cases    []junitCase
	took     float64
}

type junitCase struct {
	XMLName xml.Name      `xml:"testcase"`
	Folder  string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Seconds string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes one suite for each folder of cases.
func writeJUnit(file string, results []ruletest.Result) error {
	var report junitSuites
	suites := map[string]*junitSuite{}
	for _, r := range results {
		folder := filepath.ToSlash(filepath.Dir(r.File))
		if suites[folder] == nil {
			suites[folder] = &junitSuite{Name: folder}
			report.Suites = append(report.Suites, suites[folder])
		}
		suites[folder].add(folder, r)
	}
	text, err := xml.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	text = bytes.Join([][]byte{[]byte(xml.Header), text, []byte("\n")}, nil)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("--junit %s: %w", file, pathError(err))
	}
	return nil
}

func (s *junitSuite) add(folder string, r ruletest.Result) {
	c := junitCase{
		Folder: folder, Name: strings.TrimSuffix(filepath.Base(r.File), ".txtar"), File: filepath.ToSlash(r.File),
		Seconds: fmt.Sprintf("%.3f", r.Duration.Seconds()),
	}
	if r.Status == ruletest.Failed {
		c.Failure = &junitFailure{xmlText(r.Title), xmlText(r.Message)}
		s.Failures++
	}
	s.Tests++
	s.took += r.Duration.Seconds()
	s.Seconds = fmt.Sprintf("%.3f", s.took)
	s.Cases = append(s.Cases, c)
}

// xmlText takes out what XML has no form for, such as escape sequences.
func xmlText(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
