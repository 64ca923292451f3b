package contender

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/bench/corpus"
)

var errUnfit = errors.New("the event is not what this kind of request is made of")

// A floor is what a mapping costs that knows its rules by heart: one validation
// of the event, one pass over its members and one over the traits, and a body
// appended to memory that is used again. It allocates nothing but what gjson does
// for texts with escapes, keeps no limit, and tells of nothing that it leaves out.
type floor struct {
	users                  map[string]user
	zones                  map[string]string // as JSON
	userFields, orgFields  prefixes
	body, rest, foldedMail []byte
}

// prefixes gives what goes before the value of a custom field, `,"key":`, for
// each key that has been seen. None is for a key without a field.
type prefixes struct {
	known spelling
	seen  map[string]string
}

func (p prefixes) of(key string) string {
	if prefix, ok := p.seen[key]; ok {
		return prefix
	}
	prefix := ""
	if as, known := p.known.of(key); known {
		prefix = `,"` + as + `":`
	}
	p.seen[strings.Clone(key)] = prefix
	return prefix
}

func newFloor(kind corpus.Kind, w *world) Maker {
	f := &floor{
		users: w.users, zones: map[string]string{},
		userFields: prefixes{w.userFields, map[string]string{}},
		orgFields:  prefixes{w.organizationFields, map[string]string{}},
	}
	for name, zone := range w.zones {
		f.zones[name] = strconv.Quote(zone)
	}
	return map[corpus.Kind]Maker{corpus.Identify: f.identify, corpus.Track: f.track, corpus.Group: f.group}[kind]
}

// An envelope is what the three kinds need of an event beside its traits, raw.
type envelope struct {
	userID, groupID, event, traits, context, properties, timestamp, original string
}

// open validates the event and takes it apart in one pass.
func open(event []byte) (e envelope, err error) {
	json := unsafe.String(unsafe.SliceData(event), len(event))
	if !gjson.Valid(json) {
		return e, errUnfit
	}
	gjson.Parse(json).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "userId":
			e.userID = value.Raw
		case "groupId":
			e.groupID = value.Raw
		case "event":
			e.event = value.Raw
		case "traits":
			e.traits = value.Raw
		case "context":
			e.context = value.Raw
		case "properties":
			e.properties = value.Raw
		case "timestamp":
			e.timestamp = value.Raw
		case "originalTimestamp":
			e.original = value.Raw
		}
		return true
	})
	return e, nil
}

// person gives the traits of the user.
func (e envelope) person() string {
	if len(e.traits) > 2 {
		return e.traits
	}
	return gjson.Get(e.context, "traits").Raw
}

func (f *floor) identify(event []byte) ([]byte, error) {
	e, err := open(event)
	if err != nil || e.userID == "" {
		return nil, errUnfit
	}
	var name, email, organization, zone, phone, id, own string
	rest := f.rest[:0]
	gjson.Parse(e.person()).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "name":
			name = value.Raw
		case "email":
			email = value.Raw
		case "organizationId":
			organization = value.Raw
		case "timezone":
			zone = f.zones[value.Str]
		case "phone":
			phone = value.Raw
		case "userId":
			own = value.Raw
		case "id":
			id = value.Raw
		default:
			rest = appendScalar(rest, f.userFields, key.Str, value)
		}
		return true
	})
	f.rest = rest
	external := own
	if external == "" {
		external = id
	}
	if external == "" {
		external = e.userID
	}
	b := append(f.body[:0], `{"user":{"name":`...)
	b = append(b, name...)
	b = appendText(b, `,"email":`, email)
	b = appendRaw(b, `,"organization_id":`, organization)
	b = appendRaw(b, `,"time_zone":`, zone)
	b = appendText(b, `,"phone":`, phone)
	b = appendRaw(b, `,"user_id":`, e.userID)
	b = appendText(b, `,"external_id":`, external)
	b = appendText(b, `,"user_fields":{"id":`, external)
	b = append(append(b, rest...), "}}}"...)
	f.body = b
	return b, nil
}

