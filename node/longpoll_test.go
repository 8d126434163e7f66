package node

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// TestALongpollIsWokenByOurOwnSubmits has a client wait while another submits a header,
// and then a block.
func TestALongpollIsWokenByOurOwnSubmits(t *testing.T) {
	f := chaintest.NewQuick(t)
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: f.Chain, Payee: func() (mining.Payee, []byte, error) { return chaintest.Payee, nil, nil },
	})
	f.OnTip = g.TipChanged
	go g.Run(t.Context())
	server := httptest.NewServer(workServer(t, f, g))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := c.GetWork(t.Context()); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	for what, submit := range map[string]func(){
		"/submit-work":  func() { submitHeader(t, f, c) },
		"/submit-block": func() { submitOver(t, f, server.URL, g) },
	} {
		before, err := c.GetBlockTemplate(t.Context(), wire.TemplateRequest{})
		if err != nil {
			t.Fatal(err)
		}
		woken := make(chan *wire.Template, 1)
		go func() {
			after, err := c.GetBlockTemplate(t.Context(), wire.TemplateRequest{LongpollID: before.LongpollID})
			if err != nil {
				t.Error(err)
			}
			woken <- after
		}()
		submit()
		select {
		case after := <-woken:
			if tip := f.Chain.Tip().Hash; after == nil || after.PreviousBlockHash != tip.String() || after.Height != before.Height+1 || after.SubmitOld {
				t.Errorf("%s: woken with %+v, the tip is %s", what, after, tip.String())
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: not woken", what)
		}
	}
}

// submitHeader solves a get-work and brings it back.
func submitHeader(t *testing.T, f *chaintest.Fixture, c *client.Client) {
	t.Helper()
	w, err := c.GetWork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for target := mining.TargetFromBits(w.BlockHeader.Bits); ; w.BlockHeader.Nonce++ {
		id := w.BlockHeader.Hash()
		result, err := f.Solver.Hash(t.Context(), id.Byte32(), w.Seed.Byte32())
		if err != nil {
			t.Fatal(err)
		}
		if target.Met(result) {
			break
		}
	}
	if err := c.SubmitWork(t.Context(), w.BlockHeader); err != nil {
		t.Fatal(err)
	}
}
