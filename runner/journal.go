package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/gofrs/flock"
)

// A Journal lets a run be killed at any moment and go on where it stopped. It
// is a file to which lines are appended, never changed, and which is on disk
// before anything relies on it:
//
//   - Before a call that writes and may not be repeated, that it is about to be
//     made. A run that finds it without more takes the answer for lost, and
//     has the engine look whether the call was taken: it is never just repeated.
//   - How an event ended, before [Runner.Deliver] gives its result. That is
//     enough to give the result again without the destination.
//   - Of an event that goes on after its first write, every answer and whatever
//     was recalled, so that it can be brought to where it was: the engine is a
//     pure function of the event and of these.
//
// What an event has only read is not kept, nor is its last answer: it is asked
// for again, or part of how it ended. So most events cost one short line. An
// event that ended unfinished is tried again by the next run.
//
// A journal belongs to the rules, the settings other than secrets, the address
// and the input of its run. The input may have grown at its end. Deliver calls
// on one Runner are told apart by their order.
//
// The file holds personal data and is readable by its owner only. Credentials
// are not in it: answers come without them.
type Journal struct {
	name string
	lock *flock.Flock
	*journalWriter

	header journalHeader
	begun  bool // it has a header
	bound  bool // to a Runner
	closed bool
	files  []string
	inputs map[int]*journalIndex
	known  int64        // how many records earlier runs got to
	seen   atomic.Int64 // how many of them have their result in this one
}

// OpenJournal opens the journal of an earlier run, or makes a new one. It
// cannot be opened twice at once. The rest of a line that a crash has torn is
// cut off.
func OpenJournal(path string) (*Journal, error) {
	lock := flock.New(lockName(path), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	j := &Journal{name: path, lock: lock, inputs: map[int]*journalIndex{}}
	err := j.acquire()
	if err == nil {
		err = j.open()
	}
	if err != nil {
		return nil, j.wrong(errors.Join(withoutPath(err), j.Close()))
	}
	return j, nil
}

// wrong names the journal in an error.
func (j *Journal) wrong(err error) error { return fmt.Errorf("journal %s: %w", j.name, err) }

// withoutPath leaves out of an error which file it is about.
func withoutPath(err error) error {
	if about, ok := errors.AsType[*fs.PathError](err); ok {
		return about.Err
	}
	return err
}

// acquire takes the lock. The operating system takes it back from a process
// that is killed.
func (j *Journal) acquire() error {
	if info, err := os.Stat(j.name); err == nil && !info.Mode().IsRegular() {
		return errors.New("this is no regular file")
	}
	locked, err := j.lock.TryLock()
	if err == nil && !locked {
		err = errors.New("another run is at work with it: wait for its end")
	}
	return err
}

// lockName is the file to lock: the journal itself, except where a lock keeps
// even its owner from writing.
func lockName(path string) string {
	if runtime.GOOS == "windows" {
		return path + ".lock"
	}
	return path
}

func (j *Journal) open() error {
	file, err := os.OpenFile(j.name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	j.journalWriter = newJournalWriter(file)
	if err := j.scan(); err != nil {
		return err
	}
	for _, index := range j.inputs {
		j.known += int64(index.records)
	}
	return makePrivate(file)
}

// makePrivate has a journal that was made by other means, or copied, be read by
// its owner only.
func makePrivate(file *os.File) error {
	info, err := file.Stat()
	if err != nil || info.Mode().Perm() == 0o600 {
		return err
	}
	return file.Chmod(0o600)
}

// Close ends the work with the journal. It is for after the last Deliver.
func (j *Journal) Close() error {
	var err error
	if j.journalWriter != nil && !j.closed {
		err = j.file.Close()
	}
	j.closed = true
	return errors.Join(err, j.lock.Unlock())
}

// Inputs gives of how many Deliver calls there are events in the journal. A run
// that goes on has to make as many.
func (j *Journal) Inputs() int {
	inputs := 0
	for input := range j.inputs {
		inputs = max(inputs, input+1)
	}
	return inputs
}

// CaughtUp reports whether every event that earlier runs got to has its result
// in this one, the result at hand included where done of Deliver asks. What a
// host has written from the results then holds all that earlier runs wrote, and
// may take its place.
func (j *Journal) CaughtUp() bool { return j.seen.Load() == j.known }

// Files gives the files that runs of this journal have written from its results,
// as they were given to [Journal.AddFiles].
func (j *Journal) Files() []string { return slices.Clone(j.files) }

// AddFiles notes files that a host is going to write from the results, so that
// a later run knows them again as what it may replace: every run of a journal
// gives all results anew. It is to be called after [New], and before anything is
// written.
func (j *Journal) AddFiles(names ...string) error {
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(j.files, name) })
	if len(names) == 0 {
		return nil
	}
	j.files = append(j.files, names...)
	if err := j.commit(journalLine{Kind: lineFiles, Names: names}); err != nil {
		return j.wrong(withoutPath(err))
	}
	return nil
}

// bind makes the journal that of a run. One that no event has got into yet may
// as well be another's.
func (j *Journal) bind(own journalHeader) error {
	switch {
	case j.bound:
		return j.wrong(errors.New("it has a Runner already: close it and open it again"))
	case j.begun && len(j.inputs) > 0:
		if err := j.header.differs(own); err != nil {
			return j.wrong(err)
		}
	case !j.begun || j.header.differs(own) != nil:
		if err := j.begin(own); err != nil {
			return j.wrong(fmt.Errorf("it cannot be written: %w", withoutPath(err)))
		}
	}
	j.bound = true
	return nil
}

// begin writes the header of a journal that holds nothing.
func (j *Journal) begin(own journalHeader) error {
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	j.lines = 0
	if err := j.commit(own); err != nil {
		return err
	}
	j.header, j.begun, j.files = own, true, nil
	syncFolder(filepath.Dir(j.name))
	return nil
}

// syncFolder makes the name of a new file last. Not every system can do that,
// and those that cannot do it by themselves.
func syncFolder(name string) {
	folder, err := os.Open(name)
	if err != nil {
		return
	}
	defer folder.Close()
	_ = folder.Sync()
}
