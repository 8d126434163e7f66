package testnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"
)

// FloodConfig says what transactions to flood a node with.
type FloodConfig struct {
	// N is how many.
	N int `json:"n"`
	// FeesLow and FeesHigh are the range that fees are drawn from, evenly, in the
	// smallest unit of BTM. A transaction of a flood needs MinFloodFee.
	FeesLow  uint64 `json:"fees_low"`
	FeesHigh uint64 `json:"fees_high"`
	// ChainDepth is how many transactions in a row each spend the one before; 0 is 1.
	ChainDepth int `json:"chain_depth"`
	// Seed decides the fees, and the key that the flood's outputs belong to.
	Seed uint64 `json:"seed"`
	// PerSecond is how many enter the pool a second: 0 is FloodPace, less than 0 as
	// many as the node takes.
	PerSecond int `json:"per_second"`
}

const (
	// FloodPace is how many transactions a second peers stand. A node queues a hundred
	// messages for a peer at most and drops the peer, for good, that needs more: a
	// burst of the thousands a second that it takes itself would part the network.
	FloodPace = 400

	// MinFloodFee is the least fee that pays for the gas of a transaction of a flood.
	MinFloodFee = 450_000

	// floodRest is what each chain of a flood leaves, and gives back in the end.
	floodRest = 1_000_000
	// splitMost is how many chains a splitting transaction starts. Peers get it at 500
	// KB/s, and what comes after it waits in their queue.
	splitMost  = 200
	splitGas   = 200 // BTM's units for a gas, and an output takes a gas a byte
	outputSize = 80
	// submitBatch is how many transactions a request has: well below a peer's queue.
	submitBatch = 20
)

// Flooded is what a flood came to.
type Flooded struct {
	// Splits are the transactions whose outputs the chains start from.
	Splits []string `json:"splits"`
	// SplitFees is what these paid together.
	SplitFees uint64 `json:"split_fees"`
	// Chains are the flood's transactions; each of a chain spends the one before.
	Chains [][]string `json:"chains"`
	// Fees are those of Chains.
	Fees [][]uint64 `json:"fees"`
	// SplitTook and Took are how long the splits and the flood proper took to enter
	// the pool.
	SplitTook time.Duration `json:"split_took"`
	Took      time.Duration `json:"took"`
}

func (c *FloodConfig) check() error {
	if c.ChainDepth == 0 {
		c.ChainDepth = 1
	}
	if c.PerSecond == 0 {
		c.PerSecond = FloodPace
	}
	switch {
	case c.N < 1 || c.ChainDepth < 1:
		return fmt.Errorf("a flood of %d transactions in chains of %d: expected 1 or more of both", c.N, c.ChainDepth)
	case c.FeesLow > c.FeesHigh:
		return fmt.Errorf("fees from %s to %s: expected the lower one first", btm(c.FeesLow), btm(c.FeesHigh))
	case c.FeesLow < MinFloodFee:
		return fmt.Errorf("a fee of %s does not pay for a transaction's gas: expected %s or more", btm(c.FeesLow), btm(MinFloodFee))
	}
	return nil
}

// fees draws the fees of each chain.
func (c *FloodConfig) fees() (chains [][]uint64) {
	random := rand.New(rand.NewPCG(c.Seed, 0))
	for left := c.N; left > 0; left -= c.ChainDepth {
		chain := make([]uint64, min(left, c.ChainDepth))
		for i := range chain {
			chain[i] = c.FeesLow + random.Uint64N(c.FeesHigh-c.FeesLow+1)
		}
		chains = append(chains, chain)
	}
	return chains
}

