package zendesksim

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The roles of users.
const (
	roleEndUser = "end-user"
	roleAgent   = "agent"
	roleAdmin   = "admin"
)

// A userInput is what a request says about a user. Attributes that are not listed here are ignored.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#json-format
type userInput struct {
	name, email, externalID, phone, alias, details, notes, signature sent[string]
	timeZone, locale, role, ticketRestriction                        sent[string]
	verified, sharedPhone, suspended, moderator                      sent[bool]
	onlyPrivateComments, restrictedAgent                             sent[bool]
	localeID, organizationID, customRoleID, defaultGroupID           sent[int64]
	tags                                                             sent[[]string]
	fields                                                           map[string]any
	organizationName                                                 sent[string]    // for a new user only
	identities                                                       []identityInput // for a new user only

	parsedFields fieldValues // fields in their stored form, once checked
}

func readUser(c *call) (userInput, error) {
	a, err := c.attributes("user")
	if err != nil {
		return userInput{}, err
	}
	in := userInput{
		name:                a.text("name"),
		email:               a.text("email"),
		externalID:          a.text("external_id"),
		phone:               a.text("phone"),
		alias:               a.text("alias"),
		details:             a.text("details"),
		notes:               a.text("notes"),
		signature:           a.text("signature"),
		timeZone:            a.text("time_zone"),
		locale:              a.text("locale"),
		role:                a.text("role"),
		ticketRestriction:   a.text("ticket_restriction"),
		verified:            a.boolean("verified"),
		sharedPhone:         a.boolean("shared_phone_number"),
		suspended:           a.boolean("suspended"),
		moderator:           a.boolean("moderator"),
		onlyPrivateComments: a.boolean("only_private_comments"),
		restrictedAgent:     a.boolean("restricted_agent"),
		localeID:            a.integer("locale_id"),
		organizationID:      a.integer("organization_id"),
		customRoleID:        a.integer("custom_role_id"),
		defaultGroupID:      a.integer("default_group_id"),
		tags:                a.texts("tags"),
		fields:              a.members("user_fields"),
	}
	for _, identity := range a.objects("identities") {
		in.identities = append(in.identities, readIdentity(identity))
	}
	if organization := a.object("organization"); organization != nil {
		in.organizationName = organization.text("name")
	}
	a.ignored()
	return in, a.err
}

// ignored reads the attributes whose values the simulator does not use, but whose types Zendesk knows.
func (a *attributes) ignored() {
	a.integer("id")
	a.text("remote_photo_url")
	a.boolean("skip_verify_email")
	a.array("agent_brand_ids")
}

// emailSent returns the email of a request; null and the empty string count as none.
func (in userInput) emailSent() (string, bool) {
	return in.email.value, in.email.value != ""
}

// Checks of a user as it would be.

// checkUser finds what is wrong with a change of a user, or with a new user where user is nil, and brings the
// custom fields into their stored form.
func (st *store) checkUser(user *User, in *userInput) error {
	if in.organizationID.present() && st.organizations.get(in.organizationID.value) == nil {
		return recordNotFound()
	}
	found := problems{}
	st.checkNames(user, in, found)
	st.checkEmail(user, in, found)
	st.checkExternalID(user, in, found)
	st.checkPhone(user, in, found)
	st.checkSettings(in, found)
	if user == nil {
		st.checkNewUser(in, found)
	}
	in.parsedFields = st.userFields.parse(in.fields, found)
	return found.refusal()
}

func (st *store) checkNames(user *User, in *userInput, found problems) {
	blank := strings.TrimSpace(in.name.value) == ""
	if blank && (user == nil || in.name.given) {
		found.add("name", valueTooShort, "Name: is too short (minimum is 1 characters)")
	}
	st.checkLength("name", "Name", in.name.value, found)
	st.checkLength("external_id", "External", in.externalID.value, found)
	st.checkLength("alias", "Alias", in.alias.value, found)
}

// checkLength applies a limit that Zendesk does not document.
func (st *store) checkLength(attribute, label, text string, found problems) {
	if most := limit(st.opts.MaxNameLength, defaultMaxNameLength); utf8.RuneCountInString(text) > most {
		found.add(attribute, valueTooLong, fmt.Sprintf("%s: is too long (maximum is %d characters)", label, most))
	}
}

func (st *store) checkEmail(user *User, in *userInput, found problems) {
	email, given := in.emailSent()
	switch {
	case !given:
	case !isEmail(email):
		found.add("email", invalidValue, "Email: "+email+" is not properly formatted")
	case st.belongsToOther(user, emailIdentity, email):
		found.add("email", duplicateValue, "Email: "+email+" is already being used by another user")
	}
}

