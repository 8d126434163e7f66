package node

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestStatusDecodesTheCoinbase compares what the status says of the work with Bytom's own
// reading of the coinbase.
func TestStatusDecodesTheCoinbase(t *testing.T) {
	config := soloConfig(home(t))
	config.Bytom.Wallet.Disable = true
	n, _ := newWholeNode(t, config)
	var s Stats
	if getStats(t, n, StatusRoute, http.StatusOK, &s); s.Work != nil {
		t.Errorf("without a payee: %+v", s.Work)
	}
	payee := addressOf(t, 1, 2, 3)
	n.ask(t, "/set-mining-address", `{"mining_address":"`+payee+`"}`, new(miningAddress))
	getStats(t, n, StatusRoute, http.StatusOK, &s)
	w := s.Work
	if w == nil || !w.Matches || w.Paid != payee || w.Payee != payee || w.Height != 1 || w.Reward != consensus.BlockSubsidy(1) {
		t.Fatalf("the work is %+v, expected of %s", w, payee)
	}
	var tx types.Tx
	if err := tx.UnmarshalText([]byte(w.Coinbase)); err != nil {
		t.Fatal(err)
	}
	if raw := tx.Inputs[0].TypedInput.(*types.CoinbaseInput).Arbitrary; hex.EncodeToString(raw) != w.Arbitrary {
		t.Errorf("the arbitrary data is %s, the transaction has %x", w.Arbitrary, raw)
	}
	if want := "0014" + hex.EncodeToString(append([]byte{1, 2, 3}, make([]byte, 17)...)); hex.EncodeToString(tx.Outputs[0].ControlProgram) != want {
		t.Errorf("the transaction pays %x, expected %s", tx.Outputs[0].ControlProgram, want)
	}
}

// TestWrongProgramForTheAddressStopsWork has the node pay another program than that of the
// address it shows: nobody gets work, and everybody the reason.
func TestWrongProgramForTheAddressStopsWork(t *testing.T) {
	config := soloConfig(home(t))
	config.Bytom.Wallet.Disable = true
	n, _ := newWholeNode(t, config)
	payee, err := parsePayee(addressOf(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	payee.Program[7] ^= 1
	n.payees.mu.Lock()
	n.payees.fixed = &payee
	n.payees.mu.Unlock()
	n.generator.PayeeChanged()
	if err := n.generator.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if template, err := n.generator.Current(); template != nil || !errors.Is(err, mining.ErrPayeeMismatch) {
		t.Fatalf("template %v, error %v, expected %v", template, err, mining.ErrPayeeMismatch)
	}
	for _, route := range []string{"/get-work", "/get-work-json", "/get-block-template"} {
		if detail := n.ask(t, route, "{}", new(map[string]any)); !strings.Contains(detail, string(mining.ErrPayeeMismatch)) {
			t.Errorf("%s: %q, expected why there is no work", route, detail)
		}
	}
	payee.Program[7] ^= 1
	n.generator.PayeeChanged()
	if err := n.generator.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if detail := n.ask(t, "/get-work", "{}", new(map[string]any)); detail != "" {
		t.Errorf("afterwards: %s", detail)
	}
}

// TestProgramAddress is the other way round of parsePayee.
func TestProgramAddress(t *testing.T) {
	n, _ := newWholeNode(t, soloConfig(home(t)))
	_ = n // It sets the network.
	for _, program := range []string{"0014" + strings.Repeat("ab", 20), "0020" + strings.Repeat("cd", 32)} {
		raw, _ := hex.DecodeString(program)
		payee, err := parsePayee(programAddress(raw))
		if err != nil || hex.EncodeToString(payee.Program) != program {
			t.Errorf("%s: address %s, of program %x, error %v", program, programAddress(raw), payee.Program, err)
		}
	}
	if got := programAddress([]byte{0x51}); got != "51" {
		t.Errorf("a program without an address is %q", got)
	}
}

// TestWorkOfTheFormerPayee has the status meet a template that a change of the payee has not
// replaced yet: that is no mismatch. A template that stays is one.
func TestWorkOfTheFormerPayee(t *testing.T) {
	config := soloConfig(home(t))
	config.Bytom.Wallet.Disable = true
	n, _ := newWholeNode(t, config)
	n.ask(t, "/set-mining-address", `{"mining_address":"`+addressOf(t, 1)+`"}`, new(miningAddress))
	former, err := n.generator.Current()
	if err != nil {
		t.Fatal(err)
	}
	n.ask(t, "/set-mining-address", `{"mining_address":"`+addressOf(t, 2)+`"}`, new(miningAddress))
	if w := n.workStats(former); !w.Matches || w.Paid != addressOf(t, 1) {
		t.Errorf("the former payee's work, just after the change: %+v", w)
	}
	n.payees.moved.Store(time.Now().Add(-moveTime).Unix())
	if w := n.workStats(former); w.Matches {
		t.Errorf("the former payee's work, long after the change: %+v", w)
	}
}
