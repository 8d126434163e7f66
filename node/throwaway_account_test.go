package node

import (
	"testing"

	"github.com/bytom/bytom/blockchain/pseudohsm"
)

// TestPresentKey: the key of the solonet's throwaway account is found again among others.
// Of others, one is used where it is alone, since nobody says which.
func TestPresentKey(t *testing.T) {
	keys, err := pseudohsm.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &bytom{hsm: keys}
	for _, c := range []struct{ made, want string }{{"", ""}, {"one", "one"}, {"two", ""}, {throwawayAlias, throwawayAlias}} {
		if c.made != "" {
			if _, _, err := keys.XCreate(c.made, "password", "en"); err != nil {
				t.Fatal(err)
			}
		}
		if key, ok := b.presentKey(); ok != (c.want != "") || key.Alias != c.want {
			t.Errorf("after %q was made: %q, %v, expected %q", c.made, key.Alias, ok, c.want)
		}
	}
}
