package main

import (
	"math/big"
	"math/rand/v2"

	"github.com/bytom-solo/bytom-solo/payout/scheme"
)

// The pool of the picture, and the owner whose income is drawn. Of a dozen seeds this one's
// luck is the most ordinary: others find 185 to 217 blocks.
const (
	seed     = 10
	blocks   = 200 // that the pool's work is expected to find
	perBlock = 100 // shares that a block takes
	before   = 10  // blocks' worth of work of the others before the owner comes
	every    = 20  // each so many shares of the pool one is the owner's

	reward      = 41_250_000_000 // neu
	feeBP       = 100
	windowMilli = 8000
	cMillionths = 20_000
	oMillionths = 995_000
)

// schemes are those that are drawn, the riskiest for an owner first.
var schemes = []string{"solo", "pplns", "dgm", "pps"}

// incomes are what the owner has been paid by each scheme, in neu, after each of the pool's
// shares, and at which of them a block was found. All schemes see the same shares and blocks.
type incomes struct {
	paid  map[string][]uint64
	found []int
}

// The owners of shares.
const (
	others = iota
	owner
)

// work is that of each share, in 2⁻⁶⁴ blocks.
const work = 1 << 63 / (perBlock / 2)

// income simulates the pool. Shares have numbers from when the owner comes on.
func income() (*incomes, error) {
	r := rand.New(rand.NewPCG(seed, 0))
	scores, err := scheme.NewDGM(scheme.DGMTerms{CMillionths: cMillionths, OMillionths: oMillionths})
	if err != nil {
		return nil, err
	}
	credit, all := scheme.NewPPS(), &incomes{paid: make(map[string][]uint64)}
	var log []uint32
	sums := make(map[string]uint64)
	for i := -before * perBlock; i < blocks*perBlock; i++ {
		who := uint32(others)
		if i >= 0 && i%every == every/2 {
			who = owner
		}
		log = append(log, who)
		name := []string{others: "others", owner: "owner"}[who]
		scores.Share(name, work, feeBP)
		credit.Share(name, work, reward, feeBP)
		sums["pps"] += credit.Take()["owner"]
		if r.Uint64() < work {
			pay, _ := scores.Block(reward)
			sums["dgm"] += pay["owner"]
			sums["pplns"] += window(log)
			if who == owner {
				sums["solo"] += reward - scheme.Fee(reward, feeBP)
			}
			if i >= 0 {
				all.found = append(all.found, i)
			}
		}
		for _, s := range schemes {
			if i >= 0 {
				all.paid[s] = append(all.paid[s], sums[s])
			}
		}
	}
	return all, nil
}

// window is what the owner gets of a block that the last share made, by pplns.
func window(log []uint32) uint64 {
	w := scheme.NewWindow(scheme.Terms{XMilli: windowMilli, FeeBP: feeBP})
	for i := len(log) - 1; i >= 0 && w.Add(log[i], work, 0); i-- {
		continue
	}
	parts := w.Parts()
	weights := []*big.Int{new(big.Int), new(big.Int)}
	for who, net := range parts.Net {
		weights[who] = net
	}
	return scheme.Split(reward-scheme.Part(reward, parts.Fee, parts.Total), weights)[owner]
}
