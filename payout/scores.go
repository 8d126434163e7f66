package payout

import (
	"encoding"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/payout/scheme"
)

// scores are the state of dgm and pps, into which shares are folded in their order.
type scores struct {
	checkpoint
	policies []Policy
	dgm      *scheme.DGM // nil until there was a share or a block of dgm
	pps      *scheme.PPS
	digest   *digest // of Since
	cut      bool    // by other terms of dgm, since they were read
}

// checkpoint is how far the log of shares is folded.
type checkpoint struct {
	// Ledger is the log's identity.
	Ledger string `json:"ledger"`
	place
	Since since `json:"since"`
	// Former are the places in other logs, by identity: one may come back.
	Former map[string]place `json:"former,omitempty"`
	// Cuts are where an older copy of a log was put in its place.
	Cuts []cut `json:"cuts,omitempty"`
}

// cut says that the shares of a log from End on, by which manifests below N were made, are gone: others
// have their numbers now.
type cut struct {
	Ledger string `json:"ledger"`
	End    uint64 `json:"end"`
	N      uint64 `json:"n"`
}

// gone reports whether shares of a manifest are.
func (c cut) gone(m *Manifest) bool {
	return m.Ledger == c.Ledger && m.N < c.N && max(m.Share, m.Last) >= c.End
}

// place is how far a log of shares is folded.
type place struct {
	// Next is the first share that is not.
	Next uint64 `json:"next"`
	// Begin is the first share that is of these books' time. Those before are of other books,
	// whose policies had the same numbers.
	Begin uint64 `json:"begin,omitempty"`
}

// since is what was folded into dgm's scores since the last block by dgm.
type since struct {
	First   uint64           `json:"first"`
	Last    uint64           `json:"last"`
	Some    bool             `json:"some"`
	Gap     bool             `json:"gap,omitempty"`
	Digest  Hex              `json:"digest"` // SHA-256's state
	Tallies map[string]tally `json:"tallies"`
}

var (
	dgmKey = []byte(DGM)
	ppsKey = []byte(PPS)
)

func readCheckpoint(tx *bolt.Tx) (c checkpoint, err error) {
	_, err = getJSON(tx.Bucket(metaBucket), checkpointKey, &c)
	return c, err
}

// readScores reads the state as it is in the books.
func readScores(tx *bolt.Tx) (*scores, error) {
	s := &scores{digest: newDigest(), pps: scheme.NewPPS()}
	var err error
	if s.policies, err = readPolicies(tx); err != nil {
		return nil, err
	}
	if s.checkpoint, err = readCheckpoint(tx); err != nil {
		return nil, err
	}
	if len(s.Since.Digest) > 0 {
		if err := s.digest.Hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(s.Since.Digest); err != nil {
			return nil, fmt.Errorf("the checkpoint's digest: %w", err)
		}
	}
	if s.Since.Tallies == nil {
		s.Since.Tallies = make(map[string]tally)
	}
	if s.dgm, err = readDGM(tx.Bucket(scoresBucket), dgmKey); err != nil {
		return nil, err
	}
	_, err = getJSON(tx.Bucket(scoresBucket), ppsKey, s.pps)
	return s, err
}

// readDGM reads a state of dgm; nil if there is none.
func readDGM(b *bolt.Bucket, key []byte) (*scheme.DGM, error) {
	g := &scheme.DGM{}
	if there, err := getJSON(b, key, g); err != nil || !there {
		return nil, err
	}
	return g, nil
}

// saveScores writes a state, and what a dgm block's verification begins with.
func (w *writer) saveScores(s *scores) error {
	s.digest.write()
	state, err := s.digest.Hash.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return err
	}
	s.Since.Digest = state
	if s.cut {
		if err := w.note(wasCut); err != nil {
			return err
		}
	}
	if err := putJSON(w.tx.Bucket(metaBucket), checkpointKey, s.checkpoint); err != nil {
		return err
	}
	if s.dgm != nil {
		if err := putJSON(w.tx.Bucket(scoresBucket), dgmKey, s.dgm); err != nil {
			return err
		}
	}
	return putJSON(w.tx.Bucket(scoresBucket), ppsKey, s.pps)
}

// fold takes a share of the log in. subsidy is what the next block pays, for pps.
func (s *scores) fold(share Share, subsidy uint64) {
	s.Next = share.Sequence + 1
	switch p := policyOf(s.policies, share.Policy); {
	case p.Scheme == PPS && share.Owner != "":
		s.pps.Share(share.Owner, share.Work, subsidy, p.FeeBP)
	case p.Scheme == DGM:
		s.digest.add(share)
		if s.Since.Last = share.Sequence; !s.Since.Some {
			s.Since.First, s.Since.Some = share.Sequence, true
		}
		s.dgmShare(share, p)
	}
}

// dgmShare scores a share.
func (s *scores) dgmShare(share Share, p Policy) {
	s.terms(p)
	s.dgm.Share(share.Owner, share.Work, p.FeeBP)
	t := s.Since.Tallies[share.Owner]
	t.add(share.Work)
	s.Since.Tallies[share.Owner] = t
}

// terms brings the scores to a policy's, which Check has let pass.
func (s *scores) terms(p Policy) {
	terms := scheme.DGMTerms{CMillionths: p.CMillionths, OMillionths: p.OMillionths}
	if s.dgm == nil {
		s.dgm, _ = scheme.NewDGM(terms)
		return
	}
	cut, _ := s.dgm.SetTerms(terms)
	s.cut = s.cut || cut
}

// wasCut is for the operator: a setting of his has cost owners something.
const wasCut = "dgm's c or o has changed, and by the new ones the scores would have come to more than a block: they were cut to one, all alike"

// begin begins anew what Since says, behind a block.
func (s *scores) begin() {
	s.Since, s.digest = since{Tallies: make(map[string]tally)}, newDigest()
}
