package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// noBooks book nothing.
type noBooks struct{}

func (noBooks) Book(ledger.BatchID, []ledger.Entry) (bool, error) { return false, nil }
func (noBooks) BookedOnDisk(string, uint64) uint64                { return 0 }
func (noBooks) Flush() error                                      { return nil }

// hubTest is a Hub with a front that a test is.
type hubTest struct {
	*Hub
	t     *testing.T
	front Key
	log   strings.Builder
}

func newHubTest(t *testing.T, found func() Verdict) *hubTest {
	h := &hubTest{t: t, front: NewKey()}
	node, engine := NewKey(), NewMemory()
	t.Cleanup(func() { _ = engine.Close() })
	h.Hub = NewHub(HubConfig{
		Engine: engine, Key: node, Network: "solonet", Fronts: map[PublicKey]string{h.front.Public(): "hall"}, Books: noBooks{},
		Grant: func(string, uint64, int) ([]uint16, error) { return []uint16{1}, nil }, Ledger: LedgerState{Term: 7},
		Found: func(context.Context, PublicKey, *Block) Verdict { return found() },
		Log:   slog.New(slog.NewTextHandler(&h.log, nil)),
	})
	return h
}

// seal makes a message of the front's.
func (h *hubTest) seal(kind Kind, body any) []byte {
	h.t.Helper()
	sealed, err := h.front.Seal("solonet", kind, body)
	if err != nil {
		h.t.Fatal(err)
	}
	return sealed
}

// fence has another node with this one's key keep the ledger from now on.
func (h *hubTest) fence() {
	h.t.Helper()
	beat, err := h.cfg.Key.Seal("solonet", KindBeat, &Beat{Ledger: LedgerState{Term: 8, Instance: 5}})
	if err != nil {
		h.t.Fatal(err)
	}
	if h.TakeBeat(beat); h.Fenced() == nil {
		h.t.Fatal("it is not fenced")
	}
}

// status is what the hub knows of the front.
func (h *hubTest) status() FrontStatus { return h.Fronts()[0] }

