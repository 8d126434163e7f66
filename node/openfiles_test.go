package node

import (
	"strings"
	"testing"
)

// TestOpenFilesAreShared holds each part to no more than all have.
func TestOpenFilesAreShared(t *testing.T) {
	for _, test := range []struct {
		limit            uint64
		table, rpc, rigs int
	}{
		{0, 500, 0, 0},
		{64, 8, 8, 0},
		{256, 8, 23, 71},
		{1024, 32, 179, 539},
		{20000, 500, 4221, 12665},
		{1 << 40, 500, 268434677, 805304033},
	} {
		f := shareFiles(test.limit, 50)
		if f.table != test.table || f.rpc != test.rpc || f.rigs != test.rigs {
			t.Errorf("of %d: %+v", test.limit, f)
		}
		if total := filesOwn + databases*f.table + 50 + peersDialed + f.rpc + f.rigs; f.rigs > 0 && total > int(test.limit) {
			t.Errorf("%d are shared out of %d", total, test.limit)
		}
	}
	for _, test := range []struct {
		limit         uint64
		allowed, want int
	}{{0, 4096, 4096}, {256, 4096, 71}, {256, 72, 71}, {256, 71, 71}, {256, 10, 10}, {20000, 4096, 4096}} {
		if got, err := shareFiles(test.limit, 50).sessions(test.allowed); got != test.want || err != nil {
			t.Errorf("%d of %d: %d, %v", test.allowed, test.limit, got, err)
		}
	}
	if _, err := shareFiles(64, 50).sessions(10); err == nil || !strings.Contains(err.Error(), "64") || !strings.Contains(err.Error(), "stratum.listen") {
		t.Errorf("%v", err)
	}
}
