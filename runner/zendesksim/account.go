package zendesksim

import (
	"encoding/json"
	"time"
)

// An Account is the state of a simulated account, in the shapes of the API. In a seed, everything may be left out
// that is not needed to tell what is meant: ids and times are assigned, an email or phone of a user makes its
// identity, an organization_id makes the membership, and a custom field needs nothing but its key.
//
// A url is never part of an account, because it names the host that was asked.
type Account struct {
	Users              []User         `json:"users"`
	Identities         []Identity     `json:"identities"`
	UserFields         []Field        `json:"user_fields"`
	OrganizationFields []Field        `json:"organization_fields"`
	Organizations      []Organization `json:"organizations"`
	Memberships        []Membership   `json:"organization_memberships"`
	Events             []Event        `json:"events"`
}

// Text is a string that is null in JSON where it is empty: Zendesk keeps no empty strings.
type Text string

// MarshalJSON implements [json.Marshaler].
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return encodeJSON(string(t))
}

// Ref is the id of another record, or 0, which is null in JSON, for none.
type Ref int64

// MarshalJSON implements [json.Marshaler].
func (r Ref) MarshalJSON() ([]byte, error) {
	if r == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(int64(r))
}

// A User is an end user, an agent or an admin.
// https://developer.zendesk.com/api-reference/ticketing/users/users/#json-format
type User struct {
	ID                  int64          `json:"id"`
	URL                 string         `json:"url,omitempty"` // in answers only
	Name                string         `json:"name"`
	Email               Text           `json:"email"` // of the primary email identity
	CreatedAt           time.Time      `json:"created_at"`
	UpdatedAt           time.Time      `json:"updated_at"`
	TimeZone            string         `json:"time_zone"`
	Phone               Text           `json:"phone"` // of the primary phone identity, or a shared number
	LocaleID            int64          `json:"locale_id"`
	Locale              string         `json:"locale"`
	OrganizationID      Ref            `json:"organization_id"` // of the default membership
	Role                string         `json:"role"`
	Verified            bool           `json:"verified"` // whether any identity is
	ExternalID          Text           `json:"external_id"`
	Tags                []string       `json:"tags"`
	Alias               Text           `json:"alias"`
	Signature           Text           `json:"signature"`
	Details             Text           `json:"details"`
	Notes               Text           `json:"notes"`
	CustomRoleID        Ref            `json:"custom_role_id"`
	Moderator           bool           `json:"moderator"`
	TicketRestriction   Text           `json:"ticket_restriction"`
	OnlyPrivateComments bool           `json:"only_private_comments"`
	RestrictedAgent     bool           `json:"restricted_agent"`
	Suspended           bool           `json:"suspended"`
	DefaultGroupID      Ref            `json:"default_group_id"`
	UserFields          map[string]any `json:"user_fields"` // by key; strings, bools, json.Numbers, []string or nil

	SharedPhoneNumber bool `json:"-"` // the number belongs to no identity; null in JSON where there is no number
	Deleted           bool `json:"-"` // "active" in JSON, the other way round
}

// plainUser is a User without its methods.
type plainUser User

// userJSON is a User as JSON shows it, with the attributes that nothing in the simulator ever changes.
type userJSON struct {
	plainUser
	Active               bool  `json:"active"`
	SharedPhoneNumber    *bool `json:"shared_phone_number"`
	IANATimeZone         Text  `json:"iana_time_zone"`
	Photo                any   `json:"photo"`
	RoleType             any   `json:"role_type"`
	LastLoginAt          any   `json:"last_login_at"`
	Shared               bool  `json:"shared"`
	SharedAgent          bool  `json:"shared_agent"`
	TwoFactorAuthEnabled any   `json:"two_factor_auth_enabled"`
	ReportCSV            bool  `json:"report_csv"`
}

