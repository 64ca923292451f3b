package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// An unending input is one that nobody ends. Once all events in it were dealt
// with, the command is interrupted.
type unending struct {
	io.Reader
	interrupt func()
	over      <-chan struct{}
}

func (u unending) Read(p []byte) (int, error) {
	if n, err := u.Reader.Read(p); n > 0 || err != io.EOF {
		return n, err
	}
	synctest.Wait()
	u.interrupt()
	<-u.over
	return 0, io.EOF
}

// TestInterruptedDiff wants a diff that is interrupted to end although its input
// does not, and to report nothing of the events that it did compare.
func TestInterruptedDiff(t *testing.T) {
	changed := changedRules(t, filepath.Join(t.TempDir(), "rules"))
	for _, test := range []struct {
		events, batch int
		want          string
	}{
		{0, 10, "interrupted after comparing 0 events"},
		{1, 1, "interrupted after comparing 1 event"},
		{75, 10, "interrupted after comparing 70 events"}, // the last batch is not full
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			over := make(chan struct{})
			defer close(over)
			var out, told bytes.Buffer
			sh := shell{
				in:  unending{bytes.NewReader(generatedEvents(test.events)), interrupt, over},
				out: &out, err: &told, env: func(string) (string, bool) { return "", false },
			}
			args := []string{"diff", "zendesk", changed, "-", "--batch", fmt.Sprint(test.batch)}
			if status := run(ctx, args, sh); status != statusInterrupted || out.Len() > 0 {
				t.Errorf("status %d, and it printed %q", status, &out)
			}
			if want := "deskrules: " + test.want + ": there is no report of a part\n"; strings.ReplaceAll(told.String(), "\n  ", " ") != want {
				t.Errorf("it said %q, not %q", &told, want)
			}
		})
	}
}
