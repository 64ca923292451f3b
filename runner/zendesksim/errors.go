package zendesksim

import (
	"errors"
	"fmt"
	"net/http"
)

// A refusal is an answer that is not a success. Zendesk has several envelopes for them, all in use;
// the functions of this file are the complete list of those that the simulator sends.
type refusal struct {
	status int
	body   any
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%d %v", r.status, r.body)
}

// plainText and page are bodies that are no JSON: plain text, and HTML.
type (
	plainText string
	page      string
)

// replyTo returns the answer to a request that is not carried out. Beside refusals only the body of a request can be
// wrong: its client went away.
func replyTo(err error) reply {
	var refused *refusal
	if errors.As(err, &refused) {
		return reply{status: refused.status, body: refused.body}
	}
	return reply{status: http.StatusBadRequest, body: map[string]any{"error": err.Error()}}
}

func notAuthenticated() error {
	return &refusal{http.StatusUnauthorized, map[string]any{"error": "Couldn't authenticate you"}}
}

func invalidToken() error {
	return &refusal{http.StatusUnauthorized, map[string]any{
		"error":             "invalid_token",
		"error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
	}}
}

func forbidden() error {
	return titled(http.StatusForbidden, "Forbidden",
		"You do not have access to this page. Please contact the account owner of this help desk for further help.")
}

func noHelpDesk(host string) error {
	return titled(http.StatusNotFound, "No help desk at "+host,
		"There is no help desk configured at this address. This means that the address is available.")
}

func titled(status int, title, message string) error {
	return &refusal{status, map[string]any{"error": map[string]any{"title": title, "message": message}}}
}

func recordNotFound() error {
	return described(http.StatusNotFound, "RecordNotFound", "Not found")
}

// lacking answers as Zendesk answers a path that it does not know, but for the description: it says whose gap it is.
func lacking(c *call) error {
	endpoint := endpointOf(c.request)
	if endpoint == "" {
		return described(http.StatusNotFound, "InvalidEndpoint", "Not found")
	}
	c.header.Set(LacksHeader, endpoint)
	return described(http.StatusNotFound, "InvalidEndpoint",
		"the simulator does not have "+endpoint+": give its answer by --replies (docs/testing.md)")
}

func described(status int, code, description string) error {
	return &refusal{status, map[string]any{"error": code, "description": description}}
}

// unparsable answers a body that is not JSON. Zendesk does not document it; the simulator answers 422.
func unparsable() error {
	return &refusal{http.StatusUnprocessableEntity, map[string]any{
		"error": "Unprocessable Entity", "message": "Server could not parse JSON",
	}}
}

func bodyTooLarge() error {
	return &refusal{http.StatusRequestEntityTooLarge, map[string]any{"error": "RequestEntityTooLarge"}}
}

// invalidAttribute answers a value of a wrong JSON type, or an impossible parameter. The problem is a predicate
// such as "must be an array"; the action names the endpoint.
func invalidAttribute(attribute, problem, action string) error {
	return titled(http.StatusBadRequest, "Invalid attribute", fmt.Sprintf(
		"You passed an invalid value for the %s attribute. Invalid parameter: %s %s from api/v2/%s",
		attribute, attribute, problem, action))
}

// tooManyValues answers a list that is longer than an endpoint takes at once.
func tooManyValues(most int, what string) error {
	return described(http.StatusBadRequest, "TooManyValues", fmt.Sprintf("Maximum %d %s may be requested per call", most, what))
}

// coded answers in the envelope of the newer endpoints: paging and events.
func coded(status int, code, title string) error {
	return &refusal{status, codedBody(map[string]any{"code": code, "title": title})}
}

// codedWithID is coded with the id of the request, as the events endpoints send it.
func codedWithID(status int, code, title, id string) error {
	return &refusal{status, codedBody(map[string]any{"code": code, "title": title, "id": id})}
}

func codedBody(problem map[string]any) map[string]any {
	return map[string]any{"errors": []any{problem}}
}

// The codes that Zendesk puts beside the localised texts of its validation errors.
const (
	duplicateValue = "DuplicateValue"
	blankValue     = "BlankValue"
	invalidValue   = "InvalidValue"
	valueTooShort  = "ValueTooShort"
	valueTooLong   = "ValueTooLong"
)

// A problem is one reason why a record is invalid.
type problem struct {
	Description string `json:"description"`
	Error       string `json:"error"`
	FieldKey    int64  `json:"field_key,omitempty"` // id of the custom field that refuses its value
}

// problems are the reasons why a record is invalid, by attribute.
type problems map[string][]problem

func (p problems) add(attribute, code, description string) {
	p[attribute] = append(p[attribute], problem{Description: description, Error: code})
}

// refusal returns the answer to an invalid record, and nil where there is no problem.
func (p problems) refusal() error {
	if len(p) == 0 {
		return nil
	}
	return &refusal{http.StatusUnprocessableEntity, map[string]any{
		"error": "RecordInvalid", "description": "Record validation errors", "details": p,
	}}
}
