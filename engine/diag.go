package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Severity tells an error from a warning. Its zero value is deliberately
// neither.
type Severity int

const (
	// SeverityError is a finding that keeps the rules from loading.
	SeverityError Severity = iota + 1
	// SeverityWarning is a finding that does not.
	SeverityWarning
)

func (s Severity) String() string {
	switch s {
	case SeverityError:
		return "error"
	case SeverityWarning:
		return "warning"
	default:
		return "invalid severity"
	}
}

// A Diagnostic is one finding about a rule file.
type Diagnostic struct {
	Severity Severity
	// Summary says in one line what is wrong.
	Summary string
	// Detail says what to do about it; may be empty.
	Detail string
	// At is where the finding begins.
	At Position
	// Width is how many runes of Line are meant; 0 counts as 1.
	Width int
	// Line is the text of the line that At names; empty where there is none.
	Line string
	// More is how many findings beyond the limit this one stands for; 0 for a
	// finding of its own.
	More int
}

// String renders the finding for a person: the place and the summary, the line
// with a caret below the characters that are meant, and what to do.
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.At != (Position{}) {
		fmt.Fprintf(&b, "%s: ", d.At)
	}
	fmt.Fprintf(&b, "%s: %s", d.Severity, d.Summary)
	if d.Line != "" {
		b.WriteString(d.snippet())
	}
	if d.Detail != "" {
		b.WriteString(wrap(d.Detail, "\n  ", 78))
	}
	return b.String()
}

// wrap breaks a text between words, each line with a lead before it.
func wrap(text, lead string, width int) string {
	var b strings.Builder
	column := width
	for _, word := range strings.Fields(text) {
		size := utf8.RuneCountInString(word)
		if column+1+size > width {
			b.WriteString(lead)
			column = utf8.RuneCountInString(lead) - 1
		} else {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += size
	}
	return b.String()
}

// snippet shows the line. Tabs become single spaces so that the caret stands
// below its character whatever the terminal makes of a tab, and a long line is
// cut around the caret.
func (d Diagnostic) snippet() string {
	const window = 66
	runes := []rune(strings.ReplaceAll(d.Line, "\t", " "))
	from, column := 0, max(d.At.Column-1, 0)
	if len(runes) > window {
		from = min(max(column-window/2, 0), len(runes)-window)
	}
	shown := runes[min(from, len(runes)):min(from+window, len(runes))]
	width := min(max(d.Width, 1), max(len(shown)-(column-from), 1))
	margin := fmt.Sprintf("%5d | ", d.At.Line)
	return fmt.Sprintf("\n%s%s\n%s| %s%s", margin, strings.TrimRight(string(shown), " "),
		strings.Repeat(" ", len(margin)-2), strings.Repeat(" ", column-from), strings.Repeat("^", width))
}

// Diagnostics are findings in the order of their places, without duplicates.
// It is an error: everything that is wrong, at once.
type Diagnostics []Diagnostic

// Error renders every finding, one below the other.
func (ds Diagnostics) Error() string {
	parts := make([]string, len(ds))
	for i, d := range ds {
		parts[i] = d.String()
	}
	return strings.Join(parts, "\n")
}

// Errors gives the findings that keep the rules from loading.
func (ds Diagnostics) Errors() Diagnostics { return ds.only(SeverityError) }

// Warnings gives the findings that do not.
func (ds Diagnostics) Warnings() Diagnostics { return ds.only(SeverityWarning) }

func (ds Diagnostics) only(s Severity) Diagnostics {
	var found Diagnostics
	for _, d := range ds {
		if d.Severity == s {
			found = append(found, d)
		}
	}
	return found
}

// maxDiagnostics bounds what is shown: past that many, the first ones matter.
const maxDiagnostics = 100

// A collector takes findings while checking goes on.
type collector struct {
	found Diagnostics
	// unreadable names the files that hold nothing to go by: what other files
	// say of their names is no finding.
	unreadable []string
}

func (c *collector) errorf(at span, detail, format string, args ...any) {
	c.add(SeverityError, at, detail, fmt.Sprintf(format, args...))
}

// undeclaredf reports what destination.yaml does not declare, if that is known.
func (c *compiler) undeclaredf(at span, detail, format string, args ...any) {
	if !c.blind {
		c.errorf(at, detail, format, args...)
	}
}

func (c *collector) warnf(at span, detail, format string, args ...any) {
	c.add(SeverityWarning, at, detail, fmt.Sprintf(format, args...))
}

func (c *collector) add(severity Severity, at span, detail, summary string) {
	d := Diagnostic{Severity: severity, Summary: summary, Detail: detail, At: at.position()}
	if at.src != nil {
		d.Line = at.src.line(d.At.Line)
		d.Width = utf8.RuneCountInString(at.src.text[at.start:min(max(at.end, at.start), len(at.src.text))])
		d.Width = min(d.Width, max(utf8.RuneCountInString(d.Line)-d.At.Column+1, 1))
	}
	c.found = append(c.found, d)
}

func (c *collector) hasErrors() bool { return len(c.found.Errors()) > 0 }

// diagnostics sorts, and drops what was said twice. Where there are errors they
// are all that matters: a warning may be about what is wrong elsewhere.
func (c *collector) diagnostics() Diagnostics {
	slices.SortStableFunc(c.found, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.At.File, b.At.File),
			cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Summary, b.Summary),
		)
	})
	unique := slices.CompactFunc(c.found, func(a, b Diagnostic) bool {
		return a.At == b.At && a.Summary == b.Summary
	})
	if wrong := unique.Errors(); len(wrong) > 0 {
		return wrong.capped()
	}
	return unique.capped()
}

// capped keeps the first findings, which are all of one severity.
func (ds Diagnostics) capped() Diagnostics {
	more := len(ds) - maxDiagnostics
	if more <= 0 {
		return ds
	}
	return append(ds[:maxDiagnostics:maxDiagnostics],
		Diagnostic{Severity: ds[0].Severity, Summary: fmt.Sprintf("and %d more findings", more), More: more})
}

// Len counts the findings, those beyond the limit included.
func (ds Diagnostics) Len() int {
	n := len(ds)
	for _, d := range ds {
		n += max(d.More-1, 0)
	}
	return n
}
