package stratum

import (
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestManners: of fifty shares forty bad ones are too many, and 39 are not. The first time
// the rig gets its job again, the second time in a row it is dropped.
func TestManners(t *testing.T) {
	const again, lost, neither = "again", "lost", ""
	for _, c := range []struct {
		bad  []int // of each fifty
		want []string
	}{
		{[]int{39, 39, 39}, []string{neither, neither, neither}},
		{[]int{40, 40}, []string{again, lost}},
		{[]int{40, 39, 40, 50}, []string{again, neither, again, lost}},
		{[]int{0, 50}, []string{neither, again}},
	} {
		var m badShares
		for round, bad := range c.bad {
			m.resend = false
			for n := range 50 {
				if m.resend || m.drop {
					t.Errorf("%v: judged after %d of round %d", c.bad, n, round)
				}
				// What is not the rig's doing does not count.
				m.count(kindStale)
				m.count(kindRefused)
				switch {
				case n >= bad:
					m.count(kindAccepted)
				default:
					m.count([]verdict{kindLow, kindDuplicate, kindInvalid}[n%3])
				}
			}
			got := map[[2]bool]string{{true, false}: again, {false, true}: lost, {false, false}: neither}[[2]bool{m.resend, m.drop}]
			if got != c.want[round] {
				t.Errorf("%v, round %d: %q, expected %q", c.bad, round, got, c.want[round])
			}
		}
	}
}

// bounded is a queue, and shares of a session of its own each time. Likely ones are of an
// easy chain.
func bounded(rate float64, now time.Time) (*queue, func(s *session, likely bool) share) {
	q := newQueue(rate, now, func(*mining.Job) bool { return false })
	job := func(bits uint64) sentJob {
		t := &mining.Template{Tip: mining.Tip{Hash: bc.NewHash([32]byte{1})}, Target: mining.TargetFromBits(bits)}
		return sentJob{job: &mining.Job{Template: t}, target: wire.TargetFor(1)}
	}
	easy, hard := job(easyBits), job(hardBits)
	return q, func(s *session, likely bool) share {
		if likely {
			return share{session: s, job: easy}
		}
		return share{session: s, job: hard}
	}
}

// TestPlacesOfASession: so many shares of a rig may wait, four times as many likely blocks,
// and neither takes the other's places.
func TestPlacesOfASession(t *testing.T) {
	q, make := bounded(0, time.Now())
	s, other := &session{}, &session{}
	for _, c := range []struct {
		likely bool
		want   int
	}{{false, 16}, {true, 64}} {
		added := 0
		for range 100 {
			if q.add(make(s, c.likely)) {
				added++
			}
		}
		if added != c.want || !q.add(make(other, c.likely)) {
			t.Errorf("likely blocks %v: %d places, expected %d, and more for others", c.likely, added, c.want)
		}
	}
}

// TestABudgetIsSavedForTwoSeconds, however long nobody sends anything, and whatever is
// given back.
func TestABudgetIsSavedForTwoSeconds(t *testing.T) {
	const rate = 10
	start := time.Unix(1e9, 0)
	for _, c := range []struct {
		likely bool
		want   int // the savings, and for likely blocks as much in advance
	}{{false, 2 * rate}, {true, 4 * rate}} {
		for name, idle := range map[string]func(*queue) time.Time{
			"nothing for an hour": func(*queue) time.Time { return start.Add(time.Hour) },
			"blocks that were given back": func(q *queue) time.Time {
				for range 100 {
					q.charge(-1)
				}
				return start
			},
			"a hash that was not planned, long ago": func(q *queue) time.Time {
				q.charge(5)
				return start.Add(time.Minute)
			},
		} {
			q, make := bounded(rate, start)
			for range 10 {
				s := &session{}
				for range mostWaiting {
					q.add(make(s, c.likely))
				}
			}
			now, taken := idle(q), 0
			for range 2 * 4 * rate {
				if _, ok, _ := q.take(now); ok {
					taken++
				}
			}
			if taken != c.want {
				t.Errorf("likely blocks %v, %s: %d hashes at once, expected %d", c.likely, name, taken, c.want)
			}
		}
	}
}
