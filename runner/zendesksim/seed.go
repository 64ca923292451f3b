package zendesksim

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A seeder puts an account into an empty store. Ids that the account brings along are taken before any is assigned.
type seeder struct {
	*store
	account Account // with lists of its own, whose records are completed on the way
}

// seed fills an empty store. The error names the record by its place in the account, such as users[2].
func (st *store) seed(account Account) error {
	s := &seeder{store: st, account: account.clone()}
	for _, step := range []func() error{
		s.takeIDs, s.seedFields, s.seedOrganizations, s.seedUsers, s.seedIdentities, s.seedContacts,
		s.seedMemberships, s.seedDefaults, s.seedEvents,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// takeIDs checks the ids of an account and assigns those that are left out. Records of different kinds may have
// the same id.
func (s *seeder) takeIDs() error {
	lists := s.idsByList()
	for _, list := range lists {
		if err := s.reserveIDs(list); err != nil {
			return err
		}
	}
	for _, list := range lists {
		for _, id := range list.ids {
			if *id == 0 {
				*id = s.ids.assign()
			}
		}
	}
	return nil
}

func (s *seeder) reserveIDs(list idList) error {
	holders := map[int64]int{}
	for i, id := range list.ids {
		holder, taken := holders[*id]
		switch {
		case *id == 0:
			continue
		case *id < 0:
			return fmt.Errorf("%s: id %d is not positive", place(list.name, i), *id)
		case taken:
			return fmt.Errorf("%s: id %d is the id of %s", place(list.name, i), *id, place(list.name, holder))
		}
		holders[*id] = i
		s.ids.reserve(*id)
	}
	return nil
}

// An idList is where a list of an account keeps its ids.
type idList struct {
	name string
	ids  []*int64
}

func (s *seeder) idsByList() []idList {
	a := &s.account
	return []idList{
		{"user_fields", pointers(a.UserFields, func(f *Field) *int64 { return &f.ID })},
		{"organization_fields", pointers(a.OrganizationFields, func(f *Field) *int64 { return &f.ID })},
		{"organizations", pointers(a.Organizations, func(o *Organization) *int64 { return &o.ID })},
		{"users", pointers(a.Users, func(u *User) *int64 { return &u.ID })},
		{"identities", pointers(a.Identities, func(i *Identity) *int64 { return &i.ID })},
		{"organization_memberships", pointers(a.Memberships, func(m *Membership) *int64 { return &m.ID })},
	}
}

func pointers[T any](list []T, id func(*T) *int64) []*int64 {
	ids := make([]*int64, 0, len(list))
	for i := range list {
		ids = append(ids, id(&list[i]))
	}
	return ids
}

func place(name string, i int) string {
	return fmt.Sprintf("%s[%d]", name, i)
}

// each runs a step for every record of a list and names the record in its error.
func each[T any](name string, list []T, step func(*T) error) error {
	for i := range list {
		if err := step(&list[i]); err != nil {
			return fmt.Errorf("%s: %w", place(name, i), err)
		}
	}
	return nil
}

// stamp gives a record the times that it does not have.
func (s *seeder) stamp(created, updated *time.Time) {
	if created.IsZero() {
		*created = s.now()
	}
	if updated.IsZero() {
		*updated = *created
	}
}

func (s *seeder) seedFields() error {
	err := each("user_fields", s.account.UserFields, func(f *Field) error { return s.seedField(s.userFields, f) })
	if err != nil {
		return err
	}
	return each("organization_fields", s.account.OrganizationFields, func(f *Field) error {
		return s.seedField(s.organizationFields, f)
	})
}

func (s *seeder) seedField(fields *fieldSet, field *Field) error {
	field.Type = cmp.Or(field.Type, fieldText)
	field.Title = cmp.Or(field.Title, field.Key)
	field.Position = cmp.Or(field.Position, 9999)
	field.URL = ""
	if err := fields.check(field, false); err != nil {
		return seedError(err)
	}
	s.numberOptions(field)
	s.stamp(&field.CreatedAt, &field.UpdatedAt)
	fields.insert(field)
	return nil
}

// seedError says in words what a request would have been told.
func seedError(err error) error {
	var refused *refusal
	if !errors.As(err, &refused) {
		return err
	}
	body, _ := refused.body.(map[string]any)
	found, _ := body["details"].(problems)
	var texts []string
	for _, attribute := range slices.Sorted(maps.Keys(found)) {
		for _, problem := range found[attribute] {
			texts = append(texts, problem.Description)
		}
	}
	return errors.New(strings.Join(texts, "; "))
}

// seedValues checks the values of custom fields, whose fields must exist here.
func (s *seeder) seedValues(fields *fieldSet, values map[string]any) (map[string]any, error) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if fields.lookup(key) == nil {
			return nil, fmt.Errorf("%s has no field with the key %q", fields.kind.plural, key)
		}
	}
	found := problems{}
	parsed := fields.parse(values, found)
	if err := found.refusal(); err != nil {
		return nil, seedError(err)
	}
	stored := map[string]any{}
	fields.apply(parsed, stored, nil)
	return stored, nil
}

