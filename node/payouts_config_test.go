package node

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom/bytom/consensus"
)

func TestBadPayoutValues(t *testing.T) {
	on := "--stratum.listen=:1"
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{on, "--payout.scheme=proportional"}, []string{"payout.scheme", "proportional", "pplns"}},
		{[]string{"--payout.scheme=pplns"}, []string{"payout.scheme", "stratum.listen"}},
		{[]string{on, "--payout.scheme=pplns", "--payout.fee=100.01"}, []string{"payout.fee", "100.01", "0 to 100"}},
		{[]string{on, "--payout.scheme=pplns", "--payout.window=0.05"}, []string{"payout.window", "0.05", "0.1 to 1000"}},
		{[]string{on, "--payout.scheme=dgm", "--payout.c=0"}, []string{"payout.c", "0.000001 to 0.999999"}},
		{[]string{on, "--payout.scheme=dgm", "--payout.c=1"}, []string{"payout.c", `"1"`, "0.000001 to 0.999999"}},
		{[]string{on, "--payout.scheme=dgm", "--payout.o=1"}, []string{"payout.o", `"1"`, "0 to 0.999999"}},
		{[]string{on, "--payout.scheme=pplns", "--payout.least=0.0099"}, []string{"payout.least", "0.0099", "0.01 to"}},
		{[]string{on, "--payout.scheme=pplns", "--payout.every=0"}, []string{"payout.every", "1 to 1000000"}},
		{[]string{on, "--payout.scheme=pps"}, []string{"payout.reserve", "0", "bad luck"}},
		{[]string{on, "--payout.scheme=dgm", "--payout.reserve=5"}, []string{"payout.reserve", "5", "pps"}},
		{[]string{on, "--payout.scheme=pplns", "--payout.password-file=/nowhere/at/all"}, []string{"payout.password-file", "/nowhere/at/all", "a file"}},
		{[]string{on, "--payout.scheme=pplns", "--payout.password-file=" + t.TempDir()}, []string{"payout.password-file", "chmod 600"}},
		{[]string{on, "--payout.scheme=pplns", "--payout.password-file=" + empty}, []string{"payout.password-file", empty, "0 bytes", "the password alone"}},
		{[]string{on, "--payout.scheme=pplns", "--payout.o=0.9"}, []string{"payout.o", "0.9", "payout.scheme dgm"}},
		{[]string{on, "--payout.scheme=dgm", "--payout.window=4"}, []string{"payout.window", "4", "payout.scheme pplns"}},
		{[]string{on, "--payout.fee=2"}, []string{"payout.fee", "2", "payout.scheme"}},
		{[]string{on, "--payout.owners=a=b"}, []string{"payout.owners", "a=b", "payout.scheme"}},
	} {
		_, err := load(t, inSolonet, c.args, nil)
		if err == nil {
			t.Errorf("%v is accepted", c.args)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %v: does not say %q", c.args, err, want)
			}
		}
	}
	for file, want := range map[string][]string{
		"[payout]\nfee = \"1.234\"\n":                 {"config.toml", "payout.fee", "1.234", "at most 2 decimals"},
		"[payout]\nleast = 1e-9\n":                    {"config.toml", "payout.least", "1e-09", "BTM"},
		"[payout.owners]\nshed = \"\"\n":              {"config.toml", "payout.owners", "shed=", "name=address"},
		"[payout]\nshceme = \"dgm\"\n":                {"payout.shceme", "dgm"},
		"[payout]\nfee = -1\n":                        {"config.toml", "payout.fee", "-1", "from 0 on"},
		"[payout]\nscheme = dgm\n":                    {"config.toml, line ", "key scheme", "in quotes"},
		"[payout.owners]\nBob = \"a\"\nbob = \"b\"\n": {"config.toml", "payout.owners.bob", "capitals mean nothing", "only one"},
	} {
		_, err := load(t, inSolonet+"\n"+file, nil, nil)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v: does not say %q", file, err, w)
			}
		}
	}
}

