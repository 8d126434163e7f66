package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// cookieName is the name that stands in the cookie file before the secret. No access
// token can have it: their names have no dots.
const cookieName = "home.cookie"

// CookiePath is the file by which whoever can read the home directory of a running node
// may use its RPC, from wherever it is reached: NAME:SECRET, of HTTP's Basic
// authentication. It is another one at each start.
func (c *Config) CookiePath() string { return filepath.Join(c.Bytom.RootDir, "rpc.cookie") }

// ReadCookie reads the file of a running node. Where no node runs, the error is of kind
// fs.ErrNotExist, or it is what one that was killed has left.
func ReadCookie(path string) (name, secret string, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Errorf("read the cookie: %w", err)
	}
	name, secret, ok := strings.Cut(strings.TrimSpace(string(raw)), ":")
	if !ok || name != cookieName || secret == "" {
		return "", "", fmt.Errorf("read the cookie: %s: expected %s:SECRET", path, cookieName)
	}
	return name, secret, nil
}

// writeCookie writes the file so that nobody else can read it at any time, and nobody
// ever a part of it.
func writeCookie(path, secret string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // Of mode 0600.
	if err != nil {
		return fmt.Errorf("write the cookie: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write the cookie: %w", err), os.Remove(f.Name()))
		}
	}()
	if _, err := f.WriteString(cookieName + ":" + secret + "\n"); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// removeCookie takes the file away when the node stops.
func removeCookie(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the cookie: %w", err)
	}
	return nil
}
