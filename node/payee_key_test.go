package node

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// walletNode is a whole node with an account, whose notifications wait in a queue.
func walletNode(t *testing.T, edit func(*Config)) *wholeNode {
	t.Helper()
	config := soloConfig(home(t))
	config.Notify.Webhook = "http://127.0.0.1:1/"
	edit(config)
	n, _ := newWholeNode(t, config)
	var key struct{ XPub string }
	n.mustAsk(t, "/create-key", `{"alias":"k","password":"p"}`, &key)
	n.mustAsk(t, "/create-account", `{"alias":"a","quorum":1,"root_xpubs":["`+key.XPub+`"]}`, new(any))
	return n
}

func (n *wholeNode) mustAsk(t *testing.T, route, body string, out any) {
	t.Helper()
	if detail := n.ask(t, route, body, out); detail != "" {
		t.Fatalf("%s: %s", route, detail)
	}
}

// events are the notifications that were sent so far.
func (n *wholeNode) events() (events []string) {
	for len(n.notifier.queue) > 0 {
		events = append(events, (<-n.notifier.queue).Event)
	}
	return events
}

// newAddress is an address of the node's account.
func (n *wholeNode) newAddress(t *testing.T) string {
	t.Helper()
	var receiver struct{ Address string }
	n.mustAsk(t, "/create-account-receiver", `{"account_alias":"a"}`, &receiver)
	return receiver.Address
}

// deleteKeyFile takes the only key's file away, and gives what puts it back.
func (n *wholeNode) deleteKeyFile(t *testing.T) (back func()) {
	t.Helper()
	path := n.bytom.hsm.ListKeys()[0].File
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (n *wholeNode) xpub() string { return n.bytom.hsm.ListKeys()[0].XPub.String() }

// TestALostPayeeIsTold takes from the wallet what spends the payee's coins, in each way and
// for each way that a payee is named.
func TestALostPayeeIsTold(t *testing.T) {
	losses := []struct {
		name string
		lose func(*testing.T, *wholeNode)
		want string
	}{
		{"the account is deleted", func(t *testing.T, n *wholeNode) { n.mustAsk(t, "/delete-account", `{"account_alias":"a"}`, new(any)) }, "account"},
		{"the key is deleted", func(t *testing.T, n *wholeNode) {
			n.mustAsk(t, "/delete-key", `{"xpub":"`+n.xpub()+`","password":"p"}`, new(any))
		}, "key store"},
		{"the key's file is gone", func(t *testing.T, n *wholeNode) { n.deleteKeyFile(t); n.payees.update() }, "key store"},
	}
	payees := []struct {
		name  string
		set   func(*testing.T, *wholeNode)
		stays bool
	}{
		{"the wallet's", func(*testing.T, *wholeNode) {}, false},
		{"set", func(t *testing.T, n *wholeNode) {
			n.mustAsk(t, "/set-mining-address", `{"mining_address":"`+n.newAddress(t)+`"}`, new(any))
			n.events() // One tells of the change.
		}, false},
		{"given by flag", func(t *testing.T, n *wholeNode) {
			payee, err := parsePayee(n.newAddress(t))
			if err != nil {
				t.Fatal(err)
			}
			n.payees.fixed, n.payees.given = &payee, true
			n.payees.update()
			n.generator.PayeeChanged()
			if err := n.generator.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, true},
	}
	for _, loss := range losses {
		for _, payee := range payees {
			t.Run(loss.name+", "+payee.name, func(t *testing.T) {
				testALostPayee(t, payee.set, loss.lose, loss.want, payee.stays)
			})
		}
	}
}

// testALostPayee sets a payee and loses it: the reason must name what is lost, and mining
// goes on if the payee stays all the same.
func testALostPayee(t *testing.T, set, lose func(*testing.T, *wholeNode), want string, stays bool) {
	t.Helper()
	n := walletNode(t, func(*Config) {})
	set(t, n)
	n.mustAsk(t, "/update-account-alias", `{"account_alias":"a","new_alias":"b"}`, new(any))
	n.mustAsk(t, "/update-account-alias", `{"account_alias":"b","new_alias":"a"}`, new(any))
	var before, after wire.MiningInfo
	n.mustAsk(t, "/mining-info", "", &before)
	if before.PayeeLost != "" || before.NotReady != "" || len(n.events()) > 0 {
		t.Fatalf("before: %+v", before)
	}
	lose(t, n)
	if err := n.generator.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.payees.update() // It is told once.
	n.mustAsk(t, "/mining-info", "", &after)
	if !strings.Contains(after.PayeeLost, want) || !strings.Contains(after.PayeeLost, before.Payee) {
		t.Errorf("mining-info says %q, expected the %s of %s", after.PayeeLost, want, before.Payee)
	}
	if log := n.log.String(); strings.Count(log, "level=WARN msg=\"what is mined can't be spent any more\"") != 1 {
		t.Errorf("the log: %s", log)
	}
	if events := n.events(); len(events) != 1 || events[0] != "payee.lost" {
		t.Errorf("events %v", events)
	}
	template, err := n.generator.Current()
	if stays && (err != nil || template.Payee.Address != before.Payee) {
		t.Errorf("mining does not go on: %v", err)
	}
	if !stays && (!errors.Is(err, mining.ErrNoPayee) || !strings.Contains(err.Error(), "/set-mining-address")) {
		t.Errorf("mining goes on, or stops without a word: %v", err)
	}
}

// TestAPayeeThatIsBack puts the key's file back, and insists on an address whose account is
// gone.
func TestAPayeeThatIsBack(t *testing.T) {
	n := walletNode(t, func(*Config) {})
	back := n.deleteKeyFile(t)
	n.payees.update()
	back()
	n.payees.update()
	if err := n.generator.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	template, err := n.generator.Current()
	if err != nil {
		t.Fatal(err)
	}
	n.mustAsk(t, "/delete-account", `{"account_alias":"a"}`, new(any))
	if _, err := n.generator.Current(); !errors.Is(err, mining.ErrNoPayee) {
		t.Errorf("without the account: %v", err)
	}
	n.mustAsk(t, "/set-mining-address", `{"mining_address":"`+template.Payee.Address+`"}`, new(any))
	n.payees.update()
	if again, err := n.generator.Current(); err != nil || again.Payee.Address != template.Payee.Address {
		t.Errorf("the operator insists: %v", err)
	}
	if got := strings.Join(n.events(), " "); got != "payee.lost payee.back payee.lost payee.back" {
		t.Errorf("events %s", got)
	}
	// Somebody else's address is nothing that was lost.
	n.mustAsk(t, "/set-mining-address", `{"mining_address":"`+addressOf(t, 9)+`"}`, new(any))
	n.payees.update()
	if _, err := n.generator.Current(); err != nil || !strings.Contains(n.log.String(), "not of this node's wallet") {
		t.Errorf("another's address: %v, %s", err, n.log)
	}
}

// TestTheNextStartSaysWhatToDo deletes the account or the key between two runs.
func TestTheNextStartSaysWhatToDo(t *testing.T) {
	severalNetworks(t)
	for name, lose := range map[string]func(*testing.T, *wholeNode){
		"account": func(t *testing.T, n *wholeNode) { n.mustAsk(t, "/delete-account", `{"account_alias":"a"}`, new(any)) },
		"key":     func(t *testing.T, n *wholeNode) { n.deleteKeyFile(t) },
	} {
		t.Run(name, func(t *testing.T) {
			n := walletNode(t, func(c *Config) { c.Bytom.ChainID, c.Mining.AllowUnsynced = "mainnet", true })
			address, err := n.payees.address()
			if err != nil {
				t.Fatal(err)
			}
			lose(t, n)
			next := func(edit func(*Config)) (*wholeNode, error) {
				config := soloConfig(copyHome(t, n.config.Bytom.RootDir))
				config.Bytom.ChainID, config.Bytom.Mining = "mainnet", true
				edit(config)
				n, err := openWholeNode(t, config)
				if err == nil {
					t.Cleanup(func() { _ = n.close() })
				}
				return n, err
			}
			_, err = next(func(*Config) {})
			for _, want := range []string{"--mining", name, address, "/set-mining-address", "--mining.address"} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("the next start: %v: does not say %q", err, want)
				}
			}
			if n, err := next(func(c *Config) { c.Bytom.Mining = false }); err != nil || n.payees.lost() == "" {
				t.Errorf("without --mining: %v", err)
			}
			if n, err := next(func(c *Config) { c.Mining.Address = address }); err != nil || n.payees.lost() == "" || !strings.Contains(n.log.String(), "mining goes on") {
				t.Errorf("with the address given: %v", err)
			}
		})
	}
}

