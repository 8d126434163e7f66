package node

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// injection brings a fault about in a real node.
type injection struct {
	// before changes the configuration and the home directory.
	before func(t *testing.T, c *Config)
	// inject brings it about in the running node; nil where before does. It returns what
	// mends it, or nil.
	inject func(t *testing.T, n *wholeNode) (mend func())
}

// asFolder puts a folder where the node keeps a file.
func asFolder(name string) injection {
	return injection{before: func(t *testing.T, c *Config) {
		if err := os.MkdirAll(filepath.Join(c.Bytom.RootDir, "mining", name, "x"), 0o755); err != nil {
			t.Fatal(err)
		}
	}}
}

func withPayee(t *testing.T, c *Config) {
	c.Bytom.Wallet.Disable = true
	c.Mining.Address = "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"
}

func withRigs(t *testing.T, c *Config) { withPayee(t, c); c.Stratum.Listen = "127.0.0.1:0" }

func withPayouts(t *testing.T, c *Config) { withRigs(t, c); c.Payout.Scheme = payout.PPLNS }

// payoutsAt has payouts stand somewhere.
func (n *wholeNode) payoutsAt(s payout.Status) (back func()) {
	n.payouts.watch = payoutWatch{read: lookUp{at: time.Now(), took: time.Hour}, last: s}
	return func() { n.payouts.watch = payoutWatch{} }
}

