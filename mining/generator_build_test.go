package mining

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestAnEmptyTemplateGoesOutFirst lets the selection for a new tip take a second.
func TestAnEmptyTemplateGoesOutFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.txs = randomCandidates(random(), 3)
		g := newTestGenerator(c)
		runGenerator(t, g)
		synctest.Wait()
		sub, cancel := g.Subscribe()
		defer cancel()
		if first := <-sub; len(first.Txs) != 3 {
			t.Fatalf("%d transactions where the selection is quick", len(first.Txs))
		}
		slow := func(connect bool) (start time.Time) {
			c.mu.Lock()
			c.selecting, c.resume = make(chan struct{}), make(chan struct{})
			c.mu.Unlock()
			if connect {
				c.connect(2)
				g.TipChanged()
			} else {
				g.PayeeChanged()
			}
			<-c.selecting
			go func() { time.Sleep(time.Second); c.resume <- struct{}{} }()
			return time.Now()
		}
		start := slow(true)
		if empty := <-sub; len(empty.Txs) != 0 || time.Since(start) != 10*time.Millisecond || empty.Tip.Hash != c.Tip().Hash {
			t.Errorf("after %v: %d transactions", time.Since(start), len(empty.Txs))
		}
		if full := <-sub; len(full.Txs) != 3 || time.Since(start) != time.Second {
			t.Errorf("after %v: %d transactions", time.Since(start), len(full.Txs))
		}
		// On a tip that has its transactions, none are taken away.
		start = slow(false)
		if next := <-sub; len(next.Txs) != 3 || time.Since(start) != time.Second {
			t.Errorf("after %v: %d transactions", time.Since(start), len(next.Txs))
		}
	})
}

func TestNoWorkWithoutPayeeOrPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.ready = fmt.Errorf("%w: no peer", ErrNotReady)
		var payee atomic.Bool
		g := NewGenerator(GeneratorConfig{Source: c, Payee: func() (Payee, []byte, error) {
			if !payee.Load() {
				return Payee{}, nil, ErrNoPayee
			}
			return testPayee, nil, nil
		}})
		runGenerator(t, g)
		synctest.Wait()
		if _, err := g.Current(); !errors.Is(err, ErrNotReady) {
			t.Fatalf("without peers: %v", err)
		}
		c.mu.Lock()
		c.ready = nil
		c.mu.Unlock()
		time.Sleep(2 * time.Second)
		if _, err := g.Current(); !errors.Is(err, ErrNoPayee) {
			t.Fatalf("without payee: %v", err)
		}
		payee.Store(true)
		g.PayeeChanged()
		synctest.Wait()
		if template, err := g.Current(); err != nil || template.Payee.Address != testPayee.Address {
			t.Fatalf("with a payee: %v, %v", template, err)
		}
	})
}

// TestOneBadTransactionCostsOneTransaction has the chain's rules refuse some of what
// was chosen.
func TestOneBadTransactionCostsOneTransaction(t *testing.T) {
	bad := func(broken ...int) func(c *fakeChain) {
		return func(c *fakeChain) {
			var ids []bc.Hash
			for _, i := range broken {
				ids = append(ids, c.txs[i].Tx.ID)
			}
			c.check = func(b *types.Block) error {
				for i, tx := range b.Transactions {
					if slices.Contains(ids, tx.ID) {
						return fmt.Errorf("check: %w", &TxError{Index: i, ID: tx.ID, Err: ErrBadTx})
					}
				}
				return nil
			}
		}
	}
	all := make([]int, 40)
	for i := range all {
		all[i] = i
	}
	for _, test := range []struct {
		name  string
		setup func(*fakeChain)
		txs   int
		err   error
	}{
		{"none", bad(), 40, nil},
		{"one", bad(7), 39, nil},
		{"the first and the last", bad(0, 39), 38, nil},
		{"as many as are looked for", bad(all[:maxCulprits]...), 40 - maxCulprits, nil},
		{"one more", bad(all[:maxCulprits+1]...), 0, nil},
		{"all", bad(all...), 0, nil},
		{"nobody knows which", func(c *fakeChain) {
			c.check = func(b *types.Block) error {
				if len(b.Transactions) > 1 {
					return ErrBlockGas
				}
				return nil
			}
		}, 0, nil},
		{"the coinbase", func(c *fakeChain) {
			c.check = func(b *types.Block) error { return &TxError{ID: b.Transactions[0].ID, Err: ErrBadTx} }
		}, 0, ErrNoValidTemplate},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newFakeChain()
				c.txs = randomCandidates(random(), 40)
				test.setup(c)
				g := newTestGenerator(c)
				runGenerator(t, g)
				synctest.Wait()
				got, err := g.Current()
				if !errors.Is(err, test.err) || err == nil && len(got.Txs) != test.txs {
					t.Fatalf("%d transactions, %v; expected %d, %v", len(got.Txs), err, test.txs, test.err)
				}
			})
		})
	}
}

// TestSmallGainsWait has new transactions pay less than a step at first.
func TestSmallGainsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		g := NewGenerator(GeneratorConfig{
			Source: c, FeeStep: 100,
			Payee: func() (Payee, []byte, error) { return testPayee, nil, nil },
		})
		runGenerator(t, g)
		sub, cancel := g.Subscribe()
		defer cancel()
		<-sub
		pay := func(fee uint64) {
			c.mu.Lock()
			c.txs = randomCandidates(random(), 1)
			c.txs[0].Fee = fee
			c.mu.Unlock()
			g.TxsChanged()
		}
		start := time.Now()
		expect := func(after time.Duration, reason Reason, fees uint64) {
			t.Helper()
			got := <-sub
			if time.Since(start) != after || got.Reason != reason || got.Fees != fees {
				t.Errorf("after %v: %s with fees %d; expected %v, %s, %d", time.Since(start), got.Reason, got.Fees, after, reason, fees)
			}
		}
		pay(99)
		expect(30*time.Second, Forced, 99) // Its age alone replaces it.
		pay(198)
		time.Sleep(6 * time.Second)
		pay(199)
		expect(40*time.Second, NewTxs, 199)
		g.Force()
		expect(40*time.Second, Forced, 199)
		pay(50) // Less is no gain, however much.
		expect(70*time.Second, Forced, 50)
		g.cfg.FeeStep = 0
		pay(50) // Nor is as much, where any gain would do.
		expect(100*time.Second, Forced, 50)
	})
}
