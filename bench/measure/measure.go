// Package measure times several ways to do the same thing against each other,
// on a machine that others use, too.
package measure

import (
	"cmp"
	"runtime"
	"slices"
	"time"
)

// An Entry is one way to do a thing.
type Entry struct {
	Name string
	// Do does it for the item of that number.
	Do func(i int)
	// Units is how many of what a table counts an item has, such as lines; 0 is
	// one.
	Units float64
	// Turn is how many items it does in a row; 0 is what the plan says.
	Turn int
	// Peer marks what is there to compare with and is not ours.
	Peer bool
	// Note says at the end what the times do not tell; nil is nothing.
	Note func() string
}

// A Plan says how entries take turns.
type Plan struct {
	Items  int // how many there are
	Turn   int // how many of them an entry does in a row
	Rounds int // how many turns each entry has
	// Clock is what times are read from; nil is [Processor].
	Clock func() time.Duration
}

// A Result is how one entry did.
type Result struct {
	Name string `json:"name"`
	// Ratio is the time of a unit relative to that of the first entry in the
	// same round, the median of all rounds; Low and High are its quartiles.
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"ratio_q1"`
	High  float64 `json:"ratio_q3"`
	// Nanoseconds is the median time of an item, Each that of a unit.
	Nanoseconds float64 `json:"ns"`
	Each        float64 `json:"ns_each"`
	// Bytes and Allocations are what an item allocates.
	Bytes       float64 `json:"bytes"`
	Allocations float64 `json:"allocs"`
	// Note is what the numbers do not tell.
	Note string `json:"note,omitempty"`
}

// A Contest is some entries with the plan of their turns.
type Contest struct {
	Entries []Entry
	Plan    Plan
}

// Run times the entries, and gives each relative to the first.
func (c Contest) Run() []Result {
	times := c.Times()
	results := make([]Result, len(c.Entries))
	for i, e := range c.Entries {
		results[i] = Summarize(e, times[i], Per(times[0], c.Entries[0].Units))
		results[i].Bytes, results[i].Allocations = allocations(e, c.Plan)
		if e.Note != nil {
			results[i].Note = e.Note()
		}
	}
	return results
}

// Times lets the entries take turns, so that whatever slows the machine down
// slows all of them down, and gives the nanoseconds of an item in each round.
// Each round begins with another entry. A turn begins with nothing to collect,
// so that everybody pays for the garbage of their own.
func (c Contest) Times() [][]float64 {
	times := make([][]float64, len(c.Entries))
	for round := range c.Plan.Rounds {
		for k := range c.Entries {
			at := (round + k) % len(c.Entries)
			times[at] = append(times[at], turn(c.Entries[at], c.Plan, round))
		}
	}
	return times
}

// Summarize gives the median of an entry's times, and of their ratios to the
// time of a unit of another entry in the same round.
func Summarize(e Entry, times, first []float64) Result {
	each := Per(times, e.Units)
	ratios := make([]float64, len(each))
	for i := range each {
		ratios[i] = each[i] / first[i]
	}
	return Result{
		Name:  e.Name,
		Ratio: Quantile(ratios, 0.5), Low: Quantile(ratios, 0.25), High: Quantile(ratios, 0.75),
		Nanoseconds: Quantile(times, 0.5), Each: Quantile(each, 0.5),
	}
}

// Per gives the times of one of so many units; 0 are one.
func Per(times []float64, units float64) []float64 {
	each := slices.Clone(times)
	for i := range each {
		each[i] /= max(units, 1)
	}
	return each
}

// warm is how many items are done before the clock runs, since the collection
// before has emptied the caches.
const warm = 10

// turn gives the nanoseconds of an item.
func turn(e Entry, p Plan, round int) float64 {
	n := min(cmp.Or(e.Turn, p.Turn), p.Items)
	from := round * n % (p.Items - n + 1)
	runtime.GC()
	for i := range min(warm, n) {
		e.Do(from + i)
	}
	clock := p.Clock
	if clock == nil {
		clock = Processor
	}
	start := clock()
	for i := from; i < from+n; i++ {
		e.Do(i)
	}
	return float64((clock() - start).Nanoseconds()) / float64(n)
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
func allocations(e Entry, p Plan) (bytes, count float64) {
	var before, after runtime.MemStats
	items := min(cmp.Or(e.Turn, p.Items), p.Items)
	runtime.ReadMemStats(&before)
	for i := range items {
		e.Do(i)
	}
	runtime.ReadMemStats(&after)
	n := float64(items)
	return float64(after.TotalAlloc-before.TotalAlloc) / n, float64(after.Mallocs-before.Mallocs) / n
}