// injections have one for each kind of fault.
var injections = map[string]injection{
	"payee-mismatch": {before: withPayee, inject: func(t *testing.T, n *wholeNode) func() {
		settle := func() {
			n.generator.PayeeChanged()
			if err := n.generator.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		other := *n.payees.fixed
		other.Program = bytes.Clone(other.Program)
		other.Program[3] ^= 1
		n.payees.mu.Lock()
		n.payees.fixed = &other
		n.payees.mu.Unlock()
		settle()
		return nil // It is shown for ten minutes.
	}},
	"no-payee": {before: func(t *testing.T, c *Config) { c.Bytom.Wallet.Disable = true }, inject: nil},
	"payee-lost": {before: func(t *testing.T, c *Config) {}, inject: func(t *testing.T, n *wholeNode) func() {
		back := n.deleteKeyFile(t)
		n.payees.update()
		return func() { back(); n.payees.update() }
	}},
	"disk-full": {before: withPayee, inject: func(t *testing.T, n *wholeNode) func() {
		n.disk.pause = time.Millisecond
		room, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			n.waitFor(room)
		}()
		for n.disk.ready() == nil {
			time.Sleep(time.Millisecond)
		}
		return func() { close(room); <-done }
	}},
	"clock": {
		before: func(t *testing.T, c *Config) { withPayee(t, c); c.Solonet.Clock = "real" },
		inject: func(t *testing.T, n *wholeNode) func() {
			n.clock.look(chainTime{median: 1, fast: true})
			n.clock.tooNew(bc.NewHash([32]byte{1}), 5, uint64(time.Now().Add(2*time.Hour).Unix()))
			return func() { n.clock.look(chainTime{height: 5, median: 1, fast: true}) }
		},
	},
	"no-peers": {before: withNetwork, inject: func(t *testing.T, n *wholeNode) func() { return n.otherNetwork(t) }},
	"behind": {before: withNetwork, inject: func(t *testing.T, n *wholeNode) func() {
		n.found.source.(*chain.Chain).SetNetwork(peerAt(20))
		return n.otherNetwork(t, consensus.Checkpoint{Height: 10})
	}},
	// In vault mode nobody would get a block.
	"no-work":       {before: withPayee, inject: func(t *testing.T, n *wholeNode) func() { return n.otherNetwork(t) }},
	"device-failed": {before: withPayee, inject: func(t *testing.T, n *wholeNode) func() { return n.mineWith(t, brokenDevice{}) }},
	"nothing-mines": {before: withRigs},
	"rigs-refused":  {before: withRigs, inject: sendWrongShares},
	"rigs-troubled": {before: withRigs, inject: func(t *testing.T, n *wholeNode) func() {
		now := time.Now()
		n.ledger.Add(ledger.Entry{At: now, Rig: "a.1", Kind: ledger.Accepted, Effective: 10, Network: 100})
		here, gone := []stratum.RigStatus{{Name: "a.1", Sessions: 1, Difficulty: 10}}, []stratum.RigStatus{{Name: "a.1", Lapses: 1}}
		n.rigStates = newRigStates(nil, n.notify, now)
		n.rigStates.look(now.Add(rigGrace), true, sightsOf(here, n.ledger.Tallies(), nil, now))
		for i := range 90 {
			n.rigStates.look(now.Add(rigGrace+time.Duration(i)*time.Second), true, sightsOf(gone, n.ledger.Tallies(), nil, now))
		}
		return func() {
			n.ledger.Add(ledger.Entry{At: now, Rig: "a.1", Kind: ledger.Accepted, Effective: 10, Network: 100})
			for i := range 120 {
				n.rigStates.look(now.Add(2*rigGrace+time.Duration(i)*time.Second), true, sightsOf(here, n.ledger.Tallies(), nil, now))
			}
		}
	}},
	"rigs-full": {before: func(t *testing.T, c *Config) { withRigs(t, c); c.Stratum.MaxSessions = 1 }, inject: func(t *testing.T, n *wholeNode) func() {
		n.serveRigsFor(t)
		conn := n.dialRig(t)
		for n.rigs.Stats().Sessions == 0 {
			time.Sleep(time.Millisecond)
		}
		return func() {
			_ = conn.Close()
			for n.rigs.Stats().Sessions > 0 {
				time.Sleep(time.Millisecond)
			}
		}
	}},
	"journal": asFolder("journal.db"),
	"ledger": {before: func(t *testing.T, c *Config) {
		withRigs(t, c)
		asFolder("rigs.db").before(t, c)
	}},
	"payouts-stopped": {before: withPayouts, inject: func(t *testing.T, n *wholeNode) func() {
		stop := func(change func() error) {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			n.payouts.watch = payoutWatch{}
		}
		stop(func() error { return n.payouts.books.Stop("a test") })
		return func() { stop(n.payouts.books.Resume) }
	}},
	"payouts-failing": {before: withPayouts, inject: func(t *testing.T, n *wholeNode) func() {
		if err := n.payouts.books.Close(); err != nil {
			t.Fatal(err)
		}
		n.payouts.watch = payoutWatch{}
		return nil
	}},
	"payouts-uncovered": {before: withPayouts, inject: func(t *testing.T, n *wholeNode) func() { return n.payoutsAt(payout.Status{Uncovered: 1}) }},
	"payouts-unsigned": {before: withPayouts, inject: func(t *testing.T, n *wholeNode) func() {
		n.payouts.byHand = func() (int, string) { return 1, "a test" }
		return func() { n.payouts.byHand = n.payouts.outbox.ByHand }
	}},
	"payouts-held": {before: withPayouts, inject: func(t *testing.T, n *wholeNode) func() { return n.payoutsAt(payout.Status{Held: 1}) }},

	"history":   asFolder("history.db"),
	"overrides": asFolder("overrides.db"),
	"block-refused": {before: withPayee, inject: func(t *testing.T, n *wholeNode) func() {
		block := &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: 7}, Transactions: []*types.Tx{types.NewTx(types.TxData{
			Version: 1, Inputs: []*types.TxInput{types.NewCoinbaseInput(nil)}, Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 1, []byte{0x51})},
		})}}
		if err := n.journal.Record(block, time.Now(), mining.Finder{}); err != nil {
			t.Fatal(err)
		}
		if err := n.journal.Resolve(block.Hash(), "refused", mining.Event{State: mining.StateRefused, At: time.Now(), Detail: "bad-txns"}); err != nil {
			t.Fatal(err)
		}
		return nil
	}},
	"webhook": {before: func(t *testing.T, c *Config) { withPayee(t, c); c.Notify.Webhook = "http://127.0.0.1:1/" }, inject: func(t *testing.T, n *wholeNode) func() {
		if err := n.notifier.post(t.Context(), Notification{Event: "clock.off"}); err == nil {
			t.Fatal("port 1 took a notification")
		}
		url, _ := hook(t, 0)
		return func() {
			n.notifier.url, n.notifier.do = url, n.notifier.postTo
			_ = n.notifier.post(t.Context(), Notification{Event: "clock.off"})
		}
	}},
	"command": {before: func(t *testing.T, c *Config) { withPayee(t, c); c.Notify.Command = "false" }, inject: func(t *testing.T, n *wholeNode) func() {
		if err := n.command.post(t.Context(), Notification{Event: "clock.off"}); err == nil {
			t.Fatal("false succeeds")
		}
		return nil
	}},
	"ping": {before: func(t *testing.T, c *Config) { withPayee(t, c); c.Notify.Ping = "http://127.0.0.1:1/" }, inject: func(t *testing.T, n *wholeNode) func() {
		n.pinger.note(t.Context(), n.pinger.ping(t.Context()))
		return nil
	}},
	"engine-away": {before: withFronts},
	"fenced": {before: withFronts, inject: func(t *testing.T, n *wholeNode) func() {
		beat, err := n.fronts.key.Seal(n.config.Bytom.ChainID, fleet.KindBeat, &fleet.Beat{Ledger: fleet.LedgerState{ID: "another", Term: math.MaxUint64, Instance: 1}})
		if err != nil {
			t.Fatal(err)
		}
		n.fronts.hub.TakeBeat(beat)
		return nil // Until it is started again.
	}},
	"exposed": {before: func(t *testing.T, c *Config) {
		withPayee(t, c)
		c.Bytom.ApiAddress, c.Bytom.Auth.Disable = "0.0.0.0:0", true
	}},
}

