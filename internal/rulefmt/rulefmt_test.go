package rulefmt_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/rulefmt"
)

// files are the rules of this repository.
func files(t testing.TB) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"../../rules/*/*.yaml", "../../examples/*/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[name] = string(text)
		}
	}
	return texts
}

// TestHouseStyle has every rule file of the repository laid out already.
func TestHouseStyle(t *testing.T) {
	for name, text := range files(t) {
		if diff := cmp.Diff(strings.Split(text, "\n"), strings.Split(rulefmt.Format(text), "\n")); diff != "" {
			t.Errorf("%s (-file +laid out):\n%s", name, diff)
		}
	}
}

func TestFormat(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.in.yaml")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		in, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.Replace(name, ".in.", ".out.", 1))
		if err != nil {
			t.Fatal(err)
		}
		got := rulefmt.Format(string(in))
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if again := rulefmt.Format(got); again != got {
			t.Errorf("%s: laid out twice it is\n%s", name, again)
		}
	}
}

// destination is enough of one for any rule to be loaded beside it.
const destination = `destination: crm
rules: [r]
match: {by: event.type}
settings:
  token: {type: string, secret: true, example: a}
url: https://crm.example/
authentication:
  - {needs: [token], bearer: '{config.token}'}
paging: {next: reply.next}
`

// FuzzFormat lays out texts: twice is the same as once, and a rule that loads
// says the same as before.
func FuzzFormat(f *testing.F) {
	for _, text := range files(f) {
		f.Add(text)
	}
	f.Add("rule: r\nsteps:\n  - # first\n    get: a\n    name: b\n  - {get: x,name: \"a, b\" , when: 1 == event.x}\nevent: a\n")
	f.Fuzz(func(t *testing.T, text string) {
		once := rulefmt.Format(text)
		if twice := rulefmt.Format(once); twice != once {
			t.Errorf("once:\n%s\ntwice:\n%s", once, twice)
		}
		if diff := cmp.Diff(described(t, "r.yaml", text), described(t, "r.yaml", once)); diff != "" {
			t.Errorf("the rule says something else:\n%s\nof\n%s\nlaid out\n%s", diff, text, once)
		}
		if diff := cmp.Diff(described(t, "destination.yaml", text), described(t, "destination.yaml", once)); diff != "" {
			t.Errorf("the destination says something else:\n%s", diff)
		}
	})
}

// described loads a file among others, and gives all that its program does but
// for places; nothing where it does not load.
func described(t *testing.T, name, text string) any {
	t.Helper()
	all := fstest.MapFS{
		"destination.yaml": {Data: []byte(destination)},
		"r.yaml":           {Data: []byte("rule: r\nevent: a\nsteps:\n  - get: a\n")},
	}
	all[name] = &fstest.MapFile{Data: []byte(text)}
	program, err := engine.Load(all, ".")
	if err != nil {
		return nil
	}
	data, err := json.Marshal(program.Describe())
	if err != nil {
		t.Fatal(err)
	}
	var description any
	if err := json.Unmarshal(data, &description); err != nil {
		t.Fatal(err)
	}
	return withoutPlaces(description)
}

func withoutPlaces(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if _, is := value["line"]; is {
			return nil
		}
		for key, member := range value {
			value[key] = withoutPlaces(member)
		}
	case []any:
		for i := range value {
			value[i] = withoutPlaces(value[i])
		}
	}
	return value
}
