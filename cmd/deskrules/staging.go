package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// A run of a journal gives all results anew, and what it writes takes the place
// of what earlier runs wrote. Whether it will hold all of that is not known
// before the run has gone through what the journal has: the input may be
// another one, or the run may be interrupted. So it writes beside the earlier
// file, and renames over it at the moment when it has caught up. Where it does
// not come so far, both files stay, and none is ever written over: the next run
// takes another name.

// claim keeps other runs from a file for as long as this process lives. Only
// what has been looked at under the lock counts.
func (r *records) claim(file *recordFile, name string) error {
	lock := flock.New(lockName(name), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return file.wrong(pathError(err))
	}
	r.locks = append(r.locks, lock)
	if !locked || !stillThere(lock) {
		return file.wrong(errors.New("another run is writing it: wait for its end, or name another file"))
	}
	return nil
}

// stillThere reports whether a locked file has kept its name meanwhile.
func stillThere(lock *flock.Flock) bool {
	own, err := lock.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(lock.Path())
	return err == nil && os.SameFile(own, named)
}

// lockName is the file to lock: the file itself, except where a lock keeps even
// its owner from writing.
func lockName(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".lock"
	}
	return name
}

// stage makes the file that is to take the place of another.
func (r *records) stage(file *recordFile) error {
	whole, err := wholeName(file.name)
	if err != nil {
		return file.wrong(pathError(err))
	}
	made, err := createBeside(whole)
	if err != nil {
		return file.wrong(fmt.Errorf("a new one beside it cannot be made: %w", pathError(err)))
	}
	r.files = append(r.files, made)
	r.staged = append(r.staged, file)
	file.file, file.beside = made, made.Name()
	return r.claim(file, file.beside)
}

// wholeName is where a file is, wherever it is called from and by which link.
func wholeName(name string) (string, error) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

// createBeside takes the first name that is free: what is there may be dear to
// somebody.
func createBeside(whole string) (*os.File, error) {
	for n := 1; ; n++ {
		file, err := os.OpenFile(besideName(whole, n), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, os.ErrExist) {
			return file, err
		}
	}
}

func besideName(whole string, n int) string {
	if n == 1 {
		return whole + ".new"
	}
	return whole + ".new" + strconv.Itoa(n)
}

// replace puts what is written in the place of what earlier runs wrote, once it
// holds all of that.
func (r *records) replace() error {
	if r.failed || len(r.staged) == 0 || !r.journal.CaughtUp() {
		return nil
	}
	for len(r.staged) > 0 {
		if err := r.rename(r.staged[0]); err != nil {
			return err
		}
		r.staged = r.staged[1:]
	}
	return nil
}

// rename has the new file on disk before the old one goes.
func (r *records) rename(file *recordFile) error {
	whole, err := wholeName(file.name)
	if err != nil {
		return err
	}
	if err := file.file.Sync(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	if err := os.Rename(file.beside, whole); err != nil {
		return err
	}
	r.tidy(whole)
	return nil
}

// tidy removes what runs have left beside a file that did not catch up: all of
// it is in the file now.
func (r *records) tidy(whole string) {
	for _, name := range r.journal.Files() {
		if number, beside := strings.CutPrefix(name, whole+".new"); beside && strings.Trim(number, "0123456789") == "" {
			_ = os.Remove(name) // gone already, or not in the way
		}
	}
}

// giveUp is for a run that is refused. It leaves all files as they were, and
// none beside them.
func (r *records) giveUp(err error) error {
	r.failed = true
	err = errors.Join(err, r.close())
	for _, file := range r.staged {
		err = errors.Join(err, os.Remove(file.beside))
	}
	return err
}

// tellBeside says where the results are of a run that did not catch up. Where
// there are none, nothing is left behind.
func (r *records) tellBeside(w io.Writer) {
	for _, file := range r.staged {
		info, err := os.Stat(file.beside)
		if err == nil && info.Size() == 0 && os.Remove(file.beside) == nil {
			continue
		}
		complain(w, fmt.Sprintf("%s is as it was, as this run did not go through all that the journal has; what this run had is in %s",
			file.name, shownBeside(file)))
	}
}

// shownBeside names a file beside another in the way that the other is named.
func shownBeside(file *recordFile) string {
	return filepath.Join(filepath.Dir(file.name), filepath.Base(file.beside))
}

// apart refuses a journal whose runs have written one of the inputs: its events
// are those of the journal already, and could count as done.
func (o *runOptions) apart(d *delivery) error {
	if d.journal == nil {
		return nil
	}
	own := recordFile{flag: "--journal", name: o.journal}
	i := slices.IndexFunc(d.journal.Files(), func(name string) bool {
		info, err := os.Stat(name)
		return err == nil && d.inputs.holds(info)
	})
	switch {
	case i >= 0:
		return own.wrong(fmt.Errorf("its runs write %s, which cannot be their input: run that without a journal, or with another one", filepath.Base(d.journal.Files()[i])))
	case d.journal.Inputs() > len(d.inputs):
		return own.wrong(fmt.Errorf("it has events of %d inputs, and %s: name the same in the same order, or a new journal", d.journal.Inputs(), numberNamed(len(d.inputs))))
	}
	return nil
}

func numberNamed(n int) string {
	if n == 1 {
		return "1 is named"
	}
	return fmt.Sprintf("%d are named", n)
}
