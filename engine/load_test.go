package engine_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/deskrules/deskrules/engine"
)

// Each case holds files with something wrong, and the whole screen that its
// author sees.
func TestDiagnostics(t *testing.T) {
	archives(t, "diagnostics", func(t *testing.T, sections map[string]string) string {
		program, err := engine.Load(files(sections), ".")
		if err != nil {
			return err.Error() + "\n"
		}
		if w := program.Warnings(); len(w) > 0 {
			return w.Error() + "\n"
		}
		return "no finding\n"
	})
}

func TestLoadWithoutFiles(t *testing.T) {
	_, err := engine.Load(fstest.MapFS{}, "nowhere")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nowhere/destination.yaml") {
		t.Errorf("got %v, want an error that names the missing file", err)
	}
}

func TestDiagnosticsAreAnError(t *testing.T) {
	_, err := engine.Load(fstest.MapFS{"destination.yaml": {Data: []byte("destination: x\n")}}, ".")
	var found engine.Diagnostics
	if !errors.As(err, &found) || len(found.Errors()) != len(found) || len(found) == 0 {
		t.Errorf("got %v, want Diagnostics with errors only", err)
	}
}

// A run that goes on with the rules of an earlier one has to know them again.
func TestFingerprint(t *testing.T) {
	fingerprint := func(dir string, change func(fstest.MapFS)) string {
		t.Helper()
		files := fstest.MapFS{}
		for name, text := range map[string]string{
			"destination.yaml": destination + "tables:\n  zones: {file: zones.yaml}\n",
			"sync.yaml":        "rule: sync\nevent: a\nsteps:\n  - post: a.json\n    idempotent: true\n    body:\n      - {to: x, from: event.x, table: zones}\n",
			"zones.yaml":       "A: B\n",
		} {
			files[dir+"/"+name] = &fstest.MapFile{Data: []byte(text)}
		}
		change(files)
		program, err := engine.Load(files, dir)
		if err != nil {
			t.Fatal(err)
		}
		return program.Fingerprint()
	}
	same := fingerprint("x", func(fstest.MapFS) {})
	if len(same) != 64 || same != fingerprint("y", func(fstest.MapFS) {}) {
		t.Errorf("%q in x is another in y", same)
	}
	if same != fingerprint("x", func(files fstest.MapFS) { files["x/b.yaml"] = &fstest.MapFile{Data: []byte("rule: b\n")} }) {
		t.Error("a file that is not listed changes it")
	}
	for _, name := range []string{"x/destination.yaml", "x/sync.yaml", "x/zones.yaml"} {
		if same == fingerprint("x", func(files fstest.MapFS) { files[name].Data = append(files[name].Data, '\n') }) {
			t.Errorf("%s does not change it", name)
		}
	}
}
