// Package measure times several ways to do the same thing against each other,
// on a machine that others use, too.
package measure

import (
	"runtime"
	"slices"
	"time"
)

// An Entry is one way to do a thing.
type Entry struct {
	Name string
	// Do does it for the item of that number.
	Do func(i int)
}

// A Plan says how entries take turns.
type Plan struct {
	Items  int // how many there are
	Turn   int // how many of them an entry does in a row
	Rounds int // how many turns each entry has
	Bytes  int // of all items
}

// A Result is how one entry did.
type Result struct {
	Name string `json:"name"`
	// Ratio is the time of a turn relative to that of the first entry in the
	// same round, the median of all rounds; Low and High are its quartiles.
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"ratio_q1"`
	High  float64 `json:"ratio_q3"`
	// The rest is for one item: the median time, and what it allocates.
	Nanoseconds float64 `json:"ns"`
	MBPerSecond float64 `json:"mb_per_s"`
	Bytes       float64 `json:"bytes"`
	Allocations float64 `json:"allocs"`
}

// Interleave lets the entries take turns, so that whatever slows the machine
// down slows all of them down. Each round begins with another entry. A turn
// begins with nothing to collect, so that everybody pays for the garbage of their
// own.
func Interleave(entries []Entry, p Plan) []Result {
	p.Turn = min(p.Turn, p.Items)
	times := make([][]float64, len(entries))
	for round := range p.Rounds {
		from := round * p.Turn % (p.Items - p.Turn + 1)
		for k := range entries {
			at := (round + k) % len(entries)
			times[at] = append(times[at], turn(entries[at], from, p.Turn))
		}
	}
	results := make([]Result, len(entries))
	for i, e := range entries {
		results[i] = summarize(times[i], times[0])
		results[i].Name = e.Name
		results[i].MBPerSecond = float64(p.Bytes) / float64(p.Items) / results[i].Nanoseconds * 1000
		results[i].Bytes, results[i].Allocations = allocations(e, p.Items)
	}
	return results
}

// warm is how many items are done before the clock runs, since the collection
// before has emptied the caches.
const warm = 10

// turn gives the nanoseconds of an item.
func turn(e Entry, from, n int) float64 {
	runtime.GC()
	for i := range min(warm, n) {
		e.Do(from + i)
	}
	start := time.Now()
	for i := from; i < from+n; i++ {
		e.Do(i)
	}
	return float64(time.Since(start).Nanoseconds()) / float64(n)
}

func summarize(times, first []float64) Result {
	ratios := make([]float64, len(times))
	for i := range times {
		ratios[i] = times[i] / first[i]
	}
	return Result{
		Ratio: Quantile(ratios, 0.5), Low: Quantile(ratios, 0.25), High: Quantile(ratios, 0.75),
		Nanoseconds: Quantile(times, 0.5),
	}
}

// Quantile gives the value below which so large a part of all lies.
func Quantile(values []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := part * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// allocations gives the bytes and the number of allocations of an item.
func allocations(e Entry, items int) (bytes, count float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range items {
		e.Do(i)
	}
	runtime.ReadMemStats(&after)
	n := float64(items)
	return float64(after.TotalAlloc-before.TotalAlloc) / n, float64(after.Mallocs-before.Mallocs) / n
}