// TestPayoutValues: every amount is exact, and a table of owners is the same as the flag.
func TestPayoutValues(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := inSolonet + "[stratum]\nlisten = \":1\"\n[payout]\nscheme = \"pplns\"\nfee = 0.5\nleast = 2.00000001\nwindow = 2.5\n" +
		"password-file = \"" + password + "\"\n[payout.owners]\nShed = \"" + someAddress + "\"\n\"farm.rig1\" = \"" + someAddress + "\"\n"
	c, err := load(t, file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := c.Payout
	if p.FeeBP != 50 || p.Least != 200_000_001 || p.WindowMilli != 2500 || p.Every != 576 || p.CMillionths != 20_000 || p.OMillionths != 995_000 {
		t.Errorf("%+v", p)
	}
	if p.Owners.String() != "farm.rig1="+someAddress+",shed="+someAddress {
		t.Errorf("owners %s", p.Owners.String())
	}
	_, err = load(t, file, []string{"--payout.owners=a=" + someAddress, "--payout.owners=b=x,c=y"}, nil)
	if err != nil {
		t.Error(err) // Addresses are looked at when the network is known.
	}
}

const someAddress = "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"

// onSolonet has the process be of a solonet for a test.
func onSolonet(t *testing.T) {
	t.Helper()
	severalNetworks(t)
	consensus.ActiveNetParams = consensus.NetParams["solonet"]
}

func TestWhoseARigIs(t *testing.T) {
	onSolonet(t)
	const other = "sm1qlrmv3wmn2m5rpp2c2hgzwa3zxs8cjvhzru9k95"
	var log bytes.Buffer
	list := ownerList{"shed": other, "farm.rig1": other}
	if _, err := ownerAddress(other); err != nil {
		t.Fatal(err)
	}
	o, err := newOwners(list, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for login, want := range map[string]string{
		someAddress + ".rig1": someAddress, strings.ToUpper(someAddress) + ".0": someAddress, someAddress + ".": someAddress,
		"shed.0": other, "SHED.x": other, "farm.rig1": other, "farm.rig2": "", "bm1.rig": "", "sm1-shed.0": "", "": "",
	} {
		if owner, err := o.of(login); err != nil || owner != want {
			t.Errorf("login %q is %q's, %v; expected %q", login, owner, err, want)
		}
	}
	for _, login := range []string{
		someAddress[:len(someAddress)-1] + "8.rig1", // a typo
		"bm1q3cuzlxhzhqnse2w2v2mdkls9873am2cyxxxxxx.0",
		strings.Replace(someAddress, "sm1", "tm1", 1) + ".0",
	} {
		if owner, err := o.of(login); err == nil || owner != "" || !strings.Contains(err.Error(), "sm1") {
			t.Errorf("login %q is %q's, %v; expected an error that says how addresses begin", login, owner, err)
		}
	}
	for _, login := range []string{" " + someAddress + ".1", "0x" + someAddress + ".1", "?" + strings.ToUpper(someAddress), "farm." + someAddress, "sm1." + someAddress} {
		if owner, err := o.of(login); err == nil || owner != "" || !strings.Contains(err.Error(), "nothing before the address") {
			t.Errorf("login %q is %q's, %v; expected an error that says where the address belongs", login, owner, err)
		}
	}
	for _, login := range []string{"hall-btm1-rack-07-row-12-asic-0042-unit-3.0", "btm1.row-12-asic-0042-unit-3-of-the-hall", "shed." + someAddress} {
		if _, err := o.of(login); err != nil {
			t.Errorf("login %q: %v", login, err)
		}
	}
	for range 3 {
		_, _ = o.of("farm.rig2")
	}
	if n := strings.Count(log.String(), "rig=farm.rig2"); n != 1 {
		t.Errorf("told %d times that a rig has no owner", n)
	}
	for _, bad := range []ownerList{{"a": "b"}, {"a": strings.Replace(someAddress, "sm1", "bm1", 1)}} {
		if _, err := newOwners(bad, slog.Default()); err == nil || !strings.Contains(err.Error(), `payout.owners: name "a"`) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
