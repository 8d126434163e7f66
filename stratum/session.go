package stratum

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// session is a connection. A goroutine of its own waits for what comes. Others handle that, and
// write, while there is something to: there may be ten thousand sessions, most of them quiet at a
// time, and what a goroutine's stack has grown to, it keeps.
type session struct {
	server *Server
	conn   net.Conn
	raw    net.Conn // conn, or what it speaks TLS on
	host   netip.Addr
	place  int           // among the server's, which guards it
	wake   chan struct{} // there may be something to write
	slots  chan struct{} // a token for every request that has no reply yet

	// The reader's.
	handling sync.WaitGroup
	lines    int           // that came
	junk     int           // of them, the latest that were no messages
	own      *rate.Limiter // of lines

	gate    sync.Mutex // guards what follows; taken last
	writing bool       // there is a writer, or there is to be none any more
	cause   error      // why the session ends
	done    chan struct{}
	writer  sync.WaitGroup

	sender  sync.Mutex    // held by who writes to conn; taken before mu, and guards what follows
	last    lastSent      // the latest message
	partial *partialWrite // a job of which but the beginning is written

	mu          sync.Mutex        // guards what follows
	replies     []*reply          // in the order of their requests
	login       *login            // nil before it
	nonblocking nonblockingWriter // nil before the login, and where there is no such way
	rig         *rig              // of the login
	since       time.Time         // when the login came
	vardiff     *vardiff
	lease       *mining.Lease
	start       uint64 // the nonce of its jobs
	live        bool   // the login has its reply, so that jobs may be sent
	jobs        jobTable
	jobsKept    bool // the server has them, as the session ends
	seen        seenShares
	seenLate    seenShares      // those of jobs that are stale, or of another session
	repeat      time.Time       // when the job is due again
	knownAnswer *knownAnswerJob // a known-answer job without an answer yet
	badShares   badShares
	idle        bool // there was no work when last looked

	urgent, normal waiting // the server's queue's
}

// reply is the answer to a request. The writer sends them in order, each as soon as it
// is ready.
type reply struct {
	id     []byte
	kind   replyKind
	err    *wire.Error
	ready  bool
	hangUp bool // the connection is closed behind it
	since  time.Time
}

type replyKind int

const (
	replyStatus replyKind = iota // OK, or the error
	replyLogin                   // the first job
	replyJob                     // a job
)

// mostReplies is how many requests may be without a reply; more of them are not read
// before there is one.
const mostReplies = 256

func newSession(s *Server, conn net.Conn, host netip.Addr) *session {
	boundBuffers(conn)
	boundUnconfirmed(conn)
	return &session{
		server: s, conn: conn, raw: conn, host: host,
		wake: make(chan struct{}, 1), slots: make(chan struct{}, mostReplies), done: make(chan struct{}),
		own: rate.NewLimiter(ownLines, ownLinesBurst),
	}
}

// run serves the connection until it ends.
func (s *session) run(ctx context.Context) {
	defer s.end()
	if err := s.conn.SetReadDeadline(time.Now().Add(s.server.cfg.LoginTimeout)); err != nil {
		s.fail(err)
		return
	}
	if ctx.Err() != nil { // The server has ended the sessions that it knew.
		s.fail(context.Cause(ctx))
	}
	reader := newReader(s.conn)
	err := reader.Wait()
	if err == nil {
		s.apart(func() { reader, err = s.unwrap(ctx, reader) })
	}
	for err == nil {
		if err = reader.Wait(); err == nil {
			s.apart(func() { err = s.read(reader) })
		}
	}
	if errors.Is(err, io.EOF) && s.unanswered() {
		// The rig may have closed but its own half: it gets what it has asked for.
		s.finish()
	}
	s.fail(err)
	s.writer.Wait()
	s.logEnd(s.cause)
}

// apart runs f on another goroutine: on that of the session, the stack that it takes would stay.
func (s *session) apart(f func()) {
	s.handling.Go(f)
	s.handling.Wait()
}

