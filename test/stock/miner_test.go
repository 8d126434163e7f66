package stock_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestStockMinerMinesThroughUs has the stock miner find a block for our node.
func TestStockMinerMinesThroughUs(t *testing.T) {
	r := harness.NewSolver(t)
	ours := testnet.Start(t, testnet.NodeOptions{})
	harness.MakeAccount(t, ours)
	front := frontWithLuck(t, r, ours)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan string, 1)
	miner := exec.CommandContext(ctx, testnet.Stock(t, testnet.StockMiner))
	miner.Env = append(os.Environ(), "BYTOM_URL="+front)
	go func() {
		out, _ := miner.CombinedOutput() // It mines until it is killed.
		done <- string(out)
	}()
	testnet.Wait(t, 5*time.Minute, func() error {
		select {
		case out := <-done:
			t.Fatalf("the stock miner ended:\n%s", out)
		default:
		}
		h, err := ours.Height()
		if err == nil && h == 0 {
			err = errors.New("no block yet")
		}
		return err
	})
	cancel()
	if out := <-done; !strings.Contains(out, "Mining succeed!") {
		t.Errorf("the stock miner printed:\n%s", out)
	}
}

// frontWithLuck stands before a node, and hands out the work first whose solution is a
// nonce from 1 to 3: the stock miner, which begins at 0, takes a second or more for a
// hash, and for some works hundreds of them.
func frontWithLuck(t *testing.T, r *harness.Solver, n *testnet.Node) string {
	t.Helper()
	target, err := url.Parse(n.URL)
	if err != nil {
		t.Fatal(err)
	}
	var lucky []byte
	for lucky == nil {
		status, body, err := n.Post("/get-work", nil)
		var answer struct{ Data wire.Work }
		if err == nil {
			err = json.Unmarshal(body, &answer)
		}
		if err != nil {
			t.Fatalf("%d %s: %v", status, body, err)
		}
		h := answer.Data.BlockHeader
		for h.Nonce = 0; h.Nonce <= 3; h.Nonce++ {
			result, err := r.Verifier.Hash(t.Context(), h.Hash().Byte32(), answer.Data.Seed.Byte32())
			if err != nil {
				t.Fatal(err)
			}
			if mining.TargetFromBits(h.Bits).Met(result) {
				if h.Nonce > 0 {
					lucky = body
				}
				break
			}
		}
	}
	var first atomic.Bool
	node := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/get-work" && first.CompareAndSwap(false, true) {
			_, _ = w.Write(lucky) // Should the miner be gone, the test sees.
			return
		}
		node.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL
}
