package architecture

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeNamesEachPackage holds README's "What is where" to the packages that there
// are: each has one row with a sentence, and no row is of a folder that is not there.
func TestReadmeNamesEachPackage(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), "\n## What is where\n")
	if !ok {
		t.Fatal("README.md has no section \"What is where\"")
	}
	rows := make(map[string]int)
	for _, r := range table(section, "| folder | what |") {
		cells := strings.SplitN(strings.Trim(r, "| "), " | ", 2)
		folder := strings.TrimSuffix(strings.Trim(cells[0], "`"), "/")
		rows[folder]++
		if len(cells) != 2 || len(strings.Fields(cells[1])) < 3 {
			t.Errorf("%s has no sentence in README.md", folder)
		}
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			t.Errorf("README.md names %s, which is no folder", folder)
		}
	}
	for _, p := range packages(t) {
		if name := p.name(); name != "" && rows[name] != 1 {
			t.Errorf("README.md's \"What is where\" has %d rows for %s, not one", rows[name], name)
		}
	}
}
