package gbt

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

func post(r http.Handler, route, body string) (int, string) {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodPost, route, strings.NewReader(body)))
	return w.Code, strings.TrimSpace(w.Body.String())
}

type workReply struct {
	Status string
	Data   struct {
		BlockHeader *types.BlockHeader `json:"block_header"`
		Seed        *bc.Hash
	}
}

func getWork(t *testing.T, r http.Handler) *types.BlockHeader {
	t.Helper()
	var reply workReply
	_, body := post(r, "/get-work", "")
	if err := json.Unmarshal([]byte(body), &reply); err != nil || reply.Status != "success" {
		t.Fatalf("%v: %s", err, body)
	}
	if *reply.Data.Seed != (bc.Hash{V3: 5}) {
		t.Fatalf("seed %s", reply.Data.Seed.String())
	}
	return reply.Data.BlockHeader
}

// solve sets the header's nonce to one that meets the target, or misses it.
func solve(h *types.BlockHeader, meet bool) {
	target := mining.TargetFromBits(h.Bits)
	for h.Nonce = 0; ; h.Nonce++ {
		id := h.Hash().Byte32()
		if target.Met(sha3.Sum256(id[:])) == meet {
			return
		}
	}
}

func submitBody(t *testing.T, h *types.BlockHeader) string {
	t.Helper()
	text, err := h.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return `{"block_header":"` + string(text) + `"}`
}

func TestEachCallerGetsItsOwnWork(t *testing.T) {
	_, r := server(t)
	seen := make(map[bc.Hash]bool)
	for range 100 {
		h := getWork(t, r)
		if seen[h.TransactionsMerkleRoot] {
			t.Fatal("two callers were given the same header")
		}
		seen[h.TransactionsMerkleRoot] = true
		if h.Height != 10 || h.PreviousBlockHash != (bc.Hash{V0: 1}) || time.Since(h.Time()) > time.Minute {
			t.Fatalf("header %+v", h)
		}
	}
}

func TestSubmitWork(t *testing.T) {
	c, r := server(t)
	first, second := getWork(t, r), getWork(t, r)
	solve(first, true)
	if status, body := post(r, "/submit-work", submitBody(t, first)); status != 200 || body != `{"status":"success","data":true}` {
		t.Fatalf("%d %s", status, body)
	}
	got := c.processed[0]
	if got.Hash() != first.Hash() || len(got.Transactions) != 1 {
		t.Fatal("another block than the submitted one reached the chain")
	}
	// The work handed out later is as good, in the other form too, with a timestamp
	// of the client's own.
	second.Timestamp++
	solve(second, true)
	raw, err := json.Marshal(map[string]any{"block_header": newHeaderJSON(second)})
	if err != nil {
		t.Fatal(err)
	}
	if _, body := post(r, "/submit-work-json", string(raw)); body != `{"status":"success","data":true}` {
		t.Fatal(body)
	}
	if c.processed[1].Hash() != second.Hash() {
		t.Fatal("another block than the submitted one reached the chain")
	}
}

// TestConcurrentClients has 50 clients submit good and bad solutions at once: each
// good one reaches the chain as it was submitted, and no bad one does, whatever the
// others are doing.
func TestConcurrentClients(t *testing.T) {
	c, r := server(t)
	const clients, rounds = 50, 10
	var mu sync.Mutex
	want := make(map[bc.Hash]bool)
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			for range rounds {
				h := getWork(t, r)
				solve(h, false)
				if _, body := post(r, "/submit-work", submitBody(t, h)); !strings.Contains(body, "high-hash") {
					t.Errorf("client %d: a miss got %s", n, body)
				}
				solve(h, true)
				mu.Lock()
				want[h.Hash()] = true
				mu.Unlock()
				if _, body := post(r, "/submit-work", submitBody(t, h)); body != `{"status":"success","data":true}` {
					t.Errorf("client %d: a solution got %s", n, body)
				}
			}
		})
	}
	wg.Wait()
	if len(want) != clients*rounds || len(c.processed) != len(want) {
		t.Fatalf("%d solutions, %d blocks reached the chain", len(want), len(c.processed))
	}
	for _, b := range c.processed {
		if !want[b.Hash()] {
			t.Fatalf("block %s was submitted by nobody", b.BlockHeader.TransactionsMerkleRoot.String())
		}
	}
}

