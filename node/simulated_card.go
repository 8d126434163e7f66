//go:build simulated

package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// simulatedCardVariable names a folder. A build for tests has a device "card" then, which is lost as
// long as the folder has a file "lost".
const simulatedCardVariable = "BYTOM_SOLO_SIMULATED_CARD"

// cardHash is how long that device takes for a hash: it finds a block in five seconds or so.
const cardHash = 250 * time.Millisecond

// simulatedCard is a device beside compute.Simulated, for tests of what becomes of one that fails.
type simulatedCard struct{ folder string }

func openSimulatedCard(context.Context, Opening) ([]compute.Backend, error) {
	folder := os.Getenv(simulatedCardVariable)
	if folder == "" {
		return nil, nil
	}
	return []compute.Backend{simulatedCard{folder}}, nil
}

// Info implements compute.Backend.
func (c simulatedCard) Info() compute.Info {
	return compute.Info{Name: "card", Kernel: "sha3", Workers: 1}
}

// NewHasher implements compute.Backend.
func (c simulatedCard) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	hasher, err := compute.Simulated{}.NewHasher(ctx, seed)
	return cardHasher{hasher, c}, errors.Join(err, c.there())
}

// Close implements compute.Backend.
func (c simulatedCard) Close() error { return nil }

// there is why the device can't be used.
func (c simulatedCard) there() error {
	if _, err := os.Stat(filepath.Join(c.folder, "lost")); err == nil {
		return errors.New("the device is lost")
	}
	return nil
}

type cardHasher struct {
	compute.Hasher
	card simulatedCard
}

func (h cardHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(cardHash):
	}
	if err := h.card.there(); err != nil {
		return err
	}
	return h.Hasher.Hash(ctx, results, headers)
}
