package stratum

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestNoTwoSessionsShareAHeader: over 10,000 logins, reconnects, tips, repeats and asked-for
// jobs, whatever the rigs do with the nonce. A part of the extranonce's space that was
// given away is never given again, so least of all while its jobs are good.
func TestNoTwoSessionsShareAHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, hardBits, func(_ *front, cfg *Config) { cfg.MaxSessions = 20000 })
		defer f.close()
		synctest.Wait()
		s := f.server
		random := rand.New(rand.NewPCG(1, 8))
		type owner struct{ session *session }
		headers := make(map[[32]byte]owner)
		leases := make(map[uint64]*session)
		ids := make(map[uint64]bool)
		nonces := make(map[uint64]*session)
		var open []*session
		jobs := 0
		take := func(each *session) {
			each.mu.Lock()
			defer each.mu.Unlock()
			w := s.work.Load()
			each.makeJob(time.Now(), w, s.timestamp(w))
			j := each.jobs.last()
			header, lease := j.cut().HeaderHash(j.timestamp, 0), j.extranonce>>32
			if o, ok := headers[header]; ok {
				t.Fatalf("job %d: a header twice, for one session: %v", j.id, o.session == each)
			}
			if of, ok := leases[lease]; ok && of != each || ids[j.id] {
				t.Fatalf("job %d: lease %x or id given twice", j.id, lease)
			}
			if of, ok := nonces[j.start]; ok && of != each {
				t.Fatalf("job %d: start nonce %x given twice", j.id, j.start)
			}
			headers[header], leases[lease], ids[j.id], nonces[j.start] = owner{each}, each, true, each
			jobs++
		}
		for logins := 0; logins < 10_000; {
			switch what := random.IntN(10); {
			case what < 5 || len(open) == 0:
				each := newSession(s, from{nil, "10.0.0.1:1"}, netip.Addr{})
				s.enlist(each)
				l := parseLogin(wire.LoginParams{Login: fmt.Sprint("rig.", random.IntN(50))})
				each.enter(&l)
				take(each)
				open = append(open, each)
				logins++
			case what < 8:
				take(open[random.IntN(len(open))])
			case what == 8:
				i := random.IntN(len(open))
				open[i].end()
				open = append(open[:i], open[i+1:]...)
			case random.IntN(20) == 0:
				f.connect(byte(random.IntN(256)))
				synctest.Wait()
			}
		}
		for _, each := range open {
			each.end()
		}
		clear(s.perHost)
		if len(leases) != 10_000 || jobs < 12_000 {
			t.Errorf("%d leases, %d jobs", len(leases), jobs)
		}
	})
}

// TestJobTable: past is not stale, stale is not unknown, and all of it is bounded.
func TestJobTable(t *testing.T) {
	template := func(tip byte) *mining.Template { return &mining.Template{Tip: tipOf(tip)} }
	var table jobTable
	first := template(1)
	add := func(id uint64, tpl *mining.Template) { table.add(sentJob{id: id, template: tpl}) }
	for id := range uint64(3 * mostJobs) {
		add(id, first)
	}
	if _, ok := table.find(2 * mostJobs); !ok || len(table.jobs) != mostJobs {
		t.Errorf("%d jobs of a tip", len(table.jobs))
	}
	if _, ok := table.find(0); ok {
		t.Error("the oldest is still there")
	}
	// Blocks that come faster than shares do leave the jobs of some tips.
	for tip := range uint64(mostTips - 1) {
		add(1000+tip, template(byte(2+tip)))
		if j, ok := table.find(1000 + tip); !ok || j.id != 1000+tip {
			t.Errorf("job %d is %+v", 1000+tip, j)
		}
	}
	if _, ok := table.find(3*mostJobs - 1); !ok {
		t.Error("the first tip's last job is not known")
	}
	add(2000, template(100))
	if _, ok := table.find(3*mostJobs - 1); ok || len(table.jobs) != mostTips {
		t.Errorf("a job of %d tips ago is kept: %d jobs", mostTips, len(table.jobs))
	}
	for tip := range uint64(mostTips - 1) {
		if _, ok := table.find(1000 + tip); !ok {
			t.Errorf("job %d is not known", 1000+tip)
		}
	}
	add(2001, template(5))
	if _, ok := table.find(1003); ok {
		t.Error("a job is kept whose tip was left and came back")
	}
	if _, ok := table.find(1002); !ok {
		t.Error("a job before it is not known")
	}
	if _, ok := table.find(1<<63 + 1000); ok {
		t.Error("an id that is no job's")
	}
}

// TestAJobIsOfTheCurrentTemplate makes a job while the news of a template is on its way.
func TestAJobIsOfTheCurrentTemplate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, hardBits, nil)
		defer f.close()
		synctest.Wait()
		s := f.server
		s.work.Store(newWork(&mining.Template{})) // of before
		each := newSession(s, from{nil, "10.0.0.1:1"}, netip.Addr{})
		s.enlist(each)
		defer each.end()
		l := parseLogin(wire.LoginParams{Login: "rig.1"})
		each.enter(&l)
		each.live = true
		if m, _ := each.next(time.Now()); m.job == nil {
			t.Fatalf("no job is sent: %+v", m)
		}
		want, err := s.cfg.Templates.Current()
		if err != nil || each.jobs.last().template != want || s.work.Load().template != want {
			t.Errorf("the job is of %p, expected %p, %v", each.jobs.last().template, want, err)
		}
	})
}
