package zendesksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/internal/spell"
)

// WriteJSON writes the account as indented JSON, which [ReadAccount] reads. Equal accounts come out equal.
func (a Account) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(a)
}

// ReadAccount reads an account in the shapes of the API, as [Account.WriteJSON] writes it or as somebody wrote it by
// hand. A member that an account does not have is an error. An attribute of a record that the simulator does not have
// is passed over, because records may come from a real account, unless it is a misspelling of one that it has.
//
// References between records are checked by [New].
func ReadAccount(r io.Reader) (Account, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return Account{}, fmt.Errorf("read account: %w", err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return Account{}, errors.New("account: there is nothing in it; an account that holds nothing is {}")
	}
	var members map[string]json.RawMessage
	if err := decodeJSON(data, &members); err != nil {
		return Account{}, fmt.Errorf("account: %w", err)
	}
	var account Account
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := account.decode(name, members[name]); err != nil {
			return Account{}, fmt.Errorf("account: %w", err)
		}
	}
	return account, nil
}

// decode reads one list of an account.
func (a *Account) decode(name string, data []byte) (err error) {
	switch name {
	case "users":
		a.Users, err = decodeList[User](name, data, "url")
	case "identities":
		a.Identities, err = decodeList[Identity](name, data, "url", "deliverable_state")
	case "user_fields":
		a.UserFields, err = decodeList[Field](name, data, "url", "tag", "custom_field_options")
	case "organization_fields":
		a.OrganizationFields, err = decodeList[Field](name, data, "url", "tag", "custom_field_options")
	case "organizations":
		a.Organizations, err = decodeList[Organization](name, data, "url")
	case "organization_memberships":
		a.Memberships, err = decodeList[Membership](name, data, "url")
	case "events":
		a.Events, err = decodeList[Event](name, data, "user_id")
	default:
		err = unknownMember(name, []string{
			"users", "identities", "user_fields", "organization_fields", "organizations", "organization_memberships", "events",
		})
	}
	return err
}

func unknownMember(name string, known []string) error {
	for _, member := range known {
		if strings.Contains(member, name) {
			return fmt.Errorf("unknown member %q. Did you mean %q?", name, member)
		}
	}
	return fmt.Errorf("unknown member %q. %s", name, spell.Advice(name, known))
}

// decodeList decodes the records of a list. Omitted are the attributes that a zero record is written without.
func decodeList[T any](name string, data []byte, omitted ...string) ([]T, error) {
	var elements []json.RawMessage
	if err := decodeJSON(data, &elements); err != nil {
		return nil, fmt.Errorf("%s: must be an array: %w", name, err)
	}
	known := append(memberNames[T](), omitted...)
	list := make([]T, len(elements))
	for i, element := range elements {
		if err := decodeRecord(element, known, &list[i]); err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", name, i, err)
		}
	}
	return list, nil
}

func decodeRecord(data []byte, known []string, into any) error {
	var members map[string]json.RawMessage
	if err := decodeJSON(data, &members); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if nearest, misspelt := misspelling(name, known); misspelt {
			return fmt.Errorf("unknown attribute %q; did you mean %q?", name, nearest)
		}
	}
	return decodeJSON(data, into)
}

// memberNames returns the names of the attributes that the zero value of a record is written with.
func memberNames[T any]() []string {
	var zero T
	data, err := encodeJSON(zero)
	if err != nil { // The zero value of every record can be encoded.
		panic(err)
	}
	var members map[string]any
	if err := json.Unmarshal(data, &members); err != nil {
		panic(err)
	}
	return slices.Sorted(maps.Keys(members))
}

// misspelling returns the known name that a name was probably meant to be.
func misspelling(name string, known []string) (nearest string, misspelt bool) {
	if slices.Contains(known, name) {
		return "", false
	}
	for _, candidate := range known {
		if spell.Distance(fold(name), candidate) <= 1+len(candidate)/8 {
			return candidate, true
		}
	}
	return "", false
}
