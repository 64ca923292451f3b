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

// compareNumbers orders two numbers exactly, whatever their size: by sign, by
// magnitude, then digit by digit. Nothing is expanded, so that 1e999999999
// costs no more than 1.
func compareNumbers(a, b string) int {
	if allDigits(a) && allDigits(b) {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	}
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
func calculate(operator byte, a, b operand) (operand, error) {
	if result, short := calculateShort(operator, a, b); short {
		return result, nil
	}
	x, err := rational(a)
	if err != nil {
		return operand{}, err
	}
	y, err := rational(b)
	if err != nil {
		return operand{}, err
	}
	result := new(big.Rat)
	switch operator {
	case '+':
		result.Add(x, y)
	case '-':
		result.Sub(x, y)
	case '*':
		result.Mul(x, y)
	default:
		if y.Sign() == 0 {
			return operand{}, fmt.Errorf("division by zero")
		}
		result.Quo(x, y)
	}
	return ofRational(result), nil
}

// calculateShort does the same for whole numbers so short that no result is too
// long for an int64.
func calculateShort(operator byte, a, b operand) (operand, bool) {
	const longest = 1 << 31
	x, ok := a.number()
	y, also := b.number()
	if !ok || !also || max(x, -x) > longest || max(y, -y) > longest {
		return operand{}, false
	}
	switch operator {
	case '+':
		return wholeOperand(int64(x + y)), true
	case '-':
		return wholeOperand(int64(x - y)), true
	case '*':
		return wholeOperand(int64(x * y)), true
	default:
		return operand{}, false
	}
}

func rational(o operand) (*big.Rat, error) {
	if o.kind != '0' {
		return nil, fmt.Errorf("%s is not a number", o.typeText())
	}
	s := o.digits()
	if n := splitNumber(s); n.magnitude > maxMagnitude || n.magnitude < -maxMagnitude || len(n.digits) > maxMagnitude {
		return nil, fmt.Errorf("the number has too many digits to calculate with")
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, fmt.Errorf("%s is not a number", shorten(s))
	}
	return r, nil
}

func ofRational(r *big.Rat) operand {
	if r.IsInt() {
		return numberOperand(r.Num().String())
	}
	places, exact := r.FloatPrec()
	if !exact || places > 2*maxMagnitude {
		places = 20
	}
	s := strings.TrimRight(r.FloatString(places), "0")
	return numberOperand(strings.TrimSuffix(s, "."))
}
