package selection

import (
	"reflect"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// FuzzOverrideEntries has any entry in the file of overrides: it is refused by an error with its
// path, or each override is within its bounds, and the file has what memory has, before and after
// a change.
func FuzzOverrideEntries(f *testing.F) {
	filetest.FuzzEntries(f, filetest.LeftBy(f, "6874dd1", "overrides.db"), func(t *testing.T, path string) {
		o, err := OpenOverrides(path, nil)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		for _, v := range o.list() {
			if v.Delta > maxDelta || v.Delta < -maxDelta {
				t.Errorf("override %s: fee delta %d, expected %d at most", v.ID.String(), v.Delta, int64(maxDelta))
			}
			if _, _, err := o.Prioritise(v.ID, 0); err != nil {
				t.Errorf("override %s is not taken back: %v", v.ID.String(), err)
			}
			if _, err := o.Exclude(v.ID, true); err != nil {
				t.Errorf("override %s: %v", v.ID.String(), err)
			}
		}
		was := o.list()
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if o, err = OpenOverrides(path, nil); err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if again := o.list(); !reflect.DeepEqual(was, again) {
			t.Errorf("%+v came again as %+v", was, again)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
