package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	pathpkg "path"
	"regexp"
	"slices"
	"strings"
)

// Load reads the destination in a folder of fsys, checks and compiles it. dir
// is the folder that holds destination.yaml, "." for the root of fsys.
//
// The error is [Diagnostics] where the rules are wrong: everything at once, of
// all files, sorted. Where a file cannot be read it is the file system's error.
// Findings that do not keep the rules from running are in [Program.Warnings].
func Load(fsys fs.FS, dir string) (*Program, error) {
	l := &loader{fsys: fsys, dir: dir, collector: &collector{}, read: sha256.New()}
	destination, err := l.destination()
	if err != nil {
		return nil, err
	}
	if len(l.unreadable) > 0 {
		l.ownFindings()
		return nil, l.diagnostics()
	}
	rules, err := l.rules(destination)
	if err != nil {
		return nil, err
	}
	if err := l.tables(destination.Tables); err != nil {
		return nil, err
	}
	l.unlisted(destination)
	program := compile(&compiler{collector: l.collector, lost: l.lost}, destination, rules)
	wrong := l.hasErrors()
	found := l.diagnostics()
	if wrong {
		return nil, found
	}
	program.warnings = found
	program.fingerprint = hex.EncodeToString(l.read.Sum(nil))
	return program, nil
}

// Fingerprint identifies the rules: two programs have the same one where they
// come from files with the same names and bytes, wherever the folder lies. Files
// of the folder that the destination does not name have no part in it.
func (p *Program) Fingerprint() string { return p.fingerprint }

// A loader reads the files of one destination.
type loader struct {
	*collector
	fsys fs.FS
	dir  string
	read hash.Hash // of the files that make the program
	lost []string  // rules whose files are unreadable
}

// open reads a file that is part of the program.
func (l *loader) open(name string) (*parser, error) {
	p, err := l.look(name)
	if err == nil {
		// The lengths keep names and contents apart. A hash does not fail.
		fmt.Fprintf(l.read, "%d %s %d\n%s", len(name), name, len(p.src.text), p.src.text)
	}
	return p, err
}

// look reads a file without making it part of the program.
func (l *loader) look(name string) (*parser, error) {
	file := pathpkg.Join(l.dir, name)
	data, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		return nil, fmt.Errorf("the rules cannot be read: %w", err)
	}
	return &parser{l.collector, newSource(file, string(data))}, nil
}

func (l *loader) destination() (destinationFile, error) {
	p, err := l.open("destination.yaml")
	if err != nil {
		return destinationFile{}, err
	}
	return parseDestination(p), nil
}

// rules reads the files that the destination names, in its order.
func (l *loader) rules(d destinationFile) ([]*ruleFile, error) {
	var rules []*ruleFile
	for i, name := range d.Rules {
		if slices.ContainsFunc(d.Rules[:i], func(t text) bool { return t.value == name.value }) {
			l.errorf(name.at, "", "the rule %s is listed twice", name.value)
			continue
		}
		p, err := l.open(name.value + ".yaml")
		if errors.Is(err, fs.ErrNotExist) {
			l.errorf(name.at, "Write it, or remove the name.", "there is no file %s.yaml", name.value)
			continue
		}
		if err != nil {
			return nil, err
		}
		r := parseRule(p)
		if slices.Contains(l.unreadable, p.src.name) {
			l.lost = append(l.lost, name.value)
			continue
		}
		if r.Name.given() && r.Name.value != name.value {
			l.errorf(r.Name.at, "", "the file %s.yaml holds the rule %q", name.value, r.Name.value)
		}
		rules = append(rules, &r)
	}
	return rules, nil
}

var ruleKey = regexp.MustCompile(`(?m)^rule:`)

// unlisted reports rule files that the destination does not name: they do
// nothing.
func (l *loader) unlisted(d destinationFile) {
	l.ruleFiles(func(name string, p *parser) {
		if !slices.ContainsFunc(d.Rules, func(t text) bool { return t.value == name }) {
			at := ruleKey.FindStringIndex(p.src.text)
			l.warnf(span{p.src, at[0], at[1]}, "Add it to rules: in destination.yaml, or remove it.", "the rule %s does nothing", name)
		}
	})
}

// ownFindings reports what can be said of the rules without their destination.
func (l *loader) ownFindings() {
	var rules []*ruleFile
	l.ruleFiles(func(name string, p *parser) {
		l.lost = append(l.lost, name) // for after: the order is not known
		before := len(l.unreadable)
		if r := parseRule(p); len(l.unreadable) == before {
			rules = append(rules, &r)
		}
	})
	compile(&compiler{collector: l.collector, lost: l.lost, blind: true}, destinationFile{}, rules)
}

// ruleFiles visits what looks like a rule file, whether it is one of the
// program or not. A folder that cannot be listed is no fault of the rules.
func (l *loader) ruleFiles(visit func(name string, p *parser)) {
	entries, err := fs.ReadDir(l.fsys, l.dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		name, isYAML := strings.CutSuffix(entry.Name(), ".yaml")
		if !isYAML || entry.IsDir() {
			continue
		}
		if p, err := l.look(entry.Name()); err == nil && ruleKey.MatchString(p.src.text) {
			visit(name, p)
		}
	}
}

// tables reads the files of tables into their entries.
func (l *loader) tables(tables []tableNode) error {
	for i := range tables {
		t := &tables[i]
		if !t.File.given() {
			continue
		}
		if pathpkg.Base(t.File.value) != t.File.value {
			l.errorf(t.File.at, "", "the file of a table lies beside destination.yaml")
			continue
		}
		p, err := l.open(t.File.value)
		if errors.Is(err, fs.ErrNotExist) {
			l.errorf(t.File.at, "", "there is no file %s", t.File.value)
			continue
		}
		if err != nil {
			return err
		}
		t.Entries = parseTableFile(p)
	}
	return nil
}
