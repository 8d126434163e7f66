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
func writeCookie(path, secret string) error {
	if err := replaceFile(path, []byte(cookieName+":"+secret+"\n")); err != nil {
		return fmt.Errorf("write the cookie: %w", err)
	}
	return nil
}

// removeCookie takes the file away when the node stops.
func removeCookie(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the cookie: %w", err)
	}
	return nil
}
