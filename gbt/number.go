package gbt

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// number is a whole number of 64 bits as a client sent it: in JSON a number, or a
// decimal string, since JavaScript, Lua and jq lose digits of numbers above 2^53. What
// it is worth is asked for with the field's name, for the error.
type number struct{ text string }

// UnmarshalJSON satisfies json.Unmarshaler. It takes anything.
func (n *number) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &n.text) != nil {
		n.text = string(raw)
	}
	return nil
}

// signed is the number; def where it is missing.
func (n *number) signed(field string, def int64) (int64, error) {
	if n == nil || n.text == "null" {
		return def, nil
	}
	v, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("field %s: value %.40q: expected a whole number of 64 bits, or one as a string", field, n.text)
	}
	return v, nil
}

// unsigned is the number; 0 where it is missing.
func (n *number) unsigned(field string) (uint64, error) {
	if n == nil || n.text == "null" {
		return 0, nil
	}
	v, err := strconv.ParseUint(n.text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("field %s: value %.40q: expected a whole number from 0 to 2^64-1, or one as a string", field, n.text)
	}
	return v, nil
}
