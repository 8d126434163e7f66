package payout

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc"
)

// Part is what one owner gets of a block.
type Part struct {
	// Owner is the payee's address; "" is the operator.
	Owner string `json:"owner"`
	// Shares is how many there were, Work their sum in 2⁻⁶⁴ expected blocks.
	Shares uint64   `json:"shares"`
	Work   *big.Int `json:"work"`
	// Weight is the owner's part of Manifest.Weight, its fee taken off.
	Weight *big.Int `json:"weight,omitempty"`
	// Amount is what it gets, in neu.
	Amount uint64 `json:"amount"`
}

// Owners is between how many a block was split, and own what the operator gets beside them, by
// shares of his own.
func (m *Manifest) Owners() (n int, own uint64) {
	for _, p := range m.Parts {
		if p.Owner == "" {
			own += p.Amount
		} else {
			n++
		}
	}
	return n, own
}

// Manifest says how a block was split, and why. It is written once and never changed.
type Manifest struct {
	N      uint64    `json:"n"`
	Block  bc.Hash   `json:"block"`
	Height uint64    `json:"height"`
	Found  time.Time `json:"found"`
	// Finder is the rig that found it, for people.
	Finder string `json:"finder"`
	// Winner is the owner of the share that made it. That share is number Share of the
	// ledger; with Virtual it is not logged, and stands behind that one.
	Winner     string `json:"winner"`
	WinnerWork uint64 `json:"winner_work"`
	Share      uint64 `json:"share"`
	Virtual    bool   `json:"virtual,omitempty"`
	// Ledger is the log's identity, First and Last are the oldest and the newest share that
	// count, none where First is above Last, and Digest is over all between that count (see
	// digest).
	Ledger string `json:"ledger"`
	// Begin is the first share of the log that is of these books' time: none before it counts.
	Begin  uint64 `json:"begin,omitempty"`
	First  uint64 `json:"first"`
	Last   uint64 `json:"last"`
	Digest Hex    `json:"digest"`
	// Gap says, of dgm, that shares since the block before were in another log.
	Gap bool `json:"gap,omitempty"`
	// Full says that the window was: else it paid by what there was.
	Full bool `json:"full"`
	// Note is what people should know of this split; mostly empty.
	Note   string `json:"note,omitempty"`
	Policy Policy `json:"policy"`
	// Terms are the policies of pplns whose shares were looked for, and Oldest is that of the
	// oldest share that counts: windows go forward, so none before it comes in again.
	Terms  []uint32 `json:"terms,omitempty"`
	Oldest uint32   `json:"oldest_policy,omitempty"`
	// Reward is what the coinbase pays, Fee and Rest the operator's part of it by the fee and
	// by the scheme, and Parts have what is left, by owner. In neu.
	Reward uint64   `json:"reward"`
	Fee    uint64   `json:"fee"`
	Rest   uint64   `json:"rest"`
	Weight *big.Int `json:"weight,omitempty"`
	Parts  []Part   `json:"parts"`
	// Coinbase is the output that pays.
	Coinbase Fund `json:"coinbase"`
	// Former is the hash of the manifest before, as it lies in the file.
	Former Hex `json:"former"`
}

// CreditState is a stage in the life of what a block pays.
type CreditState string

// The states of what a block pays.
const (
	// CreditProvisional: the block is on the main chain, and its coinbase can't be spent yet.
	CreditProvisional CreditState = "provisional"
	// CreditPayable: it can be.
	CreditPayable CreditState = "payable"
	// CreditReversed: the block is not on the main chain.
	CreditReversed CreditState = "reversed"
)

// Credit is where what a block pays stands.
type Credit struct {
	Block    bc.Hash     `json:"block"`
	Height   uint64      `json:"height"`
	Manifest uint64      `json:"manifest"`
	State    CreditState `json:"state"`
	// Since is when it got there.
	Since time.Time `json:"since"`
}

// check holds a manifest to what must be true of each.
func (m *Manifest) check() error {
	sum := m.Fee + m.Rest
	for i, p := range m.Parts {
		sum += p.Amount
		if i > 0 && m.Parts[i-1].Owner >= p.Owner {
			return fmt.Errorf("owner %q stands behind %q", p.Owner, m.Parts[i-1].Owner)
		}
	}
	if sum != m.Reward || m.Coinbase.Amount != m.Reward {
		return fmt.Errorf("its parts sum to %d neu and its coinbase has %d, expected %d", sum, m.Coinbase.Amount, m.Reward)
	}
	return nil
}

