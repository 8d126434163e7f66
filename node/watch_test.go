package node

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/watch"
)

// TestConfigOfWatch takes the URLs from flags, the environment and the file.
func TestConfigOfWatch(t *testing.T) {
	const solonet = "chain_id = \"solonet\"\n"
	for name, c := range map[string]struct {
		file string
		args []string
		env  map[string]string
		want []string
	}{
		"flags":       {solonet, []string{"--watch", "http://a:1,http://b:1", "--watch=stratum+tcp://x@c:1"}, nil, []string{"http://a:1", "http://b:1", "stratum+tcp://c:1"}},
		"environment": {solonet, nil, map[string]string{"TM_WATCH": "http://n:s@a:1, http://b:1"}, []string{"http://a:1", "http://b:1"}},
		"file":        {solonet + "watch = \"http://a:1,http://b:1\"\n", nil, nil, []string{"http://a:1", "http://b:1"}},
		"a list":      {solonet + "watch = [\"http://a:1\", \"http://b:1\"]\n", nil, nil, []string{"http://a:1", "http://b:1"}},
		"none":        {solonet, nil, nil, nil},
		"flag first":  {solonet + "watch = \"http://a:1\"\n", []string{"--watch", "http://b:1"}, map[string]string{"TM_WATCH": "http://c:1"}, []string{"http://b:1"}},
	} {
		config, err := load(t, c.file, c.args, c.env)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sources, err := config.Watch.sources()
		var got []string
		for _, s := range sources {
			got = append(got, s.Name)
		}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, %v, expected %v", name, got, err, c.want)
		}
	}
	_, err := load(t, solonet, []string{"--watch", "stratum+tcp://a:hunter2@pool"}, nil)
	if err == nil || !strings.Contains(err.Error(), "key watch") || !strings.Contains(err.Error(), "stratum+tcp://xxxxx@pool") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a URL without a port: %v", err)
	}
}

// TestWatchedSourceEverywhere watches a node that lets us in by a token and asks for other
// bits on our own tip: it is in the status, the metrics and the log, and the token is not.
func TestWatchedSourceEverywhere(t *testing.T) {
	t.Parallel() // It mostly waits.
	config := soloConfig(home(t))
	config.Mining.Devices = "none"
	n, _ := newWholeNode(t, config)
	tip := n.found.source.Tip()
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, secret, _ := r.BasicAuth(); secret != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{
			"height": tip.Height + 1, "previousblockhash": tip.Hash.String(), "bits": fmt.Sprintf("%016x", tip.Bits+1), "seed": new(bc.Hash).String(),
		}})
	}))
	t.Cleanup(liar.Close)
	away, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = away.Close()
	n.config.Watch = urlList{[]string{strings.Replace(liar.URL, "//", "//shed:hunter2@", 1), "stratum+tcp://a.b:hunter2@" + away.Addr().String()}}
	if err := n.openWatch(n.found.source); err != nil {
		t.Fatal(err)
	}
	ctx, stop := t.Context(), make(chan struct{})
	t.Cleanup(func() { <-stop })
	go func() { _ = n.watch.Run(ctx); close(stop) }()
	var s Stats
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		s = Stats{}
		getStats(t, n, StatusRoute, http.StatusOK, &s)
		if len(s.Watch) == 2 && s.Watch[0].Alarm != nil && s.Watch[1].Error != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no alarm: %+v\n%s", s.Watch, n.log)
		}
	}
	if got := s.Watch[0]; *got.Alarm != "others-bits" || got.Source != liar.URL || !got.Up || *got.Ahead != 0 || *got.Parent != tip.Hash.String() {
		t.Errorf("%+v", got)
	}
	metrics := newMetrics()
	metrics.registry.MustRegister(newWatchMetrics(n.watch))
	families, err := metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(families)
	for _, want := range []string{`name:"source" value:"` + liar.URL, `name:"alarm" value:"others-bits"} gauge:{value:1}`, `value:"others-fork"} gauge:{value:0}`} {
		if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(text, "  ", " "), "label:{", ""), want) {
			t.Errorf("the metrics lack %s: %s", want, text)
		}
	}
	status, _ := json.Marshal(s)
	for where, text := range map[string]string{"metrics": text, "status": string(status), "log": n.log.String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the secret is in the %s: %s", where, text)
		}
	}
	if !strings.Contains(n.log.String(), "alarm=others-bits") {
		t.Errorf("the log has no alarm: %s", n.log)
	}
	if a := n.watch.Alarms(); len(a) != 2 || a[0].Kind != watch.Bits || a[1].Kind != watch.Seed {
		t.Errorf("%+v", a)
	}
	if f := n.othersFaults(); len(f) != 2 || f[0].ID != "others-bits" || !strings.Contains(f[0].What, liar.URL) || f[0].Do == "" || f[0].Since.IsZero() {
		t.Errorf("%+v", f)
	}
}
