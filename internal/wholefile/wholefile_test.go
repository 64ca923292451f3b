package wholefile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/internal/wholefile"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	real, link, protected := filepath.Join(dir, "real"), filepath.Join(dir, "link"), filepath.Join(dir, "protected")
	write(t, real, 0o640)
	write(t, protected, 0o440)
	if err := os.Symlink("real", link); err != nil {
		t.Skip("there are no links here")
	}
	if err := wholefile.Replace(link, []byte("after")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is a file, error %v", err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o640 || read(t, real) != "after" {
		t.Errorf("%q with mode %v, error %v", read(t, real), info.Mode(), err)
	}
	if err := wholefile.Replace(protected, []byte("after")); err == nil || !strings.Contains(err.Error(), "write-protected") {
		t.Errorf("error %v", err)
	}
	if err := wholefile.Replace(filepath.Join(dir, "none"), nil); err == nil {
		t.Error("a file that is not there was replaced")
	}
	if err := wholefile.Replace(dir, nil); err == nil {
		t.Error("a folder was replaced")
	}
	nothingElse(t, dir, 3)
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "new")
	if err := wholefile.Create(name, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := wholefile.Create(name, []byte("second")); err == nil || read(t, name) != "first" {
		t.Errorf("%q, error %v", read(t, name), err)
	}
	if err := wholefile.Create(filepath.Join(dir, "no", "folder"), nil); err == nil {
		t.Error("a file in no folder")
	}
	nothingElse(t, dir, 1)
}

// nothingElse looks for what is left behind.
func nothingElse(t *testing.T, dir string, files int) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != files {
		t.Errorf("%v, error %v", entries, err)
	}
}

func write(t *testing.T, name string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte("before"), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