func (s *seeder) seedOrganizations() error {
	return each("organizations", s.account.Organizations, func(o *Organization) error {
		o.Name = cmp.Or(o.Name, string(o.ExternalID))
		in := organizationInput{
			name:       sent[string]{given: true, value: o.Name},
			externalID: sent[string]{given: true, value: string(o.ExternalID)},
		}
		if err := s.checkOrganization(nil, &in); err != nil {
			return seedError(err)
		}
		values, err := s.seedValues(s.organizationFields, o.OrganizationFields)
		if err != nil {
			return err
		}
		o.OrganizationFields, o.URL = values, ""
		o.DomainNames, o.Tags = unique(o.DomainNames), unique(o.Tags)
		s.stamp(&o.CreatedAt, &o.UpdatedAt)
		s.organizations.insert(o.ID, o)
		s.indexOrganization(o)
		return nil
	})
}

func (s *seeder) seedUsers() error {
	return each("users", s.account.Users, func(u *User) error {
		s.completeUser(u)
		if strings.TrimSpace(u.Name) == "" {
			return errors.New("a user needs a name; without one, an email or external_id is the name")
		}
		in := userInput{
			name:       sent[string]{given: true, value: u.Name},
			externalID: sent[string]{given: true, value: string(u.ExternalID)},
			role:       sent[string]{given: true, value: u.Role},
		}
		if err := s.checkUser(nil, &in); err != nil {
			return seedError(err)
		}
		// A real account may have IANA names, whether or not requests may send them.
		if !(&Options{AcceptIANATimeZones: true}).acceptsTimeZone(u.TimeZone) {
			return fmt.Errorf("time_zone: there is no time zone %q", u.TimeZone)
		}
		values, err := s.seedValues(s.userFields, u.UserFields)
		if err != nil {
			return err
		}
		u.UserFields, u.Tags = values, unique(u.Tags)
		s.users.insert(u.ID, u)
		if u.ExternalID != "" {
			s.externalIDs[fold(string(u.ExternalID))] = u.ID
		}
		return nil
	})
}

// completeUser gives a user what every user has.
func (s *seeder) completeUser(u *User) {
	u.URL = ""
	u.Name = cmp.Or(u.Name, string(u.Email), string(u.ExternalID))
	u.Role = cmp.Or(u.Role, roleEndUser)
	u.TimeZone = cmp.Or(u.TimeZone, defaultTimeZone)
	u.Locale = cmp.Or(u.Locale, defaultLocale.Tag)
	u.LocaleID = cmp.Or(u.LocaleID, defaultLocale.ID)
	u.TicketRestriction = cmp.Or(u.TicketRestriction, "requested")
	s.stamp(&u.CreatedAt, &u.UpdatedAt)
}

func (s *seeder) seedIdentities() error {
	return each("identities", s.account.Identities, func(i *Identity) error {
		user := s.liveUser(i.UserID)
		if user == nil {
			return fmt.Errorf("user_id: there is no user %d", i.UserID)
		}
		found := problems{}
		s.checkIdentity(identityInput{
			kind:  sent[string]{given: true, value: i.Type},
			value: sent[string]{given: true, value: i.Value},
		}, found)
		if err := found.refusal(); err != nil {
			return seedError(err)
		}
		s.completeIdentity(user, i)
		if other := s.primary(user, i.Type); i.Primary && other != nil {
			return fmt.Errorf("primary: user %d has the primary %s identity %d already", user.ID, i.Type, other.ID)
		}
		s.insertIdentity(i)
		s.enterValue(i)
		return nil
	})
}

func (s *seeder) completeIdentity(user *User, i *Identity) {
	i.URL = ""
	i.Value = storedValue(i.Type, i.Value)
	own := newAddress(i.Type, i.Value)
	i.Primary = i.Primary || own == newAddress(emailIdentity, string(user.Email)) ||
		own == newAddress(phoneIdentity, string(user.Phone)) && !user.SharedPhoneNumber
	i.DeliverableState = cmp.Or(i.DeliverableState, deliverableState(i.Type, i.Value))
	if i.VerificationMethod == "" {
		i.VerificationMethod = "none"
		if i.Verified {
			i.VerificationMethod = "low"
		}
	}
	s.stamp(&i.CreatedAt, &i.UpdatedAt)
}

