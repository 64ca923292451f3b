package zendesksim

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The endpoints: https://developer.zendesk.com/api-reference/ticketing/users/events-api/events-api/
// They have an error envelope of their own, and ids that are strings.

func (s *Server) eventRoutes() []route {
	return []route{
		get("users/{user_id}/events", "users/events", s.ifEvents(s.listEvents)).forEvents(),
		post("users/{user_id}/events", "users/events", s.ifEvents(s.createEvent)).forEvents().limitedBy(s.limitEventsKept),
	}
}

// ifEvents answers as on a plan without events where the option says so.
func (s *Server) ifEvents(handle func(*call) (reply, error)) func(*call) (reply, error) {
	if !s.opts.NoEvents {
		return handle
	}
	return func(c *call) (reply, error) {
		return reply{}, codedWithID(http.StatusForbidden, "APIUnavailable", "API is unavailable for this account", c.id)
	}
}

// Limits: https://developer.zendesk.com/api-reference/custom-data/introduction/
const (
	maxKindLength           = 40 // of a source or type
	maxIdentifierTypeLength = 60
	maxIdentifiers          = 20
	maxSources              = 50
	maxTypes                = 2500
)

// eventProblem refuses a member of an event or profile. Zendesk documents a few codes of this form only,
// such as StartTimestampNotValid; the simulator makes up the others alike.
func (c *call) eventProblem(path, problem string) error {
	words := strings.FieldsFunc(path[strings.LastIndex(path, ".")+1:], func(r rune) bool { return r == '_' })
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return codedWithID(http.StatusBadRequest, strings.Join(words, "")+"NotValid",
		fmt.Sprintf("%s is not valid: %s %s", strings.Join(words, " "), path, problem), c.id)
}

func (c *call) sourceNotValid() error {
	return codedWithID(http.StatusBadRequest, "SourceNotValid", "Source is not valid", c.id)
}

// userOfEvents returns the user that the path names, or a refusal in the envelope of these endpoints.
func (s *Server) userOfEvents(c *call) (*User, error) {
	id, err := c.intParam("user_id")
	if err != nil {
		return nil, err
	}
	user := s.store.liveUser(id)
	if user == nil {
		return nil, codedWithID(http.StatusNotFound, "UserNotFound", "User not found", c.id)
	}
	return user, nil
}

// An eventInput is an event with the profile that it is told for.
type eventInput struct {
	event, profile kind
	description    string
	properties     map[string]any
	createdAt      sent[string]
	identifiers    []identifier
}

// A kind is what an event or a profile is about.
type kind struct {
	source, name string
}

// An identifier says who a profile belongs to.
type identifier struct {
	kind, value string
}

func readEvent(c *call) (eventInput, error) {
	reader := &refusals{refuse: c.eventProblem}
	profile, err := rootAttributes(c.body, "profile", reader)
	if err != nil {
		return eventInput{}, err
	}
	event, err := rootAttributes(c.body, "event", reader)
	if err != nil {
		return eventInput{}, err
	}
	in := eventInput{
		event:       event.kind(),
		profile:     profile.kind(),
		description: event.text("description").value,
		properties:  event.members("properties"),
		createdAt:   event.text("created_at"),
		identifiers: profile.identifiers(),
	}
	if in.properties == nil {
		event.add("event.properties", "must be present")
	}
	profile.optionalProfile()
	return in, reader.err
}

// kind reads the source and the type of an event or profile.
func (a *attributes) kind() kind {
	return kind{a.shortText("source", maxKindLength), a.shortText("type", maxKindLength)}
}

func (a *attributes) requiredText(name string) string {
	text := a.text(name).value
	if strings.TrimSpace(text) == "" {
		a.add(a.member(name), "must be present")
	}
	return text
}

func (a *attributes) shortText(name string, most int) string {
	text := a.requiredText(name)
	if utf8.RuneCountInString(text) > most {
		a.add(a.member(name), "must not be longer than "+strconv.Itoa(most)+" characters")
	}
	return text
}

func (a *attributes) identifiers() []identifier {
	var list []identifier
	for _, object := range a.objects("identifiers") {
		list = append(list, identifier{
			kind:  object.shortText("type", maxIdentifierTypeLength),
			value: object.requiredText("value"),
		})
	}
	switch {
	case len(list) == 0:
		a.add(a.member("identifiers"), "must be present")
	case len(list) > maxIdentifiers:
		a.add(a.member("identifiers"), "must not be more than "+strconv.Itoa(maxIdentifiers))
	}
	return list
}

// optionalProfile checks the members of a profile that the simulator does not keep.
// https://developer.zendesk.com/documentation/custom-data/profiles/anatomy-of-a-profile/ says that all are strings.
func (a *attributes) optionalProfile() {
	a.text("name")
	a.text("user_id")
	custom := a.object("attributes")
	if custom == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(custom.values)) {
		if _, isText := custom.values[name].(string); !isText {
			a.add(a.member("attributes"), "must be strings")
		}
	}
}

