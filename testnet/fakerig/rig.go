package fakerig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// Tally is what a rig knows that it has sent, and what became of it.
type Tally struct {
	// Accepted and so on are what the front has to have counted. Where a tip has moved
	// meanwhile, the front's reply tells: a good share may be stale.
	Accepted  uint64 `json:"accepted"`
	Stale     uint64 `json:"stale"`
	Duplicate uint64 `json:"duplicate"`
	Low       uint64 `json:"low"`
	Invalid   uint64 `json:"invalid"`
	// Refused came faster than the front could verify.
	Refused uint64 `json:"refused"`
	// Work is the effective difficulty of the accepted shares, in hashes.
	Work float64 `json:"work"`
	// Blocks are the accepted shares that met the network's target: one of them has lost
	// where the front has not counted it.
	Blocks uint64 `json:"blocks"`
	// Garbage is lines that are no messages.
	Garbage uint64 `json:"garbage"`
	// Unanswered are shares of which nobody knows, since the connection broke first.
	Unanswered uint64 `json:"unanswered"`
	// Surprises are replies that the front should not have given; Surprise is the last
	// of them.
	Surprises uint64 `json:"surprises"`
	Surprise  string `json:"surprise,omitempty"`
}

// Report tells how a rig is.
type Report struct {
	// Name is what the front counts it by.
	Name    string `json:"name"`
	Node    int    `json:"node"`
	Dialect string `json:"dialect"`
	// Connected tells whether it is logged in, Connections how often it was.
	Connected   bool   `json:"connected"`
	Connections uint64 `json:"connections"`
	// Difficulty is that of its job.
	Difficulty float64 `json:"difficulty"`
	Hashes     uint64  `json:"hashes"`
	Tally
	// Error is why it lost its last connection, or got none.
	Error string `json:"error,omitempty"`
}

// Config says what a rig is like.
type Config struct {
	// Address is that of the port that it mines for.
	Address string
	// Name is what it logs in by, and Node the index of the node, for the report.
	Name string
	Node int
	// Dialect is Plain, B3 or Backward, and Rate the hashes a second at most.
	Dialect string
	Rate    float64
	Faults  Faults
	// Hash computes a header's hash.
	Hash func(ctx context.Context, header, seed [32]byte) ([32]byte, error)
	// Random chooses the faults; the rig alone uses it.
	Random *rand.Rand
}

// Rig is a rig with real proofs, slow ones.
type Rig struct {
	Config

	mu     sync.Mutex
	report Report
}

// New makes a rig, which Run starts.
func New(c Config) *Rig {
	return &Rig{Config: c, report: Report{Name: c.Name, Node: c.Node, Dialect: c.Dialect}}
}

// Report is how the rig is now.
func (r *Rig) Report() (now Report) {
	r.note(func(rep *Report) { now = *rep })
	return now
}

// sentShare is a submit whose reply has not come.
type sentShare struct {
	id    string
	send  rigSend
	work  float64 // what it is worth
	block bool    // it meets the network's target
	job   *wire.Job
	share *sentNonce
}

// note changes the report.
func (r *Rig) note(f func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.report)
}

// Run connects again and again until ctx ends.
func (r *Rig) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := r.connect(ctx)
		r.note(func(rep *Report) {
			rep.Connected = false
			if rep.Error = ""; err != nil && ctx.Err() == nil {
				rep.Error = err.Error()
			}
		})
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
			}
		}
	}
}

// connect has one session.
func (r *Rig) connect(ctx context.Context) error {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", r.Address)
	if err != nil {
		return err
	}
	s := &rigSession{rig: r, conn: conn, news: make(chan rigNews, 64), sent: make(map[string]bool)}
	var reading sync.WaitGroup
	over, cancel := context.WithCancel(context.Background())
	reading.Go(func() { s.read(over) })
	err = s.run(ctx)
	cancel()
	err = errors.Join(err, conn.Close())
	reading.Wait()
	r.note(func(rep *Report) { rep.Unanswered += uint64(len(s.waiting)) })
	return err
}

