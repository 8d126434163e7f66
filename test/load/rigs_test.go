package load_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// verdicts are what became of rigs' shares.
type verdicts struct {
	took times // from a share's line to its answer

	mu              sync.Mutex
	accepted, stale int
	refused         []string // why others were
}

func (v *verdicts) note(m wire.Message, took time.Duration) {
	v.took.add(took)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case m.OK():
		v.accepted++
	case m.Error != nil && m.Error.Code == wire.CodeJobNotFound:
		v.stale++
	default:
		v.refused = append(v.refused, fmt.Sprint(m.Error))
	}
}

// counts are how many were accepted and stale, and why others were refused.
func (v *verdicts) counts() (accepted, stale int, refused []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.accepted, v.stale, v.refused
}

// rig is one at difficulty 1, of which any nonce is a share: it costs its own machine nothing.
type rig struct {
	view
	conn     net.Conn
	to       *verdicts
	noBlocks bool // it leaves those out

	mu    sync.Mutex
	job   wire.Job
	tried uint64
	sent  []time.Time // the shares without an answer, in their order
}

// dialRig logs in, from an address of this machine or, if that is empty, any, and reads on until the connection ends; fail is told why.
func dialRig(from, to, name string, v *tips, took *times, judged *verdicts, fail func(error)) (*rig, error) {
	dialer := net.Dialer{Timeout: 30 * time.Second}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	conn, err := dialer.Dial("tcp", to)
	if err != nil {
		return nil, err
	}
	r := &rig{view: view{of: v, kind: "rigs", took: took}, conn: conn, to: judged}
	if _, err = fmt.Fprintf(conn, `{"method":"login","params":{"login":"%s+1","pass":"x","agent":"bytom-solo/load"},"id":1}`+"\n", name); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	in := wire.NewReader(conn)
	m, err := r.next(in)
	var login wire.LoginResult
	if err == nil && m.Error != nil {
		err = m.Error
	}
	if err == nil {
		err = json.Unmarshal(m.Result, &login)
	}
	if err == nil {
		err = r.take(login.Job)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("rig %s: %w", name, err), conn.Close())
	}
	go func() {
		for err == nil {
			err = r.hear(in)
		}
		if !errors.Is(err, net.ErrClosed) {
			fail(fmt.Errorf("rig %s: %w", name, err))
		}
	}()
	return r, nil
}

func (r *rig) next(in *wire.Reader) (wire.Message, error) {
	line, err := in.ReadLine()
	if err != nil {
		return wire.Message{}, err
	}
	return wire.ParseMessage(line)
}

// hear takes a message.
func (r *rig) hear(in *wire.Reader) error {
	m, err := r.next(in)
	if err != nil {
		return err
	}
	if m.Method == wire.MethodJob {
		var job wire.Job
		if err := json.Unmarshal(m.Params, &job); err != nil {
			return err
		}
		return r.take(job)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.sent) == 0 {
		return errors.New("an answer to nothing")
	}
	r.to.note(m, time.Since(r.sent[0]))
	r.sent = r.sent[1:]
	return nil
}

func (r *rig) take(job wire.Job) error {
	r.mu.Lock()
	r.job = job
	r.mu.Unlock()
	return r.saw(job.Height - 1)
}

// submit sends a share that nobody has sent.
func (r *rig) submit() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.tried++; r.noBlocks && isBlock(&r.job, r.job.Nonce+r.tried); {
		r.tried++
	}
	r.sent = append(r.sent, time.Now())
	_, err := fmt.Fprintf(r.conn, `{"method":"submit","params":{"job_id":%q,"nonce":%q},"id":2}`+"\n", r.job.ID, wire.FormatNonce(r.job.Nonce+r.tried))
	return err
}

// isBlock reports whether a nonce makes a block, where the hash is simulated.
func isBlock(j *wire.Job, nonce uint64) bool {
	h, err := compute.Simulated{}.NewHasher(context.Background(), j.Seed)
	var result [1][32]byte
	if err == nil {
		err = h.Hash(context.Background(), result[:], [][32]byte{j.HeaderHash(nonce)})
	}
	return err == nil && mining.TargetFromBits(j.Bits).Met(result[0])
}

// waiting is how many shares have no answer.
func (r *rig) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sent)
}

// oldest is when the oldest share was sent that has no answer; zero if each has.
func (r *rig) oldest() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.sent) == 0 {
		return time.Time{}
	}
	return r.sent[0]
}
