package wire

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Job is a job as it goes over the wire: a block header without its nonce, and what a hash
// of it must reach. Hashes are in the byte order that the node prints.
type Job struct {
	Version, Height        uint64
	PreviousBlockHash      [32]byte
	Timestamp              uint64 // Unix seconds
	TransactionsMerkleRoot [32]byte
	TransactionStatusHash  [32]byte
	// Nonce is where the rig starts; it may change the lower 32 bits.
	Nonce uint64
	// Bits are the network's target in compact form, as in the header.
	Bits uint64
	// ID is what a submit names the job by.
	ID string
	// Seed is the seed of Tensority.
	Seed [32]byte
	// Target is what a share must meet.
	Target Target
}

// Header returns the job's header with a nonce.
func (j *Job) Header(nonce uint64) types.BlockHeader {
	return types.BlockHeader{
		Version: j.Version, Height: j.Height, PreviousBlockHash: bc.NewHash(j.PreviousBlockHash),
		Timestamp: j.Timestamp, Nonce: nonce, Bits: j.Bits,
		BlockCommitment: types.BlockCommitment{
			TransactionsMerkleRoot: bc.NewHash(j.TransactionsMerkleRoot),
			TransactionStatusHash:  bc.NewHash(j.TransactionStatusHash),
		},
	}
}

// HeaderHash returns the id of the block with a nonce, over which Tensority is computed with
// Seed.
func (j *Job) HeaderHash(nonce uint64) [32]byte {
	h := j.Header(nonce)
	return h.Hash().Byte32()
}

// AppendJSON appends the job's JSON text to b, in the member order of the pools.
func (j *Job) AppendJSON(b []byte) []byte {
	hash := func(b []byte, name string, v *[32]byte) []byte {
		return hex.AppendEncode(append(b, name...), v[:])
	}
	number := func(b []byte, name string, v uint64) []byte {
		return AppendNumber(append(b, name...), v)
	}
	b = number(b, `{"version":"`, j.Version)
	b = number(b, `","height":"`, j.Height)
	b = hash(b, `","previous_block_hash":"`, &j.PreviousBlockHash)
	b = number(b, `","timestamp":"`, j.Timestamp)
	b = hash(b, `","transactions_merkle_root":"`, &j.TransactionsMerkleRoot)
	b = hash(b, `","transaction_status_hash":"`, &j.TransactionStatusHash)
	b = number(b, `","nonce":"`, j.Nonce)
	b = number(b, `","bits":"`, j.Bits)
	b = append(b, `","job_id":`...)
	b = appendString(b, j.ID)
	b = hash(b, `,"seed":"`, &j.Seed)
	b = append(append(b, `","target":"`...), j.Target.String()...)
	return append(b, `"}`...)
}

// appendString appends a JSON string. Digits, as in the ids of our jobs, need no encoder.
func appendString(b []byte, s string) []byte {
	if strings.Trim(s, "0123456789") == "" {
		return append(append(append(b, '"'), s...), '"')
	}
	return appendValue(b, s)
}

// MarshalJSON returns what AppendJSON writes.
func (j Job) MarshalJSON() ([]byte, error) { return j.AppendJSON(nil), nil }

// UnmarshalJSON reads the text of a job. The job's id may be a number, and the target
// have 1 to 32 bytes.
func (j *Job) UnmarshalJSON(text []byte) error {
	var raw struct {
		Version   string          `json:"version"`
		Height    string          `json:"height"`
		Previous  string          `json:"previous_block_hash"`
		Timestamp string          `json:"timestamp"`
		Root      string          `json:"transactions_merkle_root"`
		Status    string          `json:"transaction_status_hash"`
		Nonce     string          `json:"nonce"`
		Bits      string          `json:"bits"`
		ID        json.RawMessage `json:"job_id"`
		Seed      string          `json:"seed"`
		Target    string          `json:"target"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("job: %w", err)
	}
	*j = Job{}
	for _, f := range []struct {
		name, text string
		into       *uint64
	}{
		{"version", raw.Version, &j.Version}, {"height", raw.Height, &j.Height}, {"timestamp", raw.Timestamp, &j.Timestamp},
		{"nonce", raw.Nonce, &j.Nonce}, {"bits", raw.Bits, &j.Bits},
	} {
		var err error
		if *f.into, err = ParseNumber(f.text); err != nil {
			return fmt.Errorf("job's %s: %w", f.name, err)
		}
	}
	for _, f := range []struct {
		name, text string
		into       *[32]byte
	}{
		{"previous_block_hash", raw.Previous, &j.PreviousBlockHash}, {"transactions_merkle_root", raw.Root, &j.TransactionsMerkleRoot},
		{"transaction_status_hash", raw.Status, &j.TransactionStatusHash}, {"seed", raw.Seed, &j.Seed},
	} {
		h, err := hex.DecodeString(f.text)
		if err != nil || len(h) != 32 {
			return fmt.Errorf("job's %s is %s, expected 64 hexadecimal digits", f.name, Excerpt([]byte(f.text)))
		}
		*f.into = [32]byte(h)
	}
	var ok bool
	if j.ID, ok = stringOrNumber(raw.ID); !ok {
		return fmt.Errorf("job's job_id is %s, expected a string", Excerpt(raw.ID))
	}
	var err error
	if j.Target, err = ParseTarget(raw.Target); err != nil {
		return fmt.Errorf("job's target: %w", err)
	}
	return nil
}
