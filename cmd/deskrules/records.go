package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/deskrules/deskrules/runner"
)

// records are the files in which a run keeps what became of each event.
type records struct {
	report      *runner.Report      // nil where none was asked for
	deadLetters *runner.DeadLetters // nil where none were asked for
	files       []*os.File
}

// openRecords makes the files before the first event is sent: what cannot be
// kept is not begun.
func (o *runOptions) openRecords(in inputs, stdout io.Writer) (*records, error) {
	opened := &records{}
	if o.report != "" {
		w, err := opened.open("--report", o.report, in, stdout)
		if err != nil {
			return nil, errors.Join(err, opened.close())
		}
		opened.report = runner.NewReport(w)
	}
	if o.deadLetter != "" {
		if err := o.checkDeadLetter(); err != nil {
			return nil, errors.Join(err, opened.close())
		}
		w, err := opened.open("--dead-letter", o.deadLetter, in, stdout)
		if err != nil {
			return nil, errors.Join(err, opened.close())
		}
		opened.deadLetters = runner.NewDeadLetters(w)
	}
	return opened, nil
}

// checkDeadLetter keeps a run from destroying the dead letters of an earlier
// one: they may be all that is left of their events.
func (o *runOptions) checkDeadLetter() error {
	info, err := os.Stat(o.deadLetter)
	if err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return fmt.Errorf("--dead-letter %s: the file is not empty. Deliver what is in it, or remove it, or name another", o.deadLetter)
	}
	return nil
}

func (r *records) open(flag, name string, in inputs, stdout io.Writer) (io.Writer, error) {
	if name == "-" {
		return stdout, nil
	}
	if in.holds(name) {
		return nil, fmt.Errorf("%s %s: this is a file of events, and would be overwritten", flag, name)
	}
	if r.holds(name) {
		return nil, fmt.Errorf("%s %s: --report has this file", flag, name)
	}
	file, err := createPrivate(name)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, name, pathError(err))
	}
	r.files = append(r.files, file)
	return file, nil
}

// holds reports whether a file is open already.
func (r *records) holds(name string) bool {
	info, err := os.Stat(name)
	if err != nil {
		return false
	}
	for _, file := range r.files {
		if own, err := file.Stat(); err == nil && info.Mode().IsRegular() && os.SameFile(info, own) {
			return true
		}
	}
	return false
}

// keep writes down one result.
func (r *records) keep(result runner.Result) error {
	var err error
	if r.report != nil {
		err = r.report.Write(result)
	}
	if r.deadLetters != nil {
		err = errors.Join(err, r.deadLetters.Write(result))
	}
	return err
}

func (r *records) close() error {
	var err error
	for _, file := range r.files {
		err = errors.Join(err, file.Close())
	}
	r.files = nil
	return err
}

// createPrivate makes a file that only its owner can read: what events hold is
// personal data. A file that is there already is emptied and made private.
func createPrivate(name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	// A device such as /dev/null, or a pipe, is not ours to change.
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return file, err
	}
	if err := file.Chmod(0o600); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
