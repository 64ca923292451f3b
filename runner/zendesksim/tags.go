package zendesksim

import (
	"net/http"
	"slices"
	"time"
)

// The endpoints: https://developer.zendesk.com/api-reference/ticketing/ticket-management/tags/

func (s *Server) tagRoutes() []route {
	users := tagEndpoints{kind: "users", find: s.taggedUser, now: s.store.now}
	organizations := tagEndpoints{kind: "organizations", find: s.taggedOrganization, now: s.store.now}
	return slices.Concat(users.routes(), organizations.routes())
}

// A tagged record is what tags are written to.
type tagged struct {
	tags    *[]string
	updated *time.Time
	off     bool // the account keeps no tags: changes are ignored
}

func (s *Server) taggedUser(c *call) (tagged, error) {
	user, err := s.userInPath(c, "id")
	if err != nil {
		return tagged{}, err
	}
	if c.request.Method != http.MethodGet {
		err = s.checkRole(user, userInput{})
	}
	return tagged{&user.Tags, &user.UpdatedAt, s.opts.NoUserTagging}, err
}

func (s *Server) taggedOrganization(c *call) (tagged, error) {
	organization, err := s.organizationInPath(c, "id")
	if err != nil {
		return tagged{}, err
	}
	return tagged{&organization.Tags, &organization.UpdatedAt, s.opts.NoOrganizationTagging}, nil
}

// tagEndpoints are the endpoints of the tags of one kind of record.
type tagEndpoints struct {
	kind string
	find func(*call) (tagged, error)
	now  func() time.Time
}

// routes answers all changes with the tags that are there afterwards. Zendesk's reference says so of POST and PUT; what
// it answers to DELETE no rule should rely on, beyond that it is a success.
func (e tagEndpoints) routes() []route {
	pattern, action := e.kind+"/{id}/tags", e.kind+"/tags"
	return []route{
		get(pattern, action, e.list),
		post(pattern, action, e.change(http.StatusCreated, func(_, sent []string) []string { return sent })),
		put(pattern, action, e.change(http.StatusOK, func(have, sent []string) []string { return slices.Concat(have, sent) })),
		remove(pattern, action, e.change(http.StatusOK, without)),
	}
}

func (e tagEndpoints) list(c *call) (reply, error) {
	record, err := e.find(c)
	if err != nil {
		return reply{}, err
	}
	return tagsReply(http.StatusOK, record), nil
}

// change writes what combine makes of the tags that the record has and those that were sent.
func (e tagEndpoints) change(status int, combine func(have, sent []string) []string) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		sent, err := c.sentTags()
		if err != nil {
			return reply{}, err
		}
		record, err := e.find(c)
		if err != nil {
			return reply{}, err
		}
		if !record.off {
			*record.tags, *record.updated = unique(combine(*record.tags, sent)), e.now()
		}
		return tagsReply(status, record), nil
	}
}

// sentTags reads the list of tags, which stands in the body without another object around it.
func (c *call) sentTags() ([]string, error) {
	a := &attributes{values: c.body, refusals: c.refusals()}
	sent := a.texts("tags")
	if !sent.given {
		a.add("tags", "must be present")
	}
	return sent.value, a.err
}

func without(have, sent []string) []string {
	return slices.DeleteFunc(slices.Clone(have), func(tag string) bool { return slices.Contains(sent, tag) })
}

func tagsReply(status int, record tagged) reply {
	return reply{status: status, body: map[string]any{"tags": append([]string{}, *record.tags...)}}
}
