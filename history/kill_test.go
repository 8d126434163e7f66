//go:build linux || darwin

package history

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	killedRigs = 500
	killedDays = 8
	killedKids = "BYTOM_SOLO_TEST_HISTORY"
)

// workOf is what a rig does in a minute, and hashesOf what the devices do.
func workOf(rig int, minute int64) float64 { return float64((int64(rig)*7919+minute*31)%1000 + 1) }

func hashesOf(minute int64) float64 { return float64(minute%977 + 1) }

// simMinute is how many minutes of the simulation a time is in.
func simMinute(now time.Time) int64 { return int64(now.Sub(simStart) / time.Minute) }

// live is the child: it counts from a minute on, and says what is written. Half an hour after
// the minute at which it is to be killed it waits for that.
func live(path string, minute, killed int64) error {
	s := newSim()
	s.now = simStart.Add(time.Duration(minute) * time.Minute)
	for i := range killedRigs {
		s.rigs = append(s.rigs, RigTotals{Name: fmt.Sprintf("shed.rig%d", i), Online: true})
	}
	h := Open(s.config(path))
	if !h.Saved() {
		return fmt.Errorf("%s can't be used", path)
	}
	// What is written outlives the process without that, and it is most of the time.
	h.file.Bolt().NoSync = os.Getenv("BYTOM_SOLO_LONG") == ""
	h.readTotals()
	h.readRigs()
	for ; minute < killedDays*1440; minute++ {
		for i := range s.rigs {
			s.rigs[i].Work += workOf(i, minute)
			s.rigs[i].Accepted++
		}
		s.pass(5*time.Second, hashesOf(minute)) // All readings lie within the minute.
		h.readTotals()
		h.readRigs()
		for range 5 {
			s.pass(10*time.Second, 0)
			h.readTotals()
		}
		s.pass(5*time.Second, 0)
		if err := h.Flush(); err != nil {
			return err
		}
		if fmt.Println("minute", minute); minute == killed+30 {
			time.Sleep(time.Hour)
		}
	}
	return nil // Not closed: the end of the process does that, too.
}

// TestHistoryKilled simulates eight days of 500 rigs and kills the process 20 times. Each
// kill costs a minute at most, the file stays small, and grows no more after a week.
func TestHistoryKilled(t *testing.T) {
	if minutes, path, child := strings.Cut(os.Getenv(killedKids), "@"); child {
		var from, killed int64
		if _, err := fmt.Sscan(minutes, &from, &killed); err != nil {
			t.Fatal(err)
		}
		if err := live(path, from, killed); err != nil {
			t.Fatal(err)
		}
		return
	}
	const kills, minutes = 20, int64(killedDays * 1440)
	path := filepath.Join(t.TempDir(), "history.db")
	lost, minute, sizes := map[int64]bool{}, int64(0), map[int64]int64{}
	r := rand.New(rand.NewPCG(17, 3))
	for kill := 0; minute < minutes; kill++ {
		until := minutes
		if kill < kills {
			until = int64(kill+1)*minutes/(kills+1) + r.Int64N(60)
		}
		last := liveUntil(t, path, minute, until, time.Duration(r.IntN(4000))*time.Microsecond, sizes)
		if minute = last + 2; minute <= minutes { // As long as the node was off.
			lost[last+1] = true
		}
	}
	if len(lost) != kills {
		t.Errorf("%d kills, expected %d", len(lost), kills)
	}
	checkKilled(t, path, lost)
	if size, week := sizes[killedDays*1440-1], sizes[7*1440+10]; size > 32<<20 || week == 0 || size > week {
		t.Errorf("the file has %d bytes after %d days, %d after 7", size, killedDays, week)
	}
	t.Logf("%d MB", sizes[killedDays*1440-1]>>20)
}

// liveUntil runs the child until it has written a minute, kills it a moment later, and
// gives the last that it wrote.
func liveUntil(t *testing.T, path string, from, until int64, moment time.Duration, sizes map[int64]int64) (last int64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d@%s", killedKids, from, until, path))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last = from - 1
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, _ := fmt.Sscanf(lines.Text(), "minute %d", &last); n != 1 {
			continue
		}
		if info, err := os.Stat(path); err == nil {
			sizes[last] = info.Size()
		}
		if last == until { // It goes on counting and writing meanwhile.
			time.AfterFunc(moment, func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err != nil && last < until {
		t.Fatalf("the child ended by itself at minute %d: %v", last, err)
	}
	return last
}

// checkKilled compares what is in the file with what was done.
func checkKilled(t *testing.T, path string, lost map[int64]bool) {
	t.Helper()
	s := newSim()
	s.now = simStart.Add(killedDays*24*time.Hour - time.Second)
	h := open(t, s, path)
	day := h.Series(Day)
	missing := 0
	for i, p := range day.Points {
		minute := simMinute(day.From) + int64(i)
		switch {
		case p == nil && lost[minute]:
			missing++
		case p == nil || !lost[minute] && (p.Hashes != hashesOf(minute) || p.Covered < 50):
			t.Errorf("minute %d has %+v, expected %v hashes", minute, p, hashesOf(minute))
		}
	}
	week := h.Series(Week)
	rig, err := h.Rig("shed.rig123")
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range week.Points {
		first, sums := simMinute(week.From)+5*int64(i), [2][2]float64{}
		for minute := first; minute < first+5; minute++ {
			for k := range sums { // A minute may be on the disk that the child did not get to say is.
				if k == 1 || !lost[minute] {
					sums[k][0], sums[k][1] = sums[k][0]+hashesOf(minute), sums[k][1]+workOf(123, minute)
				}
			}
		}
		r := rig.Points[i]
		if p == nil || r == nil || [2]float64{p.Hashes, r.Work} != sums[0] && [2]float64{p.Hashes, r.Work} != sums[1] {
			t.Errorf("the five minutes from %d on have %+v and %+v, expected %v, or %v", first, p, r, sums[0], sums[1])
		}
	}
	if len(week.Points) != 2016 || missing == 0 {
		t.Errorf("%d points of a week, %d minutes of the day missing, expected some", len(week.Points), missing)
	}
}