// rigSession is a connection of a rig.
type rigSession struct {
	rig  *Rig
	conn net.Conn
	news chan rigNews

	job, former *wire.Job   // of the tip, and the last one of the tip before
	tips        [2][32]byte // the front's latest, lost jobs included
	nonce       uint64      // the next
	last        *sentNonce  // the last good share
	sent        map[string]bool
	waiting     []sentShare // in their order
	requests    uint64
	junk        int // lines of garbage since the last request
}

// sentNonce is a share that can be sent again.
type sentNonce struct {
	job   *wire.Job
	nonce uint64
}

func (n *sentNonce) key() string { return fmt.Sprintf("%x", n.job.HeaderHash(n.nonce)) }

// rigNews is a message, or why there will be none.
type rigNews struct {
	message wire.Message
	// lost is a message that the rig itself does not see: it is for the report alone.
	lost bool
	err  error
}

// read passes on what the front sends, in the manner of the dialect.
func (s *rigSession) read(ctx context.Context) {
	tell := func(n rigNews) {
		select {
		case s.news <- n:
		case <-ctx.Done():
		}
	}
	var line []byte
	for buf := make([]byte, 1024); ; {
		n, err := s.conn.Read(buf)
		whole := len(line) == 0 // The text begins with a message,
		for _, b := range buf[:n] {
			if line = append(line, b); b != '\n' {
				continue
			}
			m, bad := wire.ParseMessage(line)
			tell(rigNews{message: m, lost: s.rig.report.Dialect == B3 && !whole, err: bad})
			whole = false // and only the first one in it counts.
			line = line[:0]
		}
		if err != nil {
			tell(rigNews{err: err})
			return
		}
	}
}

// run logs in and mines until ctx ends, which it does with all replies there.
func (s *rigSession) run(ctx context.Context) error {
	r := s.rig
	if err := s.request(wire.MethodLogin, wire.LoginParams{Login: r.Name, Pass: "x", Agent: "bytom-testnet/" + r.report.Dialect}); err != nil {
		return err
	}
	var leave <-chan time.Time
	if r.Faults.Disconnect > 0 {
		leave = time.After(time.Duration((0.5 + r.Random.Float64()) * float64(r.Faults.Disconnect)))
	}
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case n := <-s.news:
			if n.err != nil {
				return n.err
			}
			if err := s.hear(n); err != nil {
				return err
			}
		case <-leave:
			return s.drain()
		case <-ctx.Done():
			return s.drain()
		case <-next.C:
			start := time.Now()
			if err := s.mine(ctx); err != nil && ctx.Err() == nil {
				return err
			}
			next.Reset(time.Duration(float64(time.Second)/r.Rate) - time.Since(start))
		}
	}
}

// LastReplies is how long a busy front may take for the shares that it has.
const LastReplies = 30 * time.Second

// drain waits for the replies that are still to come.
func (s *rigSession) drain() error {
	late := time.After(LastReplies)
	for len(s.waiting) > 0 {
		select {
		case n := <-s.news:
			if n.err != nil {
				return n.err
			}
			if err := s.hear(n); err != nil {
				return err
			}
		case <-late:
			return errors.New("replies did not come")
		}
	}
	return nil
}

// hear takes a message.
func (s *rigSession) hear(n rigNews) error {
	m := n.message
	if m.Method == wire.MethodJob {
		return s.take(m.Params, n.lost)
	}
	var login struct{ Job json.RawMessage }
	if m.Error == nil && json.Unmarshal(m.Result, &login) == nil && len(login.Job) > 0 {
		s.rig.note(func(r *Report) { r.Connected = true; r.Connections++; r.Error = "" })
		return s.take(login.Job, false)
	}
	if s.job == nil && m.Error != nil {
		return m.Error
	}
	for i, w := range s.waiting {
		if string(m.ID) == w.id {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			s.answered(w, m)
			break
		}
	}
	return nil
}

