package gbt

import (
	"context"
	"strconv"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// longpollHold is how long a longpoll is held before it is answered anyway, less than clients wait for an
// answer: python-bitcoinrpc 30 s, btcd's rpcclient a minute, which both are by default or for good.
const longpollHold = 25 * time.Second

// current is the template to answer with: the first whose work differs from that of
// a longpoll id, or whichever there is when the hold is over or the node stops. Who was
// woken by it must leave the wave with the answer; it is nil for others.
func (h *Handler) current(ctx context.Context, longpollID string) (*mining.Template, *waveMember, error) {
	if longpollID == "" {
		t, err := h.cfg.Generator.Fresh(ctx)
		return t, nil, err
	}
	sequence, err := parseLongpollID(longpollID)
	if err != nil {
		return nil, nil, err
	}
	member, err := h.await(ctx, sequence)
	if err != nil {
		return nil, nil, err
	}
	t, err := h.cfg.Generator.Fresh(ctx)
	if err != nil {
		member.leave()
	}
	return t, member, err
}

// await waits for work that differs from that of a sequence number, or for the end of
// the hold. If news ended the waiting, they woke a wave, which the caller has to leave.
func (h *Handler) await(ctx context.Context, sequence uint64) (*waveMember, error) {
	hold := time.NewTimer(h.cfg.LongpollHold)
	defer hold.Stop()
	for member := (*waveMember)(nil); ; {
		t, replaced := h.cfg.Generator.Watch()
		stopped := h.stopping.Err() != nil
		if !stopped && (t == nil || t.Sequence != sequence) {
			return member, nil
		}
		member.leave()
		if stopped {
			return nil, mining.ErrStopped
		}
		member = h.waves.join(replaced)
		select {
		case <-replaced:
		case <-h.stopping.Done():
		case <-hold.C:
			member.leave()
			return nil, nil
		case <-ctx.Done(): // The client went away.
			member.leave()
			return nil, ctx.Err()
		}
	}
}

// longpollID is the tip's hash and the number of the work on it.
func longpollID(t *mining.Template) string {
	return t.Tip.Hash.String() + strconv.FormatUint(t.Sequence, 16)
}

func parseLongpollID(id string) (sequence uint64, err error) {
	if len(id) > 64 {
		if sequence, err = strconv.ParseUint(id[64:], 16, 64); err == nil {
			return sequence, nil
		}
	}
	return 0, badField("longpollid: value %.100q: expected one that a template carried", id)
}
