package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// tellEvery keeps thousands of waits from filling the screen.
const tellEvery = time.Second

// A teller is a log for somebody who watches: one line now and then about what
// a runner waits for. Errors are left out, as the command itself says at the
// end what went wrong.
type teller struct {
	w    io.Writer
	told *atomic.Int64 // when, in Unix nanoseconds
}

func newTeller(w io.Writer) teller { return teller{w: w, told: new(atomic.Int64)} }

// Enabled implements [slog.Handler].
func (t teller) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo && level < slog.LevelError
}

// Handle implements [slog.Handler].
func (t teller) Handle(_ context.Context, record slog.Record) error {
	last, now := t.told.Load(), record.Time.UnixNano()
	if record.Level <= slog.LevelWarn && now-last < int64(tellEvery) || !t.told.CompareAndSwap(last, now) {
		return nil
	}
	var details []string
	record.Attrs(func(a slog.Attr) bool {
		if text := a.Value.String(); text != "" && text != "0" {
			details = append(details, a.Key+" "+text)
		}
		return true
	})
	line := record.Message
	if len(details) > 0 {
		line += " (" + strings.Join(details, ", ") + ")"
	}
	_, err := fmt.Fprintln(t.w, wrap("deskrules: "+line, "  "))
	return err
}

// WithAttrs implements [slog.Handler]. A runner has none.
func (t teller) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup implements [slog.Handler]. A runner has none.
func (t teller) WithGroup(string) slog.Handler { return t }
