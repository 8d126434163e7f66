package vulkan

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestChoiceIsKept keeps and reads one, and reads what somebody else may have left there.
func TestChoiceIsKept(t *testing.T) {
	c := Config{Dir: t.TempDir() + "/made/for/it"}
	d := Device{Name: "vulkan:0", Key: "00ff-1"}
	want := chosenVariant{Variant: Variant{Path: PathDot, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1}, Batch: 100, Rate: 1000}
	want.note(PathDot, 900, nil)
	want.note(PathMatrix, 0, errors.New("wrong"))
	want.note(PathDot, 1000, nil)
	want.note(PathDot, 0, errors.New("wrong"))
	if tried := []Tried{{PathDot, 1000, ""}, {PathMatrix, 0, "wrong"}}; !reflect.DeepEqual(want.Tried, tried) {
		t.Errorf("%+v, want %+v", want.Tried, tried)
	}
	if _, err := c.loadChoice(d); err == nil {
		t.Error("a choice before one was made")
	}
	c.saveChoice(d, want)
	want.Format, want.Shaders = choiceFormat, shadersKey()
	if got, err := c.loadChoice(d); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v and %v, want %+v", got, err, want)
	}
	if _, err := c.loadChoice(Device{Key: "00ff-2"}); err == nil {
		t.Error("the choice is another driver's too")
	}
	for name, text := range map[string]string{
		"empty":         "",
		"cut off":       `{"shaders": "`,
		"other shaders": `{"shaders": "00", "batch": 1, "variant": {"path": "dot", "rows": 64, "tile_rows": 8, "tile_words": 2}}`,
		"no batch":      `{"shaders": "` + shadersKey() + `", "variant": {"path": "dot", "rows": 64, "tile_rows": 8, "tile_words": 2}}`,
		"no path":       `{"shaders": "` + shadersKey() + `", "batch": 1, "variant": {"rows": 64, "tile_rows": 8, "tile_words": 2}}`,
		"odd tile":      `{"shaders": "` + shadersKey() + `", "batch": 1, "variant": {"path": "dot", "rows": 64, "tile_rows": 7, "tile_words": 2}}`,
		"zeros":         `{"shaders": "` + shadersKey() + `", "batch": 1, "variant": {"path": "matrix", "rows": 64}}`,
	} {
		if err := os.WriteFile(c.file(d, ".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := c.loadChoice(d); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if (Config{}).load(d, ".json") != nil {
		t.Error("something was kept nowhere")
	}
}

// TestChoiceOfAnotherFormat reads what versions wrote that did not say the format, and leaves
// alone what a newer one wrote.
func TestChoiceOfAnotherFormat(t *testing.T) {
	var log bytes.Buffer
	c := Config{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))}
	d := Device{Name: "vulkan:0", Key: "00ff-1"}
	earlier := `{
  "shaders": "` + shadersKey() + `",
  "variant": {
    "path": "dot",
    "rows": 64,
    "tile_rows": 8,
    "tile_words": 2,
    "pad": 1
  },
  "batch": 100,
  "hashes_per_second": 1000,
  "tried": [
    {
      "path": "dot",
      "hashes_per_second": 1000
    }
  ]
}
`
	if err := os.WriteFile(c.file(d, ".json"), []byte(earlier), 0o600); err != nil {
		t.Fatal(err)
	}
	want := chosenVariant{
		Shaders: shadersKey(), Variant: Variant{Path: PathDot, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1}, Batch: 100, Rate: 1000,
		Tried: []Tried{{Path: PathDot, HashesPerSecond: 1000}},
	}
	if got, err := c.loadChoice(d); err != nil || !reflect.DeepEqual(got, want) || log.Len() > 0 {
		t.Errorf("%+v and %v, want %+v; the log: %s", got, err, want, &log)
	}
	newer := strings.Replace(earlier, "{", `{"format": 2,`, 1)
	newer = strings.Replace(newer, `"rows": 64`, `"rows": [64]`, 1)
	if err := os.WriteFile(c.file(d, ".json"), []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := c.loadChoice(d); err == nil || !strings.Contains(err.Error(), "format is 2, of a newer version of this program; this one knows formats up to 1") {
		t.Errorf("%+v, %v", got, err)
	}
	if !strings.Contains(log.String(), c.file(d, ".json")) || !strings.Contains(log.String(), "delete the file") {
		t.Errorf("the log: %s", &log)
	}
	c.saveChoice(d, want)
	if text := c.load(d, ".json"); string(text) != newer {
		t.Errorf("it was changed: %s", text)
	}
}

// TestNextBatch finds the batch of devices that make some hashes at a time, each of
// which takes its time.
func TestNextBatch(t *testing.T) {
	for _, test := range []struct {
		name        string
		atATime     int
		each        time.Duration
		least, most int
	}{
		{"a fast card", 100, 5 * time.Millisecond, 1000, 8192},
		{"one hash at a time, slowly", 1, 300 * time.Millisecond, 1, 2},
		{"many at a time, slowly", 16, 150 * time.Millisecond, 8, 32},
		{"no time at all", 1, 0, mostBatch, mostBatch},
		{"for ever", 1, time.Hour, 1, 1},
	} {
		batch, before := 1, 0.0
		for range 100 {
			took := test.each * time.Duration((batch+test.atATime-1)/test.atATime)
			next, more := nextBatch(batch, took, before)
			if !more {
				break
			}
			before, batch = float64(batch)/max(took.Seconds(), 1e-6), next
		}
		if batch < test.least || batch > test.most {
			t.Errorf("%s: a batch of %d, expected %d to %d", test.name, batch, test.least, test.most)
		}
	}
}
