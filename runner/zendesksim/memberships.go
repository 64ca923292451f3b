package zendesksim

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Operations on memberships.

func (st *store) membershipsOfUser(user *User) []*Membership {
	return st.memberships.pick(st.membershipsOf[user.ID])
}

// membership returns the membership of a user in an organization, and nil where there is none.
func (st *store) membership(user *User, organization *Organization) *Membership {
	for _, membership := range st.membershipsOfUser(user) {
		if membership.OrganizationID == organization.ID {
			return membership
		}
	}
	return nil
}

// join makes a user a member of an organization. The first membership is the default one.
func (st *store) join(user *User, organization *Organization) *Membership {
	membership := &Membership{
		ID:             st.ids.assign(),
		UserID:         user.ID,
		OrganizationID: organization.ID,
		Default:        len(st.membershipsOf[user.ID]) == 0,
		ViewTickets:    true,
		CreatedAt:      st.now(),
		UpdatedAt:      st.now(),
	}
	st.insertMembership(membership)
	st.syncOrganization(user)
	return membership
}

func (st *store) insertMembership(membership *Membership) {
	st.memberships.insert(membership.ID, membership)
	st.membershipsOf[membership.UserID] = withID(st.membershipsOf[membership.UserID], membership.ID)
}

// leave deletes a membership. The oldest remaining one follows a default one.
func (st *store) leave(membership *Membership) {
	user := st.users.get(membership.UserID)
	st.memberships.delete(membership.ID)
	st.membershipsOf[user.ID] = withoutID(st.membershipsOf[user.ID], membership.ID)
	if rest := st.membershipsOfUser(user); membership.Default && len(rest) > 0 {
		st.makeDefault(rest[0])
	}
	st.syncOrganization(user)
}

// makeDefault demotes the other memberships of the user.
func (st *store) makeDefault(membership *Membership) {
	user := st.users.get(membership.UserID)
	for _, other := range st.membershipsOfUser(user) {
		other.Default = other == membership
	}
	membership.UpdatedAt = st.now()
	st.syncOrganization(user)
}

// syncOrganization brings the organization of a user in line with its memberships.
func (st *store) syncOrganization(user *User) {
	user.OrganizationID = 0
	for _, membership := range st.membershipsOfUser(user) {
		if membership.Default {
			user.OrganizationID = Ref(membership.OrganizationID)
		}
	}
	user.UpdatedAt = st.now()
}

// setOnlyOrganization makes a user a member of one organization and of no other; 0 is for none at all.
func (st *store) setOnlyOrganization(user *User, organizationID int64) {
	for _, membership := range st.membershipsOfUser(user) {
		if membership.OrganizationID != organizationID {
			st.leave(membership)
		}
	}
	if organization := st.organizations.get(organizationID); organization != nil && st.membership(user, organization) == nil {
		st.join(user, organization)
	}
}

// setDefaultOrganization makes a user a member of an organization and leaves the others, where the account allows several.
func (st *store) setDefaultOrganization(user *User, organizationID int64) {
	if st.opts.SingleOrganization {
		st.setOnlyOrganization(user, organizationID)
		return
	}
	organization := st.organizations.get(organizationID)
	membership := st.membership(user, organization)
	if membership == nil {
		membership = st.join(user, organization)
	}
	st.makeDefault(membership)
}

// joinByDomain makes the owner of a verified email a member of the organization that has its domain.
// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#json-format (domain_names)
//
// Zendesk does not document which of several such organizations it takes; the simulator takes the oldest.
func (st *store) joinByDomain(identity *Identity) {
	if identity.Type != emailIdentity || st.opts.NoDomainJoining {
		return
	}
	user := st.users.get(identity.UserID)
	organization := st.organizationOfDomain(identity.Value)
	switch {
	case organization == nil || st.membership(user, organization) != nil:
	case st.opts.SingleOrganization && user.OrganizationID != 0:
	default:
		st.join(user, organization)
	}
}

