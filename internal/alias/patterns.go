package alias

import (
	"net/url"
	"regexp"
	"strings"
)

var (
	anEmail = regexp.MustCompile(`([\p{L}\p{M}\p{N}._%+'-]+)@([\p{L}\p{N}](?:[\p{L}\p{M}\p{N}.-]*\.)\p{L}{2,})`)
	aPhone  = regexp.MustCompile(`\+\d[\d \x{a0}().-]{5,}\d|\(\d{3}\) ?\d{3}[ .-]\d{4}|\b\d{3}[ .-]\d{3}[ .-]\d{4}\b`)
	aToken  = regexp.MustCompile(`\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?:Bearer|Basic) [\w+/=.~-]{8,}|\b(?:sk|pk|rk)_(?:live|test)_\w+|\bxox[abpr]-[\w-]+|\bgh[pousr]_\w{16,}`)
	anItem  = regexp.MustCompile(`([\w.\[\]%-]+)=([^&\s;"'#]+)`)
	aPiece  = regexp.MustCompile(`[^&?=/;#\s"'<>]+`)
)

// mostEscapes is how often something may be escaped, as a query within a query
// is. Without an end, a text of a few characters could take for ever.
const mostEscapes = 3

// look learns what a value is by its key, and what can be told without.
func (a *Aliases) look(f form, value string, escapes int) {
	for _, found := range anEmail.FindAllStringSubmatch(value, -1) {
		a.learnEmail(found[0], found[1], found[2])
	}
	if f == open {
		return
	}
	rest := strings.Trim(anEmail.ReplaceAllString(value, ""), ` <>"'`)
	if f != none && f != keyItself && rest != "" {
		a.learn(f, rest)
		return
	}
	for _, found := range aToken.FindAllString(value, -1) {
		a.learn(secret, found)
	}
	for _, found := range aPhone.FindAllString(value, -1) {
		a.learnPhone(found)
	}
	if escapes > 0 {
		a.lookEncoded(value, escapes-1)
	}
}

// lookEncoded looks into what is written as in a query: at each value by its
// name, and at what is escaped.
func (a *Aliases) lookEncoded(value string, escapes int) {
	for _, found := range anItem.FindAllStringSubmatch(value, -1) {
		if plain, err := url.QueryUnescape(found[2]); err == nil {
			a.look(a.formOf(place{keys: []string{normal(found[1])}}), plain, escapes)
		}
	}
	for _, piece := range aPiece.FindAllString(value, -1) {
		if plain, err := url.QueryUnescape(piece); err == nil && plain != piece && strings.Contains(piece, "%") {
			a.look(none, plain, escapes)
		}
	}
}

// learnEmail names the two parts of an address apart, so that addresses of one
// domain stay together.
func (a *Aliases) learnEmail(whole, local, of string) {
	lower := strings.ToLower(whole)
	if a.known[lower] != "" {
		return
	}
	a.count[email]++
	a.known[lower] = email.alias(local, a.count[email]) + "@" + a.domainOf(of)
}

func (a *Aliases) domainOf(of string) string {
	lower := strings.ToLower(of)
	if a.options.KeepDomains || isNobodys(lower) {
		return of
	}
	if a.known[lower] == "" {
		a.learn(domain, of)
	}
	return a.known[lower]
}

// isNobodys reports whether a domain is set aside for examples.
func isNobodys(of string) bool {
	for _, known := range []string{"example.com", "example.org", "example.net", "test", "example", "invalid"} {
		if of == known || strings.HasSuffix(of, "."+known) {
			return true
		}
	}
	return false
}

// addresses writes a text with other addresses.
func (a *Aliases) addresses(value string) string {
	return anEmail.ReplaceAllStringFunc(value, func(found string) string {
		if hidden := a.known[strings.ToLower(found)]; hidden != "" {
			return hidden
		}
		return found
	})
}
