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
