//go:build linux || darwin

package boltcheck

import (
	"os"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// TestFormatOnAFullDisk: where there is no room for the copy, or for the change, the file is
// what it was, and is changed once there is room.
func TestFormatOnAFullDisk(t *testing.T) {
	if !filetest.Alone(t) {
		return
	}
	path := oldFile(t)
	edit(t, path, putIn(oldBucket, "large", strings.Repeat("a", 200_000)))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		room int64
		why  string
	}{{int64(len(whole)) / 2, "copy it to"}, {int64(len(whole)), "change its format from 1 to 3"}} {
		free := filetest.FillDisk(t, c.room)
		log, err := prepare(t, threeFormats(), path)
		free()
		if err == nil || !strings.Contains(err.Error(), c.why) || log != "" {
			t.Errorf("room for %d bytes: %v, %s", c.room, err, log)
		}
		if format, entries := contents(t, path); format != 1 || len(entries) < 200_000 {
			t.Errorf("room for %d bytes: format %d, %d bytes of entries", c.room, format, len(entries))
		}
		if files := beside(t, path); len(files) > 2 || len(files) == 2 && strings.HasSuffix(files[1], ".part") {
			t.Errorf("%q", files)
		}
	}
	if _, err := prepare(t, threeFormats(), path); err != nil {
		t.Fatal(err)
	}
	if format, entries := contents(t, path); format != 3 || len(entries) < 200_000 {
		t.Errorf("with room again: format %d, %d bytes of entries", format, len(entries))
	}
}
