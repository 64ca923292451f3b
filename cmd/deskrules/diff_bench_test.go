package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// BenchmarkDiff compares the embedded rules with a version that has one line more
// in its mapping of users. DESKRULES_BENCH_EVENTS says of how many events.
func BenchmarkDiff(b *testing.B) {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("DESKRULES_BENCH_EVENTS"), "2000"))
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	events := filepath.Join(dir, "events.ndjson")
	if err := os.WriteFile(events, generatedEvents(n), 0o600); err != nil {
		b.Fatal(err)
	}
	changed := changedRules(b, filepath.Join(dir, "rules"))
	for b.Loop() {
		sh := shell{out: io.Discard, err: os.Stderr, env: os.LookupEnv}
		if status := run(b.Context(), []string{"diff", "zendesk", changed, events}, sh); status != statusUndelivered {
			b.Fatalf("status %d", status)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
}

// changedRules writes a copy of the embedded rules that sends an alias.
func changedRules(b testing.TB, dir string) string {
	if err := os.CopyFS(dir, os.DirFS("../../rules/zendesk")); err != nil {
		b.Fatal(err)
	}
	name := filepath.Join(dir, "identify.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	line := []byte("  user:\n")
	text = bytes.Replace(text, line, append(line, "    - {to: alias, from: traits.plan, as: string}\n"...), 1)
	if err := os.WriteFile(name, text, 0o600); err != nil {
		b.Fatal(err)
	}
	return dir
}

// generatedEvents makes events of a quarter as many users: six in ten identify, three track,
// one group. They are the same each time.
func generatedEvents(n int) []byte {
	chance := rand.New(rand.NewPCG(7, 7))
	var text bytes.Buffer
	for i := range n {
		user := chance.IntN(n/4 + 1)
		traits := fmt.Sprintf(`{"name":"User %d","email":"u%d@example.com","plan":"pro","age":%d,"city":"Oslo"}`, user, user, chance.IntN(60))
		switch kind := chance.IntN(10); {
		case kind < 6:
			fmt.Fprintf(&text, `{"type":"identify","messageId":"m-%d","userId":"u-%d","traits":%s}`, i, user, traits)
		case kind < 9:
			fmt.Fprintf(&text, `{"type":"track","event":"Paid","messageId":"m-%d","userId":"u-%d","context":{"traits":%s}}`, i, user, traits)
		default:
			fmt.Fprintf(&text, `{"type":"group","messageId":"m-%d","userId":"u-%d","groupId":"g-%d","traits":{"name":"Org %d"},"context":{"traits":%s}}`, i, user, user%500, user%500, traits)
		}
		text.WriteByte('\n')
	}
	return text.Bytes()
}
