package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/bytom-solo/bytom-solo/mining"
)

// takeBlock has a block brought to the chain, and the front told what became of it.
func (h *Hub) takeBlock(ctx context.Context, front PublicKey, b *Block) {
	select {
	case h.found <- struct{}{}:
	default:
		return // The front sends it again, and by HTTP.
	}
	go func() {
		defer func() { <-h.found }()
		v := h.bring(ctx, front, b)
		h.sendSealed(h.to(front), KindVerdict, &v)
	}()
}

// bring brings a block to the chain, and counts it where the chain did not have it yet: a front sends each by
// two ways, and again to ask for it.
func (h *Hub) bring(ctx context.Context, front PublicKey, b *Block) Verdict {
	v := h.cfg.Found(ctx, front, b)
	if o := mining.Outcome(v.Outcome); v.Error == "" && (o == mining.MainChain || o == mining.SideChain) {
		h.mu.Lock()
		h.sight(front).blocks++
		h.mu.Unlock()
	}
	return v
}

var errFenced = errors.New("another node with this one's key keeps the ledger: the block is on its way on the chain, and not booked")

// takeSolved has the proof of a block computed that is about to come, unless another one's is.
func (h *Hub) takeSolved(ctx context.Context, s *Solved) {
	select {
	case h.solved <- struct{}{}:
		go func() {
			defer func() { <-h.solved }()
			h.cfg.Solved(ctx, s.Header, s.Seed)
		}()
	default:
	}
}

// TakeSealedBlock takes a front's block that came by another way than the engine, and returns what
// became of it; a Hello asks whether that way is open, and its Verdict is of nothing. The error says
// what is wrong with the message.
func (h *Hub) TakeSealedBlock(ctx context.Context, sealed []byte) (Verdict, error) {
	m, err := Open(sealed, h.cfg.Network, h.known)
	if err != nil {
		return Verdict{}, err
	}
	switch b := m.Body.(type) {
	case *Hello:
		h.saw(m.From, b.At)
		return Verdict{}, nil
	case *Block:
		h.saw(m.From, b.At)
		v := h.bring(ctx, m.From, b)
		if h.fenced.Load() != nil { // The front would take it that who keeps the ledger has the block.
			return Verdict{}, errFenced
		}
		return v, nil
	}
	return Verdict{}, fmt.Errorf("%w: kind %d, expected a block, %d", ErrMalformed, m.Kind, KindBlock)
}
