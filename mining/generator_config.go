package mining

import (
	"log/slog"
	"time"
)

// GeneratorConfig is what a Generator needs.
type GeneratorConfig struct {
	// Source is the chain.
	Source Source
	// Payee is called at each build: it returns the coinbase's payee, and the operator's
	// tag of at most MaxTag bytes. It must be safe for concurrent use. An
	// error of kind ErrNoPayee stops mining until PayeeChanged.
	Payee func() (Payee, []byte, error)
	// Expected is the control program that coinbases must pay, found out in another way than
	// Payee where there is one: each template is held to it before anybody gets a job of it.
	// nil asks Payee again. It must be safe for concurrent use.
	Expected func() ([]byte, error)
	// Now is the chain's clock, which timestamps come from; nil is time.Now. What is
	// waited for and measured goes by the real one.
	Now func() time.Time
	// TxInterval is how long new transactions wait for a build at the least;
	// MaxAge is when a template is replaced without a cause; EmptyAfter is how long a
	// new tip waits for its transactions before a template without any goes out.
	// Zero means 5 s, 30 s and 10 ms.
	TxInterval, MaxAge, EmptyAfter time.Duration
	// FeeStep is how much more a template must pay to replace one on the same tip
	// before MaxAge, in the smallest unit of BTM; zero means any gain.
	FeeStep uint64
	// Observe takes StageTemplate and StageFull; nil discards them.
	Observe func(Stage, time.Duration)
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// withDefaults fills in what was left open.
func (cfg GeneratorConfig) withDefaults() GeneratorConfig {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Expected == nil {
		cfg.Expected = func() ([]byte, error) {
			payee, _, err := cfg.Payee()
			return payee.Program, err
		}
	}
	if cfg.TxInterval == 0 {
		cfg.TxInterval = 5 * time.Second
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 30 * time.Second
	}
	if cfg.EmptyAfter == 0 {
		cfg.EmptyAfter = 10 * time.Millisecond
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Stage, time.Duration) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}