func TestSubmitWorkRefusals(t *testing.T) {
	c, r := server(t)
	for _, test := range []struct {
		name string
		edit func(*types.BlockHeader)
		want string
	}{
		{"misses the target", func(h *types.BlockHeader) { solve(h, false) }, "high-hash"},
		{"unknown root", func(h *types.BlockHeader) { h.TransactionsMerkleRoot.V0++ }, "unknown-work"},
		{"former tip", func(h *types.BlockHeader) { h.PreviousBlockHash.V0++ }, "stale-work"},
		{"version", func(h *types.BlockHeader) { h.Version++ }, "bad-version"},
		{"height", func(h *types.BlockHeader) { h.Height++ }, "bad-height"},
		{"bits", func(h *types.BlockHeader) { h.Bits++ }, "bad-diffbits"},
		{"too old", func(h *types.BlockHeader) { h.Timestamp = 1000 }, "time-too-old"},
		{"too new", func(h *types.BlockHeader) { h.Timestamp += 4000; solve(h, false) }, "time-too-new"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := getWork(t, r)
			test.edit(h)
			_, body := post(r, "/submit-work", submitBody(t, h))
			var reply struct {
				Status string
				Data   refusal
			}
			if err := json.Unmarshal([]byte(body), &reply); err != nil || reply.Status != "fail" || reply.Data.Reason != test.want {
				t.Errorf("%s, expected the reason %s (%v)", body, test.want, err)
			}
		})
	}
	if len(c.processed) != 0 {
		t.Error("a refused header reached the chain")
	}
}

func TestVerdictsOfTheChain(t *testing.T) {
	c, r := server(t)
	for outcome, want := range map[mining.Outcome]string{
		mining.SideChain: "inconclusive", mining.Orphan: "prev-blk-not-found",
		mining.Duplicate: "inconclusive", // What is new here went there by another way.
	} {
		c.outcome = outcome
		h := getWork(t, r)
		solve(h, true)
		if _, body := post(r, "/submit-work", submitBody(t, h)); !strings.Contains(body, `"reason":"`+want+`"`) {
			t.Errorf("%s: %s", outcome, body)
		}
	}
}

// TestVerdictsSayMore looks for what a reason leaves open: both numbers of a miss, the
// winner of a race, and the tip that a proposal does not build on.
func TestVerdictsSayMore(t *testing.T) {
	c, r := server(t)
	h := getWork(t, r)
	solve(h, false)
	id := h.Hash().Byte32()
	proof := sha3.Sum256(id[:])
	slices.Reverse(proof[:])
	_, body := post(r, "/submit-work", submitBody(t, h))
	if target := mining.TargetFromBits(h.Bits).String(); !strings.Contains(body, hex.EncodeToString(proof[:])) || !strings.Contains(body, target) {
		t.Errorf("a miss: %s, expected the proof %x and the target %s", body, proof, target)
	}
	c.outcome = mining.SideChain
	solve(h, true)
	winner := bc.Hash{V0: 99} // The best chain's block of any height.
	if _, body := post(r, "/submit-work", submitBody(t, h)); !strings.Contains(body, `"reason":"inconclusive"`) || !strings.Contains(body, winner.String()) {
		t.Errorf("a race lost: %s, expected the winner %s", body, winner.String())
	}
	former := *c.processed[0]
	former.Timestamp++
	c.move()
	c.generator.TipChanged()
	text, err := former.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	tip := c.Tip().Hash
	if _, body := post(r, "/get-block-template", `{"mode":"proposal","data":"`+string(text)+`"}`); !strings.Contains(body, `"reason":"stale-prevblk"`) || !strings.Contains(body, tip.String()) {
		t.Errorf("a proposal on a former tip: %s, expected stale-prevblk and the tip %s", body, tip.String())
	}
}

