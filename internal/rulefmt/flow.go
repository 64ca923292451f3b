package rulefmt

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
)

// arrangeFlow puts the keys of {key: value} in order, where it is one line.
func arrangeFlow(text string, n *yaml.Node, c *engine.Construct) string {
	order := sorted(n, c)
	if slices.IsSorted(order) {
		return text
	}
	start := offset(text, n.Line, n.Column)
	parts, end := split(text[start:])
	if len(parts) != len(order) {
		return text
	}
	var moved []string
	for _, i := range order {
		moved = append(moved, strings.TrimSpace(parts[i]))
	}
	return text[:start] + "{" + strings.Join(moved, ", ") + "}" + text[start+end:]
}

// offset gives the byte at which a place begins. YAML counts characters.
func offset(text string, line, column int) int {
	at := 0
	for range line - 1 {
		at += strings.IndexByte(text[at:], '\n') + 1
	}
	for i := range text[at:] {
		if column--; column == 0 {
			return at + i
		}
	}
	return len(text)
}

// split takes {a, b} or [a, b] apart at its own commas, and says where it ends.
// It gives nothing where it does not end on its line: comments might stand in it.
func split(text string) (parts []string, end int) {
	depth, begin, fresh := 0, 1, true // fresh: a value may begin, and with it a quote
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			return nil, 0
		case fresh && (c == '"' || c == '\''):
			length := quoted(text[i:])
			if length == 0 {
				return nil, 0
			}
			i += length - 1
			fresh = false
		case c == '{' || c == '[':
			depth++
			fresh = true
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				if last := text[begin:i]; strings.TrimSpace(last) != "" {
					parts = append(parts, last)
				}
				return parts, i + 1
			}
			fresh = false
		case c == ',':
			if depth == 1 {
				parts, begin = append(parts, text[begin:i]), i+1
			}
			fresh = true
		case c == ':' && i+1 < len(text) && text[i+1] == ' ':
			fresh = true
		case c != ' ':
			fresh = false
		}
	}
	return nil, 0
}

// quoted gives the length of a text in quotes, 0 where it does not end on its
// line.
func quoted(text string) int {
	quote := text[0]
	for i := 1; i < len(text) && text[i] != '\n'; i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] == quote && quote == '\'' && strings.HasPrefix(text[i+1:], "'"):
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return 0
}

// spaced writes what stands in braces or brackets with one space behind commas
// and colons, and none at the edges.
func spaced(text string) string {
	parts, end := split(text)
	if end != len(text) || strings.HasSuffix(strings.TrimRight(text[:len(text)-1], " "), ",") {
		return text
	}
	for i, part := range parts {
		part = strings.TrimSpace(part)
		key, value, isPair := strings.Cut(part, ": ")
		if text[0] == '{' && isPair && !strings.ContainsAny(key, `"'{[`) {
			parts[i] = key + ": " + inner(strings.TrimSpace(value))
			continue
		}
		parts[i] = inner(part)
	}
	return text[:1] + strings.Join(parts, ", ") + text[len(text)-1:]
}

func inner(value string) string {
	if value != "" && (value[0] == '{' || value[0] == '[') {
		return spaced(value)
	}
	return value
}
