// Command deskrules delivers customer-data events to a destination by rules in
// YAML, and helps to write those rules.
//
// The files follow a command line through the program:
//
//	command.go     the tree of verbs, and errors -> exit status
//	run.go, eval.go, check.go, docs.go, test.go, sim.go, version.go: the verbs
//	init.go        a folder to begin with; init_config.go: its deskrules.yaml
//	fmt.go         rule files laid out, by internal/rulefmt
//	record.go      an event -> a golden case; record_play.go: delivered, with and
//	               without masks; record_case.go: written
//	watch.go       eval again at each save
//	schema.go      the tables of the parser -> JSON Schema; schema_words.go: the words
//	               of the reference
//	rehearsal.go   a run to a stand-in, for eval; rehearsed.go, explain.go: what is
//	               shown of it
//	test_report.go what cases came to; coverage.go, mutate.go, allowances.go, junit.go,
//	               test_files.go, watch.go: more of it
//	check_events.go, check_paths.go: a sample -> what rules make of it; check_mask.go:
//	               what of it is not shown; check_report.go
//	diff.go        two versions of rules -> what differs; diff_versions.go,
//	               diff_git.go: where they are from; diff_play.go, diff_listen.go:
//	               events -> calls; diff_judge.go, diff_names.go, diff_tally.go: calls
//	               -> counts; diff_origins.go: where a value stands in the rules;
//	               diff_words.go, diff_disguise.go: what is shown and what is hidden;
//	               diff_yaml.go, diff_settings.go: what no event shows;
//	               diff_advance.go: how far it is; diff_report.go
//	config.go      deskrules.yaml -> settings, with their places
//	rules.go       a folder or the embedded files -> rules, joined to settings
//	target.go      where a run delivers to, and with which settings
//	simulator.go   the one destination that can be simulated
//	answers.go     replies, and what the simulator does not have
//	events.go      files of events, opened
//	records.go     report and dead letters, opened
//	delivery.go    events -> results
//	tally.go       results -> counts
//	progress.go    counts -> the line that is redrawn; teller.go: what is waited for
//	summary.go     counts -> the last screen, or JSON
//	docs_page.go   a description of rules -> a page; docs_fields.go, docs_steps.go,
//	               docs_names.go: its parts; flowchart.go: its pictures
//	markdown.go    cells, code and lists
//	output.go      columns, colours and words
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	// The first signal asks the verb to come to an end. A moment later signals
	// have their usual effect again, so that a second one ends it at once. Not
	// sooner: some senders, such as timeout(1), signal twice.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.Sleep(time.Second)
		stop()
	})
	os.Exit(run(ctx, os.Args[1:], shell{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv}))
}