// answered counts a share.
func (s *rigSession) answered(w sentShare, m wire.Message) {
	forgotten := w.job != nil && !slices.Contains(s.tips[:], w.job.PreviousBlockHash) && m.Error != nil && m.Error.Code == wire.CodeJobNotFound
	s.rig.note(func(r *Report) { r.settle(w, m, forgotten) })
	switch {
	case w.share == nil:
	case m.OK() && w.share.job.PreviousBlockHash == s.job.PreviousBlockHash:
		s.last = w.share
	case replyKind(m) == "refused":
		delete(s.sent, w.share.key()) // The front has forgotten it, too.
	}
}

// take starts with a job, unless the rig has lost it.
func (s *rigSession) take(text []byte, lost bool) error {
	job := &wire.Job{}
	if err := json.Unmarshal(text, job); err != nil {
		return err
	}
	if tip := job.PreviousBlockHash; s.tips[0] != tip {
		s.tips = [...][32]byte{tip, s.tips[0]}
	}
	if lost {
		return nil
	}
	if s.job != nil && s.job.PreviousBlockHash != job.PreviousBlockHash {
		s.former, s.last = s.job, nil
		clear(s.sent)
	}
	same := s.job != nil && s.job.HeaderHash(0) == job.HeaderHash(0)
	s.job = job
	s.rig.note(func(r *Report) { r.Difficulty = job.Target.Difficulty() })
	if same && s.rig.report.Dialect != B3 {
		return nil // It goes on where it is.
	}
	s.nonce = job.Nonce
	if s.rig.report.Dialect == Backward {
		s.nonce = bits.ReverseBytes64(job.Nonce)
	}
	return nil
}

// mine tries a nonce, and sends it and what the faults make of it.
func (s *rigSession) mine(ctx context.Context) error {
	if s.job == nil {
		return nil
	}
	nonce := s.nonce
	s.nonce = nonce&^0xffff_ffff | uint64(uint32(nonce)+1)
	result, err := s.try(ctx, s.job, nonce)
	if err != nil {
		return err
	}
	if !s.job.Target.Met(result) {
		return nil
	}
	if err := s.share(s.job, nonce, result); err != nil {
		return err
	}
	for {
		send := s.rig.Faults.draw(s.rig.Random.Float64())
		if send == sendGood {
			return nil
		}
		if err := s.fault(ctx, send); err != nil {
			return err
		}
	}
}

func (s *rigSession) try(ctx context.Context, job *wire.Job, nonce uint64) ([32]byte, error) {
	s.rig.note(func(r *Report) { r.Hashes++ })
	return s.rig.Hash(ctx, job.HeaderHash(nonce), job.Seed)
}

// share sends what meets the target. A rig that started again knows that it sends a
// duplicate.
func (s *rigSession) share(job *wire.Job, nonce uint64, result [32]byte) error {
	send, share := sendGood, &sentNonce{job, nonce}
	if s.sent[share.key()] {
		send = sendDuplicate
	}
	s.sent[share.key()] = true
	return s.submit(job.ID, s.format(nonce), sentShare{
		job: job, share: share, send: send, work: job.Target.Difficulty(), block: mining.TargetFromBits(job.Bits).Met(result),
	})
}

func (s *rigSession) format(nonce uint64) string {
	if s.rig.report.Dialect == B3 {
		return strings.ToUpper(wire.FormatNonce(nonce))
	}
	return wire.FormatNonce(nonce)
}

// fault sends something wrong, if there is what it takes.
func (s *rigSession) fault(ctx context.Context, send rigSend) error {
	wrong := sentShare{send: send}
	nonce := s.job.Nonce + 1<<31 + uint64(s.rig.Random.Uint32()>>1) // Where good ones are not looked for.
	switch {
	case send == sendGarbage:
		return s.garbage()
	case send == sendInvalid:
		bad := [][2]string{{s.job.ID, "no nonce"}, {s.job.ID, "8000000000000000"}, {"999999999", s.format(nonce)}}[s.rig.Random.IntN(3)]
		return s.submit(bad[0], bad[1], wrong)
	case send == sendDuplicate && s.last != nil:
		wrong.job = s.last.job
		return s.submit(s.last.job.ID, s.format(s.last.nonce), wrong)
	case send == sendStale && s.former != nil:
		// Were it a block, the front would take it after all.
		return s.miss(ctx, s.former, mining.TargetFromBits(s.former.Bits).Met, nonce, wrong)
	case send == sendLow:
		return s.miss(ctx, s.job, s.job.Target.Met, nonce, wrong)
	}
	return nil
}

