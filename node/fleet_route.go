package node

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/mining"
)

// FrontBlockRoute takes a block that a front's rig found, as a FrontBlock, and answers with a
// FrontVerdict. It asks for more than a token: who sent the block has signed it.
const FrontBlockRoute = "/submit-front-block"

// FrontBlock is a block as a front sends it.
type FrontBlock struct {
	// Message is the signed message, in base64: see package fleet.
	Message string `json:"message"`
}

// FrontVerdict is what became of a front's block.
type FrontVerdict struct {
	// Hash is the block's, Outcome as mining.Outcome numbers it, Main whether it is on the best
	// chain, Winner the block of its height there, Best the height of that chain.
	Hash    string `json:"hash"`
	Outcome int    `json:"outcome"`
	Main    bool   `json:"main"`
	Winner  string `json:"winner"`
	Best    uint64 `json:"best"`
	// Error is the kind of a refusal, Detail its words; both are empty without one.
	Error  string `json:"error"`
	Detail string `json:"detail"`
}

func (n *Node) registerFronts(r *mux.Router) {
	r.HandleFunc(FrontBlockRoute, jsonHandler(n.takeFrontBlock))
}

var errNoFronts = errors.New("this node serves no fronts: the option engine is not set")

func (n *Node) takeFrontBlock(r *http.Request) (any, error) {
	var in FrontBlock
	if err := decodeBody(r, &in); err != nil {
		return nil, err
	}
	if n.fronts == nil {
		return nil, errNoFronts
	}
	sealed, err := base64.StdEncoding.DecodeString(in.Message)
	if err != nil {
		return nil, fmt.Errorf("field message: value %.20q: expected base64: %w", in.Message, err)
	}
	v, err := n.fronts.hub.TakeSealedBlock(r.Context(), sealed)
	if err != nil {
		return nil, fmt.Errorf("field message: %w", err)
	}
	return newFrontVerdict(v), nil
}

func newFrontVerdict(v fleet.Verdict) FrontVerdict {
	return FrontVerdict{
		Hash: hex.EncodeToString(v.Hash[:]), Outcome: v.Outcome, Main: v.Main, Winner: hex.EncodeToString(v.Winner[:]), Best: v.Best,
		Error: v.Error, Detail: v.Detail,
	}
}

// verdict is newFrontVerdict's reverse.
func (v FrontVerdict) verdict() (fleet.Verdict, error) {
	out := fleet.Verdict{Outcome: v.Outcome, Main: v.Main, Best: v.Best, Error: brief(v.Error), Detail: brief(v.Detail)}
	for _, each := range []struct {
		name, text string
		into       *[32]byte
	}{{"hash", v.Hash, &out.Hash}, {"winner", v.Winner, &out.Winner}} {
		raw, err := hex.DecodeString(each.text)
		if err != nil || len(raw) != len(each.into) {
			return out, fmt.Errorf("field %s: value %.70q: expected 64 hexadecimal characters", each.name, each.text)
		}
		copy(each.into[:], raw)
	}
	if o := mining.Outcome(v.Outcome); o < mining.MainChain || o > mining.Orphan {
		return out, fmt.Errorf("field outcome: value %d: expected %d to %d", v.Outcome, mining.MainChain, mining.Orphan)
	}
	return out, nil
}
