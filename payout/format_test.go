package payout

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// TestBooksOfEarlierVersions goes on with what they wrote: each block that they split is one of
// the node's, and the accounts are the sums of their entries.
func TestBooksOfEarlierVersions(t *testing.T) {
	filetest.Earlier(t, "payouts.db", func(t *testing.T, path string, blocks []string) {
		for _, readOnly := range []bool{true, false, true} {
			b, err := Open(Config{Path: path, ReadOnly: readOnly})
			must(t, err)
			split := 0
			must(t, b.Manifests(func(m Manifest) error {
				if split++; !slices.Contains(blocks, m.Block.String()) || len(m.Parts) != 1 || m.Parts[0].Amount == 0 {
					t.Errorf("block %s: %d parts", m.Block.String(), len(m.Parts))
				}
				return nil
			}))
			s, err := b.Status(0)
			must(t, err)
			if split == 0 || s.Owners != 1 || s.Policy.Scheme != PPLNS {
				t.Errorf("%d blocks, %+v", split, s)
			}
			must(t, b.Recount())
			must(t, b.Close())
		}
		if files, err := filepath.Glob(path + "*"); err != nil || len(files) != 1 {
			t.Errorf("%q, %v", files, err)
		}
	})
}