// createEvent keeps an event, which can be read at once. There is no detection of duplicates.
func (s *Server) createEvent(c *call) (reply, error) {
	in, err := readEvent(c)
	if err != nil {
		return reply{}, err
	}
	user, err := s.userOfEvents(c)
	if err != nil {
		return reply{}, err
	}
	event, err := s.newEvent(c, in)
	if err != nil {
		return reply{}, err
	}
	if err := s.store.checkIdentifiers(c, user, in.identifiers); err != nil {
		return reply{}, err
	}
	s.store.addEvent(user, event, in)
	return reply{status: http.StatusAccepted, body: map[string]any{
		"status":     "received",
		"profile_id": profileID(user.ID, in.profile),
		"user_id":    strconv.FormatInt(user.ID, 10),
	}}, nil
}

// newEvent checks what an event says about itself.
func (s *Server) newEvent(c *call, in eventInput) (*Event, error) {
	if strings.EqualFold(in.event.source, "zendesk") || strings.EqualFold(in.profile.source, "zendesk") {
		return nil, c.sourceNotValid() // It is Zendesk's own.
	}
	if err := s.store.checkKinds(c, in); err != nil {
		return nil, err
	}
	// Zendesk does not document a limit of the size.
	encoded, err := encodeJSON(in.properties)
	if err != nil || len(encoded) > limit(s.opts.MaxProperties, defaultMaxProperties) {
		return nil, codedWithID(http.StatusRequestEntityTooLarge, "PropertiesTooLarge", "Properties are too large", c.id)
	}
	event := &Event{
		Source:      in.event.source,
		Type:        in.event.name,
		Description: Text(in.description),
		Properties:  in.properties,
		CreatedAt:   s.store.now(),
		ReceivedAt:  s.store.now(),
	}
	if in.createdAt.present() {
		at, valid := parseTime(in.createdAt.value)
		if !valid {
			return nil, c.eventProblem("event.created_at", "must be an ISO 8601 time")
		}
		event.CreatedAt = at.UTC()
	}
	return event, nil
}

// checkKinds refuses the source or type that is one too many for the account.
func (st *store) checkKinds(c *call, in eventInput) error {
	if excess := st.eventKinds.excess(in.event); excess != "" {
		return c.eventProblem("event."+excess, "is one too many for this account")
	}
	if excess := st.profileKinds.excess(in.profile); excess != "" {
		return c.eventProblem("profile."+excess, "is one too many for this account")
	}
	return nil
}

// checkIdentifiers refuses identifiers that would make one user of two. Nothing is stored before all of them are checked.
func (st *store) checkIdentifiers(c *call, user *User, identifiers []identifier) error {
	var externalIDs []string
	for _, identifier := range identifiers {
		switch {
		case identifier.kind == "external_id":
			externalIDs = append(externalIDs, fold(identifier.value))
		case !isEventIdentity(identifier.kind):
		case identifier.kind == emailIdentity && !isEmail(identifier.value):
			return c.eventProblem("profile.identifiers.value", "must be an email address")
		case st.belongsToOther(user, identifier.kind, identifier.value):
			return c.identifierConflict()
		}
	}
	return st.checkExternalIDs(c, user, externalIDs)
}

// checkExternalIDs allows one external id: the user's own, or any free one where the user has none.
// Zendesk does not document the refusal of others.
func (st *store) checkExternalIDs(c *call, user *User, externalIDs []string) error {
	own := fold(string(user.ExternalID))
	if own == "" && len(externalIDs) > 0 {
		own = externalIDs[0]
	}
	for _, externalID := range externalIDs {
		holder, taken := st.externalIDs[externalID]
		if externalID != own || taken && holder != user.ID {
			return c.identifierConflict()
		}
	}
	return nil
}

func (c *call) identifierConflict() error {
	return codedWithID(http.StatusBadRequest, "IdentifierConflict", "Identifiers belong to different users", c.id)
}

// isEventIdentity reports whether an identifier is more than a label: its value becomes an identity of the user.
func isEventIdentity(kind string) bool {
	switch kind {
	case emailIdentity, phoneIdentity, twitterIdentity, "facebook", "sdk":
		return true
	}
	return false
}

// addEvent keeps a checked event and gives the user the identifiers that are new.
// https://developer.zendesk.com/documentation/custom-data/events/tracking-events/
func (st *store) addEvent(user *User, event *Event, in eventInput) {
	for _, identifier := range in.identifiers {
		switch {
		case identifier.kind == "external_id" && user.ExternalID == "":
			st.setExternalID(user, sent[string]{given: true, value: identifier.value})
		case isEventIdentity(identifier.kind) && st.identityAt(identifier.kind, identifier.value) == nil:
			st.addIdentity(user, identifier.kind, identifier.value)
		}
	}
	st.eventCount++
	event.ID = eventID(st.eventCount)
	event.UserID = user.ID
	st.insertEvent(event)
	st.profileKinds.add(in.profile)
}

