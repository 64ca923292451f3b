// Package wholefile writes files as a whole: a disk that is full, or a program
// that is killed, leaves what was there before, and nothing that is cut off.
package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// errProtected is said of files that their owner has protected: a rename would
// pass over that.
var errProtected = errors.New("the file is write-protected")

// Write replaces a file or creates it. A device or a pipe is written to.
func Write(name string, text []byte) error {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Create(name, text)
	case err == nil && !info.Mode().IsRegular():
		return os.WriteFile(name, text, usualMode)
	case err != nil:
		return err
	}
	return Replace(name, text)
}

// usualMode is that of a new file, less what the umask takes away.
const usualMode = 0o666

// Replace puts a text in the place of a file that is there, and keeps its mode.
// Of a link it is the file that the link leads to.
func Replace(name string, text []byte) error {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(real)
	if err != nil {
		return err
	}
	if err := mayWrite(real, info); err != nil {
		return err
	}
	beside, err := writeBeside(real, text, info.Mode().Perm())
	if err != nil {
		return err
	}
	// The umask has no say in the mode of a file that was there.
	err = os.Chmod(beside, info.Mode().Perm())
	if err == nil {
		err = os.Rename(beside, real)
	}
	return moved(err, beside)
}

// Create writes a file that must not be there yet.
func Create(name string, text []byte) error {
	if _, err := os.Lstat(name); err == nil {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	beside, err := writeBeside(name, text, usualMode)
	if err != nil {
		return err
	}
	// A link fails where another program was faster than the look; a rename
	// would pass over its file. Some file systems know no links.
	err = os.Link(beside, name)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return errors.Join(err, os.Remove(beside))
	}
	return moved(os.Rename(beside, name), beside)
}

// mayWrite says why a file may not be replaced; nil where it may.
func mayWrite(name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("this is no regular file")
	}
	if info.Mode().Perm()&0o222 == 0 {
		return errProtected
	}
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

// moved removes what could not be moved to its place.
func moved(err error, beside string) error {
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return nil
}

// writeBeside writes a file in the same folder, which a rename within one file
// system needs, and has it on disk.
func writeBeside(name string, text []byte, mode fs.FileMode) (string, error) {
	beside := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%08x", filepath.Base(name), rand.Uint32()))
	file, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync())
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(beside))
	}
	return beside, nil
}