// TestBadInputNamesTheField holds every decoder to an error that says what was
// wrong.
func TestBadInputNamesTheField(t *testing.T) {
	_, r := server(t)
	good := submitBody(t, getWork(t, r))
	for _, test := range []struct{ route, body, want string }{
		{"/submit-work", ``, "empty"},
		{"/submit-work", `{}`, "block_header"},
		{"/submit-work", `{"block_header":null}`, "block_header"},
		{"/submit-work", `{"block_header":17}`, "block_header"},
		{"/submit-work", `{"block_header":"abc"}`, "block_header"},
		{"/submit-work", `{"block_header":"zz"}`, "block_header"},
		{"/submit-work", `{"block_header":"01"}`, "block_header"},
		{"/submit-work", strings.Replace(good, `"}`, `00"}`, 1), "trailing"},
		{"/submit-work", `[`, "JSON"},
		{"/submit-work-json", `{"block_header":null}`, "block_header"},
		{"/submit-work-json", `{"block_header":{}}`, "block_commitment"},
		{"/submit-work-json", `{"block_header":{"nonce":"x"}}`, "nonce"},
		{"/submit-work-json", `{"block_header":{"nonce":-1}}`, "nonce"},
		{"/submit-block", `{}`, "raw_block"},
		{"/submit-block", `{"raw_block":null}`, "raw_block"},
		{"/submit-block", `{"raw_block":"0"}`, "raw_block"},
		{"/submit-block", `{"raw_block":[]}`, "raw_block"},
		{"/set-mining", `{"is_mining":"yes"}`, "is_mining"},
		{"/set-mining-address", `{"mining_address":5}`, "mining_address"},
		{"/set-mining-address", `{"mining_address":"nobody"}`, "mining_address"},
		{"/set-coinbase-arbitrary", `{"arbitrary":"0"}`, "arbitrary"},
		{"/set-coinbase-arbitrary", `{"arbitrary":"` + strings.Repeat("00", mining.MaxTag+1) + `"}`, "arbitrary"},
		{"/submit-block", `{"raw_block":"` + strings.Repeat("0", MaxBody) + `"}`, "larger than"},
	} {
		status, body := post(r, test.route, test.body)
		if !strings.Contains(body, `"status":"fail"`) || !strings.Contains(body, test.want) {
			t.Errorf("%s %.60s: %d %s, expected an error that says %q", test.route, test.body, status, body, test.want)
		}
	}
}

func TestWorksAreBoundedAndNeverForgotten(t *testing.T) {
	template := func(tip uint64) *mining.Template {
		c := &chain{tip: mining.Tip{Hash: bc.Hash{V0: tip}, Bits: 1}}
		g := mining.NewGenerator(mining.GeneratorConfig{Source: c, Payee: func() (mining.Payee, []byte, error) {
			return mining.Payee{Program: append([]byte{0, 20}, make([]byte, 20)...)}, nil, nil
		}})
		sub, done := g.Subscribe()
		defer done()
		go g.Run(t.Context())
		return <-sub
	}
	w := newWorks(mining.NewExtranonces().Lease(), 10, nil)
	first := template(1)
	handed := make(map[bc.Hash]*types.BlockHeader)
	for range 35 {
		j, err := w.make(first)
		if err != nil {
			t.Fatal(err)
		}
		h := j.Header(0, 0)
		handed[h.TransactionsMerkleRoot] = &h
	}
	if len(handed) != 10 {
		t.Fatalf("%d works were made, expected 10", len(handed))
	}
	find := func(when string, want bool) {
		t.Helper()
		for _, h := range handed {
			if _, got := w.find(h); got != want {
				t.Errorf("%s: found %v", when, got)
			}
		}
	}
	find("on its tip", true)
	other, err := first.For(mining.Payee{Program: append([]byte{0, 20}, bytes.Repeat([]byte{7}, 20)...)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if j, err := w.make(other); !errors.Is(err, mining.ErrNoTemplate) {
		t.Errorf("past the limit, another payee is given %+v, %v", j, err)
	}
	if _, err := w.make(template(2)); err != nil {
		t.Fatal(err)
	}
	find("on the next tip", true)
	if _, err := w.make(template(3)); err != nil {
		t.Fatal(err)
	}
	find("two tips later", false)
}
