package ruletest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// The club is a made-up destination: an event "join" looks a club up by name,
// remembers it, and makes somebody a member; "seek" only looks, and
// "visit" must not be noted twice.
const clubDestination = `destination: club
title: Club
rules: [join, seek, visit]
match: {by: event.type}
settings:
  token:  {type: string, secret: true, required: true, example: s3cret, title: Token}
  season: {type: integer, default: 1, title: Season}
url: https://club.example/api/
authentication:
  - needs: [token]
    bearer: '{config.token}'
retry:
  attempts: 4
  elapsed: 1h
  backoff: {first: 1s, most: 10s, jitter: 0.5}
  when:
    - {status: [429], wait: retry-after}
    - {status: [5xx], wait: backoff}
    - {network: [refused, reset, timeout, unreadable], wait: backoff}
  not_taken:
    - {status: 4xx}
    - {network: refused}
  stop:
    - {status: 401}
`

const clubJoin = `# Join: make somebody a member of a club.
rule: join
event: join
require:
  - {from: event.member, message: join needs a member}
steps:
  - name: clubs
    get: clubs
    query: {name: '{event.club}'}
    pick: reply.clubs
    remember: {for: 10m}
  - fail: there is no club {event.club}
    when: len(clubs) == 0
  - name: joined
    post: clubs/{clubs.0.id}/members
    idempotent: true
    body:
      - {to: member, from: event.member}
      - {to: season, from: config.season, when: config.season != 1}
`

const clubSeek = `# Seek: look whether there is such a club in a town.
rule: seek
event: seek
steps:
  - get: clubs
    query: {name: '{event.club}', town: '{event.town}'}
`

const clubVisit = `# Visit: note a visit, at most once.
rule: visit
event: visit
steps:
  - name: note
    post: visits
    idempotent: false
    body:
      - {to: visitor, from: event.member}
    confirm:
      get: visits
      there: any(reply.visits, .visitor == event.member)
`

func club(t *testing.T) *engine.Program {
	t.Helper()
	program, err := engine.Load(fstest.MapFS{
		"club/destination.yaml": {Data: []byte(clubDestination)},
		"club/join.yaml":        {Data: []byte(clubJoin)},
		"club/seek.yaml":        {Data: []byte(clubSeek)},
		"club/visit.yaml":       {Data: []byte(clubVisit)},
	}, "club")
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// A house is a simulator of the club: who is a member of which club, by number.
type house struct {
	mu      sync.Mutex
	now     func() time.Time
	Clubs   []string       `json:"clubs"`
	Members []member       `json:"members"`
	Closed  bool           `json:"closed"`
	Notes   map[string]int `json:"notes"`
}

type member struct {
	Name   string    `json:"name"`
	Club   int       `json:"club"`
	Since  time.Time `json:"since"`
	Banned bool      `json:"banned"`
}

func openHouse(account []byte, now func() time.Time) (http.Handler, error) {
	h := &house{now: now}
	if account == nil {
		return h, nil
	}
	if err := json.Unmarshal(account, h); err != nil {
		return nil, fmt.Errorf("the account is no house: %w", err)
	}
	return h, nil
}

func dumpHouse(simulator http.Handler) ([]byte, error) {
	return json.Marshal(simulator)
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Method == http.MethodGet {
		h.find(w, r.FormValue("name"))
		return
	}
	m := member{Since: h.now()}
	var body struct{ Member string }
	_, err := fmt.Sscanf(r.URL.Path, "/api/clubs/%d/members", &m.Club)
	if err != nil || json.NewDecoder(r.Body).Decode(&body) != nil || h.Closed {
		panic(http.ErrAbortHandler)
	}
	m.Name = body.Member
	h.Members = append(h.Members, m)
	w.WriteHeader(http.StatusCreated)
}

func (h *house) find(w http.ResponseWriter, name string) {
	clubs := []map[string]int{}
	for id, club := range h.Clubs {
		if club == name {
			clubs = append(clubs, map[string]int{"id": id})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"clubs": clubs})
}
