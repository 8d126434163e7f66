package mining

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestEachJobPaysThePayee has random templates, and jobs of them with many extranonces, one by
// one and in batches. Each one's block is decoded from its bytes, by Bytom's own code: it pays
// the payee the subsidy and the fees, in one output, and is what the job's header commits to.
func TestEachJobPaysThePayee(t *testing.T) {
	r := random()
	for range 100 {
		program := make([]byte, []int{22, 34}[r.IntN(2)])
		for i := range program[2:] {
			program[2+i] = byte(r.Uint32())
		}
		program[1] = byte(len(program) - 2)
		tip := Tip{Height: r.Uint64() >> (2 + r.IntN(62)), Bits: easyBits}
		template, err := newTemplate(tip, randomCandidates(r, r.IntN(9)), Payee{Address: "sm1q", Program: program}, make([]byte, r.IntN(MaxTag+1)), timeAt(1), NewParent)
		if err != nil {
			t.Fatal(err)
		}
		due := consensus.BlockSubsidy(template.Height)
		for _, c := range template.Chosen {
			due += c.Fee
		}
		extranonces := []uint64{0, 1, math.MaxUint64, math.MaxUint32, 1 << 63}
		for range 12 {
			extranonces = append(extranonces, r.Uint64())
		}
		for i, job := range NewJobs(template, extranonces) {
			checkJobPays(t, job, extranonces[i], program, due)
			checkJobPays(t, NewJob(template, extranonces[i]), extranonces[i], program, due)
		}
	}
}

// checkJobPays decodes what a job would make a block of.
func checkJobPays(t *testing.T, job *Job, extranonce uint64, program []byte, due uint64) {
	t.Helper()
	block, err := job.Block(job.Template.Timestamp, 7)
	if err != nil {
		t.Fatal(err)
	}
	text, err := block.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var decoded types.Block
	if err := decoded.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	txs := make([]*bc.Tx, 0, len(decoded.Transactions))
	for _, tx := range decoded.Transactions {
		txs = append(txs, tx.Tx)
	}
	root, err := types.TxMerkleRoot(txs)
	if err != nil {
		t.Fatal(err)
	}
	coinbase := decoded.Transactions[0]
	input, ok := coinbase.Inputs[0].TypedInput.(*types.CoinbaseInput)
	if !ok || len(coinbase.Inputs) != 1 || len(coinbase.Outputs) != 1 {
		t.Fatalf("the first transaction is %+v, expected a coinbase of one output", coinbase.TxData)
	}
	out := coinbase.Outputs[0]
	if !bytes.Equal(out.ControlProgram, program) || out.Amount != due || *out.AssetId != *consensus.BTMAssetID {
		t.Errorf("with extranonce %x the job pays %d of %s to %x, expected %d to %x", extranonce, out.Amount, out.AssetId.String(), out.ControlProgram, due, program)
	}
	if got := binary.BigEndian.Uint64(input.Arbitrary[len(input.Arbitrary)-extranonceSize:]); got != extranonce {
		t.Errorf("the coinbase has extranonce %x, expected %x", got, extranonce)
	}
	header := job.Header(job.Template.Timestamp, 7)
	if hash := header.Hash(); root != header.TransactionsMerkleRoot || hash.Byte32() != job.HeaderHash(job.Template.Timestamp, 7) {
		t.Errorf("what is hashed has root %s, its bytes %s", header.TransactionsMerkleRoot.String(), root.String())
	}
}
