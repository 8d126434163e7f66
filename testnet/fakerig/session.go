package fakerig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"net"
	"slices"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// sentShare is a submit whose reply has not come.
type sentShare struct {
	id    string
	send  sending
	work  float64 // what it is worth
	block bool    // it meets the network's target
	job   *wire.Job
	share *sentNonce
}

// session is a connection of a rig.
type session struct {
	rig      *Rig
	conn     net.Conn
	incoming chan incoming

	job, former *wire.Job   // of the tip, and the last one of the tip before
	tips        [2][32]byte // the front's latest, lost jobs included
	nonce       uint64      // the next
	last        *sentNonce  // the last good share
	sent        map[string]bool
	waiting     []sentShare // in their order
	requests    uint64
	junk        int // lines of garbage since the last request
}

// sentNonce is a share that can be sent again.
type sentNonce struct {
	job   *wire.Job
	nonce uint64
}

func (n *sentNonce) key() string { return fmt.Sprintf("%x", n.job.HeaderHash(n.nonce)) }

// incoming is a message, or why there will be none.
type incoming struct {
	message wire.Message
	// lost is a message that the rig itself does not see: it is for the report alone.
	lost bool
	err  error
}

// read passes on what the front sends, in the manner of the dialect.
func (s *session) read(ctx context.Context) {
	tell := func(n incoming) {
		select {
		case s.incoming <- n:
		case <-ctx.Done():
		}
	}
	var line []byte
	for buf := make([]byte, 1024); ; {
		n, err := s.conn.Read(buf)
		whole := len(line) == 0 // The text begins with a message,
		for _, b := range buf[:n] {
			if line = append(line, b); b != '\n' {
				continue
			}
			m, bad := wire.ParseMessage(line)
			tell(incoming{message: m, lost: s.rig.report.Dialect == B3 && !whole, err: bad})
			whole = false // and only the first one in it counts.
			line = line[:0]
		}
		if err != nil {
			tell(incoming{err: err})
			return
		}
	}
}

// run logs in and mines until ctx ends, which it does with all replies there.
func (s *session) run(ctx context.Context) error {
	r := s.rig
	if err := s.request(wire.MethodLogin, wire.LoginParams{Login: r.config.Name, Pass: r.password(), Agent: "bytom-testnet/" + r.report.Dialect}); err != nil {
		return err
	}
	var leave <-chan time.Time
	if r.config.Faults.Disconnect > 0 {
		leave = time.After(time.Duration((0.5 + r.config.Random.Float64()) * float64(r.config.Faults.Disconnect)))
	}
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case n := <-s.incoming:
			if n.err != nil {
				return n.err
			}
			if err := s.hear(n); err != nil {
				return err
			}
		case <-leave:
			return s.drain()
		case <-ctx.Done():
			return s.drain()
		case <-next.C:
			start := time.Now()
			if err := s.mine(ctx); err != nil && ctx.Err() == nil {
				return err
			}
			next.Reset(r.pause() - time.Since(start))
		}
	}
}

// LastReplies is how long a busy front may take for the shares that it has.
const LastReplies = 30 * time.Second

// drain waits for the replies that are still to come.
func (s *session) drain() error {
	late := time.After(LastReplies)
	for len(s.waiting) > 0 {
		select {
		case n := <-s.incoming:
			if n.err != nil {
				return n.err
			}
			if err := s.hear(n); err != nil {
				return err
			}
		case <-late:
			return errors.New("replies did not come")
		}
	}
	return nil
}

// hear takes a message.
func (s *session) hear(n incoming) error {
	m := n.message
	if m.Method == wire.MethodJob {
		return s.take(m.Params, n.lost)
	}
	var login struct{ Job json.RawMessage }
	if m.Error == nil && json.Unmarshal(m.Result, &login) == nil && len(login.Job) > 0 {
		s.rig.note(func(r *Report) { r.Connected = true; r.Connections++; r.Error = "" })
		return s.take(login.Job, false)
	}
	if s.job == nil && m.Error != nil {
		return m.Error
	}
	for i, w := range s.waiting {
		if string(m.ID) == w.id {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			s.answered(w, m)
			break
		}
	}
	return nil
}

// answered counts a share.
func (s *session) answered(w sentShare, m wire.Message) {
	forgotten := w.job != nil && !slices.Contains(s.tips[:], w.job.PreviousBlockHash) && m.Error != nil && m.Error.Code == wire.CodeJobNotFound
	s.rig.note(func(r *Report) { r.settle(w, m, forgotten) })
	if solved := s.rig.config.Solved; solved != nil && w.block && m.OK() {
		solved(w.share.job.HeaderHash(w.share.nonce))
	}
	switch {
	case w.share == nil:
	case m.OK() && w.share.job.PreviousBlockHash == s.job.PreviousBlockHash:
		s.last = w.share
	case replyKind(m) == "refused":
		delete(s.sent, w.share.key()) // The front has forgotten it, too.
	}
}

// take starts with a job, unless the rig has lost it.
func (s *session) take(text []byte, lost bool) error {
	job := &wire.Job{}
	if err := json.Unmarshal(text, job); err != nil {
		return err
	}
	if tip := job.PreviousBlockHash; s.tips[0] != tip {
		s.tips = [...][32]byte{tip, s.tips[0]}
	}
	if lost {
		return nil
	}
	if s.job != nil && s.job.PreviousBlockHash != job.PreviousBlockHash {
		s.former, s.last = s.job, nil
		clear(s.sent)
	}
	same := s.job != nil && s.job.HeaderHash(0) == job.HeaderHash(0)
	s.job = job
	s.rig.note(func(r *Report) { r.Difficulty = job.Target.Difficulty() })
	if same && s.rig.report.Dialect != B3 {
		return nil // It goes on where it is.
	}
	s.nonce = job.Nonce
	if s.rig.report.Dialect == Backward {
		s.nonce = bits.ReverseBytes64(job.Nonce)
	}
	return nil
}