func (st *store) organizationOfDomain(email string) *Organization {
	_, domain, _ := strings.Cut(email, "@")
	for organization := range st.organizations.all() {
		if slices.ContainsFunc(organization.DomainNames, func(name string) bool { return strings.EqualFold(name, domain) }) {
			return organization
		}
	}
	return nil
}

// The endpoints: https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/

func (s *Server) membershipRoutes() []route {
	const action = "organization_memberships/"
	return []route{
		get("organization_memberships", action+"index", s.listMemberships),
		post("organization_memberships", action+"create", s.createMembership),
		get("organization_memberships/{id}", action+"show", s.showMembership),
		remove("organization_memberships/{id}", action+"destroy", s.deleteMembership),
		get("users/{user_id}/organization_memberships", action+"index", s.listMembershipsOfUser),
		post("users/{user_id}/organization_memberships", action+"create", s.createMembership),
		get("users/{user_id}/organization_memberships/{id}", action+"show", s.showMembership),
		remove("users/{user_id}/organization_memberships/{id}", action+"destroy", s.deleteMembership),
		put("users/{user_id}/organization_memberships/{id}/make_default", action+"make_default", s.makeMembershipDefault),
		put("users/{user_id}/organizations/{organization_id}/make_default", action+"make_default", s.makeOrganizationDefault),
		remove("users/{user_id}/organizations/{organization_id}", action+"destroy", s.leaveOrganization),
		get("organizations/{organization_id}/organization_memberships", action+"index", s.listMembershipsOfOrganization),
	}
}

func (s *Server) shownMembership(c *call, membership *Membership) Membership {
	shown := *membership
	shown.URL = c.link("organization_memberships/%d.json", membership.ID)
	shown.OrganizationName = s.store.organizations.get(membership.OrganizationID).Name
	return shown
}

func (s *Server) membershipReply(c *call, membership *Membership) reply {
	return ok(map[string]any{"organization_membership": s.shownMembership(c, membership)})
}