func (st *store) checkExternalID(user *User, in *userInput, found problems) {
	holder, taken := st.externalIDs[fold(in.externalID.value)]
	if taken && (user == nil || holder != user.ID) {
		found.add("external_id", duplicateValue, "External has already been taken")
	}
}

// checkPhone refuses to clear the number of a user who has no email: both cannot be empty once one was set.
func (st *store) checkPhone(user *User, in *userInput, found problems) {
	clears := in.phone.given && in.phone.value == ""
	if clears && user != nil && user.Phone != "" && user.Email == "" {
		found.add("phone", invalidValue, "Phone: cannot be blank for a user without an email address")
	}
}

func (st *store) checkSettings(in *userInput, found problems) {
	if in.role.present() && in.role.value != roleEndUser && in.role.value != roleAgent && in.role.value != roleAdmin {
		found.add("role", invalidValue, "Role: "+in.role.value+" is invalid")
	}
	if in.timeZone.present() && !st.opts.acceptsTimeZone(in.timeZone.value) {
		found.add("time_zone", invalidValue, "Time zone: "+in.timeZone.value+" is invalid")
	}
	if _, known := st.opts.findLocale(in); !known {
		found.add("locale", invalidValue, "Locale: is invalid")
	}
}

// findLocale returns the locale that a request asks for, the zero one if it asks for none.
// A locale wins over a locale_id. Zendesk does not document unknown ones; the simulator refuses them.
func (o *Options) findLocale(in *userInput) (Locale, bool) {
	if !in.locale.present() && !in.localeID.present() {
		return Locale{}, true
	}
	enabled := append([]Locale{defaultLocale}, o.Locales...)
	at := slices.IndexFunc(enabled, func(locale Locale) bool {
		if in.locale.present() {
			return strings.EqualFold(locale.Tag, in.locale.value)
		}
		return locale.ID == in.localeID.value
	})
	if at < 0 {
		return Locale{}, false
	}
	return enabled[at], true
}

// checkNewUser checks what counts for a new user only. Zendesk does not document whether organization.name creates an
// organization; the simulator links an existing one only.
func (st *store) checkNewUser(in *userInput, found problems) {
	if in.organizationName.present() && st.organizationNames[fold(in.organizationName.value)] == 0 {
		found.add("organization", blankValue, "Organization cannot be blank")
	}
	seen := map[address]bool{newAddress(emailIdentity, in.email.value): true}
	for _, identity := range in.identities {
		st.checkIdentity(identity, found)
		at := newAddress(identity.kind.value, identity.value.value)
		if seen[at] && at.kind != emailIdentity {
			found.add("value", duplicateValue, "Value: "+identity.value.value+" is already being used by another user")
		}
		seen[at] = true
	}
}

// Changes of users.

// liveUser returns the user of an id, and nil where there is none or it is deleted.
func (st *store) liveUser(id int64) *User {
	user := st.users.get(id)
	if user == nil || user.Deleted {
		return nil
	}
	return user
}

// usersByExternalID returns the one user of an external id, whatever its case, or none.
func (st *store) usersByExternalID(externalID string) []*User {
	return st.users.pick([]int64{st.externalIDs[fold(externalID)]})
}

// userByAddress returns the user who has an identity, and nil where there is none.
func (st *store) userByAddress(kind, value string) *User {
	if identity := st.identityAt(kind, value); identity != nil {
		return st.users.get(identity.UserID)
	}
	return nil
}

// matchUser returns the user that create_or_update means, and nil for a new one. Zendesk does not document which
// key goes first; the simulator tries the external id and then the email, be it a secondary one. Where the two name
// different users, the change of the first is refused later because of its email.
func (st *store) matchUser(in userInput) *User {
	return st.userByKeys(in.externalID.value, in.email.value)
}

// userByKeys returns the user of an external id, or else of an email; empty keys name nobody.
func (st *store) userByKeys(externalID, email string) *User {
	if id, found := st.externalIDs[fold(externalID)]; found {
		return st.users.get(id)
	}
	if email != "" {
		return st.userByAddress(emailIdentity, email)
	}
	return nil
}

// createUser adds a user whose input was checked.
func (st *store) createUser(in userInput) *User {
	user := new(User)
	*user = newUser()
	user.ID = st.ids.assign()
	user.CreatedAt = st.now()
	st.users.insert(user.ID, user)
	st.indexLater(user.ID)
	st.writeUser(user, in)
	for _, identity := range in.identities {
		if st.identityAt(identity.kind.value, identity.value.value) == nil {
			st.mark(st.addIdentity(user, identity.kind.value, identity.value.value), identity.verified)
		}
	}
	if id := in.organizationID.value; id != 0 {
		st.setDefaultOrganization(user, id)
	} else if id := st.organizationNames[fold(in.organizationName.value)]; id != 0 {
		st.setDefaultOrganization(user, id)
	}
	return user
}

