package runner

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// journalVersion is that of the format. Another one is refused.
const journalVersion = 1

// journalMarker is how every journal begins.
const journalMarker = `{"deskrules_journal":`

// A journalHeader is the first line. It says what the journal belongs to,
// without telling anything that is secret: of settings it has hashes, and of
// the address no path, which may be as good as a password.
type journalHeader struct {
	Version     int               `json:"deskrules_journal"`
	Destination string            `json:"destination"`
	Rules       string            `json:"rules"`
	Settings    map[string]string `json:"settings"` // hashes, by name
	Origin      string            `json:"origin"`
	Address     string            `json:"address"` // a hash
}

func newJournalHeader(p *engine.Program, settings map[string]any, base *url.URL) journalHeader {
	h := journalHeader{
		Version: journalVersion, Destination: p.Name(), Rules: p.Fingerprint(), Settings: map[string]string{},
		Origin: origin(base), Address: digest([]byte(base.String())),
	}
	for _, s := range p.Settings() {
		if value, given := settings[s.Name]; given && !s.Secret {
			h.Settings[s.Name] = digest([]byte(settingText(value)))
		}
	}
	return h
}

func settingText(value any) string {
	if text, err := json.Marshal(value); err == nil {
		return string(text)
	}
	return fmt.Sprintf("%#v", value)
}

// digest is a hash that no two different things share by accident.
func digest(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d ", len(part)) // a hash does not fail
		_, _ = h.Write(part)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// differs says what keeps a run from going on with the journal.
func (h journalHeader) differs(own journalHeader) error {
	var other []string
	if h.Rules != own.Rules {
		other = append(other, h.otherRules(own))
	}
	if names := otherSettings(h.Settings, own.Settings); len(names) > 0 {
		other = append(other, "with other settings ("+strings.Join(names, ", ")+")")
	}
	if h.Address != own.Address {
		other = append(other, h.otherAddress(own))
	}
	if len(other) == 0 {
		return nil
	}
	return errors.New("it is of a run " + strings.Join(other, ", ") +
		". Go on with what that run had, or name a new journal, which begins anew and sends everything again")
}

func (h journalHeader) otherRules(own journalHeader) string {
	if h.Destination != own.Destination {
		return fmt.Sprintf("with the rules of %s, not of %s", h.Destination, own.Destination)
	}
	return "with other rules"
}

func (h journalHeader) otherAddress(own journalHeader) string {
	if h.Origin != own.Origin {
		return fmt.Sprintf("to %s, not to %s", h.Origin, own.Origin)
	}
	return "to another address of " + h.Origin
}

// otherSettings lists those that are not the same, and those that only one has.
func otherSettings(a, b map[string]string) []string {
	both := maps.Clone(a)
	maps.Copy(both, b)
	names := slices.Sorted(maps.Keys(both))
	return slices.DeleteFunc(names, func(name string) bool {
		one, inA := a[name]
		other, inB := b[name]
		return inA && inB && one == other
	})
}
