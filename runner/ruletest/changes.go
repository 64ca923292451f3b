package ruletest

import (
	"fmt"
	"slices"
	"strings"
)

// changes says in a few words what is new in a section: what a reader of the
// change has to look for first. An outcome that is another one may well be a
// mistake of the rules that an update would make the new truth.
func (c comparison) changes() []string {
	if c.want == nil {
		return []string{c.name + " is new"}
	}
	if c.name != wantSection {
		return []string{c.name}
	}
	was, is := summarized(*c.want), summarized(c.got)
	changes := nonEmpty(
		changed("outcome", orNone(was.outcomes), orNone(is.outcomes)),
		changed("requests", fmt.Sprint(was.requests), fmt.Sprint(is.requests)),
	)
	if len(changes) > 0 {
		return changes
	}
	changes = nonEmpty(
		changed("rules", orNone(was.rules), orNone(is.rules)),
		changed("warnings", fmt.Sprint(was.warnings), fmt.Sprint(is.warnings)),
	)
	switch {
	case was.sent != is.sent:
		changes = append(changes, "what is sent")
	case was.answered != is.answered:
		changes = append(changes, "what is answered")
	case len(changes) == 0:
		changes = append(changes, "words")
	}
	return changes
}

func changed(what, was, is string) string {
	if was == is {
		return ""
	}
	return fmt.Sprintf("%s %s -> %s", what, was, is)
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, "; ")
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

// A summary is what counts most of a section want.
type summary struct {
	outcomes, rules    []string // of each event
	requests, warnings int
	sent, answered     string
}

func summarized(want string) summary {
	var s summary
	for line := range strings.Lines(want) {
		line = strings.TrimRight(line, "\n")
		name, text, _ := strings.Cut(line, ": ")
		method, _, _ := strings.Cut(line, " ")
		switch {
		case name == "outcome":
			s.outcomes = append(s.outcomes, text)
		case name == "rules":
			s.rules = append(s.rules, text)
		case name == "warning":
			s.warnings++
		case strings.HasPrefix(line, "=> "):
			s.answered += line + "\n"
		case name == "rule", name == "step", name == "reason", name == "stops the run": // follows from the outcome
		default:
			s.sent += line + "\n"
		}
		if slices.Contains(methods(), method) {
			s.requests++
		}
	}
	return s
}
