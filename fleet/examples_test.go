package fleet

import (
	"math"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// examples are a body of each kind, with a value in each field.
func examples() map[Kind]any {
	state := LedgerState{ID: "ledger", Term: 3, Instance: 1 << 60}
	hash := func(first byte) [32]byte { return [32]byte{first, 31: 0xff} }
	return map[Kind]any{
		KindWork: &Work{
			Boot: 7, Sequence: 8, At: 1700000000000, Parts: &mining.Parts{
				Tip:       mining.Tip{Hash: bc.NewHash(hash(1)), Height: 700000, Bits: 0x1b00000000112233, Seed: bc.NewHash(hash(2)), MedianTime: 1700000000},
				Timestamp: 1700000001, Fees: 123456, Gas: 2345, Payee: mining.Payee{Address: "bm1q", Program: []byte{0, 20, 1}}, Tag: []byte("tag"),
				StatusRoot: hash(3), Branch: [][32]byte{hash(4), hash(5)}, Count: 2, Sequence: 9, Reason: mining.NewTxs,
			},
			Txs: [][]byte{{1, 2}, {3}}, Bodies: 2, Split: true, Owners: map[string]string{"rig": "bm1owner"}, Ledger: state,
		},
		KindBody:    &Body{Boot: 7, Sequence: 8, Part: 1, Of: 2, Txs: [][]byte{{4}, {5, 6}}},
		KindBeat:    &Beat{Boot: 7, Sequence: 8, At: 1700000000001, Ledger: state},
		KindHello:   &Hello{Name: "garage", Epoch: 11, Need: 1, At: 1700000000003},
		KindWelcome: &Welcome{Epoch: 11, Booked: 12, Ranges: []uint16{0, 65535}, Work: []byte{1}, Ledger: state},
		KindRefused: &Refused{Why: "not known"},
		KindBatch: &Batch{Epoch: 11, Number: 13, Oldest: 12, Entries: []ledger.Entry{
			{At: time.Unix(1700000000, 5), Rig: "r1", Address: "10.0.0.1", Agent: "agent", Kind: ledger.LoggedIn},
			{
				At: time.Unix(1700000001, 6), Rig: "r1", Address: "10.0.0.1", Agent: "agent", Owner: "bm1owner", Effective: 64.5, Network: 1e9,
				Difficulty: 2e9, Work: 65, Block: "b1", Height: 700001, Solved: "b1",
			},
			{At: time.Unix(1700000002, 7), Rig: "r2", Kind: ledger.Stale, Effective: math.SmallestNonzeroFloat64},
		}},
		KindAck:     &Ack{Epoch: 11, Number: 12, Ledger: state},
		KindBlock:   &Block{Name: "r1", Address: "10.0.0.1", Owner: "bm1owner", Work: 65, Raw: []byte{9, 8}, At: 1700000000002},
		KindVerdict: &Verdict{Hash: hash(6), Outcome: 1, Main: true, Winner: hash(7), Best: 700001, Error: "rejected", Detail: "words"},
		KindSolved:  &Solved{Header: hash(8), Seed: hash(9)},
	}
}
