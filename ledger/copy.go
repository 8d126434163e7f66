package ledger

import (
	"errors"
)

// ErrInMemory means that what is counted is in memory alone.
var ErrInMemory = errors.New("it is in memory alone")

// InMemory reports whether the ledger has no file, so that what is counted is lost with it.
func (l *Ledger) InMemory() bool { return l.file == nil }

// Copy writes a file at a path that is as the ledger is at one moment, with all that was counted
// by now: see boltcheck.DB.Copy.
func (l *Ledger) Copy(path string) (bytes int64, err error) {
	if l.file == nil {
		return 0, ErrInMemory
	}
	if err := l.Flush(); err != nil {
		return 0, err
	}
	return l.file.Copy(path)
}
