package testnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// Member is a node as a process: of a network, or of a test alone. Its methods call
// its RPC; Client does so with a context.
type Member struct {
	Index int  `json:"index"`
	Stock bool `json:"stock"` // runs the stock node, not ours
	// Home is the data directory.
	Home string `json:"home"`
	// LogPath is the file of what it writes to its terminal.
	LogPath string `json:"log"`
	URL     string `json:"url"` // of the RPC
	IP      string `json:"ip"`  // of the p2p
	Port    int    `json:"port"`
	// Stratum is the address for rigs, host:port, of a network's node of ours.
	Stratum string `json:"stratum,omitempty"`
	// Address is the mining address of its wallet, where the network created one.
	Address string `json:"address,omitempty"`
	// Program and Args are what runs.
	Program string   `json:"program"`
	Args    []string `json:"args,omitempty"`
	Process process  `json:"process"`

	// Of a process that was started by this one:
	exited  chan struct{}
	exitErr error
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
	if err := os.MkdirAll(m.Home, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(m.LogPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	cmd := exec.Command(m.Program, m.arguments()...)
	// The password is that of each node's account, for those that pay owners of rigs.
	cmd.Env = append(os.Environ(), "LISTEN="+m.URL[len("http://"):], "BYTOM_SOLO_PAYOUT_PASSWORD="+KeyPassword)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{at.lock}
	if m.Process, err = spawn(cmd, dies); err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", m, err), log.Close())
	}
	exited := make(chan struct{})
	m.exited = exited
	go func() {
		m.exitErr = errors.Join(cmd.Wait(), log.Close())
		close(exited)
	}()
	return nil
}

// startLimit is how long a node may take until it answers, if nobody says otherwise.
const startLimit = time.Minute

// ready waits until the node answers.
func (m *Member) ready(ctx context.Context, limit time.Duration) error {
	var ended error
	err := Poll(ctx, limit, func() error {
		if !m.Running() {
			ended = fmt.Errorf("%s ended at its start: %v\n%s", m, m.exitErr, m.logEnd(4000))
			return nil
		}
		return m.Client().Call(ctx, "/net-info", nil, nil)
	})
	return errors.Join(err, ended)
}

// Running reports whether the process lives.
func (m *Member) Running() bool {
	if m.exited == nil {
		return m.Process.alive()
	}
	select {
	case <-m.exited:
		return false
	default:
		return true
	}
}

// stop ends the process: as an operator would, but as a power cut would after grace.
func (m *Member) stop(ctx context.Context, grace time.Duration) error {
	err := m.Process.end(ctx, grace)
	if err == nil && m.exited != nil {
		<-m.exited
	}
	return err
}

// String names the node.
func (m *Member) String() string {
	kind := "node"
	if m.Stock {
		kind = "stock node"
	}
	return fmt.Sprintf("%s %d (%s)", kind, m.Index, m.URL)
}

// Log is what the node wrote to its terminal.
func (m *Member) Log() string {
	raw, err := os.ReadFile(m.LogPath)
	if err != nil {
		return err.Error()
	}
	return string(raw)
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

// logEnd is the end of what the node wrote, of so many bytes.
func (m *Member) logEnd(size int) []byte {
	log := []byte(m.Log())
	return bytes.TrimSpace(log[max(0, len(log)-size):])
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
