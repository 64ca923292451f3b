package zendesksim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The endpoints: https://developer.zendesk.com/api-reference/ticketing/users/users/

func (s *Server) userRoutes() []route {
	return []route{
		get("users", "users/index", s.listUsers),
		post("users", "users/create", s.createUser),
		post("users/create_or_update", "users/create_or_update", s.createOrUpdateUser).forAdmins().limitedBy(s.limitUserWrite),
		post("users/create_many", "users/create_many", bulkImport),
		post("users/create_or_update_many", "users/create_or_update_many", bulkImport),
		get("users/search", "users/search", s.searchUsers).limitedBy(s.limitSearch),
		get("users/show_many", "users/show_many", s.showUsers),
		get("users/me", "users/me", s.showSelf).forAnyone(),
		get("users/{id}", "users/show", s.showUser),
		put("users/{id}", "users/update", s.updateUser).limitedBy(s.limitUserWrite),
		remove("users/{id}", "users/destroy", s.deleteUser),
		get("organizations/{organization_id}/users", "users/index", s.listUsersOfOrganization),
	}
}

// userInPath returns the user that a parameter of the path names. Deleted users are not found.
func (s *Server) userInPath(c *call, name string) (*User, error) {
	id, err := c.intParam(name)
	if err != nil {
		return nil, err
	}
	user := s.store.liveUser(id)
	if user == nil {
		return nil, recordNotFound()
	}
	return user, nil
}

func (s *Server) shownUser(c *call, user *User) User {
	shown := *user
	shown.URL = c.link("users/%d.json", user.ID)
	shown.UserFields = s.store.userFields.shown(user.UserFields)
	return shown
}

func (s *Server) userReply(c *call, user *User) reply {
	return ok(map[string]any{"user": s.shownUser(c, user)})
}

func (s *Server) userListing(c *call, users []*User) listing[User] {
	return listing[User]{
		name:    "users",
		records: users,
		id:      func(u *User) string { return strconv.FormatInt(u.ID, 10) },
		show:    func(u *User) any { return s.shownUser(c, u) },
	}
}

// https://developer.zendesk.com/api-reference/ticketing/users/users/#list-users
func (s *Server) listUsers(c *call) (reply, error) {
	if c.query.Has("external_id") {
		return s.userListing(c, s.store.usersByExternalID(c.query.Get("external_id"))).page(c)
	}
	roles := slices.Concat(c.query["role[]"], c.query["role"])
	return s.userListing(c, s.store.users.where(func(u *User) bool {
		return !u.Deleted && (len(roles) == 0 || slices.Contains(roles, u.Role))
	})).page(c)
}

// https://developer.zendesk.com/api-reference/ticketing/users/users/#list-users
func (s *Server) listUsersOfOrganization(c *call) (reply, error) {
	organization, err := s.organizationInPath(c, "organization_id")
	if err != nil {
		return reply{}, err
	}
	return s.userListing(c, s.store.users.where(func(u *User) bool {
		return s.store.membership(u, organization) != nil
	})).page(c)
}

// showUsers answers with the users of a list of ids or external ids.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#show-many-users
func (s *Server) showUsers(c *call) (reply, error) {
	keys, err := manyKeys(c)
	if err != nil {
		return reply{}, err
	}
	var users []*User
	for _, id := range keys.ids {
		if user := s.store.liveUser(id); user != nil {
			users = append(users, user)
		}
	}
	for _, externalID := range keys.externalIDs {
		users = append(users, s.store.usersByExternalID(externalID)...)
	}
	return s.userListing(c, users).offsetPage(c)
}

// lookupKeys are the keys of a show_many request, of one kind or the other.
type lookupKeys struct {
	ids         []int64
	externalIDs []string
}

const maxShowMany = 100

func manyKeys(c *call) (lookupKeys, error) {
	if text := c.query.Get("external_ids"); text != "" {
		parts := strings.Split(text, ",")
		return lookupKeys{externalIDs: parts}, checkMany(parts)
	}
	text := c.query.Get("ids")
	if text == "" {
		return lookupKeys{}, invalidAttribute("ids", "must be present", c.action)
	}
	parts := strings.Split(text, ",")
	var keys lookupKeys
	for _, part := range parts {
		id, err := parseID(strings.TrimSpace(part), "ids", c.action)
		if err != nil {
			return lookupKeys{}, err
		}
		keys.ids = append(keys.ids, id)
	}
	return keys, checkMany(parts)
}

func checkMany(keys []string) error {
	if len(keys) > maxShowMany {
		return tooManyValues(maxShowMany, "records")
	}
	return nil
}

// showUser shows deleted users too, as inactive.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#show-user
func (s *Server) showUser(c *call) (reply, error) {
	id, err := c.intParam("id")
	if err != nil {
		return reply{}, err
	}
	user := s.store.users.get(id)
	if user == nil {
		return reply{}, recordNotFound()
	}
	return s.userReply(c, user), nil
}

