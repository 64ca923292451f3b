package runner

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/deskrules/deskrules/engine"
)

// A Record is one event of an input, as it came.
type Record struct {
	// File names the input where there are several; [ReadEvents] leaves it
	// empty, and reports show it only where it is set.
	File string
	// Line is where the record starts in the input, from 1; 0 if unknown.
	// LastLine is where it ends; 0 for the same line.
	Line, LastLine int
	// Element is which element of a JSON array the record is, from 1; 0 where
	// events are lines. Line alone does not tell, as all may be in one.
	Element int
	// Event is the event's bytes, which need not be valid. Of a dead letter it
	// is the event within.
	Event []byte
	// TooLong reports that Event is only the beginning of a longer one.
	TooLong bool
	// Before is how the event ended last time where the record is a dead
	// letter; empty for all others.
	Before engine.Status
}

// ReadEvents reads records from r: one JSON object a line, or one JSON array
// of objects, where the first character that is not space is a bracket. Blank
// lines are skipped, lines may end in CRLF, and a byte order mark where a record
// may begin is passed over. Lines written by [DeadLetters] are unwrapped.
//
// An object may be spread over several lines, as jq and editors write it: a line
// that begins with { and leaves an object or array open goes on up to the line
// that closes it. It does not go on behind a line that ends within a text, nor
// with a line that begins with { and is indented no further than the first: an
// event that is broken or cut off takes no other one with it.
//
// What is between the line ends, or the commas of the array, is a record even
// if it is not JSON: the engine says what is wrong with it. Of one longer than
// limits.EventBytes (0 is 512 KiB) the rest is passed over, so that memory is
// bounded. An error means that the input itself cannot be read on, and is the
// last thing yielded. The sequence can be used once.
func ReadEvents(r io.Reader, limits engine.Limits) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		in := newInput(r, limits)
		first, err := in.start()
		switch {
		case errors.Is(err, io.EOF):
		case err != nil:
			yield(Record{}, in.failed(err))
		case first == '[':
			in.readArray(yield)
		default:
			in.readLines(yield)
		}
	}
}

// An input cuts bytes into records.
type input struct {
	r          *bufio.Reader
	eventBytes int // the longest event
	most       int // the longest record: an event within a dead letter
	line       int // of the next byte, from 1
	indent     int // of the line, where only its indentation has been read
}

func newInput(r io.Reader, limits engine.Limits) *input {
	event := limits.WithDefaults().EventBytes
	return &input{r: bufio.NewReaderSize(&lasting{r: r}, 64<<10), eventBytes: event, most: mostLetter(event), line: 1}
}

// A lasting reader asks no more of an input that has ended or failed: what is
// peeked at is read once more, and a terminal would have to be closed twice.
type lasting struct {
	r   io.Reader
	err error
}

func (l *lasting) Read(p []byte) (n int, err error) {
	if l.err == nil {
		n, l.err = l.r.Read(p)
	}
	return n, l.err
}

func (in *input) failed(err error) error { return fmt.Errorf("line %d: %w", in.line, err) }

// start passes over a byte order mark and space, and peeks at what follows.
func (in *input) start() (byte, error) {
	in.passMark()
	if err := in.encoding(); err != nil {
		return 0, err
	}
	for {
		c, err := in.next()
		if err != nil {
			return 0, err
		}
		if !isSpace(c) {
			in.indent--
			return c, in.r.UnreadByte()
		}
	}
}

func (in *input) next() (byte, error) {
	c, err := in.r.ReadByte()
	if c == '\n' && err == nil {
		in.line++
		in.indent = -1
	}
	in.indent++
	return c, err
}

const byteOrderMark = "\ufeff"

// passMark passes over a byte order mark, which files begin with that were put
// one behind the other.
func (in *input) passMark() {
	if mark, _ := in.r.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = in.r.Discard(len(mark)) // cannot fail: they were peeked at
	}
}

