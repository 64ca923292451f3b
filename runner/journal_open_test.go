package runner_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// withSettings is the made-up destination with settings that are no secrets.
func withSettings(files fstest.MapFS) {
	main := files["crm/destination.yaml"]
	main.Data = bytes.Replace(main.Data, []byte("settings:\n"), []byte(`settings:
  team: {type: string, title: Team}
  loud: {type: boolean, title: Loud}
`), 1)
}

func TestJournalRefusesAnotherRun(t *testing.T) {
	const advice = ". Go on with what that run had, or name a new journal, which begins anew and sends everything again"
	for _, c := range []struct {
		name   string
		change func(fstest.MapFS, *runner.Options)
		want   string // between the name of the journal and the advice; empty for no error
	}{
		{"nothing", func(fstest.MapFS, *runner.Options) {}, ""},
		{"another token", func(_ fstest.MapFS, o *runner.Options) { o.Settings["token"] = "0ther5" }, ""},
		{"more at once", func(_ fstest.MapFS, o *runner.Options) { o.Concurrency = 3 }, ""},
		{"a rule", func(files fstest.MapFS, _ *runner.Options) {
			files["crm/save.yaml"].Data = append(files["crm/save.yaml"].Data, "# x\n"...)
		}, "it is of a run with other rules"},
		{"the destination", func(files fstest.MapFS, _ *runner.Options) {
			main := files["crm/destination.yaml"]
			main.Data = bytes.Replace(main.Data, []byte("destination: crm"), []byte("destination: erp"), 1)
		}, "it is of a run with the rules of crm, not of erp"},
		{"settings", func(_ fstest.MapFS, o *runner.Options) { o.Settings["team"] = "b"; o.Settings["loud"] = true },
			"it is of a run with other settings (loud, team)"},
		{"the host", func(_ fstest.MapFS, o *runner.Options) { o.BaseURL = "https://other.example/api/" },
			"it is of a run to https://crm.example:443, not to https://other.example:443"},
		{"the path", func(_ fstest.MapFS, o *runner.Options) { o.BaseURL = "https://crm.example/s3cret/" },
			"it is of a run to another address of https://crm.example:443"},
		{"everything", func(files fstest.MapFS, o *runner.Options) {
			files["crm/buy.yaml"].Data = append(files["crm/buy.yaml"].Data, "# x\n"...)
			o.BaseURL = "https://crm.example/"
			delete(o.Settings, "team")
		}, "it is of a run with other rules, with other settings (team), to another address of https://crm.example:443"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := journalPath(t)
			runOnce(t, path, func(fstest.MapFS, *runner.Options) {}, identify)
			before, _ := os.ReadFile(path)
			err := runOnce(t, path, c.change, identify)
			want := "journal " + path + ": " + c.want + advice
			if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != want) {
				t.Errorf("error %v\nwant  %s", err, want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Errorf("it was\n%s\nand is\n%s", before, after)
			}
			if bytes.Contains(before, []byte("s3cret")) || bytes.Contains(before, []byte(`"a"`)) {
				t.Errorf("it tells settings:\n%s", before)
			}
		})
	}
}

// runOnce delivers events with a journal; the error is that of New.
func runOnce(t *testing.T, path string, change func(fstest.MapFS, *runner.Options), events string) error {
	t.Helper()
	files := crm()
	withSettings(files)
	journal := openJournal(t, path)
	defer journal.Close()
	o := runner.Options{Settings: map[string]any{"token": "s3cret", "team": "a"}, Journal: journal, Transport: reply(200, "{}")}
	change(files, &o)
	program, err := engine.Load(files, "crm")
	if err != nil {
		t.Fatal(err)
	}
	r, err := runner.New(program, o)
	if err != nil {
		return err
	}
	if ran := deliverAll(t, r, events); ran.err != nil {
		t.Fatal(ran.err)
	}
	return nil
}

// A run that was refused before its first event leaves nothing that would bind
// the next one.
func TestJournalOfNoEventMayBecomeAnothers(t *testing.T) {
	path := journalPath(t)
	runOnce(t, path, func(fstest.MapFS, *runner.Options) {}, "")
	elsewhere := func(_ fstest.MapFS, o *runner.Options) { o.BaseURL = "https://other.example/" }
	if err := runOnce(t, path, elsewhere, identify); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	if bytes.Count(text, []byte("\n")) != 2 || !bytes.Contains(text, []byte("other.example")) {
		t.Errorf("it holds\n%s", text)
	}
}

const journalHead = `{"deskrules_journal":1,"destination":"crm"}` + "\n"

