package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/payout"
)

// TestAnEmptyFileIsTold starts with files of no bytes, as a file system leaves them that was cut
// off. What begins anew says so, and of which file; what may not begin anew does not.
func TestAnEmptyFileIsTold(t *testing.T) {
	config := soloConfig(home(t))
	config.Bytom.DBBackend, config.Stratum.Listen = "memdb", "127.0.0.1:0"
	table := map[string]struct{ level, says string }{
		"journal.db":     {"WARN", "a file is empty and begins anew"},
		"overrides.db":   {"WARN", "a file is empty and begins anew"},
		"rigs.db":        {"WARN", "a file is empty and begins anew"},
		"history.db":     {"WARN", "a file is empty and begins anew"},
		"handouts.jsonl": {"WARN", "it is empty, and begins anew"},
		"payouts.db":     {"ERROR", "the books of former ones can't be read"},
	}
	folder := filepath.Join(config.Bytom.RootDir, "mining")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name := range table {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n, stop := newWholeNode(t, config)
	stop()
	for name, want := range table {
		told := 0
		for line := range strings.Lines(n.log.String()) {
			if strings.Contains(line, filepath.Join(folder, name)) && strings.Contains(line, "level="+want.level) && strings.Contains(line, want.says) {
				told++
			}
		}
		if told != 1 {
			t.Errorf("%s is told of %d times, expected once:\n%s", name, told, n.log)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, "payouts.db")); err != nil || info.Size() > 0 {
		t.Errorf("the books have begun anew: %v, %v", info, err)
	}
	config.Payout.Scheme = payout.PPLNS
	if _, err := openWholeNode(t, config); err == nil || !strings.Contains(err.Error(), filepath.Join(folder, "payouts.db")) || !strings.Contains(err.Error(), "it is empty") {
		t.Errorf("with payouts on: %v", err)
	}
	// What never was, or is not empty any more, is no news. No work was handed out.
	for _, name := range []string{"payouts.db", "handouts.jsonl"} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, fresh := range []string{config.Bytom.RootDir, home(t)} {
		config := soloConfig(fresh)
		config.Bytom.DBBackend, config.Stratum.Listen = "memdb", "127.0.0.1:0"
		n, stop := newWholeNode(t, config)
		stop()
		if strings.Contains(n.log.String(), "is empty") {
			t.Errorf("%s: %s", fresh, n.log)
		}
	}
}
