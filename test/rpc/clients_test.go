package rpc_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// Clients that were not written for this node, as they are: each is a program of
// testdata/clients with what it needs pinned beside it, and is skipped, with the reason,
// where that is not available.

// project is a copy of a folder of testdata/clients, to install and make things in.
func project(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it installs packages, which -short leaves out")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "clients", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// npmProject is a project with its packages. Their scripts are not run.
func npmProject(t *testing.T, name string) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not there", tool)
		}
	}
	dir := project(t, name)
	prepare(t, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	return dir
}

// goProject is a project with its modules.
func goProject(t *testing.T, name string) string {
	t.Helper()
	dir := project(t, name)
	prepare(t, dir, "go", "mod", "download")
	return dir
}

// prepare runs what needs the network, and skips the test where it fails.
func prepare(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	if out, err := clientCommand(t, dir, name, args...).CombinedOutput(); err != nil {
		t.Skipf("%s %s: %v: %.500s", name, strings.Join(args, " "), err, out)
	}
}

func clientCommand(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	// With the rest's settings: with others the standard library is compiled once more.
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	return cmd
}

// says holds what a client writes to what it should.
func says(t *testing.T, want, dir, name string, args ...string) {
	t.Helper()
	out, err := clientCommand(t, dir, name, args...).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != want {
		t.Errorf("%s %s: %v:\n%.2000s\nexpected:\n%s", name, strings.Join(args, " "), err, got, want)
	}
}

// TestBitcoinsClients has clients of Bitcoin's call the node.
func TestBitcoinsClients(t *testing.T) {
	t.Parallel() // It waits for compilers and packages.
	n := testnet.Start(t, testnet.NodeOptions{})
	address := harness.MakeAccount(t, n)
	at, err := url.Parse(n.URL)
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(at.Host)
	if err != nil {
		t.Fatal(err)
	}
	genesis := "ce4fe9431cd0225b3a811f8f8ec922f2b07a921bb12a8dddae9a85540072c770"
	t.Run("btcd", func(t *testing.T) {
		says(t, "true true true true 64 true true true", goProject(t, "btcd"), "go", "run", ".", at.Host)
	})
	t.Run("npm", func(t *testing.T) {
		says(t, "bcrpc number true -1\nrpc-bitcoin true number -22 true\nfoundation true true true true 64",
			npmProject(t, "npm"), "node", "main.js", host, port, address, genesis)
	})
	t.Run("python3-bitcoinlib", func(t *testing.T) {
		python := "/usr/bin/python3" // Debian's packages are for Debian's.
		if err := exec.CommandContext(t.Context(), python, "-c", "import bitcoin.rpc").Run(); err != nil {
			t.Skipf("%s has no python3-bitcoinlib: %v", python, err)
		}
		says(t, "True -1", "", python, "-c", `import bitcoin.rpc, sys
p = bitcoin.rpc.RawProxy(service_url=sys.argv[1])
try:
    p.submitblock()
except bitcoin.rpc.JSONRPCError as e:
    print(p.getblockhash(0) == sys.argv[2], e.error["code"])`, "http://u:p@"+at.Host, genesis)
	})
	t.Run("bitcoin-cli", func(t *testing.T) {
		cli, err := exec.LookPath("bitcoin-cli")
		if err != nil {
			t.Skip("bitcoin-cli is not there")
		}
		call := []string{"-datadir=" + t.TempDir(), "-rpcconnect=" + host, "-rpcport=" + port, "-rpcuser=u", "-rpcpassword=p"}
		says(t, genesis, "", cli, append(call, "-named", "getblockhash", "height=0")...)
		says(t, genesis, "", cli, append(call, "-rpcwallet=main", "getblockhash", "0")...)
		says(t, "0", "", cli, append(call, "-named", "getnetworkhashps", "nblocks=5", "height=0")...)
		for _, page := range []string{"-getinfo", "-netinfo"} {
			if out, err := clientCommand(t, "", cli, append(call, page)...).CombinedOutput(); err != nil {
				t.Errorf("bitcoin-cli %s: %v: %s", page, err, out)
			}
		}
	})
}

// TestGeneratedClients has clients that are generated from the description solve a
// template.
func TestGeneratedClients(t *testing.T) {
	t.Parallel() // As above.
	n := testnet.Start(t, testnet.NodeOptions{})
	harness.MakeAccount(t, n)
	describe := func(t *testing.T, dir string) {
		resp, err := http.Get(n.URL + node.OpenAPIRoute)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "openapi.json"), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("Go", func(t *testing.T) {
		dir := goProject(t, "openapi-go")
		describe(t, dir)
		says(t, "", dir, "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "main", "-o", "client.gen.go", "openapi.json")
		says(t, "accepted", dir, "go", "run", ".", n.URL)
	})
	t.Run("TypeScript", func(t *testing.T) {
		dir := npmProject(t, "openapi-ts")
		describe(t, dir)
		if out, err := clientCommand(t, dir, "npx", "--offline", "openapi-typescript", "openapi.json", "-o", "api.d.ts").CombinedOutput(); err != nil {
			t.Fatalf("openapi-typescript: %v: %s", err, out)
		}
		says(t, "", dir, "npx", "--offline", "tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--lib", "es2022,dom", "main.ts")
		says(t, "accepted", dir, "node", "main.js", n.URL)
	})
}
