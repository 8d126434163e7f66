package fleet

import (
	"context"
	"fmt"
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
		v := h.cfg.Found(ctx, h.cfg.Fronts[front], b)
		h.mu.Lock()
		h.fronts[front].blocks++
		h.mu.Unlock()
		h.sendSealed(h.to(front), KindVerdict, &v)
	}()
}

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
// became of it. The error says what is wrong with the message.
func (h *Hub) TakeSealedBlock(ctx context.Context, sealed []byte) (Verdict, error) {
	m, err := Open(sealed, h.cfg.Network, h.known)
	if err != nil {
		return Verdict{}, err
	}
	b, ok := m.Body.(*Block)
	if !ok {
		return Verdict{}, fmt.Errorf("%w: kind %d, expected a block, %d", ErrMalformed, m.Kind, KindBlock)
	}
	h.saw(m.From)
	return h.cfg.Found(ctx, h.cfg.Fronts[m.From], b), nil
}
