package node

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// decimal is a setting with decimals that is kept as a whole number of its smallest unit, so
// that no amount of money is ever rounded. It is a pflag.Value.
type decimal struct {
	units  *uint64
	places int    // so many decimals at the most: the unit is 10^-places
	kind   string // what it is, for help and errors
}

// Set reads digits with at most one point among them.
func (d decimal) Set(text string) error {
	units, err := parseDecimal(text, d.places)
	if err == nil {
		*d.units = units
	}
	return err
}

// String is the shortest form of it.
func (d decimal) String() string {
	if d.units == nil { // pflag asks a zero value, to know what is not worth telling.
		return "0"
	}
	return formatDecimal(*d.units, d.places)
}

// Type is what help shows in its place.
func (d decimal) Type() string { return d.kind }

// expected says what is taken.
func (d decimal) expected() string {
	return fmt.Sprintf("a number from 0 on (%s) with at most %d decimals", d.kind, d.places)
}

// parseDecimal reads a number with so many decimals at the most, in units of the last one.
func parseDecimal(text string, places int) (uint64, error) {
	whole, fraction, pointed := strings.Cut(text, ".")
	if pointed && fraction == "" || len(fraction) > places {
		return 0, fmt.Errorf("%q: expected at most %d decimals", text, places)
	}
	for _, r := range whole + fraction {
		if r < '0' || r > '9' {
			return 0, fmt.Errorf("%q: expected digits, with a point among them at the most", text)
		}
	}
	w, err := strconv.ParseUint(whole, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q: expected a number from 0 on: %w", text, err)
	}
	f, err := strconv.ParseUint(fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	if err != nil && places > 0 {
		return 0, fmt.Errorf("%q: expected a number from 0 on: %w", text, err)
	}
	scale := uint64(1)
	for range places {
		scale *= 10
	}
	high, low := bits.Mul64(w, scale)
	sum, carry := bits.Add64(low, f, 0)
	if high > 0 || carry > 0 {
		return 0, fmt.Errorf("%q: expected a smaller number", text)
	}
	return sum, nil
}

// formatDecimal is parseDecimal's reverse.
func formatDecimal(units uint64, places int) string {
	digits := strconv.FormatUint(units, 10)
	if len(digits) <= places {
		digits = strings.Repeat("0", places+1-len(digits)) + digits
	}
	whole, fraction := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
