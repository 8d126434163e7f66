package stratum

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

func TestTLSOnTheSamePort(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure := httptest.NewTLSServer(nil) // It has a certificate for example.com.
	defer secure.Close()
	pool := x509.NewCertPool()
	pool.AddCert(secure.Certificate())
	f := start(t, hardBits, func(_ *front, cfg *Config) {
		cfg.Listener, cfg.TLS = listener, &tls.Config{Certificates: secure.TLS.Certificates}
	})
	defer f.close()
	f.dial().login("plain.1").close()
	conn, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	r := f.rigOn(conn).login("secret.1")
	if err := r.submit(r.job.ID, wire.FormatNonce(find(&r.job, 0, r.job.Target.Met))); err != nil {
		t.Error(err)
	}
	r.close()
}

// TestDialWithTLSOnAPlainPort: the client's error names the scheme of a port without TLS.
func TestDialWithTLSOnAPlainPort(t *testing.T) {
	f := tcpFront(t, nil)
	defer f.close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := client.Dial(ctx, client.Config{Address: f.listener.Addr().String(), TLS: &tls.Config{InsecureSkipVerify: true}})
	if err == nil {
		_ = c.Close()
	}
	if !errors.Is(err, client.ErrNotStratum) || !strings.Contains(err.Error(), "stratum+tcp://") {
		t.Errorf("%v, expected stratum+tcp://", err)
	}
}

func TestTLSThatIsNotSetUp(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		conn := f.connection("10.0.0.1:1")
		if err := tls.Client(conn, &tls.Config{ServerName: "x"}).HandshakeContext(t.Context()); err == nil {
			t.Error("a handshake")
		}
		_ = conn.Close()
	})
}
