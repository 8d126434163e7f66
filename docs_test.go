package architecture

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// doc is a page of the documentation.
type doc struct{ path, text string }

// docs are README.md, CONTRIBUTING.md and all pages in docs/.
func docs(t *testing.T) []doc {
	t.Helper()
	paths := []string{"README.md", "CONTRIBUTING.md"}
	err := filepath.WalkDir("docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			paths = append(paths, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []doc
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, doc{path, string(text)})
	}
	return all
}

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	fence    = regexp.MustCompile("(?s)```.*?```")
	codeSpan = regexp.MustCompile("`([^`]+)`")
	// ownPath is a path of this project: a folder, and a file with an ending that we use.
	ownPath = regexp.MustCompile(`^(?:[\w.-]+/)+[\w.-]+\.(?:go|c|h|s|sh|py|md|yaml|json|patch|comp|session)$`)
	// ownFolder is a package of ours in a command.
	ownFolder = regexp.MustCompile(`^\./[\w./-]*$`)
	testName  = regexp.MustCompile(`^(?:Test|Benchmark|Fuzz)[A-Z]\w*$`)
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz)\w+)\(`)
)

// TestLinksOfTheDocs follows each link that stays within the project.
func TestLinksOfTheDocs(t *testing.T) {
	followed := 0
	for _, d := range docs(t) {
		for _, m := range link.FindAllStringSubmatch(d.text, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			followed++
			path := d.path
			if target != "" {
				path = filepath.Join(filepath.Dir(d.path), target)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				if _, err := os.Stat(path); err != nil {
					t.Errorf("%s: the link %s leads nowhere", d.path, m[1])
				}
				continue
			}
			if anchor != "" && !slices.Contains(anchors(string(text)), anchor) {
				t.Errorf("%s: %s has no heading for the link %s", d.path, path, m[1])
			}
		}
	}
	if followed < 50 {
		t.Errorf("%d links were followed", followed)
	}
}

// anchors are what links may name in a page.
func anchors(text string) []string {
	var names []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		name := strings.ToLower(m[1])
		name = regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(name, "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

// TestPathsOfTheDocs looks for each file that a page names in code. Bytom's own, in
// docs/mining-ways.md and docs/design/walks.md, have tests of their own.
func TestPathsOfTheDocs(t *testing.T) {
	found := 0
	for _, d := range docs(t) {
		if d.path == "docs/mining-ways.md" || d.path == walksPage {
			continue
		}
		for _, span := range spans(d.text) {
			if !ownPath.MatchString(span) {
				continue
			}
			if _, err := os.Stat(span); err != nil {
				t.Errorf("%s names %s, which is not there", d.path, span)
			}
			found++
		}
	}
	if found < 30 {
		t.Errorf("%d paths were looked for", found)
	}
}

// spans are a page's pieces of code outside of blocks, on a line each.
func spans(text string) []string {
	var all []string
	for _, m := range codeSpan.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		all = append(all, strings.ReplaceAll(strings.Join(strings.Fields(m[1]), " "), `\|`, "|"))
	}
	return all
}

// TestTestsThatTheDocsName finds each test and benchmark that a page names, and what
// the commands of the docs would run.
func TestTestsThatTheDocsName(t *testing.T) {
	byFolder, every := testFunctions(t)
	commands := 0
	for _, d := range docs(t) {
		for _, span := range spans(d.text) {
			if name, _, _ := strings.Cut(span, "/"); testName.MatchString(name) && !slices.Contains(every, name) {
				t.Errorf("%s names %s, which is no test", d.path, name)
			}
			folders, patterns := testCommand(span)
			for _, pattern := range patterns {
				commands++
				re, err := regexp.Compile(pattern)
				if err != nil {
					t.Errorf("%s: %s: %v", d.path, span, err)
					continue
				}
				names := every
				if len(folders) > 0 {
					names = inFolders(byFolder, folders)
				}
				if !slices.ContainsFunc(names, re.MatchString) {
					t.Errorf("%s: nothing in %v is named %s, which this is to run:\n%s", d.path, folders, pattern, span)
				}
			}
		}
	}
	if commands < 60 {
		t.Errorf("%d patterns of commands were looked for", commands)
	}
}

// testCommand is which packages a command names, and the patterns of its tests, each
// alternative by itself.
func testCommand(span string) (folders, patterns []string) {
	words := regexp.MustCompile(`'[^']*'|\S+`).FindAllString(span, -1)
	for i, word := range words {
		switch {
		case ownFolder.MatchString(word) && slices.Contains(words, "test"):
			folders = append(folders, word)
		case i > 0 && slices.Contains([]string{"-run", "-bench", "-fuzz"}, words[i-1]):
			pattern, _, _ := strings.Cut(strings.Trim(word, "'"), "/")
			if pattern != "^$" && pattern != "." {
				patterns = append(patterns, strings.Split(pattern, "|")...)
			}
		}
	}
	return folders, patterns
}

// testFunctions are the names of tests, benchmarks and fuzz targets, by folder and all.
func testFunctions(t *testing.T) (byFolder map[string][]string, every []string) {
	t.Helper()
	byFolder = make(map[string][]string)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			folder := filepath.ToSlash(filepath.Dir(path))
			byFolder[folder] = append(byFolder[folder], string(m[1]))
			every = append(every, string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return byFolder, every
}

// inFolders are the tests of packages as a command names them.
func inFolders(byFolder map[string][]string, folders []string) (names []string) {
	for folder, tests := range byFolder {
		if slices.ContainsFunc(folders, func(f string) bool {
			f = strings.TrimPrefix(f, "./")
			below, all := strings.CutSuffix(f, "/...")
			return folder == f || all && within(folder, below)
		}) {
			names = append(names, tests...)
		}
	}
	return names
}

// TestMeasurementsNameTheProcessor looks for it on each page of the design that has the
// command of a benchmark: a time says nothing without.
func TestMeasurementsNameTheProcessor(t *testing.T) {
	processor := regexp.MustCompile(`\b(?:EPYC|Xeon|Ryzen|Core i\d|Apple M\d)\b`)
	measured := 0
	for _, d := range docs(t) {
		if !strings.HasPrefix(d.path, "docs/design/") || !strings.Contains(d.text, "-bench") {
			continue
		}
		measured++
		if !processor.MatchString(d.text) {
			t.Errorf("%s has measurements, and does not name their processor", d.path)
		}
	}
	if measured < 10 {
		t.Errorf("%d pages have measurements", measured)
	}
}
