package node

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// statusNode is a whole node that pays an address of nobody's, with a port for rigs or not.
func statusNode(t *testing.T, listen string, sessions int) *wholeNode {
	t.Helper()
	config := soloConfig(home(t))
	config.Bytom.Wallet.Disable, config.Mining.Devices = true, "none"
	config.Mining.Address = "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"
	config.Stratum.Listen, config.Stratum.MaxSessions = listen, sessions
	n, _ := newWholeNode(t, config)
	return n
}

// TestStatusSaysWhatIsWrong reads the line that a node logs each minute, and its metrics,
// with nothing wrong and with all.
func TestStatusSaysWhatIsWrong(t *testing.T) {
	for _, listen := range []string{"", "127.0.0.1:0"} {
		n := statusNode(t, listen, 10)
		says := func(wrong bool) {
			t.Helper()
			n.logStatus()
			log := n.log.String()
			line := log[strings.LastIndex(log, "msg=status"):]
			w := httptest.NewRecorder()
			fromLoopback(n.server.Handler).ServeHTTP(w, httptest.NewRequest(http.MethodGet, MetricsRoute, nil))
			lost := strings.Contains(w.Body.String(), "\nbytom_solo_payee_lost 1\n")
			for part, want := range map[string]bool{
				"rigs=0": listen != "", `payee_lost="the key is gone`: wrong, "payee_lost=": wrong, `clock="this clock is 2h0m`: wrong, "clock=": wrong,
			} {
				if strings.Contains(line, part) != want || lost != wrong {
					t.Errorf("rigs %q: %s says %s %v, and a metric that the payee is lost %v", listen, line, part, want, lost)
				}
			}
		}
		says(false)
		n.payees.setLoss(&loss{reason: "the key is gone", given: true})
		n.clock.mu.Lock()
		n.clock.virtual, n.clock.looked = nil, true
		n.clock.chain = chainTime{median: uint64(time.Now().Add(2*time.Hour + 10*time.Second).Unix())}
		n.clock.mu.Unlock()
		says(true)
	}
}

// TestRigsAreAsManyAsFilesAllow: where that is fewer than the operator allows, the log says
// so at the start.
func TestRigsAreAsManyAsFilesAllow(t *testing.T) {
	for allowed, fewer := range map[int]bool{1: false, 1 << 30: true} {
		n := statusNode(t, "127.0.0.1:0", allowed)
		if n.files.limit == 0 {
			t.Skip("this system tells no limit of open files")
		}
		if got := strings.Contains(n.log.String(), "fewer rigs can connect"); got != fewer {
			t.Errorf("%d allowed, with %d files: the log says that there are fewer: %v", allowed, n.files.limit, got)
		}
		if n.tlsCert != nil {
			t.Error("a certificate is served that was not given")
		}
	}
}

// slowBackend takes a time for each hash.
type slowBackend struct {
	computetest.SHA3
	takes   time.Duration
	workers int
	hashes  *atomic.Int64
}

func (b slowBackend) Info() compute.Info { return compute.Info{Name: "slow", Workers: b.workers} }

func (b slowBackend) NewHasher(context.Context, [32]byte) (compute.Hasher, error) { return b, nil }

func (b slowBackend) Hash(ctx context.Context, results, headers [][32]byte) error {
	time.Sleep(b.takes)
	b.hashes.Add(1)
	return b.SHA3.Hash(ctx, results, headers)
}

// TestHashSpeed is measured by three hashes, or by two that take longer than a second; by as many at
// a time as there are workers where one is not shared among all of them.
func TestHashSpeed(t *testing.T) {
	for _, c := range []struct {
		takes   time.Duration
		workers int
		hashes  int64
		speed   float64
	}{{100 * time.Millisecond, 2, 3, 10}, {time.Second, 16, 3, 1}, {2 * time.Second, 2, 2, 0.5}, {100 * time.Millisecond, 300, 900, 3000}} {
		synctest.Test(t, func(t *testing.T) {
			var hashes atomic.Int64
			v := compute.NewVerifier(slowBackend{takes: c.takes, workers: c.workers, hashes: &hashes})
			defer v.Close()
			if speed, err := hashSpeed(t.Context(), v, c.workers); err != nil || speed != c.speed || hashes.Load() != c.hashes {
				t.Errorf("%v a hash: %v a second by %d hashes, %v, expected %v by %d", c.takes, speed, hashes.Load(), err, c.speed, c.hashes)
			}
		})
	}
}

// TestSolonetClockIsTheOperators: the mode that the option names is the one that a
// solonet begins with.
func TestSolonetClockIsTheOperators(t *testing.T) {
	for _, clock := range []string{clockVirtual, clockReal} {
		config := soloConfig(home(t))
		config.Bytom.Wallet.Disable, config.Mining.Devices, config.Solonet.Clock = true, "none", clock
		n, _ := newWholeNode(t, config)
		if mode, _ := n.solonet.read(); mode != clock {
			t.Errorf("solonet.clock %s: the clock is %s", clock, mode)
		}
	}
}

// TestAPauseIsNoFault: a node whose devices are paused at its terminal reports that nothing
// mines as its status, and not as a fault; a call of /set-mining ends the pause.
func TestAPauseIsNoFault(t *testing.T) {
	n := statusNode(t, "127.0.0.1:0", 10)
	faulty := func() bool { _, on := n.checkHashing(time.Now()); return on }
	if changed, err := n.Pause(true); changed || !errors.Is(err, errNotMining) || !faulty() {
		t.Errorf("mining is off: paused %v, %v, and a fault %v", changed, err, faulty())
	}
	n.miner.SetMining(true)
	if s := n.Stats(); !faulty() || !s.Mining || s.Paused {
		t.Errorf("no device hashes: a fault %v, mining %v, paused %v", faulty(), s.Mining, s.Paused)
	}
	for range 2 {
		changed, err := n.Pause(true)
		if s := n.Stats(); err != nil || faulty() || s.Mining || !s.Paused {
			t.Errorf("paused %v, %v: a fault %v, mining %v, paused %v", changed, err, faulty(), s.Mining, s.Paused)
		}
	}
	n.logStatus()
	if log := n.log.String(); !strings.Contains(log[strings.LastIndex(log, "msg=status"):], "paused=true") {
		t.Errorf("the status says nothing of it:\n%s", log)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/set-mining", strings.NewReader(`{"is_mining": true}`))
	fromLoopback(n.server.Handler).ServeHTTP(w, r)
	if s := n.Stats(); !s.Mining || s.Paused || !strings.Contains(w.Body.String(), "success") {
		t.Errorf("after %s: mining %v, paused %v", w.Body, s.Mining, s.Paused)
	}
	if changed, err := n.Pause(false); changed || err != nil {
		t.Errorf("there is no pause to end: %v, %v", changed, err)
	}
}

func TestHashratesOfSlowDevices(t *testing.T) {
	for rate, want := range map[float64]string{0: "0.0 H/s", 0.04: "0.04 H/s", 0.4: "0.4 H/s", 1.25: "1.2 H/s", 46.94: "46.9 H/s"} {
		if got := perSecond(rate); got != want {
			t.Errorf("%v: %q, expected %q", rate, got, want)
		}
	}
}
