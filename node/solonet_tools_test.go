package node

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// withTools serves the fixture's tools, as a node of this alias.
func withTools(t *testing.T, f *chaintest.Fixture, alias string) (*solonet, *mux.Router) {
	t.Helper()
	s := newSolonet(f.Bytom, true, true)
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: f.Chain, Now: s.now, Payee: func() (mining.Payee, []byte, error) { return chaintest.Payee, nil, nil },
	})
	submitter := mining.NewSubmitter(mining.SubmitterConfig{Sink: f.Chain, Source: f.Chain, Verifier: f.Solver})
	s.open(alias, f.Chain, g, submitter, f.Solver, slog.New(slog.NewTextHandler(t.Output(), nil)))
	r := mux.NewRouter()
	s.register(r)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.run(ctx) })
	running.Go(func() { _ = g.Run(ctx) }) // A clock that is set waits for its template.
	t.Cleanup(func() { cancel(); running.Wait() })
	return s, r
}

const genesisTime = 1528945000 // solonet's

// TestSolonetMinesTheSameBlocks has two chains mine by the same requests, and a node of
// another name by the same too.
func TestSolonetMinesTheSameBlocks(t *testing.T) {
	var runs [][]string
	for _, alias := range []string{"a", "a", "b"} {
		f := chaintest.NewQuick(t)
		_, tools := withTools(t, f, alias)
		var got mineResult
		if detail := ask(t, tools, SolonetMineRoute, `{"blocks":20}`, &got); detail != "" || got.Height != 20 || len(got.Hashes) != 20 {
			t.Fatalf("%+v, %s", got, detail)
		}
		for h := uint64(1); h <= 20; h++ {
			header, err := f.Bytom.GetHeaderByHeight(h)
			if err != nil || header.Timestamp != genesisTime+150*h {
				t.Errorf("height %d: timestamp %d, expected %d (%v)", h, header.Timestamp, genesisTime+150*h, err)
			}
		}
		runs = append(runs, got.Hashes)
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Error("the same requests gave other blocks")
	}
	if runs[0][0] == runs[2][0] {
		t.Error("two nodes made the same block")
	}
}

// TestSolonetMakesABranch reorganises a chain by three blocks.
func TestSolonetMakesABranch(t *testing.T) {
	f := chaintest.NewQuick(t)
	_, tools := withTools(t, f, "a")
	var main, branch mineResult
	ask(t, tools, SolonetMineRoute, `{"blocks":5}`, &main)
	if detail := ask(t, tools, SolonetMineRoute, `{"blocks":3,"branch_at":2}`, &branch); detail != "" || branch.Height != 5 {
		t.Fatalf("%+v, %s", branch, detail)
	}
	tip := f.Chain.Tip()
	if tip.Hash.String() != main.Hashes[4] {
		t.Error("a branch of equal length won")
	}
	if detail := ask(t, tools, SolonetMineRoute, `{"blocks":4,"branch_at":2,"empty":true}`, &branch); detail != "" || branch.Height != 6 {
		t.Fatalf("%+v, %s", branch, detail)
	}
	tip = f.Chain.Tip()
	if tip.Hash.String() != branch.Hashes[3] {
		t.Error("the longer branch did not win")
	}
}

// TestARivalIsAnotherBlock: two blocks on one parent, of one time and with nothing in them,
// differ.
func TestARivalIsAnotherBlock(t *testing.T) {
	f := chaintest.NewQuick(t)
	_, tools := withTools(t, f, "a")
	if detail := ask(t, tools, SolonetClockRoute, `{"mode":"frozen"}`, &struct{}{}); detail != "" {
		t.Fatal(detail)
	}
	var main, rival mineResult
	for body, out := range map[string]*mineResult{`{"branch_at":0}`: &main, `{"branch_at":0,"empty":true}`: &rival} {
		if detail := ask(t, tools, SolonetMineRoute, body, out); detail != "" {
			t.Fatal(detail)
		}
	}
	if main.Hashes[0] == rival.Hashes[0] {
		t.Errorf("both are %s", main.Hashes[0])
	}
}

