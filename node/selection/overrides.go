package selection

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

const (
	// maxDelta bounds what an operator can add to or take from a transaction's fee: a
	// million BTM, so that no sum over a pool overflows.
	maxDelta = 1e14
	// maxOverrides bounds the memory that overrides take.
	maxOverrides = 65536
)

// Override is what the operator wants of a transaction, whatever it pays.
type Override struct {
	// Delta is added to the fee where transactions are put in order, in the smallest
	// unit of BTM. The coinbase never sees it.
	Delta int64 `json:"delta,omitempty"`
	// Excluded keeps it, and hence all that spends from it, out of templates.
	Excluded bool `json:"excluded,omitempty"`
}

// Overridden is a transaction that has an override.
type Overridden struct {
	ID bc.Hash
	Override
}

// Overrides are the operator's instructions for single transactions. They are kept in a
// bbolt file until they are taken back, since a transaction can leave the pool and
// come again. All methods are safe for concurrent use; a nil *Overrides has none.
type Overrides struct {
	db   *boltcheck.DB
	lost string // where those lie that were damaged, if that was so

	mu   sync.RWMutex // also keeps byID and the file in step
	byID map[bc.Hash]Override
}

var overridesBucket = []byte("overrides")

// overridesFormat has two formats: 2 is 1 with a mark.
var overridesFormat = boltcheck.Format{
	Kind:   "list of overrides",
	Bucket: overridesBucket,
	Create: func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(overridesBucket)
		return err
	},
	Steps: []func(*bolt.Tx) error{nil},
	Unmarked: func(tx *bolt.Tx) byte {
		if tx.Bucket(overridesBucket) == nil {
			return 0
		}
		return 1
	},
}

// OpenOverrides opens the file at a path, and creates it if there is none. A damaged one is set
// aside, and a new one begun. log is told of that, and where the copy of an older format lies; nil
// discards it.
func OpenOverrides(path string, log *slog.Logger) (*Overrides, error) {
	o, err := openOverrides(path, log)
	if !errors.Is(err, boltcheck.ErrDamaged) {
		return o, err
	}
	lost, failed := boltcheck.SetAside(path, time.Now())
	if failed != nil {
		return nil, errors.Join(err, failed)
	}
	if log != nil {
		log.Error("which transactions to prioritise or to exclude was damaged: the file is set aside, and a new one begun; none is until they are set again",
			"set_aside", lost, "error", err)
	}
	if o, err = openOverrides(path, log); err != nil {
		return nil, err
	}
	o.lost = lost
	return o, nil
}

// Lost is where the file lies that was damaged when it was opened, as long as nothing is set anew;
// empty if it was whole.
func (o *Overrides) Lost() string {
	if o == nil {
		return ""
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	if len(o.byID) > 0 {
		return ""
	}
	return o.lost
}

func openOverrides(path string, log *slog.Logger) (*Overrides, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open the overrides: %w", err)
	}
	overridesFormat.WarnOfEmpty(path, log)
	db, err := boltcheck.Open(path, boltcheck.Options{})
	if err != nil {
		return nil, fmt.Errorf("open the overrides %s: %w", path, err)
	}
	o := &Overrides{db: db, byID: make(map[bc.Hash]Override)}
	if err = overridesFormat.Prepare(db, log); err == nil {
		err = db.View(o.load)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the overrides %s: %w", path, err), db.Close())
	}
	return o, nil
}

func (o *Overrides) load(tx *bolt.Tx) error {
	return tx.Bucket(overridesBucket).ForEach(func(key, raw []byte) error {
		if len(key) != 32 {
			return fmt.Errorf("%w: key %x has %d bytes, expected the 32 of a transaction's id", boltcheck.ErrDamaged, key, len(key))
		}
		id := bc.NewHash([32]byte(key))
		var v Override
		if err := json.Unmarshal(raw, &v); err != nil {
			return fmt.Errorf("%w: the override of %s can't be read: %w", boltcheck.ErrDamaged, id.String(), err)
		}
		if v.Delta > maxDelta || v.Delta < -maxDelta {
			return fmt.Errorf("%w: the override of %s: fee delta %d, expected %d to %d", boltcheck.ErrDamaged, id.String(), v.Delta, int64(-maxDelta), int64(maxDelta))
		}
		o.byID[id] = v
		return nil
	})
}

// Claim marks the file as a network's, or says that it is another's: see boltcheck.DB.Claim.
func (o *Overrides) Claim(network string) error { return o.db.Claim(network) }

// Close closes the file.
func (o *Overrides) Close() error {
	if o == nil {
		return nil
	}
	return o.db.Close()
}

// Copy writes a file at a path that is as this one is at one moment: see boltcheck.DB.Copy.
func (o *Overrides) Copy(path string) (bytes int64, err error) { return o.db.Copy(path) }

// Prioritise adds delta to what was added to a transaction's fee before, for the
// order alone, and returns the sums of before and after. A delta of zero takes all of it
// back.
func (o *Overrides) Prioritise(id bc.Hash, delta int64) (old, total int64, err error) {
	err = o.change(id, func(v *Override) error {
		sum := v.Delta + delta
		if delta == 0 {
			sum = 0
		}
		// Neither operand is beyond the bound, or the sum could overflow.
		if delta > maxDelta || delta < -maxDelta || sum > maxDelta || sum < -maxDelta {
			return fmt.Errorf("fee delta %d on top of %d, expected a sum from %d to %d", delta, v.Delta, int64(-maxDelta), int64(maxDelta))
		}
		old, v.Delta, total = v.Delta, sum, sum
		return nil
	})
	return old, total, err
}

// Exclude keeps a transaction out of templates, or no longer does. old is what it did.
func (o *Overrides) Exclude(id bc.Hash, on bool) (old bool, err error) {
	err = o.change(id, func(v *Override) error {
		old, v.Excluded = v.Excluded, on
		return nil
	})
	return old, err
}

// change edits the override of a transaction, in the file before in memory.
func (o *Overrides) change(id bc.Hash, edit func(*Override) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	old, had := o.byID[id]
	v := old
	if err := edit(&v); err != nil {
		return err
	}
	if !had && v != (Override{}) && len(o.byID) >= maxOverrides {
		return fmt.Errorf("%d transactions have an override, which is the most; take one back first", len(o.byID))
	}
	if err := o.write(id, v); err != nil {
		return fmt.Errorf("write the override of %s: %w", id.String(), err)
	}
	if v == (Override{}) {
		delete(o.byID, id)
	} else {
		o.byID[id] = v
	}
	return nil
}

func (o *Overrides) write(id bc.Hash, v Override) error {
	return o.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(overridesBucket)
		if v == (Override{}) {
			return b.Delete(id.Bytes())
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		return b.Put(id.Bytes(), raw)
	})
}

// of is the override of a transaction; the zero value if it has none.
func (o *Overrides) of(id bc.Hash) Override {
	if o == nil {
		return Override{}
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.byID[id]
}

// list returns all overrides, in the order of the ids.
func (o *Overrides) list() []Overridden {
	if o == nil {
		return nil
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	all := make([]Overridden, 0, len(o.byID))
	for id, v := range o.byID {
		all = append(all, Overridden{id, v})
	}
	slices.SortFunc(all, func(a, b Overridden) int { return compareHashes(a.ID, b.ID) })
	return all
}

func compareHashes(a, b bc.Hash) int {
	return cmp.Or(cmp.Compare(a.V0, b.V0), cmp.Compare(a.V1, b.V1), cmp.Compare(a.V2, b.V2), cmp.Compare(a.V3, b.V3))
}
