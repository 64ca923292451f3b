package contender

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/bench/corpus"
	"github.com/deskrules/deskrules/rules"
)

// source is the setting that track events are sent with.
const source = "Rudder"

// A world is what earlier answers taught and what the rules look up. Each
// contender keeps it in the form that it reads fastest.
type world struct {
	users              map[string]user // by email in lower case
	userFields         spelling
	organizationFields spelling
	zones              map[string]string // of the rules' table, each name of the destination also by itself
}

// A user is what is remembered of one.
type user struct {
	record string // as JSON
	email  string // as JSON
}

// A spelling gives a key as the destination spells it, by its lower case.
type spelling map[string]string

func newSpelling(keys []string) spelling {
	s := spelling{}
	for _, key := range keys {
		s[strings.ToLower(key)] = key
	}
	return s
}

// of gives the key under which a member is sent, and false for one that no field
// is there for.
func (s spelling) of(key string) (string, bool) {
	as, known := s[strings.ToLower(identifier(key))]
	return as, known
}

func newWorld(events [][]byte) (*world, error) {
	zones, err := timezones()
	w := &world{
		users:              map[string]user{},
		userFields:         newSpelling(corpus.UserFields()),
		organizationFields: newSpelling(corpus.OrganizationFields()),
		zones:              zones,
	}
	for i, event := range events {
		if email := emailOf(event); email != "" {
			w.users[strings.ToLower(email)] = newUser(i, email)
		}
	}
	return w, err
}

// emailOf gives the address of the person behind a track or group event.
func emailOf(event []byte) string { return gjson.GetBytes(event, "context.traits.email").String() }

func newUser(i int, email string) user {
	quoted := strconv.Quote(email)
	return user{email: quoted, record: fmt.Sprintf(`{"id":%d,"email":%s,"external_id":"user-%06d"}`, 70_000+i, quoted, i)}
}

// timezones reads the table of the rules.
func timezones() (map[string]string, error) {
	data, err := fs.ReadFile(rules.FS(), "zendesk/time_zones.yaml")
	if err != nil {
		return nil, err
	}
	table := map[string]string{}
	if err := yaml.Unmarshal(data, &table); err != nil {
		return nil, err
	}
	all := map[string]string{}
	for from, to := range table {
		all[to], all[from] = to, to
	}
	return all, nil
}

// identifier writes a key as the rules ask for.
func identifier(key string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, key)
}

// List writes texts as a JSON array.
func List(texts []string) json.RawMessage {
	data, err := json.Marshal(texts)
	if err != nil {
		panic(err) // texts always can be written
	}
	return data
}
