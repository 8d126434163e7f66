package fleet

import (
	"context"
	"crypto/sha256"
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
		if v, err := h.bring(ctx, front, b); err == nil {
			h.sendSealed(h.to(front), KindVerdict, &v)
		}
	}()
}

// mostWays is how many times a block may be on its way to the chain at once. A front brings each by two ways, and again while it
// hears nothing of it, which is for hours where the chain waits for room on its disk.
const mostWays = 4

var errUnderWay = fmt.Errorf("the block is on its way to the chain %d times already", mostWays)

// begin has a block be on its way once more, until end; ok is false where it is often enough.
func (h *Hub) begin(b *Block) (end func(), ok bool) {
	id := sha256.Sum256(b.Raw)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ways[id] == mostWays {
		return nil, false
	}
	h.ways[id]++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.ways[id]--; h.ways[id] == 0 {
			delete(h.ways, id)
		}
	}, true
}

// bring brings a block to the chain, and counts it where the chain did not have it yet: a front sends each by
// two ways, and again to ask for it. The error is errUnderWay.
func (h *Hub) bring(ctx context.Context, front PublicKey, b *Block) (Verdict, error) {
	end, ok := h.begin(b)
	if !ok {
		return Verdict{}, errUnderWay
	}
	defer end()
	v := h.cfg.Found(ctx, front, b)
	if o := mining.Outcome(v.Outcome); v.Error == "" && (o == mining.MainChain || o == mining.SideChain) {
		h.mu.Lock()
		h.sight(front).blocks++
		h.mu.Unlock()
	}
	return v, nil
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
		v, err := h.bring(ctx, m.From, b)
		if err != nil {
			return Verdict{}, err
		}
		if h.fenced.Load() != nil { // The front would take it that who keeps the ledger has the block.
			return Verdict{}, errFenced
		}
		return v, nil
	}
	return Verdict{}, fmt.Errorf("%w: kind %d, expected a block, %d", ErrMalformed, m.Kind, KindBlock)
}
