package stratum

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

const (
	// mostJunk is after how many lines in a row that are no message a connection is
	// closed.
	mostJunk = 5
	// mostID is the longest id of a request, in bytes, since it is sent back.
	mostID = 128
)

// read handles the lines that have come, and the next one if there is none.
func (s *session) read(reader *wire.Reader) error {
	for more := true; more; more = reader.Pending() {
		line, err := reader.ReadLine()
		if err != nil {
			return err
		}
		if s.lines++; s.lines == 1 && isHTTP(line) {
			return s.answerHTTP(reader)
		}
		if !s.await() {
			return s.cause
		}
		select {
		case s.slots <- struct{}{}:
		case <-s.done:
			return s.cause
		}
		request, err := wire.ParseRequest(line)
		if len(request.ID) > mostID {
			err, request.ID = fmt.Errorf("id of %d bytes, expected at most %d", len(request.ID), mostID), nil
		}
		if err == nil {
			s.junk = 0
			s.handle(request)
			continue
		}
		if s.junk++; s.junk >= mostJunk {
			return fmt.Errorf("%d lines in a row were no messages, the last one: %w", s.junk, err)
		}
		s.server.counts.junk.Add(1)
		s.refuse(request.ID, &wire.Error{Code: wire.CodeParams, Message: "Illegal params: " + err.Error()})
	}
	return nil
}

// isHTTP reports whether a line is the first of an HTTP request.
func isHTTP(line []byte) bool {
	return bytes.Contains(line, []byte(" HTTP/1.")) && line[0] >= 'A' && line[0] <= 'Z'
}

var errHTTP = errors.New("the client speaks HTTP")

// answerHTTP answers a browser, or a miner with the wrong port, with what port this is.
func (s *session) answerHTTP(rest *wire.Reader) error {
	const text = "This port is for mining rigs that speak the Stratum dialect of Bytom (stratum+tcp://). " +
		"The node's API and its dashboard have another one, 9888 by default.\n"
	if err := s.conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.conn, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(text), text)
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok && err == nil && half.CloseWrite() == nil {
		// The rest of the request must be read, or the client may not get to see the answer.
		_ = s.conn.SetReadDeadline(time.Now().Add(hangUpTime))
		_, _ = io.CopyN(io.Discard, rest.Rest(), 64<<10)
	}
	return errors.Join(errHTTP, err)
}