// encoding refuses what spreadsheets and shells write on Windows, which would be
// an error for each line.
func (in *input) encoding() error {
	b, _ := in.r.Peek(4)
	mark := len(b) > 1 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff)
	wide := len(b) > 3 && (b[0] == 0) == (b[2] == 0) && (b[1] == 0) == (b[3] == 0) && (b[0] == 0) != (b[1] == 0)
	if mark || wide {
		return errors.New("this is UTF-16, and events are UTF-8: convert the file first, as with iconv -f UTF-16 -t UTF-8")
	}
	return nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func (in *input) readLines(yield func(Record, error) bool) {
	for {
		e, err := in.readEvent()
		if err != nil && !errors.Is(err, io.EOF) {
			yield(Record{}, in.failed(err))
			return
		}
		if text := bytes.TrimSpace(e.text); len(text) > 0 {
			record := in.record(text, e.cut, e.line)
			if e.last > e.line {
				record.LastLine = e.last
			}
			if !yield(record, nil) {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// readEvent reads a line, and those that it goes on with.
func (in *input) readEvent() (element, error) {
	in.passMark()
	first, _ := in.peekIndented()
	indent, e := in.indent+first, element{line: in.line}
	for {
		err := in.readLine(&e)
		e.last = in.line
		if err == nil {
			in.line, in.indent = in.line+1, 0
		}
		if err != nil || !e.open() || in.beginsEvent(indent) {
			return e, err
		}
	}
}

// open reports whether more lines belong to the event.
func (e *element) open() bool {
	return e.depth > 0 && !e.inText && bytes.HasPrefix(bytes.TrimLeft(e.text, " \t"), []byte("{"))
}

// beginsEvent reports whether the next line begins another event than the one
// at hand, which is indented so far. Within an event that is laid out over lines
// every object is indented further.
func (in *input) beginsEvent(indent int) bool {
	if mark, _ := in.r.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		return true
	}
	further, c := in.peekIndented()
	return c == '{' && further <= indent
}

// peekIndented looks for the first character of a line, and how far it is
// indented; 0 for a line that is all space.
func (in *input) peekIndented() (indent int, c byte) {
	for ; ; indent++ {
		next, err := in.r.Peek(indent + 1)
		switch {
		case err != nil:
			return indent, 0
		case next[indent] != ' ' && next[indent] != '\t':
			return indent, next[indent]
		}
	}
}

// readLine reads up to the end of a line, and keeps as much as a record may
// have.
func (in *input) readLine(e *element) error {
	for {
		part, err := in.r.ReadSlice('\n')
		for _, c := range part {
			e.follow(c)
		}
		kept := min(len(part), in.most-len(e.text))
		e.text = append(e.text, part[:kept]...)
		e.cut = e.cut || len(bytes.TrimSpace(part[kept:])) > 0
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// readArray reads the elements of an array without holding the others. It
// follows strings and brackets and nothing else, so that an element that is no
// JSON costs that element only.
func (in *input) readArray(yield func(Record, error) bool) {
	_, _ = in.next() // the bracket
	for n := 1; ; n++ {
		e, end, err := in.readElement()
		if len(e.text) > 0 || end == ',' {
			record := in.record(e.text, e.cut, e.line)
			record.Element = n
			if !yield(record, nil) {
				return
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			yield(Record{}, in.failed(errors.New("the array of events is not closed by ]: the input may be cut off")))
			return
		case err != nil:
			yield(Record{}, in.failed(err))
			return
		case end == ']':
			in.readTail(yield)
			return
		}
	}
}

// readTail sees to it that nothing follows the array unnoticed.
func (in *input) readTail(yield func(Record, error) bool) {
	switch _, err := in.start(); {
	case err == nil:
		yield(Record{}, in.failed(errors.New("something follows the array of events: give one array, or one event a line")))
	case !errors.Is(err, io.EOF):
		yield(Record{}, in.failed(err))
	}
}

// An element is the text of an array's element, or of an event in lines, and
// where JSON stands in it.
type element struct {
	text             []byte
	line, last       int
	cut              bool // there was more
	depth            int
	inText, escaping bool
}

// readElement reads up to the comma or bracket that ends the element. On a
// read error that is not the end of the input nothing of it counts.
func (in *input) readElement() (e element, end byte, err error) {
	for {
		line := in.line
		c, err := in.next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				e.text = nil
			}
			return e, 0, err
		}
		if e.ends(c) {
			e.line = orDefault(e.line, line)
			e.text = bytes.TrimRight(e.text, " \t\r\n")
			return e, c, nil
		}
		in.keep(&e, c, line)
	}
}

func (in *input) keep(e *element, c byte, line int) {
	switch {
	case len(e.text) == 0 && isSpace(c):
	case len(e.text) == 0:
		e.line = line
		e.text = append(e.text, c)
	case len(e.text) < in.most:
		e.text = append(e.text, c)
	default:
		e.cut = e.cut || !isSpace(c)
	}
}

// ends reports whether a character ends the element, and follows it if not.
func (e *element) ends(c byte) bool {
	if !e.inText && e.depth == 0 && (c == ',' || c == ']') {
		return true
	}
	e.follow(c)
	return false
}

func (e *element) follow(c byte) {
	switch {
	case e.escaping:
		e.escaping = false
	case e.inText:
		e.escaping = c == '\\'
		e.inText = c != '"'
	case c == '"':
		e.inText = true
	case c == '{' || c == '[':
		e.depth++
	case c == '}' || c == ']':
		e.depth = max(0, e.depth-1)
	}
}

// record makes a record of a text, and takes dead letters apart.
func (in *input) record(text []byte, cut bool, line int) Record {
	r := Record{Line: line, Event: text, TooLong: cut}
	if !cut && bytes.Contains(text, []byte(deadLetterMarker)) {
		unwrap(text, &r)
	}
	if len(r.Event) > in.eventBytes {
		r.Event, r.TooLong = r.Event[:in.eventBytes:in.eventBytes], true
	}
	return r
}

// unwrap puts the event of a dead letter into r; it leaves all others alone.
func unwrap(text []byte, r *Record) {
	var letter struct {
		Marker    int             `json:"deskrules_dead_letter"`
		Event     json.RawMessage `json:"event"`
		Raw       *string         `json:"raw"`
		RawBase64 []byte          `json:"raw_base64"`
		Cut       bool            `json:"cut"`
		Outcome   engine.Status   `json:"outcome"`
	}
	if json.Unmarshal(text, &letter) != nil || letter.Marker == 0 {
		return
	}
	switch {
	case letter.Event != nil:
		r.Event = letter.Event
	case letter.Raw != nil:
		r.Event = []byte(*letter.Raw)
	case letter.RawBase64 != nil:
		r.Event = letter.RawBase64
	default:
		return
	}
	r.TooLong, r.Before = letter.Cut, letter.Outcome
}
