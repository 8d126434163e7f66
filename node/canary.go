package node

import (
	"context"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/mining"
)

// newCanary checks results of devices: those of a graphics card by the CPU's kernel, and the CPU's
// by the definition in Go, which shares neither compiler nor instruction set with it.
func newCanary(all []compute.Backend) mining.Canary {
	if simulated {
		return nil
	}
	return func(ctx context.Context, device string, header, seed [32]byte) ([32]byte, error) {
		for _, b := range all {
			if i := b.Info(); i.Name != device && !i.Accelerator {
				return hashOne(ctx, b, header, seed)
			}
		}
		b := compute.NewReference() // Its 16 MiB are not kept from one time to the next.
		result, err := hashOne(ctx, b, header, seed)
		if err != nil {
			return result, err
		}
		return result, b.Close()
	}
}

func hashOne(ctx context.Context, b compute.Backend, header, seed [32]byte) (result [32]byte, err error) {
	h, err := b.NewHasher(ctx, seed)
	if err != nil {
		return result, err
	}
	results := make([][32]byte, 1)
	if err := h.Hash(ctx, results, [][32]byte{header}); err != nil {
		_ = h.Close() // It is of no use any more.
		return result, err
	}
	return results[0], h.Close()
}
