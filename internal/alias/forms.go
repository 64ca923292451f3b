package alias

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// reserved ends the domains of aliases. It is nobody's (RFC 6761), and unlike
// example.com no rule is known to leave it out.
const reserved = ".test"

// alias makes the alias of a value, the nth of its form. It is of the kind that
// a rule which looks at the value would take: a number stays one, a URL, too.
func (f form) alias(value string, n int) string {
	switch {
	case f == name:
		return fmt.Sprintf("Name%d", n)
	case f == domain:
		return fmt.Sprintf("domain%d%s", n, reserved)
	case f == email:
		return fmt.Sprintf("person%d", n)
	case f == birthday && aDate.MatchString(value):
		return "1970-01-01" + value[len("1970-01-01"):]
	case f == network && strings.Contains(value, ":"):
		return fmt.Sprintf("2001:db8::%x", n)
	case f == network:
		return fmt.Sprintf("192.0.2.%d", n%250+1)
	case strings.Contains(value, "://"):
		return fmt.Sprintf("https://masked%s/%d", reserved, n)
	case onlyDigits(value) != "" && !strings.ContainsFunc(value, unicode.IsLetter):
		return shaped(value, n)
	case f == secret:
		return fmt.Sprintf("secret-%d", n)
	}
	return fmt.Sprintf("Masked %d", n)
}

var aDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)

// shaped writes another number in the shape of one: as many digits, and between
// them what was there. Those of 11 digits are +1 555 010 NNNN, which is nobody's.
func shaped(value string, n int) string {
	digits := digitsFor(n, len(onlyDigits(value)))
	return strings.Map(func(r rune) rune {
		if !unicode.IsDigit(r) {
			return r
		}
		digit := digits[0]
		digits = digits[1:]
		return rune(digit)
	}, value)
}

func digitsFor(n, length int) string {
	if length == 1 {
		return fmt.Sprint(n%9 + 1)
	}
	const most = 4
	end := min(most, length-1)
	counted := fmt.Sprintf("%0*d", end, n)
	start := "1555010" + strings.Repeat("0", length)
	return start[:length-end] + counted[len(counted)-end:]
}

// onlyDigits are the digits of a number, however it is written.
func onlyDigits(value string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, value)
}

// longNumber is how many digits a number has that tells of somebody wherever it
// stands.
const longNumber = 7

// phoneDigits gives the digits of what is written as a telephone number; empty
// for all else.
func phoneDigits(value string) string {
	other := func(r rune) bool { return !unicode.IsDigit(r) && !strings.ContainsRune("+-./() \u00a0", r) }
	if digits := onlyDigits(value); len(digits) >= longNumber && strings.IndexFunc(value, other) < 0 {
		return digits
	}
	return ""
}

// numberLike makes an alias a JSON number: those in the shape of one are, but
// for what numbers cannot begin with.
func numberLike(alias string) string {
	if jsonNumber.MatchString(alias) {
		return alias
	}
	return "1"
}

var jsonNumber = regexp.MustCompile(`^-?[1-9]\d*(\.\d+)?([eE][+-]?\d+)?$`)
