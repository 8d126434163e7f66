package stratum

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// loadRig is one of many: it tries nonces at a hashrate and sends those that are good.
type loadRig struct {
	name   string
	conn   net.Conn
	random *rand.Rand
	// flood sends whatever it tries, without looking.
	flood bool

	mu                          sync.Mutex
	job                         *wire.Job
	sent, good, refused, others int
	ended                       bool
}

// read takes jobs and counts replies until the connection ends.
func (r *loadRig) read() {
	for in := wire.NewReader(r.conn); ; {
		line, err := in.ReadLine()
		var m wire.Message
		if err == nil {
			m, err = wire.ParseMessage(line)
		}
		r.mu.Lock()
		if r.ended = err != nil; r.ended {
			r.mu.Unlock()
			return
		}
		var login wire.LoginResult
		job := &wire.Job{}
		switch {
		case m.Method == wire.MethodJob && json.Unmarshal(m.Params, job) == nil:
			r.job = job
		case m.OK():
			r.good++
			if json.Unmarshal(m.Result, &login) == nil && login.Job.ID != "" {
				r.job = &login.Job
				r.good--
			}
		case m.Error != nil && m.Error.Code == wire.CodeOther:
			r.refused++
		default:
			r.others++
		}
		r.mu.Unlock()
	}
}

// mine tries nonces, hashrate a second on average, until the end.
func (r *loadRig) mine(hashrate float64, end time.Time) {
	if _, err := fmt.Fprintf(r.conn, `{"method":"login","params":{"login":%q,"pass":"x"},"id":1}`+"\n", r.name); err != nil {
		return
	}
	for tried := uint64(0); ; tried++ {
		if time.Sleep(time.Duration(r.random.ExpFloat64() / hashrate * float64(time.Second))); !time.Now().Before(end) {
			return
		}
		r.mu.Lock()
		job := r.job
		r.mu.Unlock()
		if job == nil || !r.flood && !job.Target.Met(fakeHash(job.HeaderHash(job.Nonce+tried))) {
			continue
		}
		r.mu.Lock()
		r.sent++
		r.mu.Unlock()
		_, err := fmt.Fprintf(r.conn, `{"method":"submit","params":{"id":"x","job_id":%q,"nonce":%q},"id":2}`+"\n", job.ID, wire.FormatNonce(job.Nonce+tried))
		if err != nil {
			return
		}
	}
}

// state is what it has sent, and what came of it.
func (r *loadRig) state() (sent, good, refused, others int, ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent, r.good, r.refused, r.others, r.ended
}

// TestLoad has many rigs offer five times the shares that may be verified, on a clock of
// its own, and some flood besides. The budget holds, no rig gets more than its part, the
// difficulties follow, and whatever a rig got as an answer is in the ledger.
func TestLoad(t *testing.T) {
	rigs, minutes := 200, 3
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		rigs = 2000
	}
	synctest.Test(t, func(t *testing.T) { testLoad(t, rigs, minutes) })
}

func testLoad(t *testing.T, count, minutes int) {
	offered := float64(count) / 4 // A second, at difficulty 1: 500 of 2,000 rigs.
	budget := offered / 5
	f := start(t, hardBits, func(_ *front, cfg *Config) {
		cfg.Budget, cfg.MinDifficulty, cfg.StartDifficulty, cfg.MaxSessions = budget, 1, 1, 2*count
	})
	defer f.close()
	began := time.Now()
	end := began.Add(time.Duration(minutes) * time.Minute)
	var all []*loadRig
	var running sync.WaitGroup
	for i := range count + count/50 {
		ours, theirs := net.Pipe()
		f.listener.(*pipeListener).conns <- from{theirs, fmt.Sprintf("10.0.%d.%d:1", i/250, i%250)}
		r := &loadRig{name: fmt.Sprint("load.", i), conn: ours, random: rand.New(rand.NewPCG(uint64(i), 7)), flood: i >= count}
		all = append(all, r)
		hashrate := 0.25
		if r.flood {
			hashrate = 50
		}
		running.Go(r.read)
		running.Go(func() { r.mine(hashrate, end) })
	}

	longest, before := 0, total(all[:count])
	for now := began; now.Before(end); now = time.Now() {
		time.Sleep(time.Second)
		longest = max(longest, f.server.queue.length())
		if hashed, most := float64(f.backend.hashes.Load()), budget*(time.Since(began)+queueBurst).Seconds()+2; hashed > most {
			t.Fatalf("%v hashes after %v, expected at most %v", hashed, time.Since(began), most)
		}
		if time.Until(end) >= time.Minute {
			before = total(all[:count])
		}
	}
	time.Sleep(time.Minute) // For the replies.
	after := total(all[:count])
	last := [3]int{after[0] - before[0], after[1] - before[1], after[2] - before[2]}
	t.Logf("%d rigs, budget %v a second: in the last minute %d sent, %d good, %d refused; the longest queue %d", count, budget, last[0], last[1], last[2], longest)
	if rate := float64(last[0]) / 60; rate < 0.6*budget || rate > 1.25*budget {
		t.Errorf("%.1f shares a second sent in the last minute, expected about %v", rate, headroom*budget)
	}
	if most := mostWaiting * len(all); longest > most {
		t.Errorf("%d shares waited, expected at most %d", longest, most)
	}
	if last[2] > last[0]/100 {
		t.Errorf("%d of %d shares refused in the last minute", last[2], last[0])
	}
	checkLedger(t, f, all[:count])
	for _, r := range all[count:] {
		_, good, refused, others, _ := r.state()
		if fair := after[1] / count; good+others > 5*fair+mostWaiting || refused < 2*good {
			t.Errorf("flooding rig %s has had %d shares hashed and %d refused; the others %d on average", r.name, good+others, refused, fair)
		}
	}
	for _, r := range all {
		_ = r.conn.Close()
	}
	running.Wait()
}

// total is what rigs sent, and had accepted and refused.
func total(all []*loadRig) (sum [3]int) {
	for _, r := range all {
		sent, good, refused, _, _ := r.state()
		sum[0] += sent
		sum[1] += good
		sum[2] += refused
	}
	return sum
}

// checkLedger compares the answers that each rig got with what the ledger counted.
func checkLedger(t *testing.T, f *front, all []*loadRig) {
	t.Helper()
	counted := make(map[string]ledger.RigTotals)
	for _, r := range f.ledger.Rigs(time.Now()) {
		counted[r.Rig] = r
	}
	for _, r := range all {
		sent, good, refused, others, ended := r.state()
		l := counted[r.name]
		if ended || others > 0 || good+refused != sent || uint64(good) != l.Accepted || l.Low+l.Invalid+l.Duplicate+l.Stale > 0 {
			t.Errorf("rig %s sent %d: %d good, %d refused, %d others, ended %v; the ledger has %+v", r.name, sent, good, refused, others, ended, l.Tally)
		}
	}
}
