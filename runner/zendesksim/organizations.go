package zendesksim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The endpoints: https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/

func (s *Server) organizationRoutes() []route {
	return []route{
		get("organizations", "organizations/index", s.listOrganizations),
		post("organizations", "organizations/create", s.createOrganization).forAdmins(),
		post("organizations/create_or_update", "organizations/create_or_update", s.createOrUpdateOrganization).
			forAdmins().limitedBy(s.limitOrganizationWrite),
		post("organizations/create_many", "organizations/create_many", bulkImport),
		get("organizations/search", "organizations/search", s.searchOrganizations),
		get("organizations/autocomplete", "organizations/autocomplete", s.autocompleteOrganizations),
		get("organizations/show_many", "organizations/show_many", s.showOrganizations),
		get("organizations/{id}", "organizations/show", s.showOrganization),
		put("organizations/{id}", "organizations/update", s.updateOrganization).limitedBy(s.limitOrganizationWrite),
		remove("organizations/{id}", "organizations/destroy", s.deleteOrganization).forAdmins(),
		get("users/{user_id}/organizations", "organizations/index", s.listOrganizationsOfUser),
	}
}

func (s *Server) organizationInPath(c *call, name string) (*Organization, error) {
	id, err := c.intParam(name)
	if err != nil {
		return nil, err
	}
	organization := s.store.organizations.get(id)
	if organization == nil {
		return nil, recordNotFound()
	}
	return organization, nil
}

func (s *Server) shownOrganization(c *call, organization *Organization) Organization {
	shown := *organization
	shown.URL = c.link("organizations/%d.json", organization.ID)
	shown.OrganizationFields = s.store.organizationFields.shown(organization.OrganizationFields)
	return shown
}

func (s *Server) organizationReply(c *call, organization *Organization) reply {
	return ok(map[string]any{"organization": s.shownOrganization(c, organization)})
}

func (s *Server) createdOrganization(c *call, organization *Organization) reply {
	answer := s.organizationReply(c, organization)
	answer.status = http.StatusCreated
	answer.location = c.link("organizations/%d.json", organization.ID)
	return answer
}

