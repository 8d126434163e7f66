package node

import (
	"errors"
	"fmt"

	"github.com/bytom-solo/bytom-solo/fleet"
)

// frontPolicy is what the node says of whose the rigs' work is.
type frontPolicy struct {
	split  bool
	owners *owners
}

// takeRange takes extranonces that a node grants.
func (f *Front) takeRange(r uint16) {
	f.space.Extend(r)
	f.granted.Store(true)
	f.admit()
}

// admit lets the rigs in once there are extranonces for them, and it is known whose their work is.
func (f *Front) admit() {
	if f.granted.Load() && f.policy.Load() != nil {
		f.let.Do(func() { close(f.admitted) })
	}
}

// takeSettings takes what the node whose work is served says of whose rigs' work is. What can't change
// while rigs are served takes a new start.
func (f *Front) takeSettings(node fleet.PublicKey, split bool, mapped map[string]string) {
	old := f.policy.Load()
	if old != nil && old.split != split {
		select {
		case f.changed <- fmt.Errorf("%w: node %s does %s, and what was served before did %s: this front must be started again. "+
			"Several nodes of a front need the same payout.scheme and payout.owners", errSplitChanged, node, splits(split), splits(old.split)):
		default:
		}
		return
	}
	o, err := newOwners(mapped, f.log)
	if err != nil {
		f.log.Warn("the node's owners of rigs are not used", "error", err)
		return
	}
	if old != nil {
		o.told = old.owners.told
	}
	f.policy.Store(&frontPolicy{split, o})
	f.admit()
}

// errSplitChanged ends a front: a service manager starts it again, by the new rules.
var errSplitChanged = errors.New("blocks have begun, or ceased, to be split between the owners of rigs")

func splits(split bool) string {
	if split {
		return "split them"
	}
	return "not"
}

// owner is stratum.Config's Owner; nil where blocks are not split.
func (f *Front) owner() func(string) (string, error) {
	if !f.policy.Load().split {
		return nil
	}
	return func(login string) (string, error) { return f.policy.Load().owners.of(login) }
}
