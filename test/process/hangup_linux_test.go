package process_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestHangupOpensFilesAgain renews the certificate that rigs are served, gives one that
// is none, and moves the log file.
func TestHangupOpensFilesAgain(t *testing.T) {
	cert, key, first := harness.Certify(t, "127.0.0.1")
	newCert, newKey, second := harness.Certify(t, "127.0.0.1")
	home := t.TempDir()
	n := startDetached(t, harness.SolonetArgs(home, "--log_file", "log", "--stratum.listen", "127.0.0.1:0", "--stratum.tls-cert", cert, "--stratum.tls-key", key)...)
	address := n.Await(`stratum=stratum\+tcp://(\S+)`)
	checkServed(t, address, first)

	copyFile(t, newCert, cert)
	copyFile(t, newKey, key)
	checkServed(t, address, first)
	logs, err := filepath.Glob(filepath.Join(home, "log", "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("%q, %v", logs, err)
	}
	moved := logs[0] + ".moved"
	if err := os.Rename(logs[0], moved); err != nil {
		t.Fatal(err)
	}
	n.Signal(syscall.SIGHUP)
	n.Await("served the certificate that is there now")
	checkServed(t, address, second)
	if raw, err := os.ReadFile(moved); err != nil || !strings.Contains(string(raw), "node is up") || strings.Contains(string(raw), "there now") {
		t.Errorf("the moved log: %v\n%s", err, raw)
	}
	n.CheckQuiet()

	if err := os.WriteFile(cert, []byte("half of a certif"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.Signal(syscall.SIGHUP)
	n.Await(`level=WARN msg="the certificate for rigs stays.*stratum.tls-cert`)
	checkServed(t, address, second)
	n.Signal(syscall.SIGTERM)
	if code := n.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if raw, err := os.ReadFile(logs[0]); err != nil || !strings.Contains(string(raw), "node stopped") {
		t.Errorf("the new log: %v\n%s", err, raw)
	}
}

// startDetached starts a command of ours as a service manager does, with no terminal.
func startDetached(t *testing.T, args ...string) *harness.Program {
	t.Helper()
	setsid, err := exec.LookPath("setsid")
	if err != nil {
		t.Skipf("a process without a terminal takes setsid: %v", err)
	}
	return harness.Start(t, setsid, append([]string{testnet.Solo(t)}, args...)...)
}

// checkServed reports whether a new rig is served what a pool of certificates signs.
func checkServed(t *testing.T, address string, trust *x509.CertPool) {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: trust, ServerName: "127.0.0.1"})
	if err != nil {
		t.Error(err)
		return
	}
	conn.Close()
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestHangupOfTheTerminal closes the terminal of a node and of a rig, which is a clean
// stop, and of a node with a log file, which goes on.
func TestHangupOfTheTerminal(t *testing.T) {
	solo, home := testnet.Solo(t), t.TempDir()
	for _, test := range []struct {
		name, up string
		args     []string
		stays    bool
	}{
		{"node", "node is up", harness.SolonetArgs(t.TempDir()), false},
		{"rig", "gives no work", []string{"rig", "--getwork", "http://127.0.0.1:1"}, false},
		{"log file", "node is up", harness.SolonetArgs(home, "--log_file", "log"), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := harness.StartOnTerminal(t, append([]string{solo}, test.args...)...)
			p.Await(test.up)
			p.HangUp()
			if test.stays {
				awaitLogFile(t, home, "opened again")
				p.Signal(syscall.SIGTERM)
			}
			if code := p.End(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// awaitLogFile waits for a text in the log files of a home.
func awaitLogFile(t *testing.T, home, text string) {
	t.Helper()
	testnet.Wait(t, time.Minute, func() error {
		names, err := filepath.Glob(filepath.Join(home, "log", "*.log"))
		if err != nil {
			return err
		}
		for _, name := range names {
			if raw, err := os.ReadFile(name); err != nil || strings.Contains(string(raw), text) {
				return err
			}
		}
		return fmt.Errorf("%q do not say %q", names, text)
	})
}

// TestHangupIsIgnoredUnderNohup starts a node with the signal ignored, as nohup does.
func TestHangupIsIgnoredUnderNohup(t *testing.T) {
	p := harness.StartOnTerminal(t, append([]string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh", testnet.Solo(t)}, harness.SolonetArgs(t.TempDir())...)...)
	c := p.Client()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	var ignored uint64
	_, rest, _ := strings.Cut(string(raw), "SigIgn:")
	if _, err := fmt.Sscanf(rest, "%x", &ignored); err != nil || ignored&(1<<(syscall.SIGHUP-1)) == 0 {
		t.Errorf("SIGHUP is not ignored: %x, %v", ignored, err)
	}
	p.HangUp()
	if _, err := c.Height(t.Context()); err != nil {
		t.Error(err)
	}
	p.Signal(syscall.SIGTERM)
	if code := p.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
