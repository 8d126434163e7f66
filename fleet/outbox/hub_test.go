package outbox

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// noTemplates has no work.
type noTemplates struct{}

func (noTemplates) Subscribe() (<-chan *mining.Template, func()) { return nil, func() {} }
func (noTemplates) Current() (*mining.Template, error)           { return nil, mining.ErrNotReady }

// hub starts a node's side with a ledger, which end together.
func (s *sendTest) hub(path string) (l *ledger.Ledger, stop func()) {
	l = ledger.Open(ledger.Config{Path: path})
	term, err := l.RaiseTerm()
	must(s.t, err)
	h := fleet.NewHub(fleet.HubConfig{
		Engine: s.engine, Key: s.node.key, Network: "solonet", Templates: noTemplates{}, Fronts: map[fleet.PublicKey]string{s.key.Public(): "front"},
		Grant: func(string, uint64, int) ([]uint16, error) { return []uint16{1}, nil }, Books: l, Ledger: fleet.LedgerState{ID: l.ID(), Term: term},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = h.Run(ctx) })
	return l, func() { cancel(); parts.Wait(); must(s.t, l.Close()) }
}

// link is a front's, which passes on what the node says.
func (s *sendTest) link() (stop func()) {
	sender := NewSender(SenderConfig{Outbox: s.outbox, Engine: s.engine, Key: s.key, Network: "solonet", Node: s.node.key.Public()})
	nodes := []fleet.PublicKey{s.node.key.Public()}
	feed := fleet.NewFeed(fleet.FeedConfig{Nodes: nodes})
	l := fleet.NewLink(fleet.LinkConfig{
		Engine: s.engine, Key: s.key, Network: "solonet", Name: "front", Epoch: s.outbox.Epoch(), Nodes: nodes, Feed: feed,
		Chain:  fleet.NewChain(fleet.ChainConfig{Engine: s.engine, Key: s.key, Network: "solonet", Feed: feed}),
		Ranges: func(uint16) {}, Left: func() int { return 1 << 15 }, Acks: sender,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = s.outbox.Run(ctx) })
	parts.Go(func() { _ = sender.Run(ctx) })
	parts.Go(func() { _ = l.Run(ctx) })
	return func() { cancel(); parts.Wait(); must(s.t, s.outbox.Close()) }
}

// TestFrontToLedger has a front's shares come by the engine, its link and the node's hub into a
// ledger: in order, each once, while both ends are restarted.
func TestFrontToLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSendTest(t, 3)
		s.stop()
		path := filepath.Join(t.TempDir(), "rigs.db")
		for range 3 {
			var err error
			s.outbox, err = Open(Config{Path: s.path})
			must(t, err)
			unlink := s.link()
			for range 2 {
				_, stop := s.hub(path)
				for range 40 {
					s.add()
					time.Sleep(time.Duration(s.random.IntN(100)) * time.Millisecond)
				}
				stop()
			}
			unlink()
		}
		var err error
		s.outbox, err = Open(Config{Path: s.path})
		must(t, err)
		unlink := s.link()
		l, stop := s.hub(path)
		for range 1000 {
			if s.outbox.Status().Entries == 0 {
				break
			}
			time.Sleep(time.Second)
		}
		var got []uint64
		must(t, l.SharesFrom(0, func(sh ledger.Share) bool { got = append(got, sh.Work); return true }))
		if !slices.Equal(got, upTo(s.next)) || s.next < 300 {
			t.Errorf("%d of %d shares are in the ledger, or not in their order; %+v is left", len(got), s.next, s.outbox.Status())
		}
		stop()
		unlink()
		time.Sleep(time.Minute)
		must(t, s.engine.Close())
	})
}
