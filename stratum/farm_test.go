//go:build unix

package stratum

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// farm is rigs in a process of their own, which read when they are asked to: what they do costs
// the front's process nothing, and open files are limited by the process.
type farm struct{ child }

// child is this program in another process, which does as the lines say that it reads.
type child struct {
	t       testing.TB
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// farmVariable is set where this program is to be a farm: to the port that the rigs dial.
const farmVariable = "BYTOM_SOLO_TEST_FARM"

// spareFiles is how many open files a process may need beside one for each rig.
const spareFiles = 200

func TestMain(m *testing.M) {
	var err error
	port, front := os.Getenv(farmVariable), os.Getenv(frontVariable)
	switch {
	case port != "":
		err = runFarm(port, os.Stdin, os.Stdout)
	case front != "":
		err = runFrontProcess(front, os.Stdin, os.Stdout)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// startFarm has rigs log in at the front. It skips the test where so many files can't be open.
func startFarm(t testing.TB, f *front, rigs int) *farm {
	t.Helper()
	return startFarmAt(t, f.listener.Addr().(*net.TCPAddr).Port, rigs)
}

// startFarmAt has rigs log in at a port of this machine.
func startFarmAt(t testing.TB, port, rigs int) *farm {
	t.Helper()
	if err := allowFiles(rigs + spareFiles); err != nil {
		t.Skip(err)
	}
	m := &farm{startChild(t, farmVariable, fmt.Sprint(port))}
	m.ask("login %d", rigs)
	return m
}

// startChild starts this program as what a variable says.
func startChild(t testing.TB, variable, value string) child {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program)
	c.Env = append(os.Environ(), variable+"="+value)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return child{t, c, in, bufio.NewReader(out)}
}

// close ends the process.
func (c child) close() {
	_ = c.in.Close()
	if err := c.process.Wait(); err != nil {
		c.t.Error(err)
	}
}

// ask has the process do something, and waits until it is done.
func (c child) ask(format string, args ...any) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.in, format+"\n", args...); err != nil {
		c.t.Fatal(err)
	}
	if answer, err := c.out.ReadString('\n'); err != nil || answer != "done\n" {
		_ = c.in.Close()
		c.t.Fatalf("%s: %s %v", c.process, answer, err)
	}
}

// check has each rig read one job, which must be the right one for it on a tip.
func (m *farm) check(tip mining.Tip) {
	m.t.Helper()
	m.ask("check %d %x", tip.Height+1, tip.Hash.Bytes())
}

// shares has each rig send shares for its first job, and read a reply to each.
func (m *farm) shares(each int) {
	m.t.Helper()
	m.ask("shares %d", each)
}

// allowFiles raises the limit of open files where it is lower.
func allowFiles(files int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if uint64(limit.Cur) >= uint64(files) {
		return nil
	}
	most := limit.Max
	limit.Cur, limit.Max = uint64(files), max(limit.Max, uint64(files))
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("%d files can't be open where the limit is %d: %w", files, most, err)
	}
	return nil
}

// farmRig is one of the rigs, in their process.
type farmRig struct {
	fd  int
	job wire.Job // the first one
}

// farmProcess is all of them.
type farmProcess struct {
	rigs []farmRig
	buf  []byte
}

// runFarm does as it is told, line by line.
func runFarm(port string, in io.Reader, out io.Writer) error {
	p := farmProcess{buf: make([]byte, 64<<10)}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var number uint64
		var hash []byte
		what, rest, _ := strings.Cut(lines.Text(), " ")
		if _, err := fmt.Sscanf(rest, "%d %x", &number, &hash); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		var err error
		switch what {
		case "login":
			err = p.login(port, int(number))
		case "check":
			err = p.check(number, hash)
		case "skip":
			err = p.skip()
		case "shares":
			err = p.shares(int(number))
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "done"); err != nil {
			return err
		}
	}
	return lines.Err()
}

