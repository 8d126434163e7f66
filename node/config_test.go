package node

import (
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	cfg "github.com/bytom/bytom/config"
)

// load makes a configuration of a config.toml, flags and an environment.
func load(t *testing.T, file string, args []string, env map[string]string) (*Config, error) {
	t.Helper()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c := NewConfig()
	fs := pflag.NewFlagSet("node", pflag.ContinueOnError)
	c.RegisterHome(fs)
	c.Register(fs)
	if err := fs.Parse(append([]string{"--home", home}, args...)); err != nil {
		t.Fatal(err)
	}
	return c, c.Load(fs, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
}

// stockFile is what the stock node's init writes.
const stockFile = `# This is a TOML config file.
# For more information, see https://github.com/toml-lang/toml
fast_sync = true
db_backend = "leveldb"
api_addr = "0.0.0.0:9888"
node_alias = ""
chain_id = "mainnet"
[p2p]
laddr = "tcp://0.0.0.0:46657"
seeds = "45.79.213.28:46657,198.74.61.131:46657"
`

func TestStockConfigFile(t *testing.T) {
	c, err := load(t, stockFile, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := c.Bytom
	if b.ChainID != "mainnet" || b.ApiAddress != "0.0.0.0:9888" || b.P2P.ListenAddress != "tcp://0.0.0.0:46657" ||
		b.P2P.Seeds != "45.79.213.28:46657,198.74.61.131:46657" || b.Mining || !c.Verify.Fast {
		t.Errorf("%+v %+v", b, b.P2P)
	}
}

func TestFlagThenEnvironmentThenFile(t *testing.T) {
	file := "chain_id = \"solonet\"\nlog_level = \"error\"\n[p2p]\nmax_num_peers = 1\n[mining]\nenable = true\nthreads = 1\n"
	c, err := load(t, file,
		[]string{"--p2p.max_num_peers=3"},
		map[string]string{"TM_P2P_MAX_NUM_PEERS": "2", "TM_LOG_LEVEL": "debug", "LISTEN": "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Bytom.P2P.MaxNumPeers != 3 || c.Bytom.LogLevel != "debug" || !c.Bytom.Mining || c.Mining.Threads != 1 || c.Bytom.ApiAddress != "127.0.0.1:1" {
		t.Errorf("%+v %+v %+v", c.Bytom, c.Bytom.P2P, c.Mining)
	}
	if c, err := load(t, "chain_id = \"solonet\"\nmining = true\n", nil, nil); err != nil || !c.Bytom.Mining {
		t.Errorf("the stock node's key mining: %v", err)
	}
}

// TestConfigFileIsTakenAsTheStockNodeTakesIt has a byte order mark, as Windows's editors
// write it, keys in capitals and levels that logrus knows.
func TestConfigFileIsTakenAsTheStockNodeTakesIt(t *testing.T) {
	c, err := load(t, "\uFEFFChain_ID = \"solonet\"\nLOG_LEVEL = \"Warning\"\n[P2P]\nMax_Num_Peers = 7\n[Mining]\nEnable = true\nAddress = \"Aa\"\n", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b := c.Bytom; b.ChainID != "solonet" || b.P2P.MaxNumPeers != 7 || !b.Mining || c.Mining.Address != "Aa" || b.LogLevel != "Warning" {
		t.Errorf("%+v %+v", b, b.P2P)
	}
	for level, want := range map[string]slog.Level{"trace": slog.LevelDebug, "DEBUG": slog.LevelDebug, "info": slog.LevelInfo,
		"warning": slog.LevelWarn, "Warn": slog.LevelWarn, "error": slog.LevelError, "fatal": slog.LevelError, "panic": slog.LevelError} {
		c, err := load(t, "chain_id = \"solonet\"\nlog_level = \""+level+"\"\n", nil, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		log := c.logger(io.Discard)
		if !log.Enabled(t.Context(), want) || log.Enabled(t.Context(), want-1) {
			t.Errorf("%s is not %v", level, want)
		}
	}
}

// TestAMisspeltKeyTellsNoSecret has the value of one be a password, or a webhook's URL.
func TestAMisspeltKeyTellsNoSecret(t *testing.T) {
	for _, file := range []string{"[stratum]\npasword = \"s3cret\"", "[notify]\nwebhok = \"https://a.example/s3cret\"", "[p2p]\nnode_kez = \"x\"\nnodekey = \"s3cret\""} {
		if _, err := load(t, "chain_id = \"solonet\"\n"+file, nil, nil); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// inSolonet is what a config.toml begins with whose other keys are tested.
const inSolonet = "chain_id = \"solonet\"\n"

// badValues are settings that are refused, and what the error says of each.
var badValues = []struct {
	name, file string
	args       []string
	env        map[string]string
	want       []string
}{
	{"unknown key", inSolonet + "minning = true", nil, nil, []string{"minning", "true"}},
	{"unknown key in a table", inSolonet + "[mining]\nadress = \"x\"", nil, nil, []string{"mining.adress", "x"}},
	{"unknown network", "chain_id = \"bitcoin\"", nil, nil, []string{"chain_id", "bitcoin", "solonet"}},
	{"no network", "", nil, nil, []string{"chain_id", "init"}},
	{"wrong type", inSolonet + "[p2p]\nmax_num_peers = \"many\"", nil, nil, []string{"p2p.max_num_peers", "many", "a whole number"}},
	{"wrong bool", inSolonet + "[mining]\nenable = 7", nil, nil, []string{"mining", "7", "true or false"}},
	{"wrong environment", inSolonet, nil, map[string]string{"TM_MINING_THREADS": "x"}, []string{"TM_MINING_THREADS", "x", "a whole number"}},
	{"percent", inSolonet, []string{"--mining.cpu-percent=0"}, nil, []string{"mining.cpu-percent", "0", "1 to 100"}},
	{"database", inSolonet + "db_backend = \"sqlite\"", nil, nil, []string{"db_backend", "sqlite", "leveldb"}},
	{"level", inSolonet, []string{"--log_level=loud"}, nil, []string{"log_level", "loud", "debug"}},
	{"format", inSolonet, []string{"--log.format=xml"}, nil, []string{"log.format", "xml", "json"}},
	{"rpc address", inSolonet + "api_addr = \"9888\"", nil, nil, []string{"api_addr", "9888", "host:port"}},
	{"p2p address", inSolonet, []string{"--p2p.laddr=0.0.0.0:1"}, nil, []string{"p2p.laddr", "0.0.0.0:1", "tcp://"}},
	{"stratum address", inSolonet, []string{"--stratum.listen=9119"}, nil, []string{"stratum.listen", "9119", "host:port"}},
	{"stratum networks", inSolonet, []string{"--stratum.allow=192.168.0.0/16,lan"}, nil, []string{"stratum.allow", "lan", "192.168.0.0/16"}},
	{"stratum key", inSolonet, []string{"--stratum.tls-cert=c.pem"}, nil, []string{"stratum.tls-key", "stratum.tls-cert"}},
	{"stratum difficulty", inSolonet, []string{"--stratum.min-difficulty=0"}, nil, []string{"stratum.min-difficulty", "0", "1 to"}},
	{"stratum percent", inSolonet, []string{"--stratum.verify-percent=101"}, nil, []string{"stratum.verify-percent", "101", "1 to 100"}},
	{"stratum sessions", inSolonet, nil, map[string]string{"TM_STRATUM_MAX_SESSIONS": "0"}, []string{"stratum.max-sessions", "0", "1 or more"}},
	{"stratum typo", inSolonet + "[stratum]\nlisen = \"x\"", nil, nil, []string{"stratum.lisen", "x"}},
	{"nothing to mine on", inSolonet, []string{"--mining", "--mining.devices=none"}, nil, []string{"mining.devices", "none", "auto"}},
	{"nothing at all to mine on", inSolonet, []string{"--mining", "--mining.devices=none, none"}, nil, []string{"mining.devices", "none, none"}},
	{"no threads", inSolonet, []string{"--mining.threads=-100000"}, nil, []string{"mining.threads", "-100000", "more than -", "processors"}},
	{"mining for nobody", "chain_id = \"mainnet\"", []string{"--mining", "--vault_mode"}, nil, []string{"vault_mode", "true", "--mining.allow-unsynced"}},
	{"a seed's name", inSolonet, []string{"--p2p.seeds=1.2.3.4:5,node.example:46657"}, nil, []string{"p2p.seeds", `"node.example:46657"`, "IP:port"}},
	{"a seed without a port", inSolonet + "[p2p]\nseeds = \"1.2.3.4\"", nil, nil, []string{"p2p.seeds", `"1.2.3.4"`, "IP:port"}},
	{"a seed's port", inSolonet, []string{"--p2p.seeds=1.2.3.4:99999"}, nil, []string{"p2p.seeds", "99999", "IP:port"}},
	{"a kept peer", inSolonet, []string{"--p2p.keep_dial=somewhere"}, nil, []string{"p2p.keep_dial", "somewhere", "IP:port"}},
	{"proxy", inSolonet, []string{"--p2p.proxy_address=10.0.0.1"}, nil, []string{"p2p.proxy_address", "10.0.0.1", "host:port"}},
	{"proxy's port", inSolonet, []string{"--p2p.proxy_address=10.0.0.1:0x1"}, nil, []string{"p2p.proxy_address", "0x1", "host:port"}},
	{"proxy's user alone", inSolonet, []string{"--p2p.proxy_username=joe"}, nil, []string{"p2p.proxy_username", "joe", "p2p.proxy_address"}},
	{"proxy's password alone", inSolonet, nil, map[string]string{"TM_P2P_PROXY_PASSWORD": "SECRET"}, []string{"p2p.proxy_password", "not shown", "p2p.proxy_address"}},
	{"node's key", inSolonet, []string{"--p2p.node_key=SECRET"}, nil, []string{"p2p.node_key", "not shown", "128 hexadecimal"}},
	{"peers", inSolonet, []string{"--p2p.max_num_peers=-1"}, nil, []string{"p2p.max_num_peers", "-1", "0 or more"}},
	{"handshake", inSolonet, []string{"--p2p.handshake_timeout=0"}, nil, []string{"p2p.handshake_timeout", "0", "1 second"}},
	{"dialling", inSolonet, []string{"--p2p.dial_timeout=-3"}, nil, []string{"p2p.dial_timeout", "-3", "1 second"}},
	{"p2p scheme", inSolonet, []string{"--p2p.laddr=udp://0.0.0.0:1"}, nil, []string{"p2p.laddr", "udp://", "tcp://"}},
	{"p2p port", inSolonet, []string{"--p2p.laddr=tcp://0.0.0.0:70000"}, nil, []string{"p2p.laddr", "70000", "tcp://host:port"}},
	{"rpc port", inSolonet, []string{"--api_addr=127.0.0.1:98888"}, nil, []string{"api_addr", "98888", "host:port"}},
	{"rpc without a port", inSolonet, nil, map[string]string{"LISTEN": "127.0.0.1:"}, []string{"api_addr", `"127.0.0.1:"`, "host:port"}},
	{"profiles", inSolonet, []string{"--prof_laddr=6060"}, nil, []string{"prof_laddr", "6060", "host:port"}},
	{"websockets", inSolonet, []string{"--ws.max_num_websockets=-1"}, nil, []string{"ws.max_num_websockets", "-1", "0 or more"}},
	{"websockets' requests", inSolonet, []string{"--ws.max_num_concurrent_reqs=0"}, nil, []string{"ws.max_num_concurrent_reqs", "0", "1 or more"}},
	{"no wallet to rescan", inSolonet, []string{"--wallet.disable", "--wallet.rescan"}, nil, []string{"wallet.rescan", "wallet.disable"}},
	{"no wallet's index", inSolonet, []string{"--wallet.disable", "--wallet.txindex"}, nil, []string{"wallet.txindex", "wallet.disable"}},
	{"stratum port", inSolonet, []string{"--stratum.listen=0.0.0.0:99999"}, nil, []string{"stratum.listen", "99999", "host:port"}},
	{"stratum password alone", inSolonet, []string{"--stratum.password=SECRET"}, nil, []string{"stratum.password", "not shown", "stratum.listen"}},
	{"stratum networks alone", inSolonet, []string{"--stratum.allow=10.0.0.0/8"}, nil, []string{"stratum.allow", "10.0.0.0/8", "stratum.listen"}},
	{"stratum mdns alone", inSolonet, []string{"--stratum.mdns"}, nil, []string{"stratum.mdns", "stratum.listen"}},
	{"stratum's known answer alone", inSolonet, []string{"--stratum.known-answer"}, nil, []string{"stratum.known-answer", "stratum.listen"}},
	{"stratum key alone", inSolonet, []string{"--stratum.listen=:1", "--stratum.tls-key=k.pem"}, nil, []string{"stratum.tls-key", "k.pem", "stratum.tls-cert"}},
	{"stratum start below the least", inSolonet, []string{"--stratum.min-difficulty=50", "--stratum.start-difficulty=20"}, nil, []string{"stratum.start-difficulty", "20", "stratum.min-difficulty, 50"}},
	{"stratum per address", inSolonet, []string{"--stratum.max-per-address=-1"}, nil, []string{"stratum.max-per-address", "-1", "0 or more"}},
	{"extra nodes", inSolonet, []string{"--mining.extra-nodes=http://10.0.0.1:9888,10.0.0.2"}, nil, []string{"mining.extra-nodes", "10.0.0.2", "http://"}},
	{"webhook", inSolonet, []string{"--notify.webhook=example.com"}, nil, []string{"notify.webhook", "example.com", "http://"}},
	{"fees", inSolonet, []string{"--mining.refresh-fees=-1"}, nil, []string{"mining.refresh-fees", "-1", "BTM"}},
	{"fee rate", inSolonet, []string{"--mining.min-fee-rate=NaN"}, nil, []string{"mining.min-fee-rate", "NaN", "gas"}},
	{"percent above all", inSolonet, []string{"--mining.cpu-percent=101"}, nil, []string{"mining.cpu-percent", "101", "1 to 100"}},
	{"fees above all BTM", inSolonet, []string{"--mining.refresh-fees=1000000001"}, nil, []string{"mining.refresh-fees", "BTM"}},
	{"fee rate above all", inSolonet, []string{"--mining.min-fee-rate=2e15"}, nil, []string{"mining.min-fee-rate", "2e+15", "gas"}},
	{"tools elsewhere", "chain_id = \"mainnet\"", []string{"--solonet.tools"}, nil, []string{"solonet.tools", "chain_id solonet", "mainnet"}},
	{"node's key too short", inSolonet, []string{"--p2p.node_key=" + strings.Repeat("ab", 63)}, nil, []string{"p2p.node_key", "128 hexadecimal"}},
	{"node's key not hexadecimal", inSolonet, []string{"--p2p.node_key=" + strings.Repeat("xy", 64)}, nil, []string{"p2p.node_key", "128 hexadecimal"}},
	{"a seed's port 0", inSolonet, []string{"--p2p.seeds=1.2.3.4:0"}, nil, []string{"p2p.seeds", "1.2.3.4:0", "IP:port"}},
	{"no stratum percent", inSolonet, []string{"--stratum.verify-percent=0"}, nil, []string{"stratum.verify-percent", "0", "1 to 100"}},
	{"stratum difficulty above all", inSolonet, []string{"--stratum.start-difficulty=4294967296"}, nil, []string{"stratum.start-difficulty", "1 to 4294967295"}},
	{"stratum certificate's file", inSolonet, []string{"--stratum.listen=:1", "--stratum.tls-cert=c.pem", "--stratum.tls-key=k.pem"}, nil, []string{"stratum.tls-cert", "c.pem", "a PEM file"}},
	{"not TOML", "chain_id = ", nil, nil, []string{"config.toml"}},
}

// TestBadValues holds every refusal to the key, the value and what was expected.
func TestBadValues(t *testing.T) {
	for _, test := range badValues {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, test.file, test.args, test.env)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v: does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%v: tells a secret", err)
			}
		})
	}
}

// TestUsualValuesAreTaken has what looks odd, and makes sense.
func TestUsualValuesAreTaken(t *testing.T) {
	for _, args := range [][]string{
		{"--mining", "--mining.threads=-1"},
		{"--mining.devices=none"},
		{"--mining", "--vault_mode"},
		{"--p2p.seeds=1.2.3.4:5, [::1]:6,"},
		{"--p2p.seeds="},
		{"--p2p.proxy_address=localhost:9050", "--p2p.proxy_username=a", "--p2p.proxy_password=b"},
		{"--p2p.max_num_peers=0"},
		{"--stratum.listen=:1", "--stratum.min-difficulty=5000"},
		{"--api_addr=:0", "--stratum.listen=[::]:0"},
		{"--stratum.listen=:9119", "--stratum.password=x", "--stratum.allow=10.0.0.0/8", "--stratum.mdns"},
		{"--mining.cpu-percent=1", "--mining.refresh-fees=0", "--mining.min-fee-rate=0", "--p2p.handshake_timeout=1", "--p2p.dial_timeout=1"},
		{"--mining.cpu-percent=100", "--mining.refresh-fees=1e9", "--mining.min-fee-rate=1e15"},
		{"--ws.max_num_websockets=0", "--ws.max_num_concurrent_reqs=1", "--solonet.tools", "--p2p.node_key=" + strings.Repeat("ab", 64)},
		{"--stratum.verify-percent=1", "--stratum.max-sessions=1", "--stratum.max-per-address=0"},
		{"--stratum.verify-percent=100", "--stratum.start-difficulty=4294967295", "--stratum.min-difficulty=4294967295"},
		{"--stratum.start-difficulty=1", "--stratum.min-difficulty=1"},
		{"--notify.webhook=https://a.example/x", "--mining.extra-nodes=https://a.example:1,http://b.example"},
	} {
		c, err := load(t, "chain_id = \"solonet\"\n", args, nil)
		if err != nil {
			t.Errorf("%v: %v", args, err)
		}
		if args[0] == "--p2p.seeds=1.2.3.4:5, [::1]:6," && c.Bytom.P2P.Seeds != "1.2.3.4:5,[::1]:6" {
			t.Errorf("seeds %q: Bytom leaves out what has a blank before it", c.Bytom.P2P.Seeds)
		}
	}
}

// TestHome: the flag goes before the environment, and that before the default.
func TestHome(t *testing.T) {
	given := filepath.Join(t.TempDir(), "given")
	for _, c := range []struct {
		flag string
		env  map[string]string
		want string
	}{
		{"", nil, cfg.DefaultDataDir()},
		{"", map[string]string{"TMHOME": "/a", "TM_HOME": "/b"}, "/a"},
		{"", map[string]string{"TM_HOME": "/b"}, "/b"},
		{given, map[string]string{"TMHOME": "/a"}, given},
	} {
		config := NewConfig()
		if c.flag != "" {
			config.Bytom.RootDir = c.flag
		}
		if got := config.Home(func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }); got != c.want {
			t.Errorf("--home %q and %v: %s, expected %s", c.flag, c.env, got, c.want)
		}
	}
}

// TestFeeStep: the option is in BTM, the fees are not.
func TestFeeStep(t *testing.T) {
	for btm, want := range map[float64]uint64{0: 0, 0.01: 1_000_000, 2: 200_000_000} {
		if got := (MiningConfig{RefreshFees: btm}).feeStep(); got != want {
			t.Errorf("%v BTM are %d, expected %d", btm, got, want)
		}
	}
}

// TestTheEngineAndItsPartsFitOneFile: TOML has no key that is text and a table.
func TestTheEngineAndItsPartsFitOneFile(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte("[engine]\nurl = \"tls://10.0.0.1:4222\"\nca = \"ca.pem\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := readConfigFile(home)
	if want := map[string]string{"engine": "tls://10.0.0.1:4222", "engine.ca": "ca.pem"}; err != nil || !maps.Equal(file, want) {
		t.Errorf("%v, %v, expected %v", file, err, want)
	}
}

// TestStrayVariablesAreNamed: what is misspelt in a service's file of settings is told, and what
// sets an option, or a command's token, is not.
func TestStrayVariablesAreNamed(t *testing.T) {
	fs := pflag.NewFlagSet("node", pflag.ContinueOnError)
	NewConfig().Register(fs)
	got := StrayVariables(fs, []string{
		"TM_MINING_ADRESS=x", "TM_MINING=true", "TM_STRATUM_LISTEN=:1", "TM_TOKEN=a:b", "TMHOME=/x", "HOME=/x", "TM_STRATUM_PASWORD=hunter2", "TM_API_ADDR=:2",
	})
	if want := []string{"TM_MINING_ADRESS", "TM_STRATUM_PASWORD"}; !slices.Equal(got, want) {
		t.Errorf("%v, expected %v", got, want)
	}
}