// TestSolonetMinesWhatItIsTold chooses the payee and the transactions.
func TestSolonetMinesWhatItIsTold(t *testing.T) {
	f := chaintest.NewQuick(t)
	_, tools := withTools(t, f, "a")
	one, two := txtest.FreeTx(bc.Hash{V0: 1}, 1e9), txtest.FreeTx(bc.Hash{V0: 2}, 1e9)
	f.Fund(t, false, one, two)
	f.PoolAdd(t, one, two)
	mine := func(body string) []bc.Hash {
		t.Helper()
		var got mineResult
		if detail := ask(t, tools, SolonetMineRoute, body, &got); detail != "" {
			t.Fatal(detail)
		}
		b, err := f.Bytom.GetBlockByHeight(got.Height)
		if err != nil {
			t.Fatal(err)
		}
		var ids []bc.Hash
		for _, tx := range b.Transactions[1:] {
			ids = append(ids, tx.ID)
		}
		return ids
	}
	if got := mine(`{"empty":true}`); len(got) != 0 {
		t.Errorf("an empty block has %d transactions", len(got))
	}
	if got := mine(`{"tx_ids":["` + two.ID.String() + `"]}`); !slices.Equal(got, []bc.Hash{two.ID}) {
		t.Errorf("chosen %v, expected %s", got, two.ID.String())
	}
	if got := mine(`{}`); !slices.Equal(got, []bc.Hash{one.ID}) {
		t.Errorf("the rest is %v, expected %s", got, one.ID.String())
	}
	var got mineResult
	for _, bad := range []struct{ body, want string }{
		{`{"blocks":0}`, "blocks"}, {`{"blocks":100000}`, "blocks"}, {`{"address":"x"}`, "address"},
		{`{"tx_ids":["x"]}`, "tx_ids"}, {`{"tx_ids":["` + one.ID.String() + `"]}`, "transaction"},
		{`{"branch_at":99}`, "branch_at"}, {`{"block":1}`, "block"}, {`[]`, "body"},
	} {
		if detail := ask(t, tools, SolonetMineRoute, bad.body, &got); !strings.Contains(detail, bad.want) {
			t.Errorf("%s: %q, expected an error about %s", bad.body, detail, bad.want)
		}
	}
}

func TestSolonetClock(t *testing.T) {
	f := chaintest.NewQuick(t)
	s, tools := withTools(t, f, "a")
	set := func(body string) (mode string, at int64, detail string) {
		var out struct {
			Mode string
			Time int64
		}
		detail = ask(t, tools, SolonetClockRoute, body, &out)
		return out.Mode, out.Time, detail
	}
	expect := func(body, mode string, at int64) {
		t.Helper()
		if m, a, detail := set(body); m != mode || a != at || detail != "" {
			t.Errorf("%s: %s %d %s, expected %s %d", body, m, a, detail, mode, at)
		}
	}
	mine := func() {
		t.Helper()
		if _, err := s.mine(t.Context(), mining.Request{}); err != nil {
			t.Fatal(err)
		}
	}
	expect(``, "virtual", genesisTime+150)
	mine()
	expect(`{}`, "virtual", genesisTime+300)
	expect(`{"advance":1000}`, "virtual", genesisTime+1300)
	mine()
	expect(`{}`, "virtual", genesisTime+1450)
	expect(`{"mode":"frozen"}`, "frozen", genesisTime+1450)
	for range 3 {
		mine()
	}
	expect(`{"time":1600000000}`, "frozen", 1600000000)
	expect(`{"mode":"virtual"}`, "virtual", 1600000000)
	mine()
	expect(``, "virtual", 1600000150)
	if mode, at, _ := set(`{"mode":"real"}`); mode != "real" || at < time.Now().Unix()-5 {
		t.Errorf("%s %d", mode, at)
	}
	expect(`{"mode":"virtual"}`, "virtual", genesisTime+150*7)
	for _, bad := range []string{`{"mode":"x"}`, `{"time":99999999999}`, `{"time":-5}`, `{"mode":"real","time":5}`} {
		if _, _, detail := set(bad); detail == "" {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestSolonetMinesByItself(t *testing.T) {
	f := chaintest.NewQuick(t)
	_, tools := withTools(t, f, "a")
	var out struct{ Every string }
	wait := func(height uint64) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); f.Bytom.BestBlockHeight() < height; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("height %d, expected %d", f.Bytom.BestBlockHeight(), height)
			}
		}
	}
	for _, every := range []string{"10ms", "on"} {
		if detail := ask(t, tools, SolonetAutoRoute, `{"every":"`+every+`"}`, &out); detail != "" || out.Every != every {
			t.Fatalf("%+v, %s", out, detail)
		}
		wait(f.Bytom.BestBlockHeight() + 3)
	}
	ask(t, tools, SolonetAutoRoute, `{"every":"off"}`, &out)
	height := f.Bytom.BestBlockHeight()
	time.Sleep(50 * time.Millisecond)
	if now := f.Bytom.BestBlockHeight(); now > height+1 {
		t.Errorf("switched off at %d, it is at %d", height, now)
	}
	for _, bad := range []string{"", "x", "-5s", "0s"} {
		if ask(t, tools, SolonetAutoRoute, `{"every":"`+bad+`"}`, &out) == "" {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestNoToolsUnlessAsked has a node without them.
func TestNoToolsUnlessAsked(t *testing.T) {
	f := chaintest.NewQuick(t)
	s := newSolonet(f.Bytom, false, false)
	r := mux.NewRouter()
	if s.register(r); r.Get("") != nil {
		t.Error("routes")
	}
	if mode, _ := s.read(); mode != clockReal {
		t.Errorf("the clock is %s", mode)
	}
}
