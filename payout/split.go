package payout

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"math/big"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/payout/scheme"
)

// errSharesGone means that shares by which a block was split are not in the log any more.
var errSharesGone = errors.New("shares of it are gone from the log")

// digest is SHA-256 over shares in the order in which they were looked at: 44 bytes each,
// big-endian: sequence, Unix time in milliseconds, work, policy, and the first 16 bytes of the
// SHA-256 of the owner's name.
type digest struct {
	hash.Hash
	buffer []byte
	tags   map[string][16]byte
}

func newDigest() *digest {
	return &digest{Hash: sha256.New(), tags: make(map[string][16]byte)}
}

func (d *digest) add(s Share) {
	tag, ok := d.tags[s.Owner]
	if !ok {
		sum := sha256.Sum256([]byte(s.Owner))
		tag = [16]byte(sum[:16])
		d.tags[s.Owner] = tag
	}
	d.buffer = binary.BigEndian.AppendUint64(d.buffer, s.Sequence)
	d.buffer = binary.BigEndian.AppendUint64(d.buffer, uint64(s.At.UnixMilli()))
	d.buffer = binary.BigEndian.AppendUint64(d.buffer, s.Work)
	d.buffer = binary.BigEndian.AppendUint32(d.buffer, s.Policy)
	d.buffer = append(d.buffer, tag[:]...)
	if len(d.buffer) > 1<<15 {
		d.write()
	}
}

func (d *digest) write() {
	d.Write(d.buffer)
	d.buffer = d.buffer[:0]
}

func (d *digest) sum() Hex {
	d.write()
	return d.Sum(nil)
}

// tally is what one owner did of what a block is split by.
type tally struct {
	Shares uint64   `json:"shares"`
	Work   *big.Int `json:"work"`
}

func (t *tally) add(work uint64) {
	if t.Work == nil {
		t.Work = new(big.Int)
	}
	t.Shares++
	t.Work.Add(t.Work, new(big.Int).SetUint64(work))
}

// winner is the share of a manifest's winner, where it is not logged.
func (m *Manifest) winner() Share {
	return Share{Sequence: m.Share, At: m.Found, Owner: m.Winner, Work: m.WinnerWork, Policy: m.Policy.ID}
}

// splitSolo gives a block to who found it.
func (m *Manifest) splitSolo() {
	m.Full, m.First, m.Last = true, m.Share, m.Share
	m.Fee = scheme.Fee(m.Reward, m.Policy.FeeBP)
	t := &tally{}
	t.add(m.WinnerWork)
	m.Parts = []Part{{Owner: m.Winner, Shares: t.Shares, Work: t.Work, Amount: m.Reward - m.Fee}}
}

// splitPPS gives a block to the operator, who has paid for the shares already.
func (m *Manifest) splitPPS() {
	m.Full, m.First, m.Last, m.Rest = true, m.Share, m.Share, m.Reward
	m.Parts = []Part{}
}

// window collects the shares of a block that is split by pplns.
type window struct {
	*scheme.Window
	terms   []int // by policy: its place among the window's terms; -1 if it is not looked for
	owners  map[string]uint32
	tallies []windowTally
	digest  *digest
	// first and last are the oldest and the newest share of the log that counts, if some do,
	// and oldest is the policy of the oldest.
	first, last uint64
	some        bool
	oldest      uint32
}

// windowTally is a tally that costs two additions a share.
type windowTally struct {
	owner  string
	shares uint64
	work   scheme.Sum
}

// newWindow looks for shares of some policies.
func newWindow(policies []Policy, ids []uint32) *window {
	w := &window{terms: []int{-1}, owners: make(map[string]uint32), digest: newDigest()}
	var terms []scheme.Terms
	for _, p := range policies {
		place := -1
		if slices.Contains(ids, p.ID) {
			place = len(terms)
			terms = append(terms, scheme.Terms{XMilli: p.WindowMilli, FeeBP: p.FeeBP})
		}
		w.terms = append(w.terms, place)
	}
	w.Window = scheme.NewWindow(terms...)
	return w
}

// place is a share's among the terms; -1 if it is not looked for.
func (w *window) place(s Share) int {
	if uint64(s.Policy) >= uint64(len(w.terms)) {
		return -1
	}
	return w.terms[s.Policy]
}

// count adds a share, the winner first.
func (w *window) count(s Share, place int) (more bool) {
	owner, ok := w.owners[s.Owner]
	if !ok {
		owner = uint32(len(w.tallies))
		w.owners[s.Owner] = owner
		w.tallies = append(w.tallies, windowTally{owner: s.Owner})
	}
	t := &w.tallies[owner]
	t.shares++
	t.work, w.oldest = t.work.Plus(s.Work), s.Policy
	return w.Add(owner, s.Work, place)
}

