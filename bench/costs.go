package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/expr-lang/expr"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/corpus"
	"github.com/deskrules/deskrules/bench/measure"
	"github.com/deskrules/deskrules/bench/synthetic"
	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
)

func costTables() []table {
	return []table{
		{"lines", "what one more line of a mapping costs, of 500", "line", prepareLines, judgeLines},
		{"explain", "identify events as in a run, and with an explanation", rate, prepareExplain, judgeExplain},
		{"goroutines", "one program for several goroutines, for each event", "event", prepareGoroutines, nil},
		{"load", "loading the rules beside compiling their expressions", "text", prepareLoad, nil},
	}
}

// first takes an event up to its first request.
func first(config *engine.Config, event []byte) {
	contender.Begin(config, nil, event).Next()
}

// moreLines is how many lines are added.
const moreLines = 500

func prepareLines(e effort) (c measure.Contest, _ func(), err error) {
	event := synthetic.Event()
	for _, k := range []struct {
		name string
		line synthetic.Line
		n    int
	}{
		{"no line more", synthetic.Applies, 0},
		{"applies", synthetic.Applies, moreLines},
		{"its value is missing", synthetic.Lacks, moreLines},
		{"its condition is false", synthetic.Off, moreLines},
	} {
		config, err := synthetic.Rules(k.line, k.n)
		if err != nil {
			return c, nil, err
		}
		c.Entries = append(c.Entries, measure.Entry{Name: k.name, Units: moreLines, Do: func(int) { first(config, event) }})
	}
	c.Plan = measure.Plan{Items: 20, Turn: 20, Rounds: e.rounds}
	return c, nil, nil
}

// judgeLines takes off what the event costs without the lines.
func judgeLines(_ effort, c measure.Contest) (results []measure.Result, err error) {
	times := c.Times()
	applies := measure.Per(minus(times[1], times[0]), moreLines)
	for i, entry := range c.Entries[1:] {
		results = append(results, measure.Summarize(entry, minus(times[i+1], times[0]), applies))
	}
	return results, nil
}

// minus takes the times of b off those of a, round by round.
func minus(a, b []float64) []float64 {
	difference := make([]float64, len(a))
	for i := range a {
		difference[i] = a[i] - b[i]
	}
	return difference
}

func prepareExplain(e effort) (c measure.Contest, _ func(), err error) {
	events := corpus.Make(corpus.Identify, e.events, e.seed)
	off, err := contender.NewEngine(corpus.Identify, events, contender.Begin)
	if err != nil {
		return c, nil, err
	}
	on, err := contender.NewEngine(corpus.Identify, events, explained)
	makers := []contender.Contender{{Name: "off", Make: off}, {Name: "on", Make: on}}
	return measure.Contest{Entries: entries(makers, events), Plan: e.plan()}, nil, err
}

// judgeExplain also tells what the hooks for explanations and coverage cost
// while they are off. They cannot be taken out to compare, so a profile tells.
func judgeExplain(e effort, c measure.Contest) ([]measure.Result, error) {
	results := c.Run()
	do := c.Entries[0].Do
	share, err := measure.Share(100*e.events*e.rounds/40, func(i int) { do(i % e.events) }, isHook)
	results[0].Note = fmt.Sprintf("calls that find nothing to explain or to cover take %.1f %% of the time", 100*share)
	return results, err
}

func isHook(function string) bool {
	return strings.Contains(function, "/engine.(*explainer).") || strings.Contains(function, "/engine.(*Coverage).") ||
		strings.Contains(function, "/engine.(*notes).")
}

func explained(config *engine.Config, _ *engine.Execution, event []byte) *engine.Execution {
	return config.Explain(event)
}

// prepareGoroutines gives each number of goroutines the same events. Half the
// time of one, on two cores, is all that there is to gain.
func prepareGoroutines(e effort) (c measure.Contest, _ func(), err error) {
	config, err := contender.Embedded()
	events := corpus.Make(corpus.Identify, e.events, e.seed)
	for _, n := range []int{1, 2, 8} {
		c.Entries = append(c.Entries, measure.Entry{
			Name: fmt.Sprintf("goroutines: %d", n), Units: float64(len(events)),
			Do: func(int) { share(n, events, func(event []byte) { first(config, event) }) },
		})
	}
	c.Plan = e.batch()
	c.Plan.Clock = measure.Wall()
	return c, nil, err
}

// share has n goroutines do all events, each an equal part of them.
func share(n int, events [][]byte, do func([]byte)) {
	var group sync.WaitGroup
	for g := range n {
		group.Go(func() {
			for i := g; i < len(events); i += n {
				do(events[i])
			}
		})
	}
	group.Wait()
}

func prepareLoad(e effort) (c measure.Contest, _ func(), err error) {
	texts, err := expressions()
	n := float64(len(texts))
	c.Entries = []measure.Entry{
		{Name: "expr.Compile", Peer: true, Units: n, Do: func(int) { compile(texts) }},
		{Name: "engine.Load", Units: n, Do: func(int) { mustLoad() }},
	}
	c.Plan = measure.Plan{Items: 5, Turn: 5, Rounds: max(2, e.rounds/2)}
	return c, nil, err
}

func mustLoad() *engine.Program {
	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		panic(err)
	}
	return program
}

func compile(texts []string) {
	for _, text := range texts {
		if _, err := expr.Compile(text, expr.AllowUndefinedVariables()); err != nil {
			panic(err)
		}
	}
}

// expressions lists the expressions of the embedded rules, as often as they are
// compiled.
func expressions() ([]string, error) {
	data, err := json.Marshal(mustLoad().Describe())
	if err != nil {
		return nil, err
	}
	var description any
	err = json.Unmarshal(data, &description)
	return collect(description, nil), err
}

// collect finds the members of a description that hold an expression.
func collect(v any, texts []string) []string {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			texts = collect(element, texts)
		}
	case map[string]any:
		for key, member := range v {
			if text, ok := member.(string); ok && isExpression(key) {
				texts = append(texts, text)
			}
			texts = collect(member, texts)
		}
	}
	return texts
}

func isExpression(key string) bool {
	switch key {
	case "expr", "when", "each", "pick", "there", "found", "check":
		return true
	}
	return false
}
