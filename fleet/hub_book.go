package fleet

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// frontEpoch is an epoch of a front.
type frontEpoch struct {
	front PublicKey
	epoch uint64
}

// book books batches until ctx ends, and acknowledges what is on the disk.
func (h *Hub) book(ctx context.Context) {
	each := time.NewTicker(bookEvery)
	defer each.Stop()
	touched := make(map[frontEpoch]bool) // what waits for an acknowledgement
	for {
		select {
		case b := <-h.batches:
			h.bookOne(b)
			touched[frontEpoch{b.from, b.batch.Epoch}] = true
			continue
		case <-each.C:
		case <-ctx.Done():
			return
		}
		if len(touched) == 0 || h.fenced.Load() != nil {
			continue
		}
		if err := h.cfg.Books.Flush(); err != nil {
			h.tell(slog.LevelError, "the shares of fronts can't be written: they keep them, and send them again", "error", err.Error())
			continue
		}
		for t := range touched {
			h.sendSealed(h.to(t.front), KindAck, &Ack{Epoch: t.epoch, Number: h.cfg.Books.BookedOnDisk(t.front.String(), t.epoch), Ledger: h.cfg.Ledger})
		}
		clear(touched)
	}
}

// bookOne books a batch. One that is not the next says where to go on from by its acknowledgement.
func (h *Hub) bookOne(b sealedBatch) {
	if h.fenced.Load() != nil {
		return
	}
	booked, err := h.cfg.Books.Book(
		ledger.BatchID{Front: b.from.String(), Epoch: b.batch.Epoch, Number: b.batch.Number, Oldest: b.batch.Oldest}, b.batch.Entries)
	if err != nil && !errors.Is(err, ledger.ErrGap) {
		h.tell(slog.LevelWarn, "a front's shares are not booked", "error", err.Error())
	}
	if booked {
		h.mu.Lock()
		defer h.mu.Unlock()
		s := h.sight(b.from)
		s.seen = time.Now() // No recording is booked.
		for i := range b.batch.Entries {
			if b.batch.Entries[i].Kind != ledger.LoggedIn {
				s.shares++
			}
		}
	}
}
