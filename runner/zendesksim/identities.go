package zendesksim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The types of identities that the simulator does something special for.
const (
	emailIdentity   = "email"
	phoneIdentity   = "phone_number"
	twitterIdentity = "twitter"
)

func isIdentityType(name string) bool {
	switch name {
	case emailIdentity, phoneIdentity, twitterIdentity, "facebook", "google", "agent_forwarding",
		"any_channel", "foreign", "sdk", "messaging", "microsoft":
		return true
	}
	return false
}

// An address is what is unique about an identity among all users.
type address struct {
	kind, value string
}

// newAddress brings a value into the form in which values are compared: phone numbers by their digits and a leading +,
// which Zendesk does not document, and everything else without regard to case.
func newAddress(kind, value string) address {
	if kind == phoneIdentity {
		return address{kind, phoneDigits(value)}
	}
	return address{kind, fold(value)}
}

func phoneDigits(number string) string {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, number)
	switch {
	case digits == "":
		return number // Zendesk does not document malformed numbers; the simulator keeps them as they are.
	case strings.HasPrefix(strings.TrimSpace(number), "+"):
		return "+" + digits
	default:
		return digits
	}
}

// storedValue is the form in which an identity is kept and shown: emails and twitter names in lower case.
func storedValue(kind, value string) string {
	if kind == emailIdentity || kind == twitterIdentity {
		return strings.ToLower(strings.TrimSpace(value))
	}
	return value
}

// isEmail reports whether Zendesk would take a text for an email address. Zendesk does not document its rule;
// the simulator asks for one @ between a local part without spaces and a domain with a dot.
func isEmail(text string) bool {
	local, domain, found := strings.Cut(strings.TrimSpace(text), "@")
	return found && local != "" && strings.Trim(domain, ".-") == domain && strings.Contains(domain, ".") &&
		!strings.ContainsFunc(local, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("<>,", r) }) &&
		!strings.ContainsFunc(domain, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-'
		})
}

// deliverableState of an email: https://developer.zendesk.com/api-reference/ticketing/users/user_identities/
func deliverableState(kind, value string) string {
	if kind != emailIdentity {
		return ""
	}
	switch _, domain, _ := strings.Cut(value, "@"); domain {
	case "example.com", "example.net", "example.org", "example.edu":
		return "reserved_example"
	}
	return "deliverable"
}

// Operations on the identities of users.

// identityAt returns the identity that has a value, whoever's it is, and nil where there is none.
func (st *store) identityAt(kind, value string) *Identity {
	return st.identities.get(st.addresses[newAddress(kind, value)])
}

// belongsToOther reports whether a value is an identity of anybody but one user, who is nil for a user not yet made.
func (st *store) belongsToOther(user *User, kind, value string) bool {
	identity := st.identityAt(kind, value)
	return identity != nil && (user == nil || identity.UserID != user.ID)
}

func (st *store) identitiesOfUser(user *User) []*Identity {
	return st.identities.pick(st.identitiesOf[user.ID])
}

// primary returns the primary identity of a type, and nil where the user has none.
func (st *store) primary(user *User, kind string) *Identity {
	for _, identity := range st.identitiesOfUser(user) {
		if identity.Type == kind && identity.Primary {
			return identity
		}
	}
	return nil
}

// addIdentity gives a user an unverified identity whose value nobody has. The first one of a type is primary.
func (st *store) addIdentity(user *User, kind, value string) *Identity {
	first := !slices.ContainsFunc(st.identitiesOfUser(user), func(i *Identity) bool { return i.Type == kind })
	identity := &Identity{
		ID:                 st.ids.assign(),
		UserID:             user.ID,
		Type:               kind,
		VerificationMethod: "none",
		Primary:            first,
		CreatedAt:          st.now(),
	}
	st.insertIdentity(identity)
	st.setValue(identity, value)
	return identity
}

func (st *store) insertIdentity(identity *Identity) {
	st.identities.insert(identity.ID, identity)
	st.identitiesOf[identity.UserID] = withID(st.identitiesOf[identity.UserID], identity.ID)
}

func (st *store) setValue(identity *Identity, value string) {
	st.strikeValue(identity)
	identity.Value = storedValue(identity.Type, value)
	st.indexLater(identity.ID)
	identity.DeliverableState = deliverableState(identity.Type, identity.Value)
	st.enterValue(identity)
	st.touchIdentity(identity)
}

// enterValue makes an identity be found by its value.
func (st *store) enterValue(identity *Identity) {
	st.addresses[newAddress(identity.Type, identity.Value)] = identity.ID
	st.emailWords.add(identity)
}

// strikeValue ends that.
func (st *store) strikeValue(identity *Identity) {
	delete(st.addresses, newAddress(identity.Type, identity.Value))
	st.emailWords.remove(identity)
}

