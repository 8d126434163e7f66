package watch

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/bytom/bytom/protocol/bc"

	gbt "github.com/bytom-solo/bytom-solo/gbt/wire"
	stratum "github.com/bytom-solo/bytom-solo/stratum/wire"
)

// view is what a source works on.
type view struct {
	height uint64 // of the block that it looks for
	parent bc.Hash
	bits   uint64
	seed   bc.Hash
}

// tallest is above each height that a chain of a block in minutes can have.
const tallest = 1 << 40

// check refuses what no chain can ask for.
func (v view) check() error {
	if v.height == 0 || v.height > tallest {
		return fmt.Errorf("its work is for height %d, which no chain has", v.height)
	}
	return nil
}

func viewOfJob(j *stratum.Job) view {
	return view{height: j.Height, parent: bc.NewHash(j.PreviousBlockHash), bits: j.Bits, seed: bc.NewHash(j.Seed)}
}

func viewOfWork(w *gbt.Work) view {
	h := w.BlockHeader
	return view{height: h.Height, parent: h.PreviousBlockHash, bits: h.Bits, seed: *w.Seed}
}

func viewOfTemplate(t *gbt.Template) (v view, err error) {
	v.height = t.Height
	bits, err := hex.DecodeString(t.Bits)
	if err != nil || len(bits) != 8 {
		return v, fmt.Errorf("its template's bits are %.20q, expected 16 hexadecimal characters", t.Bits)
	}
	v.bits = binary.BigEndian.Uint64(bits)
	if v.parent, err = hash("previousblockhash", t.PreviousBlockHash); err != nil {
		return v, err
	}
	v.seed, err = hash("seed", t.Seed)
	return v, err
}

func hash(field, text string) (bc.Hash, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 {
		return bc.Hash{}, fmt.Errorf("its template's %s is %.70q, expected 64 hexadecimal characters", field, text)
	}
	return bc.NewHash([32]byte(raw)), nil
}

// errNoWork means that a source answers and has no work.
var errNoWork = errors.New("it has no work")
