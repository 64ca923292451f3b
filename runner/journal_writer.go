package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
)

// A journalFile is what a journal needs of its file, which is open for
// appending.
type journalFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// A journalWriter appends lines and sees to it that they are on disk. A disk
// does that a few hundred times a second at best, so what comes while it works
// waits and goes out as one.
type journalWriter struct {
	file journalFile

	mu      sync.Mutex
	changed *sync.Cond // when durable or failed has
	waiting []byte     // lines that are not written yet
	lines   int        // how many there are, with those that wait
	queued  int        // how many commits there were
	durable int        // how many of them are on disk
	writing bool       // somebody is at it
	failed  error      // for good: what would follow could end up in a torn line
}

func newJournalWriter(file journalFile) *journalWriter {
	w := &journalWriter{file: file}
	w.changed = sync.NewCond(&w.mu)
	return w
}

// commit appends lines and returns when they are on disk, all or, where a crash
// comes between, some of the first.
func (w *journalWriter) commit(lines ...any) error {
	texts, err := encodeLines(lines)
	if err != nil || len(texts) == 0 {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.number(texts)
	w.queued++
	for own := w.queued; w.durable < own; {
		switch {
		case w.failed != nil:
			return w.failed
		case w.writing:
			w.changed.Wait()
		default:
			w.write()
		}
	}
	return nil
}

// number puts the number of each line behind what it holds, so that one that is
// missing is noticed.
func (w *journalWriter) number(texts [][]byte) {
	for _, text := range texts {
		w.lines++
		w.waiting = append(w.waiting, bytes.TrimSuffix(text, []byte("}\n"))...)
		w.waiting = fmt.Appendf(w.waiting, ",\"n\":%d}\n", w.lines)
	}
}

func encodeLines(lines []any) (texts [][]byte, err error) {
	for _, line := range lines {
		text, err := encode(line)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// write brings everything that waits to disk, with one write and one sync. The
// mutex is held when it is called and when it returns, and not between.
func (w *journalWriter) write() {
	text, upTo := w.waiting, w.queued
	w.waiting, w.writing = nil, true
	w.mu.Unlock()
	_, err := w.file.Write(text)
	if err == nil {
		err = w.file.Sync()
	}
	w.mu.Lock()
	w.writing = false
	if err != nil {
		w.failed = err
	} else {
		w.durable = upTo
	}
	w.changed.Broadcast()
}

// unwritten is the StopError of a journal that fails. Without it nothing more
// may be sent: a run after a crash could not know of it.
func unwritten(err error) *StopError {
	stop := &StopError{
		Problem: fmt.Sprintf("the journal could not be written: %v", withoutPath(err)),
		Advice:  "see to the disk and run the same command again",
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		stop.Advice = "free some space and run the same command again"
	}
	return stop
}
