package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// startRig runs the program as a rig. Its log is what it printed when it ended.
func startRig(t *testing.T, args ...string) (stop func() (log string)) {
	t.Helper()
	cmd := exec.Command(testnet.Solo(t), append([]string{"rig"}, args...)...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return func() string {
		t.Helper()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("interrupted, the rig ended with %v", err)
		}
		return log.String()
	}
}

// TestRigMines has rigs as processes mine for our node by both ways, and for a stock
// node.
func TestRigMines(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct {
		flag  string
		stock bool
	}{{"--getwork", false}, {"--gbt", false}, {"--getwork", true}} {
		if test.flag == "--getwork" && !test.stock && !computetest.Long() {
			continue // The stock node's is the harder one.
		}
		t.Run(fmt.Sprintf("%s stock=%v", test.flag, test.stock), func(t *testing.T) {
			n := testnet.Start(t, testnet.NodeOptions{Stock: test.stock})
			address := makeAccount(t, n)
			args := []string{test.flag, n.URL, "--threads", "1"}
			if test.flag == "--gbt" {
				args = append(args, "--payee", address)
			}
			stop := startRig(t, args...)
			n.WaitHeight(3, r.limit(3)+time.Minute)
			log := stop()
			for _, line := range []string{"msg=mining", "the node gives work", "block accepted", "msg=stopped"} {
				if !strings.Contains(log, line) {
					t.Errorf("the rig's log does not say %q:\n%s", line, log)
				}
			}
			if strings.Contains(log, "solution rejected") || strings.Contains(log, "level=ERROR") {
				t.Errorf("the rig's log:\n%s", log)
			}
		})
	}
}

// TestRigRefusesFlags has command lines that can't mine.
func TestRigRefusesFlags(t *testing.T) {
	n := testnet.Start(t, testnet.NodeOptions{Stock: true})
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "getwork"},
		{[]string{"--getwork", "http://x", "--gbt", "http://y"}, "getwork"},
		{[]string{"--getwork", "http://x", "--payee", "y"}, "payee"},
		{[]string{"--getwork", "localhost"}, "http://host:port"},
		{[]string{"--getwork", "http://x", "--threads", "-1"}, "--threads"},
		{[]string{"--getwork", "http://x", "-d", "toaster"}, "toaster"},
		{[]string{"--gbt", n.URL}, "/get-block-template"},
	} {
		out, err := execute(t, testnet.Solo(t), append([]string{"rig"}, test.args...)...)
		if err == nil || !strings.Contains(out, test.want) {
			t.Errorf("rig %v: %v, expected an error about %s:\n%s", test.args, err, test.want, out)
		}
	}
}
