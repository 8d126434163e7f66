package node

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/payout"
)

// monitoredNode is a node with all of its parts, of which each has something to tell.
func monitoredNode(t *testing.T) *wholeNode {
	t.Helper()
	config := soloConfig(home(t))
	withPayouts(t, config)
	config.Version, config.Mining.Devices = "1.2.3", "none"
	config.Notify.Webhook, config.Notify.Ping = "http://127.0.0.1:1/", "http://127.0.0.1:1/"
	if err := config.Watch.Set("http://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	n, _ := newWholeNode(t, config)
	for _, stage := range []string{"tip_to_template", "template_to_rig"} {
		n.metrics.stages.WithLabelValues(stage).Observe(1)
	}
	n.metrics.blocks.WithLabelValues("found").Inc()
	n.ledger.Add(ledger.Entry{At: time.Now(), Rig: "a.1", Kind: ledger.Accepted, Effective: 10, Network: 100})
	n.rigStates.look(time.Now(), true, sightsOf(n.rigs.Rigs(), n.ledger.Tallies(), nil, time.Now()))
	n.faults.look(time.Now())
	return n
}

// TestMetricsAreAsPrometheusAdvises has Prometheus's own linter, promtool's, look at the
// metrics of a node with all of its parts, in each form that servers ask for.
func TestMetricsAreAsPrometheusAdvises(t *testing.T) {
	n := monitoredNode(t)
	problems, err := testutil.GatherAndLint(n.metrics.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%+v, %v", problems, err)
	}
	families := make(map[string]bool)
	for _, accept := range []string{"", "text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"} {
		r := httptest.NewRequest(http.MethodGet, MetricsRoute, nil)
		r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1:9888"
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		n.server.Handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
			t.Fatalf("Accept %s: %d, %s", accept, w.Code, w.Header())
		}
		for _, name := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllSubmatch(w.Body.Bytes(), -1) {
			families[string(name[1])] = true
		}
		problems, err := promlint.New(w.Body).Lint()
		if err != nil {
			t.Errorf("Accept %s: %v", accept, err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	for _, name := range []string{"bytom_solo_chain_height", "bytom_solo_stage_duration_seconds", "bytom_solo_block_events_total", "go_goroutines"} {
		if !families[name] {
			t.Errorf("no metric %s", name)
		}
	}
}

// TestRigsHaveABoundedNumberOfMetrics has 600 rigs come, whose names have what a login lets
// through and Prometheus's format has to quote.
func TestRigsHaveABoundedNumberOfMetrics(t *testing.T) {
	n := monitoredNode(t)
	now := time.Now()
	for i := range mostWatched + 100 {
		rig := fmt.Sprintf("rig\"\\\u00e9 %d", i)
		n.ledger.Login(now, rig, "10.0.0.7", "b3")
		n.ledger.Add(ledger.Entry{At: now, Rig: rig, Kind: ledger.Accepted, Effective: 10, Network: 100})
	}
	families, err := n.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	ofRigs, all := 0, 0
	for _, f := range families {
		all += len(f.Metric)
		if strings.HasPrefix(f.GetName(), "bytom_solo_rig_") {
			ofRigs += len(f.Metric)
		}
	}
	if ofRigs < 10*mostWatched || ofRigs > 11*mostWatched || all-ofRigs > 400 {
		t.Errorf("%d series of rigs and %d others, expected at most 11 of each of %d rigs and 400", ofRigs, all-ofRigs, mostWatched)
	}
	start := time.Now()
	text := scrape(t, n)
	t.Logf("%d rigs: %d series, %d bytes in %v", mostWatched, all, len(text), time.Since(start))
}

// TestReadinessNamesItsReason has each reason hold work back, as far as a node can be brought to
// it here.
func TestReadinessNamesItsReason(t *testing.T) {
	for _, reason := range []string{"", "no-payee", "payee-mismatch", "payee-lost", "disk-full", "no-peers", "behind", "no-work"} {
		t.Run(reason, func(t *testing.T) {
			in := injections[reason]
			config := soloConfig(home(t))
			if reason == "" {
				in.before = withPayee
			}
			in.before(t, config)
			var n *wholeNode
			if reason == "payee-lost" {
				n = walletNode(t, func(*Config) {})
			} else {
				n, _ = newWholeNode(t, config)
			}
			if in.inject != nil {
				if mend := in.inject(t, n); mend != nil {
					defer mend()
				}
				n.generator.PayeeChanged()
				if err := n.generator.Settle(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			families, err := n.metrics.registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			held := ""
			for _, f := range families {
				if f.GetName() != "bytom_solo_ready" {
					continue
				}
				if len(f.Metric) != len(holdReasons) {
					t.Errorf("%d reasons, expected %d", len(f.Metric), len(holdReasons))
				}
				for _, m := range f.Metric {
					if m.Gauge.GetValue() == 0 {
						held += m.Label[0].GetValue()
					}
				}
			}
			if held != reason {
				t.Errorf("held by %q, expected %q", held, reason)
			}
		})
	}
}

// TestNotificationsAreCounted has a webhook take one, refuse one, and lose one.
func TestNotificationsAreCounted(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer server.Close()
	config := soloConfig(home(t))
	withPayee(t, config)
	config.Notify.Webhook = server.URL
	n, _ := newWholeNode(t, config)
	note := Notification{Event: "clock.off"}
	if err := n.notifier.post(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	status = http.StatusForbidden
	if err := n.notifier.post(t.Context(), note); err == nil {
		t.Fatal("it was taken")
	}
	n.notifier.lost(note, errors.New("too many wait"))
	err := testutil.GatherAndCompare(n.metrics.registry, strings.NewReader(`
# HELP bytom_solo_notifications_total Notifications and pings by what became of them: delivered, failed (a try), lost.
# TYPE bytom_solo_notifications_total counter
bytom_solo_notifications_total{result="delivered",to="webhook"} 1
bytom_solo_notifications_total{result="failed",to="webhook"} 1
bytom_solo_notifications_total{result="lost",to="webhook"} 1
`), "bytom_solo_notifications_total")
	if err != nil {
		t.Error(err)
	}
}

// TestAVerificationOfTheBooksIsCounted asks for one, and has a later one find two problems.
func TestAVerificationOfTheBooksIsCounted(t *testing.T) {
	n := monitoredNode(t)
	const name = "bytom_solo_payout_problems"
	if count, err := testutil.GatherAndCount(n.metrics.registry, name); err != nil || count != 0 {
		t.Errorf("%d series before the first, %v", count, err)
	}
	var report payout.Report
	if detail := n.ask(t, VerifyPayoutsRoute, "", &report); detail != "" || len(report.Problems) > 0 {
		t.Fatal(detail, report)
	}
	for _, want := range []int{0, 2} {
		if want > 0 {
			n.payouts.verified.Store(&verification{time.Now(), want})
		}
		text := fmt.Sprintf("# HELP %s What that verification found wrong.\n# TYPE %s gauge\n%s %d\n", name, name, name, want)
		if err := testutil.GatherAndCompare(n.metrics.registry, strings.NewReader(text), name); err != nil {
			t.Error(err)
		}
	}
}
