package rules_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/deskrules/deskrules/runner/ruletest"
)

// TestDocs holds the documentation of the rules and their golden cases together.
// Every statement of the documentation is an item of a list ("- ...") below a
// heading of the second level other than Settings, and opens at least one case;
// every case opens with such a statement. The opening of a case is its first
// paragraph; a second one may say which side of the statement it shows. How lines
// are broken does not count, and neither do asterisks and backquotes.
func TestDocs(t *testing.T) {
	documented := readStatements(t, "../docs/zendesk.md")
	shown := map[string]bool{}
	for _, file := range findCases(t) {
		opening := readOpening(t, file)
		shown[opening] = true
		if !slices.ContainsFunc(documented, func(s statement) bool { return s.text == opening }) {
			t.Errorf("%s opens with what no list of the documentation says:\n  %s", file, opening)
		}
	}
	seen := map[string]string{}
	for _, s := range documented {
		switch {
		case seen[s.text] != "":
			t.Errorf("%s says what %s says:\n  %s", s.place, seen[s.text], s.text)
		case !shown[s.text]:
			t.Errorf("%s: no case opens with this:\n  %s", s.place, s.text)
		}
		seen[s.text] = s.place
	}
}

// readStatements reads the files that exist, of which there must be one.
func readStatements(t *testing.T, files ...string) []statement {
	t.Helper()
	var all []statement
	for _, file := range files {
		markdown, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all = append(all, statements(file, string(markdown))...)
	}
	if len(all) == 0 {
		t.Fatal("the documentation says nothing")
	}
	return all
}

// A statement is an item of a list, without its markup.
type statement struct {
	place string // file:line where it begins
	text  string
}

// statements finds the items below headings of the second level. An item goes on
// in the lines after it that are indented.
func statements(file, markdown string) []statement {
	var all []statement
	counts, within := false, false
	number := 0
	for line := range strings.Lines(markdown) {
		number++
		heading, isHeading := strings.CutPrefix(line, "## ")
		item, isItem := strings.CutPrefix(line, "- ")
		switch {
		case isHeading:
			counts, within = strings.TrimSpace(heading) != "Settings", false
		case isItem && counts:
			all = append(all, statement{fmt.Sprintf("%s:%d", file, number), plain(item)})
			within = true
		case within && strings.HasPrefix(line, "  ") && strings.TrimSpace(line) != "":
			last := &all[len(all)-1]
			last.text = plain(last.text + " " + line)
		default:
			within = false
		}
	}
	return all
}

// plain takes emphasis, code marks and line breaks out of a text.
func plain(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("*", "", "`", "").Replace(text)), " ")
}

func findCases(t *testing.T) []string {
	t.Helper()
	files, err := ruletest.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// readOpening returns the first paragraph of a case.
func readOpening(t *testing.T, file string) string {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	opening, _, _ := strings.Cut(strings.TrimSpace(string(archive.Comment)), "\n\n")
	return plain(opening)
}

func TestStatements(t *testing.T) {
	const markdown = `# Title
- not below a heading of the second level
## Settings
- a setting
## Common to all events
- One, **better**:
  with a second ` + "`line`" + `.
Prose.
### Below
- Two.

  no part of it
- Three.
`
	want := []statement{{"a.md:6", "One, better: with a second line."}, {"a.md:10", "Two."}, {"a.md:13", "Three."}}
	if got := statements("a.md", markdown); !slices.Equal(got, want) {
		t.Errorf("want %v, got %v", want, got)
	}
}
