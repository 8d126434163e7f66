package testnet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/wallet/mnemonic"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// cli runs a command of 'testnet' on a network's directory.
func cli(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	return runTestnet(t, append([]string{"--dir", dir}, args...)...)
}

// runTestnet runs the program's 'testnet', and returns what it prints; its error says what the
// program says of it.
func runTestnet(t testing.TB, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var says bytes.Buffer
	cmd := exec.CommandContext(ctx, testnet.Solo(t), append([]string{"testnet"}, args...)...)
	cmd.Stderr = &says
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, says.String())
	}
	return string(out), err
}

// newDir is a directory for a network of the command line, which is ended with the test, or
// with this process, whatever becomes of it: the network's nodes are not its children.
func newDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "net")
	down := exec.Command("sh", "-c", `trap "" INT; cat; exec "$SOLO" testnet --dir "$DIR" down`)
	down.Env = append(os.Environ(), "SOLO="+testnet.Solo(t), "DIR="+dir)
	alive, err := down.StdinPipe()
	if err == nil {
		err = down.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(alive.Close(), down.Wait()); err != nil {
			t.Errorf("end the network: %v", err)
		}
	})
	return dir
}

// nodesIn are the processes whose command line names a directory.
func nodesIn(t testing.TB, dir string) (found []string) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		args := strings.Split(string(raw), "\x00")
		if err == nil && slices.Contains(args, "node") && slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, dir) }) {
			found = append(found, path+": "+strings.Join(args, " "))
		}
	}
	return found
}

// noneLeft waits until no node of a directory runs.
func noneLeft(t testing.TB, dir string) {
	t.Helper()
	testnet.Wait(t, 30*time.Second, func() error {
		if left := nodesIn(t, dir); len(left) > 0 {
			return fmt.Errorf("left running: %v", left)
		}
		return nil
	})
}

// TestTestnetTeardown ends networks in each way: 'down' is quick and can be repeated,
// and finds what a killed 'up' has left.
func TestTestnetTeardown(t *testing.T) {
	dir := newDir(t)
	up := exec.Command(testnet.Solo(t), "testnet", "up", "-n", "2", "--dir", dir)
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	testnet.Wait(t, time.Minute, func() error {
		if len(nodesIn(t, dir)) == 0 {
			return errors.New("no node runs yet")
		}
		return nil
	})
	if err := up.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = up.Wait() // It was killed.
	if out, err := cli(t, dir, "up"); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("up beside what is left: %v %s", err, out)
	}
	down(t, dir, 1)

	if out, err := harness.Execute(t, testnet.Solo(t), "testnet", "up", "-n", "2", "--dir", dir); err != nil || !strings.Contains(out, "ready: http://127.") {
		t.Fatalf("%v:\n%s", err, out)
	}
	if got := nodesIn(t, dir); len(got) != 2 {
		t.Errorf("after 'up' has ended there are %d nodes, expected 2", len(got))
	}
	down(t, dir, 2)
}

// down ends a network, several times. What the machine takes to run the program at all,
// which is more where other tests run beside this one, is not 'down's.
func down(t *testing.T, dir string, times int) {
	t.Helper()
	for range times {
		start := time.Now()
		if _, err := harness.Execute(t, testnet.Solo(t), "version"); err != nil {
			t.Fatal(err)
		}
		running := time.Since(start)
		start = time.Now()
		if out, err := cli(t, dir, "down"); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		if took := time.Since(start) - running; took > 2*time.Second {
			t.Errorf("'down' took %v, expected less than 2 s", took)
		}
	}
	if left := nodesIn(t, dir); len(left) > 0 {
		t.Errorf("left running: %v", left)
	}
}

const childVariable = "BYTOM_SOLO_TEST_CHILD"

// TestTestnetChild is what TestTestnetEndsWithItsTest runs.
func TestTestnetChild(t *testing.T) {
	how := os.Getenv(childVariable)
	if how == "" {
		t.Skip("this is a part of TestTestnetEndsWithItsTest")
	}
	n := testnet.New(t, testnet.Options{})
	fmt.Printf("dir %s\n", n.Dir)
	if how == "fail" {
		t.Fatal("as it should")
	}
	<-make(chan struct{}) // until it is killed
}

// TestTestnetEndsWithItsTest has tests fail and die.
func TestTestnetEndsWithItsTest(t *testing.T) {
	for _, how := range []string{"fail", "kill"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run", "^TestTestnetChild$", "-test.v")
			cmd.Env = append(os.Environ(), childVariable+"="+how, "BYTOM_SOLO="+testnet.Solo(t), "TMPDIR="+t.TempDir()) // A kill leaves its files.
			var out lockedBuffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var dir string
			testnet.Wait(t, 2*time.Minute, func() error {
				_, rest, ok := strings.Cut(out.String(), "dir ")
				if ok {
					dir, _, ok = strings.Cut(rest, "\n")
				}
				if !ok {
					return fmt.Errorf("no directory in the output:\n%s", out.String())
				}
				return nil
			})
			if how == "kill" {
				if len(nodesIn(t, dir)) == 0 {
					t.Error("no node to see the end of")
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			if cmd.Wait() == nil {
				t.Error("the test passed")
			}
			noneLeft(t, dir)
			if how == "fail" {
				checkKeptLogs(t, out.String())
			}
		})
	}
}

