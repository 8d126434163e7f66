package node

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestGrantsOutliveARestart: each epoch of a front has ranges of its own, over restarts of the node
// too; who asks again gets the same.
func TestGrantsOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.json")
	seen := make(map[uint16]string)
	for run := range 5 {
		space := mining.NewExtranonces()
		g, err := openGrants(path, space)
		if err != nil {
			t.Fatal(err)
		}
		for _, front := range []string{"a", "b"} {
			for epoch := range uint64(run + 1) {
				ranges, err := g.grant(front, epoch, 2)
				if err != nil || len(ranges) != 2 {
					t.Fatal(ranges, err)
				}
				again, err := g.grant(front, epoch, 1)
				if err != nil || !slices.Equal(again, ranges) {
					t.Errorf("asked again, %v was granted, expected %v: %v", again, ranges, err)
				}
				for _, r := range ranges {
					whose := front + string(rune('0'+epoch))
					if other, used := seen[r]; used && other != whose {
						t.Errorf("range %d is granted to %s and to %s", r, other, whose)
					}
					seen[r] = whose
				}
			}
		}
		for range 1000 {
			if r := uint16(space.Lease().First() >> 48); seen[r] != "" {
				t.Fatalf("the node leases from range %d of %s", r, seen[r])
			}
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d ranges were granted, expected 20", len(seen))
	}
}

// TestGrantsThatCantBeWrittenAreNone: what is not on the disk may be granted again after a restart.
func TestGrantsThatCantBeWrittenAreNone(t *testing.T) {
	g, err := openGrants(filepath.Join(t.TempDir(), "gone", "fleet.json"), mining.NewExtranonces())
	if err != nil {
		t.Fatal(err)
	}
	if ranges, err := g.grant("a", 1, 1); err == nil {
		t.Errorf("%v was granted", ranges)
	}
}

func TestGrantsFilesThatMakeNoSense(t *testing.T) {
	for text, want := range map[string]string{
		"{": "fleet.json", `{"version":9,"new":1}`: "its format is 9", `{"version":1} {}`: "fleet.json", `{"version":1,"grantt":[]}`: "grantt",
		`{"version":1,"grants":[{"range":0,"front":"a","epoch":1,"at":"2026-03-01T00:00:00Z"}]}`: "range 0",
		`{"version":1,"grants":[{"range":7,"epoch":1,"at":"2026-03-01T00:00:00Z"}]}`:             `front ""`,
	} {
		path := filepath.Join(t.TempDir(), "fleet.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openGrants(path, mining.NewExtranonces()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected it to say %q", text, err, want)
		}
	}
}

// TestRangeZeroIsNotGranted: the space goes down from a random range to the lowest, which the file takes for none.
func TestRangeZeroIsNotGranted(t *testing.T) {
	path, space := filepath.Join(t.TempDir(), "fleet.json"), mining.NewExtranonces()
	g, err := openGrants(path, space)
	if err != nil {
		t.Fatal(err)
	}
	for at := uint16(2); at > 1; {
		if at, err = space.Grant(); err != nil {
			t.Fatal(err)
		}
	}
	given, err := g.grant("front", 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openGrants(path, mining.NewExtranonces()); err != nil {
		t.Errorf("%v was granted, and the next start: %v", given, err)
	}
}
