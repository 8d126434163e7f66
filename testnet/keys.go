package testnet

import (
	"context"
	"crypto/ed25519"
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"

	"github.com/tyler-smith/go-bip39"
)

// What every wallet of a network has: one account, of one key.
const (
	AccountAlias = "testnet"
	KeyAlias     = "testnet"
	KeyPassword  = "testnet"
)

// entropy is the secret of a node: everybody's who knows the phrase.
func entropy(phrase string, index int, purpose string) [32]byte {
	text := append([]byte(phrase), binary.BigEndian.AppendUint32(nil, uint32(index))...)
	return sha3.Sum256(append(text, purpose...))
}

// Mnemonic are the words of a node's key.
func Mnemonic(phrase string, index int) (string, error) {
	e := entropy(phrase, index, "")
	return bip39.NewMnemonic(e[:16])
}

// writeNodeKey gives a node the key that peers know it by.
func writeNodeKey(home, phrase string, index int) error {
	seed := entropy(phrase, index, "p2p")
	key := hex.EncodeToString(ed25519.NewKeyFromSeed(seed[:]))
	return os.WriteFile(nodeKeyPath(home), []byte(key), 0o600)
}

func nodeKeyPath(home string) string { return filepath.Join(home, "nodekey") }

// ensureAccount gives a node's wallet its key and account, and returns the mining
// address.
func (c Client) ensureAccount(ctx context.Context, phrase string, index int) (address string, err error) {
	var accounts []struct{ Alias string }
	if err := c.Call(ctx, "/list-accounts", struct{}{}, &accounts); err != nil {
		return "", err
	}
	if len(accounts) == 0 {
		words, err := Mnemonic(phrase, index)
		if err != nil {
			return "", err
		}
		var key struct{ XPub string }
		in := map[string]string{"alias": KeyAlias, "password": KeyPassword, "mnemonic": words, "language": "en"}
		if err := c.Call(ctx, "/create-key", in, &key); err != nil {
			return "", err
		}
		account := map[string]any{"alias": AccountAlias, "root_xpubs": []string{key.XPub}, "quorum": 1}
		if err := c.Call(ctx, "/create-account", account, nil); err != nil {
			return "", err
		}
	}
	var out struct {
		Address string `json:"mining_address"`
	}
	if err := c.Call(ctx, "/get-mining-address", nil, &out); err != nil {
		return "", err
	}
	if out.Address == "" {
		return "", errors.New("the wallet has an account and no address")
	}
	return out.Address, nil
}
