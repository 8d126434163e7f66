package testnet

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"
)

// Member is a node as a process: of a network, or of a test alone. Its methods call
// its RPC; Client does so with a context.
type Member struct {
	daemon
	Index int    `json:"index"`
	Stock bool   `json:"stock"` // runs the stock node, not ours
	IP    string `json:"ip"`    // of the p2p
	Port  int    `json:"port"`
	// Stratum is the address for rigs, host:port, of a network's node of ours.
	Stratum string `json:"stratum,omitempty"`
	// Address is the mining address of its wallet, where the network created one.
	Address string `json:"address,omitempty"`
}

// arguments is the command line.
func (m *Member) arguments() []string {
	args := []string{
		"node", "--home", m.Home, "--chain_id", "solonet", "--web.closed",
		"--p2p.laddr", "tcp://" + net.JoinHostPort(m.IP, strconv.Itoa(m.Port)), "--p2p.skip_upnp", "--p2p.lan_discoverable=false",
	}
	return append(args, m.Args...)
}

// start runs the node; with dies, until this process ends at the latest.
func (m *Member) start(at *place, dies bool) error {
	// The password is that of each node's account, for those that pay owners of rigs.
	env := []string{"LISTEN=" + m.URL[len("http://"):], "BYTOM_SOLO_PAYOUT_PASSWORD=" + KeyPassword}
	if err := m.launch(m.arguments(), env, at, dies); err != nil {
		return fmt.Errorf("start %s: %w", m, err)
	}
	return nil
}

// startLimit is how long a node may take until it answers, if nobody says otherwise.
const startLimit = time.Minute

// ready waits until the node answers.
func (m *Member) ready(ctx context.Context, limit time.Duration) error {
	return m.answers(ctx, m.String(), limit, func() error { return m.Client().Call(ctx, "/net-info", nil, nil) })
}

// String names the node.
func (m *Member) String() string {
	kind := "node"
	if m.Stock {
		kind = "stock node"
	}
	return fmt.Sprintf("%s %d (%s)", kind, m.Index, m.URL)
}

// LogFiles are the files that the node logs to. The stock one writes a file a day for
// each of its parts.
func (m *Member) LogFiles() []string {
	if !m.Stock {
		return []string{m.LogPath}
	}
	parts, err := filepath.Glob(filepath.Join(m.Home, "log", "*.*"))
	if err != nil {
		panic(err) // The pattern is bad.
	}
	return append([]string{m.LogPath}, parts...)
}

// Client calls the node's RPC with a context; the methods of the same names here do
// without.
func (m *Member) Client() Client { return Client{m.URL} }

// Call is Client.Call.
func (m *Member) Call(route string, in, out any) error {
	return m.Client().Call(context.Background(), route, in, out)
}

// Post is Client.Post.
func (m *Member) Post(route string, in any) (status int, body []byte, err error) {
	return m.Client().Post(context.Background(), route, in)
}

// Height is Client.Height.
func (m *Member) Height() (uint64, error) { return m.Client().Height(context.Background()) }

// BlockHash is Client.BlockHash.
func (m *Member) BlockHash(height uint64) (string, error) {
	return m.Client().BlockHash(context.Background(), height)
}

// PeerCount is Client.PeerCount.
func (m *Member) PeerCount() (int, error) { return m.Client().PeerCount(context.Background()) }
