package rpc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

var record = flag.Bool("record-stock", false, "record the stock node's answers in testdata/stock_mining.json anew")

// exchange is a call of one of the stock node's mining routes, and its answer. What
// differs from run to run stands in braces.
type exchange struct {
	Name    string `json:"name"`
	Route   string `json:"route"`
	Request string `json:"request"`
	Status  int    `json:"status"`
	Type    string `json:"content_type"`
	Answer  string `json:"answer"`
}

// stockCalls are made one after the other of a node at the genesis whose wallet has an
// account.
var stockCalls = []exchange{
	{Name: "address", Route: "/get-mining-address", Request: `{}`},
	{Name: "no body", Route: "/get-mining-address"},
	{Name: "set the address", Route: "/set-mining-address", Request: `{"mining_address":"{address}"}`},
	{Name: "an address that is none", Route: "/set-mining-address", Request: `{"mining_address":"x"}`},
	{Name: "an address of another type", Route: "/set-mining-address", Request: `{"mining_address":5}`},
	{Name: "a body that is no JSON", Route: "/set-mining-address", Request: `[`},
	{Name: "no arbitrary", Route: "/get-coinbase-arbitrary", Request: `{}`},
	{Name: "set the arbitrary", Route: "/set-coinbase-arbitrary", Request: `{"arbitrary":"00ff"}`},
	{Name: "the arbitrary", Route: "/get-coinbase-arbitrary", Request: `{}`},
	{Name: "an arbitrary of another type", Route: "/set-coinbase-arbitrary", Request: `{"arbitrary":5}`},
	{Name: "an arbitrary that is too long", Route: "/set-coinbase-arbitrary", Request: `{"arbitrary":"` + strings.Repeat("00", 108) + `"}`},
	{Name: "arbitrary emptied", Route: "/set-coinbase-arbitrary", Request: `{"arbitrary":""}`},
	{Name: "not mining", Route: "/is-mining", Request: `{}`},
	{Name: "mining of another type", Route: "/set-mining", Request: `{"is_mining":"yes"}`},
	{Name: "stop what is not on", Route: "/set-mining", Request: `{"is_mining":false}`},
	{Name: "work", Route: "/get-work", Request: `{}`},
	{Name: "work, no body", Route: "/get-work"},
	{Name: "work in JSON", Route: "/get-work-json", Request: `{}`},
	{Name: "a miss", Route: "/submit-work", Request: `{"block_header":"{missed}"}`},
	{Name: "a solution", Route: "/submit-work", Request: `{"block_header":"{solved}"}`},
	{Name: "a former tip's work", Route: "/submit-work", Request: `{"block_header":"{former}"}`},
	{Name: "no header", Route: "/submit-work", Request: `{}`},
	{Name: "a header of another type", Route: "/submit-work", Request: `{"block_header":5}`},
	{Name: "odd hexadecimal", Route: "/submit-work", Request: `{"block_header":"abc"}`},
	{Name: "work at height 2", Route: "/get-work", Request: `{}`},
	{Name: "a miss in JSON", Route: "/submit-work-json", Request: `{"block_header":{missed json}}`},
	{Name: "a solution in JSON", Route: "/submit-work-json", Request: `{"block_header":{solved json}}`},
	{Name: "a former tip's work in JSON", Route: "/submit-work-json", Request: `{"block_header":{former json}}`},
	{Name: "a number of another type", Route: "/submit-work-json", Request: `{"block_header":{"nonce":[]}}`},
	{Name: "an orphan", Route: "/submit-block", Request: `{"raw_block":"{orphan}"}`},
	{Name: "a block without work", Route: "/submit-block", Request: `{"raw_block":"{missed block}"}`},
	{Name: "a known block", Route: "/submit-block", Request: `{"raw_block":"{known block}"}`},
	{Name: "a block of another type", Route: "/submit-block", Request: `{"raw_block":5}`},
	{Name: "a block of odd hexadecimal", Route: "/submit-block", Request: `{"raw_block":"0"}`},
	{Name: "start", Route: "/set-mining", Request: `{"is_mining":true}`},
	{Name: "mining", Route: "/is-mining", Request: `{}`},
	{Name: "stop", Route: "/set-mining", Request: `{"is_mining":false}`},
}

