package node

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
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

// TestARefusedNotificationHoldsUpNoOther has a webhook that refuses one event for what is in it, and one that has
// moved, which may be mended within a quarter of an hour.
func TestARefusedNotificationHoldsUpNoOther(t *testing.T) {
	for status, wait := range map[int]time.Duration{http.StatusUnprocessableEntity: 15 * time.Second, http.StatusNotFound: 843 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			n, err := newNotifier("http://a.example/", slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			var got []string
			var after time.Duration
			n.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				var note Notification
				err := json.NewDecoder(r.Body).Decode(&note)
				got, after = append(got, note.Event), time.Since(start)
				code := http.StatusOK
				if note.Event == "payee.changed" {
					code = status
				}
				return &http.Response{StatusCode: code, Status: http.StatusText(code), Body: http.NoBody}, err
			})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- n.run(ctx) }()
			n.send(Notification{Event: "payee.changed"})
			n.send(Notification{Event: "block.found"})
			time.Sleep(time.Hour)
			cancel()
			<-done
			if !slices.Contains(got, "block.found") || after != wait || n.gone.Load() != 1 {
				t.Errorf("%d: told %v, the last after %v, %d lost; expected block.found after %v", status, got, after, n.gone.Load(), wait)
			}
		})
	}
}