// Flood puts transactions into the node's pool. The account pays a key of the
// flood's own, in as few transactions as that takes, and the flood spends from that
// key: the wallet's signatures take a tenth of a second each. What fees leave goes
// back to the account.
func (a Account) Flood(ctx context.Context, c FloodConfig) (out Flooded, err error) {
	if err := c.check(); err != nil {
		return out, err
	}
	home, err := a.Address(ctx)
	if err != nil {
		return out, err
	}
	out.Fees = c.fees()
	k := newKey(fmt.Sprintf("bytom-solo flood %d", c.Seed))
	begun := time.Now()
	var starts []*types.TxInput
	for i := 0; i < len(out.Fees); i += splitMost {
		tx, err := a.split(ctx, k, out.Fees[i:min(len(out.Fees), i+splitMost)])
		if err != nil {
			return out, fmt.Errorf("split outputs for the flood: %w", err)
		}
		out.Splits = append(out.Splits, tx.ID.String())
		out.SplitFees += splitFee(len(out.Fees[i:min(len(out.Fees), i+splitMost)]))
		inputs, err := inputsOf(tx, k)
		if err != nil {
			return out, err
		}
		starts = append(starts, inputs...)
	}
	out.SplitTook = time.Since(begun)
	links, err := chain(k, starts, out.Fees, home.Program)
	if err != nil {
		return out, err
	}
	out.Chains = make([][]string, len(starts))
	var all []*types.Tx
	for _, round := range links {
		for i, tx := range round {
			out.Chains[i] = append(out.Chains[i], tx.ID.String())
		}
		all = append(all, round...)
	}
	begun = time.Now()
	err = a.submitAll(ctx, all, c.PerSecond)
	out.Took = time.Since(begun)
	return out, err
}

// splitFee is the fee of a transaction that starts so many chains.
func splitFee(chains int) uint64 { return uint64(DefaultFee + chains*outputSize*splitGas) }

// split pays the key once for each chain: its fees, and what it leaves.
func (a Account) split(ctx context.Context, k key, chains [][]uint64) (*types.Tx, error) {
	total := splitFee(len(chains))
	actions := []Action{nil}
	for _, fees := range chains {
		amount := uint64(floodRest)
		for _, fee := range fees {
			amount += fee
		}
		total += amount
		actions = append(actions, PayProgram(k.program, BTM, amount))
	}
	actions[0] = a.Spend(total)
	return a.Transact(ctx, actions...)
}

// inputsOf spends a transaction's outputs to a key, in their order.
func inputsOf(tx *types.Tx, k key) (inputs []*types.TxInput, err error) {
	for i, o := range tx.Outputs {
		if !bytes.Equal(o.ControlProgram, k.program) {
			continue
		}
		in, err := input(tx, i)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// chain makes the transactions of all chains, the first of each first. Only the last
// chain may be shorter than the others.
func chain(k key, next []*types.TxInput, fees [][]uint64, home []byte) (rounds [][]*types.Tx, err error) {
	if len(next) != len(fees) {
		return nil, errors.New("the split's outputs are not as many as its chains")
	}
	for depth := range fees[0] {
		var round []*types.Tx
		for i := range next {
			if depth >= len(fees[i]) {
				continue
			}
			program := k.program
			if depth == len(fees[i])-1 {
				program = home
			}
			tx, err := k.spend([]*types.TxInput{next[i]}, []*types.TxOutput{pay(next[i].Amount()-fees[i][depth], program)})
			if err != nil {
				return nil, err
			}
			if next[i], err = input(tx, 0); err != nil {
				return nil, err
			}
			round = append(round, tx)
		}
		rounds = append(rounds, round)
	}
	return rounds, nil
}

// submitAll gives transactions to the node's pool in their order, so many a second at
// the most.
func (c Client) submitAll(ctx context.Context, txs []*types.Tx, perSecond int) error {
	pause := time.Nanosecond
	if perSecond > 0 {
		pause = submitBatch * time.Second / time.Duration(perSecond)
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for i := 0; i < len(txs); i += submitBatch {
		batch := txs[i:min(len(txs), i+submitBatch)]
		if err := c.Call(ctx, "/submit-transactions", map[string]any{"raw_transactions": batch}, nil); err != nil {
			return fmt.Errorf("submit transactions %d to %d of %d: %w", i+1, i+len(batch), len(txs), err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