// seedContacts makes the identities of emails and phones that no seeded identity has.
func (s *seeder) seedContacts() error {
	return each("users", s.account.Users, func(u *User) error {
		if u.Deleted {
			return nil
		}
		updated, email, phone, verified := u.UpdatedAt, string(u.Email), string(u.Phone), u.Verified
		if err := s.seedEmail(u, email, verified); err != nil {
			return err
		}
		if phone != "" {
			s.setPhone(u, phone, sent[bool]{given: true, value: u.SharedPhoneNumber})
		}
		s.syncContacts(u)
		u.UpdatedAt = updated
		return nil
	})
}

func (s *seeder) seedEmail(u *User, email string, verified bool) error {
	if email == "" || s.userByAddress(emailIdentity, email) == u {
		return nil
	}
	in := userInput{name: sent[string]{value: u.Name}, email: sent[string]{given: true, value: email}}
	found := problems{}
	s.checkEmail(u, &in, found)
	if err := found.refusal(); err != nil {
		return seedError(err)
	}
	if other := s.primary(u, emailIdentity); other != nil {
		return fmt.Errorf("email: the primary email identity %d has the value %s", other.ID, other.Value)
	}
	identity := s.addIdentity(u, emailIdentity, email)
	identity.Primary = true
	if verified {
		now := s.now()
		identity.Verified, identity.VerifiedAt, identity.VerificationMethod = true, &now, "low"
	}
	return nil
}

func (s *seeder) seedMemberships() error {
	return each("organization_memberships", s.account.Memberships, func(m *Membership) error {
		user, organization := s.liveUser(m.UserID), s.organizations.get(m.OrganizationID)
		switch {
		case user == nil:
			return fmt.Errorf("user_id: there is no user %d", m.UserID)
		case organization == nil:
			return fmt.Errorf("organization_id: there is no organization %d", m.OrganizationID)
		case s.membership(user, organization) != nil:
			return fmt.Errorf("user %d is a member of organization %d already", m.UserID, m.OrganizationID)
		}
		m.URL, m.OrganizationName, m.ViewTickets = "", "", true
		s.stamp(&m.CreatedAt, &m.UpdatedAt)
		s.insertMembership(m)
		return nil
	})
}

// seedDefaults gives each user the one default membership: the one that says so, or the one of the user's
// organization_id, which is made if need be, or else the oldest.
func (s *seeder) seedDefaults() error {
	return each("users", s.account.Users, func(u *User) error {
		updated := u.UpdatedAt
		if err := s.seedDefault(u); err != nil {
			return err
		}
		s.syncOrganization(u)
		u.UpdatedAt = updated
		return nil
	})
}

func (s *seeder) seedDefault(u *User) error {
	var chosen *Membership
	for _, membership := range s.membershipsOfUser(u) {
		if bool(membership.Default) && chosen != nil {
			return fmt.Errorf("has two default memberships, %d and %d", chosen.ID, membership.ID)
		}
		if membership.Default {
			chosen = membership
		}
	}
	if u.OrganizationID != 0 {
		organization := s.organizations.get(int64(u.OrganizationID))
		if organization == nil {
			return fmt.Errorf("organization_id: there is no organization %d", u.OrganizationID)
		}
		if chosen != nil && chosen.OrganizationID != organization.ID {
			return fmt.Errorf("organization_id: the default membership %d is in organization %d", chosen.ID, chosen.OrganizationID)
		}
		if chosen = s.membership(u, organization); chosen == nil {
			chosen = s.join(u, organization)
		}
	}
	if rest := s.membershipsOfUser(u); chosen == nil && len(rest) > 0 {
		chosen = rest[0]
	}
	if chosen != nil {
		chosen.Default = true
	}
	return nil
}

func (s *seeder) seedEvents() error {
	seen := map[string]bool{}
	return each("events", s.account.Events, func(e *Event) error {
		if s.users.get(e.UserID) == nil {
			return fmt.Errorf("user_id: there is no user %d", e.UserID)
		}
		if e.Source == "" || e.Type == "" {
			return errors.New("source and type must be present")
		}
		s.eventCount = max(s.eventCount+1, eventNumber(e.ID))
		e.ID = cmp.Or(e.ID, eventID(s.eventCount))
		if seen[e.ID] {
			return fmt.Errorf("id %s is the id of another event", e.ID)
		}
		seen[e.ID] = true
		if e.Properties == nil {
			e.Properties = map[string]any{}
		}
		s.stamp(&e.ReceivedAt, &e.CreatedAt)
		s.insertEvent(e)
		return nil
	})
}
