package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
)

// A version is one of the two folders of rules that are compared.
type version struct {
	setup
	name     string // as the user gave it
	settings map[string]any
	calls    endpointNames
}

// loadVersion reads rules from a folder, a revision of git such as HEAD:rules, or
// those that are built in.
func (o *diffOptions) loadVersion(ctx context.Context, name string, config configFile) (version, error) {
	program, err := loadNamed(ctx, name)
	if err != nil {
		return version{}, err
	}
	v := version{name: name, setup: setup{program: program, config: knownSettings(config, program), folder: name}}
	if err := v.checkDestination(); err != nil {
		return v, err
	}
	v.calls = namesOf(program.Describe())
	v.settings, err = v.rehearsal()
	return v, err
}

func loadNamed(ctx context.Context, name string) (*engine.Program, error) {
	info, err := os.Stat(name)
	rev, dir, isRev := strings.Cut(name, ":")
	builtIn, _ := embeddedNames()
	switch {
	case err == nil && info.IsDir():
		return loadFolder(name)
	case err == nil:
		return nil, fmt.Errorf("no rules in %s: this is a file, name the folder that holds destination.yaml", name)
	case isRev && rev != "":
		return loadRevision(ctx, rev, dir)
	case slices.Contains(builtIn, name):
		return loadBelow(rules.FS(), name)
	default:
		return nil, fmt.Errorf("no rules in %s: %w; a revision of git is written as REVISION:FOLDER, such as HEAD:rules", name, pathError(err))
	}
}

// loadBelow compiles the rules of a folder of files, which are then named from
// that folder on.
func loadBelow(files fs.FS, dir string) (*engine.Program, error) {
	folder, err := fs.Sub(files, dir)
	if err != nil {
		return nil, err
	}
	return engine.Load(folder, ".")
}

// knownSettings leaves out the settings that rules do not have: one version may
// have more of them than the other, and both get what they know.
func knownSettings(config configFile, program *engine.Program) configFile {
	config.settings = maps.Clone(config.settings)
	maps.DeleteFunc(config.settings, func(name string, _ any) bool {
		return !slices.ContainsFunc(program.Settings(), func(s engine.Setting) bool { return s.Name == name })
	})
	return config
}

// loadRevision compiles the rules that a folder held at a revision of the git
// repository that the command was started in.
func loadRevision(ctx context.Context, rev, dir string) (*engine.Program, error) {
	files, err := revision(ctx, rev, dir)
	if err != nil {
		return nil, err
	}
	name := rev + ":" + dir
	if _, err := fs.Stat(files, "destination.yaml"); err != nil {
		return nil, fmt.Errorf("no rules in %s: there is no destination.yaml", name)
	}
	program, err := engine.Load(files, ".")
	var findings engine.Diagnostics
	if errors.As(err, &findings) {
		return nil, inRevision(name, findings)
	}
	return program, err
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

// revision gives a folder of a revision as git archives it. The tree is looked up
// first, since only that understands paths from the working directory (HEAD:./rules).
func revision(ctx context.Context, rev, dir string) (fs.FS, error) {
	named, err := git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+":"+dir)
	if err != nil {
		return nil, noRevision(ctx, rev, dir, err)
	}
	tree := strings.TrimSpace(string(named))
	home, err := git(ctx, "rev-parse", "--absolute-git-dir")
	if err != nil {
		return nil, err
	}
	// Elsewhere than in its own folder, git takes the working directory for a part
	// of the tree.
	archive, err := git(ctx, "-C", strings.TrimSpace(string(home)), "archive", "--format=zip", tree)
	if err != nil {
		return nil, fmt.Errorf("no rules in %s:%s: %w", rev, dir, err)
	}
	return zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
}

// noRevision says which part of a name git does not know.
func noRevision(ctx context.Context, rev, dir string, err error) error {
	if _, absent := errors.AsType[*exec.Error](err); absent {
		return fmt.Errorf("no rules in %s:%s: there is no such folder, and git is needed for revisions: %w", rev, dir, err)
	}
	if _, outside := git(ctx, "rev-parse", "--git-dir"); outside != nil {
		return fmt.Errorf("no rules in %s:%s: there is no such folder, and the working directory is in no git repository", rev, dir)
	}
	if _, unknown := git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}"); unknown != nil {
		return fmt.Errorf("no rules in %s:%s: git knows no revision %s", rev, dir, rev)
	}
	return fmt.Errorf("no rules in %s:%s: the revision has no folder %s", rev, dir, dir)
}

// git runs a command of git in the working directory, and gives what it prints.
func git(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", args...)
	var said bytes.Buffer
	command.Stderr = &said
	printed, err := command.Output()
	if _, absent := errors.AsType[*exec.Error](err); err != nil && !absent && ctx.Err() == nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(said.String()))
	}
	return printed, errors.Join(err, ctx.Err())
}
