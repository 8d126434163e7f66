package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fuzzer = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// TestEachFuzzerIsInTheTable holds the table of bad input against the sources.
func TestEachFuzzerIsInTheTable(t *testing.T) {
	doc, err := os.ReadFile("docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "\n## Bad input\n")
	seen := 0
	sourceFiles(t, func(path string, text []byte) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		folder := filepath.ToSlash(filepath.Dir(path))
		for _, found := range fuzzer.FindAllSubmatch(text, -1) {
			seen++
			row := regexp.MustCompile("`" + regexp.QuoteMeta(folder) + "`[^;|]*`" + string(found[1]) + "`")
			if !row.MatchString(table) {
				t.Errorf("%s: %s is in no row of docs/reliability.md, Bad input", path, found[1])
			}
		}
	})
	if seen < 30 {
		t.Errorf("%d fuzzers were seen: the test looks in the wrong place", seen)
	}
}
