package zendesksim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Canonical returns the account as indented JSON in a form that two accounts share which hold the same, whatever the
// order in which it came to be. Ids are left out or replaced by references: a user is called by its external id, or
// else its email, an organization by its external id, or else its name. The times at which records were made, changed,
// received and verified are left out, and everything is sorted. Identities, memberships and events are with their user.
//
// The created_at of an event stays, as whoever sends it may say what it is; where it is left to the server, equal
// accounts need equal clocks. Users who have neither external id, email nor phone, and deleted ones, are told apart by
// what they hold only.
func (a Account) Canonical() string {
	c := canon{
		users:         map[int64]string{},
		organizations: map[int64]string{},
		identities:    grouped(a.Identities, func(i Identity) int64 { return i.UserID }),
		memberships:   grouped(a.Memberships, func(m Membership) int64 { return m.UserID }),
		events:        grouped(a.Events, func(e Event) int64 { return e.UserID }),
	}
	for i := range a.Users {
		c.users[a.Users[i].ID] = userReference(&a.Users[i])
	}
	for i := range a.Organizations {
		c.organizations[a.Organizations[i].ID] = organizationReference(&a.Organizations[i])
	}
	text, err := json.MarshalIndent(map[string]any{
		"users":               sorted(a.Users, c.user),
		"organizations":       sorted(a.Organizations, c.organization),
		"user_fields":         sorted(a.UserFields, canonicalField),
		"organization_fields": sorted(a.OrganizationFields, canonicalField),
	}, "", "  ")
	if err != nil { // It is made of values that were JSON.
		panic(err)
	}
	return string(text)
}

// A canon brings the records of an account into their canonical form.
type canon struct {
	users, organizations map[int64]string // references by id

	identities  map[int64][]Identity // these by the id of their user
	memberships map[int64][]Membership
	events      map[int64][]Event
}

func grouped[T any](list []T, owner func(T) int64) map[int64][]T {
	groups := map[int64][]T{}
	for _, record := range list {
		groups[owner(record)] = append(groups[owner(record)], record)
	}
	return groups
}

// sorted brings each record of a list into its form and the list into an order that depends on nothing else.
func sorted[T any](list []T, form func(T) map[string]any) []json.RawMessage {
	texts := make([]string, 0, len(list))
	for _, record := range list {
		text, err := encodeJSON(form(record))
		if err != nil { // It is made of values that were JSON.
			panic(err)
		}
		texts = append(texts, string(text))
	}
	slices.Sort(texts)
	raw := make([]json.RawMessage, 0, len(texts))
	for _, text := range texts {
		raw = append(raw, json.RawMessage(text))
	}
	return raw
}

// members returns a record as JSON shows it, without its id, its times and further members.
func members(record any, without ...string) map[string]any {
	data, err := encodeJSON(record)
	if err != nil { // Every record can be encoded.
		panic(err)
	}
	var object map[string]any
	if err := decodeJSON(data, &object); err != nil {
		panic(err)
	}
	without = append(without, "id", "url", "created_at", "updated_at")
	maps.DeleteFunc(object, func(name string, _ any) bool { return slices.Contains(without, name) })
	return object
}

func (c canon) user(u User) map[string]any {
	u.Tags = slices.Sorted(slices.Values(u.Tags))
	object := members(u)
	object["reference"] = c.users[u.ID]
	object["organization_id"] = c.organizations[int64(u.OrganizationID)]
	object["identities"] = sorted(c.identities[u.ID], canonicalIdentity)
	object["organization_memberships"] = sorted(c.memberships[u.ID], c.membership)
	object["events"] = sorted(c.events[u.ID], canonicalEvent)
	return object
}

func (c canon) organization(o Organization) map[string]any {
	o.Tags = slices.Sorted(slices.Values(o.Tags))
	object := members(o)
	object["reference"] = c.organizations[o.ID]
	return object
}

func (c canon) membership(m Membership) map[string]any {
	object := members(m, "user_id", "organization_name")
	object["organization_id"] = c.organizations[m.OrganizationID]
	return object
}

func canonicalIdentity(i Identity) map[string]any {
	return members(i, "user_id", "verified_at")
}

func canonicalEvent(e Event) map[string]any {
	object := members(e, "user_id", "received_at")
	object["created_at"] = e.CreatedAt
	return object
}

// canonicalField has the options in the order in which dropdowns show them, without their ids.
func canonicalField(f Field) map[string]any {
	var options []string
	for _, option := range f.Options {
		options = append(options, option.Value+": "+option.Name)
	}
	object := members(f)
	object["reference"] = "field " + f.Key
	object["custom_field_options"] = strings.Join(options, ", ")
	return object
}
