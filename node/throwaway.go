package node

import (
	"crypto/rand"
	"fmt"
	"io"

	"github.com/bytom/bytom/blockchain/signers"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/crypto/ed25519/chainkd"
)

// throwawayAlias names the key and the account that a solonet miner without any
// is given.
const throwawayAlias = "solo"

// ensurePayee makes a throwaway account where a newcomer would otherwise be
// stopped: on a solonet, with a wallet that has no account. Its words and password
// are written to out, once; they are stored nowhere in the clear.
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
	password := rand.Text()
	key, words, err := b.hsm.XCreate(throwawayAlias, password, "en")
	if err != nil {
		return fmt.Errorf("make a throwaway key: %w", err)
	}
	if _, err := b.accounts.Create([]chainkd.XPub{key.XPub}, 1, throwawayAlias, signers.BIP0044); err != nil {
		return fmt.Errorf("make a throwaway account: %w", err)
	}
	address, err := b.accounts.GetMiningAddress()
	if err != nil {
		return fmt.Errorf("make a throwaway address: %w", err)
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
