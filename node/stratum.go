package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// StratumConfig is the part of the rigs on the LAN.
type StratumConfig struct {
	// Listen is the address for rigs; empty serves none.
	Listen string
	// Password is what rigs must log in with; empty takes any.
	Password string
	// Allow are the networks that rigs may connect from, separated by commas; empty is
	// all.
	Allow string
	// TLSCert and TLSKey are PEM files; both or none.
	TLSCert, TLSKey string
	// MDNS announces the port on the LAN.
	MDNS bool
	// MinDifficulty and StartDifficulty are a rig's lowest and first, in hashes a share.
	MinDifficulty, StartDifficulty float64
	// VerifyPercent is the part of this machine's hashes that may go into verifying
	// shares.
	VerifyPercent int
	// MaxSessions limits the connections, MaxPerAddress those from one address; 0 is no
	// limit of its own.
	MaxSessions, MaxPerAddress int
	// KnownAnswer gives each new rig a job first whose solution is known.
	KnownAnswer bool
}

func newStratumConfig() StratumConfig {
	return StratumConfig{MinDifficulty: 1, StartDifficulty: 1000, VerifyPercent: 25, MaxSessions: 4096}
}

func (c *Config) registerStratum(fs *pflag.FlagSet) {
	s := &c.Stratum
	fs.StringVar(&s.Listen, "stratum.listen", s.Listen, "address that rigs on the LAN connect to by Stratum, such as 0.0.0.0:9119; empty is off")
	fs.StringVar(&s.Password, "stratum.password", s.Password, "password that rigs must log in with; empty takes any")
	fs.StringVar(&s.Allow, "stratum.allow", s.Allow, "networks that rigs may connect from, such as 192.168.0.0/16 or single addresses, separated by commas; empty is all")
	fs.StringVar(&s.TLSCert, "stratum.tls-cert", s.TLSCert, "PEM file of the certificate for rigs that speak TLS, on the same port as the others")
	fs.StringVar(&s.TLSKey, "stratum.tls-key", s.TLSKey, "PEM file of its key")
	fs.BoolVar(&s.MDNS, "stratum.mdns", s.MDNS, "announce the port on the LAN by mDNS, as _bytom-stratum._tcp")
	fs.Float64Var(&s.MinDifficulty, "stratum.min-difficulty", s.MinDifficulty, "lowest difficulty of a rig, in hashes a share")
	fs.Float64Var(&s.StartDifficulty, "stratum.start-difficulty", s.StartDifficulty, "difficulty that a new rig begins with, in hashes a share")
	fs.IntVar(&s.VerifyPercent, "stratum.verify-percent", s.VerifyPercent, "part of this machine's hashes that may go into verifying the rigs' shares, 1 to 100; rigs get harder shares where it is not enough")
	fs.IntVar(&s.MaxSessions, "stratum.max-sessions", s.MaxSessions, "connections of rigs at the most")
	fs.IntVar(&s.MaxPerAddress, "stratum.max-per-address", s.MaxPerAddress, "connections of rigs from one address at the most; 0 is as many as in all")
	fs.BoolVar(&s.KnownAnswer, "stratum.known-answer", s.KnownAnswer, "give each new rig a job first whose solution is known, and log whether it computes right")
}

// check refuses values that would fail later.
func (s *StratumConfig) check(bad func(key string, value any, expected string)) {
	if s.Listen != "" && !isListen(s.Listen) {
		bad("stratum.listen", s.Listen, "host:port")
	}
	if s.Listen == "" {
		s.checkIdle(bad)
	}
	if s.StartDifficulty == newStratumConfig().StartDifficulty {
		s.StartDifficulty = max(s.StartDifficulty, s.MinDifficulty) // Nobody chose it.
	}
	if s.StartDifficulty < s.MinDifficulty {
		bad("stratum.start-difficulty", s.StartDifficulty, fmt.Sprintf("at least stratum.min-difficulty, %v", s.MinDifficulty))
	}
	if _, err := s.networks(); err != nil {
		bad("stratum.allow", s.Allow, "networks such as 192.168.0.0/16 or addresses, separated by commas")
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		bad("stratum.tls-key", s.TLSKey, "a file together with stratum.tls-cert, or neither")
	}
	s.readPair(bad)
	for key, d := range map[string]float64{"stratum.min-difficulty": s.MinDifficulty, "stratum.start-difficulty": s.StartDifficulty} {
		if !(d >= 1 && d <= math.MaxUint32) {
			bad(key, d, "1 to 4294967295")
		}
	}
	if s.VerifyPercent < 1 || s.VerifyPercent > 100 {
		bad("stratum.verify-percent", s.VerifyPercent, "1 to 100")
	}
	if s.MaxSessions < 1 {
		bad("stratum.max-sessions", s.MaxSessions, "1 or more")
	}
	if s.MaxPerAddress < 0 {
		bad("stratum.max-per-address", s.MaxPerAddress, "0 or more")
	}
}

// checkIdle refuses what would guard or serve a port that there is not.
func (s *StratumConfig) checkIdle(bad func(key string, value any, expected string)) {
	without := func(key string, set bool, value any) {
		if set {
			bad(key, value, "stratum.listen as well: without it there is no port for rigs")
		}
	}
	without("stratum.password", s.Password != "", hidden)
	without("stratum.allow", s.Allow != "", s.Allow)
	without("stratum.tls-cert", s.TLSCert != "", s.TLSCert)
	without("stratum.tls-key", s.TLSKey != "", s.TLSKey)
	without("stratum.mdns", s.MDNS, true)
	without("stratum.known-answer", s.KnownAnswer, true)
}

