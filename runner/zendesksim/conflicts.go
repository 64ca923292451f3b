package zendesksim

import (
	"net/http"
	"slices"
	"sync"
)

// Two requests that create the same user at the same time: the later one gets 409, and may come again.
// https://developer.zendesk.com/api-reference/introduction/requests/ says so of all "attempted simultaneous creation".
//
// A user is being created from the moment when a request adds it until its answer is sent, see [Options.Latency].

// creations are the users that are being created. They are safe for concurrent use.
type creations struct {
	mu   sync.Mutex
	keys map[string]bool // external ids and emails, see keysOf
}

// keysOf returns what identifies the user that a request creates.
func (in userInput) keysOf() []string {
	var keys []string
	if in.externalID.value != "" {
		keys = append(keys, "external_id:"+fold(in.externalID.value))
	}
	if email, given := in.emailSent(); given {
		keys = append(keys, "email:"+fold(email))
	}
	return keys
}

// check refuses a request for a user who is being created.
func (c *creations) check(in userInput) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(in.keysOf(), func(key string) bool { return c.keys[key] }) {
		return databaseConflict()
	}
	return nil
}

// begin notes that the user of a request is being created, until the function that it returns is called.
func (c *creations) begin(in userInput) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = map[string]bool{}
	}
	keys := in.keysOf()
	for _, key := range keys {
		c.keys[key] = true
	}
	return func() { c.end(keys) }
}

func (c *creations) end(keys []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		delete(c.keys, key)
	}
}

// databaseConflict has the body that was recorded from a real account, of a request for a ticket.
func databaseConflict() error {
	return described(http.StatusConflict, "DatabaseConflict", "Database collision")
}
