package node

import (
	"github.com/bytom-solo/bytom-solo/ledger"
	"testing"
	"time"
)

// TestASilentRigIsNotBackWhereWorkEnds: a rig that sends nothing, of which the operator was told, is
// not back because nobody can send anything for a while.
func TestASilentRigIsNotBackWhereWorkEnds(t *testing.T) {
	l := newRigLab(t)
	l.connect()
	l.run(2 * time.Hour)
	l.part = 0
	l.run(time.Hour)
	l.expect("mute", "rig.silent shed.1")
	l.work = false
	l.run(10 * time.Minute)
	l.expect("mute, and there is no work")
	l.work = true
	l.run(time.Hour)
	l.expect("mute still")
	l.part = 1
	l.run(time.Hour)
	l.expect("it hashes", "rig.back shed.1")
}

// TestARigSeenInTheFutureHidesNobody: the clock was a year ahead when one rig was last here. The
// others, and it too, are missed after a restart all the same.
func TestARigSeenInTheFutureHidesNobody(t *testing.T) {
	l := newRigLab(t)
	l.well.sessions = 1
	seen := func(name string, at time.Time) ledger.RigTotals {
		return ledger.RigTotals{
			Rig: name, Seen: at, Tally: ledger.Tally{Accepted: 5000, Work: 5e6}, Hashrate: ledger.Rates{Day: 200},
		}
	}
	l.rig.accepted, l.rig.work = 5000, 5e6
	l.start([]ledger.RigTotals{seen("shed.1", l.now.Add(-time.Minute)), seen("shed.2", l.now.Add(365*24*time.Hour))})
	l.run(time.Hour)
	l.expect("one is seen in the future", "rig.away shed.1")

	l = newRigLab(t)
	l.rig.accepted, l.rig.work = 5000, 5e6
	l.start([]ledger.RigTotals{seen("shed.1", l.now.Add(365*24*time.Hour))})
	l.run(time.Hour)
	l.expect("seen in the future itself", "rig.away shed.1")
	if _, since := l.states.of("shed.1"); since.After(l.now) {
		t.Errorf("it is away since %v, and it is %v", since, l.now)
	}
}

// TestARigThatIsBackIsNotInTroubleForHashing: the fault stays for a minute, and says of what it is.
func TestARigThatIsBackIsNotInTroubleForHashing(t *testing.T) {
	l := newRigLab(t)
	l.connect()
	l.run(time.Hour)
	l.disconnect()
	l.run(5 * time.Minute)
	l.connect()
	l.until(RigHashing, time.Minute)
	if list := l.states.troubled(); len(list) != 1 || list[0] != "shed.1 was away" {
		t.Errorf("troubled: %q", list)
	}
}
