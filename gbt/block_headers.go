package gbt

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// headerJSON is a header spelled out. Field order is the stock node's; the strings
// behind are ours, for clients whose numbers lose digits above 2^53.
type headerJSON struct {
	Version           uint64                 `json:"version"`
	Height            uint64                 `json:"height"`
	PreviousBlockHash bc.Hash                `json:"previous_block_hash"`
	Timestamp         uint64                 `json:"timestamp"`
	Nonce             uint64                 `json:"nonce"`
	Bits              uint64                 `json:"bits"`
	BlockCommitment   *types.BlockCommitment `json:"block_commitment"`

	VersionStr   string `json:"version_str"`
	HeightStr    string `json:"height_str"`
	TimestampStr string `json:"timestamp_str"`
	NonceStr     string `json:"nonce_str"`
	BitsStr      string `json:"bits_str"`
	BitsHex      string `json:"bits_hex"`
}

func newHeaderJSON(h *types.BlockHeader) *headerJSON {
	text := func(v uint64) string { return strconv.FormatUint(v, 10) }
	return &headerJSON{
		Version: h.Version, Height: h.Height, PreviousBlockHash: h.PreviousBlockHash,
		Timestamp: h.Timestamp, Nonce: h.Nonce, Bits: h.Bits, BlockCommitment: &h.BlockCommitment,
		VersionStr: text(h.Version), HeightStr: text(h.Height), TimestampStr: text(h.Timestamp),
		NonceStr: text(h.Nonce), BitsStr: text(h.Bits), BitsHex: fmt.Sprintf("%016x", h.Bits),
	}
}

// headerJSONIn is a header as a client sends it back: numbers, or strings in their
// stead. A string field, where there is one, wins over its number.
type headerJSONIn struct {
	Version           *wire.Number           `json:"version"`
	Height            *wire.Number           `json:"height"`
	PreviousBlockHash bc.Hash                `json:"previous_block_hash"`
	Timestamp         *wire.Number           `json:"timestamp"`
	Nonce             *wire.Number           `json:"nonce"`
	Bits              *wire.Number           `json:"bits"`
	BlockCommitment   *types.BlockCommitment `json:"block_commitment"`

	VersionStr   *wire.Number `json:"version_str"`
	HeightStr    *wire.Number `json:"height_str"`
	TimestampStr *wire.Number `json:"timestamp_str"`
	NonceStr     *wire.Number `json:"nonce_str"`
	BitsStr      *wire.Number `json:"bits_str"`
}

func (h *headerJSONIn) header() (*types.BlockHeader, error) {
	if h == nil {
		return nil, errors.New("field block_header: missing, expected an object as get-work-json gives it")
	}
	out := &types.BlockHeader{PreviousBlockHash: h.PreviousBlockHash}
	for _, f := range []struct {
		name         string
		number, text *wire.Number
		into         *uint64
	}{
		{"version", h.Version, h.VersionStr, &out.Version}, {"height", h.Height, h.HeightStr, &out.Height},
		{"timestamp", h.Timestamp, h.TimestampStr, &out.Timestamp}, {"nonce", h.Nonce, h.NonceStr, &out.Nonce},
		{"bits", h.Bits, h.BitsStr, &out.Bits},
	} {
		name, n := "block_header."+f.name, f.number
		if f.text != nil {
			name, n = name+"_str", f.text
		}
		var err error
		if *f.into, err = n.Unsigned(name); err != nil {
			return nil, inputError{err}
		}
	}
	if h.BlockCommitment == nil {
		return nil, errors.New("field block_header.block_commitment: missing, expected an object with transaction_merkle_root and transaction_status_hash")
	}
	out.BlockCommitment = *h.BlockCommitment
	return out, nil
}

// parseHeader reads a header in its compressed text form.
func parseHeader(field string, text *string) (*types.BlockHeader, error) {
	h := &types.BlockHeader{}
	return h, parseHex(field, text, "a block header", h)
}

// parseBlock reads a whole block.
func parseBlock(field string, text *string) (*types.Block, error) {
	b := &types.Block{}
	return b, parseHex(field, text, "a block", b)
}

// parseHex reads into v what the hexadecimal text stands for, and nothing beside:
// Bytom's own readers take bytes behind a header for nothing, and zeros for what is
// missing.
func parseHex(field string, text *string, what string, v interface {
	MarshalText() ([]byte, error)
	UnmarshalText([]byte) error
}) (err error) {
	if text == nil || *text == "" {
		return fmt.Errorf("field %s: missing, expected %s in hexadecimal", field, what)
	}
	defer func() {
		if err != nil {
			err = inputError{err}
		}
	}()
	if _, err := hex.DecodeString(*text); err != nil {
		return fmt.Errorf("field %s: value %.40q: expected %s in hexadecimal", field, *text, what)
	}
	if err := mining.Decode(v, []byte(*text)); err != nil {
		return fmt.Errorf("field %s: not %s: %w", field, what, err)
	}
	back, err := v.MarshalText()
	if err != nil {
		return fmt.Errorf("field %s: not %s: %w", field, what, err)
	}
	if !bytes.EqualFold(back, []byte(*text)) {
		return fmt.Errorf("field %s: %d characters, of which %s takes %d: trailing or missing bytes", field, len(*text), what, len(back))
	}
	return nil
}
