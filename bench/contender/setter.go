package contender

import (
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/deskrules/deskrules/bench/corpus"
)

// A setter is a body that is made field by field, each by a path: read by gjson,
// set by sjson.
type setter struct {
	*world
	event []byte
	body  []byte
	err   error
}

func newSetter(kind corpus.Kind, w *world) Maker {
	make := map[corpus.Kind]func(*setter) bool{
		corpus.Identify: (*setter).identify, corpus.Track: (*setter).track, corpus.Group: (*setter).group,
	}[kind]
	return func(event []byte) ([]byte, error) {
		s := &setter{world: w, event: event, body: []byte("{}")}
		if !gjson.ValidBytes(event) || !make(s) {
			return nil, errUnfit
		}
		return s.body, s.err
	}
}

func (s *setter) get(path string) gjson.Result { return gjson.GetBytes(s.event, path) }

// set puts JSON at a path of the body, unless it is nothing.
func (s *setter) set(path, raw string) {
	if raw != "" && raw != `""` && raw != "null" && s.err == nil {
		s.body, s.err = sjson.SetRawBytes(s.body, path, []byte(raw))
	}
}

// first gives the first of several paths that has a text, which a number
// becomes.
func (s *setter) first(paths ...string) string {
	for _, path := range paths {
		if text := string(appendText(nil, "", s.get(path).Raw)); text != "" {
			return text
		}
	}
	return ""
}

// person says where the traits of the user are.
func (s *setter) person() string {
	if s.get("traits").IsObject() {
		return "traits."
	}
	return "context.traits."
}

func (s *setter) identify() bool {
	at := s.person()
	id := s.first(at+"userId", at+"id", "userId")
	s.set("user.name", s.first(at+"name"))
	s.set("user.email", s.first(at+"email"))
	s.set("user.organization_id", s.get(at+"organizationId").Raw)
	if zone := s.zones[s.get(at+"timezone").Str]; zone != "" && s.err == nil {
		s.body, s.err = sjson.SetBytes(s.body, "user.time_zone", zone)
	}
	s.set("user.phone", s.first(at+"phone"))
	s.set("user.user_id", s.get("userId").Raw)
	s.set("user.external_id", id)
	s.set("user.user_fields.id", id)
	s.rest("user.user_fields.", strings.TrimSuffix(at, "."), s.userFields, isUserKey)
	return id != ""
}

func (s *setter) track() bool {
	user, known := s.users[strings.ToLower(s.get(s.person()+"email").Str)]
	what := s.first("event")
	s.set("event.description", what)
	s.set("event.type", what)
	s.set("event.source", `"`+source+`"`)
	s.set("event.properties", "{}")
	s.set("event.properties", s.get("properties").Raw)
	if at := s.first("timestamp", "originalTimestamp"); isTime(at) {
		s.set("event.created_at", at)
	}
	s.set("profile.type", what)
	s.set("profile.source", `"`+source+`"`)
	s.set("profile.identifiers.0.type", `"email"`)
	s.set("profile.identifiers.0.value", user.email)
	return known && what != ""
}

func (s *setter) group() bool {
	_, known := s.users[strings.ToLower(s.get("context.traits.email").Str)]
	id := s.first("groupId")
	s.set("organization.name", s.first("traits.name"))
	s.set("organization.domain_names", s.get("traits.domainNames").Raw)
	s.set("organization.tags", s.get("traits.tags").Raw)
	s.set("organization.external_id", id)
	s.set("organization.url", s.get("traits.url").Raw)
	s.set("organization.deleted", s.get("traits.deleted").Raw)
	s.set("organization.organization_fields.id", id)
	s.rest("organization.organization_fields.", "traits", s.organizationFields, isOrganizationKey)
	return known && id != ""
}

// rest sets the scalar members that have no line of their own; empty ones, too.
func (s *setter) rest(to, from string, fields spelling, taken func(string) bool) {
	s.get(from).ForEach(func(key, value gjson.Result) bool {
		as, known := fields.of(key.Str)
		if known && !taken(key.Str) && value.Type != gjson.JSON && value.Type != gjson.Null && s.err == nil {
			s.body, s.err = sjson.SetRawBytes(s.body, to+as, []byte(value.Raw))
		}
		return true
	})
}
