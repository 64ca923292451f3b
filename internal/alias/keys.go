package alias

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A form says what a value is, and so what its alias looks like.
type form int

const (
	none      form = iota // a key says nothing of it
	open                  // a key says that it is nobody's
	keyItself             // it is a key
	name
	text
	phone
	secret
	birthday
	network
	email
	domain
)

// normal writes a key in the one way in which the patterns below do: firstName,
// first_name and First Name are one.
func normal(key string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, key)
}

// formOf tells from the key of a value what it is.
func (a *Aliases) formOf(at place) form {
	own := at.own()
	switch {
	case at.key:
		return keyItself
	case a.kept[own] || isOpen(own):
		return open
	case own == "name" && slices.ContainsFunc(at.keys[:len(at.keys)-1], isProduct):
		return open
	}
	return formOfKey(own)
}

// Tells reports whether a key says that its value is somebody's.
func Tells(key string) bool { return formOfKey(normal(key)) != none }

var (
	secretKey = regexp.MustCompile(`token|secret|passw|passphrase|authorization|apikey|accesskey|privatekey|credential|cookie`)
	phoneKey  = regexp.MustCompile(`phone|mobile|^cell$|^fax$|faxnumber|whatsapp|msisdn|^tel$`)
	birthKey  = regexp.MustCompile(`^(birthday|birthdate|dateofbirth|dob)$`)
	ipKey     = regexp.MustCompile(`^(ip|ipaddress|remoteip|clientip|lastip)$`)
	nameKey   = regexp.MustCompile(`^(name|.*(first|last|middle|full|user|nick|given|family|display|sort|contact|customer|person)name|surname|forename|alias|author|login|handle)$`)
	textKey   = regexp.MustCompile(`^(company|companyname|organi[sz]ation|organi[sz]ationname|employer|street\w*|addressline\d?|address\d?|line[12]|city|town|village|district|county|postalcode|postcode|zip|zipcode|latitude|longitude|lat|lng|lon|signature|filename|avatar\w*|photo\w*|picture|ssn|socialsecurity\w*|taxid|vatid|vatnumber|passport\w*|iban|accountnumber|cardnumber|bio|aboutme)$`)
)

func formOfKey(key string) form {
	switch {
	case secretKey.MatchString(key):
		return secret
	case phoneKey.MatchString(key):
		return phone
	case birthKey.MatchString(key):
		return birthday
	case ipKey.MatchString(key):
		return network
	case nameKey.MatchString(key):
		return name
	case textKey.MatchString(key):
		return text
	}
	return none
}

// isOpen lists keys whose values rules branch on and which say nothing of
// anybody: they stay even where a value is somebody's name, too.
func isOpen(key string) bool {
	switch key {
	case "type", "event", "channel", "version", "timezone", "tz", "ianatimezone", "locale", "language", "lang",
		"currency", "plan", "role", "status", "method", "kind", "category":
		return true
	}
	return false
}

// isProduct lists what has a name that is a product's and not a person's, such
// as context.library.name.
func isProduct(key string) bool {
	return slices.Contains([]string{"library", "os", "app", "campaign", "browser", "integrations", "plugin"}, key)
}
