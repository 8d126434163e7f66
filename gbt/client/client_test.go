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

func TestAnAnswerThatIsTooLong(t *testing.T) {
	if raw, err := readAnswer("/x", strings.NewReader("12345"), 5); err != nil || string(raw) != "12345" {
		t.Errorf("%q, %v", raw, err)
	}
	if _, err := readAnswer("/x", strings.NewReader("123456"), 5); err == nil || !strings.Contains(err.Error(), "/x: read the answer: it is longer than 5 bytes") {
		t.Errorf("error %v", err)
	}
}
