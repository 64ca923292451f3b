package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// A coverageReport says which points of the rules the cases came to.
type coverageReport struct {
	portion
	Percent float64        `json:"percent"`
	Files   []fileCoverage `json:"files"`
	Points  []pointReport  `json:"points"`
}

// A portion counts points. What an allowance excuses is not one of them.
type portion struct {
	Covered int `json:"covered"`
	Of      int `json:"of"`
}

type fileCoverage struct {
	File string `json:"file"`
	portion
}

type pointReport struct {
	engine.CoveragePoint
	Times int `json:"times"`
	// Allowed is the reason why no case has to show the point; empty for none,
	// and where a case shows it.
	Allowed string `json:"allowed,omitempty"`
}

// lacking reports whether a case is missing.
func (p pointReport) lacking() bool { return p.Times == 0 && p.Allowed == "" }

func newCoverageReport(points []engine.CoveragePoint, seen *engine.Coverage, allowed ruletest.Allowances) *coverageReport {
	r := &coverageReport{}
	for _, point := range points {
		noted := pointReport{CoveragePoint: point, Times: seen.Times(point)}
		if noted.Times == 0 {
			noted.Allowed = allowed.Reason(point.At.File, point.String())
		}
		r.add(noted)
	}
	r.Percent = r.percent()
	return r
}

func (r *coverageReport) add(p pointReport) {
	r.Points = append(r.Points, p)
	if last := len(r.Files) - 1; last < 0 || r.Files[last].File != p.At.File {
		r.Files = append(r.Files, fileCoverage{File: p.At.File})
	}
	r.count(p)
	r.Files[len(r.Files)-1].count(p)
}

func (c *portion) count(p pointReport) {
	if p.Times > 0 {
		c.Covered++
	}
	if p.Times > 0 || p.lacking() {
		c.Of++
	}
}

// percent is 100 where there is nothing to be covered.
func (c portion) percent() float64 {
	if c.Of == 0 {
		return 100
	}
	return float64(c.Covered) * 100 / float64(c.Of)
}

// print shows a row for each file, and what is missing.
func (r *coverageReport) print(w io.Writer, from ruleFiles) {
	width := len("all rules")
	for _, f := range r.Files {
		width = max(width, len(from.shown(f.File)))
	}
	fmt.Fprintf(w, "\n%-*s  covered     of\n", width, "rules")
	for _, f := range r.Files {
		f.print(w, from.shown(f.File), width)
	}
	r.portion.print(w, "all rules", width)
	r.printLacking(w, from)
}

// print rounds down: what is not whole is not 100 percent.
func (c portion) print(w io.Writer, name string, width int) {
	fmt.Fprintf(w, "%-*s  %7d %6d  %5s %%\n", width, name, c.Covered, c.Of, percentText(c.percent()))
}

func percentText(percent float64) string {
	tenths := int(percent * 10)
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}

func (r *coverageReport) printLacking(w io.Writer, from ruleFiles) {
	heading := "\nNo case shows:\n"
	for _, p := range r.Points {
		if p.lacking() {
			fmt.Fprintf(w, "%s%s\n", heading, saidOf(from.place(p.At)+":", printable(p.String())))
			heading = ""
		}
	}
}

// annotate shows the rule files, each line with what cases show of it.
func (r *coverageReport) annotate(w io.Writer, from ruleFiles) error {
	byLine := map[engine.Position][]pointReport{}
	for _, p := range r.Points {
		line := engine.Position{File: p.At.File, Line: p.At.Line}
		byLine[line] = append(byLine[line], p)
	}
	for _, f := range r.Files {
		text, err := fs.ReadFile(from.fsys, f.File)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%s: %d of %d\n", from.shown(f.File), f.Covered, f.Of)
		for number, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
			annotateLine(w, number+1, line, byLine[engine.Position{File: f.File, Line: number + 1}])
		}
	}
	return nil
}

// annotateLine counts the points of a line, and names below it what is missing.
func annotateLine(w io.Writer, number int, line string, points []pointReport) {
	var c portion
	var below strings.Builder
	for _, p := range points {
		c.count(p)
		switch {
		case p.lacking():
			fmt.Fprintln(&below, underLine("no case shows: "+p.String()))
		case p.Allowed != "":
			fmt.Fprintln(&below, underLine("allowed: "+p.String()+": "+p.Allowed))
		}
	}
	counted, mark := "", " "
	if len(points) > 0 {
		counted = fmt.Sprintf("%d/%d", c.Covered, c.Of)
	}
	if c.Covered < c.Of {
		mark = "!"
	}
	fmt.Fprintf(w, "%s%6s %5d | %s\n%s", mark, counted, number, printable(line), &below)
}

// underLine says something of the line above it.
func underLine(said string) string {
	const begin = "               ^ "
	return wrap(begin+printable(said), strings.Repeat(" ", len(begin)))
}

// ruleFiles are the files that a program was made of.
type ruleFiles struct {
	fsys fs.FS
	dir  string // within fsys
	at   string // the folder of fsys as the user named it; empty for the embedded files
}

// ruleFiles gives the files that the rules were loaded from.
func (s setup) ruleFiles() ruleFiles {
	if s.folder == "" {
		return ruleFiles{rules.FS(), s.program.Name(), ""}
	}
	return ruleFiles{os.DirFS(s.folder), ".", s.folder}
}

// shown is the path of a file as an editor would find it.
func (f ruleFiles) shown(file string) string {
	return printable(filepath.Join(f.at, filepath.FromSlash(path.Clean(file))))
}

func (f ruleFiles) place(at engine.Position) string {
	at.File = f.shown(at.File)
	return at.String()
}
