package transaction

import (
	"testing"

	"github.com/bytom/bytom/crypto/ed25519"
	"github.com/bytom/bytom/protocol/bc/types"
)

// made builds a transaction as it is told, whatever the limits say, and signs it.
func made(t testing.TB, inputs []Input, dues []Payment, feeNeu, timeRange uint64) *types.Tx {
	t.Helper()
	data := types.TxData{Version: 1, TimeRange: timeRange}
	left := uint64(0)
	for _, in := range inputs {
		data.Inputs = append(data.Inputs, in.unsigned())
		left += in.Amount
	}
	for _, d := range dues {
		data.Outputs = append(data.Outputs, output(d.Program, d.Amount))
		left -= d.Amount
	}
	if left > feeNeu {
		data.Outputs = append(data.Outputs, output(ownProgram(), left-feeNeu))
	}
	return sign(t, types.NewTx(data))
}

// TestTheChainsLimits holds the limits that this package keeps to what Bytom says just below
// and above them.
func TestTheChainsLimits(t *testing.T) {
	const much = 10 * btm // More than any gas costs.
	for inputs, want := range map[int]bool{1: true, 21: true, 22: false, 30: false} {
		if _, err := judge(made(t, coinbases(inputs), owners(1, same(btm)), much, 0), 1); (err == nil) != want {
			t.Errorf("%d inputs: %v", inputs, err)
		}
	}
	// The most outputs, with a change output among them.
	for inputs, most := range map[int]int{1: 3148, 21: 2638} {
		in := coinbases(inputs)
		in[0].Amount = 1 << 40 // Enough for all.
		for payments, want := range map[int]bool{most - 1: true, most: false} {
			if _, err := judge(made(t, in, owners(payments, same(btm)), much, 0), 1); (err == nil) != want {
				t.Errorf("%d inputs, %d payments: %v", inputs, payments, err)
			}
		}
	}
	one := coinbases(1)
	one[0].Amount = 1 << 40
	if all := plan(t, one, owners(5000, same(btm)), terms()); len(all[0].Payments) < 3146 {
		t.Errorf("planned %d payments, expected 3147 or one less", len(all[0].Payments))
	}
}

// TestTheLeastFee: 200 neu less are refused, more is taken.
func TestTheLeastFee(t *testing.T) {
	for _, count := range []int{1, 10, 200} {
		tx := plan(t, coinbases(2), owners(count, same(2*btm)), terms())[0]
		inputs := coinbases(len(tx.Inputs))
		for change, want := range map[int64]bool{-400: false, 0: true, 400: true} {
			_, err := judge(made(t, inputs, tx.Payments, uint64(int64(tx.Fee)+change), expiry), 1)
			if (err == nil) != want {
				t.Errorf("%d payments, a fee of %d%+d neu: %v", count, tx.Fee, change, err)
			}
		}
	}
	one := plan(t, coinbases(2), owners(1, same(2*btm)), terms())[0].Fee
	two := plan(t, coinbases(2), owners(2, same(2*btm)), terms())[0].Fee
	second := plan(t, coinbases(2), owners(1, same(500*btm)), terms())[0].Fee
	// By the length of the amounts: less than 2^28 neu here, and up to 400 neu more.
	if output, input := two-one, second-one-400; output != 12_600 || input != 321_400 {
		t.Errorf("an output costs %d neu and an input %d, expected 12600 and 321400", output, input)
	}
}

// TestItExpires: a transaction is good up to its time range, and for ever without.
func TestItExpires(t *testing.T) {
	tx := sign(t, plan(t, coinbases(1), owners(1, same(btm)), terms())[0].Tx)
	for height, want := range map[uint64]bool{1: true, expiry - 1: true, expiry: true, expiry + 1: false, 10 * expiry: false} {
		if _, err := judge(tx, height); (err == nil) != want {
			t.Errorf("at height %d: %v", height, err)
		}
	}
}

// TestOnlyStandardOutputs: what Plan calls standard, Bytom does too.
func TestOnlyStandardOutputs(t *testing.T) {
	for _, program := range [][]byte{
		ownProgram(), append([]byte{0, 32}, make([]byte, 32)...), {0x51}, append([]byte{0, 20}, make([]byte, 19)...),
		append([]byte{0, 20}, make([]byte, 21)...), append([]byte{0x51, 20}, make([]byte, 20)...), {0, 0}, nil,
	} {
		anybodys := len(program) > 0 && program[0] == 0x51 // Standard for Bytom, and nothing to pay to.
		tx := made(t, coinbases(1), []Payment{{"bm1", program, btm}}, btm, 0)
		if _, err := judge(tx, 1); (err == nil) != (Standard(program) == nil || anybodys) {
			t.Errorf("program %x: Bytom says %v, Standard %v", program, err, Standard(program))
		}
	}
}

// TestScripts: inputs of several keys cost what is thought, and fewer fit.
func TestScripts(t *testing.T) {
	for _, c := range []struct{ keys, quorum int }{{1, 1}, {2, 1}, {2, 2}, {3, 2}, {5, 3}, {10, 10}, {12, 1}} {
		script, program, private := scriptOf(t, c.keys, c.quorum)
		inputs := coinbases(30)
		for i := range inputs {
			inputs[i].Program, inputs[i].Keys, inputs[i].Quorum = program, c.keys, c.quorum
		}
		all, err := Plan(inputs, owners(1, same(40*reward)), terms())
		if err != nil {
			t.Fatal(err)
		}
		signed := func(tx *types.Tx) *types.Tx {
			for i := range tx.Inputs {
				hash := tx.SigHash(uint32(i))
				var arguments [][]byte
				for _, k := range private[:c.quorum] {
					arguments = append(arguments, ed25519.Sign(k, hash.Bytes()))
				}
				tx.SetInputArguments(uint32(i), append(arguments, script))
			}
			tx.SerializedSize, tx.Tx.SerializedSize = size(tx.TxData), size(tx.TxData)
			return tx
		}
		for _, tx := range all {
			gas, err := judge(signed(tx.Tx), 1)
			if err != nil {
				t.Fatalf("%d of %d keys, %d inputs: %v", c.quorum, c.keys, len(tx.Inputs), err)
			}
			if over := int64(tx.Fee/200) - gas.GasUsed; tx.Change > 0 && (over < 0 || over > 1+2*int64(len(tx.Inputs))) {
				t.Errorf("%d of %d keys, %d inputs: %d gas too much", c.quorum, c.keys, len(tx.Inputs), over)
			}
		}
		n := len(all[0].Inputs)
		data := types.TxData{Version: 1, Outputs: []*types.TxOutput{output(ownProgram(), btm)}}
		for _, in := range inputs[:n+1] {
			data.Inputs = append(data.Inputs, in.unsigned())
		}
		if _, err := judge(signed(types.NewTx(data)), 1); err == nil {
			t.Errorf("%d of %d keys: %d inputs are valid, planned %d", c.quorum, c.keys, n+1, n)
		}
	}
}
