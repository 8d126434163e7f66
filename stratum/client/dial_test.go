package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// answering listens and answers the first line with a word, over TLS if certificates are
// given.
func answering(t *testing.T, word string, secure *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := wire.NewReader(conn).Peek(); err == nil {
					_, _ = io.WriteString(conn, word)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestDialElsewhere dials what is no server: the error says what it is, and what to do.
func TestDialElsewhere(t *testing.T) {
	certificate, roots := newCertificate(t)
	quiet := slog.NewLogLogger(slog.DiscardHandler, 0)
	api := httptest.NewUnstartedServer(http.NotFoundHandler())
	api.Config.ErrorLog = quiet
	api.Start()
	defer api.Close()
	anything := &tls.Config{InsecureSkipVerify: true}
	secure := answering(t, loginReply(testJob("1", palindrome)), &tls.Config{Certificates: []tls.Certificate{certificate}})
	for _, test := range []struct {
		name, address string
		tls           *tls.Config
		wrong         bool // for good
		want          string
	}{
		{"a node's API", api.Listener.Addr().String(), nil, true, "--getwork"},
		{"a node's API over TLS", api.Listener.Addr().String(), anything, true, "stratum+tcp://"},
		{"an alert", answering(t, "\x15\x03\x01\x00\x02\x02\x46", nil), nil, true, "stratum+ssl://"},
		{"a TLS port that hangs up", secure, nil, true, "stratum+ssl://"},
		{"pages of nonsense", answering(t, strings.Repeat("SSH-2.0\n", junkMost), nil), nil, true, "does not speak Stratum"},
		{"a plain port that answers", answering(t, `{"id":null}`+"\n", nil), anything, true, "stratum+tcp://"},
		{"a plain port that hangs up", answering(t, "", nil), anything, false, "stratum+tcp://"},
		{"a certificate that nobody knows", secure, &tls.Config{}, false, "--tls-ca"},
		{"another name", secure, &tls.Config{RootCAs: roots, ServerName: "example.org"}, false, "--tls-ca"},
		{"who hangs up", answering(t, "", nil), nil, false, "EOF"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		c, err := Dial(ctx, Config{Address: test.address, TLS: test.tls})
		if cancel(); err == nil {
			_ = c.Close()
		}
		if err == nil || errors.Is(err, ErrNotStratum) != test.wrong || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, expected %q, for good: %v", test.name, err, test.want, test.wrong)
		}
	}
}

// TestClientTLS logs in over TLS, with and without a certificate that it can trust.
func TestClientTLS(t *testing.T) {
	certificate, roots := newCertificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := wire.NewReader(conn)
				if _, err := in.ReadLine(); err == nil {
					_, _ = io.WriteString(conn, loginReply(testJob("1", palindrome)))
				}
				_, _ = in.ReadLine()
			}()
		}
	}()
	for name, test := range map[string]struct {
		tls *tls.Config
		ok  bool
	}{
		"unknown authority": {&tls.Config{}, false},
		"known authority":   {&tls.Config{RootCAs: roots}, true},
		"anything":          {&tls.Config{InsecureSkipVerify: true}, true},
		"another name":      {&tls.Config{RootCAs: roots, ServerName: "example.org"}, false},
	} {
		c, err := Dial(t.Context(), Config{Address: l.Addr().String(), TLS: test.tls})
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			nextJob(t, c, "1")
			_ = c.Close()
		}
	}
	// Plain TCP to a TLS port, and TLS to one that speaks something else.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := Dial(ctx, Config{Address: l.Addr().String()}); err == nil {
		t.Error("plain TCP to TLS: no error")
	}
}

// newCertificate makes a certificate for localhost that signs itself.
func newCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, roots
}
