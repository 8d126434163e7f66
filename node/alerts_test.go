package node

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"

	"github.com/bytom-solo/bytom-solo/watch"
)

const monitoringFolder = "../deploy/prometheus/"

// alertRule is one of deploy/prometheus/rules.yml.
type alertRule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// readYAML reads a file of deploy/prometheus, all of whose fields v must have.
func readYAML(t *testing.T, name string, v any) {
	t.Helper()
	file, err := os.Open(monitoringFolder + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	d := yaml.NewDecoder(file)
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func alertRules(t *testing.T) (rules []alertRule) {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string      `yaml:"name"`
			Rules []alertRule `yaml:"rules"`
		} `yaml:"groups"`
	}
	readYAML(t, "rules.yml", &file)
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	if len(rules) < 15 {
		t.Fatalf("%d rules, expected 15 or more", len(rules))
	}
	return rules
}

// registeredLabels are the labels of each metric that a node can have, by its name, with the
// suffixes of histograms. up is Prometheus's own.
func registeredLabels(t *testing.T, n *wholeNode) map[string][]string {
	t.Helper()
	descs := make(chan *prometheus.Desc)
	go func() { n.metrics.registry.Describe(descs); close(descs) }()
	all := map[string][]string{"up": nil}
	fields := regexp.MustCompile(`fqName: "([^"]*)".*variableLabels: \{([^}]*)\}`)
	for d := range descs {
		m := fields.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("%s: expected a name and labels", d)
		}
		labels := slices.DeleteFunc(strings.Split(m[2], ","), func(l string) bool { return l == "" })
		all[m[1]] = labels
		if m[1] == "bytom_solo_stage_duration_seconds" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				all[m[1]+suffix] = append(slices.Clone(labels), "le")
			}
		}
	}
	return all
}

// metricNames are those of the node, of its process and of Prometheus.
var metricNames = regexp.MustCompile(`\b((?:bytom_solo|process|go)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?`)

// checkExpr holds an expression to the metrics that there are, and to their labels. own are labels
// that Prometheus adds.
func checkExpr(t *testing.T, where, expr string, registered map[string][]string, own ...string) {
	t.Helper()
	found := metricNames.FindAllStringSubmatch(expr, -1)
	if len(found) == 0 {
		t.Errorf("%s: no metric in %s", where, expr)
	}
	for _, m := range found {
		labels, ok := registered[m[1]]
		if !ok {
			t.Errorf("%s: no metric is called %s", where, m[1])
		}
		for _, l := range regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`).FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(labels, l[1]) && !slices.Contains(own, l[1]) {
				t.Errorf("%s: %s has no label %s, but %v", where, m[1], l[1], labels)
			}
		}
	}
}

// TestAlertsAreOfMetricsThatThereAre looks at each rule: at its metrics, its words and its link.
func TestAlertsAreOfMetricsThatThereAre(t *testing.T) {
	registered := registeredLabels(t, monitoredNode(t))
	sections := runbook(t)
	linked := make(map[string]bool)
	for _, r := range alertRules(t) {
		checkExpr(t, r.Alert, r.Expr, registered, "job", "instance")
		if !regexp.MustCompile(`^BytomSolo[A-Z][A-Za-z]+$`).MatchString(r.Alert) {
			t.Errorf("%s: expected a name like BytomSoloDown", r.Alert)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) || len(r.Labels) != 1 {
			t.Errorf("%s: labels %v, expected a severity", r.Alert, r.Labels)
		}
		if len(r.Annotations) != 3 || !strings.Contains(r.Annotations["summary"], "{{ $labels.instance }}") || len(strings.Fields(r.Annotations["description"])) < 8 {
			t.Errorf("%s: annotations %v, expected a summary that names the instance, a description that says what to do, and runbook_url", r.Alert, r.Annotations)
		}
		anchor, ok := strings.CutPrefix(r.Annotations["runbook_url"], "https://github.com/bytom-solo/bytom-solo/blob/main/docs/runbook.md#")
		if !ok {
			t.Errorf("%s: runbook_url is %s", r.Alert, r.Annotations["runbook_url"])
		}
		for _, name := range anchors(t, r, anchor) {
			linked[name] = true
			if sections[name] == "" || !strings.Contains(sections[name], "**Do:** ") {
				t.Errorf("%s: docs/runbook.md has no heading %s that says what to do", r.Alert, name)
			}
		}
	}
	for _, k := range (&Node{}).faultKinds() {
		if !linked[k.id] {
			t.Errorf("no rule is for the fault %s", k.id)
		}
	}
	for name := range sections {
		if !linked[name] {
			t.Errorf("docs/runbook.md has the heading %s, which no rule leads to", name)
		}
	}
}

// anchors are the headings that a rule can lead to: more than one where a label of its alerts
// names it.
func anchors(t *testing.T, r alertRule, anchor string) (all []string) {
	t.Helper()
	label := regexp.MustCompile(`^\{\{ \$labels\.([a-z]+) \}\}$`).FindStringSubmatch(anchor)
	switch {
	case label == nil:
		return []string{anchor}
	case label[1] == "alarm":
		for _, k := range watch.Kinds() {
			all = append(all, k.String())
		}
		return all
	}
	values := regexp.MustCompile(label[1] + `=~?"([^"]+)"`).FindStringSubmatch(r.Expr)
	if values == nil {
		t.Errorf("%s: its expression does not say which values %s may have", r.Alert, label[1])
		return nil
	}
	return strings.Split(values[1], "|")
}

