package fakerig

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Config says what a rig is like.
type Config struct {
	// Address is that of the port that it mines for.
	Address string
	// Name is what it logs in by, and Node the index of the node, for the report.
	Name string
	Node int
	// Dialect is Plain, B3 or Backward, and Rate the hashes a second at most.
	Dialect string
	Rate    float64
	// Difficulty is what it asks for, in hashes a share; 0 leaves that to the server.
	Difficulty float64
	Faults     Faults
	// Hash computes a header's hash.
	Hash func(ctx context.Context, header, seed [32]byte) ([32]byte, error)
	// Solved, if any, is told of each share that the server accepted and that meets the network's
	// target: the block's id.
	Solved func(id [32]byte)
	// Random chooses the faults; the rig alone uses it.
	Random *rand.Rand
}

// Rig is a rig with real proofs, slow ones.
type Rig struct {
	config  Config
	started time.Time // by Run

	mu     sync.Mutex
	report Report
}

// New makes a rig, which Run starts.
func New(c Config) *Rig {
	return &Rig{config: c, report: Report{Name: c.Name, Node: c.Node, Dialect: c.Dialect}}
}

// Report is how the rig is now.
func (r *Rig) Report() (now Report) {
	r.note(func(rep *Report) { now = *rep })
	return now
}

// note changes the report.
func (r *Rig) note(f func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.report)
}

// Run connects again and again until ctx ends.
func (r *Rig) Run(ctx context.Context) {
	r.started = time.Now()
	for ctx.Err() == nil {
		err := r.connect(ctx)
		r.note(func(rep *Report) {
			rep.Connected = false
			if rep.Error = ""; err != nil && ctx.Err() == nil {
				rep.Error = err.Error()
			}
		})
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
			}
		}
	}
}

// password asks for a difficulty.
func (r *Rig) password() string {
	if r.config.Difficulty > 0 {
		return fmt.Sprintf("x,d=%v", r.config.Difficulty)
	}
	return "x"
}

// pause is the time between the begins of two hashes.
func (r *Rig) pause() time.Duration {
	rate := r.config.Rate
	if after := r.config.Faults.Slow; after > 0 && time.Since(r.started) >= after {
		rate /= 2
	}
	return time.Duration(float64(time.Second) / rate)
}

// muted reports whether it sends no shares any more.
func (r *Rig) muted() bool {
	after := r.config.Faults.Mute
	return after > 0 && time.Since(r.started) >= after
}

// connect has one session.
func (r *Rig) connect(ctx context.Context) error {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", r.config.Address)
	if err != nil {
		return err
	}
	s := &session{rig: r, conn: conn, incoming: make(chan incoming, 64), sent: make(map[string]bool)}
	var reading sync.WaitGroup
	over, cancel := context.WithCancel(context.Background())
	reading.Go(func() { s.read(over) })
	err = s.run(ctx)
	cancel()
	err = errors.Join(err, conn.Close())
	reading.Wait()
	r.note(func(rep *Report) { rep.Unanswered += uint64(len(s.waiting)) })
	return err
}