func (s *Server) membershipListing(c *call, memberships []*Membership) listing[Membership] {
	return listing[Membership]{
		name:    "organization_memberships",
		records: memberships,
		id:      func(m *Membership) string { return strconv.FormatInt(m.ID, 10) },
		show:    func(m *Membership) any { return s.shownMembership(c, m) },
	}
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/#list-memberships
func (s *Server) listMemberships(c *call) (reply, error) {
	return s.membershipListing(c, slices.Collect(s.store.memberships.all())).page(c)
}

// listMembershipsOfUser lists the default membership first and the others by the name of the organization.
func (s *Server) listMembershipsOfUser(c *call) (reply, error) {
	user, err := s.userInPath(c, "user_id")
	if err != nil {
		return reply{}, err
	}
	list := s.store.membershipsOfUser(user)
	slices.SortStableFunc(list, func(a, b *Membership) int {
		switch {
		case bool(a.Default):
			return -1
		case bool(b.Default):
			return 1
		}
		return cmp.Compare(s.organizationName(a), s.organizationName(b))
	})
	return s.membershipListing(c, list).page(c)
}

func (s *Server) organizationName(membership *Membership) string {
	return fold(s.store.organizations.get(membership.OrganizationID).Name)
}

func (s *Server) listMembershipsOfOrganization(c *call) (reply, error) {
	organization, err := s.organizationInPath(c, "organization_id")
	if err != nil {
		return reply{}, err
	}
	return s.membershipListing(c, s.store.memberships.where(func(m *Membership) bool {
		return m.OrganizationID == organization.ID
	})).page(c)
}

// membershipInPath returns the membership that the path names, below its user where the path names one.
func (s *Server) membershipInPath(c *call) (*Membership, error) {
	id, err := c.intParam("id")
	if err != nil {
		return nil, err
	}
	membership := s.store.memberships.get(id)
	if _, below := c.path["user_id"]; below {
		user, err := s.userInPath(c, "user_id")
		if err != nil {
			return nil, err
		}
		if membership != nil && membership.UserID != user.ID {
			membership = nil
		}
	}
	if membership == nil {
		return nil, recordNotFound()
	}
	return membership, nil
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/#show-membership
func (s *Server) showMembership(c *call) (reply, error) {
	membership, err := s.membershipInPath(c)
	if err != nil {
		return reply{}, err
	}
	return s.membershipReply(c, membership), nil
}

// A membershipInput is what a request says about a membership.
type membershipInput struct {
	userID, organizationID sent[int64]
	isDefault              sent[bool]
}

func readMembership(c *call) (membershipInput, error) {
	a, err := c.attributes("organization_membership")
	if err != nil {
		return membershipInput{}, err
	}
	in := membershipInput{
		userID:         a.integer("user_id"),
		organizationID: a.integer("organization_id"),
		isDefault:      a.boolean("default"),
	}
	return in, a.err
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/#create-membership
func (s *Server) createMembership(c *call) (reply, error) {
	in, err := readMembership(c)
	if err != nil {
		return reply{}, err
	}
	user := s.store.liveUser(in.userID.value)
	if _, below := c.path["user_id"]; below {
		if user, err = s.userInPath(c, "user_id"); err != nil {
			return reply{}, err
		}
	}
	organization := s.store.organizations.get(in.organizationID.value)
	if err := s.store.checkMembership(user, organization); err != nil {
		return reply{}, err
	}
	membership := s.store.join(user, organization)
	if in.isDefault.value {
		s.store.makeDefault(membership)
	}
	answer := s.membershipReply(c, membership)
	answer.status = http.StatusCreated
	answer.location = c.link("organization_memberships/%d.json", membership.ID)
	return answer, nil
}

// checkMembership refuses what cannot be joined. Zendesk documents the status of a second membership of the same pair,
// but not its body, and neither for a second organization where the account allows one only; the simulator
// answers both alike.
func (st *store) checkMembership(user *User, organization *Organization) error {
	found := problems{}
	if user == nil {
		found.add("user", blankValue, "User cannot be blank")
	}
	if organization == nil {
		found.add("organization", blankValue, "Organization cannot be blank")
	}
	if len(found) == 0 {
		second := st.opts.SingleOrganization && user.OrganizationID != 0
		if second || st.membership(user, organization) != nil {
			found.add("user_id", duplicateValue, "User has already been taken")
		}
	}
	return found.refusal()
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/#delete-membership
func (s *Server) deleteMembership(c *call) (reply, error) {
	membership, err := s.membershipInPath(c)
	if err != nil {
		return reply{}, err
	}
	s.store.leave(membership)
	return noContent(), nil
}

// membershipOfPath returns the membership whose user and organization the path names.
func (s *Server) membershipOfPath(c *call) (*Membership, error) {
	user, err := s.userInPath(c, "user_id")
	if err != nil {
		return nil, err
	}
	organization, err := s.organizationInPath(c, "organization_id")
	if err != nil {
		return nil, err
	}
	membership := s.store.membership(user, organization)
	if membership == nil {
		return nil, recordNotFound()
	}
	return membership, nil
}

// leaveOrganization is "unassign organization".
// https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/#unassign-organization
func (s *Server) leaveOrganization(c *call) (reply, error) {
	membership, err := s.membershipOfPath(c)
	if err != nil {
		return reply{}, err
	}
	s.store.leave(membership)
	return noContent(), nil
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/#set-membership-as-default
func (s *Server) makeMembershipDefault(c *call) (reply, error) {
	membership, err := s.membershipInPath(c)
	if err != nil {
		return reply{}, err
	}
	s.store.makeDefault(membership)
	return s.listMembershipsOfUser(c)
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/#set-organization-as-default
func (s *Server) makeOrganizationDefault(c *call) (reply, error) {
	membership, err := s.membershipOfPath(c)
	if err != nil {
		return reply{}, err
	}
	s.store.makeDefault(membership)
	return s.listMembershipsOfUser(c)
}
