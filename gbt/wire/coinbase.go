package wire

import (
	"crypto/sha3"
	"encoding/hex"
	"fmt"
)

// CoinbaseBuild is what a client needs to roll the extranonce that knows SHA3 alone.
type CoinbaseBuild struct {
	Extranonce Extranonce `json:"extranonce"`
	Layers     []Layer    `json:"layers"`
	Branch     []string   `json:"branch"`
}

// Extranonce is how many bytes are the client's, and what they are in the template.
type Extranonce struct {
	Size  int    `json:"size"`
	Value string `json:"value"`
}

// Layer is one of the entry ids that the coinbase's id is chained of: SHA3(tag ‖
// SHA3(prefix ‖ inner ‖ suffix)), inner being the extranonce at first and then the
// layer before. Prefix and Suffix are hexadecimal.
type Layer struct {
	Tag    string `json:"tag"`
	Prefix string `json:"prefix"`
	Suffix string `json:"suffix"`
}

// Root is the transactions merkle root for an extranonce of the client's choice.
func (b *CoinbaseBuild) Root(extranonce []byte) (root [32]byte, err error) {
	if len(extranonce) != b.Extranonce.Size {
		return root, fmt.Errorf("an extranonce of %d bytes, expected %d", len(extranonce), b.Extranonce.Size)
	}
	inner := extranonce
	for _, l := range b.Layers {
		prefix, err := hex.DecodeString(l.Prefix)
		if err != nil {
			return root, fmt.Errorf("prefix of %s %w", l.Tag, err)
		}
		suffix, err := hex.DecodeString(l.Suffix)
		if err != nil {
			return root, fmt.Errorf("suffix of %s %w", l.Tag, err)
		}
		body := sha3.Sum256(append(append(prefix, inner...), suffix...))
		id := sha3.Sum256(append([]byte(l.Tag), body[:]...))
		inner = id[:]
	}
	root = sha3.Sum256(append([]byte{0}, inner...))
	for _, text := range b.Branch {
		right, err := hex.DecodeString(text)
		if err != nil {
			return root, fmt.Errorf("branch: %w", err)
		}
		root = sha3.Sum256(append(append([]byte{1}, root[:]...), right...))
	}
	return root, nil
}
