package mining

import (
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	start := timeAt(0)
	m := NewMeter(start)
	if r := m.Rate(start); r != (Hashrate{}) {
		t.Errorf("at the start: %+v", r)
	}
	mine := func(from, to time.Duration) {
		for at := from; at < to; at += 100 * time.Millisecond {
			m.Add(start.Add(at), 5)
		}
	}
	even := Hashrate{Ten: 50, Minute: 50, Quarter: 50}
	const half, later = 20*time.Second + 500*time.Millisecond, 2 * time.Hour
	mine(0, half)
	if r := m.Rate(start.Add(half)); r != even {
		t.Errorf("after %v: %+v, expected 50 H/s", half, r)
	}
	mine(half, 2000*time.Second)
	if r := m.Rate(start.Add(2000 * time.Second)); r != even {
		t.Errorf("after 2000 s: %+v, expected 50 H/s", r)
	}
	if r := m.Rate(start.Add(later)); r != (Hashrate{}) {
		t.Errorf("two hours later: %+v", r)
	}
	mine(later, later+20*time.Second)
	want := Hashrate{Ten: 50, Minute: 1000. / 60, Quarter: 1000. / 899}
	if r := m.Rate(start.Add(later + 20*time.Second)); r != want {
		t.Errorf("20 s after a pause of hours: %+v, expected %+v", r, want)
	}
}
