package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

// simulated is the destination that there is a simulator of. This file and
// sim.go are the only ones of the command that know it.
const simulated = "zendesk"

// A simulator stands in for the account of a destination.
type simulator struct{ *zendesksim.Server }

// newSimulator starts a simulator for a destination with what an account file
// holds; without one it is empty.
func newSimulator(destination, accountFile string) (simulator, error) {
	if destination != simulated {
		return simulator{}, noSimulator(destination)
	}
	account, err := readAccount(accountFile)
	if err != nil {
		return simulator{}, err
	}
	server, err := zendesksim.New(zendesksim.Options{Account: account})
	if err != nil {
		return simulator{}, fmt.Errorf("account %s: %w", accountFile, err)
	}
	return simulator{Server: server}, nil
}

func noSimulator(destination string) error {
	return fmt.Errorf("there is no simulator for %q, only for %q: use --base-url", destination, simulated)
}

// lacked names the endpoint that the simulator was asked for and does not have;
// empty where it has it.
func lacked(answer http.Header) string { return answer.Get(zendesksim.LacksHeader) }

func readAccount(name string) (zendesksim.Account, error) {
	if name == "" {
		return zendesksim.Account{}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return zendesksim.Account{}, fmt.Errorf("account %s: %w", name, pathError(err))
	}
	defer file.Close()
	account, err := zendesksim.ReadAccount(file)
	if err != nil {
		return account, fmt.Errorf("account %s: %w", name, err)
	}
	return account, nil
}

// cases is [caseSimulator] that says what the simulator does not have.
func (h *hinter) cases(account []byte, now func() time.Time) (http.Handler, error) {
	made, err := caseSimulator(account, now)
	if err != nil {
		return nil, err
	}
	return h.over(made), nil
}

// caseSimulator is a fresh simulator for one case, with the clock of the case.
func caseSimulator(account []byte, now func() time.Time) (http.Handler, error) {
	options := zendesksim.Options{Now: now}
	if account != nil {
		var err error
		if options.Account, err = zendesksim.ReadAccount(bytes.NewReader(account)); err != nil {
			return nil, err
		}
	}
	return zendesksim.New(options)
}

// dumpSimulator gives what a simulator of [caseSimulator] holds.
func dumpSimulator(handler http.Handler) ([]byte, error) {
	if listened, ok := handler.(hinted); ok {
		handler = listened.Handler
	}
	server, ok := handler.(*zendesksim.Server)
	if !ok {
		return nil, errors.New("this is not the simulator that was handed out")
	}
	var dumped bytes.Buffer
	err := server.Account().WriteJSON(&dumped)
	return dumped.Bytes(), err
}

// A holding is how many things of a kind an account holds, and the names of a few.
type holding struct {
	what  string
	n     int
	names []string
}

// maxNames is how many names fit in a line at most.
const maxNames = 8

func (s simulator) holdings() []holding {
	account := s.Account()
	fieldKey := func(f zendesksim.Field) string { return f.Key }
	return []holding{
		hold("users", account.Users, func(u zendesksim.User) string { return u.Name }),
		hold("organizations", account.Organizations, func(o zendesksim.Organization) string { return o.Name }),
		hold("memberships", account.Memberships, nil),
		hold("user fields", account.UserFields, fieldKey),
		hold("organization fields", account.OrganizationFields, fieldKey),
		hold("events", account.Events, func(e zendesksim.Event) string { return e.Type }),
	}
}

// hold counts things and names a few of them, in the order of the alphabet.
// Things without a name of their own are only counted.
func hold[T any](what string, things []T, name func(T) string) holding {
	held := holding{what: what, n: len(things)}
	if name == nil {
		return held
	}
	for _, thing := range things {
		held.names = append(held.names, name(thing))
	}
	slices.Sort(held.names)
	held.names = slices.Compact(held.names)
	held.names = held.names[:min(len(held.names), maxNames)]
	return held
}

// accountField is a custom field that an account has, under the name of its list
// in the records that hold its values.
type accountField struct {
	kind    string
	accepts func(raw []byte) bool
}

// accountFields lists the custom fields of an account, such as user_fields.plan.
func accountFields(account []byte) (map[string]accountField, error) {
	read, err := zendesksim.ReadAccount(bytes.NewReader(account))
	if err != nil {
		return nil, err
	}
	all := map[string]accountField{}
	for _, f := range read.UserFields {
		all["user_fields."+f.Key] = accountField{f.Type, f.Accepts}
	}
	for _, f := range read.OrganizationFields {
		all["organization_fields."+f.Key] = accountField{f.Type, f.Accepts}
	}
	return all, nil
}
