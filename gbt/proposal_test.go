package gbt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// statusFor is HTTP's: 400 for a field that can't be read, 200 with a reason for what
// was read and refused.
func statusFor(want string) int {
	if strings.HasPrefix(want, "field ") {
		return 400
	}
	return 200
}

// TestProposals changes what the chain thinks of a block.
func TestProposals(t *testing.T) {
	c, r := server(t)
	h := getWork(t, r)
	solve(h, true)
	if _, body := post(r, "/submit-work", submitBody(t, h)); !strings.Contains(body, "true") {
		t.Fatal(body)
	}
	block := *c.processed[0]
	c.processed = nil
	propose := func(b types.Block) string {
		t.Helper()
		text, err := b.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		_, answer := post(r, "/get-block-template", `{"mode":"proposal","data":"`+string(text)+`"}`)
		return answer
	}
	block.Nonce++ // No proof is needed.
	if got := propose(block); got != `{"status":"success","data":null}` {
		t.Errorf("a valid proposal: %s", got)
	}
	if len(c.processed) != 0 {
		t.Error("a proposal reached the chain")
	}
	orphan := block
	orphan.PreviousBlockHash = bc.Hash{V0: 5}
	c.check = func(*types.Block) error { return fmt.Errorf("wrapped: %w", mining.ErrCoinbaseAmount) }
	known := *c.made
	for _, test := range []struct {
		name  string
		block types.Block
		want  string
	}{
		{"the chain's reason", block, "bad-cb-amount"}, {"unknown parent", orphan, "prev-blk-not-found"}, {"known", known, "duplicate"},
		{"known and refused", known, "duplicate-invalid"}, {"known and of a branch", known, "duplicate-inconclusive"},
	} {
		switch test.name {
		case "known":
			c.processed = []*types.Block{&known}
		case "known and refused":
			c.outcome = mining.SideChain
		case "known and of a branch":
			c.check = nil
		}
		if got := propose(test.block); !strings.Contains(got, `"reason":"`+test.want+`"`) {
			t.Errorf("%s: %s, expected %s", test.name, got, test.want)
		}
		if !strings.HasPrefix(test.name, "known") {
			continue
		}
		// The same as a submit, in both forms.
		text, err := test.block.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if _, got := post(r, "/submit-block", `{"raw_block":"`+string(text)+`"}`); !strings.Contains(got, `"reason":"`+test.want+`"`) {
			t.Errorf("%s, submitted: %s, expected %s", test.name, got, test.want)
		}
		if _, got := post(r, "/", `{"id":1,"method":"submitblock","params":["`+string(text)+`"]}`); !strings.Contains(got, `"result":"`+test.want+`"`) {
			t.Errorf("%s, by JSON-RPC: %s, expected %s", test.name, got, test.want)
		}
	}
}
