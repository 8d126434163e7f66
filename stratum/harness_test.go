package stratum

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

const (
	// easyBits is a target that one hash in 16 meets, hardBits one that none does.
	easyBits = 0x1c<<56 | 1<<52
	hardBits = 0x10<<56 | 1<<52
)

// front is a server with all that it stands on.
type front struct {
	t         testing.TB
	chain     *fakeChain
	backend   *fakeBackend
	generator *mining.Generator
	ledger    *ledger.Ledger
	server    *Server
	listener  net.Listener
	journal   *mining.Journal
	log       *syncBuffer
	ahead     atomic.Int64 // of the chain's clock, in ns
	stop      context.CancelFunc
	stopped   chan struct{}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts a front on a chain whose blocks have the bits, after change has had its
// say. Without a listener it is one of pipes.
func start(t testing.TB, bits uint64, change func(*front, *Config)) *front {
	f := &front{
		t:       t,
		chain:   &fakeChain{tip: mining.Tip{Hash: bc.NewHash([32]byte{1}), Height: 10, Bits: bits, Seed: bc.NewHash([32]byte{2}), MedianTime: 1000}},
		backend: &fakeBackend{}, ledger: ledger.InMemory(), log: &syncBuffer{}, stopped: make(chan struct{}),
	}
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	payee := mining.Payee{Address: "sm1qtest", Program: append([]byte{0, 20}, make([]byte, 20)...)}
	f.generator = mining.NewGenerator(mining.GeneratorConfig{
		Source: f.chain, Now: func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load())) }, Payee: func() (mining.Payee, []byte, error) { return payee, []byte("tag"), nil },
	})
	f.chain.connected, f.chain.now = f.generator.TipChanged, f.generator.Now
	journal, err := mining.OpenJournal(filepath.Join(t.TempDir(), "journal.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	f.journal = journal
	verifier := compute.NewVerifier(f.backend)
	cfg := Config{
		Templates: f.generator, Extranonces: mining.NewExtranonces(), Hash: verifier.Hash, Workers: 2,
		Submitter: mining.NewSubmitter(mining.SubmitterConfig{
			Sink: f.chain, Source: f.chain, Verifier: verifier, Journal: journal, Now: f.generator.Now,
		}),
		StartDifficulty: 1, Book: InLedger(f.ledger), Log: log,
	}
	if change != nil {
		change(f, &cfg)
	}
	if cfg.Listener == nil {
		cfg.Listener = newPipeListener()
	}
	f.listener = cfg.Listener
	f.server = NewServer(cfg)
	ctx, stop := context.WithCancel(t.Context())
	f.stop = stop
	var running sync.WaitGroup
	running.Go(func() { _ = f.generator.Run(ctx) })
	running.Go(func() {
		if err := f.server.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("server ended: %v", err)
		}
	})
	go func() {
		running.Wait()
		verifier.Close()
		_ = journal.Close()
		close(f.stopped)
	}()
	return f
}

// close stops the front and looks at what it left.
func (f *front) close() {
	f.t.Helper()
	f.stop()
	select {
	case <-f.stopped:
	case <-time.After(10 * time.Second):
		f.t.Fatal("the front did not stop within 10 s")
	}
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	if n := len(f.server.sessions) + len(f.server.perHost); n != 0 {
		f.t.Errorf("%d sessions or hosts left", n)
	}
	if log := f.log.String(); strings.Contains(log, "level=ERROR") {
		f.t.Errorf("an error in the log:\n%s", log)
	}
}

// connect makes a new tip.
func (f *front) connect(hash byte) {
	f.chain.mu.Lock()
	f.chain.tip.Hash = bc.NewHash([32]byte{hash})
	f.chain.tip.Height++
	f.chain.mu.Unlock()
	f.generator.TipChanged()
}

// testRig is the other end of a connection.
type testRig struct {
	t     testing.TB
	f     *front
	conn  net.Conn
	lines chan string    // closed with the connection
	times chan time.Time // when they came, if raw
	job   wire.Job       // the newest
	id    int
}

func (f *front) dial() *testRig { return f.dialFrom("10.0.0.1:1000") }

func (f *front) dialFrom(address string) *testRig { return f.rigOn(f.connection(address)) }

// connection is one to the front.
func (f *front) connection(address string) net.Conn {
	f.t.Helper()
	var conn net.Conn
	if l, ok := f.listener.(*pipeListener); ok {
		ours, theirs := net.Pipe()
		conn = ours
		l.conns <- from{theirs, address}
	} else {
		c, err := net.Dial("tcp", f.listener.Addr().String())
		if err != nil {
			f.t.Fatal(err)
		}
		conn = c
	}
	return conn
}

