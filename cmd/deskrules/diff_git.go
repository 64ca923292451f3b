package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// loadRevision compiles the rules that a folder held at a revision of the git
// repository that the command was started in.
func loadRevision(ctx context.Context, rev, dir string) (*engine.Program, fs.FS, error) {
	files, err := revision(ctx, rev, dir)
	if err != nil {
		return nil, nil, err
	}
	name := rev + ":" + dir
	if _, err := fs.Stat(files, destinationFile); err != nil {
		return nil, nil, fmt.Errorf("no rules in %s: there is no destination.yaml", name)
	}
	program, err := engine.Load(files, ".")
	var findings engine.Diagnostics
	if errors.As(err, &findings) {
		return nil, nil, inRevision(name, findings)
	}
	return program, files, err
}

// inRevision names the files of findings as git does.
func inRevision(name string, findings engine.Diagnostics) engine.Diagnostics {
	moved := slices.Clone(findings)
	for i := range moved {
		moved[i].At.File = inVersion(name, moved[i].At.File)
	}
	return moved
}

// inVersion names a file of a version: git shows it under that name, and an
// editor opens it.
func inVersion(name, file string) string {
	if strings.HasSuffix(name, ":") {
		return name + file
	}
	return path.Join(name, file)
}

// revision gives a folder of a revision as it was committed. The tree is looked up
// first, since only that understands paths from the working directory (HEAD:./rules).
func revision(ctx context.Context, rev, dir string) (fs.FS, error) {
	named, err := git(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+":"+dir)
	if err != nil {
		return nil, noRevision(ctx, rev, dir, err)
	}
	files, err := committed(ctx, strings.TrimSpace(string(named)))
	if err != nil {
		return nil, fmt.Errorf("no rules in %s:%s: %w", rev, dir, err)
	}
	return files, nil
}

// committed reads the files of a tree. These commands of git know no attributes, by
// which a repository can have programs run, or leave files out.
func committed(ctx context.Context, tree string) (fs.FS, error) {
	listed, err := git(ctx, nil, "ls-tree", "-r", "-z", "--full-tree", tree)
	if err != nil {
		return nil, err
	}
	var names []string
	var asked bytes.Buffer
	for entry := range strings.SplitSeq(string(listed), "\x00") {
		about, name, _ := strings.Cut(entry, "\t")
		if object, isFile := fileObject(about); isFile {
			names = append(names, name)
			fmt.Fprintln(&asked, object)
		}
	}
	contents, err := git(ctx, &asked, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	return packed(names, bufio.NewReader(bytes.NewReader(contents)))
}

// fileObject reads what git says of an entry of a tree: mode, type, and object.
// Links and other repositories are no files.
func fileObject(about string) (object string, isFile bool) {
	words := strings.Fields(about)
	if len(words) != 3 || !strings.HasPrefix(words[0], "100") {
		return "", false
	}
	return words[2], true
}

// packed puts the answers of git cat-file --batch into files.
func packed(names []string, answers *bufio.Reader) (fs.FS, error) {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, name := range names {
		if err := pack(w, name, answers); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
}

// pack reads one answer: a line with object, type and size, and then the content
// and a line end.
func pack(w *zip.Writer, name string, answers *bufio.Reader) error {
	var object, kind string
	var size int64
	if _, err := fmt.Fscanf(answers, "%s %s %d\n", &object, &kind, &size); err != nil {
		return fmt.Errorf("git does not have %s: it may have to be fetched first", name)
	}
	file, err := w.CreateHeader(&zip.FileHeader{Name: name}) // not compressed
	if err != nil {
		return err
	}
	if _, err := io.CopyN(file, answers, size); err != nil {
		return err
	}
	_, err = answers.Discard(1)
	return err
}

// noRevision says which part of a name git does not know.
func noRevision(ctx context.Context, rev, dir string, err error) error {
	if _, absent := errors.AsType[*exec.Error](err); absent {
		return fmt.Errorf("no rules in %s:%s: there is no such folder, and git is needed for revisions: %w", rev, dir, err)
	}
	if _, outside := git(ctx, nil, "rev-parse", "--git-dir"); outside != nil {
		return fmt.Errorf("no rules in %s:%s: there is no such folder, and the working directory is in no git repository", rev, dir)
	}
	if _, unknown := git(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}"); unknown != nil {
		return fmt.Errorf("no rules in %s:%s: git knows no revision %s", rev, dir, rev)
	}
	return fmt.Errorf("no rules in %s:%s: the revision has no folder %s", rev, dir, dir)
}

// git runs a command of git in the working directory, and gives what it prints.
// Nothing is fetched from anywhere, even where the repository has only a part of
// its objects.
func git(ctx context.Context, in io.Reader, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Env = append(os.Environ(), "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none")
	command.Stdin = in
	var said bytes.Buffer
	command.Stderr = &said
	printed, err := command.Output()
	if _, absent := errors.AsType[*exec.Error](err); err != nil && !absent && ctx.Err() == nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(said.String()))
	}
	return printed, errors.Join(err, ctx.Err())
}
