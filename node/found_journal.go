package node

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// JournalBlocks are the found blocks of a journal, the latest first, as far as it knows
// them: where the chain is now, only a running node knows.
func JournalBlocks(j *mining.Journal) (found []FoundBlock, err error) {
	fates, err := j.Fates()
	for _, f := range slices.Backward(fates) {
		found = append(found, describeFate(f, j.Has))
	}
	return found, err
}

// JournalBlock is one found block of a journal, with the raw block.
func JournalBlock(j *mining.Journal, id bc.Hash) (b FoundBlock, err error) {
	fate, ok, err := j.Fate(id)
	if err != nil || !ok {
		return b, errors.Join(err, fmt.Errorf("block %s is not in the journal", id.String()))
	}
	block, err := j.Block(id)
	if err != nil {
		return b, err
	}
	raw, err := block.MarshalText()
	b = describeFate(fate, j.Has)
	b.RawBlock = string(raw)
	return b, err
}