// credited is what an owner gets, and what is the operator's.
func (m *Manifest) credited() changes {
	c := make(changes)
	c.add(Immature, int64(m.Reward))
	c.add(Fee, -int64(m.Fee))
	c.add(Reserve, -int64(m.Rest))
	for _, p := range m.Parts {
		if p.Owner == "" {
			c.add(Reserve, -int64(p.Amount))
		} else {
			c.add(Provisional(p.Owner), -int64(p.Amount))
		}
	}
	return c
}

// matures is what changes when the coinbase may be spent.
func (m *Manifest) matures() changes {
	c := make(changes)
	c.move(Immature, Spendable, int64(m.Reward))
	for _, p := range m.Parts {
		if p.Owner != "" {
			c.move(Payable(p.Owner), Provisional(p.Owner), int64(p.Amount))
		}
	}
	return c
}

// settle books a manifest, whose number and former hash it fills in: once, whatever happens.
func (w *writer) settle(m *Manifest) error {
	blocks, manifests := w.tx.Bucket(blocksBucket), w.tx.Bucket(manifestsBucket)
	if blocks.Get(m.Block.Bytes()) != nil {
		return fmt.Errorf("block %s is settled already", m.Block.String())
	}
	if err := m.check(); err != nil {
		return fmt.Errorf("block %s: %w", m.Block.String(), err)
	}
	m.N, m.Former = next(manifests), Hex{}
	if _, raw := manifests.Cursor().Last(); raw != nil {
		sum := sha256.Sum256(raw)
		m.Former = sum[:]
	}
	credit := Credit{m.Block, m.Height, m.N, CreditProvisional, w.now}
	return errors.Join(
		putJSON(manifests, number(m.N), m),
		blocks.Put(m.Block.Bytes(), number(m.N)),
		putJSON(w.tx.Bucket(creditsBucket), m.Block.Bytes(), credit),
		w.post(KindSettled, m.Block.String(), m.credited()),
	)
}

// skip notes that a block is not split, so that it is not looked at again.
func (w *writer) skip(block bc.Hash, why string) error {
	return w.tx.Bucket(skippedBucket).Put(block.Bytes(), []byte(why))
}

// readManifest is the manifest of a block; nil if it has none.
func readManifest(tx *bolt.Tx, block bc.Hash) (*Manifest, error) {
	n := tx.Bucket(blocksBucket).Get(block.Bytes())
	if n == nil {
		return nil, nil
	}
	m := &Manifest{}
	there, err := getJSON(tx.Bucket(manifestsBucket), n, m)
	if err == nil && !there {
		err = fmt.Errorf("block %s: manifest %d is not there", block.String(), binary.BigEndian.Uint64(n))
	}
	return m, err
}

// Manifest is how a block was split; nil if it was not.
func (b *Books) Manifest(block bc.Hash) (m *Manifest, err error) {
	err = b.view(func(tx *bolt.Tx) error { m, err = readManifest(tx, block); return err })
	return m, err
}

// Manifests visits all of them, in their order.
func (b *Books) Manifests(visit func(Manifest) error) error {
	return b.view(func(tx *bolt.Tx) error { return each(tx.Bucket(manifestsBucket), visit) })
}

// Credits are where what each block pays stands, by height.
func (b *Books) Credits() (all []Credit, err error) {
	err = b.view(func(tx *bolt.Tx) error { all, err = readCredits(tx); return err })
	return all, err
}

func readCredits(tx *bolt.Tx) (all []Credit, err error) {
	err = each(tx.Bucket(creditsBucket), func(c Credit) error { all = append(all, c); return nil })
	sortCredits(all)
	return all, err
}

// known reports whether a block is settled, or will not be.
func (b *Books) known(block bc.Hash) (known bool, err error) {
	err = b.view(func(tx *bolt.Tx) error {
		known = tx.Bucket(blocksBucket).Get(block.Bytes()) != nil || tx.Bucket(skippedBucket).Get(block.Bytes()) != nil
		return nil
	})
	return known, err
}

// errChanged means that a manifest was changed after it was written.
var errChanged = errors.New("a manifest was changed, or the one before it")

// checkChain holds each manifest to the hash that the next one has of it, and visits it.
func checkChain(tx *bolt.Tx, visit func(m *Manifest, raw []byte) error) error {
	former, n := Hex{}, uint64(0)
	return tx.Bucket(manifestsBucket).ForEach(func(_, raw []byte) error {
		m := &Manifest{}
		if err := json.Unmarshal(raw, m); err != nil {
			return fmt.Errorf("manifest %d can't be read: %w", n+1, err)
		}
		if n++; m.N != n || m.Former.String() != former.String() {
			return fmt.Errorf("%w: manifest %d has number %d and follows %s, expected %s", errChanged, n, m.N, m.Former, former)
		}
		sum := sha256.Sum256(raw)
		former = sum[:]
		return visit(m, raw)
	})
}