// networks are those of Allow.
func (s *StratumConfig) networks() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range strings.Split(s.Allow, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			var address netip.Addr
			if address, err = netip.ParseAddr(text); err != nil {
				return nil, err
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		list = append(list, network.Masked())
	}
	return list, nil
}

// LedgerPath is the file of the rigs' ledger.
func (c *Config) LedgerPath() string { return filepath.Join(c.Bytom.RootDir, "mining", "rigs.db") }

// rigSources are what a server of rigs has from a node or a front.
type rigSources struct {
	space *mining.Extranonces
	// owner is stratum.Config's Owner, book what its Book is where the ledger is open.
	owner func(login string) (string, error)
	book  func(*ledger.Ledger) stratum.Book
}

// openStratum opens the port for rigs, if there is to be one.
func (n *station) openStratum(ctx context.Context, s rigSources) error {
	c := n.config.Stratum
	if c.Listen == "" {
		return n.openOldLedger()
	}
	allow, err := c.networks()
	if err != nil {
		return fmt.Errorf("key stratum.allow: %w", err)
	}
	pair := c.readPair(func(key string, value any, expected string) {
		err = errors.Join(err, fmt.Errorf("key %s: value %q: expected %s", key, fmt.Sprint(value), expected))
	})
	if err != nil { // The files are others than when the settings were read.
		return err
	}
	sessions, err := n.files.sessions(c.MaxSessions)
	if err != nil {
		return err
	}
	n.mostSessions = sessions
	if sessions < c.MaxSessions {
		n.log.Warn("fewer rigs can connect than stratum.max-sessions allows: the limit of open files is too low; 'ulimit -n' or the service's LimitNOFILE raises it",
			"open_files", n.files.limit, "rigs", sessions, "rpc_connections", n.files.rpc, "stratum.max-sessions", c.MaxSessions)
	}
	var encrypted *tls.Config
	if pair != nil {
		n.tlsCert = &servedCertificate{}
		n.tlsCert.now.Store(pair)
		encrypted = n.tlsCert.tls()
	}
	speed, err := hashSpeed(ctx, n.verifier, n.backends[0].Info().Workers)
	if err != nil {
		return err
	}
	if n.rigPort, err = net.Listen("tcp", c.Listen); err != nil {
		return fmt.Errorf("key stratum.listen: %w", err)
	}
	if err := n.openLedger(); err != nil {
		return err
	}
	n.rigs = stratum.NewServer(stratum.Config{
		Listener: n.service.accepts("rigs", n.rigPort), Templates: n.templates, Submitter: n.submitter, Extranonces: s.space, Handouts: n.handouts,
		Hash: n.verifier.Hash, Workers: n.backends[0].Info().Workers, Budget: speed * float64(c.VerifyPercent) / 100,
		StartDifficulty: c.StartDifficulty, MinDifficulty: c.MinDifficulty,
		Password: c.Password, Allow: allow, TLS: encrypted,
		MaxSessions: sessions, MaxPerAddress: c.MaxPerAddress, KnownAnswer: c.KnownAnswer, Owner: s.owner,
		Book: s.book(n.ledger), Observe: n.metrics.observe, Log: n.log,
	})
	n.log.Debug("rigs' shares", "hashes_per_second", speed, "percent", c.VerifyPercent)
	return nil
}

// hashSpeed is how many hashes a second the verifier computes: one after the other where it shares
// each among all cores, else as many at a time as it has workers.
func hashSpeed(ctx context.Context, v *compute.Verifier, workers int) (float64, error) {
	atATime := 1
	if workers > compute.SpreadMost {
		atATime = workers
	}
	best := time.Duration(math.MaxInt64)
	for round := range byte(3) {
		start := time.Now()
		hashes, ctx := errgroup.WithContext(ctx)
		for i := range atATime {
			hashes.Go(func() error {
				_, err := v.Hash(ctx, [32]byte{round, byte(i), byte(i >> 8)}, [32]byte{})
				return err
			})
		}
		if err := hashes.Wait(); err != nil {
			return 0, fmt.Errorf("time the hash: %w", err)
		}
		took := time.Since(start)
		best = min(best, took)
		if round == 1 && took > time.Second { // The plain algorithm: that's good enough.
			break
		}
	}
	return float64(atATime) / best.Seconds(), nil
}

// serveRigs serves the rigs until ctx ends.
func (n *station) serveRigs(ctx context.Context) error {
	if n.config.Stratum.MDNS {
		defer n.announceRigPort()()
	}
	err := n.rigs.Run(ctx)
	if errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("serve rigs: %w", err)
}

// rigURL is what rigs on the LAN connect to.
func (n *station) rigURL() string {
	host, port, err := net.SplitHostPort(n.rigPort.Addr().String())
	if err != nil {
		return n.rigPort.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = lanAddress()
	}
	return "stratum+tcp://" + net.JoinHostPort(host, port)
}

// lanAddress is this machine's address on its network, as far as is known.
func lanAddress() string {
	addresses, err := net.InterfaceAddrs()
	if err == nil {
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
				return n.IP.String()
			}
		}
	}
	return "127.0.0.1"
}

// suggestStratum logs, where the node mines and lets the LAN in, that rigs could help.
func (n *Node) suggestStratum(rpc net.Addr) {
	a, ok := rpc.(*net.TCPAddr)
	if n.rigs == nil && n.config.Bytom.Mining && ok && !a.IP.IsLoopback() {
		n.log.Info("rigs on the LAN can mine for this node", "with", "--stratum.listen 0.0.0.0:"+strconv.Itoa(rigPortHint))
	}
}

// rigPortHint is the port that the documentation uses.
const rigPortHint = 9119
