// Command gbt-client mines one block of a bytom-solo node, knowing SHA3-256 and nothing
// else of Bytom. Where another block comes first on its tip, it begins again. It is meant
// to be read: see ../gbt_client.py for the same in Python.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"slices"
	"strings"

	"github.com/bytom-solo/bytom-solo/compute" // For Tensority, the proof of work.
	"github.com/bytom-solo/bytom-solo/compute/cpu"
)

// template is what this client needs of a block template's fields.
type template struct {
	Version, Height, CurTime uint64
	PreviousBlockHash        data
	Bits, Target, Seed       data
	StatusCommitment         data `json:"default_status_commitment"`
	WorkID                   string
	Transactions             []struct{ Data data }
	CoinbaseTxn              struct {
		Data, Arbitrary  data
		ExtranonceOffset int `json:"extranonce_offset"`
	}
	Build struct {
		Extranonce struct{ Size int }
		Layers     []struct {
			Tag            string
			Prefix, Suffix data
		}
		Branch []data
	} `json:"coinbase_build"`
}

// data is bytes, which JSON has as hexadecimal.
type data []byte

// UnmarshalText satisfies encoding.TextUnmarshaler.
func (d *data) UnmarshalText(text []byte) (err error) {
	*d, err = hex.DecodeString(string(text))
	return err
}

func main() {
	log.SetFlags(0)
	node := flag.String("node", "http://127.0.0.1:9888", "where the node's RPC answers")
	payee := flag.String("payee", "", "address that the block pays; empty is the node's own")
	submit := flag.String("submit", "solution", "what to submit: solution, or block for all of it")
	flag.Parse()
	for {
		done, err := mine(*node, *payee, *submit)
		if !errors.Is(err, errLate) {
			check(err)
			fmt.Println(done)
			return
		}
		log.Print("once more: ", err)
	}
}

// mine mines a block, which may come late, and returns what to say of it.
func mine(node, payee, submit string) (done string, err error) {
	var t template
	if err := call(node, "/get-block-template", map[string]string{"payee": payee}, &t); err != nil {
		return "", err
	}
	extranonce := make([]byte, t.Build.Extranonce.Size)
	rand.Read(extranonce)
	root := t.root(extranonce)
	nonce := t.solve(root)
	accepted := false
	if submit == "block" {
		err = call(node, "/submit-block", map[string]string{"raw_block": hex.EncodeToString(t.block(extranonce, root, nonce))}, &accepted)
	} else {
		err = call(node, "/submit-solution", map[string]any{
			"workid": t.WorkID, "timestamp": t.CurTime, "nonce": nonce, "extranonce": hex.EncodeToString(extranonce),
		}, &accepted)
	}
	return fmt.Sprintf("block %x of height %d accepted: %v", t.header(root, nonce), t.Height, accepted), err
}

// root is the transactions merkle root that an extranonce makes.
func (t *template) root(extranonce []byte) []byte {
	id := extranonce
	for _, l := range t.Build.Layers {
		id = hash([]byte(l.Tag), hash(l.Prefix, id, l.Suffix))
	}
	root := hash([]byte{0}, id)
	for _, right := range t.Build.Branch {
		root = hash([]byte{1}, root, right)
	}
	return root
}

// header is the header's hash, which is the block's id. All its numbers are of 64 bits,
// the lowest byte first.
func (t *template) header(root []byte, nonce uint64) []byte {
	u64 := binary.LittleEndian.AppendUint64
	b := append(u64(u64(nil, t.Version), t.Height), t.PreviousBlockHash...)
	b = append(append(u64(b, t.CurTime), root...), t.StatusCommitment...)
	b = u64(u64(b, binary.BigEndian.Uint64(t.Bits)), nonce)
	return hash([]byte("entryid:blockheader:"), hash(b))
}

// solve finds a nonce: one whose proof, a number with its lowest byte first, is not
// above the target.
func (t *template) solve(root []byte) uint64 {
	backend, err := cpu.New(cpu.Config{})
	if err != nil {
		backend = compute.NewReference() // The program was built without cgo.
	}
	hasher := compute.NewVerifier(backend)
	for nonce := uint64(0); ; nonce++ {
		proof, err := hasher.Hash(context.Background(), [32]byte(t.header(root, nonce)), [32]byte(t.Seed))
		check(err)
		slices.Reverse(proof[:])
		if bytes.Compare(proof[:], t.Target) <= 0 {
			return nonce
		}
	}
}

// block is the whole block, for a node that has forgotten the template.
func (t *template) block(extranonce, root []byte, nonce uint64) []byte {
	varint := binary.AppendUvarint
	b := append(varint(varint([]byte{3}, t.Version), t.Height), t.PreviousBlockHash...)
	b = append(append(append(varint(b, t.CurTime), 64), root...), t.StatusCommitment...)
	b = varint(varint(b, nonce), binary.BigEndian.Uint64(t.Bits))
	b = varint(b, uint64(1+len(t.Transactions)))
	rolled := slices.Clone(t.CoinbaseTxn.Arbitrary)
	copy(rolled[t.CoinbaseTxn.ExtranonceOffset:], extranonce)
	b = append(b, bytes.Replace(t.CoinbaseTxn.Data, t.CoinbaseTxn.Arbitrary, rolled, 1)...)
	for _, tx := range t.Transactions {
		b = append(b, tx.Data...)
	}
	return b
}

func hash(parts ...[]byte) []byte {
	h := sha3.Sum256(bytes.Join(parts, nil))
	return h[:]
}

// errLate means that the node refused what was right when it was begun: another block was
// first, or it has forgotten the template.
var errLate = errors.New("too late")

// late are BIP 22's reasons for that. All others are mistakes of this program.
var late = []string{"inconclusive", "stale-work", "unknown-work"}

// call posts in to a route, and reads the answer's data into out.
func call(node, route string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	resp, err := http.Post(strings.TrimSuffix(node, "/")+route, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Status  string
		Refused string `json:"error_detail"` // what could be read
		Unread  string `json:"detail"`       // what could not
		Data    json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %w", route, err)
	}
	if answer.Status != "success" {
		var why struct{ Reason string }
		if json.Unmarshal(answer.Data, &why) == nil && slices.Contains(late, why.Reason) {
			return fmt.Errorf("%w: %s", errLate, answer.Refused)
		}
		return fmt.Errorf("%s: %s%s", route, answer.Refused, answer.Unread)
	}
	return json.Unmarshal(answer.Data, out)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
