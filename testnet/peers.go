package testnet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// redialAfter is how long both ends get to finish their handshakes. They take up to
// a second. Bytom knows a connection by its peer's key alone: to dial again while
// the other end is at it makes the end of the second connection close the first.
const redialAfter = 3 * time.Second

// linkLimit bounds how long two nodes take to find, or lose, each other.
const linkLimit = 30 * time.Second

// connect makes m dial other, and waits until both are done with the handshake.
func (m *Member) connect(ctx context.Context, other *Member) error {
	return m.ConnectBy(ctx, other, other.IP, other.Port)
}

// ConnectBy is connect by way of an address that leads to other: a link with faults, say.
func (m *Member) ConnectBy(ctx context.Context, other *Member, ip string, port int) error {
	var dialled time.Time
	return Poll(ctx, linkLimit, func() error {
		err := m.linked(ctx, other, true)
		if err != nil && time.Since(dialled) > redialAfter {
			dial := m.Client().Call(ctx, "/connect-peer", map[string]any{"ip": ip, "port": port}, nil)
			if dialled = time.Now(); dial != nil {
				err = fmt.Errorf("%w: dialling gave %w", err, dial)
			}
		}
		return err
	})
}

// disconnect makes m drop its connection with other, and waits until neither knows
// of it. Bytom does not dial again by itself where the network has no seeds.
func (m *Member) disconnect(ctx context.Context, other *Member) error {
	id, err := other.peerID()
	if err != nil {
		return err
	}
	return Poll(ctx, linkLimit, func() error {
		err := m.linked(ctx, other, false)
		if err == nil {
			return nil
		}
		if drop := m.Client().Call(ctx, "/disconnect-peer", map[string]string{"peer_id": id}, nil); drop != nil {
			err = fmt.Errorf("%w: dropping it gave %w", err, drop)
		}
		return err
	})
}

// stuckAfter is how long a node that is behind may stay at its height. Bytom looks for
// better peers each five seconds, and the stock node takes a second a block, more on a
// busy machine.
const stuckAfter = 12 * time.Second

// catchUp waits until two peers have reached a height, and has them shake hands anew
// when one is stuck where the other went on. A peer that has very much to catch up
// with is not waited for.
func (m *Member) catchUp(ctx context.Context, other *Member, height uint64) error {
	var low uint64
	moved := time.Now()
	for start := moved; time.Since(start) < linkLimit; {
		behind, ahead, err := m.heights(ctx, other)
		if err != nil || behind >= height {
			return err
		}
		if behind > low {
			low, moved = behind, time.Now()
		}
		if ahead > behind && time.Since(moved) > stuckAfter {
			if err := m.disconnect(ctx, other); err != nil {
				return err
			}
			if err := m.connect(ctx, other); err != nil {
				return err
			}
			moved = time.Now()
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// heights are those of two nodes, the lower one first.
func (m *Member) heights(ctx context.Context, other *Member) (behind, ahead uint64, err error) {
	a, err := m.Client().Height(ctx)
	if err != nil {
		return 0, 0, err
	}
	b, err := other.Client().Height(ctx)
	return min(a, b), max(a, b), err
}

// linked is nil if each of the two has the other among its peers, or neither, as
// want says.
func (m *Member) linked(ctx context.Context, other *Member, want bool) error {
	for _, end := range [][2]*Member{{m, other}, {other, m}} {
		has, err := end[0].hasPeer(ctx, end[1])
		if err == nil && has != want {
			err = fmt.Errorf("%s has %s for a peer: %v, expected %v", end[0].URL, end[1].URL, has, want)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hasPeer reports whether other is a peer. That is an error while a handshake is under
// way: the peer is listed before it is counted, and can't be dropped meanwhile.
func (m *Member) hasPeer(ctx context.Context, other *Member) (bool, error) {
	id, err := other.peerID()
	if err != nil {
		return false, err
	}
	var peers []struct {
		ID string `json:"peer_id"`
	}
	if err := m.Client().Call(ctx, "/list-peers", nil, &peers); err != nil {
		return false, err
	}
	count, err := m.Client().PeerCount(ctx)
	if err != nil {
		return false, err
	}
	if count != len(peers) {
		return false, fmt.Errorf("%s lists %d peers and counts %d", m.URL, len(peers), count)
	}
	for _, p := range peers {
		if p.ID == id {
			return true, nil
		}
	}
	return false, nil
}

// peerID is what peers know the node by: its public key, the second half of its
// private one.
func (m *Member) peerID() (string, error) {
	text, err := os.ReadFile(nodeKeyPath(m.Home))
	if err != nil {
		return "", err
	}
	key, err := hex.DecodeString(string(text))
	if err != nil || len(key) != 64 {
		return "", errors.Join(fmt.Errorf("%s has a node key of %d bytes", m.URL, len(key)), err)
	}
	return strings.ToUpper(hex.EncodeToString(key[32:])), nil
}