func (st *store) insertEvent(event *Event) {
	st.events[event.UserID] = append(st.events[event.UserID], event)
	st.eventKinds.add(kind{event.Source, event.Type})
}

// kinds are the sources and types that an account uses.
type kinds struct {
	sources map[string]bool
	types   map[kind]bool
}

func newKinds() kinds {
	return kinds{sources: map[string]bool{}, types: map[kind]bool{}}
}

// excess returns which member of another kind there is no room for, and nothing where there is.
func (k kinds) excess(another kind) string {
	switch {
	case !k.sources[another.source] && len(k.sources) >= maxSources:
		return "source"
	case !k.types[another] && len(k.types) >= maxTypes:
		return "type"
	}
	return ""
}

func (k kinds) add(another kind) {
	k.sources[another.source] = true
	k.types[another] = true
}

// Ids of events and profiles look like the ULIDs of Zendesk, without their clock and their randomness:
// equal requests get equal ids.

func crockford() *base32.Encoding {
	return base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
}

const ulidStart = "01E1DPYA"

// eventID returns the id of the nth event. Ids are in the order of the events.
func eventID(n int64) string {
	return ulidStart + fmt.Sprintf("%018d", n)
}

// eventNumber returns the number of an event that eventID made the id of, and 0 for other ids.
func eventNumber(id string) int64 {
	digits, found := strings.CutPrefix(id, ulidStart)
	number, err := strconv.ParseInt(digits, 10, 64)
	if !found || err != nil {
		return 0
	}
	return number
}

func profileID(userID int64, about kind) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%q:%q", userID, about.source, about.name))
	return ulidStart + crockford().EncodeToString(sum[:])[:18]
}

// listEvents lists the events of a user in the order of their arrival.
//
// The links of this endpoint are an array, and the last one leads nowhere.
func (s *Server) listEvents(c *call) (reply, error) {
	wanted, err := readEventFilter(c)
	if err != nil {
		return reply{}, err
	}
	user, err := s.userOfEvents(c)
	if err != nil {
		return reply{}, err
	}
	events := listing[Event]{
		name: "events",
		id:   func(e *Event) string { return e.ID },
		show: func(e *Event) any { return shownEvent(e) },
	}
	for _, event := range s.store.events[user.ID] {
		if wanted.accepts(event) {
			events.records = append(events.records, event)
		}
	}
	return eventPage(c, events)
}

func shownEvent(event *Event) Event {
	shown := *event
	shown.UserID = 0
	return shown
}

func eventPage(c *call, events listing[Event]) (reply, error) {
	start, end, err := events.window(c.query)
	if err != nil {
		return reply{}, err
	}
	next, meta := "", map[string]any{"has_more": false}
	if end < len(events.records) {
		after := events.cursor(end - 1)
		next, meta = c.self(with(c.query, "page[after]", after)), map[string]any{"has_more": true, "after_cursor": after}
	}
	return ok(map[string]any{
		"events": events.shown(start, end),
		"links":  []any{map[string]any{"next": next}},
		"meta":   meta,
	}), nil
}

// An eventFilter is the filter[...] part of a query.
type eventFilter struct {
	source, name string
	start, end   time.Time // zero: no bound
}

func readEventFilter(c *call) (eventFilter, error) {
	filter := eventFilter{source: c.query.Get("filter[source]"), name: c.query.Get("filter[type]")}
	if filter.name != "" && filter.source == "" {
		return filter, codedWithID(http.StatusBadRequest, "SourceNotValid", "filter[type] needs filter[source]", c.id)
	}
	var err error
	if filter.start, err = filterTime(c, "start_time", "StartTimestampNotValid", "Start Timestamp not valid"); err != nil {
		return filter, err
	}
	filter.end, err = filterTime(c, "end_time", "EndTimestampNotValid", "End Timestamp not valid")
	return filter, err
}

func filterTime(c *call, name, code, title string) (time.Time, error) {
	text := c.query.Get("filter[" + name + "]")
	if text == "" {
		return time.Time{}, nil
	}
	at, valid := parseTime(text)
	if !valid {
		return at, codedWithID(http.StatusBadRequest, code, title, c.id)
	}
	return at, nil
}

func (f eventFilter) accepts(event *Event) bool {
	return (f.source == "" || f.source == event.Source) &&
		(f.name == "" || f.name == event.Type) &&
		(f.start.IsZero() || !event.CreatedAt.Before(f.start)) &&
		(f.end.IsZero() || !event.CreatedAt.After(f.end))
}

// parseTime reads an ISO 8601 time; one without a zone is in UTC.
func parseTime(text string) (time.Time, bool) {
	text = strings.Replace(text, ",", ".", 1) // ISO 8601 allows either before fractions of a second.
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly, "20060102T150405Z0700",
	} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