// withFronts has a node serve fronts by an engine that is not there.
func withFronts(t *testing.T, c *Config) {
	withPayee(t, c)
	c.Fleet.Engine.URL = "nats://127.0.0.1:1"
}

// withNetwork has a node that is not in vault mode, and knows nobody.
func withNetwork(t *testing.T, c *Config) {
	withPayee(t, c)
	b := c.Bytom
	b.VaultMode, b.P2P.ListenAddress, b.P2P.SkipUPNP, b.P2P.Seeds, b.P2P.LANDiscover = false, "tcp://127.0.0.1:0", true, "", false
}

// otherNetwork has the chain be none of a solonet, which is its own authority.
func (n *wholeNode) otherNetwork(t *testing.T, checkpoints ...consensus.Checkpoint) (back func()) {
	severalNetworks(t)
	old := consensus.ActiveNetParams
	consensus.ActiveNetParams.Name, consensus.ActiveNetParams.Checkpoints = "another", checkpoints
	n.rebuild(t)
	return func() { consensus.ActiveNetParams = old; n.rebuild(t) }
}

func (n *wholeNode) rebuild(t *testing.T) {
	n.generator.Force()
	if err := n.generator.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// brokenDevice is a backend that can't prepare any work.
type brokenDevice struct{ compute.Backend }

func (brokenDevice) Info() compute.Info { return compute.Info{Name: "cpu", Kernel: "fake", Workers: 1} }
func (brokenDevice) NewHasher(context.Context, [32]byte) (compute.Hasher, error) {
	return nil, fmt.Errorf("the card has fallen off the bus")
}

// mineWith has the node mine with a device.
func (n *wholeNode) mineWith(t *testing.T, device compute.Backend) (stop func()) {
	n.miner = mining.NewMiner(mining.MinerConfig{
		Devices: []compute.Backend{device}, Generator: n.generator, Submitter: n.submitter, Extranonces: mining.NewExtranonces(),
		Settings: mining.MinerSettings{On: true, Devices: []string{device.Info().Name}},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = n.miner.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	for d := n.miner.Devices()[0]; d.Trouble == "" && d.Failed == ""; d = n.miner.Devices()[0] {
		time.Sleep(time.Millisecond)
	}
	return func() { cancel(); <-done }
}

// serveRigsFor runs the rigs' server for the time of a test.
func (n *wholeNode) serveRigsFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = n.rigs.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func (n *wholeNode) dialRig(t *testing.T) net.Conn {
	conn, err := net.Dial("tcp", n.rigPort.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// sendWrongShares has rigs submit what is of no job, until each is disconnected.
func sendWrongShares(t *testing.T, n *wholeNode) func() {
	n.serveRigsFor(t)
	for i := 0; n.rigs.Stats().Shares["invalid"] < 2*fewestWrong; i++ {
		conn := n.dialRig(t)
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprintf(conn, `{"method":"login","params":{"login":"r.%d","pass":"x","agent":"bad"},"id":1}`+"\n", i)
		for k := range 8 {
			fmt.Fprintf(conn, `{"method":"submit","params":{"id":"0","job_id":"99","nonce":"%016x"},"id":%d}`+"\n", k, k+2)
		}
		_, _ = io.CopyN(io.Discard, conn, 1500)
		_ = conn.Close()
	}
	return nil
}
