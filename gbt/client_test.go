package gbt

import (
	"context"
	"crypto/sha3"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

func newClient(t *testing.T, h http.Handler) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(s.URL, s.Client())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestClientMines brings blocks in by each of the three submits.
func TestClientMines(t *testing.T) {
	chain, r := server(t)
	c := newClient(t, r)
	work, err := c.GetWork(t.Context())
	if err != nil || *work.Seed != (bc.Hash{V3: 5}) {
		t.Fatalf("work %+v, error %v", work, err)
	}
	solve(work.BlockHeader, true)
	if err := c.SubmitWork(t.Context(), work.BlockHeader); err != nil {
		t.Fatal(err)
	}
	block := *chain.processed[0]
	if block.Hash() != work.BlockHeader.Hash() {
		t.Fatal("another block than the submitted one reached the chain")
	}
	if err := c.SubmitBlock(t.Context(), &block); !errors.Is(err, mining.ErrorKind("duplicate")) {
		t.Errorf("submitted twice: %v", err)
	}

	template, err := c.GetBlockTemplate(t.Context(), wire.TemplateRequest{ExtranonceSize: wire.NewNumber(2)})
	if err != nil {
		t.Fatal(err)
	}
	extranonce, nonce := []byte{0xab, 0xcd}, uint64(0)
	for ; ; nonce++ {
		id, root := roll(*template, hex.EncodeToString(extranonce), template.CurTime, nonce)
		if got, err := template.CoinbaseBuild.Root(extranonce); err != nil || got != root {
			t.Fatalf("root %x, expected %x (%v)", got, root, err)
		}
		if mining.TargetFromBits(chain.tip.Bits).Met(sha3.Sum256(id[:])) {
			break
		}
	}
	if err := c.SubmitSolution(t.Context(), template.WorkID, template.CurTime, nonce, extranonce); err != nil {
		t.Fatal(err)
	}
	if info, err := c.MiningInfo(t.Context()); err != nil || info.Height != 9 || info.BlocksFound != 2 {
		t.Errorf("info %+v, error %v", info, err)
	}
	if _, err := template.CoinbaseBuild.Root(make([]byte, 3)); err == nil {
		t.Error("an extranonce of another size was taken")
	}
}

// TestClientTellsRefusals looks at the errors of all calls.
func TestClientTellsRefusals(t *testing.T) {
	chain, r := server(t)
	c := newClient(t, r)
	work, err := c.GetWork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	solve(work.BlockHeader, false)
	unknown := *work.BlockHeader
	unknown.TransactionsMerkleRoot.V0++
	solve(work.BlockHeader, true)
	if err := c.SubmitWork(t.Context(), work.BlockHeader); err != nil {
		t.Fatal(err)
	}
	block := *chain.processed[0]
	chain.processed = nil
	if err := c.Propose(t.Context(), &block); err != nil {
		t.Errorf("a valid proposal: %v", err)
	}
	chain.check = func(*types.Block) error { return mining.ErrCoinbaseAmount }
	orphan := block
	orphan.PreviousBlockHash = bc.Hash{V0: 5}
	for _, test := range []struct {
		name string
		err  error
		want mining.ErrorKind
	}{
		{"unknown work", c.SubmitWork(t.Context(), &unknown), mining.ErrUnknownWork},
		{"unknown template", c.SubmitSolution(t.Context(), "x", 1, 2, nil), mining.ErrUnknownWork},
		{"an orphan", c.Propose(t.Context(), &orphan), mining.ErrorKind("prev-blk-not-found")},
		{"a coinbase that pays too much", c.Propose(t.Context(), &block), mining.ErrCoinbaseAmount},
	} {
		var refused *client.Error
		if !errors.Is(test.err, test.want) || errors.Is(test.err, mining.ErrHighHash) || !errors.As(test.err, &refused) || refused.Debug == "" {
			t.Errorf("%s: %v, expected the reason %s", test.name, test.err, test.want)
		}
	}
	var refused *client.Error
	_, err = c.GetBlockTemplate(t.Context(), wire.TemplateRequest{Payee: "x"})
	if !errors.As(err, &refused) || refused.Reason != "" || !strings.Contains(refused.Debug, "field payee") {
		t.Errorf("a payee that is none: %v", err)
	}
}

// TestClientAndOtherServers has what a client may find instead of a node.
func TestClientAndOtherServers(t *testing.T) {
	answer := ""
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, secret, _ := r.BasicAuth(); name != "" && secret != "s" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		} else if answer == "404" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(answer))
	}))
	for _, test := range []struct {
		answer, want string
		refused      bool
	}{
		{`{"status":"fail","code":"BTM000","msg":"Bytom API Error","error_detail":"no block is ready"}`, "no block is ready (BTM000)", true},
		{`{"code":"BTM002","msg":"Invalid request body","detail":"field x"}`, "field x (BTM002)", true},
		{"404", "HTTP 404", true},
		{"<html>", "not JSON", false},
		{`{"status":"success","data":{}}`, "lacks", false},
		{`{"status":"success","data":7}`, "read the answer", false},
	} {
		answer = test.answer
		_, err := c.GetWork(t.Context())
		var refused *client.Error
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.As(err, &refused) != test.refused {
			t.Errorf("%s: %v, expected %s", test.answer, err, test.want)
		}
	}
	answer = `{"status":"success","data":true}`
	for user, ok := range map[string]bool{"n:s@": true, "n:wrong@": false} {
		withToken, err := client.New(strings.Replace(c.Address(), "//", "//"+user, 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := withToken.Call(t.Context(), "/get-work", nil, nil); (err == nil) != ok || strings.Contains(withToken.Address(), "wrong") {
			t.Errorf("token %s: %v", user, err)
		}
	}
	for _, address := range []string{"", "localhost:9888", "ftp://x", "http://", "http://[::1"} {
		if _, err := client.New(address, nil); err == nil {
			t.Errorf("address %q was taken", address)
		}
	}
}

// TestClientWaits has a longpoll that ends with its context.
func TestClientWaits(t *testing.T) {
	chain, r := server(t)
	c := newClient(t, r)
	template, err := c.GetBlockTemplate(t.Context(), wire.TemplateRequest{})
	if err != nil {
		t.Fatal(err)
	}
	request := wire.TemplateRequest{LongpollID: template.LongpollID, Transactions: "ids"}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.GetBlockTemplate(ctx, request); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after its time: %v", err)
	}
	woken := make(chan *wire.Template, 1)
	go func() {
		next, err := c.GetBlockTemplate(t.Context(), request)
		if err != nil {
			t.Error(err)
		}
		woken <- next
	}()
	chain.move()
	chain.generator.TipChanged()
	if next := <-woken; next != nil && next.PreviousBlockHash == template.PreviousBlockHash {
		t.Error("woken with the work that was there")
	}
}
