package load_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// payee is an address of solonets: who mines without a wallet's account must name one.
const payee = "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"

// cost is what a node's process takes.
type cost struct {
	memory, files, goroutines int // the memory in MB
}

func (c cost) String() string {
	return fmt.Sprintf("%d MB, %d open files, %d goroutines", c.memory, c.files, c.goroutines)
}

// costOf looks at a node's process, from within and without.
func costOf(t testing.TB, n *testnet.Node) cost {
	t.Helper()
	files, err := os.ReadDir(procOf(n) + "fd")
	if err != nil {
		t.Fatal(err)
	}
	return cost{
		memory: memoryOf(t, n, "VmRSS"), files: len(files), goroutines: number(t, metrics(t, n), `(?m)^go_goroutines (\d+)`),
	}
}

func procOf(n *testnet.Node) string { return fmt.Sprintf("/proc/%d/", n.Process.PID) }

// memoryOf is what the system counts by a name, in MB: VmRSS is what is resident, VmHWM the most that was.
func memoryOf(t testing.TB, n *testnet.Node, name string) int {
	t.Helper()
	status, err := os.ReadFile(procOf(n) + "status")
	if err != nil {
		t.Fatal(err)
	}
	return number(t, status, name+`:\s+(\d+) kB`) >> 10
}

// forgetPeak has VmHWM begin anew.
func forgetPeak(t testing.TB, n *testnet.Node) {
	t.Helper()
	if err := os.WriteFile(procOf(n)+"clear_refs", []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

func metrics(t testing.TB, n *testnet.Node) []byte {
	t.Helper()
	answer, err := http.Get(n.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func number(t testing.TB, text []byte, pattern string) int {
	t.Helper()
	m := regexp.MustCompile(pattern).FindSubmatch(text)
	if m == nil {
		t.Fatalf("nothing like %q in %.500s", pattern, bytes.TrimSpace(text))
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// autoMine has a node with --solonet.tools make a block each so often, or none if it is "off".
func autoMine(t testing.TB, n *testnet.Node, every string) {
	t.Helper()
	if err := n.Call("/solonet-auto", map[string]string{"every": every}, nil); err != nil {
		t.Fatal(err)
	}
}
