package contender

import (
	"errors"

	"github.com/itchyny/gojq"
)

// identifyJQ makes the whole body in one query. $fields has the keys as the
// destination spells them, by their lower case.
const identifyJQ = `
def text: if type == "string" and . != "" then . elif type == "number" then tostring else null end;
(if (.traits | type) == "object" and .traits != {} then .traits else .context.traits end) as $traits
| (($traits.userId | text) // ($traits.id | text) // (.userId | text)) as $id
| {user: ({
	name: ($traits.name | text),
	email: ($traits.email | text),
	organization_id: $traits.organizationId,
	time_zone: $zones[$traits.timezone // ""],
	phone: ($traits.phone | text),
	user_id: .userId,
	external_id: $id,
	user_fields: (reduce ($traits | to_entries[]
		| select(.value | type == "string" or type == "number" or type == "boolean")
		| select(.key | IN("name", "email", "organizationId", "timezone", "phone", "userId", "id") | not)) as $m
		({id: $id}; .[$fields[$m.key | gsub("[^A-Za-z0-9_]"; "_") | ascii_downcase]] = $m.value))
} | with_entries(select(.value != null)))}`

// newJQ is gojq with encoding/json before it.
func newJQ(w *world) (Maker, error) {
	query, err := gojq.Parse(identifyJQ)
	if err != nil {
		return nil, err
	}
	code, err := gojq.Compile(query, gojq.WithVariables([]string{"$zones", "$fields"}))
	zones, fields := asObject(w.zones), asObject(w.userFields)
	return func(event []byte) ([]byte, error) {
		var decoded any
		if err := readJSON(event, &decoded); err != nil {
			return nil, err
		}
		body, ok := code.Run(decoded, zones, fields).Next()
		if !ok {
			return nil, errors.New("the query gave nothing")
		}
		if err, failed := body.(error); failed {
			return nil, err
		}
		return gojq.Marshal(body)
	}, err
}

func asObject(m map[string]string) object {
	o := object{}
	for key, value := range m {
		o[key] = value
	}
	return o
}
