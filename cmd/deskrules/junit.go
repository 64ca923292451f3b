package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/deskrules/deskrules/internal/wholefile"
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
	if err := wholefile.Write(file, text); err != nil {
		return fmt.Errorf("--junit %s: %w", file, pathError(err))
	}
	return nil
}

// checkJUnit keeps a report from destroying what is in a file, before any case is
// run: it may take the place of another report, and of nothing else.
func (o testOptions) checkJUnit(made setup, cases []string) error {
	if o.junit == "" {
		return nil
	}
	own := recordFile{flag: "--junit", name: o.junit}
	if o.junit == "-" {
		return usagef("--junit -: standard output has the results already, name a file")
	}
	info, err := os.Stat(o.junit)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil // written, or refused, when there is something to write
	}
	if err := own.free(info, o.readFiles(made, cases)); err != nil {
		return err
	}
	start, err := startOf(o.junit)
	if err == nil && !bytes.HasPrefix(start, []byte("<?xml")) {
		err = errors.New("the file holds something else than a report. Remove it, or name another")
	}
	if err != nil {
		return own.wrong(pathError(err))
	}
	return nil
}

// readFiles are those that a run of the cases reads.
func (o testOptions) readFiles(made setup, cases []string) occupied {
	taken := occupied{others: []recordFile{{flag: "--config", name: made.config.name}, {flag: "--allow", name: o.allow}}}
	for _, name := range cases {
		taken.others = append(taken.others, recordFile{flag: "a case", name: name})
	}
	return taken
}

// isReport reports whether a file is the report that the verb itself writes: to
// run again because of it would have no end.
func (o testOptions) isReport(name string) bool {
	own, err := os.Stat(o.junit)
	if err != nil {
		return false
	}
	info, err := os.Stat(name)
	return err == nil && os.SameFile(own, info)
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