// miss sends a nonce that does not meet a target, if one of the next few is such.
func (s *rigSession) miss(ctx context.Context, job *wire.Job, met func([32]byte) bool, nonce uint64, wrong sentShare) error {
	for range 3 {
		result, err := s.try(ctx, job, nonce)
		if err != nil {
			return err
		}
		if !met(result) {
			wrong.job = job
			return s.submit(job.ID, s.format(nonce), wrong)
		}
		nonce++
	}
	return nil
}

// mostJunk is how many lines of garbage in a row a rig sends: the front closes the
// connection at the fifth, with shares in it that have no reply yet.
const mostJunk = 4

// garbage sends a line that is no message.
func (s *rigSession) garbage() error {
	if s.junk == mostJunk {
		return nil
	}
	s.junk++
	lines := []string{"{\"method\":\"submit\",\n", "\x00\xff\x16\x03\x01\n", "[]\n", strings.Repeat("x", 2000) + "\n"}
	s.rig.note(func(r *Report) { r.Garbage++ })
	_, err := s.conn.Write([]byte(lines[s.rig.Random.IntN(len(lines))]))
	return err
}

// submit sends a share.
func (s *rigSession) submit(job, nonce string, w sentShare) error {
	w.id = s.id()
	s.waiting = append(s.waiting, w)
	return s.request(wire.MethodSubmit, wire.SubmitParams{ID: s.rig.Name, JobID: job, Nonce: nonce})
}

// id is the next request's.
func (s *rigSession) id() string {
	if s.rig.report.Dialect == B3 {
		return "1"
	}
	return fmt.Sprint(s.requests + 1)
}

func (s *rigSession) request(method string, params any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	text, err := json.Marshal(wire.Request{Method: method, Params: raw, ID: json.RawMessage(s.id())})
	if err != nil {
		return err
	}
	s.requests++
	s.junk = 0
	if err := s.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	_, err = s.conn.Write(append(text, '\n'))
	return err
}

// settle counts a share by its reply. The front knows the jobs of its latest two tips, and
// may have forgotten the share's: a rig that is slow, or loses jobs, is behind.
func (t *Report) settle(w sentShare, m wire.Message, forgotten bool) {
	allowed := map[rigSend]string{
		sendGood: "ok stale refused", sendStale: "stale invalid", sendDuplicate: "duplicate stale", sendLow: "low stale refused", sendInvalid: "invalid",
	}
	kind := replyKind(m)
	switch kind {
	case "ok":
		t.Accepted++
		t.Work += w.work
		if w.block {
			t.Blocks++
		}
	case "stale":
		t.Stale++
	case "duplicate":
		t.Duplicate++
	case "low":
		t.Low++
	case "refused":
		t.Refused++
	default:
		t.Invalid++
	}
	if !strings.Contains(allowed[w.send], kind) && !forgotten {
		t.Surprises++
		t.Surprise = fmt.Sprintf("%s instead of %s: %v", kind, allowed[w.send], m.Error)
	}
}

// replyKind is what a reply makes of a share.
func replyKind(m wire.Message) string {
	switch {
	case m.OK():
		return "ok"
	case m.Error == nil:
		return "invalid"
	case m.Error.Code == wire.CodeJobNotFound && strings.Contains(m.Error.Message, "expired"):
		return "stale"
	case m.Error.Code == wire.CodeDuplicate:
		return "duplicate"
	case m.Error.Code == wire.CodeLow:
		return "low"
	case m.Error.Code == wire.CodeOther:
		return "refused"
	}
	return "invalid"
}
