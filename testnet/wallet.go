package testnet

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"
)

// BTM is the id of Bytom's own asset.
const BTM = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

// DefaultFee pays for any transaction of a few inputs and outputs: 0.01 BTM.
const DefaultFee = 1_000_000

// walletPoll is how often to ask a wallet that catches up, which takes milliseconds.
const walletPoll = 5 * time.Millisecond

// An Account is an account in a node's wallet.
type Account struct {
	Client
	// Alias is the account's.
	Alias string
	// Password is that of the account's key.
	Password string
}

// Account is the account that a network makes for each of its nodes.
func (c Client) Account() Account { return Account{c, AccountAlias, KeyPassword} }

// An Address is where an account is paid.
type Address struct {
	Address string `json:"address"`
	Program Hex    `json:"control_program"`
}

// Hex is bytes that the RPC writes in hexadecimal.
type Hex []byte

// MarshalText implements encoding.TextMarshaler.
func (h Hex) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// Address is the account's first address. It is created if there is none.
func (a Account) Address(ctx context.Context) (Address, error) {
	var all []struct {
		Address
		Change bool `json:"change"`
	}
	if err := a.Call(ctx, "/list-addresses", map[string]any{"account_alias": a.Alias}, &all); err != nil {
		return Address{}, err
	}
	for _, one := range all {
		if !one.Change {
			return one.Address, nil
		}
	}
	return a.NewAddress(ctx)
}

// NewAddress makes another address.
func (a Account) NewAddress(ctx context.Context) (out Address, err error) {
	err = a.Call(ctx, "/create-account-receiver", map[string]any{"account_alias": a.Alias}, &out)
	return out, err
}

// Funds are an account's confirmed BTM in its smallest unit, 10⁻⁸ BTM.
type Funds struct {
	// Spendable is what the account may spend in the next block.
	Spendable uint64 `json:"spendable"`
	// Immature is from coinbases, and not spendable before they are 100 blocks old.
	Immature uint64 `json:"immature"`
}

// Balance is the account's confirmed BTM, spendable or not, in its smallest unit.
func (a Account) Balance(ctx context.Context) (uint64, error) {
	f, err := a.Funds(ctx)
	return f.Spendable + f.Immature, err
}

// Funds waits until the wallet has caught up with the node's chain, and returns what
// the account has.
func (a Account) Funds(ctx context.Context) (f Funds, err error) {
	height, err := a.WaitWallet(ctx)
	if err != nil {
		return f, err
	}
	var outputs []struct {
		AssetID     string `json:"asset_id"`
		Amount      uint64 `json:"amount"`
		ValidHeight uint64 `json:"valid_height"`
	}
	// The wallet's own sum does not separate coinbases.
	if err := a.Call(ctx, "/list-unspent-outputs", map[string]any{"account_alias": a.Alias}, &outputs); err != nil {
		return f, err
	}
	for _, o := range outputs {
		switch {
		case o.AssetID != BTM:
		case o.ValidHeight > height:
			f.Immature += o.Amount
		default:
			f.Spendable += o.Amount
		}
	}
	return f, nil
}

// WaitWallet waits until the node's wallet has caught up with its chain, which it
// does in a goroutine of its own, and returns the height.
func (c Client) WaitWallet(ctx context.Context) (height uint64, err error) {
	err = poll(ctx, 30*time.Second, walletPoll, func() error {
		var out struct {
			Best   uint64 `json:"best_block_height"`
			Wallet uint64 `json:"wallet_height"`
		}
		if err := c.Call(ctx, "/wallet-info", nil, &out); err != nil {
			return err
		}
		if height = out.Best; out.Wallet < out.Best {
			return fmt.Errorf("%s: the wallet is at height %d, the chain at %d", c.URL, out.Wallet, out.Best)
		}
		return nil
	})
	return height, err
}

// Pool is the ids of the transactions in the node's pool, sorted.
func (c Client) Pool(ctx context.Context) ([]string, error) {
	var out struct {
		IDs []string `json:"tx_ids"`
	}
	err := c.Call(ctx, "/list-unconfirmed-transactions", nil, &out)
	slices.Sort(out.IDs)
	return out.IDs, err
}

// Action is a part of a transaction to be built, as /build-transaction takes it.
type Action map[string]any

// Spend takes BTM from the account, unconfirmed change of its own included.
func (a Account) Spend(amount uint64) Action {
	return a.SpendAsset(BTM, amount)
}

// SpendAsset is Spend for an asset.
func (a Account) SpendAsset(assetID string, amount uint64) Action {
	return Action{
		"type": "spend_account", "account_alias": a.Alias, "asset_id": assetID,
		"amount": amount, "use_unconfirmed": true,
	}
}

