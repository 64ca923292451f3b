package ruletest

import (
	"bytes"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// A comparison is one section of a case beside what the run came to.
type comparison struct {
	name string
	want *string // nil where the case does not have the section
	got  string
}

// equal does not look at the empty lines that set sections apart.
func (c comparison) equal() bool {
	return c.want != nil && strings.Trim(*c.want, "\n") == strings.Trim(c.got, "\n")
}

// unified shows the difference: what the case wants and does not get as -, what
// it gets and does not want as +.
func (c comparison) unified(color bool) string {
	if c.want == nil {
		return "the case has no section " + c.name + " yet; an update writes:\n\n" + c.got
	}
	want := strings.Trim(*c.want, "\n") + "\n"
	got := strings.Trim(c.got, "\n") + "\n"
	text := diff.Diff(c.name+" (what the case says)", []byte(want), "got (what happened)", []byte(got))
	_, text, _ = bytes.Cut(text, []byte("\n")) // the line "diff A B" says nothing more
	if color {
		return colored(string(text))
	}
	return string(text)
}

// colored paints the lines of a unified diff for a terminal.
func colored(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch line[:1] {
		case "-":
			line = "\x1b[31m" + line + "\x1b[0m"
		case "+":
			line = "\x1b[32m" + line + "\x1b[0m"
		case "@":
			line = "\x1b[36m" + line + "\x1b[0m"
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