// dialRaw is a rig that takes what a read of 1024 bytes yields for a message, as the
// simulators of the Antminer B3 do.
func (f *front) dialRaw() *testRig {
	r := &testRig{t: f.t, f: f, conn: f.connection("10.0.0.1:1000"), lines: make(chan string, 1024), times: make(chan time.Time, 1024)}
	go func() {
		defer close(r.lines)
		for buf := make([]byte, 1024); ; {
			n, err := r.conn.Read(buf)
			if err != nil {
				return
			}
			r.times <- time.Now()
			r.lines <- string(buf[:n])
		}
	}()
	return r
}

// rigOn reads what comes in a goroutine of its own, which ends with the connection.
func (f *front) rigOn(conn net.Conn) *testRig {
	r := &testRig{t: f.t, f: f, conn: conn, lines: make(chan string, 1024)}
	go func() {
		defer close(r.lines)
		for reader := wire.NewReader(conn); ; {
			line, err := reader.ReadLine()
			if err != nil {
				return
			}
			r.lines <- string(line)
		}
	}()
	return r
}

func (r *testRig) close() { _ = r.conn.Close() }

// write sends text as it is, a segment each.
func (r *testRig) write(segments ...string) {
	r.t.Helper()
	for _, s := range segments {
		if _, err := io.WriteString(r.conn, s); err != nil {
			r.t.Fatalf("write %.80q: %v", s, err)
		}
	}
}

// line is the next one that comes; "" at the end of the connection.
func (r *testRig) line() string {
	r.t.Helper()
	select {
	case line := <-r.lines:
		return line
	case <-time.After(3 * time.Minute):
		r.t.Fatalf("nothing came; the log:\n%s", r.f.log)
		return ""
	}
}

// message is the next message, which has its job noted.
func (r *testRig) message() wire.Message {
	r.t.Helper()
	return r.note(r.line())
}

// note looks at a message, and takes the job in it.
func (r *testRig) note(line string) wire.Message {
	r.t.Helper()
	if len(line) >= 1024 {
		r.t.Errorf("a message of %d bytes", len(line))
	}
	if line == "" || line[0] != '{' {
		return wire.Message{}
	}
	m, err := wire.ParseMessage([]byte(line))
	if err != nil {
		r.t.Fatal(err)
	}
	var login wire.LoginResult
	switch {
	case m.Method == wire.MethodJob:
		if err := json.Unmarshal(m.Params, &r.job); err != nil {
			r.t.Fatal(err)
		}
	case json.Unmarshal(m.Result, &login) == nil && login.Job.ID != "":
		r.job = login.Job
	}
	return m
}

// reply is the next message that is no push.
func (r *testRig) reply() wire.Message {
	r.t.Helper()
	for {
		if m := r.message(); m.Method == "" {
			return m
		}
	}
}

// login logs in and takes the first job.
func (r *testRig) login(name string) *testRig {
	r.t.Helper()
	r.id++
	r.write(fmt.Sprintf(`{"method":"login","params":{"login":%q,"pass":"x","agent":"test/1"},"id":%d}`+"\n", name, r.id))
	if m := r.reply(); m.Error != nil || r.job.ID == "" {
		r.t.Fatalf("login: %+v", m)
	}
	return r
}

// submit sends a nonce for a job and gives the reply's error.
func (r *testRig) submit(job, nonce string) *wire.Error {
	r.t.Helper()
	r.id++
	r.write(fmt.Sprintf(`{"method":"submit","params":{"id":"x","job_id":%q,"nonce":%q},"id":%d}`+"\n", job, nonce, r.id))
	m := r.reply()
	if string(m.ID) != fmt.Sprint(r.id) {
		r.t.Fatalf("reply to %s, expected %d", m.ID, r.id)
	}
	return m.Error
}

// find is the first nonce of a job, from its start on, whose hash passes the test.
func find(j *wire.Job, from uint64, test func(hash [32]byte) bool) uint64 {
	for nonce := j.Nonce + from; nonce < j.Nonce+from+1_000_000; nonce++ {
		if test(fakeHash(j.HeaderHash(nonce))) {
			return nonce
		}
	}
	panic("no such nonce")
}

// isBlock reports whether a hash is a block of a job.
func isBlock(j *wire.Job) func([32]byte) bool { return mining.TargetFromBits(j.Bits).Met }

// isShare reports whether a hash meets a job's target, and isn't a block.
func isShare(j *wire.Job) func([32]byte) bool {
	return func(hash [32]byte) bool { return j.Target.Met(hash) && !isBlock(j)(hash) }
}

// code is an error's, 0 for none.
func code(err *wire.Error) int {
	if err == nil {
		return 0
	}
	return err.Code
}

// loginAs logs in with an agent.
func (r *testRig) loginAs(agent string) *testRig {
	r.t.Helper()
	r.write(fmt.Sprintf(`{"method":"login","params":{"login":"a.b","agent":%q},"id":0}`+"\n", agent))
	if m := r.reply(); m.Error != nil {
		r.t.Fatalf("login: %+v", m)
	}
	return r
}
