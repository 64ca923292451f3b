package zendesksim

import (
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode"
)

// Search: https://developer.zendesk.com/api-reference/ticketing/users/users/#search-users and
// https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/
//
// A query is a list of terms that all have to match. A term is a word, a phrase in double quotes, or property:value;
// a leading minus turns it round, and * stands for any characters. A value matches where its words follow each other
// in the property, whatever the case: email:"ann@example.com" finds jo.ann@example.com too. Zendesk documents matches
// of parts, but not how it takes texts apart; callers have to look at what they are given.
//
// Zendesk documents a delay of its index of up to a few minutes for new users; in the simulator it is
// [Options.IndexDelay], and new addresses of users are as late. Zendesk does not document how late other changes are;
// the simulator finds them at once.

const maxSearchResults = 1000 // of GET /search

func (s *Server) searchRoutes() []route {
	return []route{
		get("search", "search/index", s.search).limitedBy(s.limitSearch),
	}
}

// searchUsers finds users by a query or by their whole external id.
func (s *Server) searchUsers(c *call) (reply, error) {
	if c.query.Has("external_id") {
		return s.userListing(c, s.store.usersByExternalID(c.query.Get("external_id"))).offsetPage(c)
	}
	text := strings.TrimSpace(c.query.Get("query"))
	if text == "" { // Zendesk does not document it.
		return reply{}, invalidAttribute("query", "must be present", c.action)
	}
	return s.userListing(c, s.store.findUsers(parseQuery(text))).offsetPage(c)
}

// search is the search over everything, of which the simulator has the users.
func (s *Server) search(c *call) (reply, error) {
	if wantsCursor(c.query) {
		return reply{}, invalidAttribute("page", "must be an integer", c.action)
	}
	page, err := positive(c, "page", 1)
	if err != nil {
		return reply{}, err
	}
	size, err := positive(c, "per_page", maxPageSize)
	if err != nil {
		return reply{}, err
	}
	if (page-1)*min(size, maxPageSize) >= maxSearchResults {
		return reply{}, described(http.StatusUnprocessableEntity, "InvalidValue", "Requested response size was greater than Search Response Limits")
	}
	results := s.userListing(c, s.store.findUsers(parseQuery(c.query.Get("query"))))
	results.name = "results"
	results.show = func(user *User) any { return searchResult{s.shownUser(c, user), "user"} }
	answer, err := results.offsetPage(c)
	if err == nil {
		answer.body.(map[string]any)["facets"] = nil
	}
	return answer, err
}

// A searchResult is a record that says of what type it is.
type searchResult struct {
	record any
	kind   string
}

// MarshalJSON implements [json.Marshaler].
func (r searchResult) MarshalJSON() ([]byte, error) {
	record, err := encodeJSON(r.record)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(record, &members); err != nil {
		return nil, err
	}
	members["result_type"] = json.RawMessage(`"` + r.kind + `"`)
	return encodeJSON(members)
}

// A term is one condition of a query.
type term struct {
	property string   // empty: any of the properties that are searched for bare words
	value    string   // folded
	words    []string // of the value
	negated  bool
}

// parseQuery takes a query apart. There is no syntax error: a quote that is not closed ends with the query.
func parseQuery(text string) []term {
	var terms []term
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var t term
		text, t.negated = strings.CutPrefix(text, "-")
		if name, rest, found := strings.Cut(text, ":"); found && isProperty(name) {
			t.property, text = name, rest
		}
		t.value, text = cutValue(text)
		t.value = fold(t.value)
		t.words = searchWords(t.value)
		terms = append(terms, t)
	}
	return terms
}

func isProperty(name string) bool {
	return isFieldKey(name)
}

// cutValue splits the first word or quoted phrase off a text.
func cutValue(text string) (value, rest string) {
	if quoted, found := strings.CutPrefix(text, `"`); found {
		value, rest, _ = strings.Cut(quoted, `"`)
		return value, rest
	}
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		return text, ""
	}
	return text[:end], text[end:]
}

// findUsers returns the users whom all terms match, in the order of their ids.
func (st *store) findUsers(terms []term) []*User {
	return slices.DeleteFunc(st.candidates(terms), func(user *User) bool {
		return user.Deleted || !st.isIndexed(user.ID) ||
			slices.ContainsFunc(terms, func(t term) bool { return st.matches(user, t) == t.negated })
	})
}

// indexLater notes that the index learns of a user or an address only after its delay.
func (st *store) indexLater(id int64) {
	if st.opts.IndexDelay > 0 {
		st.unindexed[id] = st.opts.Now().Add(st.opts.IndexDelay)
	}
}

func (st *store) isIndexed(id int64) bool {
	at, waiting := st.unindexed[id]
	if waiting && !st.opts.Now().Before(at) {
		delete(st.unindexed, id)
		waiting = false
	}
	return !waiting
}

func (st *store) matches(user *User, t term) bool {
	return slices.ContainsFunc(st.searched(user, t.property), func(text string) bool {
		return text != "" && t.matchesText(fold(text))
	})
}

// searched returns the texts of a user that a property stands for. Emails are those of all identities:
// Zendesk does not document it; the simulator finds the user of a secondary address.
func (st *store) searched(user *User, property string) []string {
	switch fold(property) {
	case "type":
		return []string{"user"}
	case "email":
		return st.values(user, emailIdentity)
	case "phone":
		return append(st.values(user, phoneIdentity), string(user.Phone))
	case "external_id":
		return []string{string(user.ExternalID)}
	case "name":
		return []string{user.Name}
	case "role":
		return []string{user.Role}
	case "notes":
		return []string{string(user.Notes)}
	case "details":
		return []string{string(user.Details)}
	case "tags":
		return user.Tags
	case "organization":
		return st.organizationNamesOf(user)
	case "":
		own := []string{user.Name, string(user.ExternalID), string(user.Phone), string(user.Notes), string(user.Details)}
		return append(append(own, user.Tags...), st.values(user, emailIdentity)...)
	default: // A custom field.
		text, _ := scalarText(user.UserFields[property])
		return []string{text}
	}
}

// values returns the values of a user's identities of one type, as far as the index has them.
func (st *store) values(user *User, kind string) []string {
	var values []string
	for _, identity := range st.identitiesOfUser(user) {
		if identity.Type == kind && st.isIndexed(identity.ID) {
			values = append(values, identity.Value)
		}
	}
	return values
}

func (st *store) organizationNamesOf(user *User) []string {
	var names []string
	for _, membership := range st.membershipsOfUser(user) {
		names = append(names, st.organizations.get(membership.OrganizationID).Name)
	}
	return names
}

// matchesText reports whether a folded text contains the words of a term one after the other.
// The whole text, or one word of it, has to match a value with wildcards.
func (t term) matchesText(text string) bool {
	if strings.Contains(t.value, "*") {
		return matchesPattern(text, t.value)
	}
	if len(t.words) == 0 || !strings.Contains(text, t.words[0]) {
		return false
	}
	// A space on either side makes whole words of what is looked for.
	return strings.Contains(" "+strings.Join(searchWords(text), " ")+" ", " "+strings.Join(t.words, " ")+" ")
}

func matchesPattern(text, pattern string) bool {
	pattern = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `?`, `\?`, `/`, " ").Replace(pattern)
	for _, candidate := range append(strings.Fields(text), text) {
		if matched, _ := path.Match(pattern, strings.ReplaceAll(candidate, "/", " ")); matched {
			return true
		}
	}
	return false
}

func searchWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}