// handle answers a request, or leaves that to somebody else. It has a slot.
func (s *session) handle(r wire.Request) {
	switch method := lower(r.Method); {
	case method == wire.MethodLogin:
		s.handleLogin(r)
	case method == wire.MethodSubmit:
		s.handleSubmit(r)
	case !s.loggedIn():
		s.refuse(r.ID, errUnauthorized)
	case method == wire.MethodGetJob || method == "getwork":
		s.answer(&reply{id: r.ID, kind: replyJob, ready: true})
	case method == "keepalived":
		s.answer(&reply{id: r.ID, ready: true})
	default:
		s.refuse(r.ID, &wire.Error{Code: wire.CodeOther, Message: "Unknown method " + wire.Excerpt([]byte(r.Method)) + ", expected login or submit"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.login != nil {
		// An error comes again with the next read.
		_ = s.conn.SetReadDeadline(time.Now().Add(s.server.cfg.IdleTimeout))
	}
}

// lower is a method's name in the case that it is known by.
func lower(method string) string {
	if len(method) > 32 {
		return ""
	}
	return string(bytes.ToLower([]byte(method)))
}

// The refusals that have a text of their own.
var (
	errUnauthorized = &wire.Error{Code: wire.CodeUnauthorized, Message: "Unauthorized worker"}
	errJobNotFound  = &wire.Error{Code: wire.CodeJobNotFound, Message: "Job not found"}
	errExpired      = &wire.Error{Code: wire.CodeJobNotFound, Message: "Block expired"}
	errDuplicate    = &wire.Error{Code: wire.CodeDuplicate, Message: "Duplicate share"}
	errLow          = &wire.Error{Code: wire.CodeLow, Message: "Low difficulty share"}
	errNonce        = &wire.Error{Code: wire.CodeNonce, Message: "Invalid nonce"}
	errUnwritten    = &wire.Error{Code: wire.CodeOther, Message: "The share could not be written down"}
	errTooMany      = &wire.Error{Code: wire.CodeOther, Message: "Too many shares: wait for the difficulty to rise"}
)

// answer puts a reply at the end of those to send.
func (s *session) answer(r *reply) {
	r.id = bytes.Clone(r.id) // It lies in the reader's buffer.
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, r)
	if r.ready {
		s.wakeUp()
	}
}

// refuse is answer with an error.
func (s *session) refuse(id []byte, why *wire.Error) { s.answer(&reply{id: id, err: why, ready: true}) }

// settle marks a reply as ready to be sent.
func (s *session) settle(r *reply, why *wire.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.err, r.ready = why, true
	s.wakeUp()
}

func (s *session) loggedIn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login != nil
}

func (s *session) handleLogin(r wire.Request) {
	var p wire.LoginParams
	if err := json.Unmarshal(orNull(r.Params), &p); err != nil {
		s.refuse(r.ID, &wire.Error{Code: wire.CodeParams, Message: "Illegal params: " + err.Error()})
		return
	}
	if len(p.Login) > mostLogin {
		s.refuse(r.ID, &wire.Error{Code: wire.CodeParams, Message: fmt.Sprintf("Illegal params: params.login of %d bytes, expected at most %d", len(p.Login), mostLogin)})
		return
	}
	if s.loggedIn() {
		s.refuse(r.ID, &wire.Error{Code: wire.CodeOther, Message: "Already logged in"})
		return
	}
	l := parseLogin(p)
	if !p.Mines() {
		s.server.log.Debug("rig refused: it mines something else", "rig", l.name, "address", s.host, "agent", l.agent)
		s.answer(&reply{id: r.ID, err: otherAlgorithm(p.Algo), ready: true, hangUp: true})
		return
	}
	if !allowed(l.pass, s.server.cfg.Password) {
		s.server.counts.unauthorized.Add(1)
		s.server.log.Debug("rig refused for its password", "rig", l.name, "address", s.host)
		// The pause takes the fun out of guessing, and out of redialling.
		s.answer(&reply{id: r.ID, err: errUnauthorized, ready: true, hangUp: true, since: time.Now().Add(wrongPassword)})
		return
	}
	if why := s.server.ownerOf(&l); why != nil {
		s.server.counts.unauthorized.Add(1)
		s.server.log.Debug("rig refused for its login", "rig", l.name, "address", s.host, "error", why.Message)
		s.answer(&reply{id: r.ID, err: why, ready: true, hangUp: true, since: time.Now().Add(wrongPassword)})
		return
	}
	s.enter(&l)
	s.answer(&reply{id: r.ID, kind: replyLogin, ready: true, since: time.Now()})
}

// otherAlgorithm refuses a rig that mines something else.
func otherAlgorithm(algo []string) *wire.Error {
	const most = 100
	return &wire.Error{Code: wire.CodeOther, Message: "Wrong algorithm: this node is of Bytom, whose proof of work is " + wire.Algorithm + "; this program offers " +
		printable(strings.Join(algo, ", "), most)}
}

// wrongPassword is how long a login with a wrong password, or of no owner, waits for its reply.
const wrongPassword = time.Second

// enter takes the rig in.
func (s *session) enter(l *login) {
	cfg, now := s.server.cfg, time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login, s.since = l, now
	s.lease, s.nonblocking = cfg.Extranonces.Lease(), nonblockingWriterOf(s.conn)
	s.start = wire.StartNonce(s.server.prefix.Add(1))
	s.vardiff = newVardiff(vardiffConfig{
		Start: cfg.StartDifficulty, Minimum: cfg.MinDifficulty, Fixed: l.fixed, Budget: s.server.budget,
	}, now)
	s.welcome(l, s.host, now)
	if cfg.KnownAnswer {
		s.knownAnswer = s.server.knownAnswers.begin(l.name, s.server.jobID.Add(1), now)
	}
}

func orNull(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("null")
	}
	return text
}

// handleSubmit does what a share can be refused for at no cost, in the order of that
// cost, and leaves the rest to the queue.
func (s *session) handleSubmit(r wire.Request) {
	came := time.Now()
	if !s.loggedIn() {
		s.refuse(r.ID, errUnauthorized)
		return
	}
	var p wire.SubmitParams
	if err := json.Unmarshal(orNull(r.Params), &p); err != nil {
		s.reject(r.ID, verdictInvalid, &wire.Error{Code: wire.CodeParams, Message: "Illegal params: " + err.Error()})
		return
	}
	job, standing := s.lookUp(p.JobID)
	if standing == jobUnknown {
		s.reject(r.ID, verdictInvalid, errJobNotFound)
		return
	}
	nonces, err := wire.Nonces(job.start, p.Nonce)
	if err != nil {
		// So it is if the job is stale, too.
		s.reject(r.ID, verdictInvalid, &wire.Error{Code: wire.CodeParams, Message: "Illegal params: params." + err.Error()})
		return
	}
	if nonces[0] >= 1<<63 {
		s.reject(r.ID, verdictInvalid, errNonce)
		return
	}
	s.offer(r.ID, share{session: s, job: job, cut: job.cut(), nonces: nonces, came: came}, standing)
}

// standing is what a share's job is worth.
type standing int

const (
	jobUnknown standing = iota
	jobGood
	jobStale
	jobFormer // of a session that is over
)

// lookUp finds a job by its id.
func (s *session) lookUp(text string) (sentJob, standing) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return sentJob{}, jobUnknown
	}
	s.mu.Lock()
	job, ok := s.jobs.find(id)
	if s.knownAnswer != nil && s.knownAnswer.job.id == id { // answered or not
		job, ok = s.knownAnswer.job, true
	}
	s.mu.Unlock()
	if !ok {
		if job, ok = s.jobOfAnother(id); !ok {
			job, ok = s.server.formerJob(id)
		}
		if ok {
			return job, s.server.standingOf(job)
		}
		return sentJob{}, jobUnknown
	}
	if job.template != nil && s.server.stale(job.template) {
		return job, jobStale
	}
	return job, jobGood
}
