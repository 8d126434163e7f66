package node

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// getStats reads what a route answers to someone on loopback.
func getStats(t *testing.T, n *wholeNode, route string, status int, out any) {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, route, nil)
	fromLoopback(n.server.Handler).ServeHTTP(w, r)
	if w.Code != status || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%s: %d, expected %d, %v: %s", route, w.Code, status, w.Header(), w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		t.Fatalf("%s: %v: %s", route, err, w.Body)
	}
}

// TestWhatIsNotKnownIsNull asks a node that has counted nothing yet: no figure is 0 that
// nobody measured.
func TestWhatIsNotKnownIsNull(t *testing.T) {
	config := soloConfig(home(t))
	config.Stratum.Listen = "127.0.0.1:0"
	n, _ := newWholeNode(t, config)
	n.ledger.Login(time.Now(), "new.0", "10.0.0.7", "b3")
	var s Stats
	getStats(t, n, StatusRoute, http.StatusOK, &s)
	for name, w := range map[string]HashrateWindow{"now": s.Hashrate.Now, "1h": s.Hashrate.Hour, "24h": s.Hashrate.Day, "7d": s.Hashrate.Week} {
		if w != (HashrateWindow{}) {
			t.Errorf("the hashrate of %s is %+v", name, w)
		}
	}
	if s.Effort != nil || s.Odds != nil || s.BestShare != nil || len(s.Luck) > 0 || s.History.Since != nil || s.Blocks.Last != nil {
		t.Errorf("%+v", s)
	}
	if s.Difficulty == nil || *s.Difficulty < 1 || s.Rigs == nil || *s.Rigs != (RigCounts{Known: 1}) || !s.History.Saved || s.Network != "solonet" {
		t.Errorf("%+v: expected a difficulty, one rig that is away and a history that is saved", s)
	}
	var list RigStatsList
	getStats(t, n, StatsRigsRoute, http.StatusOK, &list)
	if len(list.Rigs) != 1 || list.Rigs[0].Hashrate != (RigRates{}) || list.Rigs[0].Best != nil || list.Rigs[0].Difficulty != nil || len(list.Rigs[0].Day) != dayParts {
		t.Errorf("%+v", list)
	}
	for i, v := range list.Rigs[0].Day {
		if v != nil {
			t.Errorf("half-hour %d of a rig that just came is %v", i, *v)
		}
	}
	var w Widget
	getStats(t, n, WidgetRoute, http.StatusOK, &w)
	for _, item := range w.Items[:3] {
		if item.Text != "–" {
			t.Errorf("%+v", item)
		}
	}
}

