package wire

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Number is a whole number of 64 bits as a client sent it: in JSON a number, or a
// decimal string, since JavaScript, Lua and jq lose digits of numbers above 2^53. Its
// value is read with the field's name, which errors mention.
type Number struct{ text string }

// NewNumber returns a Number that is sent as a string.
func NewNumber(v uint64) *Number { return &Number{strconv.FormatUint(v, 10)} }

// MarshalJSON satisfies json.Marshaler.
func (n *Number) MarshalJSON() ([]byte, error) { return json.Marshal(n.text) }

// UnmarshalJSON satisfies json.Unmarshaler. It takes anything.
func (n *Number) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &n.text) != nil {
		n.text = string(raw)
	}
	return nil
}

// Signed is the number; def where it is missing.
func (n *Number) Signed(field string, def int64) (int64, error) {
	if n == nil || n.text == "null" {
		return def, nil
	}
	v, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("field %s: value %.40q: expected a whole number of 64 bits, or one as a string", field, n.text)
	}
	return v, nil
}

// Unsigned is the number; 0 where it is missing.
func (n *Number) Unsigned(field string) (uint64, error) {
	if n == nil || n.text == "null" {
		return 0, nil
	}
	v, err := strconv.ParseUint(n.text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("field %s: value %.40q: expected a whole number from 0 to 2^64-1, or one as a string", field, n.text)
	}
	return v, nil
}
