package main

import (
	"fmt"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/measure"
	"github.com/deskrules/deskrules/bench/synthetic"
)

func growthTables() []table {
	return []table{
		{"size", "identify events of more and more bytes", "byte", measureSizes},
		{"rules", "a rule of more and more lines that apply", "line", measureRules},
		{"hostile", "events that are hard to read: a byte of 256 KB beside one of 32 KB", "byte", measureHostile},
	}
}

func measureSizes(e effort) ([]measure.Result, error) {
	config, err := contender.Embedded()
	var entries []measure.Entry
	for _, kilobytes := range []int{1, 8, 64, 500} {
		event := synthetic.Sized(kilobytes << 10)
		entries = append(entries, measure.Entry{
			Name: fmt.Sprintf("%d KB", kilobytes), Units: float64(len(event)), Turn: turns(len(event)),
			Do: func(int) { first(config, event) },
		})
	}
	return measure.Interleave(entries, e.few()), err
}

// turns makes turns of large events about as long as those of small ones.
func turns(bytes int) int { return max(3, min(200, (512<<10)/bytes)) }

func measureRules(e effort) ([]measure.Result, error) {
	event := synthetic.Event()
	var entries []measure.Entry
	for _, n := range []int{10, 100, 1000} {
		config, err := synthetic.Rules(synthetic.Applies, n)
		if err != nil {
			return nil, err
		}
		entries = append(entries, measure.Entry{
			Name: fmt.Sprintf("%d lines", n), Units: float64(n), Turn: max(10, 2000/n),
			Do: func(int) { first(config, event) },
		})
	}
	return measure.Interleave(entries, e.few()), nil
}

// measureHostile has a row for each shape: the ratio is 1 where the time is in
// proportion to the size.
func measureHostile(e effort) ([]measure.Result, error) {
	config, err := contender.Embedded()
	var results []measure.Result
	for _, shape := range synthetic.Shapes() {
		small, large := shape.Make(32<<10), shape.Make(256<<10)
		entries := []measure.Entry{
			{Units: float64(len(small)), Turn: 8, Do: func(int) { first(config, small) }},
			{Name: shape.Name, Units: float64(len(large)), Turn: 2, Do: func(int) { first(config, large) }},
		}
		results = append(results, measure.Interleave(entries, e.few())[1])
	}
	return results, err
}
