package node

import (
	"errors"
	"fmt"
	"sync"

	"github.com/bytom/bytom/account"
	"github.com/bytom/bytom/common"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/vm/vmutil"

	"github.com/bytom-solo/bytom-solo/mining"
)

// payees knows whom coinbases pay: the address of the configuration, or the one
// that the wallet keeps. It is safe for concurrent use.
type payees struct {
	accounts *account.Manager // nil without a wallet
	changed  func()

	setting sync.Mutex // held over a change, so that what the wallet keeps is what is paid

	mu    sync.Mutex
	fixed *mining.Payee // overrides the wallet's
	tag   []byte        // where there is no wallet to keep it
}

// newPayees starts with the configured address, if there is one.
func newPayees(address string, accounts *account.Manager, changed func()) (*payees, error) {
	p := &payees{accounts: accounts, changed: changed}
	if address == "" {
		return p, nil
	}
	payee, err := parsePayee(address)
	if err != nil {
		return nil, fmt.Errorf("key mining.address: %w", err)
	}
	p.fixed = &payee
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
	return payee, p.currentTag(), nil
}

func (p *payees) payee() (mining.Payee, error) {
	p.mu.Lock()
	fixed := p.fixed
	p.mu.Unlock()
	if fixed != nil {
		return *fixed, nil
	}
	if p.accounts == nil {
		return mining.Payee{}, fmt.Errorf("%w: the wallet is disabled; give --mining.address", mining.ErrNoPayee)
	}
	program, err := p.accounts.GetCoinbaseCtrlProgram()
	if errors.Is(err, account.ErrFindAccount) {
		return mining.Payee{}, fmt.Errorf("%w: the wallet has no account; give --mining.address, or create an account on the dashboard (%w)",
			mining.ErrNoPayee, mining.ErrNoAccount)
	}
	if err != nil {
		return mining.Payee{}, fmt.Errorf("%w: the wallet's mining address: %w", mining.ErrNoPayee, err)
	}
	payee := mining.Payee{Address: program.Address, Program: program.ControlProgram}
	return payee, payee.Check()
}

// address is whom coinbases pay, as people write it.
func (p *payees) address() (string, error) {
	payee, err := p.payee()
	return payee.Address, err
}

// setAddress changes the payee, and keeps it in the wallet if there is one.
func (p *payees) setAddress(address string) (string, error) {
	payee, err := parsePayee(address)
	if err != nil {
		return "", fmt.Errorf("field mining_address: %w", err)
	}
	p.setting.Lock()
	defer p.setting.Unlock()
	if p.accounts != nil {
		if _, err := p.accounts.SetMiningAddress(address); err != nil {
			return "", fmt.Errorf("keep the mining address: %w", err)
		}
	}
	p.mu.Lock()
	p.fixed = &payee
	p.mu.Unlock()
	p.changed()
	return address, nil
}

// currentTag is the operator's part of the coinbase's arbitrary data.
func (p *payees) currentTag() []byte {
	if p.accounts != nil {
		return p.accounts.GetCoinbaseArbitrary()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tag
}

// setTag changes the operator's part.
func (p *payees) setTag(tag []byte) {
	if p.accounts != nil {
		p.accounts.SetCoinbaseArbitrary(tag)
	} else {
		p.mu.Lock()
		p.tag = tag
		p.mu.Unlock()
	}
	p.changed()
}
