package zendesksim

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// A call is one request on its way through the checks. Endpoints see it once it is authenticated.
type call struct {
	request  *http.Request
	id       string            // of the request, as in the X-Request-Id header
	header   http.Header       // of the answer
	action   string            // what Zendesk's error messages call the endpoint, such as "users/create"
	path     map[string]string // the values of the route's parameters
	query    url.Values
	raw      []byte         // the body as it came
	body     map[string]any // nil where there is none
	identity string         // see Entry; empty where nobody asks
	effect   int64          // number of the change that the request made; 0: it made none
	ends     []func()       // what is to be done when the answer was sent
}

// end does what was put off until the answer is sent.
func (c *call) end() {
	for _, end := range c.ends {
		end()
	}
}

// A reply is what an endpoint answers when it does not refuse.
type reply struct {
	status   int
	location string // absolute URL for the Location header; empty: no header
	body     any    // nil: no body
}

func (r reply) write(w http.ResponseWriter) {
	if r.location != "" {
		w.Header().Set("Location", r.location)
	}
	kind, data := r.encode()
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(data) // A client that went away is no concern of the simulator.
}

// encode returns the body with its content type, both empty where there is none.
func (r reply) encode() (kind string, data []byte) {
	switch body := r.body.(type) {
	case nil:
		return "", nil
	case plainText:
		return "text/plain; charset=utf-8", []byte(body)
	case page:
		return "text/html; charset=utf-8", []byte(body)
	}
	data, err := encodeJSON(r.body)
	if err != nil { // Every body is made of values that can be encoded.
		panic(err)
	}
	return "application/json; charset=utf-8", data
}

func ok(body map[string]any) reply {
	return reply{status: http.StatusOK, body: body}
}

func noContent() reply {
	return reply{status: http.StatusNoContent}
}

// intParam returns a parameter of the path that is an id.
func (c *call) intParam(name string) (int64, error) {
	return parseID(c.path[name], name, c.action)
}

// parseID reads an id out of a path or a query. Zendesk answers 400 where it is not an integer:
// https://developer.zendesk.com/api-reference/ticketing/users/events-api/events-api/
func parseID(text, name, action string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, invalidAttribute(name, "must be an integer", action)
	}
	return id, nil
}

// attributes returns the root object of the body, whose member carries the name of the resource.
func (c *call) attributes(root string) (*attributes, error) {
	return rootAttributes(c.body, root, c.refusals())
}

// refusals are in the envelope of most endpoints.
func (c *call) refusals() *refusals {
	return &refusals{refuse: func(path, problem string) error { return invalidAttribute(path, problem, c.action) }}
}

// link returns an absolute URL of the API. Links lead back to the host that was asked, so that they can be followed.
func (c *call) link(format string, args ...any) string {
	return requestScheme(c.request) + "://" + requestHost(c.request) + "/api/v2/" + fmt.Sprintf(format, args...)
}

// self returns the URL of this request with another query.
func (c *call) self(query url.Values) string {
	return requestScheme(c.request) + "://" + requestHost(c.request) + c.request.URL.EscapedPath() + "?" + query.Encode()
}

// requestHost returns the host that was asked. A request handed over in process may have it in the URL only.
func requestHost(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

func requestScheme(r *http.Request) string {
	switch {
	case r.URL.Scheme != "":
		return r.URL.Scheme
	case r.TLS != nil:
		return "https"
	default:
		return "http"
	}
}
