package testnet

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// A coinbase can be spent a hundred blocks later, and a hundred blocks take about
// 2,000 hashes: minutes, on a machine without wide instructions. These were mined
// once. To check one takes a hash, so a network has spendable BTM after
// PremineHeight hashes.

const (
	// PremineHeight is the height of a chain that Premine has built.
	PremineHeight = int(consensus.CoinbasePendingBlockNumber) + premineSpendable

	premineSpendable = 10 // its blocks whose coinbase can be spent
	preminePhrase    = "bytom-solo premine"
	premineFee       = 1e7

	genesisTime  = 1528945000
	genesisBits  = 2305843009214532812
	blockSeconds = 150
)

// errPremineSpent means that the premined BTM is not there any more, or never was.
var errPremineSpent = errors.New("the premined BTM is spent or not on this chain")

// PremineTotal is how much BTM SpendPremine distributes, less its fee.
const PremineTotal = uint64(premineSpendable*41250000000 - premineFee)

// Premine submits the premined blocks to a node at height 0.
func (c Client) Premine(ctx context.Context) error {
	height, err := c.Height(ctx)
	if err != nil {
		return err
	}
	if height != 0 {
		return fmt.Errorf("premined blocks begin at height 1, and %s is at %d", c.URL, height)
	}
	text, err := c.BlockHash(ctx, 0)
	if err != nil {
		return err
	}
	var previous bc.Hash
	if err := previous.UnmarshalText([]byte(text)); err != nil {
		return err
	}
	for i, nonce := range premineNonces {
		block, err := premineBlock(uint64(i+1), previous)
		if err != nil {
			return err
		}
		block.Nonce = uint64(nonce)
		if err := c.Call(ctx, "/submit-block", map[string]any{"raw_block": block}, nil); err != nil {
			return fmt.Errorf("premined block %d: %w", i+1, err)
		}
		previous = block.Hash()
	}
	return nil
}

// SpendPremine shares the premined BTM equally among control programs, in one
// transaction whose fee is 0.1 BTM, and returns its id. It works once in a chain.
func (c Client) SpendPremine(ctx context.Context, programs ...[]byte) (txID string, err error) {
	if len(programs) == 0 {
		return "", errors.New("share the premined BTM: among nobody")
	}
	var inputs []*types.TxInput
	for height := range uint64(premineSpendable) {
		in, err := input(premineCoinbase(height+1), 0)
		if err != nil {
			return "", err
		}
		inputs = append(inputs, in)
	}
	var outputs []*types.TxOutput
	for _, program := range programs {
		outputs = append(outputs, pay(PremineTotal/uint64(len(programs)), program))
	}
	tx, err := newKey(preminePhrase).spend(inputs, outputs)
	if err != nil {
		return "", err
	}
	if txID, err = c.Submit(ctx, tx); isOrphan(err) {
		err = fmt.Errorf("%w: %w", errPremineSpent, err)
	}
	return txID, err
}

// premineCoinbase pays the premine's key for the block at a height.
func premineCoinbase(height uint64) *types.Tx {
	arbitrary := append([]byte{0}, strconv.FormatUint(height, 10)...)
	return types.NewTx(types.TxData{
		Version: 1,
		Inputs:  []*types.TxInput{types.NewCoinbaseInput(arbitrary)},
		Outputs: []*types.TxOutput{pay(consensus.BlockSubsidy(height), newKey(preminePhrase).program)},
	})
}

// premineBlock is the premined block at a height, but for its nonce.
func premineBlock(height uint64, previous bc.Hash) (*types.Block, error) {
	coinbase := premineCoinbase(height)
	root, err := types.TxMerkleRoot([]*bc.Tx{coinbase.Tx})
	if err != nil {
		return nil, err
	}
	status, err := types.TxStatusMerkleRoot([]*bc.TxVerifyResult{{StatusFail: false}})
	if err != nil {
		return nil, err
	}
	return &types.Block{
		BlockHeader: types.BlockHeader{
			Version:           1,
			Height:            height,
			PreviousBlockHash: previous,
			Timestamp:         genesisTime + blockSeconds*height,
			Bits:              genesisBits,
			BlockCommitment:   types.BlockCommitment{TransactionsMerkleRoot: root, TransactionStatusHash: status},
		},
		Transactions: []*types.Tx{coinbase},
	}, nil
}
