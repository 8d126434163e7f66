package node

import (
	"slices"
	"sync"
	"testing"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

type miningAddress struct {
	Address string `json:"mining_address"`
}

// TestASetAddressIsPaidAtOnce has several operators set addresses and ask for a template
// as soon as they are answered.
func TestASetAddressIsPaidAtOnce(t *testing.T) {
	for _, wallet := range []bool{true, false} {
		t.Run(map[bool]string{true: "wallet", false: "no wallet"}[wallet], func(t *testing.T) {
			config := soloConfig(home(t))
			config.Bytom.Wallet.Disable = !wallet
			n, _ := newWholeNode(t, config)
			const operators, rounds = 4, 25
			addresses := make([][]string, operators)
			for i := range addresses {
				for k := range byte(rounds) {
					addresses[i] = append(addresses[i], addressOf(t, byte(i), k))
				}
			}
			var all sync.WaitGroup
			for _, own := range addresses {
				all.Go(func() {
					for k, address := range own {
						if detail := n.ask(t, "/set-mining-address", `{"mining_address":"`+address+`"}`, new(miningAddress)); detail != "" {
							t.Error(detail)
						}
						var template wire.Template
						if detail := n.ask(t, "/get-block-template", "{}", &template); detail != "" {
							t.Error(detail)
						}
						if former := slices.Index(own, template.Payee); former >= 0 && former < k || template.Payee == "" {
							t.Errorf("after %s was set, a template pays %s, expected that or a later one", address, template.Payee)
						}
					}
				})
			}
			all.Wait()
			var set miningAddress
			var template wire.Template
			n.ask(t, "/get-mining-address", "{}", &set)
			n.ask(t, "/get-block-template", "{}", &template)
			if m := n.generator.Mismatch(); m != nil {
				t.Errorf("the changes raised a false alarm: %v", m.Err)
			}
			if template.Payee != set.Address {
				t.Errorf("in the end %s is set, and %s paid", set.Address, template.Payee)
			}
			if !wallet {
				return
			}
			if kept, err := n.bytom.accounts.GetMiningAddress(); err != nil || kept != set.Address {
				t.Errorf("in the end %s is set, and the wallet keeps %s, %v", set.Address, kept, err)
			}
		})
	}
}

// TestASetTagIsMinedAtOnce changes the operator's part of the coinbase, and asks for a
// template after each change.
func TestASetTagIsMinedAtOnce(t *testing.T) {
	config := soloConfig(home(t))
	config.Bytom.Wallet.Disable = true
	n, _ := newWholeNode(t, config)
	n.ask(t, "/set-mining-address", `{"mining_address":"`+addressOf(t, 1)+`"}`, new(miningAddress))
	for _, tag := range []string{"616161", "626262", "", "636363"} {
		if detail := n.ask(t, "/set-coinbase-arbitrary", `{"arbitrary":"`+tag+`"}`, new(map[string]string)); detail != "" {
			t.Fatal(detail)
		}
		var template wire.Template
		n.ask(t, "/get-block-template", "{}", &template)
		// Behind the 0 and the height of one digit; before the extranonce.
		arbitrary := template.CoinbaseTxn.Arbitrary
		if got := arbitrary[4 : len(arbitrary)-16]; got != tag {
			t.Errorf("after the tag %q was set, a template has %q", tag, got)
		}
	}
}
