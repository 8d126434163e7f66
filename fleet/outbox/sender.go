package outbox

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
)

// SenderConfig is what a Sender needs.
type SenderConfig struct {
	Outbox  *Outbox
	Engine  fleet.Engine
	Key     fleet.Key
	Network string
	// Node is the one that keeps the ledger.
	Node fleet.PublicKey
	// Window is how many batches are on their way at most; 0 takes 64.
	Window int
	// Resend is how long a batch is waited for before it is sent again, MostResend what that
	// grows to while the node does not answer. 0 takes 2 s and 10 s.
	Resend, MostResend time.Duration
	// Log receives what happens; nil discards it.
	Log *slog.Logger
}

// Sender brings the batches of an Outbox to the node, in order, and again until it has booked them:
// a fleet.Acks. It waits until all of an epoch is booked before it begins the next, so that all is
// booked in the order in which it was added. All methods are safe for concurrent use.
type Sender struct {
	cfg SenderConfig
	log *slog.Logger

	// What follows is Run's.
	epoch, oldest uint64 // the first batch that is not booked
	flying        []int  // sizes of the messages on their way, from the oldest on
	bytes         int    // of them
	window        int
	wait          time.Duration // for the oldest to be booked
	due           time.Time     // when all are sent again
	failed        bool          // the outbox can't be read
}

const (
	// mostFlying is how many bytes of messages are on their way at most, where it is more than one.
	mostFlying = 2 << 20
	// leastWindow is what Window shrinks to while the node does not answer: a busy one, which many
	// fronts wait for, has fewer to drop.
	leastWindow = 4
)

// NewSender returns a Sender, which Run starts.
func NewSender(cfg SenderConfig) *Sender {
	cfg.Window = cmp.Or(cfg.Window, 64)
	cfg.Resend = cmp.Or(cfg.Resend, 2*time.Second)
	cfg.MostResend = cmp.Or(cfg.MostResend, 10*time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Sender{cfg: cfg, log: cfg.Log}
}

// Ledger implements fleet.Acks.
func (s *Sender) Ledger(node fleet.PublicKey, l fleet.LedgerState) {
	if node == s.cfg.Node {
		s.cfg.Outbox.Ledger(l)
	}
}

// Ack implements fleet.Acks. What another node, or a former ledger, has booked is no help.
func (s *Sender) Ack(node fleet.PublicKey, a *fleet.Ack) {
	if node == s.cfg.Node && s.cfg.Outbox.Ledger(a.Ledger) {
		s.cfg.Outbox.Booked(a.Epoch, a.Number)
	}
}

// Run sends until ctx ends, and returns its error.
func (s *Sender) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.cfg.Outbox.news:
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		timer.Stop()
		if next := s.step(time.Now()); !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// step sends what is to be sent now. It returns when it is to be called again, at the latest;
// zero where that is of no use before there is something new.
func (s *Sender) step(now time.Time) time.Time {
	h, ok := s.cfg.Outbox.head()
	if !ok {
		s.epoch, s.flying, s.bytes = 0, nil, 0
		return time.Time{}
	}
	s.follow(h, now)
	if len(s.flying) > 0 && !now.Before(s.due) {
		s.flying, s.bytes = nil, 0
		s.wait = min(2*s.wait, s.cfg.MostResend)
		s.window = min(s.window, leastWindow)
	}
	for h.oldest+uint64(len(s.flying)) <= h.newest && len(s.flying) < s.window && s.bytes < mostFlying {
		size, err := s.send(h, h.oldest+uint64(len(s.flying)))
		if err != nil {
			retry := now.Add(s.cfg.Resend)
			if len(s.flying) > 0 && s.due.Before(retry) {
				retry = s.due
			}
			return retry
		}
		if len(s.flying) == 0 {
			s.due = now.Add(s.wait)
		}
		s.flying, s.bytes = append(s.flying, size), s.bytes+size
	}
	return s.due
}

// follow takes what was booked since the last step.
func (s *Sender) follow(h head, now time.Time) {
	if h.epoch != s.epoch {
		s.epoch, s.oldest, s.flying, s.bytes = h.epoch, h.oldest, nil, 0
		s.window, s.wait = s.cfg.Window, s.cfg.Resend
		return
	}
	if h.oldest == s.oldest {
		return
	}
	booked := min(h.oldest-s.oldest, uint64(len(s.flying)))
	for _, size := range s.flying[:booked] {
		s.bytes -= size
	}
	s.flying, s.oldest = s.flying[booked:], h.oldest
	s.window, s.wait = min(2*s.window, s.cfg.Window), s.cfg.Resend
	s.due = now.Add(s.wait)
}

// send publishes a batch, and returns the size of its message.
func (s *Sender) send(h head, number uint64) (size int, err error) {
	b, err := s.cfg.Outbox.batch(h.epoch, number)
	if err == nil {
		b.Oldest = h.oldest
		var sealed []byte
		if sealed, err = s.cfg.Key.Seal(s.cfg.Network, fleet.KindBatch, b); err == nil {
			s.failed = false
			if err := s.cfg.Engine.Publish(fleet.Subject(s.cfg.Node)+".from", sealed); err != nil {
				s.log.Debug("shares can't be sent", "error", err)
				return 0, err
			}
			return len(sealed), nil
		}
	}
	if !s.failed && !errors.Is(err, errBooked) {
		s.failed = true
		s.log.Error("shares can't be sent", "error", err)
	}
	return 0, err
}
