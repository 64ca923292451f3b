package engine

import (
	"cmp"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// A decimal is a JSON number that is no int64, by its literal: an expression
// compares and passes it on without rounding.
type decimal string

// MarshalJSON writes the literal.
func (d decimal) MarshalJSON() ([]byte, error) { return []byte(d), nil }

// numberText gives the literal of anything that expressions take for a number.
func numberText(v any) (string, bool) {
	switch n := v.(type) {
	case int64:
		return strconv.FormatInt(n, 10), true
	case int:
		return strconv.Itoa(n), true
	case decimal:
		return string(n), true
	case float64:
		return strconv.FormatFloat(n, 'g', -1, 64), true
	default:
		return "", false
	}
}

// compareNumbers orders two numbers exactly, whatever their size: by sign, by
// magnitude, then digit by digit. Nothing is expanded, so that 1e999999999
// costs no more than 1.
func compareNumbers(a, b string) int {
	x, y := splitNumber(a), splitNumber(b)
	if x.sign != y.sign {
		return cmp.Compare(x.sign, y.sign)
	}
	order := cmp.Compare(x.magnitude, y.magnitude)
	if order == 0 {
		order = strings.Compare(x.digits, y.digits)
	}
	return order * x.sign
}

// A scientific number is sign * 0.digits * 10^magnitude, digits without zeros at
// either end.
type scientific struct {
	sign      int
	digits    string
	magnitude int
}

// text gives a form that equal numbers share.
func (n scientific) text() string { return fmt.Sprintf("%d %s %d", n.sign, n.digits, n.magnitude) }

func splitNumber(s string) scientific {
	n := scientific{sign: 1}
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		n.sign, s = -1, rest
	}
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], clampExponent(s[i+1:])
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	trimmed := strings.TrimLeft(digits, "0")
	n.magnitude = len(whole) - (len(digits) - len(trimmed)) + exponent
	n.digits = strings.TrimRight(trimmed, "0")
	if n.digits == "" {
		return scientific{}
	}
	return n
}

// clampExponent reads an exponent; beyond 2^40 they are all the same.
func clampExponent(s string) int {
	const most = 1 << 40
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && strings.HasPrefix(s, "-") {
		return -most
	}
	if err != nil {
		return most
	}
	return int(min(max(n, -most), most))
}

// maxMagnitude bounds the numbers that may be calculated with, as a power of
// ten; a calculation, unlike a comparison, has to write the digits out.
const maxMagnitude = 400

// calculate is exact addition, subtraction and multiplication; a quotient that
// has no end is rounded to 20 places.
func calculate(operator string, a, b any) (any, error) {
	x, err := rational(a)
	if err != nil {
		return nil, err
	}
	y, err := rational(b)
	if err != nil {
		return nil, err
	}
	result := new(big.Rat)
	switch operator {
	case "+":
		result.Add(x, y)
	case "-":
		result.Sub(x, y)
	case "*":
		result.Mul(x, y)
	case "/":
		if y.Sign() == 0 {
			return nil, fmt.Errorf("division by zero")
		}
		result.Quo(x, y)
	}
	return ofRational(result), nil
}

func rational(v any) (*big.Rat, error) {
	s, ok := numberText(v)
	if !ok {
		return nil, fmt.Errorf("%s is not a number", typeText(v))
	}
	if n := splitNumber(s); n.magnitude > maxMagnitude || n.magnitude < -maxMagnitude || len(n.digits) > maxMagnitude {
		return nil, fmt.Errorf("the number has too many digits to calculate with")
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, fmt.Errorf("%s is not a number", shorten(s))
	}
	return r, nil
}

func ofRational(r *big.Rat) any {
	if r.IsInt() {
		return decodeNumber(r.Num().String())
	}
	places, exact := r.FloatPrec()
	if !exact || places > 2*maxMagnitude {
		places = 20
	}
	s := strings.TrimRight(r.FloatString(places), "0")
	return decodeNumber(strings.TrimSuffix(s, "."))
}
