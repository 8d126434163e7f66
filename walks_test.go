package architecture

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const walksPage = "docs/design/walks.md"

// hopLine is a line of the page: where it stands, from which hop, how, and to what.
var hopLine = regexp.MustCompile("^( *)- (?:from `([\\w.]+)`:? ?)?(?:by way of `(\\w+)`(?:, set in `([\\w/.]+)` `([\\w.]+)`)?: )?" +
	"(back in )?(Bytom's )?`([\\w/.]+\\.go)` `([\\w.]+)`: .+$")

// hop is one line of a walk.
type hop struct {
	line     int
	depth    int
	from, by string
	setter   place
	back     bool
	to       place
	theirs   bool // of Bytom's source
	parent   *hop
}

// place is a function in a file.
type place struct{ file, function string }

func (p place) String() string { return "`" + p.file + "` `" + p.function + "`" }

// TestWalksAreInTheSource holds docs/design/walks.md to the source: each function is in
// its file, and each hop is seen in the functions' bodies.
func TestWalksAreInTheSource(t *testing.T) {
	page, err := os.ReadFile(walksPage)
	if err != nil {
		t.Fatal(err)
	}
	hops, err := checkWalks(string(page), newSource(t))
	if err != nil {
		t.Errorf("%s:\n%v", walksPage, err)
	}
	if hops < 50 {
		t.Errorf("%s has %d hops", walksPage, hops)
	}
}

// TestWalksThatAreWrong spoils one line of the page at a time.
func TestWalksThatAreWrong(t *testing.T) {
	page, err := os.ReadFile(walksPage)
	if err != nil {
		t.Fatal(err)
	}
	source := newSource(t)
	for name, c := range map[string]struct{ old, new, want string }{
		"no such file":         {"`mining/rules.go` `CheckProof`", "`mining/nowhere.go` `CheckProof`", "nowhere.go"},
		"no such function":     {"`mining/rules.go` `CheckProof`", "`mining/submitter.go` `CheckLuck`", "has no function CheckLuck"},
		"of another type":      {"`Submitter.prove`", "`Generator.prove`", "has no function Generator.prove"},
		"no call":              {"`mining/rules.go` `CheckProof`", "`mining/submitter.go` `NewSubmitter`", "does not mention NewSubmitter"},
		"nothing between them": {"by way of `txs`", "by way of `subs`", "mention subs"},
		"from nowhere":         {"from `Server.submit`", "from `Server.dream`", "no hop above is Server.dream"},
		"not set there":        {"set in `node/assembly.go` `Node.assembleMining`", "set in `node/node.go` `Node.Run`", "does not mention"},
		"not back in it":       {"back in `mining/generator.go` `Generator.Run`", "back in `mining/generator.go` `Generator.Now`", "does not mention"},
		"no hop at all":        {"  - back in `mining/worker.go` `worker.run`:", "  - in `worker.run`:", "is no hop"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(string(page), c.old) {
				t.Fatalf("%s has no %s", walksPage, c.old)
			}
			_, err := checkWalks(strings.Replace(string(page), c.old, c.new, 1), source)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, expected one with %q", err, c.want)
			}
		})
	}
}

// checkWalks returns how many hops a page has, and what is wrong with them.
func checkWalks(page string, s *source) (int, error) {
	hops, err := parseWalks(page)
	faults := []error{err}
	for _, h := range hops {
		if err := h.check(s); err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", h.line, err))
		}
	}
	return len(hops), errors.Join(faults...)
}

