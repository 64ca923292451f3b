package zendesksim

import (
	"fmt"
	"net/http"
	"strconv"
)

// What each limit refuses with, and what it shows of itself.

// tooManyOfAccount is what third parties report of the limit of the account; Zendesk documents the status only.
func tooManyOfAccount() error {
	return &refusal{http.StatusTooManyRequests, plainText("Number of allowed API requests per minute exceeded")}
}

// accountToll is the toll of every authenticated request.
func (s *Server) accountToll(c *call, endpoint route) toll {
	if endpoint.events {
		return toll{
			counter: &s.limiter.events,
			show:    showAccountLimit,
			refusal: codedWithID(http.StatusTooManyRequests, "TooManyRequests", "Too many requests", c.id),
		}
	}
	return toll{counter: &s.limiter.requests, show: showAccountLimit, refusal: tooManyOfAccount()}
}

// unlimited is what an account without a limit shows: the greatest that Zendesk gives to anybody.
const unlimited = 100_000

// showAccountLimit sends the headers that Zendesk documents. An account without a limit shows one that nobody has used.
// https://developer.zendesk.com/api-reference/introduction/rate-limits/#monitoring-your-request-activity-against-limits
func showAccountLimit(header http.Header, c *counter, used use) {
	most := c.limit.Requests
	if c.isOff() {
		most, used.requests = unlimited, 1
	}
	left := strconv.Itoa(max(0, most-used.requests))
	header.Set("X-Rate-Limit", strconv.Itoa(most))
	header.Set("X-Rate-Limit-Remaining", left)
	header.Set("ratelimit-limit", strconv.Itoa(most))
	header.Set("ratelimit-remaining", left)
	header.Set("ratelimit-reset", strconv.Itoa(wholeSeconds(used.resets)))
}

// showIn returns what shows the limit of an endpoint in a header of its own.
func showIn(name string) func(http.Header, *counter, use) {
	return func(header http.Header, c *counter, used use) {
		if !c.isOff() {
			header.Set(name, fmt.Sprintf("total=%d; remaining=%d; resets=%d",
				c.limit.Requests, max(0, c.limit.Requests-used.requests), wholeSeconds(used.resets)))
		}
	}
}

// limitSearch is the limit of the requests that use the search index. The body of its refusal is not documented.
func (s *Server) limitSearch(c *call) error {
	if c.action == "users/search" && c.query.Has("external_id") {
		return nil // That reads the store.
	}
	return s.limiter.pass(c.header, toll{
		counter: &s.limiter.searches,
		show:    showIn("Zendesk-RateLimit-search-index"),
		refusal: tooManyOfAccount(),
	})
}

// limitEventsKept is the limit of the events of a month. Its refusal is not documented.
func (s *Server) limitEventsKept(c *call) error {
	return s.limiter.pass(c.header, toll{
		counter: &s.limiter.eventsKept,
		refusal: codedWithID(http.StatusTooManyRequests, "TooManyRequests", "Too many events this month", c.id),
	})
}

// limitUserWrite is the two limits of writing users, of which that of the one user is tried first.
// https://developer.zendesk.com/api-reference/introduction/rate-limits/#endpoint-rate-limits
//
// Zendesk does not document which of the two its header tells of; in the simulator it is that of the user.
func (s *Server) limitUserWrite(c *call) error {
	key := s.store.userKey(c)
	tolls := []toll{{counter: &s.limiter.userWrites, refusal: tooManyOfAccount()}}
	if key != (userKey{}) {
		tolls = append([]toll{{
			counter: &s.limiter.user,
			key:     key.text(),
			show:    showIn("Zendesk-RateLimit-create-update-user"),
			refusal: key.tooMany(),
		}}, tolls...)
	}
	return s.limiter.pass(c.header, tolls...)
}

// limitOrganizationWrite is the limit of writing one organization.
// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#update-organization
func (s *Server) limitOrganizationWrite(c *call) error {
	id := s.store.organizationKey(c)
	if id == 0 || c.action == "organizations/create_or_update" && !s.opts.Limits.OrganizationUpserts {
		return nil
	}
	return s.limiter.pass(c.header, toll{
		counter: &s.limiter.organizations,
		key:     strconv.FormatInt(id, 10),
		refusal: coded(http.StatusTooManyRequests, "TooManyRequests", "Too many requests to update"),
	})
}

// A userKey is how the limit of writing one user knows that user: by the id, or by what a request says of a user who
// does not exist yet. The zero value is a user of whom nothing is known.
type userKey struct {
	id                int64
	externalID, email string
}

func (k userKey) text() string {
	switch {
	case k.id != 0:
		return fmt.Sprintf("id:%d", k.id)
	case k.externalID != "":
		return "external_id:" + fold(k.externalID)
	default:
		return "email:" + fold(k.email)
	}
}

// tooMany is the text as it was recorded from a real account; the id of a user who does not exist was empty in it.
func (k userKey) tooMany() error {
	id := ""
	if k.id != 0 {
		id = strconv.FormatInt(k.id, 10)
	}
	return &refusal{http.StatusTooManyRequests, plainText(fmt.Sprintf("You have exceeded the rate limit for updating "+
		"a single unique user. user email: %s id: %s external_id: %s", k.email, id, k.externalID))}
}

// userKey finds out whom a request is about. It comes before the types of the attributes are checked, so values that
// are no texts count as left out.
func (st *store) userKey(c *call) userKey {
	var user *User
	sent := sentKey(c.body)
	if text, inPath := c.path["id"]; inPath {
		id, _ := strconv.ParseInt(text, 10, 64)
		user, sent = st.liveUser(id), userKey{id: id}
	} else {
		user = st.userByKeys(sent.externalID, sent.email)
	}
	if user == nil {
		return sent
	}
	return userKey{id: user.ID, externalID: string(user.ExternalID), email: string(user.Email)}
}

// sentKey is how a request names a user who does not exist yet.
func sentKey(body map[string]any) userKey {
	user, _ := body["user"].(map[string]any)
	externalID, _ := user["external_id"].(string)
	email, _ := user["email"].(string)
	return userKey{externalID: externalID, email: email}
}

// organizationKey returns the id of the organization that a request is about, and 0 for a new one.
func (st *store) organizationKey(c *call) int64 {
	if text, inPath := c.path["id"]; inPath {
		id, _ := strconv.ParseInt(text, 10, 64)
		return id
	}
	sent, _ := c.body["organization"].(map[string]any)
	if id, isInteger := integerOf(sent["id"]); isInteger {
		return id
	}
	externalID, _ := sent["external_id"].(string)
	return st.organizationExternalIDs[fold(externalID)]
}
