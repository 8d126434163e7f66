package scheme

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"
	"testing"
)

// FuzzSplit: the parts make the amount, each is the exact one rounded down or up, and who
// has more weight never gets less.
func FuzzSplit(f *testing.F) {
	f.Add(uint64(100), []byte("111"))
	f.Add(uint64(reward), []byte{0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 255})
	f.Fuzz(func(t *testing.T, amount uint64, raw []byte) {
		weights, total := []*big.Int(nil), new(big.Int)
		for chunk := range slices.Chunk(raw, 8) {
			w := new(big.Int).SetBytes(chunk)
			weights, total = append(weights, w), total.Add(total, w)
		}
		parts, sum := Split(amount, weights), new(big.Int)
		for i, p := range parts {
			sum.Add(sum, new(big.Int).SetUint64(p))
			if least := Part(amount, weights[i], total); p != least && p-1 != least {
				t.Fatalf("part %d of %d by %v is %d, expected %d or one more", i, amount, weights, p, least)
			}
			for j := range parts {
				if weights[i].Cmp(weights[j]) > 0 && p < parts[j] {
					t.Fatalf("%d by %v: %v", amount, weights, parts)
				}
			}
		}
		if total.Sign() > 0 && sum.Cmp(new(big.Int).SetUint64(amount)) != 0 {
			t.Fatalf("%d by %v: parts come to %v", amount, weights, sum)
		}
	})
}

// FuzzDGMState: a stored state is refused, or it comes back as it is and pays no more than
// the block.
func FuzzDGMState(f *testing.F) {
	g, _ := NewDGM(DGMTerms{20_000, 995_000})
	g.Share("a", 1<<60, 100)
	raw, _ := json.Marshal(g)
	f.Add(raw, uint64(reward))
	f.Add([]byte(`{"c_millionths":1,"bits":192,"s":"-1"}`), uint64(1))
	f.Add(bytes.Replace(raw, []byte(`"a"`), []byte(`""`), 1), uint64(1<<63))
	f.Fuzz(func(t *testing.T, raw []byte, block uint64) {
		state := &DGM{}
		if json.Unmarshal(raw, state) != nil {
			return
		}
		first, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		again := reread(t, state)
		if second, _ := json.Marshal(again); !bytes.Equal(first, second) {
			t.Fatalf("%s came back as %s", first, second)
		}
		state.Share("b", block, 0)
		pay, operator := state.Block(block)
		for _, amount := range pay {
			operator += amount
		}
		if operator != block {
			t.Fatalf("%s: a block of %d pays %v and leaves %d", first, block, pay, operator)
		}
	})
}

// FuzzPPSState: a stored state is refused, or what is taken of it and what stays are all of
// it.
func FuzzPPSState(f *testing.F) {
	f.Add([]byte(`{"a":"123456789abcdef0123456789"}`))
	f.Add([]byte(`{"a":"-1"}`))
	f.Add([]byte(`{"a":"ffffffffffffffffffffffffffffffffffffffff"}`)) // more than 2^64 neu
	f.Add(binary.BigEndian.AppendUint64(nil, 7))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := &PPS{}
		if json.Unmarshal(raw, p) != nil || p.owed == nil {
			return
		}
		was := make(map[string]*big.Int)
		for owner, due := range p.owed {
			was[owner] = new(big.Int).Set(due)
		}
		for owner, whole := range p.Take() {
			was[owner].Sub(was[owner], new(big.Int).Mul(new(big.Int).SetUint64(whole), ppsUnit))
		}
		for owner, rest := range was {
			stays := p.owed[owner]
			if stays == nil {
				stays = new(big.Int)
			}
			if rest.Cmp(stays) != 0 || rest.Cmp(ppsUnit) >= 0 {
				t.Fatalf("%s: of %q stays %v, expected %v", raw, owner, stays, rest)
			}
		}
	})
}
