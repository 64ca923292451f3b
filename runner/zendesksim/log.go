package zendesksim

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// An Entry is what became of one request. It holds personal data in Path and Identity.
type Entry struct {
	RequestID string // as in the X-Request-Id header of the answer
	Method    string
	Path      string // with its query
	Action    string // what Zendesk's error messages call the endpoint, such as "users/create"; empty: there is none
	Status    int

	// Effect is the place of the request among those that changed something, from 1 on in the order of the changes.
	// 0: it changed nothing, because it only reads or was refused. A write that finds everything as it wants it
	// counts as a change.
	Effect int64

	// Identity is equal for a request and its repetition, see [Server.Identity].
	// Empty: the request was refused before its body was read.
	Identity string
}

// observe tells what became of a request.
func (s *Server) observe(c *call, status int) {
	if s.opts.Observe == nil {
		return
	}
	s.opts.Observe(Entry{
		RequestID: c.id,
		Method:    c.request.Method,
		Path:      c.request.URL.RequestURI(),
		Action:    c.action,
		Status:    status,
		Effect:    c.effect,
		Identity:  c.identity,
	})
}

// A Log keeps entries; its method Add is for [Options.Observe]. It is safe for concurrent use.
// The zero value is an empty log.
type Log struct {
	mu      sync.Mutex
	entries []Entry
}

// Add keeps an entry.
func (l *Log) Add(entry Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry)
}

// Entries returns what was kept, in the order in which the answers were ready.
func (l *Log) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// Repeated returns the writes that took effect more than once, by their identities, each list in the order of the
// effects. Writes that may be repeated are among them, such as users/create_or_update; whether any of the others is,
// their Action tells.
func (l *Log) Repeated() map[string][]Entry {
	repeated := map[string][]Entry{}
	for _, entry := range l.Entries() {
		if entry.Effect > 0 {
			repeated[entry.Identity] = append(repeated[entry.Identity], entry)
		}
	}
	maps.DeleteFunc(repeated, func(_ string, entries []Entry) bool { return len(entries) < 2 })
	for _, entries := range repeated {
		slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Effect, b.Effect) })
	}
	return repeated
}
