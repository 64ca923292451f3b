package main

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Markdown of the dialect that GitHub shows, made so that a terminal shows it
// well, too. Texts of rules are data: none of them can end a cell, a code span
// or a list.

// kept stands for a space at which no line may be broken. What comes behind it
// could begin a list or a heading.
const kept = "\x00"

// code writes a text of the rules as code.
func code(text string) string {
	text = printable(text)
	switch {
	case strings.TrimSpace(text) == "":
		return code(`"` + text + `"`)
	case strings.Contains(text, `\|`), strings.HasSuffix(text, `\`):
		// A backslash before a pipe would be taken for the one that a cell needs.
		return "<code>" + entities(text) + "</code>"
	}
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + solid(text) + fence
}

// longestRun counts the most equal characters in a row.
func longestRun(text string, of rune) int {
	longest, run := 0, 0
	for _, r := range text {
		run++
		if r != of {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// entities writes everything that means something in Markdown as a character
// reference.
func entities(text string) string {
	return solid(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", `\`, "&#92;",
		"`", "&#96;", "*", "&#42;", "_", "&#95;", "[", "&#91;", "]", "&#93;", "~", "&#126;").Replace(text))
}

// literal writes JSON of the rules as code; a text without its quotes, unless
// it would then look like something else.
func literal(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil && text != "" && !json.Valid([]byte(text)) {
		return code(text)
	}
	return code(string(raw))
}

// prose writes a text of the rules that is meant for people. Lines are broken
// before letters only: no block of Markdown begins with one.
func prose(text string) string {
	runes := []rune(printable(text))
	var b strings.Builder
	for i, r := range runes {
		if strings.ContainsRune("\\`*[]<>&|~#$", r) || r == '_' && !withinWord(runes, i) {
			b.WriteByte('\\')
		}
		if r == ' ' && (i+1 == len(runes) || !unicode.IsLetter(runes[i+1])) {
			r = rune(kept[0])
		}
		b.WriteRune(r)
	}
	return b.String()
}

func withinWord(runes []rune, i int) bool {
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	return word(i-1) && word(i+1)
}

// quoted writes a message of the rules.
func quoted(text string) string { return "“" + prose(text) + "”" }

func solid(text string) string { return strings.ReplaceAll(text, " ", kept) }

// alternatives joins what is tried in turn.
func alternatives(texts []string) string { return strings.Join(texts, ", else ") }

func codes(texts []string) []string {
	written := make([]string, len(texts))
	for i, text := range texts {
		written[i] = code(text)
	}
	return written
}

// listed joins texts as a sentence does: a, b and c.
func listed(texts []string, word string) string {
	last := len(texts) - 1
	if last < 1 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:last], ", ") + " " + word + " " + texts[last]
}

// paragraph breaks lines at the width of the screen.
func paragraph(text string) string { return strings.ReplaceAll(wrap(text, ""), kept, " ") + "\n" }

// item writes an item of a list, below others as deep as its indent.
func item(indent, mark, text string) string {
	hanging := indent + strings.Repeat(" ", len(mark)+1)
	return strings.ReplaceAll(wrap(indent+mark+" "+text, hanging), kept, " ") + "\n"
}

// widest is as far as the cells of the last column are filled up with spaces.
// Longer ones stand out: nothing is behind them that they would push off its place.
const widest = 36

// grid writes a table. The cells are Markdown.
func grid(head []string, rows [][]string) string {
	all := append([][]string{head, nil}, rows...)
	widths := make([]int, len(head))
	for _, row := range all {
		for i, cell := range row {
			width := utf8.RuneCountInString(pipes(cell))
			if i == len(head)-1 {
				width = min(width, widest)
			}
			widths[i] = max(widths[i], width)
		}
	}
	all[1] = make([]string, len(head))
	for i := range head {
		all[1][i] = strings.Repeat("-", max(widths[i], 3))
	}
	var b strings.Builder
	for _, row := range all {
		b.WriteString(gridRow(row, widths))
	}
	return b.String()
}

func gridRow(row []string, widths []int) string {
	line := ""
	for i, cell := range row {
		cell = pipes(cell)
		line += "| " + cell + strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cell), 0)) + " "
	}
	return line + "|\n"
}

// pipes escapes what would end a cell. In prose that has been done.
func pipes(cell string) string {
	var b strings.Builder
	before := byte(0)
	for i := range len(cell) {
		if cell[i] == '|' && before != '\\' {
			b.WriteByte('\\')
		}
		before = cell[i]
		b.WriteByte(cell[i])
	}
	return strings.ReplaceAll(b.String(), kept, " ")
}
