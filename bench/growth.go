package main

import (
	"fmt"
	"slices"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/measure"
	"github.com/deskrules/deskrules/bench/synthetic"
)

func growthTables() []table {
	return []table{
		{"size", "identify events of more and more bytes", "byte", prepareSizes, nil},
		{"rules", "a rule of more and more lines that apply", "line", prepareRules, nil},
		{"hostile", "events hard to read: a byte of 256 KB beside one of 32 KB", "byte", prepareHostile, judgeHostile},
	}
}

func prepareSizes(e effort) (c measure.Contest, _ func(), err error) {
	config, err := contender.Embedded()
	for _, kilobytes := range []int{1, 8, 64, 500} {
		event := synthetic.Sized(kilobytes << 10)
		c.Entries = append(c.Entries, measure.Entry{
			Name: fmt.Sprintf("%d KB", kilobytes), Units: float64(len(event)), Turn: turns(len(event)),
			Do: func(int) { first(config, event) },
		})
	}
	c.Plan = e.few()
	return c, nil, err
}

// turns makes turns of large events about as long as those of small ones.
func turns(bytes int) int { return max(3, min(200, (512<<10)/bytes)) }

func prepareRules(e effort) (c measure.Contest, _ func(), err error) {
	event := synthetic.Event()
	for _, n := range []int{10, 100, 1000} {
		config, err := synthetic.Rules(synthetic.Applies, n)
		if err != nil {
			return c, nil, err
		}
		c.Entries = append(c.Entries, measure.Entry{
			Name: fmt.Sprintf("%d lines", n), Units: float64(n), Turn: max(10, 2000/n),
			Do: func(int) { first(config, event) },
		})
	}
	c.Plan = e.few()
	return c, nil, nil
}

// prepareHostile has two entries for each shape, the small one first.
func prepareHostile(e effort) (c measure.Contest, _ func(), err error) {
	config, err := contender.Embedded()
	for _, shape := range synthetic.Shapes() {
		for _, kilobytes := range []int{32, 256} {
			event := shape.Make(kilobytes << 10)
			c.Entries = append(c.Entries, measure.Entry{
				Name: fmt.Sprintf("%s, %d KB", shape.Name, kilobytes), Units: float64(len(event)), Turn: turns(len(event)),
				Do: func(int) { first(config, event) },
			})
		}
	}
	c.Plan = e.few()
	return c, nil, err
}

// judgeHostile has a row for each shape: the ratio is 1 where the time is in
// proportion to the size.
func judgeHostile(_ effort, c measure.Contest) (results []measure.Result, err error) {
	for pair := range slices.Chunk(c.Entries, 2) {
		results = append(results, measure.Contest{Entries: pair, Plan: c.Plan}.Run()[1])
	}
	return results, nil
}
