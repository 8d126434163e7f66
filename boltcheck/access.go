package boltcheck

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"runtime"
)

// OfAnotherUser is err, and where that is a file that this user may not open, what to do about it
// instead of what else err says: a copy, or a new file, is the answer to a damage.
func OfAnotherUser(err error) error {
	var at *fs.PathError
	if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &at) {
		return err
	}
	name := "this user"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if runtime.GOOS == "windows" {
		return fmt.Errorf("%w: let %s read and write it", at, name)
	}
	return fmt.Errorf("%w: let %s read and write it, as by 'sudo chown %s %s' and 'sudo chmod u+rw %s'", at, name, name, at.Path, at.Path)
}