// login connects the rigs.
func (p *farmProcess) login(port string, rigs int) error {
	if err := allowFiles(rigs + spareFiles); err != nil {
		return err
	}
	to := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if _, err := fmt.Sscan(port, &to.Port); err != nil {
		return err
	}
	p.rigs = make([]farmRig, rigs)
	for i := range p.rigs {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		p.rigs[i].fd = fd
		if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 60}); err != nil {
			return err
		}
		if err := syscall.Connect(fd, to); err != nil {
			return err
		}
		login := fmt.Sprintf(`{"method":"login","params":{"login":"farm.%d","pass":"x"},"id":1}`+"\n", i)
		if _, err := syscall.Write(fd, []byte(login)); err != nil {
			return err
		}
		line, err := p.line(fd)
		if err != nil {
			return err
		}
		var reply struct{ Result wire.LoginResult }
		if err := json.Unmarshal(line, &reply); err != nil {
			return err
		}
		p.rigs[i].job = reply.Result.Job
	}
	return nil
}

// read takes what has come, and waits for something.
func (p *farmProcess) read(fd int) ([]byte, error) {
	n, err := syscall.Read(fd, p.buf)
	for errors.Is(err, syscall.EINTR) {
		n, err = syscall.Read(fd, p.buf)
	}
	if err != nil || n <= 0 {
		return nil, fmt.Errorf("read %d bytes: %w", n, err)
	}
	return p.buf[:n], nil
}

// line is what a rig is sent next: one line.
func (p *farmProcess) line(fd int) ([]byte, error) {
	text, err := p.read(fd)
	if err == nil && bytes.IndexByte(text, '\n') != len(text)-1 {
		err = fmt.Errorf("expected a line: %q", text)
	}
	return text, err
}

// check reads a job by each rig. It is on the tip and has the rig's own nonce and target, and no
// two have the same root.
func (p *farmProcess) check(height uint64, previous []byte) error {
	front := hex.AppendEncode(append(wire.AppendNumber([]byte(
		`{"jsonrpc":"2.0","method":"job","params":{"version":"0100000000000000","height":"`), height),
		`","previous_block_hash":"`...), previous)
	roots := make(map[[64]byte]struct{}, len(p.rigs))
	for i := range p.rigs {
		r := &p.rigs[i]
		line, err := p.line(r.fd)
		if err != nil {
			return fmt.Errorf("rig %d: %w", i, err)
		}
		_, root, ok := bytes.Cut(line, []byte(`"transactions_merkle_root":"`))
		nonce := append(wire.AppendNumber([]byte(`","nonce":"`), r.job.Nonce), '"')
		target := []byte(`","target":"` + r.job.Target.String() + "\"}}\n")
		if !ok || len(root) < 64 || !bytes.HasPrefix(line, front) || !bytes.Contains(line, nonce) || !bytes.HasSuffix(line, target) {
			return fmt.Errorf("rig %d has been sent %q, expected a job of %s with %s and %q", i, line, front, nonce, target)
		}
		roots[[64]byte(root)] = struct{}{}
	}
	if len(roots) != len(p.rigs) {
		return fmt.Errorf("%d roots for %d rigs", len(roots), len(p.rigs))
	}
	return nil
}

// skip has each rig read a line of any kind.
func (p *farmProcess) skip() error {
	for i := range p.rigs {
		if _, err := p.line(p.rigs[i].fd); err != nil {
			return fmt.Errorf("rig %d: %w", i, err)
		}
	}
	return nil
}

// shares has each rig send some at once, and read as many lines.
func (p *farmProcess) shares(each int) error {
	for i := range p.rigs {
		r := &p.rigs[i]
		var text []byte
		for n := range each {
			text = fmt.Appendf(text, `{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":1}`+"\n", r.job.ID, r.job.Nonce+uint64(n))
		}
		if _, err := syscall.Write(r.fd, text); err != nil {
			return err
		}
	}
	for i := range p.rigs {
		for lines := 0; lines < each; {
			text, err := p.read(p.rigs[i].fd)
			if err != nil {
				return fmt.Errorf("rig %d: %w", i, err)
			}
			lines += bytes.Count(text, []byte("\n"))
		}
	}
	return nil
}
