//go:build simulated

package node

import (
	"context"

	"github.com/bytom-solo/bytom-solo/compute"
)

// simulated says that this build is for tests: its proof of work is compute.Simulated, by which
// a hundred blocks, as many as a coinbase waits for, are made in a moment. It runs on solonets
// alone, and its blocks are refused by every other build.
const simulated = true

var openers = []opener{{name: "simulated", open: func(context.Context, Opening) ([]compute.Backend, error) {
	return []compute.Backend{compute.Simulated{}}, nil
}}, {name: "card", open: openSimulatedCard, extra: true}}
