package watch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// expect compares the alarms since the last call.
func (s *scene) expect(t *testing.T, want string) {
	t.Helper()
	if got := s.told(); got != want {
		t.Errorf("alarms: %q, expected %q", got, want)
	}
}

func TestAheadIsRaisedOnceItLasts(t *testing.T) {
	for blocks, want := range map[uint64]string{1: "others-ahead at 1m2s", 2: "others-ahead at 32s", 50: "others-ahead at 32s"} {
		play(t, 10, func(s *scene) {
			s.pass(work('b', 10+blocks), 2*time.Minute)
			s.expect(t, want)
			a := s.Alarms()
			if len(a) != 1 || a[0].Kind != Ahead || !strings.Contains(a[0].What, fmt.Sprintf("at height %d", 10+blocks)) || a[0].Do == "" {
				t.Errorf("%+v", a)
			}
			s.chain.reorganise('b', 5, 10+blocks)
			s.pass(work('b', 10+blocks), time.Minute)
			if got := s.told(); !strings.HasPrefix(got, "no others-ahead") || len(s.Alarms()) > 0 {
				t.Errorf("caught up: %q", got)
			}
		})
	}
}

func TestWhatIsNoAlarm(t *testing.T) {
	for name, f := range map[string]func(*scene){
		"a block comes here half a minute later, again and again": func(s *scene) {
			for on := uint64(11); on < 60; on++ {
				s.pass(work(ours, on), 30*time.Second)
				s.chain.grow(1)
				s.pass(work(ours, on), 2*time.Minute)
			}
		},
		"it is behind": func(s *scene) { s.pass(work(ours, 3), time.Hour) },
		"it stays on a block that lost its race": func(s *scene) {
			s.pass(work('b', 10), time.Minute)
			s.chain.grow(1)
			s.pass(work('b', 10), time.Hour)
		},
		"a race takes five minutes, and it wins": func(s *scene) {
			s.pass(work('b', 10), 5*time.Minute)
			s.pass(work('b', 11), 10*time.Second)
			s.chain.reorganise('b', 10, 11)
			s.pass(work('b', 11), time.Hour)
		},
		"a race takes five minutes, and it loses": func(s *scene) {
			s.pass(work('b', 10), 5*time.Minute)
			s.pass(work(ours, 11), 10*time.Second)
			s.chain.grow(1)
			s.pass(work(ours, 11), time.Hour)
		},
		"its branch is seven blocks shorter": func(s *scene) {
			s.pass(work('b', 2), 30*time.Minute)
			s.pass(work('b', 3), 30*time.Minute)
		},
		"this node catches up": func(s *scene) {
			for range 40 {
				s.pass(work(ours, 1000), 25*time.Second)
				s.chain.grow(5)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, 10, func(s *scene) { f(s); s.expect(t, "") })
		})
	}
}

// TestStuckWhileCatchingUp has the node stop in the middle.
func TestStuckWhileCatchingUp(t *testing.T) {
	play(t, 10, func(s *scene) {
		for range 4 {
			s.pass(work(ours, 1000), 25*time.Second)
			s.chain.grow(5)
		}
		s.pass(work(ours, 1000), time.Minute)
		s.expect(t, "others-ahead at 2m12s")
	})
}

func TestForks(t *testing.T) {
	play(t, 10, func(s *scene) { // one block against another
		s.pass(work('b', 10), 11*time.Minute)
		s.expect(t, "others-fork at 10m2s")
		s.chain.reorganise('b', 10, 10)
		s.pass(work('b', 10), time.Minute)
		if got := s.told(); !strings.HasPrefix(got, "no others-fork") {
			t.Errorf("on their branch: %q", got)
		}
	})
	play(t, 10, func(s *scene) { // a branch that grows, and ours with it
		for on := uint64(9); on < 14; on++ {
			s.pass(work('b', on), 20*time.Second)
			s.chain.grow(1)
		}
		s.expect(t, "others-fork at 52s")
	})
	play(t, 10, func(s *scene) { // now longer, now shorter than ours
		for on := uint64(10); on < 30; on += 2 {
			s.pass(work('b', on), 20*time.Second)
			s.pass(work('b', on+1), 20*time.Second)
			s.chain.grow(2)
		}
		s.expect(t, "others-fork at 52s")
	})
}

func TestOtherRules(t *testing.T) {
	for _, kind := range []Kind{Bits, Seed} {
		play(t, 10, func(s *scene) {
			v := work(ours, 9)
			if kind == Bits {
				v.bits++
			} else {
				v.seed.V0++
			}
			s.pass(v, 10*time.Second)
			s.pass(work(ours, 10), time.Minute) // A job of a moment.
			s.expect(t, "")
			s.pass(v, 30*time.Second)
			s.expect(t, kind.String()+" at 1m28s")
			if a := s.Sources()[0].Alarm; a == nil || *a != kind.String() {
				t.Errorf("the source's alarm is %v", a)
			}
		})
	}
}

// TestFlapping has a source come and go for a day.
func TestFlapping(t *testing.T) {
	play(t, 10, func(s *scene) {
		for range 24 * 60 * 60 / 70 {
			s.pass(work('b', 20), 35*time.Second)
			s.pass(work(ours, 10), 35*time.Second)
		}
		if n := len(strings.Split(s.told(), ", ")); n < 4 || n > 100 {
			t.Errorf("%d notifications in a day", n)
		}
		if n := strings.Count(s.log.String(), "\n"); n > 110 {
			t.Errorf("%d lines in a day", n)
		}
	})
}

