package testnet

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// FuzzScenario has any YAML for a scenario: it is refused, or each step has words, is in the file's
// line that it says, and its words, each in quotes, are the same words.
func FuzzScenario(f *testing.F) {
	for _, name := range ShippedScenarios() {
		raw, err := scenarios.ReadFile("scenarios/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw[:min(len(raw), 400)])
	}
	f.Add([]byte("name: x\nsteps:\n  - mine 3 --node 0\n  - 'pay \"a b\" 5'\n"))
	f.Add([]byte("steps:\n  - [mine]\n"))
	f.Add([]byte("steps:\n  - \"pay 'a\"\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := ParseScenario(raw)
		if err != nil {
			return
		}
		if len(s.Steps) == 0 {
			t.Errorf("%q is taken, without a step", raw)
		}
		for _, step := range s.Steps {
			if len(step.Args) == 0 || step.Line < 1 || step.Line > 1+strings.Count(string(raw), "\n")+strings.Count(string(raw), "\r")+3*strings.Count(string(raw), "\u2028")+3*strings.Count(string(raw), "\u0085") {
				t.Errorf("%q: step %+v", raw, step)
			}
			var words, quoted []string
			for i, arg := range step.Args {
				quotes := []string{`'`, `"`}
				quote := quotes[i%2]
				if strings.Contains(arg, quote) {
					quote = quotes[1-i%2]
				}
				words = append(words, strings.ReplaceAll(arg, quote, ""))
				quoted = append(quoted, quote+words[i]+quote)
			}
			again, err := splitWords(strings.Join(quoted, " "))
			if err != nil || !slices.Equal(again, words) {
				t.Errorf("%q: the words %q came again as %q, %v", raw, words, again, err)
			}
		}
	})
}

// FuzzNames has any name for a snapshot: one that is taken is a file's right below the folder.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"before", "a.b-c_1", "..", ".x", "a/b", "a\\b", "", strings.Repeat("a", 300), "a\n"} {
		f.Add(seed)
	}
	n := &Network{Dir: "/net"}
	f.Fuzz(func(t *testing.T, name string) {
		path, err := n.snapshot(name)
		if err != nil {
			if !strings.Contains(err.Error(), strconv.Quote(name)) {
				t.Errorf("the error does not name %q: %v", name, err)
			}
			return
		}
		if parts := strings.Split(path, "/"); path != "/net/snapshots/"+name || len(parts) != 4 || slices.Contains([]string{".", "..", ""}, parts[3]) || strings.ContainsAny(name, "\\:\n\x00") {
			t.Errorf("%q is taken, and lies in %q", name, path)
		}
	})
}