// MarshalJSON implements [json.Marshaler].
func (u User) MarshalJSON() ([]byte, error) {
	shown := userJSON{
		plainUser:            plainUser(u),
		Active:               !u.Deleted,
		IANATimeZone:         Text(ianaTimeZone(u.TimeZone)),
		TwoFactorAuthEnabled: false,
	}
	if u.Phone != "" {
		shown.SharedPhoneNumber = &u.SharedPhoneNumber
	}
	return encodeJSON(shown)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (u *User) UnmarshalJSON(data []byte) error {
	shown := userJSON{plainUser: plainUser(newUser()), Active: true}
	if err := decodeJSON(data, &shown); err != nil {
		return err
	}
	*u = User(shown.plainUser)
	u.Deleted = !shown.Active
	u.SharedPhoneNumber = shown.SharedPhoneNumber != nil && *shown.SharedPhoneNumber
	return nil
}

// An Identity is an address under which a user is known.
// https://developer.zendesk.com/api-reference/ticketing/users/user_identities/#json-format
//
// In a seed, an identity is primary where it says so or where it is the email or phone of its user.
type Identity struct {
	ID                 int64      `json:"id"`
	URL                string     `json:"url,omitempty"` // in answers only
	UserID             int64      `json:"user_id"`
	Type               string     `json:"type"`
	Value              string     `json:"value"`
	Verified           bool       `json:"verified"`
	VerificationMethod string     `json:"verification_method"`
	VerifiedAt         *time.Time `json:"verified_at"`
	Primary            bool       `json:"primary"`
	CreatedAt          time.Time  `json:"created_at"`
	UpdatedAt          time.Time  `json:"updated_at"`
	UndeliverableCount int        `json:"undeliverable_count"`
	DeliverableState   string     `json:"deliverable_state,omitempty"` // of emails only
}

// A Field is a custom field of users or of organizations.
// https://developer.zendesk.com/api-reference/ticketing/users/user_fields/#json-format
type Field struct {
	ID                  int64         `json:"id"`
	URL                 string        `json:"url,omitempty"` // in answers only
	Type                string        `json:"type"`
	Key                 string        `json:"key"`
	Title               string        `json:"title"`
	Description         string        `json:"description"`
	Position            int64         `json:"position"`
	System              bool          `json:"system"`
	RegexpForValidation Text          `json:"regexp_for_validation"`
	Tag                 Text          `json:"tag,omitempty"`                  // of a checkbox
	Options             []FieldOption `json:"custom_field_options,omitempty"` // of a dropdown or multiselect
	CreatedAt           time.Time     `json:"created_at"`
	UpdatedAt           time.Time     `json:"updated_at"`

	Inactive bool `json:"-"` // "active" in JSON, the other way round
}

// A FieldOption is a choice of a dropdown or multiselect field.
type FieldOption struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// plainField is a Field without its methods.
type plainField Field

// fieldJSON is a Field as JSON shows it. The raw texts hold placeholders in Zendesk, which the simulator has none of.
type fieldJSON struct {
	plainField
	Active         bool   `json:"active"`
	RawTitle       string `json:"raw_title"`
	RawDescription string `json:"raw_description"`
}

// MarshalJSON implements [json.Marshaler].
func (f Field) MarshalJSON() ([]byte, error) {
	return encodeJSON(fieldJSON{plainField(f), !f.Inactive, f.Title, f.Description})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (f *Field) UnmarshalJSON(data []byte) error {
	shown := fieldJSON{Active: true}
	if err := decodeJSON(data, &shown); err != nil {
		return err
	}
	*f = Field(shown.plainField)
	f.Inactive = !shown.Active
	return nil
}

// An Organization is a group of users.
// https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#json-format
type Organization struct {
	ID                 int64          `json:"id"`
	URL                string         `json:"url,omitempty"` // in answers only
	Name               string         `json:"name"`
	SharedTickets      bool           `json:"shared_tickets"`
	SharedComments     bool           `json:"shared_comments"`
	ExternalID         Text           `json:"external_id"`
	CreatedAt          time.Time      `json:"created_at"`
	UpdatedAt          time.Time      `json:"updated_at"`
	DomainNames        []string       `json:"domain_names"`
	Details            Text           `json:"details"`
	Notes              Text           `json:"notes"`
	GroupID            Ref            `json:"group_id"`
	Tags               []string       `json:"tags"`
	OrganizationFields map[string]any `json:"organization_fields"` // as User.UserFields
}

// plainOrganization is an Organization without its methods.
type plainOrganization Organization

// UnmarshalJSON implements [json.Unmarshaler]. It keeps the exact text of numbers.
func (o *Organization) UnmarshalJSON(data []byte) error {
	return decodeJSON(data, (*plainOrganization)(o))
}

// A Membership says that a user belongs to an organization.
// https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/#json-format
type Membership struct {
	ID               int64     `json:"id"`
	URL              string    `json:"url,omitempty"` // in answers only
	UserID           int64     `json:"user_id"`
	OrganizationID   int64     `json:"organization_id"`
	OrganizationName string    `json:"organization_name"`
	Default          Mark      `json:"default"`
	ViewTickets      bool      `json:"view_tickets"`
	CreatedAt        time.Time `json:"created_at"`
	UpdatedAt        time.Time `json:"updated_at"`
}

// Mark is a boolean that is true or null in JSON, never false: Zendesk shows the default membership so.
type Mark bool

// MarshalJSON implements [json.Marshaler].
func (m Mark) MarshalJSON() ([]byte, error) {
	if m {
		return []byte("true"), nil
	}
	return []byte("null"), nil
}

// An Event is something a user did, told by another system.
// https://developer.zendesk.com/api-reference/ticketing/users/events-api/events-api/
type Event struct {
	ID          string         `json:"id"`
	UserID      int64          `json:"user_id,omitempty"` // in accounts only
	Source      string         `json:"source"`
	Type        string         `json:"type"`
	Description Text           `json:"description"`
	Properties  map[string]any `json:"properties"`
	CreatedAt   time.Time      `json:"created_at"`
	ReceivedAt  time.Time      `json:"received_at"`
}

// plainEvent is an Event without its methods.
type plainEvent Event

// UnmarshalJSON implements [json.Unmarshaler]. It keeps the exact text of numbers.
func (e *Event) UnmarshalJSON(data []byte) error {
	return decodeJSON(data, (*plainEvent)(e))
}

// newUser returns what a user has who was given nothing.
func newUser() User {
	return User{
		TimeZone:          defaultTimeZone,
		LocaleID:          defaultLocale.ID,
		Locale:            defaultLocale.Tag,
		Role:              roleEndUser,
		TicketRestriction: "requested",
		RestrictedAgent:   true,
		Tags:              []string{},
		UserFields:        map[string]any{},
	}
}
