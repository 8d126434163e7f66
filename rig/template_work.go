package rig

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

// templateWork turns a template into work. The template is this rig's alone, so its first
// extranonce is as good as any.
func templateWork(t *wire.Template) (*work, error) {
	size := t.CoinbaseBuild.Extranonce.Size
	if size < 1 || size > 8 {
		return nil, fmt.Errorf("the template has %d bytes of extranonce, expected 1 to 8", size)
	}
	extranonce := make([]byte, size)
	header, seed, err := TemplateHeader(t, extranonce)
	if err != nil {
		return nil, err
	}
	w := newWork(header, seed, newNonces(allNonces, 0))
	w.template, w.extranonce = t, extranonce
	return w, nil
}

// TemplateHeader builds the header of a template with an extranonce, which must have the
// template's length, and a nonce of 0. seed is that of its proof of work.
func TemplateHeader(t *wire.Template, extranonce []byte) (header types.BlockHeader, seed [32]byte, err error) {
	header = types.BlockHeader{Version: t.Version, Height: t.Height, Timestamp: t.CurTime}
	var hashes [3]bc.Hash
	for i, f := range []struct{ name, text string }{
		{"previousblockhash", t.PreviousBlockHash}, {"default_status_commitment", t.StatusCommitment}, {"seed", t.Seed},
	} {
		raw, err := hex.DecodeString(f.text)
		if err != nil || len(raw) != 32 {
			return header, seed, fmt.Errorf("the template's %s is %q, expected 64 hexadecimal characters", f.name, f.text)
		}
		hashes[i] = bc.NewHash([32]byte(raw))
	}
	header.PreviousBlockHash, header.TransactionStatusHash, seed = hashes[0], hashes[1], hashes[2].Byte32()
	bits, err := hex.DecodeString(t.Bits)
	if err != nil || len(bits) != 8 {
		return header, seed, fmt.Errorf("the template's bits are %q, expected 16 hexadecimal characters", t.Bits)
	}
	header.Bits = binary.BigEndian.Uint64(bits)
	root, err := t.CoinbaseBuild.Root(extranonce)
	header.TransactionsMerkleRoot = bc.NewHash(root)
	return header, seed, err
}