// TestFiguresOfARig has a rig work for a while that the history counts.
func TestFiguresOfARig(t *testing.T) {
	config := soloConfig(home(t))
	config.Stratum.Listen = "127.0.0.1:0"
	n, closeIt := newWholeNode(t, config)
	at := time.Now()
	add := func(rig string, kind ledger.Kind) {
		n.ledger.Add(ledger.Entry{At: at, Rig: rig, Kind: kind, Effective: 50, Network: 200, Difficulty: 77})
	}
	add("shed.1", ledger.Accepted)
	add("shed.1", ledger.Low)
	add("never.1", ledger.Low)
	if got, want := n.rigTotals(), []history.RigTotals{{Name: "shed.1", Work: 50, Accepted: 1, Rejected: 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, expected %+v", got, want)
	}
	totals := n.workTotals(n.found.source)()
	if totals.Shares != 1 || totals.Work != 50 || totals.Expected != 0.25 || totals.Hashes != 0 || totals.Difficulty < 1 {
		t.Errorf("%+v", totals)
	}
	var s Stats
	getStats(t, n, StatusRoute, http.StatusOK, &s)
	if s.BestShare == nil || s.BestShare.Difficulty != 77 || s.BestShare.Rig != "shed.1" || s.BestShare.Part == nil || *s.BestShare.Part != 77 / *s.Difficulty {
		t.Errorf("best share %+v", s.BestShare)
	}
	var list RigStatsList
	getStats(t, n, StatsRigsRoute, http.StatusOK, &list)
	if len(list.Rigs) != 2 || list.Rigs[1].Rig != "shed.1" || list.Rigs[1].Accepted != 1 || list.Rigs[1].Rejected != 1 || list.Rigs[1].Hashrate.Minute == nil {
		t.Errorf("%+v", list.Rigs)
	}
	getStats(t, n, SeriesRoute+"?rig=shed.1", http.StatusNotFound, new(any)) // It was in no slot yet.
	fate := mining.Fate{Height: 7, Found: at, By: mining.Finder{Kind: mining.FoundByGetWork}}
	n.reportEvents(fate, []mining.Event{{State: mining.StateFound, At: at}, {State: mining.StateMain, At: at}})
	closeIt()
	h := history.Open(history.Config{Path: config.HistoryPath()})
	defer h.Close()
	if blocks, total := h.Blocks(); total != 1 || blocks[0].Height != 7 || blocks[0].Measured {
		t.Errorf("found blocks %+v, expected one of a caller", blocks)
	}
}

// TestRigDays: the day is read once in a while, and has as many parts as a day.
func TestRigDays(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 3, 0, 0, time.UTC)
	h := history.Open(history.Config{Now: func() time.Time { return at }, Rigs: func() []history.RigTotals {
		return []history.RigTotals{{Name: "a", Online: true}}
	}})
	d := &rigDays{}
	before, from, err := d.of(h, at)
	if err != nil || len(before) != 0 || !from.Add(24*time.Hour).Equal(time.Date(2026, 3, 1, 12, 5, 0, 0, time.UTC)) || dayParts*dayPart != 24*time.Hour {
		t.Fatalf("%v from %s, %v", before, from, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); len(before) == 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if before, err = h.Rigs(dayParts, partSize); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	<-ended
	if soon, _, _ := d.of(h, at.Add(daysFor-1)); len(soon) != 0 {
		t.Errorf("after a moment %v", soon)
	}
	if later, _, _ := d.of(h, at.Add(daysFor)); len(later["a"].Points) != dayParts || later["a"].Points[dayParts-1] == nil {
		t.Errorf("later %v", later)
	}
}

// TestWhoMayReadFigures: they are for GET, and for those who may read the other routes.
func TestWhoMayReadFigures(t *testing.T) {
	n, _ := newWholeNode(t, soloConfig(home(t)))
	for _, route := range []string{StatusRoute, StatsRigsRoute, StatsBlocksRoute, SeriesRoute, WidgetRoute} {
		for _, test := range []struct {
			method, from string
			cookie       bool
			want         int
		}{
			{"GET", "127.0.0.1:5000", false, 200}, {"HEAD", "127.0.0.1:5000", false, 200}, {"POST", "127.0.0.1:5000", false, 405},
			{"GET", "192.168.1.9:5000", false, 401}, {"GET", "192.168.1.9:5000", true, 200},
		} {
			r := httptest.NewRequest(test.method, route, nil)
			r.Host, r.RemoteAddr = "127.0.0.1:9888", test.from
			if test.cookie {
				r.SetBasicAuth(cookieName, n.cookie)
			}
			w := httptest.NewRecorder()
			n.server.Handler.ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("%s %s from %s, with a token %v: %d, expected %d: %.200s", test.method, route, test.from, test.cookie, w.Code, test.want, w.Body)
			}
		}
	}
}

func TestWidgetScales(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00 ", 12.34: "12.3 ", 999.6: "1.00 k", 1.5e18: "1.50 E", 1e22: "10.0 Z", 1e25: "10000 Z"} {
		if text, prefix := scaled(v); text+" "+prefix != want {
			t.Errorf("%v is %s %s, expected %s", v, text, prefix, want)
		}
	}
	for seconds, want := range map[float64]string{1.2: "1s", 150: "2.5 minutes", 86400: "24 hours", 3 * 86400: "3 days", 1e9: "31.7 years"} {
		if got := roughly(seconds); got != want {
			t.Errorf("%v s are %q, expected %q", seconds, got, want)
		}
	}
	if got := newWidget(Stats{Blocks: BlockCounts{Found: 3}}).Items[3]; got.Text != "3" || !strings.Contains(got.Subtext, "height") {
		t.Errorf("%+v", got)
	}
}
