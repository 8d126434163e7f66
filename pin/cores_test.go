package pin

import (
	"runtime"
	"testing"
)

// TestSpareGoProcs: there are twice as many, the cores stay as they are, and nobody's choice is
// overruled.
func TestSpareGoProcs(t *testing.T) {
	all := runtime.NumCPU()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(all))
	t.Setenv("GOMAXPROCS", "")
	for _, c := range []struct {
		name                        string
		chosen                      string
		procs, wantProcs, wantCores int
	}{
		{name: "by default", procs: all, wantProcs: 2 * all, wantCores: all},
		{name: "chosen", chosen: "1", procs: 1, wantProcs: 1, wantCores: 1},
		{name: "chosen as is by default", chosen: "all", procs: all, wantProcs: all, wantCores: all},
		{name: "more by somebody", procs: all + 3, wantProcs: all + 3, wantCores: all},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOMAXPROCS", c.chosen)
			runtime.GOMAXPROCS(c.procs)
			SpareGoProcs()
			if got := runtime.GOMAXPROCS(0); got != c.wantProcs {
				t.Errorf("GOMAXPROCS is %d, expected %d", got, c.wantProcs)
			}
			if got := Cores(); got != c.wantCores {
				t.Errorf("%d cores, expected %d", got, c.wantCores)
			}
		})
	}
}
