package rulefmt

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
)

// arrangeBlock moves keys that stand on lines of their own, each with what is
// below it and the comments above it.
func arrangeBlock(text string, n *yaml.Node, c *engine.Construct) string {
	order := sorted(n, c)
	if slices.IsSorted(order) {
		return text
	}
	lines := strings.Split(text, "\n")
	first := n.Content[0].Line - 1
	dash, column := lines[first][:n.Content[0].Column-1], n.Content[0].Column-1
	starts := entryStarts(lines, n)
	end := entryEnd(lines, n.Content[len(n.Content)-2].Line-1, column)
	if starts == nil || strings.Trim(dash, " -") != "" {
		return text
	}
	lines[first] = strings.Repeat(" ", column) + lines[first][column:]
	var moved []string
	for _, i := range order {
		moved = append(moved, lines[starts[i]:append(starts, end)[i+1]]...)
	}
	if strings.Contains(dash, "-") && isComment(moved[0]) || strings.TrimSpace(moved[0]) == "" {
		return text // nothing may stand between the dash and the first key
	}
	moved[0] = dash + moved[0][column:]
	return strings.Join(slices.Concat(lines[:starts[0]], moved, lines[end:]), "\n")
}

// entryStarts gives the line on which each key begins, its comments included;
// nil where keys share a line.
func entryStarts(lines []string, n *yaml.Node) []int {
	var starts []int
	for i := 0; i < len(n.Content); i += 2 {
		start := n.Content[i].Line - 1
		for i > 0 && start > 0 && isComment(lines[start-1]) {
			start--
		}
		if i > 0 && start <= starts[len(starts)-1] {
			return nil
		}
		starts = append(starts, start)
	}
	return starts
}

func isComment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }

// entryEnd gives the line behind what belongs to a key. A list may stand as far
// to the left as its key.
func entryEnd(lines []string, line, column int) int {
	end := line + 1
	for i := end; i < len(lines); i++ {
		text := strings.TrimLeft(lines[i], " ")
		indent := len(lines[i]) - len(text)
		switch {
		case text == "" || text[0] == '#':
			continue
		case indent <= column && !(indent == column && strings.HasPrefix(text, "- ")):
			return end
		}
		end = i + 1
	}
	return end
}
