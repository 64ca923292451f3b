// Package spell finds what somebody meant to write. It is one helper for every
// name that can be mistyped: keys, names and functions of rules, settings,
// sections of golden cases, members of an account.
package spell

import (
	"fmt"
	"strings"
)

// Advice gives a sentence that names the candidate most like name or, where
// none is near and the candidates are few, one that lists them; else nothing.
func Advice(name string, candidates []string) string {
	if best := Nearest(name, candidates); best != "" {
		return fmt.Sprintf("Did you mean %q?", best)
	}
	if len(candidates) == 0 || len(candidates) > 12 {
		return ""
	}
	return "Known here: " + strings.Join(candidates, ", ") + "."
}

// Nearest gives the candidate most like name, without regard to case; the empty
// text where none is near.
func Nearest(name string, candidates []string) string {
	best, distance := "", 1+max(1, len(name)/3)
	for _, candidate := range candidates {
		if d := Distance(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// Distance counts the insertions, deletions, substitutions and swaps of
// neighbours between two texts (optimal string alignment).
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