// fail ends the session, if it has not ended. There is no writer after the one that there is.
func (s *session) fail(cause error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.cause != nil {
		return
	}
	s.writing, s.cause = true, cause
	close(s.done)
	_ = s.raw.Close()
}

// unwrap gives the lines of the connection, and answers a TLS handshake first if there
// is one: its first byte is known.
func (s *session) unwrap(ctx context.Context, reader *wire.Reader) (*wire.Reader, error) {
	first, err := reader.Peek()
	if err != nil || first != tlsHandshake {
		return reader, err
	}
	if s.server.cfg.TLS == nil {
		// Who speaks TLS sees by it that the port does not, which a connection that just ends
		// may do for many reasons.
		w := wire.NewWriter(s.conn, time.Second)
		_ = w.SendLine(wire.Response{Error: &wire.Error{Code: wire.CodeOther, Message: "TLS is not set up here"}}.AppendJSON(nil))
		return nil, errors.New("the client speaks TLS, which is not set up here")
	}
	t := tls.Server(bufferedConn{s.conn, reader.Rest()}, s.server.cfg.TLS)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	s.conn = t
	return newReader(t), nil
}

// tlsHandshake is the first byte of a TLS connection, and of no message.
const tlsHandshake = 0x16

// bufferedConn is a connection some of whose bytes are in a buffer.
type bufferedConn struct {
	net.Conn
	in io.Reader
}

func (u bufferedConn) Read(b []byte) (int, error) { return u.in.Read(b) }

// end gives back what the session held.
func (s *session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.vardiff != nil {
		s.vardiff.Close()
	}
	s.live = false
	s.keepJobs() // Before others no longer find them here.
	if s.rig != nil {
		s.server.rigs.leave(s, s.rig)
	}
	s.server.leave(s)
}

// keepJobs has the server know the jobs that the rig may still find something of, also as it is back on another
// connection. The caller holds mu.
func (s *session) keepJobs() {
	if s.jobsKept || len(s.jobs.jobs) == 0 {
		return
	}
	s.jobsKept = true
	s.server.remember(s.jobs.jobs[s.jobs.firstOf(1):])
}

// logEnd logs why a session with a login ended. Connections without one may come by
// the thousand.
func (s *session) logEnd(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.login == nil {
		s.server.log.Debug("connection closed", "address", s.host, "reason", err)
		return
	}
	level := slog.LevelInfo
	if time.Since(s.since) < time.Minute {
		level = slog.LevelDebug // It may come and go many times a second.
	}
	s.server.log.Log(context.Background(), level, "rig disconnected", "rig", s.login.name, "address", s.host, "reason", err,
		"after", time.Since(s.since).Round(time.Second))
}

// hangUp ends our half of the connection, and gives the rig a moment to end its own: what
// is closed with something unread in it takes the last message back.
func (s *session) hangUp() {
	s.mu.Lock()
	s.keepJobs()
	s.mu.Unlock()
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	select {
	case <-time.After(hangUpTime):
	case <-s.done:
	}
}

// hangUpTime is how long a rig has to read why it is dropped.
const hangUpTime = 500 * time.Millisecond

// unanswered reports whether a request has no reply yet.
func (s *session) unanswered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.replies) > 0
}

// finish waits until all requests have their replies, for a while.
func (s *session) finish() {
	timeout := time.After(s.server.cfg.WriteTimeout)
	for range mostReplies {
		// A slot is given back with each reply: with all of them here, none is out.
		select {
		case s.slots <- struct{}{}:
		case <-timeout:
			return
		case <-s.done:
			return
		}
	}
}

// welcome counts and logs a login. The caller holds s.mu.
func (s *session) welcome(l *login, host netip.Addr, now time.Time) {
	var level slog.Level
	s.rig, level = s.server.rigs.join(s, l.name, l.agent, now)
	s.server.counts.logins.Add(1)
	s.server.cfg.Book.Login(now, l.name, host.String(), l.agent)
	s.server.log.Log(context.Background(), level, "rig connected", "rig", l.name, "address", host, "agent", l.agent)
}
