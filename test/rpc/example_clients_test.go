package rpc_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestExamples has the clients under examples mine through a node as they are meant to
// be run. (node's test of that name has transactions for them.)
func TestExamples(t *testing.T) {
	n := testnet.Start(t, testnet.NodeOptions{})
	address := harness.MakeAccount(t, n)
	height := uint64(0)
	mine := func(t *testing.T, program string, args ...string) {
		t.Helper()
		front := httptest.NewServer(newTardy(t, n.URL))
		defer front.Close()
		for _, submit := range []string{"solution", "block"} {
			out, err := harness.Execute(t, program, append(args, "--node", front.URL, "--payee", address, "--submit", submit)...)
			if height++; err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			if !strings.Contains(out, "once more") {
				t.Errorf("submitting a %s too late, the client said %s", submit, out)
			}
			if id, err := n.BlockHash(height); err != nil || !strings.Contains(out, id) {
				t.Errorf("block %d is %s (%v), the client said %s", height, id, err, out)
			}
		}
	}
	t.Run("Go", func(t *testing.T) {
		client := filepath.Join(t.TempDir(), "gbt-client")
		if out, err := harness.Execute(t, "go", "build", "-o", client, "../../examples/gbt-client"); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		mine(t, client)
	})
	t.Run("Python", func(t *testing.T) {
		python, err := exec.LookPath("python3")
		if err != nil {
			t.Skip("python3 is not installed")
		}
		t.Setenv("PATH", filepath.Dir(testnet.Solo(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
		mine(t, python, "../../examples/gbt_client.py")
	})
}

// newTardy is a front of a node that answers each client's first block, by either route, that
// another came first.
func newTardy(t *testing.T, node string) http.Handler {
	target, err := url.Parse(node)
	if err != nil {
		t.Fatal(err)
	}
	front := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	var told sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, again := told.LoadOrStore(r.URL.Path, true); !again && strings.HasPrefix(r.URL.Path, "/submit-") {
			fmt.Fprint(w, `{"status":"fail","error_detail":"another came first","data":{"reason":"inconclusive","debug":""}}`)
			return
		}
		front.ServeHTTP(w, r)
	})
}
