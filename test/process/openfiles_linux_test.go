package process_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestRigsLeaveFilesToOthers connects 400 rigs to a node that may open 256 files: the RPC
// and peers get in all the same, and the log says once that the rigs beyond have no place.
func TestRigsLeaveFilesToOthers(t *testing.T) {
	port := testnet.FreePort(t, "127.0.0.1")
	args := harness.SolonetArgs(t.TempDir(), "--mining", "--mining.threads", "1", "--mining.cpu-percent", "10", "--stratum.listen", "127.0.0.1:0")
	for i := range args {
		args[i] = strings.Replace(args[i], "tcp://127.0.0.1:0", fmt.Sprint("tcp://127.0.0.1:", port), 1)
	}
	n := harness.Start(t, "sh", append([]string{"-c", `ulimit -n 256; exec "$@"`, "sh", testnet.Solo(t)}, args...)...)
	c := n.Client()
	rigs := n.Await(`stratum=stratum\+tcp://(\S+)`)
	n.Await(`level=WARN msg="fewer rigs can connect.* open_files=256 rigs=71 `)
	refused := 0
	for range 400 {
		conn, err := net.Dial("tcp", rigs)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = io.WriteString(conn, `{"id":1,"method":"login","params":{"login":"a.b","pass":"","agent":"x"}}`+"\n")
		if err == nil {
			if err = conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		line := make([]byte, 1000)
		if size, _ := conn.Read(line); size == 0 || strings.Contains(string(line[:size]), "Too many") {
			refused++
		}
	}
	if refused != 400-71 {
		t.Errorf("%d rigs were refused, expected all but 71", refused)
	}
	for range 20 {
		if _, err := c.Height(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	peer, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if err := peer.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("a peer is not greeted: %v", err)
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", n.PID()))
	if err != nil || len(open) > 200 {
		t.Errorf("%d files are open, %v", len(open), err)
	}
	if count := strings.Count(n.Text(), "rigs are turned away"); count != 1 {
		t.Errorf("that rigs are turned away is told %d times", count)
	}
	n.Signal(syscall.SIGTERM)
	if code := n.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
