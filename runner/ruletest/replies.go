package ruletest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A reply is one answer of replies.http.
type reply struct {
	line     int // where it is in the file
	method   string
	target   target
	anyQuery bool // whether the query of a request does not matter

	status  int    // 0 where there is a failure instead
	failure string // "refused", "reset" or "timeout"
	header  http.Header
	body    string

	times int // how often it is given
	given int // how often it was
}

// String names a reply in messages.
func (r *reply) String() string {
	path := r.target.String()
	if !r.anyQuery && len(r.target.query) == 0 {
		path += "?"
	}
	text := fmt.Sprintf("%s %s => %s", r.method, path, r.result())
	if r.times > 1 {
		text += fmt.Sprintf(" x%d", r.times)
	}
	return fmt.Sprintf("%s (line %d)", text, r.line)
}

func (r *reply) result() string {
	if r.failure != "" {
		return r.failure
	}
	return strconv.Itoa(r.status)
}

// answers reports whether the reply is there for the request and is left.
func (r *reply) answers(method string, t target) bool {
	return r.given < r.times && r.method == method &&
		r.target.samePath(t) && (r.anyQuery || r.target.sameQuery(t))
}

// readReplies reads the section replies.http.
func readReplies(s section) (*script, error) {
	var replies script
	var problems []error
	for _, b := range blocks(s) {
		r, err := b.read()
		if err != nil {
			problems = append(problems, err)
			continue
		}
		replies.replies = append(replies.replies, r)
	}
	return &replies, errors.Join(problems...)
}

// A block is the lines of one reply, without its comments.
type block struct {
	line  int // 1-based line of the first one
	lines []string
}

// blocks separates replies at the blank lines. Lines that begin with # before
// a request line are comments; a body may begin a line with # too.
func blocks(s section) []block {
	var all []block
	var current block
	number := s.line
	for text := range strings.Lines(s.text + "\n\n") {
		text = strings.TrimRight(text, " \t\n")
		switch {
		case text == "" && len(current.lines) > 0:
			all = append(all, current)
			current = block{}
		case text == "" || len(current.lines) == 0 && strings.HasPrefix(text, "#"):
		default:
			if len(current.lines) == 0 {
				current.line = number
			}
			current.lines = append(current.lines, text)
		}
		number++
	}
	return all
}

// read takes a block apart: request line, status line, headers, body.
func (b block) read() (*reply, error) {
	r := &reply{line: b.line, header: http.Header{}}
	if err := r.readRequest(b.lines[0]); err != nil {
		return nil, fmt.Errorf("line %d: %w", b.line, err)
	}
	if len(b.lines) == 1 {
		return nil, fmt.Errorf("line %d: the reply to %s has no status line; a blank line ends a reply", b.line, b.lines[0])
	}
	if err := r.readStatus(b.lines[1]); err != nil {
		return nil, fmt.Errorf("line %d: %w", b.line+1, err)
	}
	r.body = strings.Join(r.readHeader(b.lines[2:]), "\n")
	if r.failure != "" && len(b.lines) > 2 {
		return nil, fmt.Errorf("line %d: where the answer is %q, nothing more comes", b.line+2, r.failure)
	}
	return r, nil
}

func methods() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}

func (r *reply) readRequest(line string) (err error) {
	var path string
	r.method, path, _ = strings.Cut(line, " ")
	if !slices.Contains(methods(), r.method) {
		return fmt.Errorf("%q is no request line: expected %s and a path (a body cannot hold a blank line)",
			line, strings.Join(methods(), ", "))
	}
	r.anyQuery = !strings.Contains(path, "?")
	r.target, err = writtenTarget(strings.TrimSpace(path))
	return err
}

func failures() []string { return []string{"refused", "reset", "timeout"} }

func (r *reply) readStatus(line string) error {
	words := strings.Fields(line)
	status, err := strconv.Atoi(words[0])
	switch {
	case slices.Contains(failures(), words[0]):
		r.failure = words[0]
	case err != nil || status < 200 || status > 599:
		return fmt.Errorf("%q is no status: expected 200 to 599, %s", line, strings.Join(failures(), ", "))
	default:
		r.status = status
	}
	return r.readTimes(words[1:])
}

func (r *reply) readTimes(words []string) error {
	r.times = 1
	if len(words) == 0 {
		return nil
	}
	times, err := strconv.Atoi(strings.TrimPrefix(words[0], "x"))
	if len(words) > 1 || words[0][0] != 'x' || err != nil || times < 1 {
		return fmt.Errorf("after a status, expected nothing or a repetition such as x5, found %q", strings.Join(words, " "))
	}
	r.times = times
	return nil
}

// readHeader takes the lines that look like headers and returns the others. No
// JSON text begins like a header.
func (r *reply) readHeader(lines []string) []string {
	for i, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.ContainsFunc(name, notInHeader) {
			return lines[i:]
		}
		r.header.Add(name, strings.TrimSpace(value))
	}
	return nil
}

func notInHeader(r rune) bool {
	return r != '-' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
}
