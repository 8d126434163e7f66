package node

import (
	"context"

	"github.com/bytom/bytom/protocol/bc/types"
)

func (c *chain) Check(ctx context.Context, block *types.Block) error { return nil }