// PayAddress gives an asset to an address.
func PayAddress(address, assetID string, amount uint64) Action {
	return Action{"type": "control_address", "asset_id": assetID, "amount": amount, "address": address}
}

// PayProgram gives an asset to a control program.
func PayProgram(program Hex, assetID string, amount uint64) Action {
	return Action{"type": "control_program", "asset_id": assetID, "amount": amount, "control_program": program}
}

// Send pays an address, and returns the id of the transaction, which is in the
// node's pool then. Change goes back to the account, so the fee is exactly that.
func (a Account) Send(ctx context.Context, address string, amount, fee uint64) (txID string, err error) {
	tx, err := a.Transact(ctx, a.Spend(amount+fee), PayAddress(address, BTM, amount))
	if err != nil {
		return "", fmt.Errorf("send %s to %s: %w", btm(amount), address, err)
	}
	return tx.ID.String(), nil
}

// What nodes answer in cases that call for more than to pass it on.
const (
	msgReserved = "Available UTXOs of account have been reserved"
	msgOrphan   = "Transaction input UTXO not found"
)

// reservedLimit is how long Transact waits for the change of what is spent in the
// pool.
const reservedLimit = time.Second

// Transact builds a transaction of actions, signs it with the account's key and
// submits it. It is in the node's pool then, even if the error is ErrOnlyGas.
func (a Account) Transact(ctx context.Context, actions ...Action) (*types.Tx, error) {
	if _, err := a.WaitWallet(ctx); err != nil {
		return nil, err
	}
	template, err := a.build(ctx, actions)
	if err != nil {
		return nil, err
	}
	var signed struct {
		Transaction struct {
			Raw types.Tx `json:"raw_transaction"`
		} `json:"transaction"`
		Complete bool `json:"sign_complete"`
	}
	in := map[string]any{"password": a.Password, "transaction": template}
	if err := a.Call(ctx, "/sign-transaction", in, &signed); err != nil {
		return nil, err
	}
	if !signed.Complete {
		return nil, fmt.Errorf("the key of account %s signs only a part of the transaction", a.Alias)
	}
	tx := &signed.Transaction.Raw
	id, err := a.Submit(ctx, tx)
	if err != nil {
		return nil, err
	}
	return tx, a.settled(ctx, id)
}

// ErrOnlyGas means that a transaction pays its fee and moves no other asset: the
// program of one that it spends said no. Bytom takes such transactions, and marks
// them as failed.
var ErrOnlyGas = errors.New("a program failed: the transaction pays its fee and moves nothing but BTM")

// settled waits until the wallet has read of a transaction of its own in the pool's
// messages, and is ErrOnlyGas if that failed.
func (c Client) settled(ctx context.Context, id string) error {
	var inPool, inWallet struct {
		StatusFail bool `json:"status_fail"`
	}
	in := map[string]any{"tx_id": id}
	// In a block it is not in the pool, and the wallet does know whether it failed.
	_ = c.Call(ctx, "/get-unconfirmed-transaction", in, &inPool)
	err := poll(ctx, 30*time.Second, walletPoll, func() error { return c.Call(ctx, "/get-transaction", in, &inWallet) })
	if err == nil && (inPool.StatusFail || inWallet.StatusFail) {
		err = fmt.Errorf("%w: %s", ErrOnlyGas, id)
	}
	return err
}

// build has the node build a transaction. The wallet lists a transaction before it
// lists what that leaves; in between what was spent is reserved, and nothing there in
// its place. What a failed attempt has reserved stays so for half an hour.
func (a Account) build(ctx context.Context, actions []Action) (template json.RawMessage, err error) {
	var final error
	err = poll(ctx, reservedLimit, walletPoll, func() error {
		err := a.Call(ctx, "/build-transaction", map[string]any{"actions": actions}, &template)
		if err != nil && strings.Contains(err.Error(), msgReserved) {
			return err
		}
		final = err
		return nil
	})
	return template, errors.Join(err, final)
}

// Submit gives a signed transaction to the node's pool and returns its id.
func (c Client) Submit(ctx context.Context, tx *types.Tx) (txID string, err error) {
	err = c.Call(ctx, "/submit-transaction", map[string]any{"raw_transaction": tx}, nil)
	return tx.ID.String(), err
}

// isOrphan reports whether a node refused a transaction that spends what is not there.
func isOrphan(err error) bool {
	return err != nil && strings.Contains(err.Error(), msgOrphan)
}
