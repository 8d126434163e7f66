package node

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// TestMetricsAreAsPrometheusAdvises has Prometheus's own linter, promtool's, look at the
// metrics of a node with all of its parts, in each form that servers ask for.
func TestMetricsAreAsPrometheusAdvises(t *testing.T) {
	config := soloConfig(home(t))
	config.Mining.Devices = "none"
	config.Stratum.Listen = "127.0.0.1:0"
	n, _ := newWholeNode(t, config)
	n.metrics.observe("tip_to_template", 1)
	n.metrics.blocks.WithLabelValues("found").Inc()
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
