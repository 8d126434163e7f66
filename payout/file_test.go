package payout

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// TestDamagedBooksAreLeftWhereTheyAre, and what to do is said: debts must not be forgotten.
func TestDamagedBooksAreLeftWhereTheyAre(t *testing.T) {
	t.Parallel()
	path := pathIn(t)
	b := open(t, path)
	_, err := b.SetPolicy(Policy{Scheme: Solo})
	must(t, err)
	must(t, b.Close())
	file, err := os.ReadFile(path)
	must(t, err)
	page := os.Getpagesize()
	for at := 2 * page; at < len(file); at += page { // One of these has the tree.
		clear(file[at : at+16])
	}
	must(t, os.WriteFile(path, file, 0o600))
	_, err = Open(Config{Path: path})
	if !errors.Is(err, boltcheck.ErrDamaged) || !strings.Contains(err.Error(), "put its latest copy in its place") {
		t.Errorf("damaged books give %v, expected what to do", err)
	}
	after, err := os.ReadFile(path)
	must(t, err)
	files, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if !bytes.Equal(after, file) || len(files) != 1 {
		t.Error("the damaged file was touched")
	}
}

// TestEmptyBooksAreDamaged: a file that a full disk or a copy left without a byte is not taken
// for one to begin books in.
func TestEmptyBooksAreDamaged(t *testing.T) {
	t.Parallel()
	path := pathIn(t)
	must(t, os.WriteFile(path, nil, 0o600))
	for _, readOnly := range []bool{false, true} {
		if _, err := Open(Config{Path: path, ReadOnly: readOnly}); !errors.Is(err, boltcheck.ErrDamaged) || !strings.Contains(err.Error(), "it is empty") {
			t.Errorf("read only %v: an empty file gives %v", readOnly, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("the file was touched: %v", err)
	}
	must(t, os.Remove(path))
	must(t, os.WriteFile(path+".new", []byte("of a kill"), 0o600))
	open(t, path)
}

// TestBooksThatAreOpenElsewhere say so.
func TestBooksThatAreOpenElsewhere(t *testing.T) {
	t.Parallel()
	path := pathIn(t)
	open(t, path)
	if _, err := Open(Config{Path: path, ReadOnly: true}); err == nil || !strings.Contains(err.Error(), "a running node") {
		t.Errorf("books that a node has open give %v", err)
	}
}

// TestBooksOfANewerVersionAreRefused, those of another network, and what is no books.
func TestBooksOfANewerVersionAreRefused(t *testing.T) {
	t.Parallel()
	path := pathIn(t)
	if _, err := Open(Config{Path: path, ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("books that are not there give %v when read", err)
	}
	b := open(t, path)
	must(t, b.Claim("mainnet"))
	if err := b.Claim("wisdom"); !errors.Is(err, boltcheck.ErrOtherNetwork) {
		t.Errorf("books of mainnet are claimed for wisdom: %v", err)
	}
	must(t, b.db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket(metaBucket).Put([]byte("format"), []byte{fileFormat.Newest() + 1})
	}))
	must(t, b.Close())
	for _, readOnly := range []bool{false, true} {
		_, err := Open(Config{Path: path, ReadOnly: readOnly})
		if err == nil || errors.Is(err, boltcheck.ErrDamaged) || !strings.Contains(err.Error(), "format is 2, of a newer version") {
			t.Errorf("a newer format gives %v", err)
		}
	}
	other := filepath.Join(t.TempDir(), "other.db")
	db, err := bolt.Open(other, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("rigs")); return err }))
	must(t, db.Close())
	if _, err := Open(Config{Path: other}); err == nil || !strings.Contains(err.Error(), "no books of payouts") {
		t.Errorf("a file of something else gives %v", err)
	}
}

// TestChangedBooksAreNoticed: a balance, an owner's sum, an entry and a manifest that are not
// what was written.
func TestChangedBooksAreNoticed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		do   func(tx *bolt.Tx) error
		want string
	}{
		"balance":    {func(tx *bolt.Tx) error { return tx.Bucket(balancesBucket).Put([]byte(Fee), number(7)) }, "Income:Fee is 7 neu, expected"},
		"no balance": {func(tx *bolt.Tx) error { return tx.Bucket(balancesBucket).Delete([]byte(Immature)) }, "Assets:Immature has no balance"},
		"owner": {func(tx *bolt.Tx) error {
			return putJSON(tx.Bucket(ownersBucket), []byte("A"), ownerRecord{Paid: 1})
		}, "owner A got 0 and was paid 1 neu"},
		"entry": {func(tx *bolt.Tx) error {
			raw := bytes.Replace(tx.Bucket(entriesBucket).Get(number(1)), []byte(reward1), []byte("41250000001"), 1)
			return tx.Bucket(entriesBucket).Put(number(1), raw)
		}, "entry 1 sums to 1 neu"},
		"lost entry": {func(tx *bolt.Tx) error { return tx.Bucket(entriesBucket).Delete(number(1)) }, "entry 2 at the place of 1"},
		"manifest": {func(tx *bolt.Tx) error {
			raw := bytes.Replace(tx.Bucket(manifestsBucket).Get(number(1)), []byte(`"finder":"rig"`), []byte(`"finder":"me!"`), 1)
			return tx.Bucket(manifestsBucket).Put(number(1), raw)
		}, "a manifest was changed"},
		"last manifest": {func(tx *bolt.Tx) error {
			raw := bytes.Replace(tx.Bucket(manifestsBucket).Get(number(2)), []byte(`"owner":"A"`), []byte(`"owner":"B"`), 1)
			return tx.Bucket(manifestsBucket).Put(number(2), raw)
		}, "give another split"},
		"fund": {func(tx *bolt.Tx) error {
			return putJSON(tx.Bucket(fundsBucket), make([]byte, 32), Fund{State: FundReady, Amount: 5})
		}, "Assets:Spendable is 0 neu, and its outputs have 5"},
	} {
		p := newPool(t, Policy{Scheme: Solo, FeeBP: 100})
		for range 2 {
			p.share("A", quarter, 1)
			p.found(true)
		}
		p.step()
		p.verified()
		must(t, p.books.db.Update(change.do))
		r, err := p.books.Verify(t.Context(), p.log, p.chain)
		if err != nil || !strings.Contains(strings.Join(r.Problems, "\n"), change.want) {
			t.Errorf("%s: %q, %v, expected %q", name, r.Problems, err, change.want)
		}
	}
}

const reward1 = "41250000000"
