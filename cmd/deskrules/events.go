package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// An input is one source of events.
type input struct {
	name string
	io.Reader
	file *os.File // nil for standard input
}

// inputs are the sources of a run, in the order they were named.
type inputs []input

// openInputs opens all files before the first is read, so that a misspelt name
// is not found out halfway.
func openInputs(names []string, stdin io.Reader) (inputs, error) {
	var opened inputs
	for _, name := range names {
		in, err := openInput(name, stdin)
		if err != nil {
			return nil, errors.Join(err, opened.close())
		}
		opened = append(opened, in)
	}
	return opened, nil
}

func openInput(name string, stdin io.Reader) (input, error) {
	if name == "-" {
		return input{name: "stdin", Reader: stdin}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return input{}, fmt.Errorf("events %s: %w", name, pathError(err))
	}
	opened := input{name: name, Reader: file, file: file}
	info, err := file.Stat()
	switch {
	case err == nil && info.IsDir():
		err = errors.New("this is a folder, name files")
	case err == nil && info.Mode().IsRegular() && info.Size() <= maxPasted:
		opened.Reader, err = pasted(file)
	}
	if err != nil {
		return input{}, errors.Join(fmt.Errorf("events %s: %w", name, pathError(err)), file.Close())
	}
	return opened, nil
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
		if each.file == nil {
			names = append(names, "-")
		} else {
			names = append(names, each.name)
		}
	}
	return names
}

// holds reports whether a file is one of the inputs, whatever it is called.
func (in inputs) holds(name string) bool {
	info, err := os.Stat(name)
	if err != nil {
		return false
	}
	for _, each := range in {
		if each.file == nil {
			continue
		}
		if own, err := each.file.Stat(); err == nil && os.SameFile(info, own) {
			return true
		}
	}
	return false
}

func (in inputs) close() error {
	var err error
	for _, each := range in {
		if each.file != nil {
			err = errors.Join(err, each.file.Close())
		}
	}
	return err
}
