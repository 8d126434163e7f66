package node

import (
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// monitoringDoc is docs/monitoring.md, and the first column of its tables.
func monitoringDoc(t *testing.T) (text string, rows []string) {
	t.Helper()
	raw, err := os.ReadFile("../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(string(raw), -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			rows = append(rows, strings.Trim(name, "`"))
		}
	}
	return string(raw), rows
}

// frontMetrics is the registry of a front that serves rigs.
func frontMetrics(t *testing.T) *prometheus.Registry {
	t.Helper()
	f := waitingFront(t, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = f.close() })
	f.policy.Store(&frontPolicy{})
	if err := f.openRigs(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f.metrics.registry
}

// TestMetricsAreInTheDoc compares the registries of a node and of a front with the table.
func TestMetricsAreInTheDoc(t *testing.T) {
	config := soloConfig(home(t))
	config.Stratum.Listen = "127.0.0.1:0"
	n, _ := newWholeNode(t, config)
	descs := make(chan *prometheus.Desc)
	ofFront := frontMetrics(t)
	go func() { n.metrics.registry.Describe(descs); ofFront.Describe(descs); close(descs) }()
	registered := make(map[string]bool)
	fields := regexp.MustCompile(`fqName: "(bytom_solo_[^"]*)".*variableLabels: \{([^}]*)\}`)
	text, rows := monitoringDoc(t)
	for d := range descs {
		m := fields.FindStringSubmatch(d.String())
		if m == nil {
			continue // The Go library's.
		}
		registered[m[1]] = true
		for label := range strings.SplitSeq(m[2], ",") {
			if row := regexp.MustCompile("(?m)^\\| `" + m[1] + "` .*$").FindString(text); label != "" && !strings.Contains(row, "`"+label+"`") {
				t.Errorf("the label %s of %s is not in its row: %q", label, m[1], row)
			}
		}
	}
	documented := slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return !strings.HasPrefix(row, "bytom_solo_") })
	slices.Sort(documented)
	if want := slices.Sorted(maps.Keys(registered)); len(want) < 60 || !slices.Equal(documented, want) {
		t.Errorf("docs/monitoring.md has %v, expected the registries' %v", documented, want)
	}
	for _, stage := range []mining.Stage{
		mining.StageTemplate, mining.StageFull, mining.StageSwitch, mining.StageSeed, mining.StageJournal, mining.StageAccept,
		stratum.StageJob, stratum.StageShare,
	} {
		if !slices.Contains(rows, string(stage)) {
			t.Errorf("the stage %s is not in docs/monitoring.md", stage)
		}
	}
}

// TestNotificationsAreInTheDoc looks for what the source sends, and compares the fields.
func TestNotificationsAreInTheDoc(t *testing.T) {
	text, rows := monitoringDoc(t)
	events := make(map[string]bool)
	for _, s := range []mining.FateState{
		mining.StateFound, mining.StateMain, mining.StateConfirmed, mining.StateMatured, mining.StateLost, mining.StateRefused,
	} {
		events["block."+string(s)] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`(?i)\bevent.*"([a-z]+\.[a-z-]+)"`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range literal.FindAllSubmatch(source, -1) {
			events[string(m[1])] = true
		}
	}
	if len(events) < 8 {
		t.Errorf("the source sends %v", events)
	}
	for event := range events {
		if !slices.Contains(rows, event) {
			t.Errorf("the event %s is not in docs/monitoring.md", event)
		}
	}
	for prefix, v := range map[string]any{"": Notification{}, "block.": FoundBlock{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(v)) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !slices.Contains(rows, prefix+name) {
				t.Errorf("the field %s%s is not in docs/monitoring.md", prefix, name)
			}
		}
	}
	example := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(text)[1]
	var note Notification
	d := json.NewDecoder(strings.NewReader(example))
	d.DisallowUnknownFields()
	if err := d.Decode(&note); err != nil || note.Block == nil || note.Block.State != "confirmed" || note.Event != "block.confirmed" {
		t.Errorf("the example is no notification: %+v, %v", note, err)
	}
}
