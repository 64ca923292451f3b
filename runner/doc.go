// Package runner delivers events: it is the part of Deskrules that does I/O.
//
// The engine turns an event into requests and answers into the next requests,
// without ever touching a network or a clock. A [Runner] stands between the
// engine and the world, and the files of this package are the way of an event
// through it:
//
//	input.go       bytes of a file -> records, one an event
//	order.go       events that share a key go one after the other
//	runner.go      one event: ask the engine, answer it, until it has ended
//	executions.go  the memory that one event leaves to the next
//	memory.go      what earlier answers taught, in place of asking again
//	retry.go       one request: call, wait, call again
//	call.go        one call: an HTTP request, and what became of it
//	attempt.go     one call and its answer, for those who listen
//	patience.go    how long a call may take
//	asked.go       what the engine asked for, for stand-ins of a destination
//	stop.go        why a run ends before its input does
//	deliver.go     a stream of records, several at once
//	journal.go     what has to be on disk to go on after the process was killed
//	report.go      the results, one JSON line each
//	deadletter.go  the events that were not delivered, to be read as input again
//
// A host that has its own stream of events needs [New] and [Runner.Run]:
//
//	program, err := engine.Load(os.DirFS("rules"), "crm")
//	r, err := runner.New(program, runner.Options{Settings: settings})
//	outcome, err := r.Run(ctx, event)
//
// Event data is personal data. It is in outcomes, reports and dead letters,
// and never in errors or logs; neither are credentials anywhere.
package runner
