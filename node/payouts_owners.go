package node

import (
	"cmp"
	"fmt"
	"log/slog"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/bytom/bytom/consensus"
)

// owners knows whose a rig's shares are. It is safe for concurrent use.
type owners struct {
	mapped map[string]string // login in small letters → address
	told   *lru.Cache[string, struct{}]
	log    *slog.Logger
}

// mostTold is of how many logins without an owner it is remembered that the log told so.
const mostTold = 1024

// newOwners checks the configured addresses against the active network.
func newOwners(list ownerList, log *slog.Logger) (*owners, error) {
	told, err := lru.New[string, struct{}](mostTold)
	if err != nil {
		return nil, fmt.Errorf("remember logins: %w", err)
	}
	o := &owners{mapped: make(map[string]string, len(list)), told: told, log: log}
	for name, address := range list {
		owner, err := ownerAddress(address)
		if err != nil {
			return nil, fmt.Errorf("key payout.owners: name %q: %w", name, err)
		}
		o.mapped[name] = owner
	}
	return o, nil
}

// ownerOfLogin says whose a login's shares are; nil where blocks are not split.
func (n *Node) ownerOfLogin() (func(login string) (string, error), error) {
	if n.config.Payout.Scheme == "" {
		return nil, nil
	}
	o, err := newOwners(n.config.Payout.Owners, n.log)
	if err != nil {
		return nil, err
	}
	n.owners = o
	return o.of, nil
}

// of is the owner of a login, NAME.RIG: the configuration's, else the address that NAME is,
// else the operator, which is the empty name. Text that begins as an address does and is none
// of this network is an error, and so is an address elsewhere in it, as a typo must not have a
// rig mine for somebody else.
func (o *owners) of(login string) (string, error) {
	name := o.named(login)
	owner, err := ownerAddress(name)
	if err == nil {
		return owner, nil
	}
	if looksLikeAddress(name) {
		return "", fmt.Errorf("login %w; nothing would be paid to it", err)
	}
	if hasAddress(strings.ToLower(login)) {
		return "", fmt.Errorf("login %q: expected ADDRESS.RIG, and nothing before the address; nothing would be paid to it", login)
	}
	if known, _ := o.told.ContainsOrAdd(login, struct{}{}); !known {
		o.log.Info("a rig without an owner: what it finds is the operator's; a login ADDRESS.RIG, or payout.owners, gives it one", "rig", login)
	}
	return "", nil
}

// named is the address that the configuration has for a login, else NAME in small letters, which
// may be an address or not.
func (o *owners) named(login string) string {
	text := strings.ToLower(login)
	name, _, _ := strings.Cut(text, ".")
	return cmp.Or(o.mapped[text], o.mapped[name], name)
}

// ownerAddress is an address as accounts have it: bech32 means the same in capitals, and an
// owner has one account.
func ownerAddress(text string) (string, error) {
	payee, err := parsePayee(text)
	return strings.ToLower(payee.Address), err
}

// leastAddress is from which length on a text may be meant as an address: a name such as
// bm1-shed is none.
const leastAddress = 30

// looksLikeAddress reports whether a text begins as the addresses of any of Bytom's networks
// do, and is about as long.
func looksLikeAddress(text string) bool {
	for _, net := range consensus.NetParams {
		if strings.HasPrefix(text, net.Bech32HRPSegwit+"1") && len(text) >= leastAddress {
			return true
		}
	}
	return false
}

// hasAddress reports whether there is anything in a text that may be an address.
func hasAddress(text string) bool {
	for _, net := range consensus.NetParams {
		for rest := text; ; {
			_, found, ok := strings.Cut(rest, net.Bech32HRPSegwit+"1")
			if !ok {
				break
			}
			letters := strings.IndexFunc(found, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
			if letters < 0 {
				letters = len(found)
			}
			if len(net.Bech32HRPSegwit)+1+letters >= leastAddress {
				return true
			}
			rest = found
		}
	}
	return false
}
