package transaction

import (
	"crypto/sha3"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bytom/bytom/crypto"
	"github.com/bytom/bytom/crypto/ed25519"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/validation"
	"github.com/bytom/bytom/protocol/vm/vmutil"
)

const (
	reward = 41_250_000_000
	btm    = 100_000_000
	expiry = 1000
)

var key = ed25519.NewKeyFromSeed(make([]byte, 32))

func ownProgram() []byte { return append([]byte{0, 20}, crypto.Ripemd160(key.Public())...) }

func coinbases(n int) (all []Input) {
	for i := range n {
		source := bc.NewHash(sha3.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(i))))
		all = append(all, Input{SourceID: source, Amount: reward, Program: ownProgram()})
	}
	return all
}

// owners are that many, each due an amount; their names are in no order.
func owners(n int, amount func(i int) uint64) (dues []Payment) {
	for i := range n {
		hash := sha3.Sum256(fmt.Append(nil, "owner ", i))
		dues = append(dues, Payment{Owner: fmt.Sprintf("bm1%x", hash[:20]), Program: append([]byte{0, 20}, hash[:20]...), Amount: amount(i)})
	}
	return dues
}

func same(amount uint64) func(int) uint64 { return func(int) uint64 { return amount } }

func terms() Terms { return Terms{TimeRange: expiry, Change: ownProgram(), Least: btm} }

// sign signs a transaction as a wallet does: its bytes go over the wire in between.
func sign(t testing.TB, unsigned *types.Tx) *types.Tx {
	t.Helper()
	data := unsigned.TxData
	data.Inputs = nil
	for i, in := range unsigned.Inputs {
		hash, spent := unsigned.SigHash(uint32(i)), *in
		input := *spent.TypedInput.(*types.SpendInput)
		input.Arguments = [][]byte{ed25519.Sign(key, hash.Bytes()), key.Public()}
		spent.TypedInput = &input
		data.Inputs = append(data.Inputs, &spent)
	}
	text, err := data.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	tx := new(types.Tx)
	if err := tx.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	return tx
}

// judge is what Bytom says of a transaction in a block.
func judge(tx *types.Tx, height uint64) (*validation.GasState, error) {
	return validation.ValidateTx(tx.Tx, types.MapBlock(&types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: height}}))
}

// plan plans, and holds each transaction to what must be true of all, by Bytom's own rules.
func plan(t testing.TB, inputs []Input, dues []Payment, terms Terms) []Transaction {
	t.Helper()
	all, err := Plan(inputs, dues, terms)
	if err != nil {
		t.Fatal(err)
	}
	due, spent := make(map[string]uint64), make(map[int]bool)
	for _, d := range dues {
		due[d.Owner] += d.Amount
	}
	for n, tx := range all {
		in, out := uint64(0), tx.Change+tx.Fee
		for _, i := range tx.Inputs {
			if spent[i] {
				t.Fatalf("input %d is spent twice", i)
			}
			spent[i] = true
			in += inputs[i].Amount
		}
		for _, p := range tx.Payments {
			out += p.Amount
			if due[p.Owner] < p.Amount {
				t.Fatalf("transaction %d pays %d neu to %s, to whom %d are left due", n, p.Amount, p.Owner, due[p.Owner])
			}
			due[p.Owner] -= p.Amount
		}
		signed := sign(t, tx.Tx)
		if in != out || signed.ID != tx.Tx.ID {
			t.Fatalf("transaction %d: inputs %d, outputs and fee %d; id %x, signed %x", n, in, out, tx.Tx.ID.Bytes(), signed.ID.Bytes())
		}
		gas, err := judge(signed, 1)
		if err != nil || !gas.GasValid || gas.BTMValue != tx.Fee {
			t.Fatalf("transaction %d of %d inputs and %d payments: %+v %v", n, len(tx.Inputs), len(tx.Payments), gas, err)
		}
		// The change's amount is a byte shorter at most once the fee is taken off.
		if over := int64(tx.Fee/200) - gas.GasUsed; tx.Change > 0 && (over < 0 || over > 1) {
			t.Errorf("transaction %d: a fee of %d neu for %d gas", n, tx.Fee, gas.GasUsed)
		}
	}
	return all
}

func inputsOf(all []Transaction) (n int) {
	for _, t := range all {
		n += len(t.Inputs)
	}
	return n
}

func paymentsOf(all []Transaction) (n int) {
	for _, t := range all {
		n += len(t.Payments)
	}
	return n
}

// TestAFewOwners: one coinbase, three owners, the rest comes back.
func TestAFewOwners(t *testing.T) {
	all := plan(t, coinbases(3), owners(3, same(2*btm)), terms())
	if len(all) != 1 || len(all[0].Inputs) != 1 || len(all[0].Payments) != 3 || all[0].Change != reward-6*btm-all[0].Fee {
		t.Fatalf("%+v", all)
	}
	if !slices.IsSortedFunc(all[0].Payments, func(a, b Payment) int {
		return map[bool]int{true: -1, false: 1}[a.Owner < b.Owner]
	}) {
		t.Error("not by name")
	}
	again := plan(t, coinbases(3), owners(3, same(2*btm)), terms())
	if again[0].Tx.ID != all[0].Tx.ID {
		t.Error("another transaction the second time")
	}
	shuffled := owners(3, same(2*btm))
	slices.Reverse(shuffled)
	if plan(t, coinbases(3), shuffled, terms())[0].Tx.ID != all[0].Tx.ID {
		t.Error("another transaction for another order of owners")
	}
}