func (f *floor) track(event []byte) ([]byte, error) {
	e, err := open(event)
	if err != nil || e.userID == "" || e.event == "" {
		return nil, errUnfit
	}
	known, ok := f.find(gjson.Get(e.person(), "email"))
	if !ok {
		return nil, errUnfit
	}
	at := e.timestamp
	if at == "" {
		at = e.original
	}
	b := appendText(f.body[:0], `{"event":{"description":`, e.event)
	b = appendText(b, `,"type":`, e.event)
	b = append(b, `,"source":"`+source+`","properties":`...)
	if len(e.properties) > 2 {
		b = append(b, e.properties...)
	} else {
		b = append(b, "{}"...)
	}
	if isTime(at) {
		b = appendRaw(b, `,"created_at":`, at)
	}
	b = appendText(b, `},"profile":{"type":`, e.event)
	b = append(b, `,"source":"`+source+`","identifiers":[{"type":"email","value":`...)
	b = append(append(b, known.email...), "}]}}"...)
	f.body = b
	return b, nil
}

func (f *floor) group(event []byte) ([]byte, error) {
	e, err := open(event)
	if err != nil || e.userID == "" || e.groupID == "" {
		return nil, errUnfit
	}
	if _, ok := f.find(gjson.Get(e.context, "traits.email")); !ok {
		return nil, errUnfit
	}
	var name, domains, tags, url, deleted string
	rest := f.rest[:0]
	gjson.Parse(e.traits).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "name":
			name = value.Raw
		case "domainNames":
			domains = value.Raw
		case "tags":
			tags = value.Raw
		case "url":
			url = value.Raw
		case "deleted":
			deleted = value.Raw
		case "groupId":
		default:
			rest = appendScalar(rest, f.orgFields, key.Str, value)
		}
		return true
	})
	f.rest = rest
	b := append(f.body[:0], `{"organization":{"name":`...)
	b = append(b, name...)
	b = appendRaw(b, `,"domain_names":`, domains)
	b = appendRaw(b, `,"tags":`, tags)
	b = appendText(b, `,"external_id":`, e.groupID)
	b = appendRaw(b, `,"url":`, url)
	b = appendRaw(b, `,"deleted":`, deleted)
	b = appendText(b, `,"organization_fields":{"id":`, e.groupID)
	b = append(append(b, rest...), "}}}"...)
	f.body = b
	return b, nil
}

// find looks a user up without regard to case.
func (f *floor) find(email gjson.Result) (user, bool) {
	folded := f.foldedMail[:0]
	for i := range len(email.Str) {
		c := email.Str[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		folded = append(folded, c)
	}
	f.foldedMail = folded
	u, ok := f.users[string(folded)]
	return u, ok
}

func isTime(raw string) bool {
	if len(raw) < 2 {
		return false
	}
	_, err := time.Parse(time.RFC3339Nano, raw[1:len(raw)-1])
	return err == nil
}

// appendScalar appends a custom field.
func appendScalar(b []byte, fields prefixes, key string, value gjson.Result) []byte {
	if value.Type == gjson.JSON || value.Type == gjson.Null {
		return b
	}
	return append(append(b, fields.of(key)...), value.Raw...)
}

// appendRaw appends a member as it was written, unless it is empty.
func appendRaw(b []byte, prefix, raw string) []byte {
	if raw == "" || raw == `""` || raw == "null" {
		return b
	}
	return append(append(b, prefix...), raw...)
}

// appendText appends a member as text, which a number becomes.
func appendText(b []byte, prefix, raw string) []byte {
	switch {
	case raw == "" || raw == `""`:
		return b
	case raw[0] == '"':
		return append(append(b, prefix...), raw...)
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return append(append(append(append(b, prefix...), '"'), raw...), '"')
	default:
		return b
	}
}
