package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/node"
)

// unitFiles is the folder of the files for systemd.
var unitFiles = filepath.Join("..", "..", "deploy", "systemd")

// needsSystemd skips the test, or fails it where TENSORITY_REQUIRE has systemd, where a tool of
// systemd's is not there.
func needsSystemd(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("TENSORITY_REQUIRE"), ","), "systemd") {
		t.Fatalf("no %s, and TENSORITY_REQUIRE has systemd", tool)
	}
	t.Skipf("no %s: nobody else knows what systemd makes of the units", tool)
}

// mostExposure is the most that 'systemd-analyze security' may say of a unit, 0 to 10.
const mostExposure = 2.0

func TestServicesAreHardened(t *testing.T) {
	needsSystemd(t, "systemd-analyze")
	for _, name := range []string{"bytom-solo", "bytom-solo-front", "bytom-solo-rig"} {
		for _, dropIn := range []string{"", "bytom-solo-graphics.conf", "bytom-solo-payouts.conf"} {
			if exposure := exposureOf(t, name, dropIn); exposure > mostExposure {
				t.Errorf("%s.service with %q: exposure %.1f, expected %.1f at most", name, dropIn, exposure, mostExposure)
			}
		}
	}
	// A unit that takes nothing away is not taken for a hardened one.
	root := t.TempDir()
	plain := filepath.Join(root, "plain.service")
	if err := os.WriteFile(plain, []byte("[Service]\nExecStart=/bin/true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if exposure := analyse(t, plain); exposure <= mostExposure {
		t.Errorf("a unit without any hardening: exposure %.1f", exposure)
	}
}

// exposureOf is what systemd says of a service, with a drop-in if one is named.
func exposureOf(t *testing.T, name, dropIn string) float64 {
	t.Helper()
	root := t.TempDir()
	unit := filepath.Join(root, name+".service")
	copyFile(t, unit, filepath.Join(unitFiles, name+".service"))
	if dropIn != "" {
		copyFile(t, filepath.Join(unit+".d", dropIn), filepath.Join(unitFiles, dropIn))
	}
	return analyse(t, unit)
}

var exposureLine = regexp.MustCompile(`Overall exposure level for \S+: (\d+\.\d)`)

func analyse(t *testing.T, unit string) float64 {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=100", unit).CombinedOutput()
	found := exposureLine.FindSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("systemd-analyze security %s: %v\n%s", unit, err, out)
	}
	exposure, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return exposure
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// newerThan252 are keys that the oldest systemd in use does not know, and does without.
var newerThan252 = regexp.MustCompile(`Unknown key(?: name)? '(RestartSteps|RestartMaxDelaySec)'`)

// TestSystemdReadsTheUnits has systemd read each unit, and finds fault with each line that it
// does not understand.
func TestSystemdReadsTheUnits(t *testing.T) {
	needsSystemd(t, "systemd-analyze")
	root := t.TempDir()
	program := filepath.Join(root, "bytom-solo")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bytom-solo", "bytom-solo-front", "bytom-solo-rig"} {
		text, err := os.ReadFile(filepath.Join(unitFiles, name+".service"))
		if err != nil {
			t.Fatal(err)
		}
		unit := filepath.Join(root, name+".service")
		here := strings.ReplaceAll(string(text), "/usr/bin/bytom-solo", program)
		if err := os.WriteFile(unit, []byte(here), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, dropIn := range []string{"bytom-solo-graphics.conf", "bytom-solo-payouts.conf"} {
			copyFile(t, filepath.Join(unit+".d", dropIn), filepath.Join(unitFiles, dropIn))
		}
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "bytom-solo") && !newerThan252.MatchString(line) {
				t.Errorf("%s.service: %s", name, strings.TrimSpace(line))
			}
		}
		if err != nil {
			t.Errorf("systemd-analyze verify %s.service: %v\n%s", name, err, out)
		}
	}
}

func TestSysusersMakeTheUser(t *testing.T) {
	needsSystemd(t, "systemd-sysusers")
	if os.Geteuid() != 0 {
		t.Skip("not root: who else may not write a list of users")
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs(filepath.Join(unitFiles, "bytom-solo.sysusers"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-sysusers", "--root="+root, file).CombinedOutput(); err != nil {
		t.Fatalf("systemd-sysusers: %v\n%s", err, out)
	}
	users, err := os.ReadFile(filepath.Join(root, "etc", "passwd"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^bytom-solo:[^:]*:\d+:\d+:Bytom node:/var/lib/bytom-solo:\S*/nologin$`).Match(users) {
		t.Errorf("no user bytom-solo without a login in\n%s", users)
	}
}

var settingName = regexp.MustCompile(`\bTM_[A-Z_0-9]+`)

// TestServiceSettingsAreThePrograms holds the variables that the files for systemd set to those
// that a node or a front reads: it would pass over one that is misspelt.
func TestServiceSettingsAreThePrograms(t *testing.T) {
	for _, each := range []struct {
		register func(*node.Config, *pflag.FlagSet)
		files    []string
	}{
		{(*node.Config).Register, []string{"bytom-solo.service", "bytom-solo.default", "bytom-solo-payouts.conf"}},
		{(*node.Config).RegisterFront, []string{"bytom-solo-front.service", "bytom-solo-front.default"}},
	} {
		known := make(map[string]bool)
		keys := pflag.NewFlagSet("", pflag.ContinueOnError)
		each.register(node.NewConfig(), keys)
		keys.VisitAll(func(f *pflag.Flag) {
			known["TM_"+strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(f.Name))] = true
		})
		seen := 0
		for _, name := range each.files {
			text, err := os.ReadFile(filepath.Join(unitFiles, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, variable := range settingName.FindAllString(string(text), -1) {
				if seen++; !known[variable] {
					t.Errorf("%s: %s is no setting", name, variable)
				}
			}
		}
		if seen < 5 {
			t.Errorf("%d variables in %v: they are written in another way now", seen, each.files)
		}
	}
}