func (st *store) touchIdentity(identity *Identity) {
	identity.UpdatedAt = st.now()
	st.syncContacts(st.users.get(identity.UserID))
}

// verify marks an identity as verified; a verified email may make its user join an organization.
func (st *store) verify(identity *Identity) {
	if identity.Verified {
		return
	}
	now := st.now()
	identity.Verified, identity.VerifiedAt, identity.VerificationMethod = true, &now, "low"
	st.touchIdentity(identity)
	st.joinByDomain(identity)
}

func (st *store) unverify(identity *Identity) {
	identity.Verified, identity.VerifiedAt, identity.VerificationMethod = false, nil, "none"
	st.touchIdentity(identity)
}

// mark sets the verified flag of an identity where the client sent one.
func (st *store) mark(identity *Identity, verified sent[bool]) {
	switch {
	case identity == nil || !verified.given:
	case verified.value:
		st.verify(identity)
	default:
		st.unverify(identity)
	}
}

// makePrimary demotes the other identities of the type.
func (st *store) makePrimary(identity *Identity) {
	for _, other := range st.identitiesOfUser(st.users.get(identity.UserID)) {
		if other.Type == identity.Type {
			other.Primary = other == identity
		}
	}
	st.touchIdentity(identity)
}

// removeIdentity deletes an identity. Zendesk does not document a successor of a primary one,
// and the simulator appoints none.
func (st *store) removeIdentity(identity *Identity) {
	st.identities.delete(identity.ID)
	st.strikeValue(identity)
	st.identitiesOf[identity.UserID] = withoutID(st.identitiesOf[identity.UserID], identity.ID)
	st.syncContacts(st.users.get(identity.UserID))
}

// syncContacts brings email, phone and verified of a user in line with its identities.
// A shared number is the user's own affair: no identity has it.
func (st *store) syncContacts(user *User) {
	user.Email, user.Verified = "", false
	if !user.SharedPhoneNumber {
		user.Phone = ""
	}
	for _, identity := range st.identitiesOfUser(user) {
		user.Verified = user.Verified || identity.Verified
		if !identity.Primary {
			continue
		}
		switch identity.Type {
		case emailIdentity:
			user.Email = Text(identity.Value)
		case phoneIdentity:
			user.Phone, user.SharedPhoneNumber = Text(identity.Value), false
		}
	}
	user.UpdatedAt = st.now()
}

// The endpoints: https://developer.zendesk.com/api-reference/ticketing/users/user_identities/

func (s *Server) identityRoutes() []route {
	return []route{
		get("users/{user_id}/identities", "identities/index", s.listIdentities),
		post("users/{user_id}/identities", "identities/create", s.createIdentity),
		get("users/{user_id}/identities/{id}", "identities/show", s.showIdentity),
		put("users/{user_id}/identities/{id}", "identities/update", s.updateIdentity),
		remove("users/{user_id}/identities/{id}", "identities/destroy", s.deleteIdentity),
		put("users/{user_id}/identities/{id}/make_primary", "identities/make_primary", s.makeIdentityPrimary),
		put("users/{user_id}/identities/{id}/verify", "identities/verify", s.verifyIdentity),
		put("users/{user_id}/identities/{id}/request_verification", "identities/request_verification", s.requestVerification),
	}
}

// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/#list-identities
func (s *Server) listIdentities(c *call) (reply, error) {
	user, err := s.userInPath(c, "user_id")
	if err != nil {
		return reply{}, err
	}
	list := s.store.identitiesOfUser(user)
	if types := slices.Concat(c.query["type[]"], c.query["type"]); len(types) > 0 {
		list = slices.DeleteFunc(list, func(i *Identity) bool { return !slices.Contains(types, i.Type) })
	}
	return listing[Identity]{
		name:    "identities",
		records: list,
		id:      func(i *Identity) string { return strconv.FormatInt(i.ID, 10) },
		show:    func(i *Identity) any { return shownIdentity(c, i) },
	}.page(c)
}

func shownIdentity(c *call, identity *Identity) Identity {
	shown := *identity
	shown.URL = c.link("users/%d/identities/%d.json", identity.UserID, identity.ID)
	return shown
}

func identityReply(c *call, identity *Identity) reply {
	return ok(map[string]any{"identity": shownIdentity(c, identity)})
}

// identityInPath returns the user and the identity that the path names.
func (s *Server) identityInPath(c *call) (*User, *Identity, error) {
	id, err := c.intParam("id")
	if err != nil {
		return nil, nil, err
	}
	user, err := s.userInPath(c, "user_id")
	if err != nil {
		return nil, nil, err
	}
	identity := s.store.identities.get(id)
	if identity == nil || identity.UserID != user.ID {
		return nil, nil, recordNotFound()
	}
	return user, identity, nil
}

// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/#show-identity
func (s *Server) showIdentity(c *call) (reply, error) {
	_, identity, err := s.identityInPath(c)
	if err != nil {
		return reply{}, err
	}
	return identityReply(c, identity), nil
}

