package client

import (
	"strings"
	"testing"
)

// TestBeginning has an answer that fits in an error, and one that does not.
func TestBeginning(t *testing.T) {
	if got := beginning([]byte("<p>\n")); got != `"<p>\n"` {
		t.Errorf("%s", got)
	}
	if got, want := beginning([]byte(strings.Repeat("x", 201))), `"`+strings.Repeat("x", 200)+`"…`; got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}
