package node

import (
	"crypto/rand"
	"fmt"
	"io"

	"github.com/bytom/bytom/blockchain/pseudohsm"
	"github.com/bytom/bytom/blockchain/signers"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/crypto/ed25519/chainkd"
)

// throwawayAlias names the key and the account that a solonet miner without any
// is given.
const throwawayAlias = "solo"

// ensurePayee creates a throwaway account where a newcomer would otherwise be
// stopped: on a solonet, with a wallet that has no account. The words and the password of
// a new key are written to out, once; they are stored nowhere in the clear. A key that is
// there is used: its account went with the data directory, or was deleted.
func (b *bytom) ensurePayee(out io.Writer) error {
	if consensus.ActiveNetParams.Name != consensus.SoloNetParams.Name || b.accounts == nil {
		return nil
	}
	have, err := b.accounts.ListAccounts("")
	if err != nil {
		return fmt.Errorf("list the accounts: %w", err)
	}
	if len(have) > 0 {
		return nil
	}
	key, ok := b.presentKey()
	if ok {
		address, err := b.throwawayAccount(key.XPub)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, `
An account was made for this solonet, of the key %q that is in %s:
  account   %s
  address   %s

`, key.Alias, b.config.KeysDir(), throwawayAlias, address)
		return err
	}
	password := rand.Text()
	fresh, words, err := b.hsm.XCreate(throwawayAlias, password, "en")
	if err != nil {
		return fmt.Errorf("make a throwaway key: %w", err)
	}
	address, err := b.throwawayAccount(fresh.XPub)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `
A throwaway account was made for this solonet. This is shown once:
  account   %s
  address   %s
  password  %s
  words     %s

`, throwawayAlias, address, password, *words)
	return err
}

// presentKey is the throwaway key of before, or the only key that there is.
func (b *bytom) presentKey() (key pseudohsm.XPub, ok bool) {
	keys := b.hsm.ListKeys()
	for _, key := range keys {
		if key.Alias == throwawayAlias {
			return key, true
		}
	}
	if len(keys) == 1 {
		return keys[0], true
	}
	return key, false
}

// throwawayAccount creates an account of a key, and has its first address mined to.
func (b *bytom) throwawayAccount(key chainkd.XPub) (address string, err error) {
	account, err := b.accounts.Create([]chainkd.XPub{key}, 1, throwawayAlias, signers.BIP0044)
	if err != nil {
		return "", fmt.Errorf("make a throwaway account: %w", err)
	}
	program, err := b.accounts.CreateAddress(account.ID, false)
	if err != nil {
		return "", fmt.Errorf("make a throwaway address: %w", err)
	}
	if address, err = b.accounts.SetMiningAddress(program.Address); err != nil {
		return "", fmt.Errorf("keep the throwaway address: %w", err)
	}
	return address, nil
}
