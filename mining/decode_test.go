package mining

import (
	"errors"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"
)

// reader is a text form's, and does what it holds.
type reader func() error

func (r reader) UnmarshalText([]byte) error { return r() }

// TestDecodeSurvivesItsReader has a reader that panics, one that refuses, and Bytom's own.
func TestDecodeSurvivesItsReader(t *testing.T) {
	refused := errors.New("refused")
	if err := Decode(reader(func() error { return refused }), nil); !errors.Is(err, refused) {
		t.Errorf("got %v, expected %v", err, refused)
	}
	err := Decode(reader(func() error { var none []int; _ = none[len(t.Name())]; return nil }), nil)
	if err == nil || !strings.Contains(err.Error(), "out of range") {
		t.Errorf("got %v, expected the panic as an error", err)
	}
	if err := Decode(new(types.Tx), []byte("zz")); err == nil {
		t.Error("no hexadecimal is taken")
	}
}