// TestSourceThatIsAway can't be read for a day, then for some minutes while it is ahead.
func TestSourceThatIsAway(t *testing.T) {
	play(t, 10, func(s *scene) {
		tries := 0
		for end := time.Now().Add(24 * time.Hour); time.Now().Before(end); tries++ {
			s.says <- errors.New("connection refused\nby hunter2 " + strings.Repeat("x", 5000))
		}
		if tries < 24*60 || tries > 24*60*3 {
			t.Errorf("%d tries in a day", tries)
		}
		if n := s.log.count("can't be read"); n < 23 || n > 25 {
			t.Errorf("%d lines in a day", n)
		}
		status := s.Sources()[0]
		if status.Up || status.Height != nil || status.Last != nil || len(*status.Error) > 310 || strings.Contains(*status.Error, "hunter2") {
			t.Errorf("%+v", status)
		}
		s.says <- work(ours, 10)
		s.start = time.Now()
		s.pass(work('b', 20), 40*time.Second)
		s.says <- errors.New("lost")
		time.Sleep(9 * time.Minute)
		if got := s.told(); !strings.HasPrefix(got, "others-ahead at 3") {
			t.Errorf("alarms: %q", got)
		}
		time.Sleep(2 * time.Minute)
		if got := s.told(); !strings.HasPrefix(got, "no others-ahead") || s.log.count("can't be read any more") != 1 {
			t.Errorf("gone for ten minutes: %q", got)
		}
	})
}

// TestGoneSourceRaisesNothing had work that could have become an alarm.
func TestGoneSourceRaisesNothing(t *testing.T) {
	play(t, 10, func(s *scene) {
		s.pass(work('b', 20), 20*time.Second)
		s.says <- errors.New("lost")
		time.Sleep(time.Hour)
		s.expect(t, "")
	})
}

// TestWorkThatMakesNoSense is for heights that no chain has, or that do not follow.
func TestWorkThatMakesNoSense(t *testing.T) {
	play(t, 10, func(s *scene) {
		for _, height := range []uint64{0, 1 << 41, 1<<64 - 1, 5, 12} {
			v := work(ours, 9)
			v.height = height
			s.pass(v, 2*time.Minute)
			if status := s.Sources()[0]; status.Ahead != nil || status.Up {
				t.Errorf("height %d: %+v", height, status)
			}
		}
		s.expect(t, "")
		if n := s.log.count("can't be read"); n != 1 {
			t.Errorf("%d lines", n)
		}
		s.pass(work(ours, 10), 4*time.Second)
		if status := s.Sources()[0]; status.Ahead == nil || *status.Ahead != 0 || !status.Up || *status.Height != 10 || *status.Bits != "1c10000000000000" || status.Error != nil {
			t.Errorf("%+v", status)
		}
	})
}

// TestAlarmsOfSeveral has one alarm a kind, whoever raised it.
func TestAlarmsOfSeveral(t *testing.T) {
	sources, err := ParseSources([]string{"http://a:1", "http://b:1", "http://c:1"})
	if err != nil {
		t.Fatal(err)
	}
	w := New(Config{Sources: sources, Chain: newChain(10)})
	start := time.Now()
	bits := work(ours, 10)
	bits.bits++
	for i, v := range []view{work('b', 15), work('b', 14), bits} {
		w.sources[i].saw(v)
		w.look(start.Add(time.Duration(i) * 10 * time.Second))
	}
	for at := 30 * time.Second; at < 2*time.Minute; at += 10 * time.Second {
		w.look(start.Add(at))
	}
	a := w.Alarms()
	if len(a) != 2 || a[0].Kind != Bits || a[1].Kind != Ahead || a[1].Source != "http://a:1" || a[0].Source != "http://c:1" ||
		a[1].What != "http://a:1 is 5 blocks ahead, at height 15 (1 more of 3 watched say so too)" || !a[1].Since.Equal(start.Add(30*time.Second)) {
		t.Errorf("%+v", a)
	}
}

// refusing is a chain that has refused a block.
type refusing struct{ *fakeChain }

func (c refusing) Place(id bc.Hash, height uint64) mining.Place {
	p := c.fakeChain.Place(id, height)
	if id == block('b', 11) {
		p.Known, p.Invalid = true, errors.New("its coinbase pays too much")
	}
	return p
}

// TestRefusedBlock says that this node has the block, and why it did not take it.
func TestRefusedBlock(t *testing.T) {
	sources, err := ParseSources([]string{"http://a:1"})
	if err != nil {
		t.Fatal(err)
	}
	w := New(Config{Sources: sources, Chain: refusing{newChain(10)}})
	w.sources[0].saw(work('b', 11))
	w.look(time.Now())
	w.look(time.Now().Add(aheadByOne))
	if a := w.Alarms(); len(a) != 1 || !strings.Contains(a[0].What, "1 block ahead") || !strings.Contains(a[0].What, "coinbase pays too much") {
		t.Errorf("%+v", a)
	}
}
