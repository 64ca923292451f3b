package zendesksim

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// A reference names a record by what its owner gave it, where its id depends on when the record was made: two runs
// that make the same records in another order give them the same references. References are for people, too.

func userReference(u *User) string {
	switch {
	case u.ExternalID != "":
		return "user " + fold(string(u.ExternalID))
	case u.Email != "":
		return "user " + fold(string(u.Email))
	case u.Phone != "":
		return "user " + phoneDigits(string(u.Phone))
	default:
		return "user named " + u.Name
	}
}

func organizationReference(o *Organization) string {
	if o.ExternalID != "" {
		return "organization " + fold(string(o.ExternalID))
	}
	return "organization named " + fold(o.Name)
}

// reference returns how the record of an id was called when it was first asked for: a request that renames or deletes
// the record has to be equal to its repetition, which finds it renamed or gone. It returns false where there is none.
func (st *store) reference(id int64) (string, bool) {
	if known, found := st.references[id]; found {
		return known, true
	}
	reference, found := st.currentReference(id)
	if found {
		st.references[id] = reference
	}
	return reference, found
}

func (st *store) currentReference(id int64) (string, bool) {
	if user := st.users.get(id); user != nil {
		return userReference(user), true
	}
	if organization := st.organizations.get(id); organization != nil {
		return organizationReference(organization), true
	}
	if identity := st.identities.get(id); identity != nil {
		return fmt.Sprintf("%s %s of %s", identity.Type, identity.Value, userReference(st.users.get(identity.UserID))), true
	}
	if membership := st.memberships.get(id); membership != nil {
		return fmt.Sprintf("membership of %s in %s", userReference(st.users.get(membership.UserID)),
			organizationReference(st.organizations.get(membership.OrganizationID))), true
	}
	for _, set := range []*fieldSet{st.userFields, st.organizationFields} {
		if field := set.fields.get(id); field != nil {
			return "field " + field.Key, true
		}
	}
	return "", false
}

// Identity returns a text that is equal for a request and its repetition: method, address below the host, and body,
// in which the ids that the simulator assigned are replaced by what they stand for. A request about the user of
// external id "7" is the same whichever id that user was given, so [Faults] meet it in every run.
//
// An id stands for what it did when this was first asked about it. The text holds personal data.
func (s *Server) Identity(r *http.Request, body []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.identityOf(r, body)
}

// identityOf replaces ids in the parts of a request.
func (st *store) identityOf(r *http.Request, body []byte) string {
	text := string(bytes.TrimSpace(body))
	return strings.Join([]string{r.Method, st.withReferences(r.URL.RequestURI()), st.withReferences(text)}, " ")
}

// withReferences replaces ids. Those of fewer than 14 digits were given by a seed, and are the same in every run.
func (st *store) withReferences(text string) string {
	return regexp.MustCompile(`\d{14,}`).ReplaceAllStringFunc(text, func(digits string) string {
		id, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return digits
		}
		reference, found := st.reference(id)
		if !found {
			return digits
		}
		return "<" + reference + ">"
	})
}
