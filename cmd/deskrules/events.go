package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// An input is one source of events. It is opened when its turn comes.
type input struct {
	name  string
	stdin io.Reader   // nil for a file
	info  os.FileInfo // nil for standard input that is no file
}

// inputs are the sources of a run, in the order they were named.
type inputs []input

// findInputs looks at all files before the first is read, so that a misspelt
// name is not found out halfway.
func findInputs(names []string, stdin io.Reader) (inputs, error) {
	var found inputs
	for _, name := range names {
		in, err := findInput(name, stdin)
		if err != nil {
			return nil, err
		}
		found = append(found, in)
	}
	return found, nil
}

func findInput(name string, stdin io.Reader) (input, error) {
	if name == "-" {
		return input{name: "stdin", stdin: stdin, info: infoOf(stdin)}, nil
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		err = errors.New("this is a folder, name files")
	case err == nil && info.Mode().IsRegular():
		err = tryToOpen(name)
	}
	if err != nil {
		return input{}, fmt.Errorf("events %s: %w", name, pathError(err))
	}
	return input{name: name, info: info}, nil
}

// size is how many bytes the inputs have; 0 where that is not known of each.
func (all inputs) size() (total int64) {
	for _, in := range all {
		if in.info == nil || !in.info.Mode().IsRegular() {
			return 0
		}
		total += in.info.Size()
	}
	return total
}

// wrong names the input in an error of its own; that a run was cut short is
// none.
func (in input) wrong(err error) error {
	if err == nil || isStop(err) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w", in.name, err)
}

// infoOf tells which file a stream is; nil where it is none.
func infoOf(stream any) os.FileInfo {
	file, ok := fileOf(stream)
	if !ok {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	return info
}

// tryToOpen finds out whether a file may be read. A pipe is not tried: whoever
// writes to it would notice.
func tryToOpen(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	return file.Close()
}

// A source is an input that is being read.
type source struct {
	io.Reader
	file  *os.File // nil for standard input
	ended atomic.Bool
}

// Read notes the end of the input: what is behind it cannot be missed.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		s.ended.Store(true)
	}
	return n, err
}

// close ends a read that is under way. What closing a file says that was only
// read concerns nobody.
func (s *source) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}

// open begins to read an input. What is still being written is not waited for
// once stopped is closed; nil waits for ever.
func (in input) open(ctx context.Context, stopped <-chan struct{}) (*source, error) {
	if in.stdin != nil {
		return &source{Reader: in.whileWanted(in.stdin, stopped)}, nil
	}
	// A named pipe that nobody writes to is not open until somebody does.
	file, err := await(ctx, func() (*os.File, error) { return os.Open(in.name) })
	if err != nil {
		return nil, pathError(err)
	}
	opened := &source{Reader: in.whileWanted(file, stopped), file: file}
	if in.info.Mode().IsRegular() && in.info.Size() <= maxPasted {
		if opened.Reader, err = pasted(file); err != nil {
			return nil, errors.Join(pathError(err), file.Close())
		}
	}
	return opened, nil
}

// await does what may block for ever, and gives up when ctx ends. What is under
// way then is left behind.
func await[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// whileWanted makes a reader of an input that may never end one that does.
func (in input) whileWanted(r io.Reader, stopped <-chan struct{}) io.Reader {
	if in.info != nil && in.info.Mode().IsRegular() {
		return r
	}
	return &liveReader{in: r, stopped: stopped, buffer: make([]byte, 64<<10), got: make(chan int, 1)}
}

// patience is how long a stopped run waits for more of an input that is still
// being written: what is on its way is recorded, what may never come is not
// waited for.
const patience = 200 * time.Millisecond

var errNotAwaited = errors.New("the rest of the input was not waited for")

// A liveReader reads what is still being written, until stopped is closed and
// nothing comes any more.
type liveReader struct {
	in      io.Reader
	stopped <-chan struct{}
	buffer  []byte
	left    []byte // of buffer, not yet handed on
	err     error  // after left
	got     chan int
}

// Read reads in a goroutine, as a read cannot be called off.
func (l *liveReader) Read(p []byte) (int, error) {
	if len(l.left) == 0 && l.err == nil {
		go l.fill()
		if !l.filled() {
			return 0, errNotAwaited
		}
	}
	n := copy(p, l.left)
	l.left = l.left[n:]
	if len(l.left) > 0 {
		return n, nil
	}
	return n, l.err
}

func (l *liveReader) fill() {
	n, err := l.in.Read(l.buffer)
	l.err = err
	l.got <- n
}

// filled waits for the read that is under way, for as long as it is wanted.
func (l *liveReader) filled() bool {
	select {
	case n := <-l.got:
		return l.take(n)
	case <-l.stopped:
	}
	select {
	case n := <-l.got:
		return l.take(n)
	case <-time.After(patience):
		return false
	}
}

func (l *liveReader) take(n int) bool {
	l.left = l.buffer[:n]
	return true
}

// maxPasted is the size up to which a file may be a single event that is
// spread over many lines. Larger ones are read as they are delivered.
const maxPasted = 1 << 20

// pasted reads all of an input. A single event may be spread over many lines,
// as people paste it; it becomes the one line that a reader of events expects.
func pasted(in io.Reader) (io.Reader, error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	trimmed := bytes.TrimSpace(text)
	if !bytes.HasPrefix(trimmed, []byte("{")) || !json.Valid(trimmed) {
		return bytes.NewReader(text), nil
	}
	var line bytes.Buffer
	err = json.Compact(&line, trimmed)
	return &line, err
}

// names are the inputs as they were named on the command line.
func (in inputs) names() []string {
	var names []string
	for _, each := range in {
		if each.stdin != nil {
			names = append(names, "-")
		} else {
			names = append(names, each.name)
		}
	}
	return names
}

// holds reports whether a file is one of the inputs, whatever it is called.
func (in inputs) holds(info os.FileInfo) bool {
	for _, each := range in {
		if sameFile(info, each.info) {
			return true
		}
	}
	return false
}

// sameFile reports whether two are one file with content of its own: devices
// and terminals may well be both read and written.
func sameFile(a, b os.FileInfo) bool {
	return a != nil && b != nil && a.Mode().IsRegular() && os.SameFile(a, b)
}
