package node

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/mining"
)

// FuzzGrants has any file of what fronts were given: it is refused by an error with its path, or a
// front keeps what it has, gets what nobody has, and has it after another opening.
func FuzzGrants(f *testing.F) {
	path := filepath.Join(f.TempDir(), "grants.json")
	for _, seed := range []string{
		`{"version":1,"grants":[{"range":7,"front":"a","epoch":5,"at":"2026-03-01T00:00:00Z"},{"range":8,"front":"b","epoch":1,"at":"2026-03-01T00:00:00Z"}]}`,
		`{"version":1,"grants":null}`, `{"version":2}`, `{"version":1,"grants":[{"range":65536}]}`, ``, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		g, err := openGrants(path, mining.NewExtranonces())
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		had := make(map[uint16]bool)
		for _, each := range g.file.Grants {
			had[each.Range] = true
		}
		for each, err := g.space.Grant(); err == nil; each, err = g.space.Grant() {
			if had[each] {
				t.Fatalf("%s: range %d is given twice", raw, each)
			}
		}
		if g, err = openGrants(path, mining.NewExtranonces()); err != nil {
			t.Fatal(err)
		}
		fresh, err := g.grant("fuzz", 1<<63, 2)
		if err != nil {
			t.Fatal(err)
		}
		again, err := openGrants(path, mining.NewExtranonces())
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if same, err := again.grant("fuzz", 1<<63, 2); err != nil || !slices.Equal(same, fresh) {
			t.Errorf("%s: %v came again as %v, %v", raw, fresh, same, err)
		}
	})
}
