package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/deskrules/deskrules/internal/plain"
)

// columns is how wide a screen may be. Terminals are at least that wide, and
// wider lines are hard to read.
const columns = 80

// isTerminal reports whether somebody watches what is written to w.
func isTerminal(w io.Writer) bool {
	file, ok := fileOf(w)
	return ok && term.IsTerminal(int(file.Fd()))
}

// An output remembers that something could not be written. What is printed for a
// person looks at no error, and yet a script must not take a result for whole of
// which a full disk kept the half.
type output struct {
	io.Writer
	failed error // the first
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.failed == nil {
		o.failed = err
	}
	return n, err
}

// A held text waits for somebody to decide whether it is shown. It looks as it
// would behind.
type held struct {
	bytes.Buffer
	behind io.Writer
}

// fileOf gives the file that a stream is.
func fileOf(stream any) (*os.File, bool) {
	if waiting, is := stream.(*held); is {
		stream = waiting.behind
	}
	if out, is := stream.(*output); is {
		stream = out.Writer
	}
	file, is := stream.(*os.File)
	return file, is
}

// A style colours words where that helps: on a terminal whose owner has not
// asked for plain text. Its zero value leaves text as it is.
type style struct{ colours bool }

// styleFor decides by https://no-color.org.
func styleFor(w io.Writer, env func(string) (string, bool)) style {
	refused, _ := env("NO_COLOR")
	kind, _ := env("TERM")
	return style{colours: isTerminal(w) && refused == "" && kind != "dumb"}
}

func (s style) bold(text string) string   { return s.paint("1", text) }
func (s style) red(text string) string    { return s.paint("31", text) }
func (s style) green(text string) string  { return s.paint("32", text) }
func (s style) yellow(text string) string { return s.paint("33", text) }
func (s style) dim(text string) string    { return s.paint("2", text) }

func (s style) paint(code, text string) string {
	if !s.colours || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// printJSON writes a value for programs to read.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(plain.JSONWriter(w))
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// count gives "1 event", "1,204 events".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return thousands(n) + " " + noun
}

// thousands groups the digits of a number.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// printable makes text that came from outside harmless on a terminal: an event
// could hold escape sequences, and a line break would fake another line.
func printable(text string) string { return plain.Line(text) }

// printableLines does the same for several lines, which stay apart.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

var aColour = regexp.MustCompile("\x1b\\[(?:31|32|36|0)m")

// printablePainted does the same for lines of which some are painted by the
// command itself.
func printablePainted(text string) string {
	var b strings.Builder
	done := 0
	for _, at := range aColour.FindAllStringIndex(text, -1) {
		b.WriteString(printableLines(text[done:at[0]]) + text[at[0]:at[1]])
		done = at[1]
	}
	return b.String() + printableLines(text[done:])
}

// wrap breaks text at spaces so that no line is longer than the screen. The
// first line keeps the space it begins with, the others get an indent of their
// own. A word that is too long stays whole.
func wrap(text, indent string) string {
	var lines []string
	line := ""
	start := text[:len(text)-len(strings.TrimLeft(text, " "))]
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = start + word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns:
			lines = append(lines, line)
			line = indent + word
		default:
			line += " " + word
		}
	}
	return strings.Join(append(lines, line), "\n")
}

// saidOf puts what is said of a place behind it, or below it where a line does not
// hold both. It stays whole, to be copied.
func saidOf(place, said string) string {
	if utf8.RuneCountInString(place)+1+utf8.RuneCountInString(said) <= columns {
		return place + " " + said
	}
	return place + "\n    " + said
}

// complain says something on stderr, with the name of the program, as it may be
// one of many in a script. Lines that are there stay apart.
func complain(w io.Writer, problem string) {
	for i, line := range strings.Split("deskrules: "+problem, "\n") {
		indent := "  "
		if i > 0 {
			indent = "    "
		}
		fmt.Fprintln(w, wrap(printable(line), indent))
	}
}

// shorten cuts text to a width.
func shorten(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	runes := []rune(text)
	return string(runes[:max(width-1, 0)]) + "…"
}

// printRow writes a number under others, and what it counts.
func printRow(w io.Writer, n int, what string) {
	fmt.Fprintf(w, "  %7s  %s\n", thousands(n), what)
}

// shellWord writes a word so that a shell takes it for one.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
