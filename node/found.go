package node

import (
	"net/http"
	"slices"
	"time"

	"github.com/bytom/bytom/api"
	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/mining"
)

// FoundBlock is a block found here, and what has become of it.
type FoundBlock struct {
	Height uint64    `json:"height"`
	Hash   string    `json:"hash"`
	Found  time.Time `json:"found"`
	// State is pending (the chain has not answered), confirmed (on the best chain),
	// matured (its reward can be spent), lost (another block has its height) or
	// refused.
	State string `json:"state"`
	// Confirmations counts the block and those above it; 0 if it is not on the best
	// chain.
	Confirmations uint64 `json:"confirmations"`
	// Reward is what the coinbase pays, in the smallest unit of BTM.
	Reward uint64 `json:"reward"`
	// Winner is the block that has the height instead.
	Winner string `json:"winner,omitempty"`
	// Reason is why it was refused.
	Reason string `json:"reason,omitempty"`
}

// FoundBlocksRoute answers with all FoundBlocks, the latest first.
const FoundBlocksRoute = "/list-found-blocks"

func (n *Node) serveFoundBlocks(w http.ResponseWriter, _ *http.Request) {
	entries := []mining.Entry{}
	if n.journal != nil {
		var err error
		if entries, err = n.journal.Entries(); err != nil {
			writeJSON(w, http.StatusInternalServerError, api.NewErrorResponse(err))
			return
		}
	}
	found := make([]FoundBlock, 0, len(entries))
	for _, e := range slices.Backward(entries) {
		found = append(found, n.foundBlock(e))
	}
	// api.Response leaves an empty list out.
	writeJSON(w, http.StatusOK, map[string]any{"status": api.SUCCESS, "data": found})
}

func (n *Node) foundBlock(e mining.Entry) FoundBlock {
	id := e.Block.Hash()
	f := FoundBlock{Height: e.Block.Height, Hash: id.String(), Found: e.Found, Reward: e.Block.Transactions[0].Outputs[0].Amount}
	best := n.bytom.chain.BestBlockHeight()
	switch {
	case n.bytom.chain.InMainChain(id):
		f.State, f.Confirmations = "confirmed", best-min(best, f.Height)+1
		if f.Confirmations > consensus.CoinbasePendingBlockNumber {
			f.State = "matured"
		}
	case !e.Resolved():
		f.State = "pending"
	case n.bytom.chain.BlockExist(&id):
		f.State = "lost"
		if winner, err := n.bytom.chain.GetHeaderByHeight(f.Height); err == nil {
			hash := winner.Hash()
			f.Winner = hash.String()
		}
	default:
		f.State, f.Reason = "refused", e.Verdict
	}
	return f
}
