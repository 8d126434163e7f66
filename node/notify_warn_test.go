package node

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestAClockThatWasAheadHidesNoLoss: notifications got lost by a clock that was years ahead, which is logged once an hour. When the clock is right,
// that is not an hour that has to pass for years.
func TestAClockThatWasAheadHidesNoLoss(t *testing.T) {
	var log strings.Builder
	n, err := newNotifier("http://127.0.0.1:1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	n.warned.Store(time.Now().AddDate(10, 0, 0).UnixNano())
	for range 2 {
		n.lost(Notification{Event: "block.found"}, errors.New("x"))
	}
	if told := strings.Count(log.String(), "notifications are lost"); told != 1 {
		t.Errorf("told %d times, expected once", told)
	}
}
