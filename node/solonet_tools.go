package node

import (
	"context"
	"crypto/sha3"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/mining"
)

// The routes of --solonet.tools.
const (
	SolonetMineRoute  = "/solonet-mine"
	SolonetAutoRoute  = "/solonet-auto"
	SolonetClockRoute = "/solonet-clock"
)

// solonet is what tests can ask of a node on a private network: to mine at will, and
// to set the clock. The same requests give the same blocks on any machine: the clock
// is virtual, the extranonce comes from the node's alias, and the nonce is the lowest
// that meets the target.
type solonet struct {
	tools bool
	*virtualClock

	source    mining.Source
	chain     *protocol.Chain
	generator *mining.Generator
	submitter *mining.Submitter
	verifier  *compute.Verifier
	log       *slog.Logger

	mu         sync.Mutex // one block at a time
	extranonce uint64

	auto chan time.Duration // how often to mine by itself; negative is never
}

// newSolonet returns the clock, which is the wall's where it is not to be virtual.
func newSolonet(chain *protocol.Chain, tools, virtual bool) *solonet {
	return &solonet{tools: tools, chain: chain, virtualClock: newVirtualClock(chain, virtual), auto: make(chan time.Duration)}
}

// openSolonet opens the clock that timestamps come from, and says what it goes by.
func (n *Node) openSolonet() {
	solonet := consensus.ActiveNetParams.Name == consensus.SoloNetParams.Name
	n.solonet = newSolonet(n.bytom.chain, n.config.Solonet.Tools, solonet && n.config.Solonet.Clock == clockVirtual)
	if solonet {
		n.solonet.logMode(n.log)
	}
}

// open adds what came after the clock.
func (s *solonet) open(alias string, source mining.Source, g *mining.Generator, submitter *mining.Submitter, v *compute.Verifier, log *slog.Logger) {
	s.source, s.generator, s.submitter, s.verifier, s.log = source, g, submitter, v, log
	// Two nodes that pay the same address must not build the same block.
	id := sha3.Sum256([]byte(alias))
	s.extranonce = binary.BigEndian.Uint64(id[:]) &^ 0xffffffff
}

func (s *solonet) register(r *mux.Router) {
	if !s.tools {
		return
	}
	r.HandleFunc(SolonetMineRoute, jsonHandler(s.serveMine))
	r.HandleFunc(SolonetAutoRoute, jsonHandler(s.serveAuto))
	r.HandleFunc(SolonetClockRoute, jsonHandler(s.serveClock))
}

// mineRequest asks for blocks.
type mineRequest struct {
	// Blocks is how many; 1 if missing.
	Blocks *int `json:"blocks"`
	// Address is whom they pay; the node's own payee if empty.
	Address string `json:"address"`
	// Empty leaves all transactions out; TxIDs, if present, all but these from the first
	// block, which must hold them.
	Empty bool     `json:"empty"`
	TxIDs []string `json:"tx_ids"`
	// BranchAt is the height of the best chain's block on which a branch of blocks
	// without transactions begins; missing, the tip is built on.
	BranchAt *uint64 `json:"branch_at"`
}

// mineResult is the blocks that were mined.
type mineResult struct {
	Hashes []string `json:"hashes"`
	// Height is the best chain's afterwards.
	Height uint64 `json:"height"`
}

// maxMine bounds one request.
const maxMine = 10_000

func (s *solonet) serveMine(r *http.Request) (any, error) {
	var in mineRequest
	if err := decodeBody(r, &in); err != nil {
		return nil, err
	}
	blocks := 1
	if in.Blocks != nil {
		blocks = *in.Blocks
	}
	if blocks < 1 || blocks > maxMine {
		return nil, fmt.Errorf("field blocks: value %d: expected 1 to %d", blocks, maxMine)
	}
	request, err := s.request(in)
	if err != nil {
		return nil, err
	}
	out := mineResult{Hashes: []string{}}
	for range blocks {
		id, err := s.mine(r.Context(), request)
		if err != nil {
			return nil, fmt.Errorf("after %d blocks: %w", len(out.Hashes), err)
		}
		out.Hashes = append(out.Hashes, id.String())
		if request.Parent != nil {
			request.Parent = &id
		}
		request.Only = nil
	}
	out.Height = s.chain.BestBlockHeight()
	return out, nil
}

