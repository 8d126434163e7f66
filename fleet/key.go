package fleet

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// PublicKey is an ed25519 public key, by which a node or a front is known.
type PublicKey [ed25519.PublicKeySize]byte

// String is the key in 64 hexadecimal letters.
func (k PublicKey) String() string { return hex.EncodeToString(k[:]) }

// ParsePublicKey reads what String returns.
func ParsePublicKey(text string) (PublicKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(PublicKey{}) {
		return PublicKey{}, fmt.Errorf("key %q: expected %d hexadecimal characters", text, 2*len(PublicKey{}))
	}
	return PublicKey(raw), nil
}

// Key is an ed25519 key pair. The zero one signs nothing.
type Key struct{ private ed25519.PrivateKey }

// NewKey draws a key pair.
func NewKey() Key {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail.
	}
	return Key{private}
}

// Public is the key that others know.
func (k Key) Public() PublicKey { return PublicKey(k.private.Public().(ed25519.PublicKey)) }

// withoutKey is what to do about a file that has no key.
const withoutKey = "put its last copy in its place, or move it away: a new key is made then, which the other side must be told"

// OpenKey reads the key pair in a file, and draws one where there is no file. The file is one line,
// the 64 hexadecimal characters of the seed, and nobody else may read it.
func OpenKey(path string) (Key, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createKey(path)
	}
	if err != nil {
		return Key{}, fmt.Errorf("read the key: %w; "+withoutKey, err)
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return Key{}, fmt.Errorf("read the key: %s: expected %d hexadecimal characters; "+withoutKey, path, 2*ed25519.SeedSize)
	}
	return Key{ed25519.NewKeyFromSeed(seed)}, nil
}

// createKey draws a key, and has it on the disk as a whole or not at all.
func createKey(path string) (key Key, err error) {
	key = NewKey()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Key{}, fmt.Errorf("write the key: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // Of mode 0600.
	if err != nil {
		return Key{}, fmt.Errorf("write the key: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(key.private.Seed()) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return Key{}, errors.Join(fmt.Errorf("write the key: %w", err), os.Remove(f.Name()))
	}
	return key, nil
}
