// Package mutation finds lines of rules that no golden case holds in place. It
// changes one thing in the text of a rule file at a time, such as a condition
// that it takes away, and runs the cases. Where all of them pass, nobody would
// notice the mistake.
//
// The files follow a line: text.go edits the text of a file by the places of its
// YAML nodes, mutants.go lists what can be changed, expressions.go does so within
// an expression, and run.go tries it.
package mutation
