package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"

	"github.com/deskrules/deskrules/internal/plain"
	"github.com/deskrules/deskrules/runner"
)

// records are the files in which a run keeps what became of each event.
type records struct {
	report      *runner.Report      // nil where none was asked for
	deadLetters *runner.DeadLetters // nil where none were asked for
	files       []*os.File
	locks       []*flock.Flock
	staged      []*recordFile   // to take the place of earlier ones
	journal     *runner.Journal // that says when; nil for none
	failed      bool            // something could not be written
}

// A recordFile is a file that a run is to write, as a flag names it.
type recordFile struct {
	flag, name string
	file       *os.File // nil for standard output
	ours       bool     // an earlier run of the journal wrote it, and this one writes the same and more
	beside     string   // what is written in its place until it may be replaced; empty for none
}

// occupied are the files that a run reads and must not write to.
type occupied struct {
	inputs inputs
	others []recordFile
}

// openRecords makes the files before the first event is sent: what cannot be
// kept is not begun. Nothing is emptied before everything has been found right,
// so that a run that is refused leaves all files as they were.
func (o *runOptions) openRecords(ctx context.Context, journal *runner.Journal, taken occupied, stdout io.Writer) (*records, error) {
	opened := &records{journal: journal}
	wanted, err := o.recordFiles(journal)
	if err != nil {
		return nil, err
	}
	for _, file := range wanted {
		if err := opened.open(ctx, file, taken, stdout); err != nil {
			return nil, opened.giveUp(err)
		}
		taken.others = append(taken.others, *file)
	}
	if err := noteFiles(journal, wanted); err != nil {
		return nil, opened.giveUp(err)
	}
	for _, file := range wanted {
		if file.beside == "" {
			if err := file.empty(); err != nil {
				return nil, opened.giveUp(err)
			}
		}
		opened.use(file, stdout)
	}
	return opened, nil
}

func (o *runOptions) recordFiles(journal *runner.Journal) (wanted []*recordFile, err error) {
	for _, file := range []recordFile{{flag: "--report", name: o.report}, {flag: "--dead-letter", name: o.deadLetter}} {
		if file.name == "" {
			continue
		}
		if journal != nil && file.name != "-" {
			whole, err := filepath.Abs(file.name)
			if err != nil {
				return nil, file.wrong(pathError(err))
			}
			file.ours = slices.Contains(journal.Files(), whole)
		}
		wanted = append(wanted, &file)
	}
	return wanted, nil
}

// noteFiles has the journal know the files before anything in them is lost.
func noteFiles(journal *runner.Journal, wanted []*recordFile) error {
	if journal == nil {
		return nil
	}
	var names []string
	for _, file := range wanted {
		if whole, err := filepath.Abs(file.name); err == nil && file.file != nil {
			names = append(names, whole)
		}
		if file.beside != "" {
			names = append(names, file.beside)
		}
	}
	return journal.AddFiles(names...)
}

// open opens a file that may be written to, and leaves what it holds.
func (r *records) open(ctx context.Context, file *recordFile, taken occupied, stdout io.Writer) error {
	if file.name == "-" {
		return file.free(infoOf(stdout), taken)
	}
	info, err := os.Stat(file.name)
	if err == nil {
		if err := file.free(info, taken); err != nil {
			return err
		}
	}
	if err != nil || info.Mode().IsRegular() {
		if err := r.claim(file, file.name); err != nil {
			return err
		}
	}
	// A pipe that nobody reads is not open until somebody does.
	file.file, err = await(ctx, func() (*os.File, error) {
		return os.OpenFile(file.name, os.O_WRONLY|os.O_CREATE, 0o600)
	})
	if err != nil {
		return file.wrong(pathError(err))
	}
	r.files = append(r.files, file.file)
	info = infoOf(file.file)
	if err := file.mayGo(info); err != nil {
		return err
	}
	if r.journal != nil && info.Mode().IsRegular() && info.Size() > 0 {
		return r.stage(file)
	}
	return nil
}

func (r *records) use(file *recordFile, stdout io.Writer) {
	w := plain.JSONWriter(stdout) // for somebody to look at; a file keeps events as they came
	if file.file != nil {
		w = file.file
	}
	if file.flag == "--report" {
		r.report = runner.NewReport(w)
	} else {
		r.deadLetters = runner.NewDeadLetters(w)
	}
}

func (f recordFile) wrong(err error) error { return fmt.Errorf("%s %s: %w", f.flag, f.name, err) }

// free refuses a file that the run reads, or writes already.
func (f recordFile) free(info os.FileInfo, taken occupied) error {
	if taken.inputs.holds(info) {
		return f.wrong(errors.New("this is a file of events, and would be overwritten"))
	}
	for _, other := range taken.others {
		if own, err := os.Stat(other.name); err == nil && sameFile(info, own) {
			return f.wrong(fmt.Errorf("%s has this file", other.flag))
		}
	}
	return nil
}

// mayGo keeps a run from destroying what is in a file. Dead letters may be all
// that is left of their events; a report may follow another report.
func (f recordFile) mayGo(info os.FileInfo) error {
	if f.ours || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	if f.flag == "--dead-letter" {
		return f.wrong(errors.New("the file is not empty. Deliver what is in it, or remove it, or name another"))
	}
	start, err := startOf(f.name)
	switch {
	case err != nil:
		return f.wrong(pathError(err))
	case bytes.Contains(start, []byte(`"deskrules_dead_letter"`)):
		return f.wrong(errors.New("the file holds dead letters. Deliver them, or remove it, or name another"))
	case !bytes.HasPrefix(start, []byte(`{"line":`)) && !bytes.HasPrefix(start, []byte(`{"file":`)):
		return f.wrong(errors.New("the file holds something else than a report. Remove it, or name another"))
	}
	return nil
}

// startOf gives the first line of a file, as far as it tells what the file is.
func startOf(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	start, err := bufio.NewReader(file).ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	return start, nil
}

// empty makes a file ready: empty, and private, as what events hold is personal
// data. A device such as /dev/null, or a pipe, is not ours to change.
func (f recordFile) empty() error {
	if info := infoOf(f.file); f.file == nil || info == nil || !info.Mode().IsRegular() {
		return nil
	}
	if err := errors.Join(f.file.Truncate(0), f.file.Chmod(0o600)); err != nil {
		return f.wrong(pathError(err))
	}
	return nil
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
	r.failed = r.failed || err != nil
	// Where an open file cannot be renamed, the close does it.
	_ = r.replace()
	return err
}

func (r *records) close() error {
	var err error
	for _, file := range r.files {
		err = errors.Join(err, file.Close())
	}
	for _, lock := range r.locks {
		err = errors.Join(err, lock.Unlock())
	}
	r.files, r.locks = nil, nil
	return errors.Join(err, r.replace())
}

// createPrivate makes a file that only its owner can read: what accounts hold
// is personal data. A file that is there already is emptied and made private.
func createPrivate(name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := (recordFile{name: name, file: file}).empty(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
