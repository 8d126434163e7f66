package node

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/prometheus/prometheus/util/flock"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// lockHome takes a home directory for this process. The file that it locks may lie there from an
// earlier run: what counts is whether a process holds it.
func lockHome(home string) (flock.Releaser, error) {
	path := filepath.Join(home, "LOCK")
	lock, _, err := flock.New(path)
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return nil, fmt.Errorf("lock the home directory %s: %w: move %s away if it is no file, or make it this user's", home, err, path)
	}
	if err != nil {
		return nil, fmt.Errorf("home directory %s is in use by another process, %s: stop that first, or give another --home: %w", home, boltcheck.Holder(path), err)
	}
	return lock, nil
}