func TestOpenJournalRefuses(t *testing.T) {
	const (
		noJournal = "the file holds something else than a journal. Name another"
		advice    = ". Restore the file, or name a new journal, which begins anew and sends everything again"
		finished  = `{"kind":"finished","record":0,"event":"x","outcome":{"status":"delivered"}}` + "\n"
	)
	for _, c := range []struct{ name, text, want string }{
		{"events", identify + "\n" + track + "\n", noJournal},
		{"an event without a line end", identify, noJournal},
		{"zeros before something", strings.Repeat("\x00", 5<<10) + "dear", noJournal},
		{"a newer one", `{"deskrules_journal":2,"new":true}` + "\n{}\n", "it has format 2, and this version of deskrules knows 1: go on with the version that wrote it"},
		{"a damaged header", `{"deskrules_journal":x}` + "\n" + finished, "line 1 is damaged (invalid character 'x' looking for beginning of value)" + advice},
		{"damage", journalHead + finished + `{"kind":"fin` + "\n" + finished, "line 3 is damaged (it is no line of a journal)" + advice},
		{"damage at the end of what is whole", journalHead + finished + `{"kind":"fin` + "\n", "line 3 is damaged (it is no line of a journal)" + advice},
		{"zeros within", journalHead + "\x00\x00\n" + finished, "line 2 is damaged (it is no line of a journal)" + advice},
		{"an unknown kind", journalHead + `{"kind":"x","record":0}` + "\n", "line 2 is damaged (it is of no known kind)" + advice},
		{"no ordinal", journalHead + `{"kind":"sent","record":-1}` + "\n", "line 2 is damaged (it is no line of a journal)" + advice},
	} {
		path := journalPath(t)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := runner.OpenJournal(path)
		if want := "journal " + path + ": " + c.want; err == nil || err.Error() != want {
			t.Errorf("%s: error %v\nwant %s", c.name, err, want)
		}
		if text, _ := os.ReadFile(path); string(text) != c.text {
			t.Errorf("%s: it holds %q now", c.name, text)
		}
	}
}

func TestOpenJournalRefusesWhatIsNoFile(t *testing.T) {
	folder := t.TempDir()
	for path, want := range map[string]string{
		folder:                             "this is no regular file",
		os.DevNull:                         "this is no regular file",
		filepath.Join(folder, "none", "j"): "no such file or directory",
	} {
		_, err := runner.OpenJournal(path)
		if want := "journal " + path + ": " + want; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestOpenJournalOnce(t *testing.T) {
	path := journalPath(t)
	journal := openJournal(t, path)
	_, err := runner.OpenJournal(path)
	if want := "journal " + path + ": another run is at work with it: wait for its end"; err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
	if err := journal.Close(); err != nil {
		t.Error(err)
	}
	openJournal(t, path)
}

// What a crash leaves of the last line goes; nothing has relied on it.
func TestOpenJournalCutsOffATornEnd(t *testing.T) {
	const line = `{"kind":"sent","record":0,"event":"x"}` + "\n"
	zeros := strings.Repeat("\x00", 4000)
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{`{"desk`, ""},
		{zeros, ""},
		{journalHead[:len(journalHead)-1], ""},
		{journalHead, journalHead},
		{journalHead + line + `{"kind":"se`, journalHead + line},
		{journalHead + line + strings.TrimSuffix(line, "\n"), journalHead + line},
		{journalHead + line + zeros, journalHead + line},
		{journalHead + line + `{"kind":"s` + zeros, journalHead + line},
		{journalHead + line + `{"kind":"s` + zeros + "}\n", journalHead + line},
		{journalHead + line + `{"kind":"s` + zeros + "}\n{", journalHead + line},
	} {
		path := journalPath(t)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		openJournal(t, path)
		if got, _ := os.ReadFile(path); string(got) != c.want {
			t.Errorf("%q became %q", c.text, got)
		}
	}
}

func TestJournalKnowsItsFiles(t *testing.T) {
	path := journalPath(t)
	var known []string
	for _, names := range [][]string{{"/a", "/b"}, {"/b"}, {"/c"}, {}} {
		journal := openJournal(t, path)
		newShop(t, runner.Options{Journal: journal})
		if got := journal.Files(); !slices.Equal(got, known) {
			t.Errorf("files %q, want %q", got, known)
		}
		if err := journal.AddFiles(names...); err != nil {
			t.Error(err)
		}
		known = journal.Files()
		_ = journal.Close()
	}
	if !slices.Equal(known, []string{"/a", "/b", "/c"}) {
		t.Errorf("files %q", known)
	}
}
