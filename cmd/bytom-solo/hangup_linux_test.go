package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestHangupOpensFilesAgain renews the certificate that rigs are served, gives one that
// is none, and moves the log file.
func TestHangupOpensFilesAgain(t *testing.T) {
	cert, key, first := certify(t, "127.0.0.1")
	newCert, newKey, second := certify(t, "127.0.0.1")
	home := t.TempDir()
	n := startDetached(t, solonetArgs(home, "--log_file", "log", "--stratum.listen", "127.0.0.1:0", "--stratum.tls-cert", cert, "--stratum.tls-key", key)...)
	address := n.awaits(`stratum=stratum\+tcp://(\S+)`)
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
	n.signal(syscall.SIGHUP)
	n.awaits("served the certificate that is there now")
	checkServed(t, address, second)
	if raw, err := os.ReadFile(moved); err != nil || !strings.Contains(string(raw), "node is up") || strings.Contains(string(raw), "there now") {
		t.Errorf("the moved log: %v\n%s", err, raw)
	}
	n.isQuiet()

	if err := os.WriteFile(cert, []byte("half of a certif"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.signal(syscall.SIGHUP)
	n.awaits(`level=WARN msg="the certificate for rigs stays.*stratum.tls-cert`)
	checkServed(t, address, second)
	n.signal(syscall.SIGTERM)
	if code := n.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if raw, err := os.ReadFile(logs[0]); err != nil || !strings.Contains(string(raw), "node stopped") {
		t.Errorf("the new log: %v\n%s", err, raw)
	}
}

// startDetached starts a command of ours as a service manager does, with no terminal.
func startDetached(t *testing.T, args ...string) *program {
	t.Helper()
	setsid, err := exec.LookPath("setsid")
	if err != nil {
		t.Skipf("a process without a terminal takes setsid: %v", err)
	}
	return startProgram(t, setsid, append([]string{testnet.Solo(t)}, args...)...)
}

// checkServed tells whether a new rig is served what a pool of certificates signs.
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
		{"node", "node is up", solonetArgs(t.TempDir()), false},
		{"rig", "gives no work", []string{"rig", "--getwork", "http://127.0.0.1:1"}, false},
		{"log file", "node is up", solonetArgs(home, "--log_file", "log"), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, hangUp := startOnTerminal(t, append([]string{solo}, test.args...)...)
			p.awaits(test.up)
			hangUp()
			if test.stays {
				awaitLogFile(t, home, "opened again")
				p.signal(syscall.SIGTERM)
			}
			if code := p.ends(); code != 0 {
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
	p, hangUp := startOnTerminal(t, append([]string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh", testnet.Solo(t)}, solonetArgs(t.TempDir())...)...)
	c := p.client()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var ignored uint64
	_, rest, _ := strings.Cut(string(raw), "SigIgn:")
	if _, err := fmt.Sscanf(rest, "%x", &ignored); err != nil || ignored&(1<<(syscall.SIGHUP-1)) == 0 {
		t.Errorf("SIGHUP is not ignored: %x, %v", ignored, err)
	}
	hangUp()
	if _, err := c.Height(t.Context()); err != nil {
		t.Error(err)
	}
	p.signal(syscall.SIGTERM)
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// startOnTerminal starts a process at a terminal of its own, which hangUp closes.
func startOnTerminal(t *testing.T, args ...string) (p *program, hangUp func()) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	p = &program{t: t, cmd: exec.Command(args[0], args[1:]...), log: master, ended: make(chan error, 1)}
	p.cmd.Dir = t.TempDir() // nohup may write a file.
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	// master.Fd made its reads block, so that only the other end's close ends them: the
	// one who closes it must not read.
	quit := make(chan struct{})
	done := make(chan struct{})
	go func() { defer close(done); readTerminal(fd, p, quit) }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p, func() { close(quit); <-done; master.Close() }
}

// readTerminal copies what is said to a terminal until quit.
func readTerminal(fd int, to io.Writer, quit <-chan struct{}) {
	buffer := make([]byte, 1<<16)
	for {
		select {
		case <-quit:
			return
		default:
		}
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 20)
		if ready == 0 || err != nil {
			continue
		}
		n, err := unix.Read(fd, buffer)
		if err != nil {
			return
		}
		_, _ = to.Write(buffer[:n])
	}
}
