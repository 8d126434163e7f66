package testnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// kept is what a snapshot has beside the nodes' homes.
type kept struct {
	Groups [][]int `json:"groups,omitempty"`
	Clocks []Clock `json:"clocks"` // of our nodes
}

const keptFile = "kept.json"

func (n *Network) snapshots() string { return filepath.Join(n.Dir, "snapshots") }

var snapshotName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (n *Network) snapshot(name string) (path string, err error) {
	if !snapshotName.MatchString(name) {
		return "", fmt.Errorf("snapshot %q: expected a name of letters, digits, dots and dashes", name)
	}
	return filepath.Join(n.snapshots(), name), nil
}

// Snapshots are the names of what Revert can go back to.
func (n *Network) Snapshots() (names []string, err error) {
	entries, err := os.ReadDir(n.snapshots())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		// What was interrupted has no keptFile, or not its name yet.
		if _, missing := os.Stat(filepath.Join(n.snapshots(), e.Name(), keptFile)); missing == nil && snapshotName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Snapshot keeps the chains and wallets of all nodes, who is whose peer, and the
// clocks. The nodes are restarted for that: their pools are empty afterwards, none
// mines by itself, and rigs have ended. A snapshot of the same name is replaced.
func (n *Network) Snapshot(ctx context.Context, name string) error {
	path, err := n.snapshot(name)
	if err != nil {
		return err
	}
	return n.locked(ctx, func() error {
		clocks, err := n.clocks(ctx)
		if err != nil {
			return err
		}
		keep := kept{n.Groups, clocks}
		return n.restart(ctx, keep, func() error { return n.keep(path, keep) })
	})
}

// keep copies all homes to a snapshot. One of the same name stays until the new one is whole.
func (n *Network) keep(path string, keep kept) error {
	half := filepath.Join(n.snapshots(), "."+filepath.Base(path))
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	for _, d := range n.daemons() {
		if err := copyDir(filepath.Join(half, filepath.Base(d.Home)), d.Home); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(keep)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(half, keptFile), raw, 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return os.Rename(half, path)
}

// Revert brings back what Snapshot kept, at the same addresses.
func (n *Network) Revert(ctx context.Context, name string) error {
	path, err := n.snapshot(name)
	if err != nil {
		return err
	}
	return n.locked(ctx, func() error {
		raw, err := os.ReadFile(filepath.Join(path, keptFile))
		if errors.Is(err, os.ErrNotExist) {
			names, err := n.Snapshots()
			return errors.Join(fmt.Errorf("no snapshot %s; there are: %v", name, names), err)
		}
		if err != nil {
			return err
		}
		var keep kept
		if err := json.Unmarshal(raw, &keep); err != nil {
			return fmt.Errorf("snapshot %s: %w", name, err)
		}
		return n.restart(ctx, keep, func() error {
			for _, d := range n.daemons() {
				if err := copyDir(d.Home, filepath.Join(path, filepath.Base(d.Home))); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// restart ends all nodes, calls f and starts them again, with the peers and clocks
// that are kept.
func (n *Network) restart(ctx context.Context, keep kept, f func() error) error {
	if err := n.end(ctx, patience); err != nil {
		return err
	}
	if err := n.retake(ctx); err != nil {
		return err
	}
	if err := f(); err != nil {
		return errors.Join(err, n.start(ctx, n.Nodes))
	}
	n.Groups = keep.Groups
	if err := n.start(ctx, n.Nodes); err != nil {
		return err
	}
	if err := n.setClocks(ctx, keep.Clocks); err != nil {
		return err
	}
	if err := n.relink(ctx); err != nil {
		return err
	}
	return n.startFronts(ctx, n.Fronts)
}

// retake reserves the network's place again, which ended with the last node.
func (n *Network) retake(ctx context.Context) error {
	if n.place != nil {
		return nil
	}
	return Poll(ctx, 5*time.Second, func() (err error) {
		if n.place, err = reserveAgain(n.Nodes[0].Port); err == nil && n.place == nil {
			err = fmt.Errorf("the addresses from %s on were taken by another network meanwhile", n.Nodes[0].IP)
		}
		return err
	})
}

// clocks are those of our nodes.
func (n *Network) clocks(ctx context.Context) (all []Clock, err error) {
	for _, m := range n.Nodes {
		if m.Stock {
			continue
		}
		c, err := m.Client().clock(ctx, ClockRequest{})
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// setClocks sets what clocks has read.
func (n *Network) setClocks(ctx context.Context, clocks []Clock) error {
	ours := slices.DeleteFunc(slices.Clone(n.Nodes), func(m *Member) bool { return m.Stock })
	for i, m := range ours[:min(len(ours), len(clocks))] {
		r := ClockRequest{Mode: clocks[i].Mode}
		if r.Mode != "real" {
			r.Time = clocks[i].Time
		}
		if _, err := m.Client().clock(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
