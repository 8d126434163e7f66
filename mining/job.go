package mining

import (
	"encoding/binary"
	"fmt"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

// MaxNonce is the largest nonce that a header can carry on the wire. The hash
// takes 64 bits of it, the serialisation 63.
const MaxNonce = 1<<63 - 1

// Job is a template with an extranonce of its own: a header whose timestamp and
// nonce are left to try. It is immutable and safe for concurrent use.
type Job struct {
	// Template is what the job was cut from.
	Template *Template
	// Extranonce is what the coinbase carries.
	Extranonce uint64

	coinbaseID, root [32]byte
	body             compute.BlockHeader
}

// NewJob cuts a job from a template. The extranonce must come from a lease of
// the caller's own.
func NewJob(t *Template, extranonce uint64) *Job {
	id := t.coinbase.id(extranonce)
	return newJob(t, extranonce, id, climb(id, t.branch))
}

func newJob(t *Template, extranonce uint64, coinbaseID, root [32]byte) *Job {
	j := &Job{Template: t, Extranonce: extranonce, coinbaseID: coinbaseID, root: root}
	h := j.Header(t.Timestamp, 0)
	j.body = newBlockHeader(&h)
	return j
}

// Root is the job's transactions merkle root.
func (j *Job) Root() bc.Hash { return bc.NewHash(j.root) }

// CoinbaseID is the id of the job's first transaction.
func (j *Job) CoinbaseID() bc.Hash { return bc.NewHash(j.coinbaseID) }

// Header is the job's block header with a timestamp in Unix seconds and a nonce.
func (j *Job) Header(timestamp, nonce uint64) types.BlockHeader {
	t := j.Template
	return types.BlockHeader{
		Version:           1,
		Height:            t.Height,
		PreviousBlockHash: t.Tip.Hash,
		Timestamp:         timestamp,
		Nonce:             nonce,
		Bits:              t.Tip.Bits,
		BlockCommitment: types.BlockCommitment{
			TransactionsMerkleRoot: bc.NewHash(j.root),
			TransactionStatusHash:  t.StatusRoot,
		},
	}
}

// AppendHeader appends the header as it goes over the wire: what Header's MarshalText
// returns in hexadecimal, for the callers of get-work at thousands a second. A nonce above
// MaxNonce has no such form.
func (j *Job) AppendHeader(dst []byte, timestamp, nonce uint64) []byte {
	t := j.Template
	previous, status := t.Tip.Hash.Byte32(), t.StatusRoot.Byte32()
	dst = append(dst, types.SerBlockHeader, 1) // and the version
	dst = binary.AppendUvarint(dst, t.Height)
	dst = append(dst, previous[:]...)
	dst = binary.AppendUvarint(dst, timestamp)
	dst = append(dst, byte(len(j.root)+len(status))) // of the commitment
	dst = append(dst, j.root[:]...)
	dst = append(dst, status[:]...)
	dst = binary.AppendUvarint(dst, nonce)
	return binary.AppendUvarint(dst, t.Tip.Bits)
}

// HeaderHash is the block id for a timestamp and a nonce, in the byte order that
// the chain prints: what Tensority is computed over.
func (j *Job) HeaderHash(timestamp, nonce uint64) [32]byte {
	return j.HeaderBody(timestamp).Hash(nonce)
}

// HeaderBody is the header with a timestamp, as a compute.NonceHasher takes it.
func (j *Job) HeaderBody(timestamp uint64) compute.BlockHeader {
	body := j.body
	binary.LittleEndian.PutUint64(body[timestampAt:], timestamp)
	return body
}

// Block is the whole block for a timestamp and a nonce. It shares the template's
// transactions, which nobody changes.
func (j *Job) Block(timestamp, nonce uint64) (*types.Block, error) {
	cb, err := j.Template.coinbase.tx(j.Extranonce)
	if err != nil {
		return nil, err
	}
	txs, err := j.Template.transactions()
	if err != nil {
		return nil, err
	}
	b := &types.Block{BlockHeader: j.Header(timestamp, nonce), Transactions: make([]*types.Tx, 0, 1+len(txs))}
	b.Transactions = append(append(b.Transactions, cb), txs...)
	return b, nil
}

// Coinbase is the job's first transaction: its text form as it goes over the wire, and
// its arbitrary data, which ends with the extranonce, eight bytes big-endian.
func (j *Job) Coinbase() (text, arbitrary []byte, err error) {
	_, text, arbitrary, err = j.Template.coinbase.data(j.Extranonce)
	return text, arbitrary, err
}

// CoinbaseLayers are what it takes to compute the coinbase's id for each value of the
// last size bytes, 1 to 8, of the extranonce; the bytes before them are the job's.
func (j *Job) CoinbaseLayers(size int) []Layer {
	var fixed [extranonceSize]byte
	binary.BigEndian.PutUint64(fixed[:], j.Extranonce)
	var out []Layer
	for i, l := range j.Template.coinbase.layers {
		prefix := clone(l.Prefix)
		if i == 0 {
			prefix = append(prefix, fixed[:extranonceSize-size]...)
		}
		out = append(out, Layer{l.Tag, prefix, clone(l.Suffix)})
	}
	return out
}

// Branch is what turns the coinbase's leaf into the root: the right-hand siblings on
// its way up, lowest first. It is shared and must not be changed.
func (j *Job) Branch() [][32]byte { return j.Template.branch }

// JobState is what a job is worth.
type JobState int

// The states of a job.
const (
	// Active means that the job is of the current template.
	Active JobState = iota
	// Past means that the job is of an older template on the same tip: a solution is
	// as good as any.
	Past
	// Stale means that the job is of a former tip: a solution can only win a race.
	Stale
)

// String names the state.
func (s JobState) String() string {
	switch s {
	case Active:
		return "active"
	case Past:
		return "past"
	}
	return "stale"
}

// Solution is a job with a timestamp and a nonce that may meet a target.
type Solution struct {
	Job *Job
	// Timestamp is in Unix seconds.
	Timestamp uint64
	Nonce     uint64
	// By is who found it, for the journal and the log.
	By Finder
}

// check refuses what could never be a block, before anything is hashed.
func (s Solution) check(now uint64) error {
	switch median := s.Job.Template.Tip.MedianTime; {
	case s.Nonce > MaxNonce:
		return fmt.Errorf("%w: nonce %#x is above %#x", ErrNonceRange, s.Nonce, uint64(MaxNonce))
	case s.Timestamp <= median:
		return fmt.Errorf("%w: timestamp %d is not above the median %d of the last 11 blocks", ErrTimeTooOld, s.Timestamp, median)
	case s.Timestamp > now+3600:
		return tooNew(s.Timestamp, now)
	}
	return nil
}
