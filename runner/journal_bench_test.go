package runner_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// What an event costs beside the call, with and without a journal on disk. A
// benchmark of one call each is the worst case: a destination takes a hundred
// times as long, in which eight events share a sync.
func BenchmarkDeliver(b *testing.B) {
	for _, concurrency := range []int{8, 64} {
		b.Run(fmt.Sprintf("none/%d", concurrency), func(b *testing.B) {
			deliverPeople(b, runner.Options{Concurrency: concurrency})
		})
		b.Run(fmt.Sprintf("journal/%d", concurrency), func(b *testing.B) {
			path := b.TempDir() + "/journal"
			journal, err := runner.OpenJournal(path)
			if err != nil {
				b.Fatal(err)
			}
			defer journal.Close()
			deliverPeople(b, runner.Options{Concurrency: concurrency, Journal: journal})
			if info, err := os.Stat(path); err == nil {
				b.ReportMetric(float64(info.Size())/float64(b.N), "B/event")
			}
		})
	}
}

func deliverPeople(b *testing.B, o runner.Options) {
	o.Transport = reply(200, "{}")
	r := newShop(b, o)
	events := strings.NewReader(manyPeople(b.N))
	b.ResetTimer()
	if err := r.Deliver(b.Context(), runner.ReadEvents(events, engine.Limits{}), func(runner.Result) {}); err != nil {
		b.Fatal(err)
	}
}

// What it costs to go through events that are done.
func BenchmarkResume(b *testing.B) {
	path := b.TempDir() + "/journal"
	for _, part := range []string{"first", "again"} {
		journal, err := runner.OpenJournal(path)
		if err != nil {
			b.Fatal(err)
		}
		if part == "again" {
			b.ResetTimer()
			deliverPeople(b, runner.Options{Journal: journal})
			break
		}
		journal.WrapFile(func(file runner.JournalFile) runner.JournalFile { return withoutSync{file} })
		deliverPeople(b, runner.Options{Journal: journal})
		journal.Close()
	}
}

type withoutSync struct{ runner.JournalFile }

func (withoutSync) Sync() error { return nil }

func BenchmarkOpenJournal(b *testing.B) {
	const n = 100_000
	path := b.TempDir() + "/journal"
	var text strings.Builder
	text.WriteString(`{"deskrules_journal":1}` + "\n")
	for i := range n {
		fmt.Fprintf(&text, `{"kind":"finished","record":%d,"event":"uI8uGEg4vswXK3bFbv-hww","outcome":{"status":"delivered","type":"identify","message_id":"m-%d","rules":["save"],"requests":[{"method":"POST","path":"people.json","status":201,"attempts":1}]}}`+"\n", i, i)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		journal, err := runner.OpenJournal(path)
		if err != nil {
			b.Fatal(err)
		}
		journal.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/line")
}
