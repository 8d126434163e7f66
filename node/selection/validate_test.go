package selection

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/validation"
	"github.com/bytom/bytom/protocol/vm"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// heightTest makes transactions whose validity depends on the height in each way
// that there is, and in none.
type heightTest struct {
	t *testing.T
	r *rand.Rand
}

func (h heightTest) source() bc.Hash { return bc.Hash{V0: h.r.Uint64(), V1: h.r.Uint64()} }

// predicate is a program, most often one that asks for the height.
func (h heightTest) predicate() []byte {
	limit := h.r.IntN(200)
	switch h.r.IntN(6) {
	case 0:
		return txtest.Assemble(h.t, "TRUE")
	case 1:
		return txtest.Assemble(h.t, fmt.Sprintf("BLOCKHEIGHT %d LESSTHAN", limit))
	case 2: // The program that reads the height is data, and run as a predicate.
		return txtest.Assemble(h.t, fmt.Sprintf("0 0x%x 0 CHECKPREDICATE", txtest.Assemble(h.t, fmt.Sprintf("BLOCKHEIGHT %d LESSTHAN", limit))))
	case 3: // It is made of other bytes: 0x32 inverted is BLOCKHEIGHT.
		return txtest.Assemble(h.t, fmt.Sprintf("0 0x32 INVERT 0x%x CAT 0 CHECKPREDICATE", txtest.Assemble(h.t, fmt.Sprintf("%d LESSTHAN", limit))))
	case 4: // A jump into the data of a push: to BLOCKHEIGHT.
		inner := txtest.Assemble(h.t, fmt.Sprintf("BLOCKHEIGHT %d LESSTHAN", limit))
		return append([]byte{byte(vm.OP_JUMP), 6, 0, 0, 0, byte(len(inner))}, inner...)
	default:
		return h.noise()
	}
}

// noise is a program of random instructions.
func (h heightTest) noise() []byte {
	ops := []vm.Op{
		vm.OP_TRUE, vm.OP_FALSE, vm.OP_BLOCKHEIGHT, vm.OP_CHECKPREDICATE, vm.OP_JUMP, vm.OP_JUMPIF, vm.OP_CAT, vm.OP_DUP,
		vm.OP_LESSTHAN, vm.OP_ADD, vm.OP_INVERT, vm.OP_DATA_1, vm.OP_DATA_2, vm.OP_PUSHDATA1, vm.OP_SWAP, vm.OP_NOP, vm.OP_DROP,
	}
	var prog []byte
	for range 1 + h.r.IntN(12) {
		op := ops[h.r.IntN(len(ops))]
		prog = append(prog, byte(op))
		if op == vm.OP_JUMP || op == vm.OP_JUMPIF {
			prog = append(prog, byte(h.r.IntN(16)), 0, 0, 0)
		}
	}
	return prog
}

func (h heightTest) tx() *types.Tx {
	const fee = 40_000_000
	in := types.NewSpendInput(nil, h.source(), *consensus.BTMAssetID, 1e9, 0, []byte{byte(vm.OP_TRUE)})
	asset, assetID := h.predicate(), bc.AssetID{V0: 1}
	data := types.TxData{
		Version: 1, Inputs: []*types.TxInput{in},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 1e9-fee, []byte{byte(vm.OP_TRUE)})},
	}
	if h.r.IntN(4) == 0 {
		data.TimeRange = 1 + h.r.Uint64N(200)
	}
	switch h.r.IntN(7) {
	case 0:
		data.Inputs = []*types.TxInput{types.NewSpendInput(nil, h.source(), *consensus.BTMAssetID, 1e9, 0, txtest.PayToKey())}
		tx := txtest.Signed(data)
		if h.r.IntN(4) == 0 {
			tx.SetInputArguments(0, [][]byte{make([]byte, 64), txtest.Key.Public()})
		}
		return tx
	case 1:
		data.Inputs = []*types.TxInput{types.NewSpendInput([][]byte{asset}, h.source(), *consensus.BTMAssetID, 1e9, 0, txtest.PayToScript(asset))}
	case 2: // BTM pays, and an asset's program may fail.
		data.Inputs = append(data.Inputs, types.NewSpendInput(nil, h.source(), assetID, 5, 0, asset))
		data.Outputs = append(data.Outputs, types.NewTxOutput(assetID, 5, []byte{byte(vm.OP_TRUE)}))
	case 3: // The same with an issuance.
		issue := types.NewIssuanceInput([]byte{1}, 5, asset, nil, []byte{2})
		data.Inputs = append(data.Inputs, issue)
		data.Outputs = append(data.Outputs, types.NewTxOutput(issue.AssetID(), 5, []byte{byte(vm.OP_TRUE)}))
	case 4: // The same output twice.
		data.Inputs = append(data.Inputs, in)
		data.Outputs[0].Amount += 1e9
	case 5: // Like a P2WPKH, but of a version that is run as it is.
		prog := append([]byte{byte(vm.OP_1), 20}, make([]byte, 20)...)
		data.Inputs = []*types.TxInput{types.NewSpendInput(nil, h.source(), *consensus.BTMAssetID, 1e9, 0, prog)}
	}
	return txtest.Sized(data)
}

