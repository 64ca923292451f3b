package mutation

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// Options say what is changed and how it is tried.
type Options struct {
	// FS holds the rules in Dir.
	FS  fs.FS
	Dir string
	// Cases are the files of the golden cases. All of them have to pass with
	// the rules as they are.
	Cases []string
	// Test says how cases are run; Update and FailFast do not count.
	Test ruletest.Options
	// Workers is how many mutants are tried at once. 0 is one for each core.
	Workers int
	// Only says of which files lines are changed. Nil: of all.
	Only func(file string) bool
}

// A Report says what became of the mutants.
type Report struct {
	// Tried are all mutants, in the order of the lines, but for Untried.
	Tried []Mutant
	// Untried are changes that this package could not make: what came of them is
	// no YAML. Whether a case holds their lines in place is not known.
	Untried []Mutant
	// Unloadable counts those of them that are no rules any more, which anybody
	// notices.
	Unloadable int
	// Survivors are what no case notices.
	Survivors []Mutant
}

// Gaps are the mutants as things that an allowance can be of.
func (r Report) Gaps() []ruletest.Gap {
	open := map[string]bool{}
	for _, m := range slices.Concat(r.Survivors, r.Untried) {
		open[m.At.File+m.String()] = true
	}
	var gaps []ruletest.Gap
	for _, m := range slices.Concat(r.Tried, r.Untried) {
		gaps = append(gaps, ruletest.Gap{File: m.At.File, What: m.String(), Closed: !open[m.At.File+m.String()]})
	}
	return gaps
}

// ErrCases is what Run gives where the cases fail with the rules as they are.
var ErrCases = errors.New("the cases have to pass before lines are changed")

// Run tries every mutant of every file of the rules, and ends early with ctx.
func Run(ctx context.Context, o Options) (Report, error) {
	o.Test.Update, o.Test.FailFast = false, true
	program, err := engine.Load(o.FS, o.Dir)
	if err != nil {
		return Report{}, err
	}
	b := &bench{Options: o, seen: map[string]*engine.Coverage{}, points: program.CoveragePoints()}
	if err := b.watch(ctx, program); err != nil {
		return Report{}, err
	}
	mutants, err := List(o.FS, o.Dir)
	if err != nil {
		return Report{}, err
	}
	if o.Only != nil {
		mutants = slices.DeleteFunc(mutants, func(m Mutant) bool { return !o.Only(m.At.File) })
	}
	verdicts := b.tryAll(ctx, mutants)
	return newReport(mutants, verdicts), ctx.Err()
}

// A bench is what the mutants are tried on.
type bench struct {
	Options
	points []engine.CoveragePoint
	seen   map[string]*engine.Coverage // by case
}

// watch runs each case with the rules as they are, to know which lines it comes
// to.
func (b *bench) watch(ctx context.Context, program *engine.Program) error {
	for _, file := range b.Cases {
		b.seen[file] = &engine.Coverage{}
		options := b.Test
		options.Coverage = b.seen[file]
		for _, r := range ruletest.Check(ctx, program, []string{file}, options) {
			if r.Status == ruletest.Failed {
				return errors.Join(ctx.Err(), ErrCases)
			}
		}
	}
	return ctx.Err()
}

// List gives the mutants of every file of the rules, without trying them.
func List(fsys fs.FS, dir string) ([]Mutant, error) {
	files, err := Files(fsys, dir)
	if err != nil {
		return nil, err
	}
	var all []Mutant
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		mutants, err := Mutants(file, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, mutants...)
	}
	return all, nil
}

// Files lists the files that a destination is made of, below its folder: its own,
// those of its rules, and those of its tables.
func Files(fsys fs.FS, dir string) ([]string, error) {
	files := []string{path.Join(dir, "destination.yaml")}
	text, err := fs.ReadFile(fsys, files[0])
	if err != nil {
		return nil, err
	}
	top, err := topOf(string(text))
	if err != nil || top == nil {
		return nil, err
	}
	for _, rule := range scalars(value(top, "rules")) {
		files = append(files, path.Join(dir, rule+".yaml"))
	}
	each(value(top, "tables"), func(table *yaml.Node) {
		for _, file := range scalars(value(table, "file")) {
			files = append(files, path.Join(dir, file))
		}
	})
	return files, nil
}

// A verdict is what became of a mutant.
type verdict int

const (
	survived verdict = iota + 1
	caught
	unloadable
	untried
)

func (b *bench) tryAll(ctx context.Context, mutants []Mutant) []verdict {
	verdicts := make([]verdict, len(mutants))
	next := make(chan int)
	var workers sync.WaitGroup
	for range cmp.Or(b.Workers, runtime.NumCPU()) {
		workers.Go(func() {
			for i := range next {
				verdicts[i] = b.try(ctx, mutants[i])
			}
		})
	}
	for i := range mutants {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	return verdicts
}

func (b *bench) try(ctx context.Context, m Mutant) verdict {
	program, err := engine.Load(changed{b.FS, m}, b.Dir)
	switch {
	case err != nil && !isYAML(m.Text):
		return untried
	case err != nil:
		return unloadable
	}
	for _, r := range ruletest.Check(ctx, program, b.order(m), b.Test) {
		if r.Status == ruletest.Failed {
			return caught
		}
	}
	return survived
}

// order puts the cases first that come to the line of a mutant: they are the
// likeliest to notice. A line without points of its own belongs to the one above
// that has some.
func (b *bench) order(m Mutant) []string {
	at := engine.Position{}
	for _, p := range b.points {
		if p.At.File == m.At.File && p.At.Line <= m.At.Line {
			at = p.At
		}
	}
	var near, far []string
	for _, file := range b.Cases {
		if b.comesTo(file, at) {
			near = append(near, file)
		} else {
			far = append(far, file)
		}
	}
	return append(near, far...)
}

func (b *bench) comesTo(file string, at engine.Position) bool {
	return slices.ContainsFunc(b.points, func(p engine.CoveragePoint) bool {
		return p.At.File == at.File && p.At.Line == at.Line && b.seen[file].Times(p) > 0
	})
}

// A changed file system has another text in the place of one file.
type changed struct {
	fs.FS
	mutant Mutant
}

// ReadFile gives the changed text, or the file as it is.
func (c changed) ReadFile(name string) ([]byte, error) {
	if name == c.mutant.At.File {
		return []byte(c.mutant.Text), nil
	}
	return fs.ReadFile(c.FS, name)
}

func newReport(mutants []Mutant, verdicts []verdict) Report {
	var r Report
	for i, v := range verdicts {
		if v == untried {
			r.Untried = append(r.Untried, mutants[i])
			continue
		}
		r.Tried = append(r.Tried, mutants[i])
		switch v {
		case survived:
			r.Survivors = append(r.Survivors, mutants[i])
		case unloadable:
			r.Unloadable++
		}
	}
	return r
}
