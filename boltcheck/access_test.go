package boltcheck

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// TestOfAnotherUser has the answer to a file of another user, and to nothing else.
func TestOfAnotherUser(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "/home/journal.db", Err: fs.ErrPermission}
	got := OfAnotherUser(fmt.Errorf("open the journal: %w: put its copy in its place", denied))
	for _, want := range []string{"open /home/journal.db: permission denied", "read and write it"} {
		if !strings.Contains(got.Error(), want) {
			t.Errorf("got %q, expected %q", got, want)
		}
	}
	if strings.Contains(got.Error(), "copy") || !errors.Is(got, fs.ErrPermission) {
		t.Errorf("got %q, expected no other advice", got)
	}
	for _, other := range []error{nil, fs.ErrPermission, &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}} {
		if got := OfAnotherUser(other); got != other {
			t.Errorf("%v became %v", other, got)
		}
	}
}
