package ruletest

import (
	"bytes"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// A section is one named part of a case, and where it is in the file: errors
// name its lines, and an update replaces its bytes alone.
type section struct {
	name       string
	text       string // with "\n" for "\r\n"
	line       int    // 1-based line of the first line of text
	start, end int    // byte offsets of text in the file
}

// split takes a case apart into its comment and its sections. It is used in
// place of txtar.Parse, whose result does not tell where a section is.
func split(file []byte) (comment string, sections []section) {
	current := section{line: 1}
	line, offset := 1, 0
	for text := range bytes.Lines(file) {
		next := offset + len(text)
		if name, ok := markerName(text); ok {
			current.end = offset
			sections = append(sections, current)
			current = section{name: name, line: line + 1, start: next}
		}
		line, offset = line+1, next
	}
	current.end = offset
	sections = append(sections, current)
	for i := range sections {
		s := &sections[i]
		s.text = strings.ReplaceAll(string(file[s.start:s.end]), "\r\n", "\n")
	}
	return sections[0].text, sections[1:]
}

// markerName leaves it to txtar what a marker line is.
func markerName(line []byte) (string, bool) {
	if len(bytes.TrimSpace(line)) < len("-- x --") {
		return "", false // txtar itself stumbles over a marker without a name
	}
	a := txtar.Parse(line)
	if len(a.Files) == 0 {
		return "", false
	}
	return a.Files[0].Name, true
}

// replace returns the file with another text in the section of that name, which
// is put at the end if there is none. All other bytes stay as they are.
func replace(file []byte, name, text string) []byte {
	_, sections := split(file)
	for _, s := range sections {
		if s.name == name {
			return bytes.Join([][]byte{file[:s.start], withEndsOf(file, text), file[s.end:]}, nil)
		}
	}
	text = "-- " + name + " --\n" + text
	if len(file) > 0 && !bytes.HasSuffix(file, []byte("\n")) {
		text = "\n" + text
	}
	return append(bytes.Clone(file), withEndsOf(file, text)...)
}

// withEndsOf gives the lines of a text the ends that those of a file have: as
// the first one, since editors write all alike.
func withEndsOf(file []byte, text string) []byte {
	first, _, _ := bytes.Cut(file, []byte("\n"))
	if bytes.HasSuffix(first, []byte("\r")) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return []byte(text)
}
