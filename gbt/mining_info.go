package gbt

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// Network is what is known of the network. Its methods are safe for concurrent use.
type Network interface {
	// Name is the chain's: mainnet, wisdom or solonet.
	Name() string
	// Peers is how many are connected.
	Peers() int
	// Connected are those.
	Connected() []Peer
	// Hashrate is an estimate of the network's, in hashes per second, over some blocks
	// up to a height; zero blocks are those since the last retarget, and a negative height
	// is the tip's. The error says which argument is out of range.
	Hashrate(blocks int, height int64) (float64, error)
	// Clock says what seems wrong with this machine's clock, by what evidence; it is empty
	// where nothing does.
	Clock() string
}

func (h *Handler) miningInfo(*http.Request) envelope { return success(h.info()) }

func (h *Handler) info() wire.MiningInfo {
	tip := h.cfg.Source.Tip()
	target := mining.TargetFromBits(tip.Bits)
	a := wire.MiningInfo{
		Chain: h.cfg.Network.Name(), Height: tip.Height, BestHash: tip.Hash.String(), Bits: strconv.FormatUint(tip.Bits, 16),
		Target: target.String(), Difficulty: strconv.FormatFloat(target.Difficulty(), 'f', 0, 64), Seed: tip.Seed.String(),
		Peers: h.cfg.Network.Peers(), Mining: h.cfg.Miner.Mining(), Devices: h.cfg.Miner.Devices(),
		BlocksFound: h.cfg.Submitter.Found(), Clock: h.cfg.Network.Clock(),
	}
	// Too short a chain has no rate.
	a.NetworkHashrate, _ = h.cfg.Network.Hashrate(0, -1)
	for _, d := range a.Devices {
		a.Hashrate += d.Hashrate.Minute
	}
	if a.Hashrate > 0 {
		a.Expected = target.Difficulty() / a.Hashrate
	}
	if h.cfg.PayeeLost != nil {
		a.PayeeLost = h.cfg.PayeeLost()
	}
	t, err := h.cfg.Generator.Current()
	if err != nil {
		a.NotReady = err.Error()
		a.Payee, _ = h.cfg.Address()
		return a
	}
	a.Payee = t.Payee.Address
	a.Template = &wire.TemplateInfo{
		AgeSeconds: time.Since(t.Built).Seconds(), Reason: t.Reason, Txs: len(t.Txs), Fees: t.Fees, Value: t.Value, Gas: t.Gas,
	}
	return a
}
