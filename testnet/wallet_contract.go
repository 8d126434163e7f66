package testnet

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// Compile compiles a contract in Equity, Bytom's language, and returns the control
// program that it makes with these parameters: bool, int64 or []byte, as the contract
// declares them.
func (c Client) Compile(ctx context.Context, source string, parameters ...any) (program Hex, err error) {
	args := []map[string]any{}
	for i, p := range parameters {
		switch p := p.(type) {
		case bool:
			args = append(args, map[string]any{"boolean": p})
		case int64:
			args = append(args, map[string]any{"integer": p})
		case []byte:
			args = append(args, map[string]any{"string": Hex(p)})
		default:
			return nil, fmt.Errorf("parameter %d of the contract is a %T, expected bool, int64 or []byte", i, p)
		}
	}
	var out struct {
		Program Hex `json:"program"`
	}
	err = c.Call(ctx, "/compile", map[string]any{"contract": source, "args": args}, &out)
	return out.Program, err
}

// Issue defines an asset that the account's keys may issue, and issues some of it to
// the account.
func (a Account) Issue(ctx context.Context, alias string, amount, fee uint64) (assetID string, err error) {
	var accounts []struct {
		XPubs []string `json:"xpubs"`
	}
	if err := a.Call(ctx, "/list-accounts", map[string]any{"alias": a.Alias}, &accounts); err != nil {
		return "", err
	}
	var asset struct {
		ID string `json:"id"`
	}
	in := map[string]any{"alias": alias, "root_xpubs": accounts[0].XPubs, "quorum": 1, "definition": map[string]any{}}
	if err := a.Call(ctx, "/create-asset", in, &asset); err != nil {
		return "", err
	}
	home, err := a.Address(ctx)
	if err != nil {
		return "", err
	}
	issue := Action{"type": "issue", "asset_id": asset.ID, "amount": amount}
	_, err = a.Transact(ctx, issue, a.Spend(fee), PayAddress(home.Address, asset.ID, amount))
	return asset.ID, err
}

// Lock pays an asset to a contract's program, and returns the id of the output once
// the wallet knows that, unconfirmed, and Unlock can spend it. The asset can't be
// BTM: Bytom passes no transaction that pays BTM to a bare contract.
func (a Account) Lock(ctx context.Context, program Hex, assetID string, amount, fee uint64) (outputID string, err error) {
	tx, err := a.Transact(ctx, a.SpendAsset(assetID, amount), a.Spend(fee), PayProgram(program, assetID, amount))
	if err != nil {
		return "", fmt.Errorf("lock %d in the contract: %w", amount, err)
	}
	for i, o := range tx.Outputs {
		if bytes.Equal(o.ControlProgram, program) {
			outputID = tx.OutputID(i).String()
		}
	}
	err = poll(ctx, 30*time.Second, walletPoll, func() error { _, err := a.Locked(ctx, outputID); return err })
	return outputID, err
}

// Output is what a contract holds.
type Output struct {
	ID      string `json:"id"`
	AssetID string `json:"asset_id"`
	Amount  uint64 `json:"amount"`
}

// Locked is a contract's unspent output, confirmed or not, that a wallet knows of.
func (c Client) Locked(ctx context.Context, outputID string) (Output, error) {
	var outputs []Output
	in := map[string]any{"unconfirmed": true, "smart_contract": true}
	if err := c.Call(ctx, "/list-unspent-outputs", in, &outputs); err != nil {
		return Output{}, err
	}
	for _, o := range outputs {
		if o.ID == outputID {
			return o, nil
		}
	}
	return Output{}, fmt.Errorf("%s: the wallet has no contract's output %s", c.URL, outputID)
}

// Unlock spends a contract's output to an address, with these arguments of the
// contract's clause. The account pays the fee. ErrOnlyGas means that the contract
// refused.
func (a Account) Unlock(ctx context.Context, outputID, address string, fee uint64, arguments ...[]byte) (txID string, err error) {
	held, err := a.Locked(ctx, outputID)
	if err != nil {
		return "", err
	}
	args := []map[string]any{}
	for _, arg := range arguments {
		args = append(args, map[string]any{"type": "data", "raw_data": map[string]any{"value": Hex(arg)}})
	}
	unlock := Action{
		"type": "spend_account_unspent_output", "output_id": outputID,
		"use_unconfirmed": true, "arguments": args,
	}
	tx, err := a.Transact(ctx, unlock, a.Spend(fee), PayAddress(address, held.AssetID, held.Amount))
	if err != nil {
		return "", fmt.Errorf("unlock the contract's output: %w", err)
	}
	return tx.ID.String(), nil
}