// TestEachAlertFiresAndClears reads the tests that promtool runs: each rule has one in which it
// fires, and later does not, with series that a node can have.
func TestEachAlertFiresAndClears(t *testing.T) {
	var file struct {
		RuleFiles          []string `yaml:"rule_files"`
		EvaluationInterval string   `yaml:"evaluation_interval"`
		Tests              []struct {
			Interval    string `yaml:"interval"`
			InputSeries []struct {
				Series string `yaml:"series"`
				Values string `yaml:"values"`
			} `yaml:"input_series"`
			AlertRuleTest []struct {
				EvalTime  string           `yaml:"eval_time"`
				Alertname string           `yaml:"alertname"`
				ExpAlerts []map[string]any `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	readYAML(t, "rules_test.yml", &file)
	registered := registeredLabels(t, monitoredNode(t))
	untested := make(map[string]bool)
	for _, r := range alertRules(t) {
		untested[r.Alert] = true
	}
	for _, test := range file.Tests {
		for _, s := range test.InputSeries {
			checkExpr(t, "rules_test.yml", s.Series, registered, "job", "instance")
		}
		fired := ""
		for _, a := range test.AlertRuleTest {
			if len(a.ExpAlerts) > 0 {
				fired = a.Alertname
			} else if a.Alertname == fired {
				delete(untested, fired)
			}
		}
	}
	if len(untested) > 0 {
		t.Errorf("no test has these fire and then clear: %v", slices.Sorted(maps.Keys(untested)))
	}
}

// promtool is Prometheus's program for its files: the system's, or the one that scripts/promtool.sh
// fetched. Without it the test is skipped; TENSORITY_REQUIRE=promtool demands it.
func promtool(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"promtool", "../bin/promtool"} {
		if path, err := exec.LookPath(name); err == nil {
			path, err = filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	if slices.Contains(strings.Split(os.Getenv("TENSORITY_REQUIRE"), ","), "promtool") {
		t.Fatal("no promtool, and TENSORITY_REQUIRE has it")
	}
	t.Skip("no promtool: scripts/promtool.sh fetches it where it may")
	return ""
}

// TestPromtoolAgrees has Prometheus's own program check and test the files, and look at a node's
// metrics.
func TestPromtoolAgrees(t *testing.T) {
	tool := promtool(t)
	run := func(input string, args ...string) {
		cmd := exec.Command(tool, args...)
		cmd.Dir, cmd.Stdin = monitoringFolder, strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run("", "check", "rules", "rules.yml")
	run("", "test", "rules", "rules_test.yml")
	run("", "check", "config", "--syntax-only", "prometheus.yml")
	run(scrape(t, monitoredNode(t)), "check", "metrics")
}

// scrape is what a node answers Prometheus.
func scrape(t *testing.T, n *wholeNode) string {
	t.Helper()
	w := httptest.NewRecorder()
	fromLoopback(n.server.Handler).ServeHTTP(w, httptest.NewRequest(http.MethodGet, MetricsRoute, nil))
	if text := w.Body.String(); w.Code == http.StatusOK && strings.Contains(text, "\nbytom_solo_ready{") {
		return text
	}
	t.Fatalf("%d: %.200s", w.Code, w.Body)
	return ""
}
