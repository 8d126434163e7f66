package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes files, and gives a package for each folder that is named, as `go list -json` does.
func tree(t *testing.T, files map[string]string, packages map[string]string) (root string, list []byte) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for dir, module := range packages {
		p := goPackage{Dir: filepath.Join(root, dir), Module: &goModule{Path: module, Version: "v1", Dir: filepath.Join(root, module)}}
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, raw...)
	}
	return root, list
}

// TestLicencesAreOfWhatIsLinked: those of a module's root and of folders above its linked
// packages are there, once each, and nobody else's.
func TestLicencesAreOfWhatIsLinked(t *testing.T) {
	_, list := tree(t, map[string]string{
		"a/LICENSE":            "free\r\n",
		"a/NOTICE":             "by a\n",
		"a/license_test.go":    "code\n",
		"a/one/COPYING.txt":    "by one\n",
		"a/one/deep/code.go":   "code\n",
		"a/two/LICENSE":        "not linked\n",
		"b/Licence.md":         "free\n",
		"b/licences/MIT.txt":   "not read\n",
		"unlinked/LICENSE":     "not linked\n",
		"unlinked/UNLICENSE":   "not linked\n",
		"b/internal/UNLICENSE": "public\n",
	}, map[string]string{"a/one/deep": "a", "a/one": "a", "b/internal": "b"})
	all, err := licencesOf(list)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	write(&out, all)
	_, got, _ := strings.Cut(out.String(), "\n\n")
	line := strings.Repeat("=", 80) + "\n"
	want := line + "a v1\nb v1\n\nfree\n\n" + line + "a v1\n\nby a\n\n" + line + "a v1, one\n\nby one\n\n" + line + "b v1, internal\n\npublic\n"
	if got != want {
		t.Errorf("%s\nexpected:\n%s", got, want)
	}
}

func TestModulesWithoutLicence(t *testing.T) {
	_, list := tree(t, map[string]string{"a/code.go": ""}, map[string]string{"a": "a"})
	if _, err := licencesOf(list); err == nil || !strings.Contains(err.Error(), "a v1 has no licence") {
		t.Errorf("%v", err)
	}
}

// TestLicencesOfTheProgram reads those of what the program of this platform is linked with.
func TestLicencesOfTheProgram(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	var out strings.Builder
	if err := run([]string{"the page's libraries=web/bundle/licences.txt"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Go's library go1.", "\ngithub.com/bytom/bytom v1.1.1\n", "\ngithub.com/tendermint/tmlibs v0.3.2, common\n",
		"\ngithub.com/tendermint/go-amino v0.6.2\n", "GNU AFFERO GENERAL PUBLIC LICENSE", "Jason Miller", "Leon Sorokin"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the licences lack %q", want)
		}
	}
	for _, other := range []string{"github.com/bytom-solo/bytom-solo", "github.com/evanw/esbuild", "honnef.co"} {
		if strings.Contains(out.String(), "\n"+other) {
			t.Errorf("%s is not linked", other)
		}
	}
}
