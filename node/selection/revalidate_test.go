package selection_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// TestAnotherWitnessIsValidatedAgain has the same id twice, once with a bad
// signature: a result belongs to the transaction, not to its id.
func TestAnotherWitnessIsValidatedAgain(t *testing.T) {
	f := chaintest.NewQuick(t)
	good := txtest.SignedTx(bc.Hash{V0: 1}, 1e9, txtest.Fee)
	bad := txtest.SignedTx(bc.Hash{V0: 1}, 1e9, txtest.Fee)
	bad.SetInputArguments(0, [][]byte{make([]byte, 64), txtest.Key.Public()})
	if good.ID != bad.ID {
		t.Fatal("the ids differ")
	}
	f.Fund(t, false, good)
	for i, tx := range []*types.Tx{good, bad, good} {
		chosen, err := f.Selector.Choose(t.Context(), []*protocol.TxDesc{{Tx: tx}}, 1)
		if err != nil || (len(chosen) == 1) != (tx == good) {
			t.Errorf("round %d: %d chosen, error %v", i, len(chosen), err)
		}
	}
}

// TestACancelledChoiceLeavesNothingWrong calls a choice off before it has validated
// anything.
func TestACancelledChoiceLeavesNothingWrong(t *testing.T) {
	s := selection.New(selection.Config{Chain: chaintest.NewQuick(t).Bytom, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pool := []*protocol.TxDesc{{Tx: txtest.SignedTx(bc.Hash{V0: 1}, 1e9, txtest.Fee)}}
	if _, err := s.Choose(ctx, pool, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if _, err := s.Choose(t.Context(), pool, 1); err != nil {
		t.Fatal(err)
	}
	if v, ok := s.Explain(pool[0].Tx.ID); !ok || v.Fate != selection.Missing {
		t.Errorf("verdict %+v", v)
	}
}

// BenchmarkChooseAtNewHeight picks from a pool of 10,000 transactions: of those that
// were never seen, which is what a start-up costs, and after a block that moved the
// height, which each new tip costs.
func BenchmarkChooseAtNewHeight(b *testing.B) {
	for name, make := range map[string]func(bc.Hash) *types.Tx{
		"signed": func(source bc.Hash) *types.Tx { return txtest.SignedTx(source, 1e9, txtest.Fee) },
		"simple": func(source bc.Hash) *types.Tx { return txtest.FreeTx(source, 1e9) },
	} {
		f := chaintest.NewQuick(b)
		var pool []*protocol.TxDesc
		for i := range 10_000 {
			tx := make(bc.Hash{V0: uint64(i) + 1})
			f.Fund(b, false, tx)
			pool = append(pool, &protocol.TxDesc{Tx: tx, Added: time.Unix(int64(i), 0)})
		}
		choose := func(b *testing.B, s *selection.Selector, height uint64) {
			if chosen, err := s.Choose(b.Context(), slices.Clone(pool), height); err != nil || len(chosen) < 1000 {
				b.Fatal(len(chosen), err)
			}
		}
		b.Run(name+"/cold", func(b *testing.B) {
			for range b.N {
				choose(b, selection.New(selection.Config{Chain: f.Bytom, Log: slog.New(slog.DiscardHandler)}), 1)
			}
		})
		b.Run(name+"/next", func(b *testing.B) {
			s := selection.New(selection.Config{Chain: f.Bytom, Log: slog.New(slog.DiscardHandler)})
			choose(b, s, 1)
			b.ResetTimer()
			for i := range b.N {
				choose(b, s, uint64(i)+2)
			}
		})
	}
}