// log adds a share of the log.
func (w *window) log(s Share) (more bool) {
	place := w.place(s)
	if place < 0 {
		return true
	}
	if !w.Reaches(place) { // Others may reach deeper by their own X.
		return w.Add(0, s.Work, place)
	}
	w.digest.add(s)
	if w.first = s.Sequence; !w.some {
		w.last, w.some = s.Sequence, true
	}
	return w.count(s, place)
}

// termsFor are the policies of pplns that shares up to one of a policy may have, which count
// in the next window.
func termsFor(tx *bolt.Tx, policies []Policy, last uint32) (ids []uint32, err error) {
	from := uint32(1)
	c := tx.Bucket(manifestsBucket).Cursor()
	for key, raw := c.Last(); key != nil; key, raw = c.Prev() {
		var m Manifest
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, err
		}
		if len(m.Terms) == 0 {
			continue
		}
		if from = m.Terms[0]; m.Full {
			from = m.Oldest
		}
		break
	}
	for _, p := range policies {
		if p.Scheme == PPLNS && (p.ID >= from && p.ID < last || p.ID == last) {
			ids = append(ids, p.ID)
		}
	}
	return ids, nil
}

// splitPPLNS splits a block among the shares of its window. errSharesGone means that the
// winner's share, which is to be logged, is not.
func (m *Manifest) splitPPLNS(policies []Policy, shares Shares) error {
	w := newWindow(policies, m.Terms)
	if m.Virtual {
		w.count(m.winner(), w.place(m.winner()))
	}
	start := true
	err := shares.SharesBefore(m.Share, func(s Share) bool {
		if start && !m.Virtual && s.Sequence != m.Share {
			return false
		}
		start = false
		return s.Sequence >= m.Begin && w.log(s)
	})
	if err != nil {
		return fmt.Errorf("the shares of block %s: %w", m.Block.String(), err)
	}
	if start && !m.Virtual {
		return errSharesGone
	}
	m.First, m.Last, m.Full, m.Digest, m.Oldest = w.first, w.last, w.Full(), w.digest.sum(), w.oldest
	if !w.some {
		m.First, m.Last, m.Note = m.Share+1, m.Share, "no share of its window is logged: who found it has all of it"
	}
	parts := w.Parts()
	m.Fee = scheme.Part(m.Reward, parts.Fee, parts.Total)
	slices.SortFunc(w.tallies, func(a, b windowTally) int { return cmp.Compare(a.owner, b.owner) })
	weights := make([]*big.Int, 0, len(w.tallies))
	m.Parts, m.Weight = make([]Part, 0, len(w.tallies)), new(big.Int)
	for i := range w.tallies {
		t := &w.tallies[i]
		weight := cmp.Or(parts.Net[w.owners[t.owner]], new(big.Int))
		weights = append(weights, weight)
		m.Weight.Add(m.Weight, weight)
		m.Parts = append(m.Parts, Part{Owner: t.owner, Shares: t.shares, Work: t.work.Big(), Weight: weight})
	}
	net := m.Reward - m.Fee
	for i, amount := range scheme.Split(net, weights) {
		m.Parts[i].Amount = amount
		net -= amount
	}
	m.Rest = net // Nothing, but where the fee is all.
	return nil
}

// splitDGM splits a block by scores, which it changes: they have all shares up to the winner's.
func (m *Manifest) splitDGM(s *scores) {
	if m.Virtual {
		s.dgmShare(m.winner(), m.Policy)
	}
	m.Full, m.First, m.Last, m.Gap = true, s.Since.First, s.Since.Last, s.Since.Gap
	if m.Digest = s.digest.sum(); !s.Since.Some {
		m.First, m.Last = m.Share+1, m.Share
	}
	pay, operator := s.dgm.Block(m.Reward)
	m.Fee = min(operator, scheme.Fee(m.Reward, m.Policy.FeeBP))
	m.Rest = operator - m.Fee
	owners := make(map[string]bool)
	for owner := range pay {
		owners[owner] = true
	}
	for owner := range s.Since.Tallies {
		owners[owner] = true
	}
	m.Parts = make([]Part, 0, len(owners))
	for _, owner := range slices.Sorted(maps.Keys(owners)) {
		t := s.Since.Tallies[owner]
		m.Parts = append(m.Parts, Part{Owner: owner, Shares: t.Shares, Work: cmp.Or(t.Work, new(big.Int)), Amount: pay[owner]})
	}
	s.begin()
}
