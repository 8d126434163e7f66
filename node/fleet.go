package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// fronts are a node's: the engine, and the node's side of what goes over it.
type fronts struct {
	engine fleet.Engine
	stop   func() // ends an engine in this process
	hub    *fleet.Hub
	key    fleet.Key

	foreign logLimit // of fronts' blocks that pay somebody else
}

// openRigs opens what serves rigs: the port for them here, and fronts elsewhere.
func (n *Node) openRigs(ctx context.Context, space *mining.Extranonces) error {
	n.templates = n.generator
	owner, err := n.ownerOfLogin()
	if err != nil {
		return err
	}
	if err := n.openStratum(ctx, rigSources{space, owner, stratum.InLedger}); err != nil {
		return err
	}
	return n.openFronts(space)
}

// openFronts opens what serves fronts, if there are to be any. Their shares are booked in the
// ledger, which must be there, and on the disk.
func (n *Node) openFronts(space *mining.Extranonces) error {
	c := &n.config.Fleet
	if c.Engine.URL == "" {
		return nil
	}
	key, err := fleet.OpenKey(n.config.FleetKeyPath())
	if err != nil {
		return fmt.Errorf("serve fronts: %w", err)
	}
	if n.ledger == nil {
		if err := n.openLedger(); err != nil {
			return err
		}
	}
	term, err := n.ledger.RaiseTerm()
	if err != nil {
		return fmt.Errorf("serve fronts: their shares can't be booked: %w", err)
	}
	grants, err := openGrants(filepath.Join(n.config.Bytom.RootDir, "mining", "fleet.json"), space)
	if err != nil {
		return fmt.Errorf("serve fronts: %w", err)
	}
	engine, stop, err := c.Engine.open("bytom-solo node "+n.config.Bytom.NodeAlias, n.log)
	if err != nil {
		return err
	}
	n.elsewhere = newFrontRigs(n.ledger)
	n.fronts = &fronts{engine: engine, stop: stop, key: key}
	n.fronts.hub = fleet.NewHub(fleet.HubConfig{
		Engine: engine, Key: key, Network: n.config.Bytom.ChainID, Templates: n.generator, Fronts: c.Fronts, Grant: grants.grant,
		Books: n.elsewhere, Ledger: fleet.LedgerState{ID: n.ledger.ID(), Term: term, Instance: rand.Uint64()},
		Found: n.foundByFront, Solved: n.hashAhead, Split: n.config.Payout.Scheme != "", Owners: n.config.Payout.Owners, Log: n.log,
	})
	n.log.Info("fronts are served", "key", key.Public().String(), "fronts", len(c.Fronts), "term", term)
	return nil
}

// runFronts serves fronts until ctx ends.
func (n *Node) runFronts(ctx context.Context, parts *errgroup.Group) {
	if n.fronts == nil {
		return
	}
	parts.Go(func() error { return n.fronts.hub.Run(ctx) })
}

// close ends the engine's connection, and the engine in this process.
func (f *fronts) close() error {
	if f == nil {
		return nil
	}
	err := f.engine.Close()
	f.stop()
	return err
}

// tellFront has the front that found a block know where it is now: a block may leave the best chain
// long after the front has heard that it is there, and come back.
func (n *Node) tellFront(f mining.Fate, p mining.Place) {
	front, ok := n.frontOf(f.By)
	if n.fronts == nil || !ok || !p.Decided(f.Height) {
		return
	}
	n.fronts.hub.Stands(front, fleet.NewVerdict(f.ID, mining.Verdict{Outcome: mining.Duplicate, Main: p.Main, Winner: p.There}, p.Best, nil))
}

// frontOf is the front that brought a finder's block, whether it is let in now or not. Older versions noted its name alone.
func (n *Node) frontOf(by mining.Finder) (front fleet.PublicKey, ok bool) {
	if key, err := fleet.ParsePublicKey(by.FrontKey); err == nil {
		return key, true
	}
	for key, name := range n.config.Fleet.Fronts {
		if by.Front != "" && name == by.Front {
			return key, true
		}
	}
	return front, false
}

// hashAhead computes the proof of a block that a front is about to bring, on the tip that there is.
func (n *Node) hashAhead(ctx context.Context, header, seed [32]byte) {
	if t, err := n.generator.Current(); err == nil && t.Tip.Seed.Byte32() == seed {
		_, _ = n.verifier.Hash(ctx, header, seed) // Who needs it asks again.
	}
}

// foundByFront brings a block of a front's rig to the chain.
func (n *Node) foundByFront(ctx context.Context, front fleet.PublicKey, b *fleet.Block) fleet.Verdict {
	best := func() uint64 { return n.bytom.chain.BestBlockHeight() }
	block, err := fleet.DecodeBlock(b.Raw)
	if err != nil {
		return fleet.NewVerdict(bc.Hash{}, mining.Verdict{}, best(), err)
	}
	v, err := n.submitter.SubmitBlock(ctx, block, n.finderOfFront(front, b, block))
	return fleet.NewVerdict(block.Hash(), v, best(), err)
}

// finderOfFront is who found a front's block. One that pays somebody else may be good, but there is nothing in it
// for owners of rigs.
func (n *Node) finderOfFront(front fleet.PublicKey, b *fleet.Block, block *types.Block) mining.Finder {
	name := n.config.Fleet.Fronts[front]
	by := mining.Finder{
		Kind: mining.FoundByRig, Name: b.Name, Address: b.Address, Owner: b.Owner, Work: b.Work, Front: name, FrontKey: front.String(),
	}
	if n.payees.pays(block) {
		return by
	}
	if n.fronts.foreign.allow(name, time.Now()) {
		n.log.Warn("a front brought a block that pays somebody else: no owner is credited", "front", name, "height", block.Height, "hash", new(block.Hash()).String())
	}
	by.Kind, by.Owner, by.Work = mining.FoundByBlock, "", 0
	return by
}
