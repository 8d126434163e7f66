package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/util/flock"

	"github.com/bytom/bytom/accesstoken"
	dbm "github.com/bytom/bytom/database/leveldb"
)

// Token is an access token, as /list-access-tokens and /create-access-token have it.
type Token struct {
	Name string `json:"id"`
	// Token is NAME:SECRET.
	Token   string    `json:"token"`
	Created time.Time `json:"created_at"`
}

// Tokens are the access tokens of a home directory that no node runs in. They are for one
// goroutine.
type Tokens struct {
	lock  flock.Releaser
	db    dbm.DB
	store *accesstoken.CredentialStore
}

// OpenTokens opens the tokens of a configuration's home directory. No node may run there,
// and one must have.
func OpenTokens(config *Config) (*Tokens, error) {
	b := config.Bytom
	path := filepath.Join(b.DBDir(), "accesstoken.db")
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("no node has run in the home directory %s yet: %w", b.RootDir, err)
	}
	lock, err := lockHome(b.RootDir)
	if err != nil {
		return nil, err
	}
	db, err := (&bytom{config: b}).openDB("accesstoken")
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	return &Tokens{lock: lock, db: db, store: accesstoken.NewStore(db)}, nil
}

// Create creates a token, and returns it with its secret.
func (t *Tokens) Create(name string) (Token, error) {
	made, err := t.store.Create(name, "client")
	if err != nil {
		return Token{}, fmt.Errorf("make the token %q: %w", name, err)
	}
	return Token{Name: made.ID, Token: made.Token, Created: made.Created}, nil
}

// List returns all tokens.
func (t *Tokens) List() ([]Token, error) {
	all, err := t.store.List()
	if err != nil {
		return nil, fmt.Errorf("list the tokens: %w", err)
	}
	list := []Token{}
	for _, token := range all {
		list = append(list, Token{Name: token.ID, Token: token.Token, Created: token.Created})
	}
	return list, nil
}

// Delete takes a token back.
func (t *Tokens) Delete(name string) error {
	if err := t.store.Delete(name); err != nil {
		return fmt.Errorf("delete the token %q: %w", name, err)
	}
	return nil
}

// Close releases the home directory.
func (t *Tokens) Close() error {
	t.db.Close()
	return t.lock.Release()
}
