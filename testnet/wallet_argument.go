package testnet

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// ParseParameter reads a parameter of a contract.
func ParseParameter(arg string) (any, error) {
	kind, rest, _ := strings.Cut(arg, ":")
	switch {
	case arg == "true" || arg == "false":
		return arg == "true", nil
	case kind == "int":
		n, err := strconv.ParseInt(rest, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("parameter %q: expected int: and a whole number", arg)
		}
		return n, nil
	default:
		return ParseBytes(arg)
	}
}

// ParseBytes reads bytes: in hexadecimal, or text.
func ParseBytes(arg string) ([]byte, error) {
	if text, is := strings.CutPrefix(arg, "text:"); is {
		return []byte(text), nil
	}
	raw, err := hex.DecodeString(arg)
	if err != nil {
		return nil, fmt.Errorf("%q: expected text:TEXT, or bytes in hexadecimal", arg)
	}
	return raw, nil
}
