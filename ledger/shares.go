package ledger

import (
	"encoding/binary"
	"fmt"
	"math"

	bolt "go.etcd.io/bbolt"
)

// loggedShare is an accepted share as it lies in the file.
type loggedShare struct {
	sequence           uint64
	milli              int64
	rig                uint32
	effective, network float64
	// Format 1 ends here.
	work          uint64
	owner, policy uint32
}

// The sequence follows from the key and the place.
const (
	formerSize = 28
	loggedSize = 44
)

func packShares(shares []loggedShare) []byte {
	b := make([]byte, 0, len(shares)*loggedSize)
	for _, s := range shares {
		b = binary.BigEndian.AppendUint64(b, uint64(s.milli))
		b = binary.BigEndian.AppendUint32(b, s.rig)
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.effective))
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.network))
		b = binary.BigEndian.AppendUint64(b, s.work)
		b = binary.BigEndian.AppendUint32(b, s.owner)
		b = binary.BigEndian.AppendUint32(b, s.policy)
	}
	return b
}

// run is what lies under one key of the log: shares whose sequence numbers follow one
// another. It is valid as long as the transaction that it was read in.
type run struct {
	first uint64
	size  int // of a share
	raw   []byte
}

func runOf(key, raw []byte, size int) (run, error) {
	if len(key) != 8 || len(raw)%size != 0 {
		return run{}, fmt.Errorf("shares of %d bytes under a key of %d", len(raw), len(key))
	}
	return run{binary.BigEndian.Uint64(key), size, raw}, nil
}

func (r run) len() int { return len(r.raw) / r.size }

// at is the i-th share.
func (r run) at(i int) loggedShare {
	raw := r.raw[i*r.size:][:r.size]
	s := loggedShare{
		sequence: r.first + uint64(i), milli: int64(binary.BigEndian.Uint64(raw)), rig: binary.BigEndian.Uint32(raw[8:]),
		effective: math.Float64frombits(binary.BigEndian.Uint64(raw[12:])),
		network:   math.Float64frombits(binary.BigEndian.Uint64(raw[20:])),
	}
	if r.size > formerSize {
		s.work = binary.BigEndian.Uint64(raw[28:])
		s.owner, s.policy = binary.BigEndian.Uint32(raw[36:]), binary.BigEndian.Uint32(raw[40:])
	}
	return s
}

// log is the bucket of the file's shares, and how long one is.
func (f *file) log(tx *bolt.Tx) (*bolt.Bucket, int) {
	if f.format == formerFormat {
		return tx.Bucket(formerLogBucket), formerSize
	}
	return tx.Bucket(logBucket), loggedSize
}

// eachRun visits the log, oldest first.
func (f *file) eachRun(tx *bolt.Tx, visit func(run) error) error {
	b, size := f.log(tx)
	return b.ForEach(func(key, raw []byte) error {
		r, err := runOf(key, raw, size)
		if err != nil {
			return err
		}
		return visit(r)
	})
}

// ownerAt is the owner of the i-th share, of this format.
func (r run) ownerAt(i int) uint32 { return binary.BigEndian.Uint32(r.raw[i*r.size+36:]) }
