package boltcheck

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// TestAFileIsOfOneNetwork claims a file twice for its network, and once for another.
func TestAFileIsOfOneNetwork(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	for _, test := range []struct {
		network string
		other   bool
	}{{"solonet", false}, {"solonet", false}, {"mainnet", true}, {"solonet", false}} {
		db, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Claim(test.network)
		if errors.Is(err, ErrOtherNetwork) != test.other || !test.other && err != nil {
			t.Errorf("%s: %v", test.network, err)
		}
		if test.other {
			for _, word := range []string{path, "solonet", "mainnet"} {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%v: does not say %q", err, word)
				}
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := Check(t.Context(), path); err != nil {
			t.Errorf("after the claim: %v", err)
		}
	}
}
