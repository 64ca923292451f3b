package main

import (
	"regexp"
	"strings"
)

var (
	tableMark  = regexp.MustCompile(`^<!-- keys: (\w+) -->$`)
	keyOfRow   = regexp.MustCompile("`([a-z_]+)")
	linkOfPage = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// kindsTable is the one table without a mark: the keys of which a step has one.
const kindsTable = "kinds"

// keyTables reads the tables of keys off the reference: what each key of each
// construct is. So an editor says what the reference says.
func keyTables(page string) map[string]map[string]string {
	tables := map[string]map[string]string{}
	var current map[string]string
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		switch mark := tableMark.FindStringSubmatch(line); {
		case mark != nil:
			current = map[string]string{}
			tables[mark[1]] = current
		case !strings.HasPrefix(line, "|"):
			current = nil
		case strings.HasPrefix(line, "| key | what stands behind it | what it does |"):
			current = map[string]string{}
			tables[kindsTable] = current
		case current != nil:
			readRow(line, current)
		}
	}
	return tables
}

// readRow takes the key of the first cell and the words of the last one.
func readRow(line string, table map[string]string) {
	escaped := strings.ReplaceAll(strings.Trim(line, "|"), `\|`, "\x00")
	cells := strings.Split(escaped, "|")
	if !strings.Contains(cells[0], "`") || len(cells) < 2 {
		return
	}
	words := plainWords(cells[len(cells)-1])
	if len(cells) == 4 { // what stands behind it, what it does, its other keys
		words = plainWords(cells[2]) + "; behind it stands " + plainWords(cells[1])
	}
	if note := strings.TrimSpace(cells[1]); len(cells) > 2 && strings.HasPrefix(note, "with ") {
		words = plainWords(note) + ": " + words
	}
	for _, key := range keyOfRow.FindAllStringSubmatch(cells[0], -1) {
		table[key[1]] = words
	}
}

// plainWords takes off what only a page can show.
func plainWords(cell string) string {
	cell = linkOfPage.ReplaceAllString(strings.TrimSpace(cell), "$1")
	return strings.NewReplacer("**", "", "\x00", "|", "<br>", " ", "`", "").Replace(cell)
}
