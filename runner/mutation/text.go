package mutation

import (
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// A document is the text of a YAML file with the places of its lines. YAML nodes
// know where they begin, and not where they end.
type document struct {
	text  string
	lines []int // offset of the first byte of each line
}

func newDocument(text string) document {
	d := document{text: text}
	offset := 0
	for line := range strings.Lines(text) {
		d.lines = append(d.lines, offset)
		offset += len(line)
	}
	return d
}

// offset gives the first byte of a node. Columns count runes.
func (d document) offset(n *yaml.Node) int {
	at := d.lines[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRuneInString(d.text[at:])
		at += size
	}
	return at
}

// line gives a line, counted from 1, without its end.
func (d document) line(number int) string {
	line, _, _ := strings.Cut(d.text[d.lines[number-1]:], "\n")
	return strings.TrimRight(line, "\r")
}

// replace gives the text with a stretch of it replaced. The lines behind keep
// their numbers: messages name them, and a case must not fail for that.
func (d document) replace(from, to int, by string) string {
	ends := strings.Repeat("\n", strings.Count(d.text[from:to], "\n")-strings.Count(by, "\n"))
	return d.text[:from] + by + ends + d.text[to:]
}

// blockEnd gives the end of what is written in lines that are indented by more
// than a column, counted from 0, from the line behind a place on.
func (d document) blockEnd(at, column int) int {
	return d.blockEndBefore(at, func(line block) bool { return line.column <= column })
}

// valueEnd gives the end of the value of a key that stands in a column. The dashes
// of a list may stand in the column of its key.
func (d document) valueEnd(at, column int) int {
	return d.blockEndBefore(at, func(line block) bool {
		return line.column < column || line.column == column && !line.dash
	})
}

// A block is a line that is part of a block or begins the next one.
type block struct {
	column int // of its first character
	dash   bool
}

// blockEndBefore gives the beginning of the first line behind a place that ends a
// block. Empty lines and comments end none.
func (d document) blockEndBefore(at int, ends func(block) bool) int {
	for {
		next := strings.IndexByte(d.text[at:], '\n')
		if next < 0 {
			return len(d.text)
		}
		at += next + 1
		line, _, _ := strings.Cut(d.text[at:], "\n")
		content := strings.TrimLeft(line, " ")
		if content == "" || content[0] == '#' || content[0] == '\r' {
			continue
		}
		if ends(block{len(line) - len(content), content == "-" || content == "-\r" || strings.HasPrefix(content, "- ")}) {
			return at
		}
	}
}

// flowEnd gives the end of a value between brackets or commas.
func (d document) flowEnd(at int) int {
	depth := 0
	for i := at; i < len(d.text); i++ {
		switch c := d.text[i]; c {
		case '\'', '"':
			if i == at || strings.ContainsAny(d.before(i), "{[,:") {
				i = d.quoteEnd(i) - 1
			}
		case '{', '[':
			depth++
		case ',', '}', ']':
			if depth == 0 {
				return at + len(strings.TrimRight(d.text[at:i], " \t\r\n"))
			}
			if c != ',' {
				depth--
			}
			if depth == 0 && c != ',' {
				return i + 1
			}
		}
	}
	return len(d.text)
}

// before gives the last character before a place that is no space.
func (d document) before(at int) string {
	text := strings.TrimRight(d.text[:at], " \t\r\n")
	return text[max(len(text)-1, 0):]
}

// quoteEnd gives the end of a scalar in quotes.
func (d document) quoteEnd(at int) int {
	quote := d.text[at]
	for i := at + 1; i < len(d.text); i++ {
		switch {
		case quote == '"' && d.text[i] == '\\':
			i++
		case quote == '\'' && strings.HasPrefix(d.text[i:], "''"):
			i++
		case d.text[i] == quote:
			return i + 1
		}
	}
	return len(d.text)
}

// scalarEnd gives the end of a scalar in a block, whose key stands in a column
// counted from 0.
func (d document) scalarEnd(n *yaml.Node, column int) int {
	at := d.offset(n)
	switch {
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		return d.quoteEnd(at)
	case n.Style&(yaml.FoldedStyle|yaml.LiteralStyle) != 0:
		end := d.blockEnd(at, column)
		return at + len(strings.TrimRight(d.text[at:end], " \r\n"))
	default:
		return at + plainEnd(d.text[at:d.blockEnd(at, column)])
	}
}

// plainEnd gives the length of a scalar without quotes, which may have several
// lines. A comment ends it.
func plainEnd(text string) (end int) {
	at := 0
	for line := range strings.Lines(text) {
		content, _, commented := strings.Cut(" "+line, " #")
		if trimmed := strings.TrimRight(content, " \t\r\n"); trimmed != "" {
			end = at + len(trimmed) - 1 // the space in front
		}
		if commented {
			return end
		}
		at += len(line)
	}
	return end
}

// quoted writes a text as a scalar that may stand anywhere.
func quoted(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