// TestMiningRoutesAreTheStockNodes makes the same calls of a stock node and of ours, on
// copies of one data directory, and compares the answers with each other and with the
// recording. Ours differ in what we add, and in the words of errors.
func TestMiningRoutesAreTheStockNodes(t *testing.T) {
	r := harness.NewSolver(t)
	home := t.TempDir()
	stock := testnet.Start(t, testnet.NodeOptions{Stock: true, Home: home})
	harness.MakeAccount(t, stock)
	stock.Stop()
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	got := make(map[bool][]exchange)
	for _, isStock := range []bool{true, false} {
		n := testnet.Start(t, testnet.NodeOptions{Stock: isStock, Home: map[bool]string{true: home, false: copied}[isStock]})
		testnet.Wait(t, 30*time.Second, func() error { return n.Call("/get-work", nil, nil) })
		c := &caller{t: t, rig: r, node: n}
		for _, e := range stockCalls {
			got[isStock] = append(got[isStock], c.call(e))
		}
		n.Stop()
	}
	path := filepath.Join("testdata", "stock_mining.json")
	if *record {
		raw, err := json.MarshalIndent(got[true], "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want []exchange
	if err := json.Unmarshal(raw, &want); err != nil || len(want) != len(stockCalls) {
		t.Fatalf("%d of %d calls are recorded (%v): -record-stock does it anew", len(want), len(stockCalls), err)
	}
	for i, w := range want {
		if s := got[true][i]; s != w {
			t.Errorf("%s: the stock node answers\n%+v\nand not as recorded\n%+v", w.Name, s, w)
		}
		w.Answer = words.ReplaceAllString(w.Answer, `"$1":{words}`)
		ours := got[false][i]
		ours.Answer = words.ReplaceAllString(added.ReplaceAllString(ours.Answer, ""), `"$1":{words}`)
		if own, ok := ourOwn[w.Name]; ok {
			w.Answer = own
		}
		if ours != w {
			t.Errorf("%s: we answer\n%+v\nand the stock node\n%+v", w.Name, got[false][i], got[true][i])
		}
	}
}

// ourOwn are the answers that are not the stock node's on purpose: BIP 22 has a reason
// for a block that is known already, which the stock node takes again.
var ourOwn = map[string]string{
	"a known block": `{"status":"fail","code":"BTM000","msg":"Bytom API Error","error_detail":{words}}`,
}

// What may differ: added is what our answers have besides, words are those of errors,
// which name the field.
var (
	added = regexp.MustCompile(`,"data":\{"reason":"[a-z-]+","debug":"(?:[^"\\]|\\.)*"\}|,"(?:[a-z]+_str|bits_hex)":"[0-9a-f]+"`)
	words = regexp.MustCompile(`"(error_detail|detail)":"(?:[^"\\]|\\.)+"`)
)

// caller makes calls of one node.
type caller struct {
	t      *testing.T
	rig    *harness.Solver
	node   *testnet.Node
	former *types.BlockHeader // of a tip that is none any more
}

// call makes a call, and masks in its answer what no two runs have in common.
func (c *caller) call(e exchange) exchange {
	c.t.Helper()
	body := e.Request
	for mark, fill := range map[string]func() string{
		"{address}":     c.address,
		"{missed}":      func() string { return c.text(c.header(false)) },
		"{solved}":      func() string { return c.text(c.header(true)) },
		"{former}":      func() string { return c.text(c.former) },
		"{missed json}": func() string { return c.json(c.header(false)) },
		"{solved json}": func() string { return c.json(c.header(true)) },
		"{former json}": func() string { return c.json(c.former) },
		"{orphan}":      func() string { return c.block(func(b *types.Block) { b.PreviousBlockHash.V0++ }) },
		"{known block}": func() string { return c.block(func(*types.Block) {}) },
		"{missed block}": func() string {
			return c.block(func(b *types.Block) {
				tip, seed := c.work()
				b.PreviousBlockHash, b.Height, b.Timestamp, b.Bits = tip.PreviousBlockHash, tip.Height, tip.Timestamp, tip.Bits
				c.solve(&b.BlockHeader, seed, false)
			})
		},
	} {
		if !strings.Contains(body, mark) {
			continue // What fills it may take work.
		}
		body = strings.Replace(body, mark, fill(), 1)
	}
	resp, err := http.Post(c.node.URL+e.Route, "application/json", strings.NewReader(body))
	if err != nil {
		c.t.Fatalf("%s: %v", e.Name, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s: %v", e.Name, err)
	}
	e.Status, e.Type = resp.StatusCode, resp.Header.Get("Content-Type")
	e.Answer = c.mask(raw)
	return e
}

func (c *caller) address() string {
	var out struct {
		MiningAddress string `json:"mining_address"`
	}
	if err := c.node.Call("/get-mining-address", nil, &out); err != nil {
		c.t.Fatal(err)
	}
	return out.MiningAddress
}

// work is work of the node.
func (c *caller) work() (h *types.BlockHeader, seed bc.Hash) {
	var work wire.Work
	if err := c.node.Call("/get-work", nil, &work); err != nil {
		c.t.Fatal(err)
	}
	return work.BlockHeader, *work.Seed
}

// solve gives a header a nonce that meets the target or misses it.
func (c *caller) solve(h *types.BlockHeader, seed bc.Hash, meet bool) {
	for h.Nonce = 0; ; h.Nonce++ {
		result, err := c.rig.Verifier.Hash(c.t.Context(), h.Hash().Byte32(), seed.Byte32())
		if err != nil {
			c.t.Fatal(err)
		}
		if mining.TargetFromBits(h.Bits).Met(result) == meet {
			return
		}
	}
}

// header is work of the node, with a nonce that meets the target or misses it.
func (c *caller) header(meet bool) *types.BlockHeader {
	h, seed := c.work()
	c.solve(h, seed, meet)
	if meet {
		c.former = h
	}
	return h
}

func (c *caller) text(h *types.BlockHeader) string {
	text, err := h.MarshalText()
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// json is a header as clients of the stock node spell it out.
func (c *caller) json(h *types.BlockHeader) string {
	return fmt.Sprintf(`{"version":%d,"height":%d,"previous_block_hash":%q,"timestamp":%d,"nonce":%d,"bits":%d,`+
		`"block_commitment":{"transaction_merkle_root":%q,"transaction_status_hash":%q}}`, h.Version, h.Height, h.PreviousBlockHash.String(),
		h.Timestamp, h.Nonce, h.Bits, h.TransactionsMerkleRoot.String(), h.TransactionStatusHash.String())
}

// block is a block of the chain, changed.
func (c *caller) block(change func(*types.Block)) string {
	var out struct {
		Block *types.Block `json:"raw_block"`
	}
	if err := c.node.Call("/get-raw-block", map[string]int{"block_height": 1}, &out); err != nil {
		c.t.Fatal(err)
	}
	change(out.Block)
	text, err := out.Block.MarshalText()
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// mask rewrites JSON with its keys in their order, and in braces what no two runs have
// in common.
func (c *caller) mask(raw []byte) string {
	c.t.Helper()
	var out strings.Builder
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := c.maskValue(&out, d, ""); err != nil {
		c.t.Fatalf("%v: %s", err, raw)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		c.t.Errorf("more than one value: %s", raw)
	}
	return out.String()
}

func (c *caller) maskValue(out *strings.Builder, d *json.Decoder, key string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := token.(json.Delim)
	if !ok {
		out.WriteString(c.maskLeaf(key, token))
		return nil
	}
	out.WriteString(open.String())
	for first := true; d.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		inner := ""
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			inner = name.(string)
			fmt.Fprintf(out, "%q:", inner)
		}
		if err := c.maskValue(out, d, inner); err != nil {
			return err
		}
	}
	end, err := d.Token()
	if err == nil {
		out.WriteString(end.(json.Delim).String())
	}
	return err
}

func (c *caller) maskLeaf(key string, token json.Token) string {
	text, isText := token.(string)
	switch {
	case key == "block_header" && isText:
		var h types.BlockHeader
		if err := h.UnmarshalText([]byte(text)); err != nil {
			c.t.Errorf("block_header %q: %v", text, err)
		}
		return fmt.Sprintf("{header: version %d, height %d, bits %d, status root %s}", h.Version, h.Height, h.Bits, h.TransactionStatusHash.String())
	case key == "transaction_merkle_root" && isText && len(text) == 64:
		return "{root}"
	case key == "mining_address" && strings.HasPrefix(text, "sm1q"):
		return "{address}"
	}
	if number, ok := token.(json.Number); ok && (key == "timestamp" || key == "nonce") && len(number) > 0 {
		return "{" + key + "}"
	}
	leaf, err := json.Marshal(token)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(leaf)
}
