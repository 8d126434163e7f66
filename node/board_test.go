package node

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"go.yaml.in/yaml/v3"
)

// boardPanel is a panel of deploy/grafana/bytom-solo.json.
type boardPanel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  *boardSource
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		Datasource boardSource
		Expr       string
	}
	FieldConfig struct{ Defaults struct{ Unit string } }
}

type boardSource struct{ Type, UID string }

// board is what the test reads of the dashboard.
type board struct {
	Panels     []boardPanel
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
	Annotations struct {
		List []struct {
			Name, Expr string
			Datasource boardSource
		}
	}
	text string
}

func readBoard(t *testing.T) (b board) {
	t.Helper()
	raw, err := os.ReadFile("../deploy/grafana/bytom-solo.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	b.text = string(raw)
	return b
}

// exprs are all expressions of the board, by where they stand.
func (b board) exprs() map[string]string {
	all := make(map[string]string)
	for _, p := range b.Panels {
		for i, target := range p.Targets {
			all[fmt.Sprintf("panel %q, query %d", p.Title, i)] = target.Expr
		}
	}
	for _, a := range b.Annotations.List {
		all["annotation "+a.Name] = a.Expr
	}
	return all
}

// TestBoardIsReadable has each panel say what it shows and in which unit, and none lie on
// another.
func TestBoardIsReadable(t *testing.T) {
	b := readBoard(t)
	ids, cells, panels := make(map[int]bool), make(map[[2]int]string), 0
	for _, p := range b.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the id %d", p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, ok := cells[[2]int{x, y}]; ok || x >= 24 {
					t.Fatalf("%q lies on %q, or beyond the edge", p.Title, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		panels++
		if p.Title == "" || len(p.Description) < 15 || !strings.HasSuffix(p.Description, ".") {
			t.Errorf("panel %q: description %q, expected a sentence", p.Title, p.Description)
		}
		if p.FieldConfig.Defaults.Unit == "" {
			t.Errorf("panel %q has no unit", p.Title)
		}
		if len(p.Targets) == 0 {
			t.Errorf("panel %q asks for nothing", p.Title)
		}
		for _, target := range p.Targets {
			if want := (boardSource{"prometheus", "${datasource}"}); target.Datasource != want || p.Datasource == nil || *p.Datasource != want {
				t.Errorf("panel %q reads %+v, expected the variable's source", p.Title, target.Datasource)
			}
		}
	}
	if panels < 30 {
		t.Errorf("%d panels", panels)
	}
	if len(b.Templating.List) != 2 || b.Templating.List[0].Type != "datasource" || b.Templating.List[1].Definition != "label_values(bytom_solo_node_info, instance)" {
		t.Errorf("variables %+v", b.Templating.List)
	}
	if m := regexp.MustCompile(`\b(\d+\.\d+\.\d+\.\d+|localhost|[a-z.]+:9888)\b`).FindString(b.text); m != "" {
		t.Errorf("it names the machine %s", m)
	}
}

// TestBoardShowsMetricsThatThereAre holds each expression to the registry: its metrics and labels
// are there, of the chosen node alone, counters as rates and nothing else so.
func TestBoardShowsMetricsThatThereAre(t *testing.T) {
	n := monitoredNode(t)
	registered := registeredLabels(t, n)
	kinds := make(map[string]dto.MetricType)
	families, err := n.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		kinds[f.GetName()] = f.GetType()
	}
	rated := regexp.MustCompile(`\b(?:rate|irate|increase)\($`)
	for where, expr := range readBoard(t).exprs() {
		checkExpr(t, where, expr, registered, "job", "instance")
		for _, at := range metricNames.FindAllStringSubmatchIndex(expr, -1) {
			name := expr[at[2]:at[3]]
			if at[4] < 0 || !strings.Contains(expr[at[4]:at[5]], `instance=~"$instance"`) {
				if !regexp.MustCompile(`\b(on|by|group_left) \([^)]*$`).MatchString(expr[:at[0]]) {
					t.Errorf("%s: %s is not of the chosen node: %s", where, name, expr)
				}
			}
			kind, known := kinds[name]
			counter := known && kind == dto.MetricType_COUNTER || strings.HasSuffix(name, "_total") || regexp.MustCompile(`_(bucket|count|sum)$`).MatchString(name)
			if is := rated.MatchString(expr[:at[0]]); is != counter {
				t.Errorf("%s: %s is a counter: %v; taken as a rate: %v", where, name, counter, is)
			}
		}
	}
}

// TestEachMetricIsOnTheBoardOrInARule lists what nobody looks at, so that this is meant.
func TestEachMetricIsOnTheBoardOrInARule(t *testing.T) {
	all := ""
	for _, expr := range readBoard(t).exprs() {
		all += expr + "\n"
	}
	for _, r := range alertRules(t) {
		all += r.Expr + "\n"
	}
	unseen := []string{ // Of each rig, or of what the board shows in another form.
		"bytom_solo_rig_work_hashes_total", "bytom_solo_rig_difficulty_hashes", "bytom_solo_rig_sessions", "bytom_solo_rig_blocks_total",
		"bytom_solo_stratum_blocks_total", "bytom_solo_history_saved", "bytom_solo_history_dropped_blocks_total", "bytom_solo_block_events_total",
		"bytom_solo_payout_network_fees_neu", "bytom_solo_stage_duration_seconds", "bytom_solo_stage_duration_seconds_sum", "bytom_solo_stage_duration_seconds_count",
	}
	for name := range registeredLabels(t, monitoredNode(t)) {
		shown := regexp.MustCompile(`\b` + name + `\b`).MatchString(all)
		if strings.HasPrefix(name, "bytom_solo_") && shown == slices.Contains(unseen, name) {
			t.Errorf("%s is on the board or in a rule: %v", name, shown)
		}
	}
}

// TestBoardIsPromQL has promtool read each of the board's expressions.
func TestBoardIsPromQL(t *testing.T) {
	tool := promtool(t)
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	for _, expr := range readBoard(t).exprs() {
		expr = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".+").Replace(expr)
		rules = append(rules, rule{fmt.Sprintf("r%d", len(rules)), expr})
	}
	raw, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "board", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "board.yml")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "check", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
}