// TestTheKeyThatIsThereIsUsed starts a solonet to mine whose wallet is gone, in whole or in
// part.
func TestTheKeyThatIsThereIsUsed(t *testing.T) {
	config := soloConfig(home(t))
	config.Bytom.Mining = true
	n, closeIt := newWholeNode(t, config)
	address, err := n.payees.address()
	if err != nil || !strings.Contains(n.notices.String(), "words") {
		t.Fatalf("%v: %s", err, n.notices.String())
	}
	closeIt()
	again := func(t *testing.T, home string) (*wholeNode, string) {
		t.Helper()
		config := soloConfig(home)
		config.Bytom.Mining = true
		n, _ := newWholeNode(t, config)
		address, err := n.payees.address()
		if template, _ := n.generator.Current(); err != nil || template == nil || template.Payee.Address != address || n.payees.lost() != "" {
			t.Fatalf("%s is paid, %v, %s", address, err, n.payees.lost())
		}
		return n, address
	}
	for _, gone := range []string{"data", "data/wallet.db"} {
		t.Run(gone, func(t *testing.T) {
			of := copyHome(t, config.Bytom.RootDir)
			remove(t, of, gone)
			n, got := again(t, of)
			if notices := n.notices.String(); got != address || !strings.Contains(notices, address) || !strings.Contains(notices, throwawayAlias) ||
				strings.Contains(notices, "words") || len(n.bytom.hsm.ListKeys()) != 1 {
				t.Errorf("%s is paid, expected %s: %s", got, address, notices)
			}
		})
	}
	t.Run("the account", func(t *testing.T) {
		n, _ := again(t, copyHome(t, config.Bytom.RootDir))
		n.mustAsk(t, "/delete-account", `{"account_alias":"`+throwawayAlias+`"}`, new(any))
		if _, got := again(t, copyHome(t, n.config.Bytom.RootDir)); got == address {
			t.Errorf("%s is paid, whose account is deleted", got)
		}
	})
}
