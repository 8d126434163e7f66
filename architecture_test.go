// Package architecture holds the project to its import rules.
package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/bytom-solo/bytom-solo"
	bytom  = "github.com/bytom/bytom"
)

type goPackage struct {
	ImportPath string
	Imports    []string // direct
	Deps       []string // all, the direct ones among them
}

// name is the package's folder; "." is the root.
func (p goPackage) name() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// ours makes a path of this module.
func ours(folder string) string { return module + "/" + folder }

// mustNotReach is what a folder, with all below it, must not depend on, directly or by
// way of others. docs/design/rooms.md has it as a table (TestRoomsPageHasTheRules).
var mustNotReach = map[string][]string{
	"shaders":        {bytom, module},
	"web":            {bytom, module},
	"pin":            {bytom, module},
	"logqueue":       {bytom, module},
	"redact":         {bytom, module},
	"boltcheck":      {bytom, module},
	"history":        {bytom, ours("compute"), ours("mining"), ours("gbt"), ours("ledger"), ours("stratum"), ours("rig"), ours("node"), ours("testnet"), "net/http"},
	"ledger":         {bytom, ours("compute"), ours("mining"), ours("gbt"), ours("stratum"), ours("rig"), ours("node"), ours("testnet"), "net/http"},
	"payout":         {ours("compute"), ours("mining"), ours("gbt"), ours("stratum"), ours("rig"), ours("node"), ours("testnet"), "net/http"},
	"payout/scheme":  {bytom, module},
	"fleet":          {ours("compute/cpu"), ours("compute/vulkan"), ours("gbt"), ours("stratum"), ours("rig"), ours("node"), ours("testnet")},
	"compute":        {bytom, ours("mining"), ours("gbt"), ours("stratum"), ours("node"), ours("testnet"), "net", "net/http"},
	"mining":         {"net/http", ours("gbt"), ours("stratum"), ours("node"), ours("compute/cpu"), ours("compute/vulkan"), ours("testnet")},
	"gbt":            {ours("stratum"), ours("node"), ours("compute/cpu"), ours("compute/vulkan"), ours("testnet")},
	"stratum":        {ours("gbt"), ours("node"), ours("compute/cpu"), ours("compute/vulkan"), ours("testnet")},
	"stratum/client": {ours("ledger"), "net/http"},
	"stratum/wire":   {ours("stratum"), ours("ledger"), "net/http"},
	"rig":            {ours("node"), ours("compute/cpu"), ours("compute/vulkan"), ours("testnet")},
	"watch":          {ours("compute/cpu"), ours("compute/vulkan"), ours("ledger"), ours("rig"), ours("node"), ours("testnet")},
	"node":           {ours("testnet"), ours("rig")},
	"node/chain":     {ours("gbt"), ours("stratum"), ours("ledger")},
	"node/selection": {ours("gbt"), ours("stratum"), ours("ledger"), ours("node/chain"), ours("compute/cpu"), ours("compute/vulkan")},
	"testnet":        {ours("node")},

	"payout/transaction": {ours("payout"), ours("ledger"), ours("boltcheck")},
}

// importedOnlyBy is who may import a package itself: folders, with all below them.
// The page has it too.
var importedOnlyBy = map[string][]string{
	ours("node"):                   {"cmd", "test"},
	ours("node/chain"):             {"node"},
	ours("fleet"):                  {"cmd", "fleet", "node", "test", "testnet"},
	ours("node/selection"):         {"node"},
	ours("web"):                    {"node", "test"},
	ours("testnet"):                {"cmd", "test"},
	ours("testnet/fakerig"):        {"cmd", "test", "testnet"},
	ours("test/harness"):           {"test"},
	ours("watch"):                  {"node"},
	ours("cmd/bytom-solo/console"): {"cmd", "test"},
	ours("cmd/bytom-solo/table"):   {"cmd", "test"},
	ours("gbt"):                    {"node"}, // its clients have no use for the handlers
	ours("stratum"):                {"node"}, // its client has no use for the server
	"github.com/vulkan-go/vulkan":  {"compute/vulkan"},
}

// stateless is what folders below node may import of Bytom themselves: formats and
// constants. All else of Bytom is for node alone.
var stateless = []string{bytom + "/protocol/bc", bytom + "/protocol/bc/types", bytom + "/consensus"}

func TestImportRules(t *testing.T) {
	for _, p := range packages(t) {
		for folder, forbidden := range mustNotReach {
			if !within(p.name(), folder) {
				continue
			}
			for _, dep := range p.Deps {
				if !within(dep, ours(folder)) && slices.ContainsFunc(forbidden, func(f string) bool { return within(dep, f) }) {
					t.Errorf("%s reaches %s", p.name(), dep)
				}
			}
		}
		for _, dep := range p.Imports {
			if within(dep, bytom) && !within(p.name(), "node") && !slices.Contains(stateless, dep) {
				t.Errorf("%s imports %s: only node knows the stateful parts of Bytom", p.name(), dep)
			}
			allowed, limited := importedOnlyBy[dep]
			if limited && !slices.ContainsFunc(allowed, func(folder string) bool { return within(p.name(), folder) }) {
				t.Errorf("%s imports %s: only %s does", p.name(), dep, strings.Join(allowed, ", "))
			}
		}
	}
}

// TestHarnessReachesTheProgram has the end-to-end tests depend on each package of the
// program that they start: else `go test` would show an earlier run's result after a change.
func TestHarnessReachesTheProgram(t *testing.T) {
	deps := make(map[string][]string)
	for _, p := range packages(t) {
		deps[p.name()] = p.Deps
	}
	program := deps["cmd/bytom-solo"]
	if len(program) == 0 || len(deps["test/harness"]) == 0 {
		t.Fatal("the program or test/harness was not seen")
	}
	for _, dep := range program {
		if within(dep, module) && !slices.Contains(deps["test/harness"], dep) {
			t.Errorf("the program has %s, which test/harness does not reach", dep)
		}
	}
}

// TestImportRulesSeeThePackages guards the test above against looking at nothing.
func TestImportRulesSeeThePackages(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range packages(t) {
		seen[p.name()] = true
		if p.name() == "node" && !slices.Contains(p.Imports, bytom+"/protocol") {
			t.Error("node's imports do not list Bytom's protocol")
		}
	}
	for _, want := range []string{"compute", "compute/cpu", "compute/vulkan", "shaders", "mining", "gbt", "stratum", "stratum/wire", "stratum/client", "ledger", "boltcheck", "history", "payout", "payout/scheme", "payout/transaction", "rig", "node", "node/chain", "node/selection", "watch", "cmd/bytom-solo", "testnet"} {
		if !seen[want] {
			t.Errorf("package %s was not seen", want)
		}
	}
}
