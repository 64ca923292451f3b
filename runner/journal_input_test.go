package runner_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/runner"
)

const otherInput = ": give the input of that run, which may have grown at its end, or name a new journal"

// An input that has lost its end, as by the rotation of a log, is not taken for
// one that is done.
func TestJournalMissesTheEndOfItsInput(t *testing.T) {
	fine, refused := reply(200, "{}"), reply(401, "")
	for _, c := range []struct {
		name   string
		answer scripted
		less   string
		want   string // what it ends after
	}{
		{"one event of three", fine, identify + "\n", "1 event"},
		{"no event of three", fine, "", "0 events"},
		{"events that were not tried", refused, identify + "\n", "1 event"},
		{"none of those that were not tried", refused, "", "0 events"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := journalPath(t)
			events := identify + "\n" + track + "\n{\n"
			goOn(t, path, events, runner.Options{Transport: c.answer, Concurrency: 1})
			ran := goOn(t, path, c.less, runner.Options{Transport: fine})
			want := "the journal " + path + " has 3 events of this input, and it ends after " + c.want + otherInput
			if ran.err == nil || ran.err.Error() != want {
				t.Errorf("error %v\nwant  %s", ran.err, want)
			}
			if ran = goOn(t, path, events+group, runner.Options{Transport: fine}); ran.err != nil {
				t.Errorf("the whole input: %v", ran.err)
			}
		})
	}
}

// Without a line that says how it ended, an event would be sent again.
func TestJournalMissesALine(t *testing.T) {
	path := journalPath(t)
	goOn(t, path, identify+"\n"+track+"\n{", runner.Options{Transport: reply(200, "{}"), Concurrency: 1})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i := 1; i < len(lines)-2; i++ {
		rest := append(bytes.Join(lines[:i], nil), bytes.Join(lines[i+1:], nil)...)
		if err := os.WriteFile(path, rest, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := runner.OpenJournal(path); err == nil || !strings.Contains(err.Error(), "is damaged (a line before it is missing)") {
			t.Errorf("without line %d: error %v", i+1, err)
		}
	}
}

// A dead letter is not the event that it holds: that one may be done, and the
// dead letter is not.
func TestJournalTellsDeadLettersFromTheirEvents(t *testing.T) {
	path := journalPath(t)
	goOn(t, path, identify, runner.Options{Transport: reply(422, "{}")})
	ran := goOn(t, path, `{"deskrules_dead_letter":1,"outcome":"failed","event":`+identify+`}`, runner.Options{Transport: reply(200, "{}")})
	if ran.err == nil || !strings.HasPrefix(ran.err.Error(), "line 1 is not the event that the journal") {
		t.Errorf("%s, error %v", ran.outcomes(), ran.err)
	}
}

func TestOpenJournalMakesItPrivate(t *testing.T) {
	path := journalPath(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	openJournal(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
