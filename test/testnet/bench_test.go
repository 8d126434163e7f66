package testnet_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// BenchmarkTestnetUp starts four nodes that are each other's peers, with accounts.
func BenchmarkTestnetUp(b *testing.B) {
	for b.Loop() {
		n := upFour(b)
		b.StopTimer()
		if err := n.Down(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func upFour(b *testing.B) *testnet.Network {
	n, err := testnet.Up(b.Context(), testnet.Config{Dir: filepath.Join(b.TempDir(), "net"), Nodes: 4, Solo: testnet.Solo(b), Tied: true})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkTestnetDown ends four nodes.
func BenchmarkTestnetDown(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		n := upFour(b)
		b.StartTimer()
		if err := n.Down(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTestnetBlocks mines a hundred blocks that all of four nodes see. Its bar is
// 30 hashes a block and 5 s.
func BenchmarkTestnetBlocks(b *testing.B) {
	const blocks = 100
	r := harness.NewSolver(b)
	n := upFour(b)
	defer func() {
		if err := n.Down(b.Context()); err != nil {
			b.Error(err)
		}
	}()
	for b.Loop() {
		mined, err := n.Mine(b.Context(), testnet.MineRequest{Blocks: blocks})
		if err == nil && len(mined.Hashes) != blocks {
			err = errors.New("too few blocks")
		}
		if err == nil {
			err = testnet.Poll(b.Context(), time.Minute, func() error { return n.AtHeight(b.Context(), mined.Height) })
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((30*blocks*r.Hash + 5*time.Second).Seconds(), "bar-s")
}