func (s *Server) organizationListing(c *call, organizations []*Organization) listing[Organization] {
	return listing[Organization]{
		name:    "organizations",
		records: organizations,
		id:      func(o *Organization) string { return strconv.FormatInt(o.ID, 10) },
		show:    func(o *Organization) any { return s.shownOrganization(c, o) },
	}
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#list-organizations
func (s *Server) listOrganizations(c *call) (reply, error) {
	return s.organizationListing(c, slices.Collect(s.store.organizations.all())).page(c)
}

func (s *Server) listOrganizationsOfUser(c *call) (reply, error) {
	user, err := s.userInPath(c, "user_id")
	if err != nil {
		return reply{}, err
	}
	return s.organizationListing(c, s.store.organizations.where(func(o *Organization) bool {
		return s.store.membership(user, o) != nil
	})).page(c)
}

// searchOrganizations finds an organization by its whole external id or its whole name, whatever the case.
// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#search-organizations
//
// Zendesk documents that the two exclude each other, but not the refusal; the simulator answers 400.
func (s *Server) searchOrganizations(c *call) (reply, error) {
	externalID, name := c.query.Get("external_id"), c.query.Get("name")
	var id int64
	switch {
	case externalID != "" && name != "":
		return reply{}, invalidAttribute("name", "must not be given together with external_id", c.action)
	case externalID != "":
		id = s.store.organizationExternalIDs[fold(externalID)]
	case name != "":
		id = s.store.organizationNames[fold(name)]
	default:
		return reply{}, invalidAttribute("external_id", "must be present", c.action)
	}
	return s.organizationListing(c, s.store.organizations.pick([]int64{id})).offsetPage(c)
}

// autocompleteOrganizations finds organizations by the beginning of their names.
// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#autocomplete-organizations
func (s *Server) autocompleteOrganizations(c *call) (reply, error) {
	prefix := fold(c.query.Get("name"))
	if prefix == "" {
		return reply{}, coded(http.StatusBadRequest, "QueryError", "name must be present")
	}
	return s.organizationListing(c, s.store.organizations.where(func(o *Organization) bool {
		return strings.HasPrefix(fold(o.Name), prefix)
	})).offsetPage(c)
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#show-many-organizations
func (s *Server) showOrganizations(c *call) (reply, error) {
	keys, err := manyKeys(c)
	if err != nil {
		return reply{}, err
	}
	ids := keys.ids
	for _, externalID := range keys.externalIDs {
		ids = append(ids, s.store.organizationExternalIDs[fold(externalID)])
	}
	return s.organizationListing(c, s.store.organizations.pick(ids)).offsetPage(c)
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#show-organization
func (s *Server) showOrganization(c *call) (reply, error) {
	organization, err := s.organizationInPath(c, "id")
	if err != nil {
		return reply{}, err
	}
	return s.organizationReply(c, organization), nil
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#create-organization
func (s *Server) createOrganization(c *call) (reply, error) {
	in, err := readOrganization(c)
	if err != nil {
		return reply{}, err
	}
	if err := s.store.checkOrganization(nil, &in); err != nil {
		return reply{}, err
	}
	return s.createdOrganization(c, s.store.createOrganization(in)), nil
}

// updateOrganization lets agents who are no admins change the notes only.
// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#update-organization
func (s *Server) updateOrganization(c *call) (reply, error) {
	in, err := readOrganization(c)
	if err != nil {
		return reply{}, err
	}
	organization, err := s.organizationInPath(c, "id")
	if err != nil {
		return reply{}, err
	}
	if s.opts.Role != Admin {
		in = organizationInput{notes: in.notes}
	}
	if err := s.store.checkOrganization(organization, &in); err != nil {
		return reply{}, err
	}
	s.store.writeOrganization(organization, in)
	return s.organizationReply(c, organization), nil
}

// createOrUpdateOrganization finds the organization by id, then by external id, and never by name.
// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#create-or-update-organization
func (s *Server) createOrUpdateOrganization(c *call) (reply, error) {
	in, err := readOrganization(c)
	if err != nil {
		return reply{}, err
	}
	organization, err := s.store.matchOrganization(in)
	if err != nil {
		return reply{}, err
	}
	if err := s.store.checkOrganization(organization, &in); err != nil {
		return reply{}, err
	}
	if organization == nil {
		return s.createdOrganization(c, s.store.createOrganization(in)), nil
	}
	s.store.writeOrganization(organization, in)
	return s.organizationReply(c, organization), nil
}

// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#delete-organization
func (s *Server) deleteOrganization(c *call) (reply, error) {
	organization, err := s.organizationInPath(c, "id")
	if err != nil {
		return reply{}, err
	}
	s.store.deleteOrganization(organization)
	return noContent(), nil
}

// An organizationInput is what a request says about an organization. Other attributes are ignored, among them the
// url and the deleted of the API's older answers.
type organizationInput struct {
	id                            sent[int64]
	name, externalID              sent[string]
	details, notes                sent[string]
	groupID                       sent[int64]
	sharedTickets, sharedComments sent[bool]
	domainNames, tags             sent[[]string]
	fields                        map[string]any

	parsedFields fieldValues // fields in their stored form, once checked
}

func readOrganization(c *call) (organizationInput, error) {
	a, err := c.attributes("organization")
	if err != nil {
		return organizationInput{}, err
	}
	in := organizationInput{
		id:             a.integer("id"),
		name:           a.text("name"),
		externalID:     a.text("external_id"),
		details:        a.text("details"),
		notes:          a.text("notes"),
		groupID:        a.integer("group_id"),
		sharedTickets:  a.boolean("shared_tickets"),
		sharedComments: a.boolean("shared_comments"),
		domainNames:    a.texts("domain_names"),
		tags:           a.texts("tags"),
		fields:         a.members("organization_fields"),
	}
	return in, a.err
}

// matchOrganization returns the organization that create_or_update means, and nil for a new one.
func (st *store) matchOrganization(in organizationInput) (*Organization, error) {
	if in.id.present() {
		organization := st.organizations.get(in.id.value)
		if organization == nil {
			return nil, recordNotFound()
		}
		return organization, nil
	}
	return st.organizations.get(st.organizationExternalIDs[fold(in.externalID.value)]), nil
}

// checkOrganization finds what is wrong with a change of an organization, or with a new one where organization is nil,
// and brings the custom fields into their stored form.
//
// Zendesk documents the name as mandatory in one place and as optional for updates in another;
// in the simulator it is optional for updates. Names are unique whatever their case.
func (st *store) checkOrganization(organization *Organization, in *organizationInput) error {
	found := problems{}
	if strings.TrimSpace(in.name.value) == "" && (organization == nil || in.name.given) {
		found.add("name", blankValue, "Name: cannot be blank")
	}
	if takenByOther(st.organizationNames, in.name.value, organization) {
		found.add("name", duplicateValue, "Name: "+in.name.value+" has already been taken")
	}
	st.checkLength("name", "Name", in.name.value, found)
	if takenByOther(st.organizationExternalIDs, in.externalID.value, organization) {
		found.add("external_id", duplicateValue, "External has already been taken")
	}
	in.parsedFields = st.organizationFields.parse(in.fields, found)
	return found.refusal()
}

func takenByOther(index map[string]int64, text string, organization *Organization) bool {
	holder, taken := index[fold(text)]
	return taken && (organization == nil || holder != organization.ID)
}

// createOrganization adds an organization whose input was checked.
func (st *store) createOrganization(in organizationInput) *Organization {
	organization := &Organization{
		ID:                 st.ids.assign(),
		CreatedAt:          st.now(),
		DomainNames:        []string{},
		Tags:               []string{},
		OrganizationFields: map[string]any{},
	}
	st.organizations.insert(organization.ID, organization)
	st.writeOrganization(organization, in)
	return organization
}

// writeOrganization applies a checked change.
func (st *store) writeOrganization(organization *Organization, in organizationInput) {
	st.renameOrganization(organization, in)
	setText(&organization.Details, in.details)
	setText(&organization.Notes, in.notes)
	setRef(&organization.GroupID, in.groupID)
	set(&organization.SharedTickets, in.sharedTickets)
	set(&organization.SharedComments, in.sharedComments)
	if in.domainNames.given {
		organization.DomainNames = unique(in.domainNames.value)
	}
	if in.tags.given && !st.opts.NoOrganizationTagging {
		organization.Tags = unique(in.tags.value)
	}
	tags := st.organizationFields.apply(in.parsedFields, organization.OrganizationFields, slices.Clone(organization.Tags))
	if !st.opts.NoOrganizationTagging {
		organization.Tags = tags
	}
	organization.UpdatedAt = st.now()
}

// renameOrganization writes name and external id, in the case that was sent.
func (st *store) renameOrganization(organization *Organization, in organizationInput) {
	if in.name.present() {
		delete(st.organizationNames, fold(organization.Name))
		organization.Name = in.name.value
	}
	if in.externalID.given {
		delete(st.organizationExternalIDs, fold(string(organization.ExternalID)))
		organization.ExternalID = Text(in.externalID.value)
	}
	st.indexOrganization(organization)
}

func (st *store) indexOrganization(organization *Organization) {
	st.organizationNames[fold(organization.Name)] = organization.ID
	if organization.ExternalID != "" {
		st.organizationExternalIDs[fold(string(organization.ExternalID))] = organization.ID
	}
}

// deleteOrganization takes its members out and frees its name.
func (st *store) deleteOrganization(organization *Organization) {
	for _, membership := range st.memberships.where(func(m *Membership) bool { return m.OrganizationID == organization.ID }) {
		st.leave(membership)
	}
	delete(st.organizationNames, fold(organization.Name))
	delete(st.organizationExternalIDs, fold(string(organization.ExternalID)))
	st.organizations.delete(organization.ID)
}
