package architecture

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const roomsPage = "docs/design/rooms.md"

// TestRoomsPageHasTheRules holds the page's tables to the rules of architecture_test.go:
// each rule has its row, and no row is of a rule that is not held.
func TestRoomsPageHasTheRules(t *testing.T) {
	page, err := os.ReadFile(roomsPage)
	if err != nil {
		t.Fatal(err)
	}
	var reach, imports []string
	for _, folder := range slices.Sorted(maps.Keys(mustNotReach)) {
		reach = append(reach, row(folder, mustNotReach[folder]))
	}
	for _, path := range slices.Sorted(maps.Keys(importedOnlyBy)) {
		imports = append(imports, row(plain(path), importedOnlyBy[path]))
	}
	compareTable(t, string(page), "| folder | must not reach |", reach)
	compareTable(t, string(page), "| package | imported only by |", imports)
	for _, path := range stateless {
		if name := "`" + strings.TrimPrefix(path, bytom+"/") + "`"; !strings.Contains(string(page), name) {
			t.Errorf("%s does not name %s, which all folders may import of Bytom", roomsPage, name)
		}
	}
}

// compareTable reports the rows of a page's table that are missing or too many.
func compareTable(t *testing.T, page, header string, want []string) {
	t.Helper()
	got := table(page, header)
	for _, r := range want {
		if !slices.Contains(got, r) {
			t.Errorf("the table %q lacks the row\n%s", header, r)
		}
	}
	for _, r := range got {
		if !slices.Contains(want, r) {
			t.Errorf("the table %q has a row that no rule holds:\n%s", header, r)
		}
	}
}

// table returns the rows below a table's header.
func table(page, header string) []string {
	_, rest, _ := strings.Cut(page, header+"\n")
	var rows []string
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			break
		}
		if !strings.HasPrefix(line, "|---") {
			rows = append(rows, line)
		}
	}
	return rows
}

// row is a row of the page: a name, and paths in the order of the alphabet.
func row(first string, paths []string) string {
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = plain(path)
		if names[i] != "Bytom" && names[i] != "any other package of this project" {
			names[i] = "`" + names[i] + "`"
		}
	}
	slices.Sort(names)
	return "| `" + first + "` | " + strings.Join(names, ", ") + " |"
}

// plain is an import path as the page writes it.
func plain(path string) string {
	switch path {
	case bytom:
		return "Bytom"
	case module:
		return "any other package of this project"
	}
	return strings.TrimPrefix(path, module+"/")
}
