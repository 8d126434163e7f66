package mining

import (
	"context"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/compute"
)

// TemplateSource is where new templates come from: see Generator.Subscribe.
type TemplateSource interface {
	Subscribe() (templates <-chan *Template, cancel func())
}

// PrepareSeeds lets a backend expand each new seed as soon as there is work on it, until
// ctx ends, so that workers wait for it no longer than they must. The
// seed changes with every 256th block, which is its seed: there is no lead time.
func PrepareSeeds(ctx context.Context, from TemplateSource, b compute.Backend) {
	templates, cancel := from.Subscribe()
	defer cancel()
	var seed bc.Hash
	for {
		select {
		case t := <-templates:
			if t == nil || t.Tip.Seed == seed {
				continue
			}
			seed = t.Tip.Seed
			if h, err := b.NewHasher(ctx, seed.Byte32()); err == nil {
				_ = h.Close() // Who hashes with it meets and reports what fails.
			}
		case <-ctx.Done():
			return
		}
	}
}
