package zendesksim

import (
	"cmp"
	"iter"
	"slices"
)

// dump returns a copy of the state.
func (st *store) dump() Account {
	account := Account{
		Users:              copies(st.users.all()),
		Identities:         copies(st.identities.all()),
		UserFields:         copies(st.userFields.fields.all()),
		OrganizationFields: copies(st.organizationFields.fields.all()),
		Organizations:      copies(st.organizations.all()),
		Memberships:        copies(st.memberships.all()),
		Events:             st.allEvents(),
	}
	for i := range account.Users {
		user := &account.Users[i]
		user.UserFields = st.userFields.shown(user.UserFields)
	}
	for i := range account.Organizations {
		organization := &account.Organizations[i]
		organization.OrganizationFields = st.organizationFields.shown(organization.OrganizationFields)
	}
	for i := range account.Memberships {
		membership := &account.Memberships[i]
		membership.OrganizationName = st.organizations.get(membership.OrganizationID).Name
	}
	return account.clone()
}

func copies[T any](records iter.Seq[*T]) []T {
	list := []T{}
	for record := range records {
		list = append(list, *record)
	}
	return list
}

func (st *store) allEvents() []Event {
	events := []Event{}
	for _, ofUser := range st.events {
		events = append(events, copies(slices.Values(ofUser))...)
	}
	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.ID, b.ID) })
	return events
}

// clone returns an account that shares nothing with this one.
func (a Account) clone() Account {
	a.Users = cloneEach(a.Users, func(u *User) {
		u.Tags, u.UserFields = slices.Clone(u.Tags), cloneObject(u.UserFields)
	})
	a.Identities = cloneEach(a.Identities, func(i *Identity) {
		if i.VerifiedAt != nil {
			at := *i.VerifiedAt
			i.VerifiedAt = &at
		}
	})
	a.UserFields = cloneEach(a.UserFields, cloneOptions)
	a.OrganizationFields = cloneEach(a.OrganizationFields, cloneOptions)
	a.Organizations = cloneEach(a.Organizations, func(o *Organization) {
		o.DomainNames, o.Tags = slices.Clone(o.DomainNames), slices.Clone(o.Tags)
		o.OrganizationFields = cloneObject(o.OrganizationFields)
	})
	a.Memberships = slices.Clone(a.Memberships)
	a.Events = cloneEach(a.Events, func(e *Event) { e.Properties = cloneObject(e.Properties) })
	return a
}

func cloneEach[T any](list []T, own func(*T)) []T {
	list = slices.Clone(list)
	for i := range list {
		own(&list[i])
	}
	return list
}

func cloneOptions(field *Field) {
	field.Options = slices.Clone(field.Options)
}

func cloneObject(object map[string]any) map[string]any {
	if object == nil {
		return nil
	}
	clone := make(map[string]any, len(object))
	for name, value := range object {
		clone[name] = cloneValue(value)
	}
	return clone
}

func cloneValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return cloneObject(value)
	case []any:
		clone := slices.Clone(value)
		for i, element := range clone {
			clone[i] = cloneValue(element)
		}
		return clone
	case []string:
		return slices.Clone(value)
	}
	return value
}