// updateUser applies a checked change. An organization_id takes the user out of all other organizations.
// Zendesk does not document null; in the simulator it takes the user out of all.
func (st *store) updateUser(user *User, in userInput) {
	st.writeUser(user, in)
	if in.organizationID.given {
		st.setOnlyOrganization(user, in.organizationID.value)
	}
}

// writeUser writes everything but the organization.
func (st *store) writeUser(user *User, in userInput) {
	st.setAttributes(user, in)
	st.setExternalID(user, in.externalID)
	if email, given := in.emailSent(); given {
		st.setEmail(user, email, in.verified)
	} else {
		st.mark(st.primary(user, emailIdentity), in.verified)
	}
	if in.phone.given {
		st.setPhone(user, in.phone.value, in.sharedPhone)
	}
	if in.tags.given && !st.opts.NoUserTagging {
		user.Tags = unique(in.tags.value)
	}
	tags := st.userFields.apply(in.parsedFields, user.UserFields, slices.Clone(user.Tags))
	if !st.opts.NoUserTagging {
		user.Tags = tags
	}
	user.UpdatedAt = st.now()
}

// setAttributes writes what concerns nothing but the user.
func (st *store) setAttributes(user *User, in userInput) {
	set(&user.Name, in.name)
	setText(&user.Alias, in.alias)
	setText(&user.Details, in.details)
	setText(&user.Notes, in.notes)
	setText(&user.Signature, in.signature)
	setText(&user.TicketRestriction, in.ticketRestriction)
	set(&user.TimeZone, in.timeZone)
	set(&user.Suspended, in.suspended)
	set(&user.Moderator, in.moderator)
	set(&user.OnlyPrivateComments, in.onlyPrivateComments)
	set(&user.RestrictedAgent, in.restrictedAgent)
	setRef(&user.CustomRoleID, in.customRoleID)
	setRef(&user.DefaultGroupID, in.defaultGroupID)
	set(&user.Role, in.role)
	if user.CustomRoleID != 0 && user.Role == roleEndUser {
		user.Role = roleAgent
	}
	if locale, _ := st.opts.findLocale(&in); locale.ID != 0 {
		user.Locale, user.LocaleID = locale.Tag, locale.ID
	}
}

// setExternalID writes the external id in the case that was sent.
func (st *store) setExternalID(user *User, externalID sent[string]) {
	if !externalID.given {
		return
	}
	delete(st.externalIDs, fold(string(user.ExternalID)))
	user.ExternalID = Text(externalID.value)
	if externalID.value != "" {
		st.externalIDs[fold(externalID.value)] = user.ID
	}
}

// setEmail adds an email to those of a user: the first one becomes the primary one, others are secondary.
// An email that the user has already stays as it is, but for the verified flag.
func (st *store) setEmail(user *User, email string, verified sent[bool]) {
	identity := st.identityAt(emailIdentity, email)
	if identity == nil {
		identity = st.addIdentity(user, emailIdentity, email)
	}
	st.mark(identity, verified)
}

// setPhone gives a user a number: a direct line, with an identity, if nobody else has it; a shared number, without one,
// if somebody has it. A user with a direct line keeps it and gets a second one.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#phone-number
//
// Zendesk does not document a second number that somebody else has; the simulator drops it.
func (st *store) setPhone(user *User, number string, shared sent[bool]) {
	direct := st.primary(user, phoneIdentity)
	switch {
	case number == "":
		st.clearPhone(user, direct)
	case st.userByAddress(phoneIdentity, number) == user:
	case shared.value || st.belongsToOther(user, phoneIdentity, number):
		if direct == nil {
			user.Phone, user.SharedPhoneNumber = Text(number), true
		}
	default:
		user.SharedPhoneNumber = false
		st.addIdentity(user, phoneIdentity, number)
	}
}

func (st *store) clearPhone(user *User, direct *Identity) {
	user.Phone, user.SharedPhoneNumber = "", false
	if direct != nil {
		st.removeIdentity(direct)
	}
}

// deleteUser deletes softly: the record stays and is inactive. Zendesk does not document what becomes of its keys;
// the simulator frees them.
func (st *store) deleteUser(user *User) {
	for _, identity := range st.identitiesOfUser(user) {
		st.removeIdentity(identity)
	}
	st.setOnlyOrganization(user, 0)
	st.setExternalID(user, sent[string]{given: true})
	st.clearPhone(user, nil)
	user.Deleted = true
	user.UpdatedAt = st.now()
}
