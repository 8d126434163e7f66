package architecture

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryPlatformTypeChecks reads all packages as a build without cgo would for
// each platform that `make cross` builds, and checks their types: in a tenth of the
// build's time, as what is imported is read without its function bodies. What it
// can't see is what only the linker does.
func TestEveryPlatformTypeChecks(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(makefile), "\nSTATIC   := ")
	if !ok {
		t.Fatal("the Makefile has no list STATIC of platforms")
	}
	list, _, _ := strings.Cut(rest, "\n")
	for _, platform := range strings.Fields(list) {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			goos, goarch, _ := strings.Cut(platform, "/")
			p := newProgram(t, goos, goarch)
			checked := 0
			for path, listed := range p.listed {
				if !within(path, module) {
					continue
				}
				checked++
				if _, err := p.check(listed); err != nil {
					t.Error(err)
				}
			}
			if checked < 10 {
				t.Errorf("%d packages of ours were listed", checked)
			}
		})
	}
}

// listedPackage is what `go list` tells of a package on some platform.
type listedPackage struct {
	ImportPath, Dir string
	GoFiles         []string
	ImportMap       map[string]string // for what the standard library vendors
	Error           *struct{ Err string }
}

// program type-checks packages from their sources, each once.
type program struct {
	files   *token.FileSet
	sizes   types.Sizes
	listed  map[string]listedPackage
	checked map[string]*types.Package
}

func newProgram(t *testing.T, goos, goarch string) *program {
	t.Helper()
	list := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,Error", "./...")
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	p := &program{
		token.NewFileSet(), types.SizesFor("gc", goarch),
		map[string]listedPackage{}, map[string]*types.Package{"unsafe": types.Unsafe},
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listedPackage
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return p
		} else if err != nil {
			t.Fatal(err)
		}
		if l.Error != nil {
			t.Errorf("%s: %s", l.ImportPath, l.Error.Err)
		}
		p.listed[l.ImportPath] = l
	}
}

// check reads a package and what it imports. The error is the first of the package.
func (p *program) check(l listedPackage) (*types.Package, error) {
	if done := p.checked[l.ImportPath]; done != nil {
		return done, nil
	}
	var sources []*ast.File
	for _, name := range l.GoFiles {
		f, err := parser.ParseFile(p.files, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		sources = append(sources, f)
	}
	config := types.Config{
		Importer: importer(func(path string) (*types.Package, error) {
			path = cmp.Or(l.ImportMap[path], path)
			if imported, ok := p.listed[path]; ok || path == "unsafe" {
				imported.ImportPath = path
				return p.check(imported)
			}
			return nil, fmt.Errorf("%s was not listed", path)
		}),
		Sizes:            p.sizes,
		IgnoreFuncBodies: !within(l.ImportPath, module),
	}
	checked, err := config.Check(l.ImportPath, p.files, sources, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.ImportPath, err)
	}
	p.checked[l.ImportPath] = checked
	return checked, nil
}

type importer func(path string) (*types.Package, error)

func (i importer) Import(path string) (*types.Package, error) { return i(path) }
