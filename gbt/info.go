package gbt

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Network is what is known of the network. Its methods are safe for concurrent use.
type Network interface {
	// Name is the chain's: mainnet, wisdom or solonet.
	Name() string
	// Peers is how many are connected.
	Peers() int
	// Hashrate is an estimate of the network's, in hashes per second, over some blocks
	// up to a height; zero blocks are those since the last retarget, and a negative height
	// is the tip's. The error says which argument is out of range.
	Hashrate(blocks int, height int64) (float64, error)
}

// miningInfo is what an operator looks at.
type miningInfoAnswer struct {
	Chain      string `json:"chain"`
	Height     uint64 `json:"blocks"`
	BestHash   string `json:"bestblockhash"`
	Bits       string `json:"bits"`
	Target     string `json:"target"`
	Difficulty string `json:"difficulty"`
	Seed       string `json:"seed"`
	Peers      int    `json:"connections"`
	// NetworkHashrate and Hashrate are in hashes per second.
	NetworkHashrate float64 `json:"networkhashps"`
	Hashrate        float64 `json:"hashespersec"`
	// Expected is the mean time to a block at Hashrate, in seconds; 0 if nothing mines.
	Expected float64               `json:"expected_seconds"`
	Mining   bool                  `json:"mining"`
	Devices  []mining.DeviceStatus `json:"devices"`
	Payee    string                `json:"payee,omitempty"`
	// NotReady says why no work is handed out.
	NotReady string        `json:"not_ready,omitempty"`
	Template *templateInfo `json:"template,omitempty"`
	// BlocksFound counts those of this run that were on the best chain at once.
	BlocksFound uint64 `json:"blocks_found"`
}

type templateInfo struct {
	AgeSeconds float64       `json:"age_seconds"`
	Reason     mining.Reason `json:"reason"`
	Txs        int           `json:"transactions"`
	Fees       uint64        `json:"fees"`
	Value      uint64        `json:"value"`
	Gas        uint64        `json:"gas"`
}

func (h *Handler) miningInfo(*http.Request) envelope { return success(h.info()) }

func (h *Handler) info() miningInfoAnswer {
	tip := h.cfg.Source.Tip()
	target := mining.TargetFromBits(tip.Bits)
	a := miningInfoAnswer{
		Chain: h.cfg.Network.Name(), Height: tip.Height, BestHash: tip.Hash.String(), Bits: strconv.FormatUint(tip.Bits, 16),
		Target: target.String(), Difficulty: strconv.FormatFloat(target.Difficulty(), 'f', 0, 64), Seed: tip.Seed.String(),
		Peers: h.cfg.Network.Peers(), Mining: h.cfg.Miner.Mining(), Devices: h.cfg.Miner.Devices(),
		BlocksFound: h.cfg.Submitter.Found(),
	}
	// Too short a chain has no rate.
	a.NetworkHashrate, _ = h.cfg.Network.Hashrate(0, -1)
	for _, d := range a.Devices {
		a.Hashrate += d.Hashrate.Minute
	}
	if a.Hashrate > 0 {
		a.Expected = target.Difficulty() / a.Hashrate
	}
	t, err := h.cfg.Generator.Current()
	if err != nil {
		a.NotReady = err.Error()
		a.Payee, _ = h.cfg.Address()
		return a
	}
	a.Payee = t.Payee.Address
	a.Template = &templateInfo{
		AgeSeconds: time.Since(t.Built).Seconds(), Reason: t.Reason, Txs: len(t.Txs), Fees: t.Fees, Value: t.Value, Gas: t.Gas,
	}
	return a
}
