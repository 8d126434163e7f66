package rig

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom/bytom/protocol/bc/types"
)

// refusedRun runs a rig on an address until it is refused.
func refusedRun(t *testing.T, address string, templates bool) error {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	source, err := NewGetWork(address, log)
	if templates {
		source, err = NewTemplates(address, "", log)
	}
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Source: source, Devices: devicesOf(computetest.SHA3{})}).Run(t.Context())
}

const stockNotFound = `{"code":"BTM000","msg":"Bytom API Error","status":"fail","detail":"not Found","temporary":true}`

// TestRigEndsWhereItIsRefused has nodes that asking again would not move, and what is no
// node: the error says what to do.
func TestRigEndsWhereItIsRefused(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
		kinds        string // getwork, gbt or both
		want         string
	}{
		{"no token", "", 401, "getwork gbt", "http://NAME:SECRET@"},
		{"a wrong token", `{"code":"BTM012","detail":"no"}`, 403, "getwork gbt", "http://NAME:SECRET@"},
		{"a route that a stock node does not have", stockNotFound, 500, "getwork", "as in http://host:9888, and nothing after the port"},
		{"a stock node has no templates", stockNotFound, 500, "gbt", "takes a bytom-solo node"},
		{"a page that is not there", "no such route", 404, "getwork", "nothing after the port"},
		{"no templates", "no such route", 404, "gbt", "--getwork"},
		{"a page", "<html>", 200, "getwork gbt", "no Bytom node"},
		{"other JSON", `{"hello":`, 200, "getwork gbt", "no Bytom node"},
		{"a page that takes no POST", "<html>", 405, "getwork gbt", "no Bytom node"},
		{"a proxy that has moved to HTTPS", "<html>", 301, "getwork gbt", "the URL that it redirects to is the one to give"},
		{"an HTTPS port", "Client sent an HTTP request to an HTTPS server.\n", 400, "getwork gbt", "https:// is for"},
		{"another HTTPS port", "<center>The plain HTTP request was sent to HTTPS port</center>", 400, "getwork gbt", "https:// is for"},
		{"our Stratum port", "This port is for mining rigs that speak the Stratum dialect", 400, "getwork gbt", "is for -o"},
		{"a payee that is none", `{"status":"fail","error_detail":"field payee: bad"}`, 200, "gbt", "field payee"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.answer)
		}))
		for kind := range strings.FieldsSeq(test.kinds) {
			if err := refusedRun(t, s.URL, kind == "gbt"); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s, %s: %v, expected %q", test.name, kind, err, test.want)
			}
		}
		s.Close()
	}
}

// TestRigEndsAtAnotherPort has what speaks no HTTP, or not over what it was asked over.
func TestRigEndsAtAnotherPort(t *testing.T) {
	speaks := func(word string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = bufio.NewReader(c).Peek(1)
				_, _ = io.WriteString(c, word)
				_ = c.Close()
			}
		}()
		return l.Addr().String()
	}
	stratum := speaks(`{"id":null,"jsonrpc":"2.0","result":null,"error":{"code":27,"message":"Illegal params"}}` + "\n")
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secured := httptest.NewUnstartedServer(http.NotFoundHandler())
	secured.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	secured.StartTLS()
	defer secured.Close()
	for address, want := range map[string]string{
		"http://" + stratum:                                "is for -o",
		"https://" + stratum:                               "http:// is for",
		strings.Replace(plain.URL, "http:", "https:", 1):   "http:// is for",
		strings.Replace(secured.URL, "https:", "http:", 1): "https:// is for",
	} {
		if err := refusedRun(t, address, false); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected %q", address, err, want)
		}
	}
}

// TestRigAsksAgain has nodes that may have work later.
func TestRigAsksAgain(t *testing.T) {
	t.Parallel() // It mostly waits.
	for name, answer := range map[string]struct {
		status int
		text   string
	}{
		"a proxy whose node starts": {502, "<html>Bad Gateway"}, "in a while": {503, ""}, "too often": {429, "slow down"},
		"a stock node that starts": {200, `{"status":"fail","code":"BTM701","error_detail":"no account"}`},
		"one that is not synced":   {200, `{"status":"fail","error_detail":"x","data":{"reason":"not ready to mine"}}`},
	} {
		n := &fakeNode{}
		n.header.Version, n.header.Bits = 1, noneMeets
		asked := 0
		r, log := fakeRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked > 1 {
				n.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(answer.status)
			fmt.Fprint(w, answer.text)
		}), false, computetest.SHA3{})
		during(t, r, func() error { return log.says("the node gives no work, will ask again", "the node gives work") })
		if asked < 2 {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
}

// TestOutcomesOfANode reads a node's reasons.
func TestOutcomesOfANode(t *testing.T) {
	for reason, want := range map[string]Outcome{
		string(mining.ErrStaleWork): Stale, string(mining.ErrBadParent): Stale, "duplicate": Duplicate, string(mining.ErrHighHash): Low,
		string(mining.ErrTimeTooOld): Rejected, "": Rejected,
	} {
		n := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"status":"fail","error_detail":"x","data":{"reason":%q}}`, reason)
		})
		r, _ := fakeRig(t, n, false, computetest.SHA3{})
		got, err := r.cfg.Source.submit(context.Background(), solution{work: newWork(types.BlockHeader{Version: 1}, [32]byte{}, newNonces(allNonces, 0))})
		if got != want || err == nil {
			t.Errorf("%q: %v, %v, expected %v", reason, got, err, want)
		}
	}
}