// request is what to build of a call's input.
func (s *solonet) request(in mineRequest) (r mining.Request, err error) {
	r.Empty = in.Empty
	if in.Address != "" {
		payee, err := parsePayee(in.Address)
		if err != nil {
			return r, fmt.Errorf("field address: %w", err)
		}
		r.Payee = &payee
	}
	for _, text := range in.TxIDs {
		id, err := ParseBlockID("tx_ids", text)
		if err != nil {
			return r, err
		}
		r.Only = append(r.Only, id)
	}
	if in.BranchAt != nil {
		at := s.chain.GetBlockIndex().NodeByHeight(*in.BranchAt)
		if at == nil {
			return r, fmt.Errorf("field branch_at: value %d: expected a height up to %d", *in.BranchAt, s.chain.BestBlockHeight())
		}
		id := at.Hash
		r.Parent, r.Empty = &id, true
	}
	return r, nil
}

// mine finds one block and brings it to the chain.
func (s *solonet) mine(ctx context.Context, request mining.Request) (id bc.Hash, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		t, err := s.generator.Make(ctx, request)
		if errors.Is(err, mining.ErrTipMoved) {
			continue
		}
		if err != nil {
			return id, err
		}
		extranonce := s.extranonce
		if t.Tip.Hash != s.source.Tip().Hash {
			// A rival of the best chain's block must not be that very block.
			extranonce++
		}
		solution, err := s.solve(ctx, mining.NewJob(t, extranonce), request.Parent == nil)
		if errors.Is(err, mining.ErrTipMoved) {
			continue
		}
		if err != nil {
			return id, err
		}
		solution.By = mining.Finder{Kind: mining.FoundByTest}
		v, err := s.submitter.Submit(ctx, solution)
		if err != nil {
			return id, err
		}
		return v.Block, nil
	}
}

// solve finds the lowest nonce. Where the block is meant for the tip, it gives up when
// that moves.
func (s *solonet) solve(ctx context.Context, job *mining.Job, onTip bool) (mining.Solution, error) {
	t := job.Template
	if t.Target == (mining.Target{}) {
		return mining.Solution{}, fmt.Errorf("the target of block %d is 0, which no hash meets: by the blocks' timestamps the last %d took less than no time, and this chain has ended",
			t.Height, consensus.BlocksPerRetarget)
	}
	for nonce := uint64(0); ; nonce++ {
		if onTip && s.source.Tip().Hash != t.Tip.Hash {
			return mining.Solution{}, mining.ErrTipMoved
		}
		result, err := s.verifier.Hash(ctx, job.HeaderHash(t.Timestamp, nonce), t.Tip.Seed.Byte32())
		if err != nil {
			return mining.Solution{}, err
		}
		if t.Target.Met(result) {
			return mining.Solution{Job: job, Timestamp: t.Timestamp, Nonce: nonce}, nil
		}
	}
}

func (s *solonet) serveAuto(r *http.Request) (any, error) {
	var in struct{ Every string }
	if err := decodeBody(r, &in); err != nil {
		return nil, err
	}
	every, err := time.ParseDuration(in.Every)
	switch {
	case in.Every == "on":
		every = 0
	case in.Every == "off":
		every = -1
	case err != nil || every <= 0:
		return nil, fmt.Errorf("field every: value %q: expected on, off or a duration such as 5s", in.Every)
	}
	select {
	case s.auto <- every:
		return map[string]string{"every": in.Every}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// run mines by itself when it is asked to, until ctx ends.
func (s *solonet) run(ctx context.Context) error {
	every := time.Duration(-1)
	for {
		var next <-chan time.Time
		if every >= 0 {
			next = time.After(every)
		}
		select {
		case every = <-s.auto:
		case <-next:
			if _, err := s.mine(ctx, mining.Request{}); err != nil && ctx.Err() == nil {
				s.log.Warn("no block mined", "error", err)
				every = max(every, time.Second) // Not a loop of failures.
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// clockRequest sets the clock; what is missing stays as it is.
type clockRequest struct {
	Mode    string `json:"mode"`
	Time    int64  `json:"time"`
	Advance int64  `json:"advance"`
}

func (s *solonet) serveClock(r *http.Request) (any, error) {
	var in clockRequest
	if err := decodeBody(r, &in); err != nil {
		return nil, err
	}
	if err := s.change(in); err != nil {
		return nil, err
	}
	s.generator.Force()
	if err := s.generator.Settle(r.Context()); err != nil {
		return nil, err
	}
	mode, now := s.read()
	return map[string]any{"mode": mode, "time": now.Unix()}, nil
}
