package fakerig

import (
	"fmt"
	"slices"
	"strings"
)

// The dialects of rigs.
const (
	// Plain reads as the protocol is meant.
	Plain = "plain"
	// B3 takes what one read yields for one message, and loses what comes with it;
	// starts again whenever it gets a job; gives all requests the same id and writes its
	// nonces in upper case, as simulators of the Antminer B3 do.
	B3 = "b3"
	// Backward reads the nonce of a job the wrong way around.
	Backward = "backward"
)

var dialects = []string{Plain, B3, Backward}

// CheckDialect refuses what is no dialect.
func CheckDialect(name string) error {
	if !slices.Contains(dialects, name) {
		return fmt.Errorf("dialect %q: expected %s", name, strings.Join(dialects, ", "))
	}
	return nil
}
