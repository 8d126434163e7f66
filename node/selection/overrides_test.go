package selection

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
)

func newTestOverrides(t testing.TB) *Overrides {
	t.Helper()
	o, err := OpenOverrides(filepath.Join(t.TempDir(), "mining", "overrides.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func TestOverridesOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mining", "overrides.db")
	o, err := OpenOverrides(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	one, two, three := bc.Hash{V0: 1}, bc.Hash{V0: 2}, bc.Hash{V0: 3}
	prioritise := func(id bc.Hash, delta, want int64) {
		t.Helper()
		if _, got, err := o.Prioritise(id, delta); err != nil || got != want {
			t.Errorf("the sum is %d, error %v, expected %d", got, err, want)
		}
	}
	exclude := func(id bc.Hash, on bool) {
		t.Helper()
		if _, err := o.Exclude(id, on); err != nil {
			t.Error(err)
		}
	}
	prioritise(one, 100, 100)
	prioritise(one, -300, -200)
	prioritise(two, 5, 5)
	exclude(two, true)
	prioritise(two, 0, 0)
	prioritise(three, 7, 7)
	exclude(three, true)
	exclude(three, false)
	prioritise(three, -7, 0)
	want := []Overridden{{one, Override{Delta: -200}}, {two, Override{Excluded: true}}}
	for _, when := range []string{"before", "after"} {
		if got := o.list(); !slices.Equal(got, want) {
			t.Errorf("%s the restart: %+v, expected %+v", when, got, want)
		}
		if got := o.of(one); got.Delta != -200 {
			t.Errorf("%s the restart: %+v", when, got)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if o, err = OpenOverrides(path, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

func TestOverridesHaveBounds(t *testing.T) {
	o := newTestOverrides(t)
	id := bc.Hash{V0: 1}
	for _, delta := range []int64{math.MaxInt64, math.MinInt64, maxDelta + 1, -maxDelta - 1} {
		if _, _, err := o.Prioritise(id, delta); err == nil {
			t.Errorf("a delta of %d is taken", delta)
		}
	}
	if _, _, err := o.Prioritise(id, maxDelta); err != nil {
		t.Error(err)
	}
	for _, delta := range []int64{1, math.MaxInt64} {
		if _, _, err := o.Prioritise(id, delta); err == nil {
			t.Errorf("a sum of %d and %d is taken", int64(maxDelta), delta)
		}
	}
	if got := o.of(id).Delta; got != maxDelta {
		t.Errorf("the delta is %d after refusals, was %d", got, int64(maxDelta))
	}
	for _, delta := range []int64{-maxDelta, -maxDelta} { // To none, and to the least.
		if _, _, err := o.Prioritise(id, delta); err != nil {
			t.Error(err)
		}
	}
	if got := o.of(id).Delta; got != -maxDelta {
		t.Errorf("the delta is %d, expected %d", got, int64(-maxDelta))
	}
	for i := range maxOverrides - 2 {
		o.byID[bc.Hash{V1: uint64(i)}] = Override{Excluded: true}
	}
	if _, err := o.Exclude(bc.Hash{V3: 1}, true); err != nil {
		t.Errorf("the last one that there is room for: %v", err)
	}
	if _, err := o.Exclude(bc.Hash{V2: 1}, true); err == nil {
		t.Error("one too many is taken")
	}
	if _, _, err := o.Prioritise(id, 0); err != nil {
		t.Errorf("one can't be taken back when there are many: %v", err)
	}
}

// TestAFailedWriteChangesNothing writes to a closed file.
func TestAFailedWriteChangesNothing(t *testing.T) {
	o := newTestOverrides(t)
	id := bc.Hash{V0: 1}
	if _, _, err := o.Prioritise(id, 1); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Prioritise(id, 1); err == nil {
		t.Error("no error")
	}
	if _, err := o.Exclude(id, true); err == nil {
		t.Error("no error")
	}
	if got := o.of(id); got != (Override{Delta: 1}) {
		t.Errorf("the override is %+v after writes that failed", got)
	}
}

// TestADamagedFileIsSetAside begins a new one, and tells until something is set in that.
func TestADamagedFileIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "overrides.db")
	if err := os.WriteFile(path, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := OpenOverrides(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if text, err := os.ReadFile(o.Lost()); err != nil || string(text) != "no database" {
		t.Errorf("set aside: %q, %v", text, err)
	}
	if _, err := o.Exclude(bc.Hash{V0: 1}, true); err != nil || o.Lost() != "" {
		t.Errorf("%v; still told of: %s", err, o.Lost())
	}
}

func TestNoOverridesAreNone(t *testing.T) {
	var o *Overrides
	if got := o.of(bc.Hash{}); got != (Override{}) {
		t.Errorf("%+v", got)
	}
	if got := o.list(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}