// TestMissedTransactionsComeWithTheAnswer: who says hello gets the parts of a large template ahead of it, and
// not with each hello, of which anybody can have a recording.
func TestMissedTransactionsComeWithTheAnswer(t *testing.T) {
	h := newHubTest(t, nil)
	kinds := make(chan string, 10)
	cancel, err := h.cfg.Engine.Subscribe(h.to(h.front.Public()), func(data []byte) {
		m, err := Open(data, "solonet", func(PublicKey) bool { return true })
		kinds <- fmt.Sprintf("%T %v", m.Body, err)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	for part := range 2 {
		sealed, err := h.cfg.Key.Seal("solonet", KindBody, &Body{Boot: 7, Sequence: 1, Part: part, Of: 2})
		if err != nil {
			t.Fatal(err)
		}
		h.bodies = append(h.bodies, sealed)
	}
	hello := h.seal(KindHello, &Hello{Name: "hall", Epoch: 1, Need: 1, At: 5})
	for range 2 {
		h.take(t.Context(), hello)
	}
	for i, want := range []string{"*fleet.Body <nil>", "*fleet.Body <nil>", "*fleet.Welcome <nil>", "*fleet.Welcome <nil>"} {
		select {
		case got := <-kinds:
			if got != want {
				t.Errorf("message %d is %s, expected %s", i, got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("message %d has not come, expected %s", i, want)
		}
	}
}

// TestRecordingsOfAFrontAreNoNews: what a front sent before, by either way, neither counts as a sign of it nor as one
// more block.
func TestRecordingsOfAFrontAreNoNews(t *testing.T) {
	outcome := mining.MainChain
	h := newHubTest(t, func() Verdict { return Verdict{Outcome: int(outcome)} })
	h.take(t.Context(), h.seal(KindHello, &Hello{Name: "hall", Epoch: 1, Need: 1, At: 5}))
	block := h.seal(KindBlock, &Block{At: 6})
	if _, err := h.TakeSealedBlock(t.Context(), block); err != nil {
		t.Fatal(err)
	}
	first := h.status()
	if first.Seen.IsZero() || first.Blocks != 1 {
		t.Errorf("%+v, expected to have been seen, with a block", first)
	}
	outcome = mining.Duplicate
	time.Sleep(time.Millisecond)
	for range 5 {
		h.take(t.Context(), h.seal(KindHello, &Hello{Name: "hall", Epoch: 1, Need: 1, At: 5}))
		if _, err := h.TakeSealedBlock(t.Context(), block); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.status(); got != first {
		t.Errorf("after recordings %+v, expected %+v", got, first)
	}
	// A hello by HTTP asks whether that way is open.
	if _, err := h.TakeSealedBlock(t.Context(), h.seal(KindHello, &Hello{At: 9})); err != nil || !h.status().Seen.After(first.Seen) {
		t.Errorf("%v, %+v", err, h.status())
	}
	if _, err := h.TakeSealedBlock(t.Context(), h.seal(KindSolved, &Solved{})); err == nil {
		t.Error("a message that is for the engine is taken")
	}
}

// TestStrangersFillNoLog: who can reach the engine can send what he likes, and the log has a few lines of it.
func TestStrangersFillNoLog(t *testing.T) {
	h := newHubTest(t, nil)
	f := newFeedTest(t)
	for i := range 1000 {
		garbage := make([]byte, i)
		h.take(t.Context(), garbage)
		stranger, err := NewKey().Seal("solonet", KindHello, &Hello{Name: "evil"})
		if err != nil {
			t.Fatal(err)
		}
		h.take(t.Context(), stranger)
		_, err = Open(garbage, "solonet", h.known)
		f.Refuse(f.a, err)
		_, err = Open(stranger, "solonet", h.known)
		f.Refuse(f.a, err)
	}
	for _, log := range []string{h.log.String(), f.log.String()} {
		if got := strings.Count(log, "\n"); got < 2 || got > 2*mostStrange {
			t.Errorf("%d lines, expected from 2 to %d", got, 2*mostStrange)
		}
	}
}

// TestAFencedNodeSpeaksOfNoBlocks: what it says would have a front believe that the node that keeps the ledger has them.
func TestAFencedNodeSpeaksOfNoBlocks(t *testing.T) {
	h := newHubTest(t, nil)
	said := make(chan bc.Hash, 10)
	cancel, err := h.cfg.Engine.Subscribe(h.to(h.front.Public()), func(data []byte) {
		m, err := Open(data, "solonet", func(PublicKey) bool { return true })
		if err != nil {
			t.Error(err)
			return
		}
		said <- bc.NewHash(m.Body.(*Verdict).Hash)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	stands := func(id bc.Hash) {
		h.Stands(h.front.Public(), NewVerdict(id, mining.Verdict{Outcome: mining.Duplicate, Main: true, Winner: id}, 9, nil))
	}
	before, fenced, after := bc.Hash{V0: 1}, bc.Hash{V0: 2}, bc.Hash{V0: 3}
	stands(before)
	h.fence()
	stands(fenced)
	h.fenced.Store(nil)
	stands(after)
	for _, want := range []bc.Hash{before, after} {
		if got := <-said; got != want {
			t.Fatalf("it speaks of block %v, expected %v", got, want)
		}
	}
}

// TestAFencedNodeSpeaksOfNoBlocksByHTTP: the first node's RPC is that of a fenced one. The one that keeps the ledger has heard nothing.
func TestAFencedNodeSpeaksOfNoBlocksByHTTP(t *testing.T) {
	block := foundBlock(7)
	id := block.Hash()
	h := newHubTest(t, func() Verdict {
		return NewVerdict(id, mining.Verdict{Outcome: mining.MainChain, Main: true, Winner: id}, 7, nil)
	})
	h.fence()
	byHTTP := func(ctx context.Context, sealed []byte) (Verdict, error) { return h.TakeSealedBlock(ctx, sealed) }
	c := NewChain(ChainConfig{
		Engine: NewMemory(), Key: h.front, Network: "solonet", Feed: NewFeed(FeedConfig{}),
		Nodes: []PublicKey{h.cfg.Key.Public()}, Couriers: []Courier{byHTTP}, Patience: 300 * time.Millisecond,
	})
	if _, err := c.Process(t.Context(), block, finder); !errors.Is(err, mining.ErrNotReady) || !strings.Contains(err.Error(), "keeps the ledger") {
		t.Errorf("%v, expected that it is to be sent again", err)
	}
	if at := c.HeardFirst(id); !at.IsZero() {
		t.Errorf("the front takes it that the node that keeps the ledger has the block: heard %v", at)
	}
}