// showSelf shows whoever holds the credential: an admin or agent who is no part of the account's users,
// or Zendesk's anonymous user for no credential.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#show-self
//
// Recorded from a real account: a wrong token is refused here too, a missing one and a wrong password are not.
func (s *Server) showSelf(c *call) (reply, error) {
	if err := s.authenticate(c.request); err != nil {
		name, _, isBasic := c.request.BasicAuth()
		if c.request.Header.Get("Authorization") != "" && (!isBasic || strings.HasSuffix(name, "/token")) {
			return reply{}, err
		}
		return ok(map[string]any{"user": map[string]any{
			"id": nil, "name": "Anonymous user", "email": "invalid@example.com", "role": roleEndUser, "verified": false,
		}}), nil
	}
	self := newUser()
	self.ID, self.Name, self.Email, self.Role, self.Verified = firstID-1, "Simulator", "simulator@example.com", roleAdmin, true
	if s.opts.Role == Agent {
		self.Role = roleAgent
	}
	if name, _, isBasic := c.request.BasicAuth(); isBasic {
		self.Email = Text(strings.TrimSuffix(name, "/token"))
	}
	return s.userReply(c, &self), nil
}

// bulkImport is off for an account until Zendesk switches it on.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#create-many-users
func bulkImport(*call) (reply, error) {
	return reply{}, forbidden()
}

// https://developer.zendesk.com/api-reference/ticketing/users/users/#create-user
func (s *Server) createUser(c *call) (reply, error) {
	in, err := readUser(c)
	if err != nil {
		return reply{}, err
	}
	user, err := s.addUser(in)
	if err != nil {
		return reply{}, err
	}
	answer := s.userReply(c, user)
	answer.status = http.StatusCreated
	answer.location = c.link("users/%d.json", user.ID)
	return answer, nil
}

func (s *Server) addUser(in userInput) (*User, error) {
	if err := s.checkRole(nil, in); err != nil {
		return nil, err
	}
	if err := s.store.checkUser(nil, &in); err != nil {
		return nil, err
	}
	return s.store.createUser(in), nil
}

// https://developer.zendesk.com/api-reference/ticketing/users/users/#update-user
func (s *Server) updateUser(c *call) (reply, error) {
	in, err := readUser(c)
	if err != nil {
		return reply{}, err
	}
	user, err := s.userInPath(c, "id")
	if err != nil {
		return reply{}, err
	}
	if err := s.changeUser(user, in); err != nil {
		return reply{}, err
	}
	return s.userReply(c, user), nil
}

func (s *Server) changeUser(user *User, in userInput) error {
	if err := s.checkRole(user, in); err != nil {
		return err
	}
	if err := s.store.checkUser(user, &in); err != nil {
		return err
	}
	s.store.updateUser(user, in)
	return nil
}

// checkRole keeps agents from writing anybody but end users.
func (s *Server) checkRole(user *User, in userInput) error {
	staff := user != nil && user.Role != roleEndUser || in.role.present() && in.role.value != roleEndUser
	if s.opts.Role != Admin && staff {
		return forbidden()
	}
	return nil
}

// createOrUpdateUser finds the user by external id, then by email.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#create-or-update-user
//
// Older texts promise a Location header on 200 and 201, newer ones do not mention it; the simulator sends it.
func (s *Server) createOrUpdateUser(c *call) (reply, error) {
	in, err := readUser(c)
	if err != nil {
		return reply{}, err
	}
	if err := s.creations.check(in); err != nil {
		return reply{}, err
	}
	status := http.StatusOK
	user := s.store.matchUser(in)
	if user == nil {
		status = http.StatusCreated
		user, err = s.upsertNew(c, in)
	} else {
		err = s.changeUser(user, in)
	}
	if err != nil {
		return reply{}, err
	}
	answer := s.userReply(c, user)
	answer.status = status
	if !s.opts.NoLocation {
		answer.location = c.link("users/%d.json", user.ID)
	}
	return answer, nil
}

// upsertNew adds the user of a create_or_update. What was counted for the keys of the request counts for the user
// from here on.
func (s *Server) upsertNew(c *call, in userInput) (*User, error) {
	user, err := s.addUser(in)
	if err != nil {
		return nil, err
	}
	s.limiter.move(&s.limiter.user, sentKey(c.body).text(), userKey{id: user.ID}.text())
	if s.opts.UpsertConflicts {
		c.ends = append(c.ends, s.creations.begin(in))
	}
	return user, nil
}

// deleteUser deletes softly.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#delete-user
func (s *Server) deleteUser(c *call) (reply, error) {
	user, err := s.userInPath(c, "id")
	if err != nil {
		return reply{}, err
	}
	if err := s.checkRole(user, userInput{}); err != nil {
		return reply{}, err
	}
	s.store.deleteUser(user)
	return s.userReply(c, user), nil
}
