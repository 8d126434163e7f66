package boltcheck

import (
	"fmt"
	"os"
	"time"
)

// SetAside moves a damaged file or folder out of the way, to a name that says what it is and when
// that was seen, and gives that back. Nothing is written over.
func SetAside(path string, now time.Time) (to string, err error) {
	base := path + ".damaged-" + now.UTC().Format("20060102T150405")
	to = base
	for n := 2; ; n++ {
		if _, err := os.Lstat(to); err != nil {
			break
		}
		to = fmt.Sprintf("%s-%d", base, n)
	}
	if err := os.Rename(path, to); err != nil {
		return to, fmt.Errorf("set the damaged file aside: %w", err)
	}
	return to, nil
}
