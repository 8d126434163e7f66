package node

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/bytom/bytom/account"
	"github.com/bytom/bytom/common"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/vm/vmutil"

	"github.com/bytom-solo/bytom-solo/mining"
)

// payees knows whom coinbases pay: the address of the configuration, or the one
// that the wallet keeps. It is safe for concurrent use.
type payees struct {
	wallet  *payeeWallet // nil without one
	changed func()
	overRPC bool // callers may change what the configuration gives
	alarm   func(Notification)
	log     *slog.Logger

	loss atomic.Pointer[loss] // nil while what is mined can be spent, as far as is known

	moved atomic.Int64 // when the payee was changed last, in Unix seconds

	paid *lru.Cache[string, struct{}] // programs of which work was made, the latest

	setting sync.Mutex // held over a change, so that what the wallet keeps is what is paid

	mu    sync.Mutex
	fixed *mining.Payee // overrides the wallet's
	given bool          // fixed is the configuration's
	tag   []byte        // where there is no wallet to keep it
}

// mostPaid is how many programs are remembered: one for each change of the mining address.
const mostPaid = 256

// newPayees starts with the configured address, if there is one.
func (n *Node) newPayees() (*payees, error) {
	paid, err := lru.New[string, struct{}](mostPaid)
	if err != nil {
		return nil, err
	}
	p := &payees{paid: paid, alarm: n.notify, log: n.log, overRPC: n.config.Mining.AddressOverRPC, changed: func() {
		if n.generator != nil { // It comes later, and asks then.
			n.generator.PayeeChanged()
		}
	}}
	if b := n.bytom; b.wallet != nil {
		p.wallet = &payeeWallet{b.accounts, b.hsm, b.wallet.DB}
	}
	address := n.config.Mining.Address
	if address == "" {
		return p, nil
	}
	payee, err := parsePayee(address)
	if err != nil {
		return nil, fmt.Errorf("key mining.address: %w", err)
	}
	p.fixed, p.given = &payee, true
	return p, nil
}

// parsePayee reads an address of the active network.
func parsePayee(address string) (mining.Payee, error) {
	net := &consensus.ActiveNetParams
	bad := func(err error) (mining.Payee, error) {
		return mining.Payee{}, fmt.Errorf("address %q: %w: expected an address of %snet, which begins with %s1", address, err, net.Name, net.Bech32HRPSegwit)
	}
	decoded, err := common.DecodeAddress(address, net)
	if err != nil {
		return bad(err)
	}
	var program []byte
	switch decoded.(type) {
	case *common.AddressWitnessPubKeyHash:
		program, err = vmutil.P2WPKHProgram(decoded.ScriptAddress())
	case *common.AddressWitnessScriptHash:
		program, err = vmutil.P2WSHProgram(decoded.ScriptAddress())
	default:
		err = errors.New("unknown kind of address")
	}
	if err != nil {
		return bad(err)
	}
	payee := mining.Payee{Address: address, Program: program}
	return payee, payee.Check()
}

// current is whom to pay, and the operator's tag.
func (p *payees) current() (mining.Payee, []byte, error) {
	payee, err := p.payee()
	if err != nil {
		return mining.Payee{}, nil, err
	}
	p.paid.Add(string(payee.Program), struct{}{})
	return payee, p.currentTag(), nil
}

// pays reports whether a block pays the operator: a program that this run has made work of, the mining address or one of
// the wallet's, which are read from the disk, and for none of this run's work.
func (p *payees) pays(block *types.Block) bool {
	if len(block.Transactions) == 0 || len(block.Transactions[0].Outputs) == 0 {
		return false
	}
	program := block.Transactions[0].Outputs[0].ControlProgram
	if p.paid.Contains(string(program)) {
		return true
	}
	payee, _, err := p.chosen() // By an earlier run, if not by this one yet.
	return err == nil && bytes.Equal(payee.Program, program) || p.wallet != nil && p.wallet.accounts.IsLocalControlProgram(program)
}

// payee is whom to pay, unless what it is paid could not be spent any more.
func (p *payees) payee() (mining.Payee, error) {
	payee, _, err := p.chosen()
	if err == nil {
		err = p.checkLost(payee)
	}
	if err != nil {
		return mining.Payee{}, err
	}
	return payee, nil
}

// chosen is the address that was set last, and whether that was by the configuration.
func (p *payees) chosen() (payee mining.Payee, given bool, err error) {
	p.mu.Lock()
	fixed, given := p.fixed, p.given
	p.mu.Unlock()
	if fixed != nil {
		return *fixed, given, nil
	}
	if p.wallet == nil {
		return payee, false, fmt.Errorf("%w: the wallet is disabled; give --mining.address", mining.ErrNoPayee)
	}
	program, err := p.wallet.accounts.GetCoinbaseCtrlProgram()
	if errors.Is(err, account.ErrFindAccount) {
		return payee, false, fmt.Errorf("%w: the wallet has no account; give --mining.address, or create an account on the dashboard (%w)",
			mining.ErrNoPayee, mining.ErrNoAccount)
	}
	if err != nil {
		return payee, false, fmt.Errorf("%w: the wallet's mining address: %w", mining.ErrNoPayee, err)
	}
	payee = mining.Payee{Address: program.Address, Program: program.ControlProgram}
	return payee, false, payee.Check()
}

// address is whom coinbases pay, as people write it.
func (p *payees) address() (string, error) {
	payee, err := p.payee()
	return payee.Address, err
}

// setAddress changes the payee, and keeps it in the wallet if there is one. old is the
// address that was set before; empty if there was none.
func (p *payees) setAddress(address string) (old string, err error) {
	payee, err := parsePayee(address)
	if err != nil {
		return "", fmt.Errorf("field mining_address: %w", err)
	}
	p.setting.Lock()
	defer p.setting.Unlock()
	former, given, err := p.chosen()
	if err == nil {
		old = former.Address
	}
	if given && !p.overRPC {
		if address == old {
			return old, nil
		}
		return old, fmt.Errorf("field mining_address: value %q: this node's address was given as mining.address, %s, and is changed there; --mining.address-over-rpc lets callers change it", address, old)
	}
	if p.wallet != nil {
		if _, err := p.wallet.accounts.SetMiningAddress(address); err != nil {
			return old, fmt.Errorf("keep the mining address: %w", err)
		}
		p.wallet.save(p.wallet.current(address)) // Whatever is missing now, the operator wants it.
	}
	p.moved.Store(time.Now().Unix())
	p.mu.Lock()
	p.fixed, p.given = &payee, false
	p.mu.Unlock()
	p.setLoss(nil)
	p.logPayee()
	p.changed()
	return old, nil
}

// currentTag is the operator's part of the coinbase's arbitrary data.
func (p *payees) currentTag() []byte {
	if p.wallet != nil {
		return p.wallet.accounts.GetCoinbaseArbitrary()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tag
}

// setTag changes the operator's part. old is what it was.
func (p *payees) setTag(tag []byte) (old []byte) {
	p.setting.Lock()
	defer p.setting.Unlock()
	old = p.currentTag()
	if p.wallet != nil {
		p.wallet.accounts.SetCoinbaseArbitrary(tag)
	} else {
		p.mu.Lock()
		p.tag = tag
		p.mu.Unlock()
	}
	p.changed()
	return old
}
