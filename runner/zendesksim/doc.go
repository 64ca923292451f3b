// Package zendesksim is an http.Handler that behaves like the Zendesk Support REST API v2 and keeps state:
// a user written by one request is found, refused as a duplicate, or made a member by the next.
// Rules for Zendesk can be tried, tested and measured against it without an account and without a network.
//
//	sim, err := zendesksim.New(zendesksim.Options{})
//	server := httptest.NewServer(sim)
//	// ... send requests to server.URL + "/api/v2/users/create_or_update" ...
//	account := sim.Account()
//	fmt.Println(len(account.Users), "users")
//
// # What a request passes through
//
// [Server.ServeHTTP] hands each request to one function, answer (server.go), which shows the order of the checks:
// host name, authentication, the rate limit of the account, route, role, JSON, and then, under the one mutex of the
// server, the limits of the endpoint and the endpoint itself.
// An endpoint reads its attributes (wrong JSON types are 400), finds the records that the path and the attributes
// name (404), checks the whole change (422), and only then applies it: a refused request changes nothing.
//
// # What it is faithful to
//
// The public reference at https://developer.zendesk.com/api-reference/ and answers recorded from real accounts:
// users and create_or_update, identities, tags, user and organization fields, organizations, memberships, user events,
// search, and both styles of paging, with their side effects. A second email becomes a secondary identity,
// organization_id takes a user out of all other organizations, and unknown attributes are ignored without a word.
// Where Zendesk is not documented, the code says so beside the decision; decisions are the stricter or the likelier
// behaviour, and no rule should rely on them.
//
// # What it leaves out
//
// Jobs and the bulk endpoints. Tickets, groups, views and everything else that is not about users and organizations.
// Emails are never sent. Profiles are answered with an id and not kept, so the limit of twenty profiles a person is not
// enforced. An endpoint that is not there is answered as Zendesk answers one that it does not know, with a description and
// the header [LacksHeader] that say so.
//
// # What makes clients wait and try again
//
// The zero [Options] answer everything at once: the plain mode. [Realistic] has the rate limits of a small plan, a
// search index that lags behind, and conflicts of requests that create the same user at once; each can be set alone.
// [Faults] are a layer of their own in front of any handler: errors, timeouts and broken connections, before or after
// the request took effect, as a [Plan] says. With the plan [Seeded] the same requests fail in every run.
//
// What came of it can be proven. [Options.Observe] tells of each request whether it changed something, [Log] which
// changes were made twice, and [Account.Canonical] whether two accounts ended up the same.
//
// # Accounts
//
// [Server.Account] is everything the simulator knows, in the API's own shapes; [Account.WriteJSON] writes it.
// [ReadAccount] reads the same shapes, or a hand-written part of them, to seed a simulator with [Options.Account].
// Seeding a second simulator with the dump of a first one gives the same dump again.
package zendesksim
