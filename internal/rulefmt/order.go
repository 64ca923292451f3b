package rulefmt

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
)

// orders gives the order of keys, by the name that docs/rules.md marks the table
// of a construct with. Keys in one text may stand in any order among each other.
// What is not here stays in the order in which it is written.
func orders() map[string][]string {
	return map[string][]string{
		"ruleFile":    {"rule", "event", "after", "vars when", "require", "mappings", "steps", "result"},
		"requireNode": {"from", "message", "when"},
		"lineNode":    {"to", "from value expr rest", "as", "table", "keys", "keep", "except", "default", "when", "required"},
		"sourceNode":  {"from value expr", "as", "table", "default", "when", "required"},
		"armNode":     {"status", "when", "then", "at as", "message", "remember"},
		"confirmNode": {"when", "get", "query", "pages", "there", "on"},
		"destinationFile": {"destination", "title", "rules", "match", "order", "settings", "url", "headers", "authentication", "errors",
			"paging", "rate_limits", "retry", "circuit", "tables", "lookups", "procedures"},
		"lookupNode":    {"keep", "remember", "not_found", "several", "ways"},
		"wayNode":       {"by", "when", "steps", "found"},
		"procedureNode": {"inputs", "steps", "result"},
		"retryNode":     {"attempts", "elapsed", "backoff", "when", "not_taken", "stop"},
		"circuitNode":   {"when", "after", "pause", "stop"},
		"backoffNode":   {"first", "most", "jitter"},
	}
}

// stepOrder begins with what a call is named and when it is made; all other
// steps begin with what they do.
func stepOrder(n *yaml.Node) []string {
	if has(n, "let") || has(n, "reject") || has(n, "fail") || has(n, "warn") {
		return []string{"let reject fail warn", "from value expr", "as", "table", "default", "when"}
	}
	return []string{"name", "when", "each", "get post put patch delete find use", "idempotent only_reads", "with query", "body",
		"pages", "pick", "remember", "learn forget", "on", "confirm"}
}

// sorted gives the numbers of a mapping's keys in their order.
func sorted(n *yaml.Node, c *engine.Construct) []int {
	order := orders()[c.Name]
	if c.Name == "stepNode" {
		order = stepOrder(n)
	}
	numbers := make([]int, len(n.Content)/2)
	for i := range numbers {
		numbers[i] = i
	}
	if order == nil || slices.ContainsFunc(numbers, func(i int) bool { return rank(order, n.Content[2*i].Value) < 0 }) {
		return numbers
	}
	slices.SortStableFunc(numbers, func(a, b int) int {
		return rank(order, n.Content[2*a].Value) - rank(order, n.Content[2*b].Value)
	})
	return numbers
}

func rank(order []string, key string) int {
	return slices.IndexFunc(order, func(keys string) bool { return slices.Contains(strings.Fields(keys), key) })
}
