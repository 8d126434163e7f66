package rigs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestWhoMayMine has a node as a process let rigs in by a password and by their networks,
// plain and by TLS on one port.
func TestWhoMayMine(t *testing.T) {
	front := harness.RigAddress(t)
	host, _, err := net.SplitHostPort(front)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, trust := harness.Certify(t, host)
	n := testnet.Start(t, testnet.NodeOptions{Args: []string{
		"--stratum.listen", front, "--stratum.password", "open sesame", "--stratum.allow", "10.9.0.0/16, 127.0.0.2,127.0.0.64/30",
		"--stratum.tls-cert", cert, "--stratum.tls-key", key,
	}})
	harness.MakeAccount(t, n)
	dial := func(from, password string, secure *tls.Config) error {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := client.Dial(ctx, client.Config{Address: front, TLS: secure, Login: "shed.1", Password: password, DialContext: d.DialContext})
		if err != nil {
			return err
		}
		defer c.Close()
		select {
		case job := <-c.Jobs():
			if job.Height != 1 {
				t.Errorf("from %s: a job of height %d", from, job.Height)
			}
		case <-ctx.Done():
			t.Errorf("from %s: no job", from)
		}
		return nil
	}
	const hungUp = "a connection that is closed without a word"
	secure := &tls.Config{RootCAs: trust}
	var dials sync.WaitGroup
	for _, each := range []struct {
		from, password string
		secure         *tls.Config
		refused        string // a part of the reason; empty is let in
	}{
		{"127.0.0.2", "open sesame", nil, ""},
		{"127.0.0.2", "open sesame", secure, ""},
		{"127.0.0.65", "d=5,open sesame", secure, ""},
		{"127.0.0.65", "x", nil, "Unauthorized worker"},
		{"127.0.0.2", "", secure, "Unauthorized worker"},
		{"127.0.0.2", "open sesame", &tls.Config{RootCAs: x509.NewCertPool()}, "certificate"},
		{"127.0.0.3", "open sesame", nil, hungUp},
		{"127.0.0.68", "open sesame", secure, hungUp},
	} {
		dials.Go(func() {
			err := dial(each.from, each.password, each.secure)
			var why *wire.Error
			switch {
			case each.refused == hungUp && err != nil && !errors.As(err, &why):
			case each.refused != "" && err != nil && strings.Contains(err.Error(), each.refused):
			case each.refused != "" || err != nil:
				t.Errorf("from %s by %q, TLS %v: %v, expected %q", each.from, each.password, each.secure != nil, err, each.refused)
			}
		})
	}
	dials.Wait()
}

// TestBadTLSFiles starts nodes with files that are not there or not what they should be. Each
// says which, and what was expected.
func TestBadTLSFiles(t *testing.T) {
	cert, key, _ := harness.Certify(t, "127.0.0.1")
	_, other, _ := harness.Certify(t, "127.0.0.1")
	text := filepath.Join(t.TempDir(), "text.pem")
	if err := os.WriteFile(text, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		cert, key string
		want      []string
	}{
		{"/nowhere.pem", key, []string{"stratum.tls-cert", `"/nowhere.pem"`, "a PEM file with the certificate", "no such file"}},
		{cert, "/nowhere.pem", []string{"stratum.tls-key", `"/nowhere.pem"`, "a PEM file with the certificate's key", "no such file"}},
		{text, key, []string{"stratum.tls-cert", text, "no CERTIFICATE in it"}},
		{key, cert, []string{"stratum.tls-cert", key, "no CERTIFICATE in it"}},
		{cert, text, []string{"stratum.tls-key", text, "the key of the certificate in " + cert}},
		{cert, other, []string{"stratum.tls-key", other, "the key of the certificate in " + cert, "does not match"}},
		{cert, "", []string{"stratum.tls-key", `""`, "together with stratum.tls-cert"}},
	} {
		out, err := harness.Execute(t, testnet.Solo(t), "node", "--home", t.TempDir(), "--chain_id", "solonet", "--stratum.listen", "127.0.0.1:0", "--stratum.tls-cert", each.cert, "--stratum.tls-key", each.key)
		if err == nil {
			t.Fatalf("%s and %s: the node ran", each.cert, each.key)
		}
		_, said, _ := strings.Cut("\n"+out, "\nerror: ")
		for _, part := range each.want {
			if !strings.Contains(said, part) {
				t.Errorf("%s and %s: %v: %s, expected %q in it", each.cert, each.key, err, out, part)
			}
		}
	}
}