// TestResultsHoldOverHeights compares each result at each height for which it claims
// to hold with a validation at that height.
func TestResultsHoldOverHeights(t *testing.T) {
	heights := []uint64{1, 2, 50, 100, 150, 199, 200, 201, standardInputs - 1, standardInputs, standardInputs + 1, 1 << 40}
	block := func(height uint64) *bc.Block {
		return &bc.Block{BlockHeader: &bc.BlockHeader{Version: 1, Height: height}}
	}
	type result struct {
		fee, gas         uint64
		gasOnly, invalid bool
	}
	fresh := func(tx *types.Tx, height uint64) (r result) {
		gas, err := validation.ValidateTx(tx.Tx, block(height))
		if err != nil && !gas.GasValid {
			return result{invalid: true}
		}
		return result{fee: gas.BTMValue, gas: uint64(gas.GasUsed), gasOnly: err != nil}
	}
	h := heightTest{t, rand.New(rand.NewPCG(3, 4))}
	changing, forever := 0, 0
	for n := range 800 {
		tx := h.tx()
		var want []result
		for _, height := range heights {
			want = append(want, fresh(tx, height))
		}
		if slices.ContainsFunc(want, func(r result) bool { return r != want[0] }) {
			changing++
		}
		for _, at := range heights {
			v := Validate(tx, block(at))
			if !v.holds(tx, at) {
				t.Fatalf("transaction %d: the result at %d is for %d to %d", n, at, v.from, v.to)
			}
			if v.from == 0 && v.to == math.MaxUint64 {
				forever++
			}
			for i, height := range heights {
				got := result{v.Fee, v.Gas, v.GasOnly, v.Invalid != nil}
				if v.holds(tx, height) && got != want[i] {
					t.Fatalf("transaction %d: %+v from height %d is said to hold at %d, where it is %+v", n, got, at, height, want[i])
				}
			}
		}
	}
	if changing < 80 || forever < 80*len(heights) {
		t.Errorf("%d of 800 change with the height, %d of %d results hold for ever: too few to test anything", changing, forever, 800*len(heights))
	}
	t.Logf("%d of 800 change with the height, %d of %d results hold for ever", changing, forever, 800*len(heights))
}

// TestUsualSpendsAreHeightFree names what must not be validated at each height.
func TestUsualSpendsAreHeightFree(t *testing.T) {
	multisig := fmt.Sprintf("TXSIGHASH 0x%x 0x%x 1 2 CHECKMULTISIG", slices.Repeat([]byte{0xcd}, 32), slices.Repeat([]byte{0xc0}, 32))
	for name, test := range map[string]struct {
		prog []byte
		args [][]byte
		want bool
	}{
		"P2WPKH":               {txtest.PayToKey(), nil, false},
		"OP_TRUE":              {[]byte{byte(vm.OP_TRUE)}, nil, false},
		"multisig":             {txtest.PayToScript(nil), [][]byte{nil, txtest.Assemble(t, multisig)}, false},
		"P2WSH without":        {txtest.PayToScript(nil), nil, false},
		"P2WSH height":         {txtest.PayToScript(nil), [][]byte{txtest.Assemble(t, "BLOCKHEIGHT")}, true},
		"height in other args": {txtest.PayToScript(nil), [][]byte{txtest.Assemble(t, "BLOCKHEIGHT"), txtest.Assemble(t, "TRUE")}, false},
	} {
		if got := spendReadsHeight(test.prog, test.args); got != test.want {
			t.Errorf("%s: reads the height: %v, expected %v", name, got, test.want)
		}
	}
}

// TestValidationPanicsAreErrors has a shape that makes Bytom's validation panic. Whether
// it does depends on the order in which a map of the transaction was walked when it was
// made, so it is made again until it does.
func TestValidationPanicsAreErrors(t *testing.T) {
	cb := func(arbitrary byte) *types.TxInput { return types.NewCoinbaseInput([]byte{arbitrary}) }
	for range 100 {
		tx := txtest.Sized(types.TxData{
			Version: 1, Inputs: []*types.TxInput{cb(1), cb(2)},
			Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 1, []byte{byte(vm.OP_TRUE)})},
		})
		block := &bc.Block{BlockHeader: &bc.BlockHeader{Version: 1, Height: 1}, Transactions: []*bc.Tx{tx.Tx}}
		panicked := func() (p any) {
			defer func() { p = recover() }()
			_, _ = validation.ValidateTx(tx.Tx, block)
			return nil
		}()
		v := Validate(tx, block)
		if !errors.Is(v.Invalid, mining.ErrBadTx) {
			t.Errorf("error %v, expected %s", v.Invalid, mining.ErrBadTx)
		}
		if panicked != nil {
			return
		}
	}
	t.Error("Bytom's validation does not panic: the test tests nothing")
}

// TestBytomsValidationIsTheOneWeKnow names what Check and sameResult were written
// against: a new release of Bytom must be read again.
func TestBytomsValidationIsTheOneWeKnow(t *testing.T) {
	block := &bc.Block{BlockHeader: &bc.BlockHeader{Version: 1, Height: standardInputs - 1}}
	in := types.NewSpendInput(nil, bc.Hash{V0: 1}, *consensus.BTMAssetID, 1e9, 0, []byte{0x51})
	tx := txtest.Sized(types.TxData{Version: 1, Inputs: []*types.TxInput{in, in}, Outputs: []*types.TxOutput{txtest.BTM(1e9, 0x51)}})
	if _, err := validation.ValidateTx(tx.Tx, block); errors.Is(err, validation.ErrEmptyInputIDs) {
		t.Errorf("height %d: %v", block.Height, err)
	}
	block.Height++
	if _, err := validation.ValidateTx(tx.Tx, block); !errors.Is(err, validation.ErrEmptyInputIDs) {
		t.Errorf("height %d: %v, expected %v", block.Height, err, validation.ErrEmptyInputIDs)
	}
}
