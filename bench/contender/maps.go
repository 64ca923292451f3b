package contender

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/deskrules/deskrules/bench/corpus"
)

type object = map[string]any

// throughMaps decodes events into maps, and makes maps of them.
func throughMaps(kind corpus.Kind, w *world, c codec) Maker {
	bodies := map[corpus.Kind]func(object) (object, bool){
		corpus.Identify: w.identifyMap, corpus.Track: w.trackMap, corpus.Group: w.groupMap,
	}
	return func(event []byte) ([]byte, error) {
		var decoded object
		if err := c.read(event, &decoded); err != nil {
			return nil, err
		}
		body, ok := bodies[kind](decoded)
		if !ok {
			return nil, errUnfit
		}
		return c.write(body)
	}
}

func (w *world) identifyMap(event object) (object, bool) {
	traits := personOf(event)
	user := object{"user_id": event["userId"]}
	put(user, "name", textOf(traits["name"]))
	put(user, "email", textOf(traits["email"]))
	put(user, "organization_id", traits["organizationId"])
	put(user, "phone", textOf(traits["phone"]))
	if zone, ok := traits["timezone"].(string); ok {
		put(user, "time_zone", w.zones[zone])
	}
	id := firstText(traits["userId"], traits["id"], event["userId"])
	put(user, "external_id", id)
	fields := object{"id": id}
	w.userFields.fill(fields, traits, isUserKey)
	user["user_fields"] = fields
	return object{"user": user}, user["name"] != nil && id != ""
}

func (w *world) trackMap(event object) (object, bool) {
	email, _ := personOf(event)["email"].(string)
	user, known := w.users[strings.ToLower(email)]
	what := textOf(event["event"])
	tracked := object{"description": what, "type": what, "source": source, "properties": object{}}
	if properties, ok := event["properties"].(object); ok {
		tracked["properties"] = properties
	}
	put(tracked, "created_at", timeOf(event["timestamp"], event["originalTimestamp"]))
	identifier := object{"type": "email", "value": json.RawMessage(user.email)}
	return object{"event": tracked, "profile": object{"type": what, "source": source, "identifiers": []any{identifier}}}, known
}

func (w *world) groupMap(event object) (object, bool) {
	context, _ := event["context"].(object)
	person, _ := context["traits"].(object)
	email, _ := person["email"].(string)
	_, known := w.users[strings.ToLower(email)]
	traits, _ := event["traits"].(object)
	id := textOf(event["groupId"])
	organization := object{"external_id": id}
	put(organization, "name", textOf(traits["name"]))
	put(organization, "domain_names", traits["domainNames"])
	put(organization, "tags", traits["tags"])
	put(organization, "url", traits["url"])
	put(organization, "deleted", traits["deleted"])
	fields := object{"id": id}
	w.organizationFields.fill(fields, traits, isOrganizationKey)
	organization["organization_fields"] = fields
	return object{"organization": organization}, known && id != ""
}

// personOf gives the traits of the user, wherever they are.
func personOf(event object) object {
	if traits, ok := event["traits"].(object); ok && len(traits) > 0 {
		return traits
	}
	context, _ := event["context"].(object)
	traits, _ := context["traits"].(object)
	return traits
}

func isUserKey(key string) bool {
	switch key {
	case "name", "email", "organizationId", "timezone", "phone", "userId", "id":
		return true
	}
	return false
}

func isOrganizationKey(key string) bool {
	switch key {
	case "name", "domainNames", "tags", "url", "deleted", "groupId":
		return true
	}
	return false
}

// fill takes the scalar traits that have no line of their own.
func (s spelling) fill(fields, traits object, taken func(string) bool) {
	for key, value := range traits {
		switch value.(type) {
		case string, json.Number, bool:
			if as, known := s.of(key); known && !taken(key) {
				fields[as] = value
			}
		}
	}
}

// put sets what is there.
func put(o object, key string, value any) {
	if value != nil && value != "" {
		o[key] = value
	}
}

func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func firstText(values ...any) string {
	for _, v := range values {
		if s := textOf(v); s != "" {
			return s
		}
	}
	return ""
}

// timeOf gives the first text that is a time.
func timeOf(values ...any) string {
	for _, v := range values {
		s, _ := v.(string)
		if _, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return s
		}
	}
	return ""
}
