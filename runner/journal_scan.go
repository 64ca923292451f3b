package runner

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// A journalIndex says where the lines of one input's records are. It is made
// when the journal is opened, and never changes.
type journalIndex struct {
	finished map[int]*[chunk]int64 // offsets of lines; 0 for none
	open     map[int][]int64       // of the records that have lines and are not finished
	records  int                   // how many were read: one more than the last ordinal
}

// chunk is how many records an index makes room for at once: eight bytes for
// each, and no more for an ordinal that is out of the way.
const chunk = 1024

func (x *journalIndex) note(kind string, record int, at int64) {
	x.records = max(x.records, record+1)
	if kind == lineRead {
		return
	}
	if kind != lineFinished {
		x.open[record] = append(x.open[record], at)
		return
	}
	delete(x.open, record)
	if x.finished[record/chunk] == nil {
		x.finished[record/chunk] = new([chunk]int64)
	}
	x.finished[record/chunk][record%chunk] = at
}

// find gives where it says how a record ended, 0 for nowhere, and where the
// lines are of one that has not.
func (x *journalIndex) find(record int) (finished int64, open []int64) {
	if x == nil {
		return 0, nil
	}
	if block := x.finished[record/chunk]; block != nil {
		finished = block[record%chunk]
	}
	return finished, x.open[record]
}

func (j *Journal) index(input int) *journalIndex {
	if j.inputs[input] == nil {
		j.inputs[input] = &journalIndex{finished: map[int]*[chunk]int64{}, open: map[int][]int64{}}
	}
	return j.inputs[input]
}

// scan reads the file once, a line at a time.
func (j *Journal) scan() error {
	in := bufio.NewReaderSize(j.from(0), 256<<10)
	if err := j.recognize(in); err != nil {
		return err
	}
	s := journalScan{journal: j}
	for {
		line, err := in.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF):
			if err := s.end(line); err != nil {
				return err
			}
			j.lines = s.whole()
			return nil
		case err != nil:
			return err
		}
		if err := s.take(line); err != nil {
			return err
		}
	}
}

func (j *Journal) from(offset int64) io.Reader {
	return io.NewSectionReader(j.file, offset, math.MaxInt64-offset)
}

// recognize refuses a file that is no journal, which may be dear to somebody.
// The beginning of a first line, or nothing but zeros, is what a crash leaves of
// a new one.
func (j *Journal) recognize(in *bufio.Reader) error {
	start, err := in.Peek(4 << 10)
	whole := errors.Is(err, io.EOF)
	if err != nil && !whole {
		return err
	}
	zeros := whole && len(bytes.Trim(start, "\x00")) == 0
	start = start[:min(len(start), len(journalMarker))]
	if !zeros && !bytes.HasPrefix([]byte(journalMarker), start) {
		return errors.New("the file holds something else than a journal. Name another")
	}
	return nil
}

// A journalScan is a journal that is being read.
type journalScan struct {
	journal *Journal
	number  int   // of the line, from 1
	offset  int64 // behind it
	bad     *badLine
}

// A badLine is forgiven only where it is the torn end of the file.
type badLine struct {
	err    error
	torn   bool
	offset int64
}

// take takes in one whole line.
func (s *journalScan) take(line []byte) error {
	if s.bad != nil {
		return s.bad.err
	}
	s.number++
	if err := s.read(line); err != nil {
		if _, newer := errors.AsType[newerJournal](err); newer {
			return err
		}
		s.bad = &badLine{
			err: fmt.Errorf("line %d is damaged (%w). Restore the file, or name a new journal, which begins anew and sends everything again", s.number, err),
			// A crash can leave a file with its size and without its bytes.
			torn: bytes.IndexByte(line, 0) >= 0, offset: s.offset,
		}
	}
	s.offset += int64(len(line))
	return nil
}

// end cuts off what is no whole line: nothing has relied on it.
func (s *journalScan) end(rest []byte) error {
	whole := s.offset
	switch {
	case s.bad != nil && !s.bad.torn:
		return s.bad.err
	case s.bad != nil:
		whole = s.bad.offset
	case len(rest) == 0:
		return nil
	}
	return s.journal.file.Truncate(whole)
}

// whole is how many lines are left.
func (s *journalScan) whole() int {
	if s.bad != nil {
		return s.number - 1
	}
	return s.number
}

// A newerJournal is of a version of Deskrules that is yet to come.
type newerJournal int

func (v newerJournal) Error() string {
	return fmt.Sprintf("it has format %d, and this version of deskrules knows %d: go on with the version that wrote it", int(v), journalVersion)
}

func (s *journalScan) read(line []byte) error {
	j := s.journal
	if s.number == 1 {
		err := json.Unmarshal(line, &j.header)
		if err == nil && j.header.Version != journalVersion {
			return newerJournal(j.header.Version)
		}
		j.begun = err == nil
		return err
	}
	// Only what is needed here: most of a line is the outcome or the answer.
	var brief struct {
		Kind   string   `json:"kind"`
		Input  int      `json:"input"`
		Record int      `json:"record"`
		Names  []string `json:"names"`
		Number int      `json:"n"`
	}
	if err := json.Unmarshal(line, &brief); err != nil || brief.Record < 0 {
		return errors.New("it is no line of a journal")
	}
	// Without a line that says how it ended, an event would be sent again.
	if brief.Number != 0 && brief.Number != s.number {
		return errors.New("a line before it is missing")
	}
	switch brief.Kind {
	case lineFiles:
		j.files = append(j.files, brief.Names...)
	case lineRead, lineSent, lineUntaken, lineAnswer, lineRecall, lineFinished:
		j.index(brief.Input).note(brief.Kind, brief.Record, s.offset)
	default:
		return errors.New("it is of no known kind")
	}
	return nil
}

// readLine gives the line at an offset that the index has.
func (j *Journal) readLine(at int64) (line journalLine, err error) {
	text, err := bufio.NewReaderSize(j.from(at), 1<<10).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, &line)
	}
	if err != nil {
		return line, j.wrong(fmt.Errorf("it cannot be read: %w", withoutPath(err)))
	}
	return line, nil
}
