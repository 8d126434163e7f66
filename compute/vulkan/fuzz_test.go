package vulkan

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// FuzzKept has any bytes for what is kept of a device: what was chosen, what ended processes, a
// mark, and the driver's cache. A choice is refused, or is one that this program could have made,
// and is kept as it is; an end is told once; and a cache gets to a driver only as it was kept.
func FuzzKept(f *testing.F) {
	c := Config{Dir: f.TempDir()}
	choice := chosenVariant{Variant: Variant{Path: PathDot, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1}, Batch: 100, Rate: 1000}
	choice.note(PathDot, 900, nil)
	c.saveChoice(card, choice)
	f.Add(c.load(card, ".json"))
	for _, v := range []any{
		attempt{attemptFormat, shadersKey(), attemptSaved, 1 << 30}, attempt{attemptFormat, shadersKey(), "dot r64 t8x2 p1", 0},
		endings{attemptFormat, shadersKey(), []string{"dot r64 t8x2 p1", "headers"}}, attempt{attemptFormat + 1, shadersKey(), "headers", 1},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("\x20\x00\x00\x00\x01\x00\x00\x00 a driver's"))
	c.saveCache(card, []byte("\x20\x00\x00\x00\x01\x00\x00\x00 a driver's"))
	f.Add(c.load(card, cacheEnd))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, end := range []string{".json", endingsEnd, cacheEnd, ".7" + markEnd} {
			if err := os.WriteFile(c.file(card, end), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if cached := c.loadCache(card); cached != nil {
			c.saveCache(card, cached)
			if again := c.load(card, cacheEnd); !slices.Equal(again, raw) {
				t.Errorf("%q goes to the driver, and would be kept as %q", raw, again)
			}
		}
		if got, err := c.loadChoice(card); err == nil {
			if got.Batch < 1 || got.Batch > mostBatch || got.Variant.check() != nil || !(got.Rate >= 0) {
				t.Errorf("%s is taken as %+v", raw, got)
			}
			c.saveChoice(card, got)
			got.Format = choiceFormat
			if again, err := c.loadChoice(card); err != nil || !reflect.DeepEqual(got, again) {
				t.Errorf("%+v came again as %+v, %v", got, again, err)
			}
		}
		ends := c.loadEndings(card)
		if again := c.loadEndings(card); !slices.Equal(ends.Ended, again.Ended) {
			t.Errorf("%s: ended %q, and asked again %q", raw, ends.Ended, again.Ended)
		}
		if left := ends.why(choice.Variant); left != "" && !strings.Contains(left, "the driver ended the process") {
			t.Errorf("left out: %s", left)
		}
	})
}