// checkKeptLogs reads where a failed test has kept its logs, and looks there.
func checkKeptLogs(t *testing.T, out string) {
	t.Helper()
	_, rest, _ := strings.Cut(out, "the logs are kept in ")
	kept, _, ok := strings.Cut(rest, "\n")
	logs, err := filepath.Glob(filepath.Join(kept, "*"))
	if err != nil || !ok || len(logs) != 1 {
		t.Fatalf("%v in %q (%v):\n%s", logs, kept, err, out)
	}
	if raw, err := os.ReadFile(logs[0]); err != nil || !strings.Contains(string(raw), "node is up") {
		t.Errorf("%v: %s", err, raw)
	}
	if err := os.RemoveAll(kept); err != nil {
		t.Error(err)
	}
}

// lockedBuffer is written by a command and read meanwhile.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestTestnetsInParallel has four networks at a time, with nothing in common.
func TestTestnetsInParallel(t *testing.T) {
	nodes := 1
	if computetest.Long() {
		nodes = 3
	}
	networks := []*testnet.Network{{}, {}, {}, {}}
	var wg sync.WaitGroup
	for i := range networks {
		wg.Go(func() {
			n, err := testnet.Up(t.Context(), testnet.Config{Dir: filepath.Join(t.TempDir(), "net"), Nodes: nodes, Solo: testnet.Solo(t), Tied: true})
			if err != nil {
				t.Error(err)
				return
			}
			networks[i] = n
		})
	}
	wg.Wait()
	taken := make(map[string]string)
	for _, n := range networks {
		for _, m := range n.Nodes {
			// Bytom's discovery has its port on all addresses.
			for _, what := range []string{m.URL, m.IP, fmt.Sprint("port ", m.Port)} {
				if other := taken[what]; other != "" {
					t.Errorf("%s of %s is %s's, too", what, n.Dir, other)
				}
				taken[what] = n.Dir
			}
		}
	}
	if !t.Failed() {
		if _, err := networks[0].Mine(t.Context(), testnet.MineRequest{Blocks: 1}); err != nil {
			t.Error(err)
		}
		if err := networks[1].AtHeight(t.Context(), 0); err != nil {
			t.Error(err)
		}
	}
	for _, n := range networks {
		if len(n.Nodes) == 0 {
			continue // It is the one that failed.
		}
		if err := n.Down(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// golden is what a phrase comes to, on any machine.
type golden struct {
	Phrase    string
	Words     []string
	Addresses []string
	PeerKeys  []string
	Blocks    []string
}

// TestTestnetIsDeterministic compares keys, addresses and the hashes of the first
// blocks with those of another time.
func TestTestnetIsDeterministic(t *testing.T) {
	t.Parallel()
	const phrase, blocks = "the same on every machine", 6
	n := testnet.New(t, testnet.Options{Nodes: 2, Phrase: phrase})
	got := golden{Phrase: phrase}
	for i, m := range n.Nodes {
		words, err := testnet.Mnemonic(phrase, i)
		if err != nil {
			t.Fatal(err)
		}
		if !mnemonic.IsMnemonicValid(words, "en") {
			t.Errorf("Bytom does not take the words %q", words)
		}
		key, err := os.ReadFile(filepath.Join(m.Home, "nodekey"))
		if err != nil {
			t.Fatal(err)
		}
		got.Words = append(got.Words, words)
		got.Addresses = append(got.Addresses, m.Address)
		got.PeerKeys = append(got.PeerKeys, string(key[len(key)/2:]))
	}
	mined, err := n.Mine(t.Context(), testnet.MineRequest{Blocks: blocks})
	if err != nil {
		t.Fatal(err)
	}
	got.Blocks = mined.Hashes
	raw, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "golden.json")
	if *updateGolden {
		harness.WriteFile(t, path, string(raw)+"\n", 0o644)
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != string(raw)+"\n" {
		t.Errorf("%v: got\n%s\nexpected\n%s", err, raw, want)
	}
}

// TestTestnetWordsAreBytoms compares the words with those that Bytom makes of the
// same secret.
func TestTestnetWordsAreBytoms(t *testing.T) {
	for index := range 50 {
		words, err := testnet.Mnemonic("phrase", index)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := mnemonic.EntropyFromMnemonic(words, "en")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := mnemonic.NewMnemonic(secret, "en"); err != nil || again != words {
			t.Errorf("Bytom says %q, we %q (%v)", again, words, err)
		}
	}
}
