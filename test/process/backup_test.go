//go:build linux || darwin

package process_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestBackupIsRestored backs a node up while it mines and splits what it finds, and starts another
// one from nothing but the copy: it has the blocks, the debts to the last neu, the key and, once
// the wallet's image is given back, the account.
func TestBackupIsRestored(t *testing.T) {
	t.Parallel() // It mostly waits.
	program, dir := testnet.Solo(t), t.TempDir()
	args := []string{"--payout.scheme", "pplns", "--stratum.listen", "127.0.0.1:0"}
	p := harness.Start(t, program, harness.SolonetArgs(filepath.Join(dir, "home"), append(append(harness.MineSlowly(), args...), "--payout.miner", "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7")...)...)
	c := p.Client()
	checkMetrics(t, c.URL)
	harness.WaitGrowth(t, c, 3)
	before := verified(t, c, 2)
	out := filepath.Join(dir, "copies", "today")
	text, err := harness.Execute(t, program, "backup", "--home", filepath.Join(dir, "home"), "--api_addr", c.URL, "--out", out)
	if err != nil || !strings.HasSuffix(text, out+"\n") {
		t.Fatalf("%v: %s", err, text)
	}
	if text, err := harness.Execute(t, program, "backup", "--home", filepath.Join(dir, "home"), "--api_addr", c.URL, "--out", out); err == nil {
		t.Errorf("a backup was written over: %s", text)
	}
	err = filepath.WalkDir(out, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	harness.WaitGrowth(t, c, 2) // It goes on.
	p.Signal(syscall.SIGTERM)
	p.End()

	home := filepath.Join(dir, "restored")
	if err := os.CopyFS(home, os.DirFS(out)); err != nil {
		t.Fatal(err)
	}
	r := harness.Start(t, program, harness.SolonetArgs(home, args...)...)
	checkRestored(t, r.Client(), home, before)
}

// verified waits until so many blocks are split, or more, and all are verified. It is how many.
func verified(t *testing.T, c testnet.Client, least int) int {
	t.Helper()
	blocks := 0
	testnet.Wait(t, time.Minute, func() error {
		var report payout.Report // A new one each time: an answer without problems leaves those of the last.
		err := c.Call(t.Context(), node.VerifyPayoutsRoute, nil, &report)
		if err == nil && (len(report.Problems) > 0 || report.Blocks < least || report.Verified != report.Blocks) {
			err = fmt.Errorf("%+v: expected %d blocks or more, all verified", report, least)
		}
		blocks = report.Blocks
		return err
	})
	return blocks
}

// checkRestored looks at a node that was started from a backup, in which so many blocks were split.
// The journal's come to the chain one by one.
func checkRestored(t *testing.T, c testnet.Client, home string, split int) {
	t.Helper()
	split = verified(t, c, split)
	var found []node.FoundBlock
	if err := c.Call(t.Context(), node.FoundBlocksRoute, nil, &found); err != nil || len(found) < split {
		t.Errorf("%d found blocks and %d split, %v", len(found), split, err)
	}
	list := func(route string) (all []struct{ Alias string }) {
		t.Helper()
		if err := c.Call(t.Context(), route, struct{}{}, &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if keys := list("/list-keys"); len(keys) != 1 {
		t.Errorf("keys %v, expected one", keys)
	}
	image, err := os.ReadFile(filepath.Join(home, node.WalletImageFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), "/restore-wallet", json.RawMessage(image), nil); err != nil {
		t.Fatal(err)
	}
	if accounts := list("/list-accounts"); len(accounts) != 1 {
		t.Errorf("accounts %v, expected one", accounts)
	}
}

// checkMetrics has promtool look at a node's metrics, where there is one.
func checkMetrics(t *testing.T, url string) {
	t.Helper()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		if tool, err = filepath.Abs("../../bin/promtool"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(tool); err != nil {
			t.Log("no promtool: the metrics are not checked; scripts/promtool.sh fetches it where it may")
			return
		}
	}
	resp, err := http.Get(url + node.MetricsRoute)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(text), "bytom_solo_build_info{") {
		t.Fatalf("%v: %.200s", err, text)
	}
	cmd := exec.Command(tool, "check", "metrics")
	cmd.Stdin = strings.NewReader(string(text))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
