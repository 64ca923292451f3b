// Package ruletest runs golden cases of rules: one file holds an event, the
// answers of the destination, and every request and outcome that must come of
// it. "go test" ([Run]) and the command ([Check]) use the same code, and that
// code knows no destination: the rules are handed in, and so is a simulator.
//
// The goals of the format are:
//
//   - one case is one file that can be read, reviewed and sent to somebody;
//   - what a case expects is written by the runner and reviewed by a person;
//   - a case is exact: every request counts, in its order, with its body;
//   - a case needs no network, no credentials and no real time.
//
// Non-goals are patterns and placeholders in what is expected, sharing of text
// among cases, and concurrent events.
//
// # A case
//
// A case is a txtar file. It opens with the sentence that it shows; sections
// follow, in any order:
//
//	A new member of a club that answers slowly is tried again.
//
//	-- event.json --
//	{"type": "join", "member": "Ann", "club": "chess"}
//	-- settings.yaml --
//	season: 2
//	-- replies.http --
//	GET clubs?name=chess
//	200
//	{"clubs": [{"id": 7}]}
//
//	POST clubs/7/members
//	429
//	Retry-After: 30
//
//	POST clubs/7/members
//	201
//	{"member": {"id": 12}}
//	-- want --
//	GET clubs?name=chess
//	=> 200
//
//	POST clubs/7/members
//	{
//	  "member": "Ann",
//	  "season": 2
//	}
//	=> 429
//	=> 201
//
//	outcome: delivered
//	rules: join
//
// The sections are:
//
//	event.json         one event, as it was pasted
//	events.ndjson      in its place: several events, one a line. They run one
//	                   after the other through one runner, so that a case can
//	                   show what is remembered from one to the next
//	settings.yaml      settings laid over the examples that the destination
//	                   declares; null takes an example away
//	replies.http       the destination's answers, see below
//	account.json       in its place: what a fresh simulator holds at the start
//	want               what must happen, see below
//	want-account.json  what the simulator must hold at the end, without the
//	                   members that are null, false or empty; only compared
//	                   where the case has it
//
// A case with neither replies.http nor account.json runs against an empty
// simulator, or, where the caller has none, expects no request at all. A case
// with an empty replies.http expects none either. Any other section is an
// error, and so is one that stands twice.
//
// # replies.http
//
// Replies are separated by blank lines. One reply is:
//
//	# a comment, as many lines as it takes, or none
//	METHOD path?query
//	STATUS xTIMES
//	Header: value
//	body
//
// The path is relative to the base URL and has no leading slash; a request that
// leads elsewhere has its whole URL. The query is written decoded, as
//
//	GET users?query=email:"ann+chess@example.com" type:user&page=2
//
// where the parameters may be in any order, a plus is a plus, and %XX is
// decoded, so that %26, %25 and in a name %3D stand for the characters that
// would otherwise mean something. Where a reply has no question mark, it
// matches whatever the query is; one that ends in a question mark matches no
// query only.
//
// The status is a number from 200 to 599, or what keeps an answer from coming:
// "refused" (no connection was made), "reset" (it broke before the answer) or
// "timeout". xTIMES, such as x5, is how often the reply is given; without it,
// once. Header lines come next, if any, and everything up to the next blank
// line is the body, of any kind.
//
// A request takes the first reply that has not been given as often as it may
// be, whose method and path are the request's, and whose query, where it has
// one, is too. A request that finds none fails the case, and so does a reply
// that is left over: neither can be repaired by an update.
//
// # want
//
// For each event (under "event 1" and so on, where there are several) come its
// requests in the order they were sent: the request line as in replies.http,
// the body with its members in the order they were sent, and what each attempt
// got ("=> 429"). A request that is sent again unchanged with nothing between
// counts as a further attempt. What the runner's memory answered is no request.
// Headers are not shown, and the values of secret settings are shown as "***".
//
// The outcome follows: "outcome:" with the status, "rules:" (the rules that
// took the event) where it was delivered, otherwise "rule:" and "step:" (where
// it ended) and "reason:", a "warning:" for each warning, and "stops the run:"
// where no later event is tried. Lines that continue a text are indented.
//
// A case whose want begins with "setting refused:" is about its settings: there
// is such a line for everything that is wrong with them, and nothing is sent.
// Without that beginning, wrong settings fail the case.
//
// An update rewrites the section want (and want-account.json, where the case
// has it) and leaves every other byte of the file as it is. It refuses a case
// that fails for another reason than these sections.
package ruletest
