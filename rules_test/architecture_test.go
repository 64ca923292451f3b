package rules_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goFiles gives the Go files that are no tests below a folder of the module.
func goFiles(t *testing.T, folder string, skip ...string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join("..", folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains(skip, d.Name()) {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", folder, err)
	}
	return files
}

// Everything about the destination is in YAML: what Go code would need to know
// of it, the rule language lacks.
func TestGoDoesNotKnowTheDestination(t *testing.T) {
	files := slices.Concat(goFiles(t, "engine"), goFiles(t, "rules"), goFiles(t, "internal"), goFiles(t, "runner", "zendesksim"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(data)), "zendesk") {
			t.Errorf("%s names the destination", file)
		}
	}
}

// dependencies lists what a package is linked with, beside the standard library
// and itself.
func dependencies(t *testing.T, folder string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "../"+folder).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

const module = "github.com/deskrules/deskrules/"

// The imports point one way: rules to nothing, engine to its four libraries,
// runner to engine, everything else on top.
func TestImportsPointOneWay(t *testing.T) {
	for folder, allowed := range map[string][]string{
		"rules":              {"rules"},
		"internal/spell":     {"internal/spell"},
		"internal/plain":     {"internal/plain"},
		"internal/alias":     {"internal/alias"},
		"engine":             {"engine", "internal/spell"},
		"runner":             {"runner", "engine", "internal/spell", "internal/plain"},
		"runner/ruletest":    {"runner/ruletest", "runner", "engine", "internal/spell", "internal/plain", "internal/wholefile"},
		"internal/wholefile": {"internal/wholefile"},
		"runner/zendesksim":  {"runner/zendesksim", "internal/spell"},
	} {
		for _, dependency := range dependencies(t, folder) {
			if own, ours := strings.CutPrefix(dependency, module); ours && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s", folder, own)
			}
		}
	}
}

// A host that imports only the engine links four libraries, no network and no
// processes.
func TestTheEngineLinksNothingElse(t *testing.T) {
	libraries := []string{"github.com/tidwall/", "github.com/expr-lang/expr", "gopkg.in/yaml.v3", module}
	for _, dependency := range dependencies(t, "engine") {
		known := slices.ContainsFunc(libraries, func(l string) bool { return strings.HasPrefix(dependency, l) })
		if strings.Contains(strings.Split(dependency, "/")[0], ".") && !known {
			t.Errorf("engine links %s", dependency)
		}
		if slices.Contains([]string{"net", "net/http", "os/exec"}, dependency) {
			t.Errorf("engine links %s", dependency)
		}
	}
}
