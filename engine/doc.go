// Package engine turns customer-data events into the requests of a destination,
// by rules in YAML. It is pure: it does no I/O, has no clock and starts no
// goroutine. Bytes of YAML and JSON go in, requests come out as data, and
// whoever performs them feeds the answers back. So the runner, golden tests, a
// dry run and a host's own client all share one loop:
//
//	program, err := engine.Load(fsys, dir)        // once
//	config, err := program.Configure(settings)    // once for each account
//
//	x := config.Start(event)                      // for each event
//	for {
//		request, more := x.Next()
//		if !more {
//			break
//		}
//		x.Respond(perform(request))
//	}
//	outcome := x.Outcome()
//
// # The life of a rule
//
// The files of this package stand in the order in which rules and events pass
// through them.
//
// A rule file is a source (source.go), whose every character keeps its place.
// It is parsed (parse.go, parse_rules.go, parse_destination.go) into a tree that
// says what was written and nothing else (syntax.go). The tree is compiled
// (the files whose names begin with compile): names are resolved to slots
// (scope.go), paths are read and frozen (path.go), expressions are checked
// (expression.go, analysis.go) and become trees of nodes with prepared reads
// (compile_nodes.go), texts with braces become templates (template.go), lists of
// lines become the tree of the object that they make (mapping.go). What is wrong is
// collected (diag.go) and reported all at once. What comes out is a Program
// (program.go) that never changes. What it does can be described without any
// event (the files whose names begin with describe).
//
// # The life of an event
//
// The bytes are scanned once (scan.go): valid JSON, small enough, not too deep,
// no key twice. The scan notes where each value stands (document.go), and nothing
// is searched again; a mapping notes the same of what it writes. After that, values (value.go) travel as they were written, and
// numbers (decimal.go) are compared and never rounded. Expressions (evaluate.go,
// loops.go, funcs.go, members.go) look into values (operand.go,
// spelling.go) without decoding what they only pass on. The rules that take the
// event are all mapped and checked before the first request (execution.go), so
// that an event that is rejected has changed nothing. Then steps run one after
// the other (steps.go, call.go), each on the values that earlier ones left in
// the slots of their frame, until the next request (request.go) is due or the
// outcome (outcome.go) is known. What was done and why can be kept on the way
// (explain.go).
//
// # Memory
//
// The engine remembers nothing from one event to the next. A request names the
// keys under which its answer may be known, and answers teach facts; both are
// for whoever keeps a memory. See [Request.Recall], [Execution.Facts] and [Fact].
// An execution that is begun again (Restart) keeps its room (workspace.go): all
// texts that it makes lie in one buffer, which the next event fills anew. Of the
// lists that a memory gave it keeps the last two as they were read, and compares
// them with what is given next.
//
// # What the input may do
//
// Rules are trusted to mean what they say, and everything else is not. Keys of
// events are data: no path is made of them. A loop inside a loop does not
// compile, so that no expression costs more than the product of two lists.
// Sizes, depths and the number of requests are bounded by [Limits]. Bodies are
// assembled from values that were checked, so they are always valid JSON.
package engine
