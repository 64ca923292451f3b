package zendesksim

import "time"

// Limits are the rate limits of an account. The zero value has none; each can be set alone.
// https://developer.zendesk.com/api-reference/introduction/rate-limits/
//
// A window begins with the first request that counts in it and ends after its time; Zendesk does not document that.
// A request that is refused with 429 does not count in the window that is full, and one that is refused with another
// status counts. The clock is [Options.Now].
type Limits struct {
	// Requests are all authenticated requests of the account but those for events.
	Requests Limit

	// Events are the requests for events, which do not count as Requests. EventsKept are the events that are posted.
	// https://developer.zendesk.com/api-reference/custom-data/introduction/
	Events     Limit
	EventsKept Limit

	// Searches are the requests that use the search index. They count as Requests, too.
	Searches Limit

	// UserWrites are the requests to users/create_or_update and PUT users/{id} together, of the account.
	// WritesPerUser are the same requests for one user. A user who does not exist yet is known by the external id of
	// the request, or else by its email.
	UserWrites    Limit
	WritesPerUser Limit

	// WritesPerOrganization are the requests to PUT organizations/{id} for one organization.
	WritesPerOrganization Limit

	// OrganizationUpserts has organizations/create_or_update count as WritesPerOrganization, too, where it finds the
	// organization. Zendesk does not document that it does. False: it does not.
	OrganizationUpserts bool
}

// A Limit is a number of requests in a window of time. The zero value is no limit.
type Limit struct {
	Requests int           // zero: no limit
	Window   time.Duration // zero: a minute
}

// SuiteTeam returns the documented limits of the plan Suite Team, the smallest of the plans that have events.
func SuiteTeam() Limits {
	return Limits{
		Requests:              Limit{Requests: 200},
		Events:                Limit{Requests: 250},
		EventsKept:            Limit{Requests: 150_000, Window: 30 * 24 * time.Hour},
		Searches:              Limit{Requests: 2500},
		UserWrites:            Limit{Requests: 1, Window: time.Second},
		WritesPerUser:         Limit{Requests: 5},
		WritesPerOrganization: Limit{Requests: 5},
	}
}

// Realistic returns the options of a simulator that makes its clients wait as a real account does: the limits of
// [SuiteTeam], a search index that lags two minutes behind, and conflicts of requests that create the same user within
// the tenth of a second that each of them takes. Zendesk says that the index takes "up to a few minutes", and nothing
// of how long a request takes.
func Realistic() Options {
	return Options{
		Limits:          SuiteTeam(),
		UpsertConflicts: true,
		IndexDelay:      2 * time.Minute,
		Latency:         100 * time.Millisecond,
	}
}