// parseWalks reads the lists below the page's first walk.
func parseWalks(page string) (hops []*hop, err error) {
	var faults []error
	byName := make(map[string]*hop)
	walks := false
	for i, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "## ") {
			walks = true
		}
		if !walks || !strings.HasPrefix(strings.TrimSpace(line), "- ") {
			continue
		}
		m := hopLine.FindStringSubmatch(line)
		if m == nil {
			faults = append(faults, fmt.Errorf("line %d is no hop: %s", i+1, line))
			continue
		}
		h := &hop{
			line: i + 1, depth: len(m[1]), from: m[2], by: m[3], setter: place{m[4], m[5]},
			back: m[6] != "", theirs: m[7] != "", to: place{m[8], m[9]},
		}
		for j := len(hops) - 1; j >= 0 && h.from == "" && h.depth > 0; j-- {
			if hops[j].depth < h.depth {
				h.parent = hops[j]
				break
			}
		}
		if h.from != "" {
			if h.parent = byName[h.from]; h.parent == nil {
				faults = append(faults, fmt.Errorf("line %d: no hop above is %s", h.line, h.from))
			}
		}
		hops, byName[h.to.function] = append(hops, h), h
	}
	return hops, errors.Join(faults...)
}

// check is nil if the source has the hop.
func (h *hop) check(s *source) error {
	to, err := s.function(h.to, h.theirs)
	if err != nil || h.parent == nil {
		return err
	}
	from, err := s.function(h.parent.to, h.parent.theirs)
	if err != nil {
		return nil // It was said at the parent's own line.
	}
	_, callee := cutLast(h.to.function)
	_, caller := cutLast(h.parent.to.function)
	switch {
	case h.setter.file != "":
		setter, err := s.function(h.setter, false)
		if err != nil {
			return err
		}
		return errors.Join(mention(from, h.parent.to, h.by), mention(setter, h.setter, h.by), mention(setter, h.setter, callee))
	case h.by != "":
		return errors.Join(mention(from, h.parent.to, h.by), mention(to, h.to, h.by))
	case h.back:
		return mention(to, h.to, caller)
	}
	return mention(from, h.parent.to, callee)
}

// mention is nil if a function's body has a name in it.
func mention(f *ast.FuncDecl, where place, name string) error {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	if !found {
		return fmt.Errorf("%v does not mention %s", where, name)
	}
	return nil
}

// cutLast parts a function's name from its receiver's.
func cutLast(name string) (receiver, function string) {
	if i := strings.LastIndex(name, "."); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

// source finds functions in this project's files and in Bytom's.
type source struct {
	bytom string
	files map[string]*ast.File
}

func newSource(t *testing.T) *source {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", bytom).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return &source{bytom: strings.TrimSpace(string(out)), files: make(map[string]*ast.File)}
}

// function is a function that has a body.
func (s *source) function(p place, theirs bool) (*ast.FuncDecl, error) {
	path := filepath.FromSlash(p.file)
	if theirs {
		path = filepath.Join(s.bytom, path)
	}
	file := s.files[path]
	if file == nil {
		var err error
		if file, err = parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		s.files[path] = file
	}
	receiver, name := cutLast(p.function)
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil && f.Name.Name == name && receiverOf(f) == receiver {
			return f, nil
		}
	}
	return nil, fmt.Errorf("`%s` has no function %s", p.file, p.function)
}

// receiverOf is the name of a method's type, without pointers and type parameters.
func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	expr := f.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

// bytomFunction is a function of Bytom's as docs/mining-ways.md names it.
var bytomFunction = regexp.MustCompile("`([\\w/]+\\.go)` `(\\w+)`")

// TestMiningWaysNamesBytomsFunctions finds each in Bytom's source.
func TestMiningWaysNamesBytomsFunctions(t *testing.T) {
	page, err := os.ReadFile("docs/mining-ways.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newSource(t)
	named := bytomFunction.FindAllStringSubmatch(string(page), -1)
	if len(named) < 10 {
		t.Errorf("the page names %d functions", len(named))
	}
	for _, m := range named {
		found := false
		_, _ = s.function(place{m[1], ""}, true)
		if file := s.files[filepath.Join(s.bytom, filepath.FromSlash(m[1]))]; file != nil {
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				found = found || ok && f.Name.Name == m[2]
			}
		}
		if !found {
			t.Errorf("Bytom's %s has no function %s", m[1], m[2])
		}
	}
}
