package gbt

import (
	"bytes"
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

type templateReply struct {
	Status string
	Data   wire.Template
}

func getTemplate(t *testing.T, r *mux.Router, body string) wire.Template {
	t.Helper()
	var reply templateReply
	_, text := post(r, "/get-block-template", body)
	if err := json.Unmarshal([]byte(text), &reply); err != nil || reply.Status != "success" {
		t.Fatalf("%v: %s", err, text)
	}
	return reply.Data
}

// somePool gives the chain n transactions, each but the first spending from the one
// before.
func (c *chain) somePool(n int) {
	source := bc.Hash{V0: 77}
	var pool []mining.Candidate
	for i := range n {
		tx := types.NewTx(types.TxData{
			Version: 1, SerializedSize: 100,
			Inputs:  []*types.TxInput{types.NewSpendInput(nil, source, *consensus.BTMAssetID, uint64(1e9-i), 0, []byte{0x51})},
			Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, uint64(1e9-i-1), []byte{0x51})},
		})
		out, err := tx.Output(*tx.ResultIds[0])
		if err != nil {
			panic(err)
		}
		source = *out.Source.Ref
		pool = append(pool, mining.Candidate{Tx: tx, Fee: 1, Gas: 10, GasOnly: i%5 == 4})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pool = pool
}

// roll computes the block id of a template by what coinbase_build says alone.
func roll(a wire.Template, extranonce string, timestamp, nonce uint64) (id [32]byte, root [32]byte) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			panic(err)
		}
		return b
	}
	inner := unhex(extranonce)
	for _, l := range a.CoinbaseBuild.Layers {
		body := append(append(unhex(l.Prefix), inner...), unhex(l.Suffix)...)
		hash := sha3.Sum256(body)
		next := sha3.Sum256(append([]byte(l.Tag), hash[:]...))
		inner = next[:]
	}
	root = sha3.Sum256(append([]byte{0}, inner...))
	for _, b := range a.CoinbaseBuild.Branch {
		root = sha3.Sum256(append(append([]byte{1}, root[:]...), unhex(b)...))
	}
	var body []byte
	u64 := func(v uint64) { body = binary.LittleEndian.AppendUint64(body, v) }
	u64(a.Version)
	u64(a.Height)
	body = append(body, unhex(a.PreviousBlockHash)...)
	u64(timestamp)
	body = append(body, root[:]...)
	body = append(body, unhex(a.StatusCommitment)...)
	bits := unhex(a.Bits)
	u64(binary.BigEndian.Uint64(bits))
	u64(nonce)
	hash := sha3.Sum256(body)
	return sha3.Sum256(append([]byte("entryid:blockheader:"), hash[:]...)), root
}

