package web

import (
	"encoding/json"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// evaluate gives the value of an expression by what a source file exports, under the name of it. It needs a Node.js.
func evaluate[T any](t *testing.T, source, expression string) (value T) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		computetest.Require(t, "node", err.Error())
	}
	script, err := exec.Command("go", "tool", "-modfile=../tools/go.mod", "esbuild", "src/"+source+".ts", "--bundle", "--format=iife", "--global-name="+source).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		computetest.Require(t, "npm", string(exit.Stderr))
	}
	run := exec.Command(node, "--input-type=commonjs", "-")
	run.Stdin = strings.NewReader(string(script) + "\nprocess.stdout.write(JSON.stringify(" + expression + "));")
	out, err := run.Output()
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	if err := json.Unmarshal(out, &value); err != nil {
		t.Fatalf("%s is %q: %v", expression, out, err)
	}
	return value
}

// TestNothingShortOfAllIsAll: a chance, or a part of the work, of less than 100 % is not said to be that.
func TestNothingShortOfAllIsAll(t *testing.T) {
	want := map[string]string{
		"0": "0 %", "0.000001": "< 0.001 %", "0.0123": "1.2 %", "0.994": "99 %", "0.995": "99.5 %", "0.9962": "99.6 %", "0.999": "99.9 %",
		"0.9992": "> 99.9 %", "0.999999": "> 99.9 %", "1": "100 %", "1.004": "100 %", "12.345": "1,235 %",
	}
	got := evaluate[map[string]string](t, "units", `Object.fromEntries(["`+strings.Join(slices.Collect(maps.Keys(want)), `","`)+`"].map((v) => [v, units.percent(+v)]))`)
	for part, text := range want {
		if said := strings.ReplaceAll(got[part], "\u00a0", " "); said != text {
			t.Errorf("%s is %q, expected %q", part, said, text)
		}
	}
}

// TestALaterBlockIsShown: a block that was found by a clock that was ahead keeps no later one from the list.
func TestALaterBlockIsShown(t *testing.T) {
	heights := evaluate[[]int](t, "model", `(() => {
		const block = (height, found) => ({ block: { hash: "b" + height, height, found } });
		let s = { blocks: [...Array(20).keys()].map((n) => block(100 - n, "2026-05-02T00:00:00Z")) };
		for (const height of [101, 80, 102]) s = model.after(s, { name: "block", data: block(height, "2026-05-01T00:00:00Z"), at: 0 });
		return s.blocks.map((b) => b.block.height);
	})()`)
	if len(heights) != 20 || heights[0] != 102 || heights[1] != 101 || heights[19] != 83 {
		t.Errorf("the blocks %d are shown, expected those from 102 to 83", heights)
	}
}

// TestWhatIsAheadIsNotJustNow: what was stamped by a clock that was ahead was not found, or sent, just now. A few seconds are between any two clocks.
func TestWhatIsAheadIsNotJustNow(t *testing.T) {
	said := evaluate[[]string](t, "units", `["2026-05-01T11:59:00Z", "2026-05-01T12:00:30Z", "2026-05-01T14:00:00Z"].map((v) => units.ago(v, "2026-05-01T12:00:00Z"))`)
	if len(said) != 3 || !strings.HasSuffix(said[0], " ago") || said[1] != "just now" || !strings.Contains(said[2], "1 May") {
		t.Errorf("%q", said)
	}
}

// TestRigsThatAreNotReadAreNotNone: they come from the disk, which can hang.
func TestRigsThatAreNotReadAreNotNone(t *testing.T) {
	said := evaluate[[]string](t, "units", `[0, 7].map((known) => units.noRigs(known))`)
	if len(said) != 2 || said[0] != "No rig has connected yet." || strings.Contains(said[1], "No rig") {
		t.Errorf("%q", said)
	}
}
