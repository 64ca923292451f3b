package rulefmt

import (
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// alignLines writes each line in braces with its spaces in place, and lists of
// lines so that what follows their first key stands in one column.
func alignLines(text string) string {
	lines := strings.Split(text, "\n")
	root := document(text)
	if root == nil || !has(root, "rule") && !has(root, "destination") {
		return text
	}
	align(lines, root)
	return strings.Join(lines, "\n")
}

func align(lines []string, n *yaml.Node) {
	if n.Kind == yaml.SequenceNode && n.Style&yaml.FlowStyle == 0 {
		alignList(lines, n)
	}
	for _, child := range n.Content {
		align(lines, child)
	}
}

// A row is a line of a list, in braces.
type row struct {
	line    int
	before  string   // up to the brace
	parts   []string // keys with their values, without spaces around them
	columns []int    // where each part began
	closing string   // the brace
	comment string   // behind it
	width   int      // of what was there before the comment
}

func alignList(lines []string, n *yaml.Node) {
	var rows []row
	for _, item := range n.Content {
		if item.Kind != yaml.MappingNode || item.Style&yaml.FlowStyle == 0 {
			continue
		}
		if r, ok := readRow(lines, item); ok {
			rows = append(rows, r)
		}
	}
	second := secondColumn(rows)
	for i, r := range rows {
		lines[r.line] = r.write(func(part int) int {
			switch {
			case part == 1 && second > 0 && r.inColumns():
				return second
			case besideEqual(rows, i, part):
				return r.columns[part]
			}
			return 0
		})
	}
}

// secondColumn is where what follows the first key of lines has to begin; 0
// where each line stands below or above one of the same column already.
func secondColumn(rows []row) int {
	widest, aligned := 0, true
	for i, r := range rows {
		if r.inColumns() {
			widest = max(widest, utf8.RuneCountInString(r.before+r.closing+r.parts[0])+2)
			aligned = aligned && (besideEqual(rows, i, 1) || len(rows) == 1 && r.columns[1] == widest)
		}
	}
	if aligned {
		return 0
	}
	return widest
}

// besideEqual reports whether a part begins where the same part of the line
// above or below does.
func besideEqual(rows []row, i, part int) bool {
	for _, j := range []int{i - 1, i + 1} {
		if j >= 0 && j < len(rows) && part < len(rows[j].columns) && rows[j].columns[part] == rows[i].columns[part] {
			return true
		}
	}
	return false
}

// inColumns reports whether a line is one of those that are written below each
// other: of mappings, bodies and require.
func (r row) inColumns() bool {
	return len(r.parts) > 1 && (strings.HasPrefix(r.parts[0], "to: ") || strings.HasPrefix(r.parts[0], "from: "))
}

func readRow(lines []string, n *yaml.Node) (row, bool) {
	line := lines[n.Line-1]
	start := offset(line, 1, n.Column)
	parts, end := split(line[start:])
	behind := line[min(start+end, len(line)):]
	comment := strings.TrimLeft(behind, " ")
	if end == 0 || len(parts) == 0 || comment != "" && (comment[0] != '#' || comment == behind) {
		return row{}, false
	}
	r := row{
		line: n.Line - 1, before: line[:start], closing: "}", comment: comment,
		width: utf8.RuneCountInString(line[:len(line)-len(comment)]),
	}
	at := start + 1
	for _, part := range parts {
		bare := strings.TrimLeft(part, " ")
		r.columns = append(r.columns, utf8.RuneCountInString(line[:at+len(part)-len(bare)]))
		at += len(part) + 1
	}
	tidy := spaced(line[start : start+end])
	r.parts, _ = split(tidy)
	for i := range r.parts {
		r.parts[i] = strings.TrimSpace(r.parts[i])
	}
	return r, len(r.parts) == len(r.columns)
}

// write puts each part where it has to begin, if there is room, and leaves the
// comment in its column.
func (r row) write(column func(part int) int) string {
	text := r.before + "{" + r.parts[0]
	for i, part := range r.parts[1:] {
		text += ","
		text += strings.Repeat(" ", max(1, column(i+1)-utf8.RuneCountInString(text))) + part
	}
	text += r.closing
	if r.comment == "" {
		return text
	}
	return text + strings.Repeat(" ", max(1, r.width-utf8.RuneCountInString(text))) + r.comment
}
