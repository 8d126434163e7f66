package stratum

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// Config is what a Server needs.
type Config struct {
	// Listener takes the rigs' connections. Run closes it.
	Listener net.Listener
	// Templates is where the work comes from, Extranonces the space of which each session leases
	// a part, Submitter takes the blocks.
	Templates   Templates
	Extranonces *mining.Extranonces
	Submitter   *mining.Submitter
	// Handouts store the jobs over a restart; nil stores none.
	Handouts *mining.Handouts
	// Hash computes Tensority. It should be that of the Submitter's Verifier, which caches
	// results: a block then costs one hash. Workers is how many hashes run at a time; 0
	// takes 1.
	Hash    func(ctx context.Context, header, seed [32]byte) ([32]byte, error)
	Workers int
	// Budget is how many hashes a second verifying shares may take; 0 is no limit. Likely blocks
	// go first and may overdraw it for a moment, and what became the tip is not counted.
	Budget float64

	// StartDifficulty is what a new rig begins with, MinDifficulty the lowest that a rig
	// gets, both in hashes a share; 0 takes 1000 and 1.
	StartDifficulty, MinDifficulty float64

	// Password is what rigs must log in with; empty takes any.
	Password string
	// Owner, if not nil, says to whom a rig's work is credited, by NAME.RIG as it logged in,
	// without a difficulty; empty is the operator. It is asked once a login, and must not
	// block. An error refuses the login with its words. Where it is nil all is the operator's,
	// and a block that is not on the best chain at once is nobody's.
	Owner func(login string) (owner string, err error)
	// Allow are the networks that rigs may connect from; none is all.
	Allow []netip.Prefix
	// TLS, if not nil, serves encrypted connections on the same port.
	TLS *tls.Config
	// MaxSessions and MaxPerAddress limit the connections; 0 takes 4096, and as many.
	MaxSessions, MaxPerAddress int
	// KnownAnswer sends each new rig a first job whose solution is known.
	KnownAnswer bool

	// Gap is the least time between two messages to a rig, but for those that are known to
	// read lines. Repeat is when a job is sent again, give or take a third. 0 takes 100 ms
	// and 45 s.
	Gap, Repeat time.Duration
	// LoginTimeout is how long a connection may be without a login, IdleTimeout how long a
	// session without a line. 0 takes 15 s and an hour.
	LoginTimeout, IdleTimeout time.Duration
	// HoldLogin is how long a login waits for work; then it is refused with the
	// reason. 0 takes 20 s.
	HoldLogin time.Duration
	// WriteTimeout is how long a rig may take to read; 0 takes 10 s.
	WriteTimeout time.Duration

	// Book counts what each rig does; nil counts in memory.
	Book Book
	// Observe receives the times of StageJob and StageShare; nil discards them.
	Observe func(mining.Stage, time.Duration)
	// Log receives what happens; nil discards it. Nothing that rigs do is above Warn.
	Log *slog.Logger
}

// The stages that a Server reports.
const (
	// StageJob is from a template on a new tip to its job being written to a session.
	StageJob mining.Stage = "template_to_rig"
	// StageShare is from a share's line to its verdict.
	StageShare mining.Stage = "share_to_verdict"
)

func (cfg Config) withDefaults() Config {
	cfg.Workers = cmp.Or(cfg.Workers, 1)
	cfg.StartDifficulty = cmp.Or(cfg.StartDifficulty, 1000)
	cfg.MinDifficulty = cmp.Or(cfg.MinDifficulty, 1)
	cfg.MaxSessions = cmp.Or(cfg.MaxSessions, 4096)
	cfg.MaxPerAddress = cmp.Or(cfg.MaxPerAddress, cfg.MaxSessions)
	cfg.Gap = cmp.Or(cfg.Gap, 100*time.Millisecond)
	cfg.Repeat = cmp.Or(cfg.Repeat, 45*time.Second)
	cfg.LoginTimeout = cmp.Or(cfg.LoginTimeout, 15*time.Second)
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, time.Hour)
	cfg.HoldLogin = cmp.Or(cfg.HoldLogin, 20*time.Second)
	cfg.WriteTimeout = cmp.Or(cfg.WriteTimeout, 10*time.Second)
	if cfg.Book == nil {
		cfg.Book = InLedger(ledger.InMemory())
	}
	if cfg.Observe == nil {
		cfg.Observe = func(mining.Stage, time.Duration) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}
