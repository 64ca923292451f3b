package zendesksim

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A route is one endpoint. The zero route, without a handler, stands for an unknown one.
type route struct {
	method    string
	pattern   []string // segments below /api/v2/; "{name}" takes any value
	action    string   // what Zendesk's error messages call the endpoint
	handle    func(*call) (reply, error)
	limit     func(*call) error // of the endpoint itself; nil: it has none
	public    bool              // needs no authentication
	adminOnly bool
	events    bool // counts as a request for events
	free      bool // is not part of the API proper: it counts nowhere and changes nothing of the account
	takesForm bool // reads forms as well as JSON
}

// match finds the route of a request and the values of its parameters. The suffix .json is optional everywhere.
// Routes are tried in the order of the table, so fixed segments come before parameters there.
func (s *Server) match(r *http.Request) (route, map[string]string) {
	path, found := strings.CutPrefix(r.URL.EscapedPath(), "/api/v2/")
	switch {
	case r.URL.EscapedPath() == tokenPath && r.Method == http.MethodPost:
		return s.tokenRoute(), nil
	case !found:
		return route{}, nil
	}
	segments := strings.Split(strings.TrimSuffix(path, ".json"), "/")
	for _, candidate := range s.routes {
		if candidate.method == r.Method && matches(candidate.pattern, segments) {
			return candidate, parameters(candidate.pattern, segments)
		}
	}
	return route{}, nil
}

// Endpoints lists what the simulator has, as "PUT users/{id}.json", sorted by path.
func Endpoints() []string {
	s := &Server{store: newStore(&Options{})}
	var all []string
	for _, r := range s.routeTable() {
		all = append(all, r.method+" "+strings.Join(r.pattern, "/")+".json")
	}
	path := func(endpoint string) string { return endpoint[strings.IndexByte(endpoint, ' '):] }
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(path(a), path(b)), cmp.Compare(a, b)) })
	return all
}

// LacksHeader is the header of an answer to a request that the simulator has no endpoint for. It names the endpoint, so
// that nobody takes a gap of the simulator for a mistake of their own: Zendesk may have it.
const LacksHeader = "X-Simulator-Lacks"

// endpointOf names the endpoint that a request is for, with {id} for what names one record; empty where it is not for
// the API.
func endpointOf(r *http.Request) string {
	path, found := strings.CutPrefix(r.URL.EscapedPath(), "/api/v2/")
	if !found {
		return ""
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if name, ending, _ := strings.Cut(segment, "."); strings.ContainsAny(name, "0123456789%@+-") {
			segments[i] = strings.TrimSuffix("{id}."+ending, ".")
		}
	}
	return r.Method + " " + strings.Join(segments, "/")
}

func matches(pattern, segments []string) bool {
	return slices.EqualFunc(pattern, segments, func(part, segment string) bool {
		return part == segment || isParameter(part) && segment != ""
	})
}

func isParameter(part string) bool {
	return strings.HasPrefix(part, "{")
}

func parameters(pattern, segments []string) map[string]string {
	values := map[string]string{}
	for i, part := range pattern {
		if value, err := url.PathUnescape(segments[i]); err == nil && isParameter(part) {
			values[strings.Trim(part, "{}")] = value
		}
	}
	return values
}

// routeTable lists every endpoint of the simulator.
func (s *Server) routeTable() []route {
	var table []route
	for _, part := range [][]route{
		s.userRoutes(),
		s.identityRoutes(),
		s.organizationRoutes(),
		s.membershipRoutes(),
		s.eventRoutes(),
		s.searchRoutes(),
		s.tagRoutes(),
		fieldEndpoints{s, s.store.userFields}.routes(),
		fieldEndpoints{s, s.store.organizationFields}.routes(),
		s.timeZoneRoutes(),
	} {
		table = append(table, part...)
	}
	return table
}

// get, post, put and remove make the rows of the table.
func get(pattern, action string, handle func(*call) (reply, error)) route {
	return newRoute(http.MethodGet, pattern, action, handle)
}

func post(pattern, action string, handle func(*call) (reply, error)) route {
	return newRoute(http.MethodPost, pattern, action, handle)
}

func put(pattern, action string, handle func(*call) (reply, error)) route {
	return newRoute(http.MethodPut, pattern, action, handle)
}

func remove(pattern, action string, handle func(*call) (reply, error)) route {
	return newRoute(http.MethodDelete, pattern, action, handle)
}

func newRoute(method, pattern, action string, handle func(*call) (reply, error)) route {
	return route{method: method, pattern: strings.Split(pattern, "/"), action: action, handle: handle}
}

func (r route) forAdmins() route {
	r.adminOnly = true
	return r
}

func (r route) forAnyone() route {
	r.public = true
	return r
}

// limitedBy gives an endpoint a limit of its own. It is applied while the state is locked.
func (r route) limitedBy(limit func(*call) error) route {
	r.limit = limit
	return r
}

func (r route) forEvents() route {
	r.events = true
	return r
}