// TestCoinbaseBuild solves templates of 0 to 63 transactions by what the answer holds,
// and gets each accepted as the very block that it hashed.
func TestCoinbaseBuild(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 63} {
		for _, size := range []int{1, 4} {
			c, r := server(t)
			c.somePool(n)
			c.generator.Force()
			var a wire.Template
			for a = getTemplate(t, r, "{}"); n > 0 && string(mustJSON(t, a.Transactions)) == "[]"; {
				a = getTemplate(t, r, "{}")
			}
			a = getTemplate(t, r, fmt.Sprintf(`{"extranonce_size":%d}`, size))
			if _, root := roll(a, a.CoinbaseBuild.Extranonce.Value, a.CurTime, 0); hex.EncodeToString(root[:]) != a.TransactionsRoot {
				t.Fatalf("%d transactions: root %x, the answer says %s", n, root, a.TransactionsRoot)
			}
			extranonce := strings.Repeat("5a", size)
			nonce, id := uint64(0), [32]byte{}
			for ; ; nonce++ {
				id, _ = roll(a, extranonce, a.CurTime, nonce)
				if mining.TargetFromBits(c.tip.Bits).Met(sha3.Sum256(id[:])) {
					break
				}
			}
			status, body := post(r, "/submit-solution", fmt.Sprintf(`{"workid":%q,"nonce":"%d","timestamp":%d,"extranonce":%q}`, a.WorkID, nonce, a.CurTime, extranonce))
			if status != 200 || body != `{"status":"success","data":true}` {
				t.Fatalf("%d transactions: %d %s", n, status, body)
			}
			block := c.processed[0]
			if block.Hash().Byte32() != id || len(block.Transactions) != n+1 {
				t.Errorf("%d transactions: another block reached the chain", n)
			}
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestTemplateFields holds the answer to what a client may rely on.
func TestTemplateFields(t *testing.T) {
	c, r := server(t)
	a := getTemplate(t, r, `{"capabilities":["longpoll"],"rules":["x"]}`)
	if a.Height != 10 || a.PreviousBlockHash != c.tip.Hash.String() || a.MinTime != 1001 || a.CurTime < a.MinTime || a.MaxTime < a.CurTime+3500 ||
		a.Bits != fmt.Sprintf("%016x", c.tip.Bits) || a.BitsStr != fmt.Sprint(c.tip.Bits) || a.NonceRange != "00000000000000007fffffffffffffff" ||
		a.Seed != c.tip.Seed.String() || a.BlocksToSeedChange != 247 || a.GasLimit != 10_000_000 || a.SizeLimit != 10_000_000 ||
		a.CoinbaseAux["height"] != "003130" || !strings.HasPrefix(a.CoinbaseTxn.Arbitrary, "003130") ||
		a.Payee != "a" || a.Expires == 0 || a.Build.Candidates != 3 || a.Build.Skipped["spent"] != 1 {
		t.Errorf("answer %+v", a)
	}
	var tx types.Tx
	if err := tx.UnmarshalText([]byte(a.CoinbaseTxn.Data)); err != nil || tx.ID.String() != a.CoinbaseTxn.ID || tx.Outputs[0].Amount != a.CoinbaseValue {
		t.Errorf("coinbase %+v, %v", a.CoinbaseTxn, err)
	}
	at, size := a.CoinbaseTxn.ExtranonceOffset, a.CoinbaseTxn.ExtranonceSize
	if raw, err := hex.DecodeString(a.CoinbaseTxn.Arbitrary); err != nil || at+size != len(raw) || size != 4 {
		t.Errorf("extranonce of %d bytes at %d of %s, %v", size, at, a.CoinbaseTxn.Arbitrary, err)
	}
	b := getTemplate(t, r, "{}")
	if a.WorkID == b.WorkID || a.TransactionsRoot == b.TransactionsRoot || a.LongpollID != b.LongpollID {
		t.Error("two clients share a header, or differ in their longpoll id")
	}
	// Too far ahead, and no block: that would be passed on.
	tooNew, miss := uint64(time.Now().Unix())+4000, uint64(0)
	for ; ; miss++ {
		id, _ := roll(a, a.CoinbaseBuild.Extranonce.Value, tooNew, miss)
		if !mining.TargetFromBits(c.tip.Bits).Met(sha3.Sum256(id[:])) {
			break
		}
	}
	// A nonce that is out of range, work that nobody was given, what is missing.
	for body, want := range map[string]string{
		`{"workid":"` + a.WorkID + `","nonce":"9223372036854775808","timestamp":2000}`: "bad-nonce-range",
		`{"workid":"nope","nonce":1,"timestamp":2000}`:                                 "unknown-work",
		`{"workid":"` + a.WorkID + `","nonce":1,"timestamp":1000}`:                     "time-too-old",
		`{"workid":"` + a.WorkID + `","nonce":-1,"timestamp":1}`:                       "field nonce",
		`{"workid":"` + a.WorkID + `","timestamp":1}`:                                  "field nonce",
		`{"workid":"` + a.WorkID + `","nonce":1}`:                                      "field timestamp",
		`{"nonce":1}`: "field workid",
		`{"workid":"` + a.WorkID + `","nonce":"x","timestamp":2000}`:                   "field nonce",
		`{"workid":"` + a.WorkID + `","nonce":[],"timestamp":2000}`:                    "field nonce",
		`{"workid":"` + a.WorkID + `","nonce":1.5,"timestamp":2000}`:                   "field nonce",
		`{"workid":"` + a.WorkID + `","nonce":1,"timestamp":{}}`:                       "field timestamp",
		`{"workid":"` + a.WorkID + `","nonce":1,"timestamp":true}`:                     "field timestamp",
		`{"workid":5,"nonce":1,"timestamp":2000}`:                                      "field workid",
		`{"workid":"` + a.WorkID + `","nonce":1,"timestamp":2000,"extranonce":5}`:      "field extranonce",
		`{"workid":"` + a.WorkID + `","nonce":1,"timestamp":2000,"extranonce":"00"}`:   "field extranonce",
		fmt.Sprintf(`{"workid":%q,"nonce":%d,"timestamp":%d}`, a.WorkID, miss, tooNew): "time-too-new",
	} {
		status, text := post(r, "/submit-solution", body)
		if !strings.Contains(text, want) || status != statusFor(want) {
			t.Errorf("%s: %d %s, expected %s", body, status, text, want)
		}
	}
	for body, want := range map[string]string{
		`{"mode":"x"}`: "field mode", `{"extranonce_size":0}`: "field extranonce_size", `{"extranonce_size":5}`: "field extranonce_size",
		`{"longpollid":"x"}`: "field longpollid", `{"payee":"x"}`: "field payee", `{"coinbase_tag":"x"}`: "field coinbase_tag",
		`{"coinbase_tag":"` + strings.Repeat("00", 100) + `"}`: "field coinbase_tag", `{"transactions":"x"}`: "field transactions",
		`{"mode":"proposal"}`: "field data", `{"mode":"proposal","data":"0"}`: "field data", `{"mode":"proposal","data":5}`: "field data",
		`{"extranonce_size":"x"}`: "field extranonce_size", `{"extranonce_size":[]}`: "field extranonce_size",
		`{"extranonce_size":1.5}`: "field extranonce_size", `{"longpollid":5}`: "field longpollid", `{"capabilities":"longpoll"}`: "field capabilities",
	} {
		if status, text := post(r, "/getblocktemplate", body); !strings.Contains(text, want) || status != 400 {
			t.Errorf("%s: %d %s, expected an error about %s", body, status, text, want)
		}
	}
}

// TestTransactionsOfATemplate compares full data, ids and what depends on what.
func TestTransactionsOfATemplate(t *testing.T) {
	c, r := server(t)
	c.somePool(5)
	c.generator.Force()
	var full []wire.Transaction
	var ids []string
	for len(full) != 5 {
		if err := json.Unmarshal(mustJSON(t, getTemplate(t, r, "{}").Transactions), &full); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(mustJSON(t, getTemplate(t, r, `{"transactions":"ids"}`).Transactions), &ids); err != nil {
		t.Fatal(err)
	}
	for i, tx := range full {
		var back types.Tx
		if err := back.UnmarshalText([]byte(tx.Data)); err != nil || back.ID.String() != tx.ID || ids[i] != tx.ID {
			t.Errorf("transaction %d: %+v, %v", i, tx, err)
		}
		want := []int{}
		if i > 0 {
			want = []int{i}
		}
		if fmt.Sprint(tx.Depends) != fmt.Sprint(want) || tx.Fee != 1 || tx.Gas != 10 || tx.StatusFail != (i == 4) {
			t.Errorf("transaction %d: %+v, expected it to depend on %v", i, tx, want)
		}
	}
}

// TestPayees asks for templates of several payees at a time.
func TestPayees(t *testing.T) {
	_, r := server(t)
	var clients sync.WaitGroup
	for i := range 20 {
		clients.Go(func() {
			address := fmt.Sprintf("payee-of-twenty-%04d", i%5)
			for range 20 {
				a := getTemplate(t, r, `{"payee":"`+address+`","coinbase_tag":"`+fmt.Sprintf("%02x", i)+`"}`)
				var tx types.Tx
				if err := tx.UnmarshalText([]byte(a.CoinbaseTxn.Data)); err != nil {
					t.Error(err)
					return
				}
				if a.Payee != address || string(tx.Outputs[0].ControlProgram[2:]) != address || !strings.HasPrefix(a.CoinbaseTxn.Arbitrary, fmt.Sprintf("003130%02x", i)) {
					t.Errorf("client %d: %+v", i, a.CoinbaseTxn)
				}
				if _, root := roll(a, a.CoinbaseBuild.Extranonce.Value, a.CurTime, 0); hex.EncodeToString(root[:]) != a.TransactionsRoot {
					t.Errorf("client %d: another's layers", i)
				}
			}
		})
	}
	clients.Wait()
}

// TestTemplatesAreBounded asks for more than are kept.
func TestTemplatesAreBounded(t *testing.T) {
	c, _ := server(t)
	s := newTemplateWorks(3, nil)
	template, err := c.generator.Current()
	if err != nil {
		t.Fatal(err)
	}
	job := mining.NewJob(template, 0)
	seen := make(map[string]bool)
	for range 10 {
		w, err := s.make(job, 4, "a")
		if err != nil {
			t.Fatal(err)
		}
		seen[w.id] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d works, expected 3", len(seen))
	}
	if _, err := s.make(job, 4, "b"); !errors.Is(err, mining.ErrNoTemplate) {
		t.Errorf("another payee past the limit: %v", err)
	}
	other, err := template.For(mining.Payee{Program: append([]byte{0, 20}, bytes.Repeat([]byte{7}, 20)...)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.make(mining.NewJob(other, 0), 4, "a"); !errors.Is(err, mining.ErrNoTemplate) {
		t.Errorf("past the limit, work for the former payee: %v", err)
	}
	for id := range seen {
		if _, ok := s.find(id); !ok {
			t.Error("work was forgotten")
		}
	}
}
