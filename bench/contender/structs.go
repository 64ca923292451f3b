package contender

import (
	"encoding/json"
	"strings"

	"github.com/deskrules/deskrules/bench/corpus"
)

// An eventIn is what is read of an event. Traits have any names, so they stay a
// map, of values that are not decoded.
type eventIn struct {
	UserID     json.RawMessage `json:"userId"`
	GroupID    json.RawMessage `json:"groupId"`
	Event      json.RawMessage `json:"event"`
	Timestamp  string          `json:"timestamp"`
	Original   string          `json:"originalTimestamp"`
	Properties json.RawMessage `json:"properties"`
	Traits     traitsIn        `json:"traits"`
	Context    struct {
		Traits traitsIn `json:"traits"`
	} `json:"context"`
}

type traitsIn map[string]json.RawMessage

func (e *eventIn) person() traitsIn {
	if len(e.Traits) > 0 {
		return e.Traits
	}
	return e.Context.Traits
}

type userOut struct {
	Name           json.RawMessage            `json:"name"`
	Email          json.RawMessage            `json:"email,omitempty"`
	OrganizationID json.RawMessage            `json:"organization_id,omitempty"`
	TimeZone       string                     `json:"time_zone,omitempty"`
	Phone          json.RawMessage            `json:"phone,omitempty"`
	UserID         json.RawMessage            `json:"user_id"`
	ExternalID     json.RawMessage            `json:"external_id"`
	Fields         map[string]json.RawMessage `json:"user_fields"`
}

type organizationOut struct {
	Name        json.RawMessage            `json:"name,omitempty"`
	DomainNames json.RawMessage            `json:"domain_names,omitempty"`
	Tags        json.RawMessage            `json:"tags,omitempty"`
	ExternalID  json.RawMessage            `json:"external_id"`
	URL         json.RawMessage            `json:"url,omitempty"`
	Deleted     json.RawMessage            `json:"deleted,omitempty"`
	Fields      map[string]json.RawMessage `json:"organization_fields"`
}

type trackedOut struct {
	Event struct {
		Description json.RawMessage `json:"description"`
		Type        json.RawMessage `json:"type"`
		Source      string          `json:"source"`
		Properties  json.RawMessage `json:"properties"`
		CreatedAt   string          `json:"created_at,omitempty"`
	} `json:"event"`
	Profile struct {
		Type        json.RawMessage `json:"type"`
		Source      string          `json:"source"`
		Identifiers []identifierOut `json:"identifiers"`
	} `json:"profile"`
}

type identifierOut struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// throughStructs decodes events into structs, and makes structs of them.
func throughStructs(kind corpus.Kind, w *world, c codec) Maker {
	bodies := map[corpus.Kind]func(*eventIn) (any, bool){
		corpus.Identify: w.identifyStruct, corpus.Track: w.trackStruct, corpus.Group: w.groupStruct,
	}
	return func(event []byte) ([]byte, error) {
		var decoded eventIn
		if err := c.read(event, &decoded); err != nil {
			return nil, err
		}
		body, ok := bodies[kind](&decoded)
		if !ok {
			return nil, errUnfit
		}
		return c.write(body)
	}
}

func (w *world) identifyStruct(e *eventIn) (any, bool) {
	traits := e.person()
	id := firstRaw(quoted(traits["userId"]), quoted(traits["id"]), quoted(e.UserID))
	user := userOut{
		Name: quoted(traits["name"]), Email: quoted(traits["email"]), OrganizationID: there(traits["organizationId"]),
		TimeZone: w.zones[plain(traits["timezone"])], Phone: quoted(traits["phone"]), UserID: e.UserID, ExternalID: id,
		Fields: w.userFields.raw(traits, id, isUserKey),
	}
	return map[string]userOut{"user": user}, user.Name != nil && id != nil
}

func (w *world) trackStruct(e *eventIn) (any, bool) {
	user, known := w.users[strings.ToLower(plain(e.person()["email"]))]
	what := quoted(e.Event)
	var out trackedOut
	out.Event.Description, out.Event.Type, out.Event.Source = what, what, source
	out.Event.Properties = firstRaw(e.Properties, json.RawMessage("{}"))
	out.Event.CreatedAt = timeOf(e.Timestamp, e.Original)
	out.Profile.Type, out.Profile.Source = what, source
	out.Profile.Identifiers = []identifierOut{{"email", json.RawMessage(user.email)}}
	return out, known && what != nil
}

func (w *world) groupStruct(e *eventIn) (any, bool) {
	_, known := w.users[strings.ToLower(plain(e.Context.Traits["email"]))]
	id := quoted(e.GroupID)
	organization := organizationOut{
		Name: quoted(e.Traits["name"]), DomainNames: there(e.Traits["domainNames"]), Tags: there(e.Traits["tags"]), ExternalID: id,
		URL: there(e.Traits["url"]), Deleted: there(e.Traits["deleted"]), Fields: w.organizationFields.raw(e.Traits, id, isOrganizationKey),
	}
	return map[string]organizationOut{"organization": organization}, known && id != nil
}

// raw takes the scalar traits that have no line of their own.
func (s spelling) raw(traits traitsIn, id json.RawMessage, taken func(string) bool) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{"id": id}
	for key, value := range traits {
		switch value[0] {
		case '{', '[', 'n':
			continue
		}
		if as, known := s.of(key); known && !taken(key) {
			fields[as] = value
		}
	}
	return fields
}

// there is a value that is not empty.
func there(raw json.RawMessage) json.RawMessage {
	if string(raw) == `""` || string(raw) == "null" {
		return nil
	}
	return raw
}

// quoted is a text, which a number becomes; nil for all else.
func quoted(raw json.RawMessage) json.RawMessage {
	switch raw = there(raw); {
	case raw == nil || raw[0] == '"':
		return raw
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return json.RawMessage(`"` + string(raw) + `"`)
	}
	return nil
}

// plain is a text without quotes; empty for what is none.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func firstRaw(values ...json.RawMessage) json.RawMessage {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}