// TestManyOwners: 22 coinbases and 4,000 owners go out in as few transactions as the gas
// allows.
func TestManyOwners(t *testing.T) {
	// What is left over of 1 % pays the fees.
	dues := owners(4000, same(22*reward/100*99/4000))
	all := plan(t, coinbases(22), dues, terms())
	gas := uint64(0)
	for _, in := range coinbases(22) {
		gas += in.gas()
	}
	for _, d := range dues {
		gas += outputGas(d.Program, d.Amount)
	}
	least := int((gas + maxGas - 1) / maxGas)
	if len(all) != least || paymentsOf(all) < 4000 || paymentsOf(all) > 4001 || inputsOf(all) != 22 {
		t.Errorf("%d transactions of %d inputs for %d payments, expected %d", len(all), inputsOf(all), paymentsOf(all), least)
	}
}

// TestUnevenOwners: some due a thousand times as much as others do not take more transactions
// than the bound and one.
func TestUnevenOwners(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		count := 1 + r.IntN(6000)
		sum := uint64(0)
		dues := owners(count, func(int) uint64 {
			amount := btm * uint64(1+r.IntN(1<<r.IntN(10)))
			sum += amount
			return amount
		})
		inputs := coinbases(int(sum/reward) + 1 + r.IntN(5))
		all := plan(t, inputs, dues, terms())
		gas := uint64(0)
		for _, d := range dues {
			gas += outputGas(d.Program, d.Amount)
		}
		need := int(sum/reward) + 1
		gas += uint64(need) * inputs[0].gas()
		if bound := max(int((gas+maxGas-1)/maxGas), (need+20)/21); len(all) > bound+1 {
			t.Errorf("%d owners due %d BTM, %d inputs: %d transactions, expected at most %d", count, sum/btm, len(inputs), len(all), bound+1)
		}
	}
}

// TestTwentyOneInputs: one owner is due more than 21 coinbases have, and gets the rest by a
// second transaction.
func TestTwentyOneInputs(t *testing.T) {
	all := plan(t, coinbases(30), owners(1, same(25*reward)), terms())
	if len(all) != 2 || len(all[0].Inputs) != 21 || paymentsOf(all) != 2 || all[0].Payments[0].Amount+all[1].Payments[0].Amount != 25*reward {
		t.Fatalf("%d transactions, %d inputs", len(all), inputsOf(all))
	}
}

// TestShort: where inputs do not cover all, the largest is cut; and the smallest are paid in
// full where the cut is below the least payment.
func TestShort(t *testing.T) {
	amounts := []uint64{10 * btm, 400 * btm, 2*btm + 50*btm/100, 300 * btm}
	all := plan(t, coinbases(1), owners(4, func(i int) uint64 { return amounts[i] }), terms())
	got := make(map[string]uint64)
	for _, p := range all[0].Payments {
		got[p.Owner] = p.Amount
	}
	names := owners(4, same(1))
	if a, b := got[names[1].Owner], got[names[3].Owner]; len(all) != 1 || a != b || a < 199*btm || got[names[0].Owner] != amounts[0] || got[names[2].Owner] != amounts[2] {
		t.Errorf("paid %v", got)
	}
	if all[0].Fee+all[0].Change > 10_000_000 {
		t.Errorf("fee %d, change %d though owners are cut", all[0].Fee, all[0].Change)
	}
	one := coinbases(1)
	one[0].Amount = 5 * btm
	all = plan(t, one, owners(10, func(i int) uint64 { return btm + btm/2 + uint64(i) }), terms())
	if len(all) != 1 || len(all[0].Payments) != 3 {
		t.Errorf("%+v", all)
	}
	one[0].Amount = 1000
	if all = plan(t, one, owners(2, same(btm)), terms()); len(all) != 0 {
		t.Errorf("out of nothing: %+v", all)
	}
}

// TestNoDust: what is worth less than spending it costs is the network's.
func TestNoDust(t *testing.T) {
	one := coinbases(1)
	one[0].Amount = 3*btm + 500_000 + 100_000
	all := plan(t, one, owners(1, same(3*btm)), terms())
	if len(all) != 1 || all[0].Change != 0 || all[0].Fee != 600_000 || len(all[0].Tx.Outputs) != 1 {
		t.Errorf("%+v", all)
	}
}

// TestPlanRefuses what the chain would.
func TestPlanRefuses(t *testing.T) {
	bad := owners(2, same(btm))
	bad[1].Program = []byte{0x51}
	script := coinbases(1)
	script[0].Program = append([]byte{0, 32}, make([]byte, 32)...)
	noChange := terms()
	noChange.Change = nil
	for name, call := range map[string]func() error{
		"an owner":  func() error { _, err := Plan(coinbases(1), bad, terms()); return err },
		"nothing":   func() error { _, err := Plan(coinbases(1), owners(1, same(0)), terms()); return err },
		"a script":  func() error { _, err := Plan(script, owners(1, same(btm)), terms()); return err },
		"no change": func() error { _, err := Plan(coinbases(1), owners(1, same(btm)), noChange); return err },
	} {
		if call() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// scriptOf is a script of several keys, and the keys.
func scriptOf(t testing.TB, keys, quorum int) (script, program []byte, private []ed25519.PrivateKey) {
	t.Helper()
	var public []ed25519.PublicKey
	for i := range keys {
		k := ed25519.NewKeyFromSeed(binary.LittleEndian.AppendUint64(make([]byte, 24), uint64(i)))
		private, public = append(private, k), append(public, k.Public())
	}
	script, err := vmutil.P2SPMultiSigProgram(public, quorum)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha3.Sum256(script)
	return script, append([]byte{0, 32}, hash[:]...), private
}
