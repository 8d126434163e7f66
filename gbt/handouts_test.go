package gbt

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/mining"
)

// again is the same node after a restart: handlers that have handed nothing out.
func (c *chain) again(t *testing.T, path string) (*mux.Router, *mining.Handouts) {
	t.Helper()
	h := mining.OpenHandouts(mining.HandoutsConfig{Path: path, Network: "solonet", Source: c})
	cfg := c.handler.cfg
	cfg.Handouts, cfg.Extranonces = h, mining.NewExtranonces(h.Extranonces()...)
	r := mux.NewRouter()
	New(cfg).Register(r)
	return r, h
}

// TestWorkIsTakenBackAfterARestart: works and templates, with the extranonce that their
// clients rolled; what nobody was given stays unknown.
func TestWorkIsTakenBackAfterARestart(t *testing.T) {
	c, _ := server(t)
	c.somePool(5)
	path := filepath.Join(t.TempDir(), "handouts.jsonl")
	r, h := c.again(t, path)
	before := newClient(t, r)
	work, err := before.GetWork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := getTemplate(t, r, `{"extranonce_size":3,"payee":"aaaaaaaaaaaaaaaaaaaa"}`)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	r, h = c.again(t, path)
	defer h.Close()
	after := newClient(t, r)
	for n := range 3 {
		next, err := after.GetWork(t.Context())
		if err != nil || next.BlockHeader.TransactionsMerkleRoot == work.BlockHeader.TransactionsMerkleRoot {
			t.Errorf("%d: work of the last run is handed out again, or %v", n, err)
		}
	}
	taken := func(what string, submit func(nonce uint64) error) {
		t.Helper()
		for nonce := uint64(0); ; nonce++ {
			switch err := submit(nonce); {
			case errors.Is(err, mining.ErrHighHash):
				continue
			case err != nil:
				t.Errorf("%s: %v", what, err)
			}
			return
		}
	}
	header := *work.BlockHeader
	taken("get-work", func(nonce uint64) error {
		header.Nonce = nonce
		return after.SubmitWork(t.Context(), &header)
	})
	if got := c.made.Hash(); got != header.Hash() {
		t.Errorf("made block %s of work %s", got.String(), header.PreviousBlockHash.String())
	}
	extranonce := []byte{1, 2, 3}
	taken("template", func(nonce uint64) error {
		return after.SubmitSolution(t.Context(), a.WorkID, a.CurTime, nonce, extranonce)
	})
	if id, _ := roll(a, "010203", a.CurTime, c.made.Nonce); c.made.Hash().Byte32() != id {
		t.Errorf("the template's block is not what was hashed")
	}

	header.TransactionStatusHash.V0++
	if err := after.SubmitWork(t.Context(), &header); !errors.Is(err, mining.ErrUnknownWork) {
		t.Errorf("another status root: %v", err)
	}
	if err := after.SubmitSolution(t.Context(), a.WorkID+"0", a.CurTime, 1, extranonce); !errors.Is(err, mining.ErrUnknownWork) {
		t.Errorf("another workid: %v", err)
	}
}