// An identityInput is what a request says about an identity.
type identityInput struct {
	kind, value, method sent[string]
	verified, primary   sent[bool]
}

func readIdentity(a *attributes) identityInput {
	return identityInput{
		kind:     a.text("type"),
		value:    a.text("value"),
		method:   a.text("verification_method"),
		verified: a.boolean("verified"),
		primary:  a.boolean("primary"),
	}
}

func (c *call) identityInput() (identityInput, error) {
	a, err := c.attributes("identity")
	if err != nil {
		return identityInput{}, err
	}
	in := readIdentity(a)
	return in, a.err
}

// check finds what is wrong with a new identity. Zendesk does not document the refusal of an unknown type;
// the simulator answers 422.
func (st *store) checkIdentity(in identityInput, found problems) {
	if !isIdentityType(in.kind.value) {
		found.add("type", invalidValue, "Type: is invalid")
		return
	}
	st.checkValue(in.kind.value, in.value.value, found)
}

// checkValue refuses a value that anyone has, the same user included.
func (st *store) checkValue(kind, value string, found problems) {
	switch {
	case strings.TrimSpace(value) == "":
		found.add("value", blankValue, "Value: cannot be blank")
	case kind == emailIdentity && !isEmail(value):
		found.add("value", invalidValue, "Value: "+value+" is not properly formatted")
	case st.identityAt(kind, value) != nil:
		found.add("value", duplicateValue, "Value: "+value+" is already being used by another user")
	}
}

// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/#create-identity
func (s *Server) createIdentity(c *call) (reply, error) {
	in, err := c.identityInput()
	if err != nil {
		return reply{}, err
	}
	user, err := s.userInPath(c, "user_id")
	if err != nil {
		return reply{}, err
	}
	found := problems{}
	s.store.checkIdentity(in, found)
	if err := found.refusal(); err != nil {
		return reply{}, err
	}
	identity := s.store.addIdentity(user, in.kind.value, in.value.value)
	s.store.mark(identity, in.verified)
	if in.primary.value {
		s.store.makePrimary(identity)
	}
	answer := identityReply(c, identity)
	answer.status = http.StatusCreated
	answer.location = shownIdentity(c, identity).URL
	return answer, nil
}

// updateIdentity sets value and verification; type and primary are ignored.
// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/#update-identity
//
// Zendesk documents the value both as read-only and as open to change; the simulator changes it, and takes the
// verification of the old value away.
func (s *Server) updateIdentity(c *call) (reply, error) {
	in, err := c.identityInput()
	if err != nil {
		return reply{}, err
	}
	if err := checkMethod(in.method, c.action); err != nil {
		return reply{}, err
	}
	_, identity, err := s.identityInPath(c)
	if err != nil {
		return reply{}, err
	}
	if changesValue(identity, in) {
		found := problems{}
		s.store.checkValue(identity.Type, in.value.value, found)
		if err := found.refusal(); err != nil {
			return reply{}, err
		}
		s.store.unverify(identity)
		s.store.setValue(identity, in.value.value)
	}
	s.store.mark(identity, in.verified)
	if in.method.present() {
		s.store.mark(identity, sent[bool]{given: true, value: in.method.value == "low"})
	}
	return identityReply(c, identity), nil
}

func changesValue(identity *Identity, in identityInput) bool {
	return in.value.present() && newAddress(identity.Type, in.value.value) != newAddress(identity.Type, identity.Value)
}

// checkMethod refuses the methods that Zendesk keeps for itself.
func checkMethod(method sent[string], action string) error {
	if method.present() && method.value != "low" && method.value != "none" {
		return invalidAttribute("identity.verification_method", "must be low or none", action)
	}
	return nil
}

// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/#delete-identity
func (s *Server) deleteIdentity(c *call) (reply, error) {
	_, identity, err := s.identityInPath(c)
	if err != nil {
		return reply{}, err
	}
	s.store.removeIdentity(identity)
	return noContent(), nil
}

// makeIdentityPrimary works on an unverified identity too: Zendesk documents the need of a verified one
// for end users only.
// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/#make-identity-primary
func (s *Server) makeIdentityPrimary(c *call) (reply, error) {
	_, identity, err := s.identityInPath(c)
	if err != nil {
		return reply{}, err
	}
	s.store.makePrimary(identity)
	return s.listIdentities(c)
}

// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/#verify-identity
func (s *Server) verifyIdentity(c *call) (reply, error) {
	_, identity, err := s.identityInPath(c)
	if err != nil {
		return reply{}, err
	}
	s.store.verify(identity)
	return identityReply(c, identity), nil
}

// requestVerification would send a mail.
// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/#request-user-verification
func (s *Server) requestVerification(c *call) (reply, error) {
	if _, _, err := s.identityInPath(c); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK}, nil
}
