package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The marks in a page around what docs has printed. The first holds the command.
const (
	docsBegin = "<!-- made by deskrules docs"
	docsEnd   = "<!-- end of docs -->"
)

// TestMadeByDocs holds the pages of the repository against what docs prints now,
// by the commands in their marks. DESKRULES_UPDATE=1 rewrites them.
func TestMadeByDocs(t *testing.T) {
	t.Chdir("../..")
	made := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md"} {
		pages, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			made += checkMade(t, page)
		}
	}
	if made < 8 {
		t.Errorf("%d parts of pages are made by docs: the marks are not understood", made)
	}
}

// checkMade checks one page, and says how many marks it has.
func checkMade(t *testing.T, page string) int {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text, made := remade(t, page, string(data))
	switch {
	case text == string(data):
	case os.Getenv("DESKRULES_UPDATE") != "":
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what docs prints; DESKRULES_UPDATE=1 go test ./cmd/deskrules rewrites it", page)
	}
	return made
}

// remade is a page with what docs prints now.
func remade(t *testing.T, page, text string) (string, int) {
	t.Helper()
	var b strings.Builder
	made, within := 0, false
	for line := range strings.Lines(text) {
		command, begins := strings.CutPrefix(line, docsBegin)
		within = within && strings.TrimSpace(line) != docsEnd
		if !within {
			b.WriteString(line)
		}
		if begins && !within {
			made, within = made+1, true
			b.WriteString("\n" + printed(t, strings.Fields(strings.TrimSuffix(strings.TrimSpace(command), "-->"))) + "\n")
		}
	}
	if within {
		t.Errorf("%s: a mark has no end", page)
	}
	return b.String(), made
}

// printed is what docs prints.
func printed(t *testing.T, args []string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	if status := run(t.Context(), append([]string{"docs"}, args...), shell{out: &out, err: &complaints, env: os.LookupEnv}); status != statusDone {
		t.Fatalf("docs %v: status %d: %s", args, status, &complaints)
	}
	return out.String()
}

// TestCode keeps texts of rules within their code span, and spans within cells.
// TestGrid has every column begin at one place, whatever stands before it. The last
// one has no column behind it, and may be longer than the screen.
func TestGrid(t *testing.T) {
	long := strings.Repeat("x", 2*widest)
	got := grid([]string{"a", "b", "c"}, [][]string{{long, "é|", "1"}, {"2", "3", long}, {"4", "5", "6"}})
	starts := func(line string) (first, second int) {
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "..")[1:], "|")
		return utf8.RuneCountInString(cells[0]), utf8.RuneCountInString(cells[1])
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	first, second := starts(lines[0])
	for _, line := range lines {
		if f, s := starts(line); f != first || s != second {
			t.Errorf("columns %d and %d wide, not %d and %d: %s", f, s, first, second, line)
		}
	}
	if n := utf8.RuneCountInString(lines[4]); n > first+second+widest+10 {
		t.Errorf("the last row is filled up to %d", n)
	}
}

func TestCode(t *testing.T) {
	for text, want := range map[string]string{
		`a == "b"`: "`a == \"b\"`",
		"a`b":      "``a`b``",
		"`":        "`` ` ``",
		"a``b`":    "``` a``b` ```",
		"a|b":      "`a\\|b`",
		`a\|b_c*`:  "<code>a&#92;&#124;b&#95;c&#42;</code>",
		`a\`:       "<code>a&#92;</code>",
		"a\nb\x1b": "`a b\ufffd`",
		"":         "`\"\"`",
		" ":        "`\" \"`",
	} {
		if got := pipes(code(text)); got != want {
			t.Errorf("code(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestProse(t *testing.T) {
	for text, want := range map[string]string{
		"plain, user_id and it's": "plain, user_id and it's",
		"*a* _b_ [c](d) <e> `f`":  "\\*a\\* \\_b\\_ \\[c\\](d) \\<e\\> \\`f\\`",
		"a | b \\| c & d":         `a \| b \\\| c \& d`,
	} {
		if got := pipes(prose(text)); got != want {
			t.Errorf("prose(%q) = %s, want %s", text, got, want)
		}
	}
}

// TestParagraph shows that no line of a paragraph begins with what a text of the
// rules could make a list or heading of.
func TestParagraph(t *testing.T) {
	text := strings.Repeat("word ", 15) + "said " + quoted("- 1. # > + "+strings.Repeat("- x ", 40)) + " and " + code(strings.Repeat("- y ", 30))
	for line := range strings.Lines(paragraph(text)) {
		if slices.Contains([]byte("-+#>0123456789"), line[0]) {
			t.Errorf("a line begins a block: %s", line)
		}
	}
}

// TestChartText keeps labels within their quotes, and short.
func TestChartText(t *testing.T) {
	for text, want := range map[string]string{
		`a == "b"`:                "a == #34;b#34;",
		"a\n%% `b` <br> #35; c;d": "a #37;#37; #96;b#96; #60;br#62; #35;35#59; c#59;d",
		strings.Repeat("x", 60):   strings.Repeat("x", labelWord-1) + "…",
		strings.Repeat("xx ", 60): strings.Repeat("xx ", 60)[:labelLine-1] + "…",
	} {
		if got := chartText(text); got != want {
			t.Errorf("chartText(%q) = %s, want %s", text, got, want)
		}
	}
}
