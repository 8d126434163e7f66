package gbt

import (
	"context"
	"errors"
	"fmt"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// The mining calls of JSON-RPC, with the arguments and results of BIP 22 and 23.

func (h *Handler) miningMethods() []*rpcMethod {
	return []*rpcMethod{
		{
			name: "getblocktemplate", call: h.rpcTemplate,
			about:  "A block template, or with mode proposal the check of a block: BIP 22 and 23, with Bytom's fields as /get-block-template has them.",
			params: []rpcParam{{name: "template_request", kind: rpcObject, about: "mode, capabilities, rules, longpollid, data; and payee, coinbase_tag, extranonce_size, transactions"}},
		},
		{
			name: "getmininginfo", call: func(context.Context, rpcArgs) (any, error) { return h.rpcMiningInfo(), nil },
			about: "What the node mines, and what of the network's state concerns that.",
		},
		{
			name: "getnetworkhashps", call: h.rpcHashrate, about: "The network's hashrate, in hashes a second.",
			params: []rpcParam{
				{name: "nblocks", kind: rpcNumber, about: "over so many blocks, 120 if not given; -1 is since the last retarget"},
				{name: "height", kind: rpcNumber, about: "up to this height; -1 is the tip's, as is nothing"},
			},
		},
		{
			name: "prioritisetransaction", call: h.rpcPrioritise,
			about: "Adds to a transaction's fee where transactions are put in order, and there alone.",
			params: []rpcParam{
				{name: "txid", kind: rpcText, required: true, about: "the transaction's id"},
				{name: "dummy|priority_delta", kind: rpcAny, about: "taken for Bitcoin's sake, and not used"},
				{name: "fee_delta", kind: rpcNumber, required: true, about: "in the smallest unit of BTM; 0 takes all deltas back"},
			},
		},
		{
			name: "submitblock", call: h.rpcSubmitBlock,
			about: "Submits a block. The answer is null if it is the new best one, else BIP 22's reason as a string.",
			params: []rpcParam{
				{name: "hexdata", kind: rpcText, required: true, about: "the whole block in hexadecimal"},
				{name: "dummy|parameters", kind: rpcAny, about: "BIP 22's options, of which nothing is needed"},
			},
		},
	}
}

func (h *Handler) rpcTemplate(ctx context.Context, args rpcArgs) (any, error) {
	var in wire.TemplateRequest
	if err := args.object(0, &in); err != nil {
		return nil, err
	}
	switch in.Mode {
	case "", "template":
		return h.makeTemplate(ctx, in)
	case "proposal":
		reason, err := h.propose(ctx, in.Data)
		return verdictResult(reason, err)
	}
	return nil, badField("mode: value %.40q: expected template or proposal", in.Mode)
}

// verdictResult is BIP 22's: null for accepted, else the reason as a string. Without a
// reason an error is one of reading the block.
func verdictResult(reason string, err error) (any, error) {
	switch {
	case reason != "":
		return reason, nil
	case err != nil:
		return nil, rpcFault{rpcDeserialize, err}
	}
	return nullData, nil
}

func (h *Handler) rpcSubmitBlock(ctx context.Context, args rpcArgs) (any, error) {
	block, err := parseBlock("hexdata", args.text(0))
	if err != nil {
		return verdictResult("", err)
	}
	whole, cancel := toTheEnd(ctx)
	defer cancel()
	v, err := h.cfg.Submitter.SubmitBlock(whole, block, finder(ctx, mining.FoundByBlock))
	if err != nil {
		var kind mining.ErrorKind
		if !errors.As(err, &kind) {
			return nil, err
		}
		return verdictResult(string(kind), nil)
	}
	return verdictResult(reasonOfVerdict(v), nil)
}

func (h *Handler) rpcHashrate(_ context.Context, args rpcArgs) (any, error) {
	blocks, err := args.number(0, 120)
	if err != nil {
		return nil, err
	}
	height, err := args.number(1, -1)
	if err != nil {
		return nil, err
	}
	// Bitcoin's -1 blocks are those since the last retarget.
	rate, err := h.cfg.Network.Hashrate(int(min(max(blocks, 0), 1<<31-1)), height)
	if err != nil {
		return nil, fault(rpcParameter, "parameter %w", err)
	}
	return rate, nil
}

func (h *Handler) rpcPrioritise(ctx context.Context, args rpcArgs) (any, error) {
	id, err := parseHash("txid", *args.text(0))
	if err != nil {
		return nil, err
	}
	delta, err := args.number(2, 0)
	if err != nil {
		return nil, err
	}
	if _, err := h.cfg.Overrides.Prioritise(ctx, id, delta); err != nil {
		return nil, err
	}
	h.cfg.Generator.Force()
	h.settle(ctx)
	return true, nil
}

// rpcMiningInfo is /mining-info in the form that Bitcoin's clients read, who want
// numbers and more of them.
type rpcMiningInfo struct {
	wire.MiningInfo
	Difficulty float64 `json:"difficulty"`
	// CurrentTxs and CurrentSize are of the current template without its coinbase.
	CurrentTxs  int    `json:"currentblocktx"`
	CurrentSize uint64 `json:"currentblocksize"`
	Pooled      int    `json:"pooledtx"`
	Generate    bool   `json:"generate"`
	// Threads caps the workers of a device; -1 is no limit.
	Threads  int    `json:"genproclimit"`
	TestNet  bool   `json:"testnet"`
	Errors   string `json:"errors"`
	Warnings string `json:"warnings"`
}

func (h *Handler) rpcMiningInfo() rpcMiningInfo {
	info := h.info()
	a := rpcMiningInfo{
		MiningInfo: info, Difficulty: h.difficulty(), Pooled: h.cfg.Chain.Pooled(), Generate: info.Mining,
		Threads: h.cfg.Miner.Settings().Threads, TestNet: h.testNet(), Errors: info.NotReady, Warnings: info.NotReady,
	}
	if a.Threads == 0 {
		a.Threads = -1
	}
	if t, err := h.cfg.Generator.Current(); err == nil {
		a.CurrentTxs = len(t.Chosen)
		for _, c := range t.Chosen {
			a.CurrentSize += c.Tx.SerializedSize
		}
	}
	return a
}

// difficulty is how many hashes the next block takes on the mean.
func (h *Handler) difficulty() float64 {
	return mining.TargetFromBits(h.cfg.Source.Tip().Bits).Difficulty()
}

// testNet reports whether the network's coins are worth nothing.
func (h *Handler) testNet() bool { return h.cfg.Network.Name() != "mainnet" }

// errNoBlock is of a block that the node does not have.
func errNoBlock(what string, id any) error {
	return fault(rpcAddress, "Block not found: parameter %s: value %q: expected a block that the node has", what, fmt.Sprint(id))
}
